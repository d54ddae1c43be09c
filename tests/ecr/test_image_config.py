"""Image configs keep every member, and no bytes make the parser fail."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.exact_json import Number
from ecrtui.ecr.image_config import ImageConfig, config_of_schema1, parse_config


def test_every_member_of_a_config_is_kept() -> None:
    text = '{"os": "linux", "config": {"Healthcheck": {"Interval": 3e10}}, "else": [1, null]}'
    assert parse_config(text.encode()) == ImageConfig(
        {
            "os": "linux",
            "config": {"Healthcheck": {"Interval": Number("3e10")}},
            "else": [Number("1"), None],
        },
        text,
    )


def test_bytes_that_are_not_utf8_hide_nothing() -> None:
    config = parse_config(b'{"author": "Andr\xe9", "os": "linux"}')
    assert config.document == {"author": "Andr\ufffd", "os": "linux"}
    assert not config.is_utf8
    assert parse_config('{"author": "\ufffd"}'.encode()).is_utf8


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe", "not JSON"),
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[" * 99999, "nested too deeply"),
        (b"[" * 200 + b"]" * 200, "nested too deeply"),
        (b'{"a": {"version": 1, "version": 2}}', 'the member "version" occurs twice'),
    ],
)
def test_other_content_has_a_problem(content: bytes, problem: str) -> None:
    config = parse_config(content)
    assert problem in config.problem
    assert config.text == content.decode(errors="replace")


@given(st.binary(max_size=60) | st.text(max_size=60).map(json.dumps).map(str.encode))
def test_any_bytes_raise_nothing(content: bytes) -> None:
    assert isinstance(parse_config(content), ImageConfig)


def test_the_config_of_docker_schema_1_is_in_its_history() -> None:
    entries = ['{"os": "linux", "config": {"Cmd": ["/app"]}}', '{"id": "b"}', '{"id": "a"}']
    manifest = json.dumps({"schemaVersion": 1, "history": [{"v1Compatibility": entry} for entry in entries]})
    assert config_of_schema1(manifest).document == {
        "os": "linux",
        "config": {"Cmd": ["/app"]},
        "history": [{"id": "a"}, {"id": "b"}],
    }


@pytest.mark.parametrize(
    "history", [None, [], {}, [5], [{"v1Compatibility": 5}], [{"v1Compatibility": "[]"}], [{"v1Compatibility": "{"}]]
)
def test_a_history_of_the_wrong_type_has_a_problem(history: object) -> None:
    assert config_of_schema1(json.dumps({"history": history})).problem
