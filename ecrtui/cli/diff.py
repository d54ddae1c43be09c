"""``ecrtui diff``: compare two images."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ecrtui.cli.argument_types import given_text
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.console import ProgressLine
from ecrtui.cli.context import CommandContext, make_parser, parse_image, run_command
from ecrtui.cli.exit_codes import READ_CODES, ExitCode
from ecrtui.cli.output_options import add_output_options
from ecrtui.ecr.safe_text import visible
from ecrtui.ecr.units import format_names
from ecrtui.errors import EcrTuiError, UsageError

if TYPE_CHECKING:
    from ecrtui.inspect.comparison.compared_image import ComparedImage
    from ecrtui.inspect.comparison.comparison import Comparison, PlatformChoice
    from ecrtui.inspect.comparison.platforms import PlatformPair

FORMATS = ("text", "json", "markdown")

WIDTH = 99
"""Columns of the text where standard output is not a terminal."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "diff",
        "A B",
        "Compare two images: config, layers, packages, findings, manifest. Two indexes are compared platform by "
        "platform; an image is compared with the platform of an index that fits it.",
        (*READ_CODES, ExitCode.FOUND),
        notes="Two images are the same only if their digests are. What could not be read is printed as not known. "
        "ECR records a pull of each manifest that is read.",
    )
    reference = "team/app:tag, team/app@sha256:... (its first digits are enough) or an image URI"
    parser.add_argument("before", metavar="A", help=reference)
    parser.add_argument("after", metavar="B", help="the same, in this or another repository")
    parser.add_argument(
        "--platform", type=given_text, metavar="OS/ARCH", help="compare only this platform of the indexes"
    )
    parser.add_argument("--all", action="store_true", help="print what is the same, too")
    parser.add_argument(
        "--exit-code", action="store_true", help=f"exit with {ExitCode.FOUND.value} if the digests differ"
    )
    add_output_options(
        parser,
        FORMATS,
        default="text",
        without_query=("text", "markdown"),
        query_help="print only this part of the JSON document",
    )
    add_connection_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    pairs, comparisons = _read(options)
    _print(comparisons, options)
    if options.platform:
        different = any(pair is not None and pair.differs for pair in pairs)
    else:
        different = not comparisons[0].same
    return ExitCode.FOUND if options.exit_code and different else ExitCode.DONE


def _read(options: argparse.Namespace) -> tuple[Sequence[PlatformPair | None], Sequence[Comparison]]:
    """Read both images and compare them: one platform, or each that they have in common.

    Return the platforms, and the comparison of each.

    Raises:
        EcrTuiError: an image does not exist or could not be looked up, or not both have the platform.
    """
    from ecrtui.catalog.catalog import Catalog
    from ecrtui.inspect.comparison.comparison import choose_platforms, compare
    from ecrtui.inspect.comparison.platforms import PlatformPair
    from ecrtui.inspect.comparison.reading import ImageReader, find_compared_image, read_pair
    from ecrtui.retag.planner import WritePolicy

    references = [parse_image(text, short_digest=True) for text in (options.before, options.after)]
    context = CommandContext(options, references[0])
    other = CommandContext(options, references[1]) if references[1].registry_id else context
    registries = [context.registry, other.registry]
    catalogs = [Catalog(registry) for registry in registries]
    readers = [
        ImageReader(catalog, registry, reference.repository)
        for catalog, registry, reference in zip(catalogs, registries, references, strict=True)
    ]
    with ProgressLine() as line:
        line.update("finding the images")
        orders = [WritePolicy(used.settings.protected_tags).order_tags for used in (context, other)]
        images = [find_compared_image(*found) for found in zip(catalogs, registries, references, orders, strict=True)]
        line.update("reading the manifests")
        a, b = read_pair(readers, images)
        if options.platform:
            _require_manifests(a, b)
        choice = choose_platforms(a, b)
        pairs, comparisons = _pairs(choice, options.platform), []
        for pair in pairs:
            line.update(f"reading {pair.name if pair else 'the images'}")
            chosen = pair or PlatformPair(None, None)
            before = readers[0].compared_part(a, chosen.before)
            after = readers[1].compared_part(b, chosen.after)
            comparisons.append(compare(before, after, choice, pair))
    return pairs, comparisons


def _require_manifests(*images: ComparedImage) -> None:
    """Only manifests name platforms.

    Raises:
        EcrTuiError: a manifest could not be read.
    """
    from ecrtui.inspect.comparison.rows import NotKnown

    for image in images:
        if isinstance(image.manifest, NotKnown):
            raise EcrTuiError(f"The platforms of {image.title} are not known", image.manifest.reason)


def _pairs(choice: PlatformChoice, wanted: str) -> Sequence[PlatformPair | None]:
    """Return the platforms to compare; None to compare the images themselves.

    Raises:
        UsageError: not both images have the platform, or neither is an index.
    """
    if not wanted:
        differing = [pair for pair in choice.complete if pair.differs]
        return differing or [choice.first]
    if not choice.rows and not choice.notes:
        raise UsageError("--platform needs an index", "Neither image is one.", "Leave out --platform.")
    found = choice.named(wanted)
    if found is None:
        names = format_names(pair.name for pair in choice.common)
        hint = f"Use one of {names}." if names else "Leave out --platform."
        why = "" if names else " ".join(choice.notes)
        raise UsageError(f"The images do not both have the platform {wanted!r}", why, hint)
    return [found]


def _print(comparisons: Sequence[Comparison], options: argparse.Namespace) -> None:
    from ecrtui.cli.aws_cli_output import write
    from ecrtui.inspect.comparison.export import comparison_document, comparison_markdown

    if options.output == "json":
        write(comparison_document(comparisons, everything=options.all), "json", options.query)
    elif options.output == "markdown":
        sys.stdout.write(comparison_markdown(comparisons, everything=options.all))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH
        sys.stdout.writelines(f"{line}\n" for line in _text(comparisons, width, everything=options.all))


def _text(comparisons: Sequence[Comparison], width: int, *, everything: bool) -> Iterator[str]:
    from ecrtui.inspect.comparison.export import image_line
    from ecrtui.inspect.comparison.layout import section_lines

    first = comparisons[0]
    for side, image in (("A", first.before), ("B", first.after)):
        yield visible(f"{side} {image_line(image)}")
    for comparison in comparisons:
        if comparison.platform:
            yield from ("", visible(comparison.platform))
        yield from map(visible, comparison.notes)
        for section in comparison.sections:
            yield from ("", section.name)
            yield from (line.text for line in section_lines(section, width, everything=everything))


run = partial(run_command, parser, _execute)
