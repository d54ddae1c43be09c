"""``ecrtui local seed``: fill repositories with realistic images."""

from __future__ import annotations

import argparse
import time

from ecrtui.cli.argument_types import count
from ecrtui.cli.console import ProgressLine, count_progress, print_message
from ecrtui.cli.exit_codes import ExitCode
from ecrtui.cli.local.registry_options import (
    Subparsers,
    add_command,
    add_registry_options,
    open_registry_file,
    required_database,
    selected_registry,
)
from ecrtui.ecr.reference import parse_reference
from ecrtui.ecr.units import format_count
from ecrtui.errors import UsageError

_DESCRIPTION = """\
Fill repositories with realistic images in seconds: unique manifests with
correct digests, indexes with platforms and attestations, tags, dates, sizes and
findings. The layers have no content. The same --seed gives the same images.

  ecrtui local seed --repository team/app --images 100000 \\
      --db registry.sqlite
  ecrtui local seed --repositories 200 --images 50 --db registry.sqlite
  ecrtui local seed --repository untagged --images 100000 --untagged-only \\
      --db registry.sqlite
  ecrtui local seed --repository one --images 1 --tags-per-image 1000 \\
      --db registry.sqlite
"""


def add_parser(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(commands, "seed", "fill repositories with realistic images", _DESCRIPTION, _execute)
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--repository", metavar="NAME", help="fill this repository, which must have no images")
    target.add_argument("--repositories", type=count, metavar="N", help="create and fill N repositories")
    parser.add_argument(
        "--images", type=count, required=True, metavar="N", help="images per repository, platforms of indexes included"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="another number gives other images (default: 0)"
    )
    tags = parser.add_mutually_exclusive_group()
    tags.add_argument("--untagged-only", action="store_true", help="add no tags")
    tags.add_argument(
        "--tags-per-image", type=count, metavar="N", help="N tags on each image that is not a platform of an index"
    )
    parser.add_argument(
        "--configs", action="store_true", help="add readable configs and findings (slower, larger file)"
    )
    add_registry_options(parser)


def _execute(options: argparse.Namespace) -> int:
    from ecrtui.emulator.seed import repository_names, seed
    from ecrtui.emulator.seed_content import SeedStyle

    names = [_repository(options.repository)] if options.repository else repository_names(options.repositories)
    style = SeedStyle(options.images, options.untagged_only, options.tags_per_image, options.configs)
    started = time.perf_counter()
    with open_registry_file(required_database(options)) as database, ProgressLine() as line:
        seed(database, names, style, selected_registry(options), count_progress(line, "images"))
    seconds = time.perf_counter() - started
    target = names[0] if len(names) == 1 else f"{len(names):,} repositories"
    print_message(f"{format_count(options.images * len(names), 'image')} in {target}, in {seconds:.1f} s")
    return ExitCode.DONE


def _repository(text: str) -> str:
    reference = parse_reference(text)
    if str(reference) != reference.repository:
        raise UsageError(f"{text!r} is not the name of a repository", "", "Leave out host, tag and digest.")
    return reference.repository
