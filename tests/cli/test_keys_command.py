"""``ecrtui keys``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecrtui.cli.main import main
from ecrtui.tui.actions import ACTIONS
from tests.support.cli_env import loaded_packages


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "settings.toml"
    monkeypatch.setenv("ECRTUI_SETTINGS", str(file))
    return file


def test_every_action_is_listed_with_its_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "--output", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["actions"]
    assert [(row["action"], row["keys"], row["description"]) for row in rows] == [
        (action.id, action.keys, action.help) for action in ACTIONS
    ]


def test_the_default_output_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("---")
    assert all(action.id in out for action in ACTIONS)


def test_a_query_is_answered_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "--query", "length(actions)"]) == 0
    assert capsys.readouterr().out == f"{len(ACTIONS)}\n"


def test_the_keys_of_the_settings_are_shown(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings_file.write_text('[keys]\n"app.help" = "f9"\n')
    assert main(["keys", "--query", "actions[?action=='app.help'].keys | [0]", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == "f9"


def test_an_unknown_id_in_the_settings_is_reported(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings_file.write_text('[keys]\n"app.hepl" = "f9"\n')
    assert main(["keys"]) == 0
    err = capsys.readouterr().err
    assert "app.hepl" in err
    assert "app.help" in err


def test_an_unknown_key_in_the_settings_is_reported(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings_file.write_text('[keys]\n"app.help" = "f9,esc"\n')
    assert main(["keys"]) == 0
    assert "Unknown key 'esc' for app.help in [keys]. Did you mean 'escape'?" in capsys.readouterr().err


def test_settings_that_cannot_be_used_are_a_usage_error(
    settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text("keys = 1\n")
    assert main(["keys"]) == 2
    assert str(settings_file) in capsys.readouterr().err


def test_keys_loads_neither_textual_nor_botocore() -> None:
    assert loaded_packages("keys", "--output", "off") == set()
