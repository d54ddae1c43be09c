"""The documentation agrees with the code: generated tables, links, commands, module names."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ecrtui.cli.main import COMMANDS
from ecrtui.tui.actions import ACTIONS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_the_generated_tables_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)[^)]*\)", page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    names = set(re.findall(r"`((?:ecrtui|tests|benchmarks|docs|screenshots|themes)/[\w./-]*)`", text))
    if page.name == "architecture.md":
        packages = r"`((?:cli|tui|retag|promote|catalog|registry|ecr|emulator|diagnostics)/[\w./-]*|\w+\.py)`"
        names |= {f"ecrtui/{name}" for name in re.findall(packages, text) if name != "context.py"}
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_every_command_is_documented() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert [name for name in COMMANDS if f"ecrtui {name}" not in text] == []


def test_every_action_id_in_the_pages_exists() -> None:
    scopes = "|".join({action.scope for action in ACTIONS})
    text = "".join(page.read_text("utf-8") for page in PAGES if page.name in ("README.md", "settings.md"))
    named = set(re.findall(rf"`\"?((?:{scopes})\.[a-z0-9_]+)\"?", text))
    assert named - {action.id for action in ACTIONS} == set()


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


def test_no_test_patches_our_own_code() -> None:
    for file in (ROOT / "tests").rglob("*.py"):
        if ".setattr(" in (text := file.read_text()):
            assert not patched_names(ast.parse(text)) & names_of_ours(ast.parse(text)), file


def patched_names(module: ast.Module) -> set[str]:
    """Return the names whose attributes a module sets with ``monkeypatch.setattr``."""
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    setters = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "setattr"]
    return {target.id for call in setters if isinstance(target := call.args[0], ast.Name)}


def names_of_ours(module: ast.Module) -> set[str]:
    """Return the names that a module imports from ecrtui."""
    imports = [node for node in ast.walk(module) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in imports if (node.module or "").partition(".")[0] == "ecrtui"]
    return {alias.asname or alias.name for node in ours for alias in node.names}
