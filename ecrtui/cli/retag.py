"""``ecrtui retag``: add tags to an image, one or thousands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from ecrtui.catalog.image_lookup import find_image
from ecrtui.cli.context import IMAGE_FORMS, CommandContext, input_error, make_parser, parse_image, run_command
from ecrtui.cli.write_command import add_write_options, apply_plan, expected_digest
from ecrtui.ecr.reference import Reference, names_repository, parse_reference
from ecrtui.ecr.units import format_size
from ecrtui.errors import UsageError
from ecrtui.paths import expand
from ecrtui.retag.plan import TagChange
from ecrtui.retag.plan_file import NO_TAG
from ecrtui.retag.row_changes import changes_of_rows
from ecrtui.retag.row_file import FileRow, decode_text, parse_rows

_MAX_FILE_SIZE = 128_000_000
"""Bytes of a file of changes; the dry run of 200,000 tags. It bounds the memory that reading a device would need."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "retag",
        "[REFERENCE TAG ...]",
        "Add tags to an image, byte for byte, without pulling or pushing it.",
    )
    parser.add_argument("reference", nargs="?", metavar="REFERENCE", help=IMAGE_FORMS)
    parser.add_argument("tags", nargs="*", metavar="TAG", help="the tags to add")
    parser.add_argument(
        "--expect",
        metavar="DIGEST",
        help=f"refuse a tag that does not point to this digest now; with {NO_TAG}: a tag that exists",
    )
    parser.add_argument(
        "--from-file", metavar="PLAN", help="read the tags from a CSV or JSON file; - is standard input"
    )
    parser.add_argument("--resume", metavar="PLAN-ID", help="finish a plan that was interrupted")
    add_write_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    sources = sum(bool(source) for source in (options.reference, options.from_file, options.resume))
    if sources != 1 or bool(options.reference) != bool(options.tags):
        parser().error("give REFERENCE and at least one TAG, or --from-file PLAN, or --resume PLAN-ID")
    if options.expect is not None and not options.reference:
        parser().error("--expect goes with REFERENCE; in a file, the column expect guards each row")
    expect = expected_digest(options)
    if options.resume:
        engine = CommandContext(options).engine
        return apply_plan(engine.plan_resume(options.resume), options, engine, refused_is_final=False)
    if options.from_file:
        rows = _read_rows(options.from_file)
        context = CommandContext(options)
        changes = changes_of_rows(context.registry, rows)
    else:
        reference = parse_image(options.reference)
        _check_repository(options.reference, reference, options.tags)
        context = CommandContext(options, reference)
        digest = find_image(context.registry, reference).digest
        changes = [TagChange(reference.repository, tag, digest, expect) for tag in options.tags]
    return apply_plan(context.engine.plan(changes, thorough=True), options, context.engine)


run = partial(run_command, parser, _execute)


def _check_repository(source: str, reference: Reference, tags: Sequence[str]) -> None:
    """Check that the tags are not images. One image among tags becomes a refused step.

    Args:
        source: the image as the user named it.
        reference: the same, parsed.
        tags: the words after it.

    Raises:
        UsageError: every tag is an image in a repository.
    """
    if not all(names_repository(tag) and (":" in tag or "@" in tag) for tag in tags):
        return
    problem = f"{tags[0]!r} is an image in a repository, not a tag."
    targets = [parse_reference(tag) for tag in tags]
    own = (reference._replace(tag="", digest=""), Reference(reference.repository))
    if any(target._replace(tag="", digest="") not in own for target in targets):
        names = " ".join(tag.partition("@")[0] for tag in tags)  # a copy has the digest of its source
        hint = f"Copy the image to another repository with: ecrtui promote {source} {names}"
        raise UsageError("A retag stays in its repository", problem, hint)
    words = " ".join(target.tag or "TAG" for target in targets)
    raise UsageError("A retag needs tags", problem, f"Write the tags alone: ecrtui retag {source} {words}")


def _read_rows(path: str) -> tuple[FileRow, ...]:
    """Return the rows of a file; ``-`` is standard input."""
    name = "standard input" if path == "-" else path
    return parse_rows(decode_text(_read_content(path, name), name), name)


def _read_content(path: str, name: str) -> bytes:
    try:
        if path == "-":
            content = sys.stdin.buffer.read(_MAX_FILE_SIZE + 1)
        else:
            with expand(path).open("rb") as file:
                content = file.read(_MAX_FILE_SIZE + 1)
    except (OSError, ValueError) as problem:
        raise input_error(path, problem) from problem
    if len(content) > _MAX_FILE_SIZE:
        raise UsageError(f"{name} is larger than {format_size(_MAX_FILE_SIZE)}", "", "Split the file.")
    return content
