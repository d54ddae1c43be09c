"""``ecrtui retag``: give an image more tags, one or thousands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ecrtui.cli.write_command import (
    CommandContext,
    add_writing_options,
    apply_plan,
    make_parser,
    open_context,
    repository_of,
    resolve_digest,
    run_command,
)
from ecrtui.ecr.digest import is_digest
from ecrtui.errors import UsageError
from ecrtui.retag.plan import Plan, TagChange
from ecrtui.retag.plan_file import NO_TAG, PlanFileRow, parse_rows

if TYPE_CHECKING:
    from ecrtui.registry.protocol import Registry


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = make_parser("retag", "Give an image more tags, byte for byte: nothing is pulled, nothing is pushed.")
    made.add_argument(
        "reference", nargs="?", metavar="REFERENCE", help="team/app:tag, team/app@sha256:… or an image URI"
    )
    made.add_argument("tags", nargs="*", metavar="TAG", help="the tags that it gets")
    made.add_argument(
        "--expect", metavar="DIGEST", help=f"refuse unless each tag is at this digest now; {NO_TAG}: unless it is new"
    )
    made.add_argument("--from-file", metavar="PLAN", help="the tags from a CSV or JSON file; - is standard input")
    made.add_argument("--resume", metavar="PLAN-ID", help="do what is left of a plan that was cut off")
    add_writing_options(made)
    return made


def run(arguments: Sequence[str]) -> int:
    """Retag; the exit code."""
    made = parser()
    options = made.parse_args(arguments)
    ways = sum(bool(way) for way in (options.reference, options.from_file, options.resume))
    if ways != 1 or bool(options.reference) != bool(options.tags):
        made.error("give REFERENCE and at least one TAG, or --from-file PLAN, or --resume PLAN-ID")
    return run_command(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    if options.expect is not None and options.expect != NO_TAG and not is_digest(options.expect):
        raise UsageError(f"{options.expect!r} is not a digest", f"sha256: and 64 hexadecimal digits, or {NO_TAG}")
    if options.resume:
        house = open_context(options)
        return apply_plan(house.engine.plan_resume(options.resume), options, house.engine, refused_is_final=False)
    if options.from_file:
        rows = parse_rows(_content(options.from_file), options.from_file)
        house = open_context(options)
        return apply_plan(_plan_of_rows(house, rows), options, house.engine)
    reference = repository_of(options.reference)
    house = open_context(options, reference)
    digest = resolve_digest(house.registry, reference)
    expect = "" if options.expect == NO_TAG else options.expect
    changes = [TagChange(reference.repository, tag, digest, expect) for tag in options.tags]
    return apply_plan(house.engine.plan(changes, thorough=True), options, house.engine)


def _plan_of_rows(house: CommandContext, rows: Sequence[PlanFileRow]) -> Plan:
    digests = _digests(house.registry, rows)
    changes = [
        TagChange(row.repository, row.tag, digests.get((row.repository, row.source), row.source), row.expect)
        for row in rows
    ]
    return house.engine.plan(changes, thorough=True)


def _digests(registry: Registry, rows: Sequence[PlanFileRow]) -> dict[tuple[str, str], str]:
    """Where the tags are that rows name as sources, read together for each repository."""
    wanted: dict[str, list[str]] = {}
    for row in rows:
        if row.source and not is_digest(row.source):
            wanted.setdefault(row.repository, []).append(row.source)
    digests: dict[tuple[str, str], str] = {}
    for repository, tags in wanted.items():
        holders = registry.images_by_tag(repository, list(dict.fromkeys(tags)))
        for tag in tags:
            if tag not in holders:
                raise UsageError(f"{repository} has no tag {tag}", "A row of the file names it as its source.")
            digests[repository, tag] = holders[tag].digest
    return digests


def _content(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"{name} cannot be read", str(problem)) from problem
