"""``ecrtui undo``: undo a plan or a single write."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from ecrtui.cli.argument_types import MAX_COUNT
from ecrtui.cli.context import CommandContext, make_parser, run_command
from ecrtui.cli.write_command import add_write_options, apply_plan
from ecrtui.errors import UsageError

if TYPE_CHECKING:
    from ecrtui.retag.engine import Engine
    from ecrtui.retag.plan import Plan


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser("undo", "[ID]", "Undo a plan or a single write. To redo it, undo the undo.")
    parser.add_argument(
        "id", nargs="?", metavar="ID", help="the id of a plan or the number of an entry; see ecrtui history"
    )
    parser.add_argument("--last", action="store_true", help="undo the newest plan that is neither undone nor an undo")
    add_write_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    if bool(options.id) == options.last:
        parser().error("give an ID or --last")
    engine = CommandContext(options).engine
    return apply_plan(_make_plan(engine, options.id), options, engine, refused_is_final=False)


run = partial(run_command, parser, _execute)


def _make_plan(engine: Engine, name: str | None) -> Plan:
    """Return the plan that undoes a plan, an entry, or the last plan if ``name`` is empty."""
    if not name:
        engine.history.resolve_unknown()
        return engine.plan_undo_of(engine.history.last_undoable_plan())
    if not name.isdecimal():
        return engine.plan_undo_of(name)
    known = len(name) <= len(str(MAX_COUNT)) and int(name) <= MAX_COUNT
    entries = engine.history.resolve_unknown(engine.history.entries([int(name)])) if known else ()
    if not entries:
        raise UsageError(
            f"The journal of this registry has no entry {name}", "", "Run ecrtui history to see the entries."
        )
    return engine.plan_undo(entries)
