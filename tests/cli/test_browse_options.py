import pytest

from ecrtui.cli import browse
from ecrtui.cli.browse_options import parse
from ecrtui.ecr.reference import Reference
from ecrtui.settings import Connection, load


def test_no_arguments_ask_for_what_a_line_without_options_does() -> None:
    connection, start, flags = browse._asked([])
    asked = parse([])
    assert (connection, start) == (asked.connection, asked.start) == (Connection(), Reference())
    assert load(flags) == load(asked.flags)


def test_a_whole_uri_sets_account_and_region_where_no_option_does() -> None:
    uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1"
    asked = parse([uri])
    assert (asked.connection.registry_id, asked.connection.region) == ("123456789012", "eu-west-1")
    assert str(asked.start) == "team/app:v1"
    assert parse([uri, "--region", "us-east-1"]).connection.region == "us-east-1"


def test_a_flag_that_was_not_given_is_no_setting() -> None:
    assert parse(["--read-only"]).flags == {"theme": None, "read_only": True, "cache": None}


@pytest.mark.parametrize("arguments", [["--nope"], ["one", "two"]])
def test_a_line_that_cannot_be_read_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert "usage: ecrtui" in capsys.readouterr().err
