from __future__ import annotations

import json

import botocore.session
import pytest
from botocore.parsers import ResponseParserFactory
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.registry.error_table import MalformedReply
from ecrtui.registry.parsing import DEFERRED_BODY, RawJsonParser, RawJsonParserFactory, parse_deferred

MODEL = botocore.session.Session().get_service_model("ecr")
THEIRS = ResponseParserFactory()
THEIRS.set_parser_defaults(timestamp_parser=lambda value: value)


def reply(body: bytes, status: int = 200) -> dict[str, object]:
    return {"status_code": status, "headers": {"x-amzn-RequestId": "id-1"}, "body": body, "context": {}}


def ours(body: bytes, status: int = 200, operation: str = "DescribeImages") -> dict[str, object]:
    shape = MODEL.operation_model(operation).output_shape
    return RawJsonParserFactory().create_parser("json").parse(reply(body, status), shape)


def values(shape, depth: int = 0) -> st.SearchStrategy:
    """Whatever the service model allows a reply to be."""
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
def test_a_reply_is_what_botocore_makes_of_it_with_times_as_numbers(operation):
    shape = MODEL.operation_model(operation).output_shape

    @given(values(shape))
    def check(content):
        body = json.dumps(content).encode()
        expected = THEIRS.create_parser("json").parse(reply(body), shape)
        got = ours(body, operation=operation)
        assert got.pop("ResponseMetadata") == {
            "RequestId": "id-1",
            "HTTPStatusCode": 200,
            "HTTPHeaders": {"x-amzn-requestid": "id-1"},
        }
        del expected["ResponseMetadata"]
        assert got == expected

    check()


def test_no_reply_of_ecr_needs_more_than_json():
    """If a later service model brings blobs or other names on the wire, the parser has to learn of them."""

    def look(shape, seen) -> None:
        if shape.name in seen:
            return
        seen.add(shape.name)
        assert not shape.serialization, shape.name
        assert shape.type_name != "blob", shape.name
        inner = {
            "structure": lambda: shape.members.values(),
            "list": lambda: [shape.member],
            "map": lambda: [shape.value],
        }
        for member in inner.get(shape.type_name, list)():
            look(member, seen)

    assert MODEL.resolved_protocol == "json"
    for name in MODEL.operation_names:
        if shape := MODEL.operation_model(name).output_shape:
            look(shape, set())


@pytest.mark.parametrize(
    "body",
    [b"", b'{"imageDetails": [', b"<html>", b"[]", b"null", b"\xff", b"[" * 100_000],
    ids=lambda body: repr(body[:9]),
)
def test_what_is_no_reply_is_noticed_where_botocore_would_give_an_empty_one(body):
    with pytest.raises(MalformedReply):
        ours(body)


def test_errors_are_left_to_botocore():
    parsed = ours(b'{"__type": "com.amazonaws#RepositoryNotFoundException", "message": "no"}', 400)
    assert parsed["Error"] == {"Code": "RepositoryNotFoundException", "Message": "no"}


def test_other_protocols_are_left_to_botocore():
    assert not isinstance(RawJsonParserFactory().create_parser("query"), RawJsonParser)


def long_page(following: str | None = "t/1+2==", **members: object) -> dict[str, object]:
    images = [{"imageDigest": f"sha256:{number:064}", "imageTags": ["v1"]} for number in range(1000)]
    return {"imageDetails": images, **({} if following is None else {"nextToken": following}), **members}


def test_of_a_long_page_the_token_alone_is_read_until_somebody_wants_more():
    page = long_page()
    got = ours(json.dumps(page).encode())
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
def test_any_other_page_is_read_at_once(page):
    got = ours(json.dumps(page).encode())
    metadata = got.pop("ResponseMetadata")
    assert metadata["RequestId"] == "id-1"
    assert parse_deferred(got) == got == page


def test_a_token_in_front_is_found_too():
    page = dict(reversed(long_page().items()))
    assert ours(json.dumps(page, separators=(",", ":")).encode())["nextToken"] == page["nextToken"]


def test_a_long_page_that_is_broken_is_told_when_it_is_read():
    body = json.dumps(long_page()).encode()
    with pytest.raises(MalformedReply):
        parse_deferred(ours(body.replace(b'"v1"', b'"v1', 1)))
