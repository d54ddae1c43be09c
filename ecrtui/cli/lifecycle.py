"""``ecrtui lifecycle``: say what a lifecycle policy would do. Nothing is changed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ecrtui.cli.aws_cli_output import FORMATS, write
from ecrtui.cli.aws_cli_output.terminal import on_terminal, terminal_width
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.console import ProgressLine, print_message
from ecrtui.cli.context import CommandContext, input_error, make_parser, parse_repository, run_command
from ecrtui.cli.exit_codes import READ_CODES, ExitCode
from ecrtui.cli.list_command import readable_rows
from ecrtui.cli.output_options import ROW_FORMATS, add_output_options, print_text
from ecrtui.cli.part_lookup import PartLookup
from ecrtui.cli.plain_table import plain_table
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.documents import Document
from ecrtui.ecr.lifecycle import LifecyclePreview
from ecrtui.ecr.lifecycle_document import parse_policy
from ecrtui.ecr.safe_text import visible
from ecrtui.ecr.units import format_count, format_size
from ecrtui.errors import UsageError
from ecrtui.inspect.lifecycle import DryRun, dry_run, referrer_doubt
from ecrtui.inspect.lifecycle_export import dry_run_document, dry_run_texts
from ecrtui.inspect.lifecycle_preview import preview_policy
from ecrtui.paths import expand
from ecrtui.text_files import UnreadableFile, read_text

if TYPE_CHECKING:
    from ecrtui.registry.protocol import Registry


_POLICY_HINT = "Give a policy that ECR accepts with --policy FILE."


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "lifecycle",
        "REPOSITORY",
        "Say which images the lifecycle policy of a repository would expire or archive now, and which come next. "
        "Nothing is changed.",
        READ_CODES,
        notes="ECR keeps an image that an index refers to. Only the manifests of the indexes say which images these "
        "are; without them, such an image is listed as one that may be a part.",
    )
    parser.add_argument("repository", metavar="REPOSITORY", help="team/app, or the URI of a repository")
    parser.add_argument(
        "--policy",
        metavar="FILE",
        help="evaluate this policy (JSON), not the one of the repository; - is standard input",
    )
    parser.add_argument(
        "--preview",
        action="store_true",
        help="also ask ECR (StartLifecyclePolicyPreview), and list the differences",
    )
    parser.add_argument(
        "--read-indexes", action="store_true", help="read the manifest of each index; ECR records a pull of each"
    )
    add_output_options(parser, (*FORMATS, *ROW_FORMATS), default="table")
    add_connection_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    repository = parse_repository(options.repository)
    given = None if options.policy is None else _policy_of(options.policy)
    context = CommandContext(options, repository)
    registry = context.registry
    text = _stored_policy(registry, repository.repository) if given is None else given
    policy = parse_policy(text)
    if policy.problem:
        raise UsageError("Could not evaluate the policy", policy.problem, _POLICY_HINT)
    if not text:
        print_message(f"{repository.repository} has no lifecycle policy; give one with --policy FILE")
    now = time.time()
    run = _dry_run(context, repository.repository, text, now)
    preview = _preview(registry, repository.repository, text) if options.preview and text else None
    document = dry_run_document(repository.repository, run, now, preview=preview, changed=given is not None)
    _print(document, run, options)
    return ExitCode.DONE


run = partial(run_command, parser, _execute)


def _stored_policy(registry: Registry, repository: str) -> str:
    registry.capabilities.require("lifecycle_policy")
    return registry.lifecycle_policy(repository)


def _policy_of(file: str) -> str:
    path, name = (Path("/dev/stdin"), "standard input") if file == "-" else (expand(file), file)
    try:
        text = read_text(path, pipes=True)
    except (FileNotFoundError, UnreadableFile) as problem:
        raise input_error(file, problem) from None
    if not text:
        raise UsageError("The policy is not valid", f"{name} is empty", _POLICY_HINT)
    return text


def _dry_run(context: CommandContext, repository: str, policy: str, now: float) -> DryRun:
    from ecrtui.catalog.catalog import Catalog
    from ecrtui.catalog.image_groups import ImageGroups

    catalog = Catalog(context.registry)
    listing = catalog.images(repository, stream=True)
    groups = ImageGroups()
    with readable_rows(listing) as rows:
        images = list(rows)
        read = context.may_read_indexes(repository)
        PartLookup(catalog, repository, groups, read=read).look_up(images, listed=listing.whole)
    return dry_run(parse_policy(policy), images, groups.index_of, now)


def _preview(registry: Registry, repository: str, policy: str) -> LifecyclePreview | None:
    registry.capabilities.require("lifecycle_preview")
    found = None
    with ProgressLine(shown=not sys.stdout.isatty()) as progress:
        for state in preview_policy(registry, repository, policy):
            progress.update("ECR makes the preview")
            found = state
    return found


def _print(document: Document, run: DryRun, options: argparse.Namespace) -> None:
    if options.output in ROW_FORMATS:
        print_text(dry_run_texts(lambda: document), options.output)
    elif options.output == "table" and not options.query_text:
        sys.stdout.writelines(_tables(document, run))
    else:
        write(document, options.output, options.query, title="Lifecycle")


def _tables(document: Document, run: DryRun) -> Iterator[str]:
    """Yield the lines of a table of the rules, and of one of the images for each rule that acts on some."""
    width = terminal_width() if on_terminal() else None
    titles = ("RULE", "SELECTS", "LIMIT", "NOW", "FREES", "WHAT IT WOULD DO")
    yield from plain_table(titles, [_rule_cells(rule) for rule in document["rules"]], width)
    for rule in document["rules"]:
        if rule["images"]:
            yield f"\nRule {rule['rulePriority']} would {rule['action']}, oldest first:\n"
            rows = [_image_cells(image, image["keptInsteadBy"]) for image in rule["images"]]
            yield from plain_table((*_IMAGE_TITLES, "KEPT INSTEAD BY"), rows, width)
        if rule["keptImages"]:
            yield f"\nBeyond the limit of rule {rule['rulePriority']}, but a rule of higher priority keeps them:\n"
            rows = [_image_cells(image, image["keptBy"]) for image in rule["keptImages"]]
            yield from plain_table((*_IMAGE_TITLES, "KEPT BY"), rows, width)
    if run.kept_parts:
        yield f"\n{format_count(run.kept_parts, 'image')} that an index refers to stay as long as the index.\n"
    if run.referrers:
        yield f"\nNot listed, but going within 24 hours of the subject: {format_count(run.referrers, 'referrer')}.\n"
    if run.acting_referrers and "differences" not in document:
        yield f"\n! {referrer_doubt(run.acting_referrers)}. Add --preview to ask ECR.\n"
    if run.possible_parts:
        yield "\n? An index may refer to this image; then it stays. Add --read-indexes to find out.\n"
    if "differences" in document:
        yield from _difference_lines(document)


_IMAGE_TITLES = ("DIGEST", "PUSHED", "SIZE", "TAGS")


def _image_cells(image: Document, keeper: str) -> tuple[str, ...]:
    return (
        short_digest(image["imageDigest"]) + ("?" if image.get("mayBePart") else ""),
        image["imagePushedAt"][:10],
        format_size(image["imageSizeInBytes"]),
        " ".join(image["imageTags"]) or "-",
        keeper,
    )


def _rule_cells(rule: Document) -> tuple[str, ...]:
    frees = f"<= {format_size(rule['bytesNow'])}" if rule["imagesNow"] else "-"
    return (
        str(rule["rulePriority"]),
        rule["selection"],
        rule["limit"],
        str(rule["imagesNow"]),
        frees,
        rule["outcome"],
    )


def _difference_lines(document: Document) -> Iterator[str]:
    found = document["differences"]
    yield f"\nECR would act on {format_count(document['ecrImageCount'], 'image')}; "
    yield f"{format_count(len(found), 'difference')}.\n"
    for one in found:
        here, ecr = (f"rule {rule}" if rule else "no rule" for rule in (one["ecrtuiRule"], one["ecrRule"]))
        name = visible(" ".join([one["imageDigest"], *one["imageTags"]]))
        yield f"  {name}: ecrtui {here}, ECR {ecr}\n"
