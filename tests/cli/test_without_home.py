"""Commands of a user without ``HOME`` and without an entry in the password database, as in a container."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

from ecrtui.errors import SettingsError
from ecrtui.saved_settings import remember_theme
from ecrtui.settings import load
from tests.support.cli_env import CliEnv
from tests.support.embedded import create_repository, push_image, tags_of


def no_entry(uid: int) -> pwd.struct_passwd:
    raise KeyError(f"getpwuid(): uid not found: {uid}")


@pytest.fixture(autouse=True)
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Remove the home; return the current folder."""
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", no_entry)
    folder = tmp_path / "current"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ("repositories",),
        ("images", "app"),
        ("manifest", "app:v1"),
        ("retag", "app:v1", "v1", "--dry-run"),
        ("history",),
        ("history", "--resolve-unknown"),
    ],
)
def test_commands_that_read_work(cli: CliEnv, no_home: Path, command: tuple[str, ...]) -> None:
    create_repository(cli.client, "app")
    push_image(cli.client, "app", "one", "v1")
    result = cli.run(*command)
    assert (result.code, result.err) == (0, "")
    assert not list(no_home.iterdir())


@pytest.mark.parametrize("command", [("retag", "app:v1", "v2", "--yes"), ("untag", "app:v1", "--yes")])
def test_a_write_says_what_is_missing(cli: CliEnv, no_home: Path, command: tuple[str, ...]) -> None:
    create_repository(cli.client, "app")
    push_image(cli.client, "app", "one", "v1")
    push_image(cli.client, "app", "one", "v0")
    before = tags_of(cli.client, "app")
    result = cli.run(*command)
    assert result.code == 4
    assert "There is no home folder. Set HOME" in result.err
    assert tags_of(cli.client, "app") == before
    assert not list(no_home.iterdir())


def test_a_write_works_with_a_state_folder(cli: CliEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_repository(cli.client, "app")
    push_image(cli.client, "app", "one", "v1")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert cli.run("retag", "app:v1", "v2", "--yes").code == 0
    assert (tmp_path / "state" / "ecrtui" / "journal.sqlite").exists()


def test_settings_are_the_defaults_and_a_theme_cannot_be_saved(no_home: Path) -> None:
    assert load({}, {}).sources == {}
    with pytest.raises(SettingsError, match="no home folder"):
        remember_theme("dusk")
    assert not list(no_home.iterdir())
