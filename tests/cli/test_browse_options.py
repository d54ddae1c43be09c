"""The options of the application."""

from __future__ import annotations

import pytest

from ecrtui.cli.browse import parse_request
from ecrtui.cli.browse_options import parse
from ecrtui.ecr.reference import Reference
from ecrtui.settings import Connection, load


def test_an_empty_command_line_equals_one_without_options() -> None:
    connection, start, flags = parse_request([])
    parsed = parse([])
    assert (connection, start) == (parsed.connection, parsed.start) == (Connection(), Reference())
    assert load(flags) == load(parsed.flags)


def test_a_uri_sets_account_and_region_unless_an_option_does() -> None:
    uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1"
    parsed = parse([uri])
    assert (parsed.connection.registry_id, parsed.connection.region) == ("123456789012", "eu-west-1")
    assert str(parsed.start) == "team/app:v1"
    assert parse([uri, "--region", "us-east-1"]).connection.region == "us-east-1"


def test_a_flag_that_is_not_given_is_none() -> None:
    assert parse(["--read-only"]).flags == {"theme": None, "read_only": True, "cache": None, "mouse": None}


@pytest.mark.parametrize("arguments", [["--nope"], ["one", "two"]])
def test_an_invalid_command_line_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert "usage: ecrtui" in capsys.readouterr().err


def test_a_misspelt_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["imgs", "team/app"])
    assert capsys.readouterr().err.endswith("hint: 'imgs' is not a command; did you mean images?\n")
