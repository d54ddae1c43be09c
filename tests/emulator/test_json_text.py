"""JSON from clients: a long member stays bytes, and nothing else changes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ecrtui.emulator.json_text import parse_object, parse_object_with_blob

CUT = [
    b'{"blob":"QUJD"}',
    b'{"a":1,"blob" :\t"QUJD","b":[2]}',
    b'{"blob":""}',
    b'{"x":{"a":1},"blob":"QUJD\xff"}',
]
WHOLE = [
    b'{"a":"blob","blob":"QUJD"}',
    b"{}",
    b"",
    b"[]",
    b'{"blob":1}',
    b'{"blob":null,"x":"y"}',
    b'{"blob":"QUJD',
    b'{"blob":"QU\\/D"}',
    b'{"x":{"blob":"QUJD"}}',
    b'{"x":{"blob":"QUJD"},"blob":"REVG"}',
    b'{"x":{"blob":"QUJD"},"blo\\u0062":""}',
    b'{"blob":"QUJD","blob":"REVG"}',
    b'{"\\"blob":"QUJD"}',
    b'{"a":"\\"blob\\":\\"x"}',
    b'"abc"blob":"QUJD"',
    '{"blob":"QUJD"}'.encode("utf-16"),
]


@pytest.mark.parametrize("body", CUT)
def test_a_long_member_stays_bytes(body: bytes) -> None:
    expected: dict[str, Any] = json.loads(body.decode("latin-1"))
    assert parse_object_with_blob(body, "blob") == {**expected, "blob": expected["blob"].encode("latin-1")}


@pytest.mark.parametrize("body", WHOLE)
def test_any_other_document_is_parsed_as_usual(body: bytes) -> None:
    assert parse_object_with_blob(body, "blob") == parse_object(body)
