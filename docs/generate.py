"""Write the generated tables of the documentation: ``python docs/generate.py``; with ``--check`` only compare.

Each table is between ``<!-- generated: NAME -->`` and ``<!-- end generated -->``. The code is the source of each one.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from ecrtui.catalog.filter.images import image_schema
from ecrtui.catalog.filter.language import FilterSchema
from ecrtui.catalog.filter.repositories import REPOSITORIES
from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.cli import diff, doctor, findings, history, images, promote, repositories, retag, swap, undo, untag
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.exit_codes import WRITE_CODES, ExitCode
from ecrtui.cli.put_image.error_reporting import EXIT_CODES
from ecrtui.cli.put_image.help_page import CONFIGURATION
from ecrtui.connections import SessionFactory
from ecrtui.ecr.permissions import PERMISSIONS, Permission, Purpose
from ecrtui.emulator.distribution.routes import HANDLERS, PATHS
from ecrtui.emulator.faults import KINDS
from ecrtui.inspect.findings_filter import FINDINGS
from ecrtui.inspect.packages_filter import PACKAGES
from ecrtui.settings import SETTINGS, Connection, Settings
from ecrtui.tui.actions import ACTIONS, SCOPES
from ecrtui.tui.connections.combined_source import CombinedSource
from ecrtui.tui.find.rows import HITS
from ecrtui.tui.retag.activity_filter import ACTIVITY
from ecrtui.tui.screens.activity import ActivityScreen
from ecrtui.tui.screens.images import ImagesScreen
from ecrtui.tui.screens.plan import FILTER as PLAN
from ecrtui.tui.screens.repositories import RepositoriesScreen
from ecrtui.tui.screens.side_by_side import FILTER as SIDE_BY_SIDE
from ecrtui.tui.screens.side_by_side import SideBySideScreen
from ecrtui.tui.table.column_layout import Column

DOCS = Path(__file__).parent
_TABLE = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end generated -->)", re.DOTALL)

WRITING: dict[str, Callable[[], argparse.ArgumentParser]] = {
    "retag": retag.parser,
    "untag": untag.parser,
    "swap": swap.parser,
    "undo": undo.parser,
    "history": history.parser,
}
LISTING: dict[str, Callable[[], argparse.ArgumentParser]] = {
    "repositories": repositories.parser,
    "images": images.parser,
}


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def option_rows(parser: argparse.ArgumentParser) -> Iterable[tuple[str, str]]:
    """Yield each option of a parser with its help."""
    for action in parser._actions:
        if not action.option_strings or action.dest == "help" or action.help == argparse.SUPPRESS:
            continue
        value = action.metavar if isinstance(action.metavar, str) else ""
        if action.choices and not value:
            value = "|".join(map(str, action.choices))
        names = ", ".join(
            f"`{name} {value}`" if value and action.nargs != 0 else f"`{name}`" for name in action.option_strings
        )
        yield names.replace("\\|", "|"), action.help or ""


def _shared_options(parsers: dict[str, Callable[[], argparse.ArgumentParser]]) -> str:
    connection = {names for names, _ in option_rows(_connection_parser())}
    owners: dict[tuple[str, str], list[str]] = {}
    for command, make in parsers.items():
        for names, text in option_rows(make()):
            if names not in connection:
                owners.setdefault((names, text), []).append(command)
    rows = [(names, "all" if len(of) == len(parsers) else ", ".join(of), text) for (names, text), of in owners.items()]
    return table(("option", "commands", "meaning"), rows)


def _connection_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    add_connection_options(parser)
    return parser


def write_options() -> str:
    """Return the options of the commands that write, except connection options."""
    return _shared_options(WRITING)


def list_options() -> str:
    """Return the options of the commands that list, except connection options."""
    return _shared_options(LISTING)


def finding_options() -> str:
    """Return the options of ``ecrtui findings``, except connection options."""
    connection = {names for names, _ in option_rows(_connection_parser())}
    return table(("option", "meaning"), [row for row in option_rows(findings.parser()) if row[0] not in connection])


def connection_options() -> str:
    """Return the connection options."""
    return table(("option", "meaning"), option_rows(_connection_parser()))


def exit_codes() -> str:
    """Return the exit codes of the commands that write."""
    meanings = attribute_docs(ExitCode)
    return table(("code", "meaning"), [(str(code.value), meanings[code.name]) for code in WRITE_CODES])


def put_image_exit_codes() -> str:
    """Return the exit codes of ``ecrtui put-image``, which are those of the AWS CLI."""
    return table(("code", "meaning"), [(str(code), meaning) for code, meaning in EXIT_CODES.items()])


def put_image_configuration() -> str:
    """Return where ``ecrtui put-image`` reads each setting of the AWS CLI."""
    return table(("setting", "first one that is set"), CONFIGURATION.items())


def fault_kinds() -> str:
    """Return the kinds of fault of the embedded registry, with their options."""
    rows = [(f"`{name}`", _code(*kind.options.split(", ")), kind.effect) for name, kind in KINDS.items()]
    return table(("kind", "options", "effect"), rows)


def attribute_docs(owner: type) -> dict[str, str]:
    """Return the docstring below each attribute of a class, as plain Markdown on one line."""
    (body,) = ast.parse(inspect.getsource(owner)).body
    docs: dict[str, str] = {}
    for entry, after in pairwise(body.body if isinstance(body, ast.ClassDef) else ()):
        if isinstance(entry, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            name = ast.unparse(entry.targets[0])
            docs[name] = " ".join(str(after.value.value).split()).replace("``", "`").removesuffix(".")
    return docs


def filter_fields() -> str:
    """Return the fields of the filter language."""
    schemas: Sequence[tuple[str, FilterSchema[Any]]] = (
        ("images", image_schema(ImageGroups())),
        ("repositories", REPOSITORIES),
        ("repositories of several connections", SIDE_BY_SIDE),
        ("findings", FINDINGS),
        ("packages", PACKAGES),
        ("hits of Find", HITS),
        ("Activity", ACTIVITY),
        ("a plan", PLAN),
    )
    return table(("list", "all fields"), [(name, _code(*sorted(schema.fields))) for name, schema in schemas])


def settings() -> str:
    """Return every setting with its default, variable and flag."""
    rows = [
        (
            f"`{name}`",
            f"`{json.dumps(getattr(Settings(), name))}`",
            _code(setting.variable),
            _code(setting.flag),
            "yes" if setting.per_account else "",
            setting.meaning,
        )
        for name, setting in SETTINGS.items()
    ]
    return table(("setting", "default", "variable", "flag", "per account", "meaning"), rows)


def permissions() -> str:
    """Return every IAM permission with what needs it."""
    rows = [
        (
            f"`{permission.action}`",
            permission.use,
            ", ".join(purpose for purpose in Purpose if purpose in permission.purposes),
            _optional(permission),
        )
        for permission in PERMISSIONS
    ]
    return table(("permission", "ecrtui uses it to", "needed to", "can be missing"), rows)


def _optional(permission: Permission) -> str:
    """Return for what a permission can be missing."""
    if permission.purposes <= permission.optional:
        return "yes"
    return ", ".join(f"to {purpose}" for purpose in Purpose if purpose in permission.optional)


def doctor_options() -> str:
    """Return the options of ``ecrtui doctor``, except connection options."""
    connection = {names for names, _ in option_rows(_connection_parser())}
    return table(("option", "meaning"), [row for row in option_rows(doctor.parser()) if row[0] not in connection])


def promote_options() -> str:
    """Return the options that only ``ecrtui promote`` has."""
    shared = {names for names, _ in (*option_rows(_connection_parser()), *option_rows(untag.parser()))}
    return table(("option", "meaning"), [row for row in option_rows(promote.parser()) if row[0] not in shared])


def diff_options() -> str:
    """Return the options of ``ecrtui diff``, except connection options."""
    connection = {names for names, _ in option_rows(_connection_parser())}
    return table(("option", "meaning"), [row for row in option_rows(diff.parser()) if row[0] not in connection])


def keys() -> str:
    """Return every action with its id, keys and description."""
    titles = {scope.id: scope.title for scope in SCOPES}
    rows = [(titles[action.scope], f"`{action.id}`", _code(*action.keys.split(",")), action.help) for action in ACTIONS]
    return table(("where", "id", "keys", "action"), rows)


def columns() -> str:
    """Return the columns of each list: those that are shown by default, and the others."""
    source = SessionFactory(Connection(), Settings())
    screens = (
        ImagesScreen(source, ""),
        RepositoriesScreen(source),
        SideBySideScreen(CombinedSource([source])),
        ActivityScreen(source),
    )
    rows = [
        (f"`{screen.COLUMN_LIST}`", _ids(screen.columns, extra=False), _ids(screen.columns, extra=True))
        for screen in screens
    ]
    return table(("list", "default", "also"), rows)


def _ids(columns: Iterable[Column[Any]], *, extra: bool) -> str:
    return _code(*(column.id for column in columns if column.extra is extra))


def distribution_operations() -> str:
    """Return the requests of the distribution API with the operation that each means."""
    rows = [
        (f"`{method} {_path_text(PATHS[kind].pattern)}`", f"`{operation}`")
        for (kind, method), (operation, _) in HANDLERS.items()
        if operation
    ]
    return table(("request", "operation"), rows)


def _path_text(pattern: str) -> str:
    return pattern.replace("(?P<name>.+)", "NAME").replace("(?P<reference>[^/]+)", "REFERENCE").removesuffix("?")


def _code(*words: str) -> str:
    return " ".join(f"`{word}`" for word in words if word)


TABLES: dict[str, Callable[[], str]] = {
    "write-options": write_options,
    "list-options": list_options,
    "finding-options": finding_options,
    "connection-options": connection_options,
    "exit-codes": exit_codes,
    "put-image-exit-codes": put_image_exit_codes,
    "put-image-configuration": put_image_configuration,
    "fault-kinds": fault_kinds,
    "filter-fields": filter_fields,
    "settings": settings,
    "permissions": permissions,
    "promote-options": promote_options,
    "diff-options": diff_options,
    "doctor-options": doctor_options,
    "distribution-operations": distribution_operations,
    "keys": keys,
    "columns": columns,
}


def generated(text: str) -> str:
    """Return the text of a page with its tables generated again."""
    return _TABLE.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[3]}", text)


def main(arguments: Sequence[str]) -> int:
    """Write or check all pages; the exit code is 1 if ``--check`` finds an outdated page."""
    outdated = [
        page for page in sorted(DOCS.glob("*.md")) if generated(page.read_text("utf-8")) != page.read_text("utf-8")
    ]
    for page in outdated:
        if "--check" in arguments:
            print(f"{page.name} is outdated: run make docs", file=sys.stderr)
        else:
            page.write_text(generated(page.read_text("utf-8")), "utf-8")
            print(f"wrote {page.name}")
    return 1 if outdated and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
