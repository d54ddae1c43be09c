"""``ecrtui undo``: take back a plan or a single write."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecrtui.cli.write_command import add_writing_options, apply_plan, make_parser, open_context, run_command
from ecrtui.errors import UsageError

if TYPE_CHECKING:
    from ecrtui.retag.engine import Engine
    from ecrtui.retag.plan import Plan


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = make_parser("undo", "Take back what a plan or a single write did. The undo of an undo does it again.")
    made.add_argument("id", nargs="?", metavar="ID", help="a plan's id, or the number of an entry; see ecrtui history")
    made.add_argument("--last", action="store_true", help="the newest plan that was not taken back; undos do not count")
    add_writing_options(made)
    return made


def run(arguments: Sequence[str]) -> int:
    """Undo; the exit code."""
    made = parser()
    options = made.parse_args(arguments)
    if bool(options.id) == options.last:
        made.error("give an ID, or --last")
    return run_command(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    engine = open_context(options).engine
    return apply_plan(_plan(engine, options.id), options, engine, refused_is_final=False)


def _plan(engine: Engine, name: str | None) -> Plan:
    if not name:
        engine.resolve_unknown()
        return engine.plan_undo_of(engine.last_undoable_plan())
    if not name.isdecimal():
        return engine.plan_undo_of(name)
    entries = engine.resolve_unknown(engine.entries([int(name)]))
    if not entries:
        raise UsageError(f"The journal has no entry {name} for this registry", "", "See: ecrtui history")
    return engine.plan_undo(entries)
