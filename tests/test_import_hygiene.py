"""Modules are imported only where they are needed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import ecrtui

PACKAGE = Path(ecrtui.__file__).parent
UI = ("textual", "rich")
AWS = ("boto3", "botocore")

PROBE = """
import sys
import tomllib
try:
    {statement}
finally:
    print("LOADED", *sorted({{name.partition(".")[0] for name in sys.modules}}), file=sys.stderr)
"""


def loaded(statement: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has loaded after a statement."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(statement=statement)], capture_output=True, text=True, timeout=60
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("LOADED ")]
    assert lines, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return set(lines[-1].split()[1:])


def loaded_by_command(*arguments: str) -> set[str]:
    """Return the top-level packages that a command loads."""
    return loaded(f"from ecrtui.cli.main import main; main({list(arguments)!r})")


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_help_and_version_load_neither_textual_nor_boto3(option: str) -> None:
    assert not loaded_by_command(option) & {*UI, *AWS}


FIRST_FRAME = """
import os, sys
import ecrtui.cli.browse, ecrtui.cli.main
from ecrtui.tui.asyncio_import import import_asyncio

import_asyncio()
from ecrtui.application import create_app, registry_process
from ecrtui.connections import SessionFactory
from ecrtui.ecr.reference import Reference
from ecrtui.settings import Connection, load

registry_process(None)
settings = load({})
assert "textual.widget" not in sys.modules  # create_app makes the definition of Textual's classes faster
app = create_app(SessionFactory(Connection(), settings), settings, Reference())

def report():
    if app.screen.query("Table"):  # nothing has been read yet
        modules = [(name, module) for name, module in sys.modules.items() if name.partition(".")[0] == "ecrtui"]
        classes = {value for _, module in modules for value in vars(module).values() if isinstance(value, type)}
        print(*sorted({name.partition(".")[0] for name in sys.modules}))
        print(*sorted(name for name, _ in modules))
        print(*sorted(found.__name__ for found in classes
                      if found.__module__.startswith("ecrtui.") and "__dataclass_fields__" in vars(found)), flush=True)
        os._exit(0)

app.post_display_hook = report
app.run(headless=True)
"""
"""Draws the first frame of a new user, and prints the packages, our modules and our dataclasses that it has loaded."""

FIRST_FRAME_MODULES = Path(__file__).parent / "data" / "first_frame_modules.txt"


def test_the_first_frame_loads_only_what_it_shows(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_FRAME],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    packages, modules, dataclasses = (set(line.split()) for line in done.stdout.splitlines())
    assert not packages & {*AWS, "sqlite3", "ssl", "_ssl"}
    # Import a new module where it is needed. Only what the first frame shows belongs in this list.
    assert modules == set(FIRST_FRAME_MODULES.read_text().split())
    assert dataclasses == {"CountedRepository", "Repository", "Settings", "User"}, "each delays the first frame"


def test_tls_can_be_loaded_after_asyncio_was_imported_without_it() -> None:
    program = """
import asyncio.sslproto, sys

assert "_ssl" not in sys.modules
import ssl

assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
assert asyncio.run(asyncio.sleep(0, "done")) == "done"
"""
    before = "from ecrtui.tui.asyncio_import import import_asyncio; import_asyncio()"
    subprocess.run([sys.executable, "-c", before + program], timeout=60, check=True)


AFTER_A_LIST = """
import sys
from ecrtui.application import create_app
from ecrtui.connections import SessionFactory
from ecrtui.ecr.reference import Reference
from ecrtui.settings import Connection, load

settings, connection = load({}), Connection(demo=True)
app = create_app(SessionFactory(connection, settings), settings, Reference())
wanted = {"ecrtui.tui.screens.images", "ecrtui.tui.screens.image", "ecrtui.tui.inspector.overview_pane"}
assert not wanted & sys.modules.keys()

async def watch(pilot):
    app.set_interval(0.05, lambda: wanted <= sys.modules.keys() and app.exit())

app.run(headless=True, auto_pilot=watch)
"""
"""Shows the repositories of the demo, and ends when what the user opens next is loaded."""


def test_the_screens_that_follow_are_imported_after_a_list_was_loaded(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", AFTER_A_LIST], timeout=120, check=True, env=environment)


def test_cached_rows_load_nothing_that_reads_manifests() -> None:
    program = "import sys, ecrtui.catalog.cache.store; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert not {"ecrtui.ecr.manifest", "ecrtui.catalog.index_parts"} & set(modules.stdout.split())


def test_the_process_that_draws_never_loads_botocore() -> None:
    program = """
    from ecrtui.registry.process.client import RegistryProcess
    from ecrtui.settings import Connection, load
    from ecrtui.connections import SessionFactory
    connection = Connection(demo=True)
    opened = RegistryProcess().open(connection)
    session = SessionFactory(connection, load({}), remote=opened)()
    session.engine.repository_context("team/checkout", None)
    assert session.registry.repository("team/checkout").name
    opened.process.close()"""
    assert not loaded(program.strip()) & {*UI, *AWS}


def test_packages_below_the_screens_do_not_load_textual() -> None:
    assert not loaded(
        "import ecrtui.emulator.service, ecrtui.emulator.http.server, ecrtui.emulator.demo, ecrtui.cli.local"
    ) & {
        *UI,
        *AWS,
    }
    assert not loaded("import ecrtui.retag.engine, ecrtui.catalog.catalog, ecrtui.settings") & {*UI, *AWS}
    assert not loaded("import ecrtui.registry.gateway") & set(UI)


def test_ecr_and_the_emulator_need_only_the_standard_library() -> None:
    allowed = {*sys.stdlib_module_names, "ecrtui"}
    for folder in ("ecr", "emulator"):
        files = list((PACKAGE / folder).rglob("*.py"))
        assert files
        for file in files:
            foreign = imported(file) - allowed
            # This module attaches to a client of botocore, so its importers have botocore.
            assert foreign <= ({"botocore"} if file.name == "in_process_transport.py" else set()), file


def imported(file: Path) -> set[str]:
    """Return the top-level packages that a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").partition(".")[0])
    return names


def test_an_installed_package_adds_nothing_but_ecrtui_to_the_environment() -> None:
    pyproject = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())
    wheel = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["ecrtui"]
    assert all(target.startswith("ecrtui/") for target in wheel["force-include"].values())
