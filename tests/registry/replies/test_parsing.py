from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import botocore.session
import pytest
from botocore.parsers import ResponseParserFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.registry.exception_table import MalformedReply
from ecrtui.registry.replies.parsing import DEFERRED_BODY, RawJsonParser, RawJsonParserFactory, parse_deferred

MODEL = botocore.session.Session().get_service_model("ecr")
BOTOCORE = ResponseParserFactory()
BOTOCORE.set_parser_defaults(timestamp_parser=lambda value: value)


def reply(body: bytes, status: int = 200) -> dict[str, object]:
    return {"status_code": status, "headers": {"x-amzn-RequestId": "id-1"}, "body": body, "context": {}}


def parse(body: bytes, status: int = 200, operation: str = "DescribeImages") -> dict[str, Any]:
    shape = MODEL.operation_model(operation).output_shape
    parsed: dict[str, Any] = RawJsonParserFactory().create_parser("json").parse(reply(body, status), shape)
    return parsed


def values(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Generate replies that the service model allows."""
    match shape.type_name:
        case "structure":
            members = {name: values(member, depth + 1) for name, member in shape.members.items()} if depth < 5 else {}
            return st.fixed_dictionaries({}, optional=members)
        case "list":
            return st.lists(values(shape.member, depth + 1), max_size=2)
        case "map":
            return st.dictionaries(st.text(max_size=3), values(shape.value, depth + 1), max_size=2)
        case "timestamp" | "double" | "float":
            return st.floats(0, 2e9)
        case "integer" | "long":
            return st.integers(0, 2**40)
        case "boolean":
            return st.booleans()
        case _:
            return st.text(max_size=4)


@pytest.mark.parametrize(
    "operation", ["DescribeImages", "DescribeRepositories", "BatchGetImage", "PutImage", "ListImages"]
)
def test_a_reply_is_parsed_as_botocore_does_with_times_as_numbers(operation: str) -> None:
    shape: Any = MODEL.operation_model(operation).output_shape

    @settings(deadline=None)
    @given(values(shape))
    def check(content: object) -> None:
        body = json.dumps(content).encode()
        expected = BOTOCORE.create_parser("json").parse(reply(body), shape)
        got = parse(body, operation=operation)
        assert got.pop("ResponseMetadata") == {
            "RequestId": "id-1",
            "HTTPStatusCode": 200,
            "HTTPHeaders": {"x-amzn-requestid": "id-1"},
        }
        del expected["ResponseMetadata"]
        assert got == expected

    check()


def test_no_reply_of_ecr_needs_more_than_json() -> None:
    """The parser has to learn about binary members or other names on the wire if a later service model has them."""

    def check(shape: Any, seen: set[str]) -> None:
        if shape.name in seen:
            return
        seen.add(shape.name)
        assert not shape.serialization, shape.name
        assert shape.type_name != "blob", shape.name
        inner: dict[str, Callable[[], Iterable[Any]]] = {
            "structure": lambda: shape.members.values(),
            "list": lambda: [shape.member],
            "map": lambda: [shape.value],
        }
        for member in inner.get(shape.type_name, tuple)():
            check(member, seen)

    assert MODEL.resolved_protocol == "json"
    for name in MODEL.operation_names:
        if shape := MODEL.operation_model(name).output_shape:
            check(shape, set())


@pytest.mark.parametrize(
    "body",
    [b"", b'{"imageDetails": [', b"<html>", b"[]", b"null", b"\xff", b"[" * 100_000],
    ids=lambda body: repr(body[:9]),
)
def test_a_malformed_body_is_an_error(body: bytes) -> None:
    with pytest.raises(MalformedReply):
        parse(body)


def test_errors_are_left_to_botocore() -> None:
    parsed = parse(b'{"__type": "com.amazonaws#RepositoryNotFoundException", "message": "no"}', 400)
    assert parsed["Error"] == {"Code": "RepositoryNotFoundException", "Message": "no"}


def test_other_protocols_are_left_to_botocore() -> None:
    assert not isinstance(RawJsonParserFactory().create_parser("query"), RawJsonParser)


def long_page(following: str | None = "t/1+2==", **members: object) -> dict[str, object]:
    images = [{"imageDigest": f"sha256:{number:064}", "imageTags": ["v1"]} for number in range(1000)]
    return {"imageDetails": images, **({} if following is None else {"nextToken": following}), **members}


def test_only_the_token_of_a_long_page_is_parsed_at_first() -> None:
    page = long_page()
    got = parse(json.dumps(page).encode())
    assert got.keys() == {"nextToken", DEFERRED_BODY, "ResponseMetadata"}
    assert got["nextToken"] == page["nextToken"]
    assert parse_deferred(got) == page


@pytest.mark.parametrize(
    "page",
    [
        long_page(None),
        long_page('a "quoted" one'),
        long_page(None, artifactMediaType='"nextToken": "no"'),
        {"imageDetails": [], "nextToken": "short"},
    ],
)
def test_any_other_page_is_parsed_at_once(page: dict[str, object]) -> None:
    got = parse(json.dumps(page).encode())
    metadata = got.pop("ResponseMetadata")
    assert metadata["RequestId"] == "id-1"
    assert parse_deferred(got) == got == page


def test_a_token_before_the_items_is_found() -> None:
    page = dict(reversed(long_page().items()))
    assert parse(json.dumps(page, separators=(",", ":")).encode())["nextToken"] == page["nextToken"]


def test_a_malformed_long_page_is_an_error_when_it_is_parsed() -> None:
    body = json.dumps(long_page()).encode()
    with pytest.raises(MalformedReply):
        parse_deferred(parse(body.replace(b'"v1"', b'"v1', 1)))
