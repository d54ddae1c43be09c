"""The output formats have the layout of the AWS CLI."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from ecrtui.cli import aws_cli_output as output
from ecrtui.cli.aws_cli_output.query import QueryMismatchError
from ecrtui.errors import UsageError

VALUE = {
    "repositories": [
        {"name": "app", "count": 2, "tags": ["a", "b"], "scan": {"on": True}},
        {"name": "日本", "tags": [], "arn": "x"},
    ],
    "next": None,
}
TEXT = """\
None
REPOSITORIES		2	app
SCAN	True
TAGS	a
TAGS	b
REPOSITORIES	x		日本
"""
TABLE = """\
----------------------------
|           List           |
+------------+-------------+
|  next      |  None       |
+------------+-------------+
||      repositories      ||
|+-----+---------+--------+|
|| arn |  count  | name   ||
|+-----+---------+--------+|
||     |  2      |  app   ||
|+-----+---------+--------+|
|||         scan         |||
||+--------+-------------+||
|||  on    |  True       |||
||+--------+-------------+||
|||         tags         |||
||+----------------------+||
|||  a                   |||
|||  b                   |||
||+----------------------+||
||      repositories      ||
|+-----+---------+--------+|
|| arn |  count  | name   ||
|+-----+---------+--------+|
||  x  |         |  日本  ||
|+-----+---------+--------+|
"""


def test_text_output_is_that_of_the_aws_cli() -> None:
    assert output.render(VALUE, "text") == TEXT


def test_table_output_is_that_of_the_aws_cli() -> None:
    assert output.render(VALUE, "table", title="List") == TABLE


def test_a_table_that_is_too_wide_is_transposed() -> None:
    value = {"image": {"digest": "sha256:" + "0" * 64, "media": "application/vnd.oci.image.manifest.v1+json"}}
    lines = output.render(value, "table", title="T").splitlines()
    assert [line.split("|")[2].strip() for line in lines if "  media" in line or "  digest" in line] == [
        "digest",
        "media",
    ]


def test_colors_are_reset_after_every_write_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    output.write({"a": 1, "b": {"c": 2}}, "table", title="T", color="on")
    written = capsys.readouterr().out
    assert "|  \x1b[1m\x1b[34ma\x1b[0m" in written
    assert "\n\x1b[0m\x1b[2m\x1b[33m|\x1b[0m\x1b[0m|" in written
    output.write({"a": 1}, "table", title="T")
    assert "\x1b" not in capsys.readouterr().out  # not a terminal


def test_yaml_output_is_that_of_the_aws_cli() -> None:
    assert output.render(VALUE, "yaml").startswith("next: null\nrepositories:\n- count: 2\n  name: app\n")
    assert output.render([1, "a: b"], "yaml-stream") == "- - 1\n  - 'a: b'\n"
    assert output.render("a: b", "yaml") == '"a: b"\n'
    assert output.render(None, "yaml-stream") == "- null\n"


@pytest.mark.parametrize(
    ("format", "expected"),
    [("json", ""), ("yaml", ""), ("yaml-stream", ""), ("text", ""), ("table", ""), ("off", "")],
)
def test_an_empty_response_prints_nothing(format: str, expected: str) -> None:  # noqa: A002
    assert output.render({}, format) == expected


def test_dates_are_iso_8601() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert output.render({"at": moment}, "json") == '{\n    "at": "2026-01-02T03:04:05+00:00"\n}\n'


def test_a_query_selects_the_output() -> None:
    stream = io.StringIO()
    output.write(VALUE, "json", "repositories[].name", stream)
    assert json.loads(stream.getvalue()) == ["app", "日本"]
    assert "日本" in stream.getvalue()


def test_check_format_reports_errors_before_writing() -> None:
    with pytest.raises(UsageError, match="Unknown output type: xml"):
        output.check_format("xml")
    with pytest.raises(UsageError, match=r"Bad value for --query a\[: Invalid jmespath expression"):
        output.check_format("json", "a[")
    query = output.check_format("json", "length(a)")
    with pytest.raises(QueryMismatchError):
        output.write({"a": 1}, "json", query, io.StringIO())


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcXYZ", min_size=1), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_json_round_trips(value: Any) -> None:
    written = output.render(value, "json")
    assert written == "" if value == {} else json.loads(written) == value


READABLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=100),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcXYZ", min_size=1), inner, max_size=4),
    max_leaves=12,
)


@given(READABLE)
def test_yaml_round_trips(value: Any) -> None:
    written = output.render(value, "yaml")
    assert written == "" if value == {} else YAML(typ="safe", pure=True).load(written) == value


@given(st.dictionaries(st.text("abcXYZ", min_size=1), st.text(st.characters(categories=["L", "N"])), min_size=1))
def test_all_lines_of_a_table_have_the_same_width(value: dict[str, str]) -> None:
    from ecrtui.cli.aws_cli_output.table_format import display_width

    lines = output.render(value, "table", title="T").splitlines()
    assert {display_width(line) for line in lines} == {len(lines[0])}
