"""Parse replies of ECR as plain JSON.

botocore walks every reply member by member, to turn timestamps into datetimes and to drop unknown members. Replies of
ECR need neither: the service model has no binary members and no other names on the wire. So a successful reply is used
as the JSON it is, with times as numbers. That is several times faster for a page of 1,000 images, and notices a reply
that was cut short, which botocore takes for an empty one. Errors and other protocols go to the parser of botocore.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from botocore.parsers import ResponseParserFactory

from ecrtui.ecr.json_values import parse_json, to_text
from ecrtui.registry.exception_table import MalformedReply

_log = logging.getLogger(__name__)

_JSON_PROTOCOL = "json"

DEFERRED_BODY = "deferredBody"
"""The member with the unparsed body of a long page; see :func:`parse_deferred`."""

MAX_CODE, MAX_MESSAGE = 200, 10_000
"""Characters of an error's code and message that are kept."""

_LISTINGS = frozenset({"DescribeImagesResponse", "DescribeRepositoriesResponse"})
_LONG_PAGE = 65_536
"""Bytes of a page that is parsed later, so that the next one can be requested first."""
_TOKEN = re.compile(rb'"nextToken"\s*:\s*"([ !#-\[\]-~]+)"')


class RawJsonParserFactory(ResponseParserFactory):
    """Creates parsers of this module for botocore. For clients of ECR only."""

    def create_parser(self, protocol_name: str) -> Any:
        """Return a parser for the protocol. botocore calls this for each reply."""
        parser = super().create_parser(protocol_name)
        return RawJsonParser(parser) if protocol_name == _JSON_PROTOCOL else parser


class RawJsonParser:
    """A response parser for botocore.

    Args:
        error_parser: the parser of botocore, for error replies.
    """

    def __init__(self, error_parser: Any) -> None:
        self._error_parser = error_parser

    def parse(self, response: Mapping[str, Any], shape: Any) -> Any:
        """Return the reply as a dictionary, with ``ResponseMetadata``.

        Raises:
            MalformedReply: the body is not a JSON object.
        """
        status = response["status_code"]
        if status >= 300:
            return self._error(response, shape)
        headers = {name.lower(): value for name, value in response["headers"].items()}
        body = response["body"]
        reply = (_deferred(body) if getattr(shape, "name", "") in _LISTINGS else None) or _parse(body)
        reply["ResponseMetadata"] = {
            "RequestId": headers.get("x-amzn-requestid", ""),
            "HTTPStatusCode": status,
            "HTTPHeaders": headers,
        }
        _log.debug("%s: %d bytes, request id %s", status, len(body), reply["ResponseMetadata"]["RequestId"])
        return reply

    def _error(self, response: Mapping[str, Any], shape: Any) -> Any:
        """Return an error reply with a code and a message that are texts, whatever its body is."""
        try:
            parsed = self._error_parser.parse(response, shape)
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as problem:
            _log.debug("an error reply of %d bytes cannot be parsed: %r", len(response["body"]), problem)
            headers = response["headers"]
            parsed = {
                "Error": {"Message": f"a response of {len(response['body']):,} bytes that is not an error of ECR"},
                "ResponseMetadata": {
                    "RequestId": headers.get("x-amzn-requestid", ""),
                    "HTTPStatusCode": response["status_code"],
                    "HTTPHeaders": dict(headers),
                },
            }
        if "Error" in parsed:  # it is parsed again for the members that only this error has
            for name, limit in (("Code", MAX_CODE), ("Message", MAX_MESSAGE)):
                parsed["Error"][name] = to_text(parsed["Error"].get(name))[:limit]
        return parsed


def parse_deferred(reply: dict[str, Any]) -> dict[str, Any]:
    """Return the reply with all members, also if its body was not parsed yet.

    Raises:
        MalformedReply: the body is not a JSON object.
    """
    return _parse(reply[DEFERRED_BODY]) if DEFERRED_BODY in reply else reply


def _deferred(body: bytes) -> dict[str, Any] | None:
    """Return a long page as its token and its unparsed body; None for any other reply.

    JSON escapes quotation marks in strings, so only a member can match the pattern.
    """
    found = _TOKEN.match(body, body.rfind(b'"nextToken"')) if len(body) >= _LONG_PAGE else None
    return {"nextToken": found[1].decode(), DEFERRED_BODY: body} if found else None


def _parse(body: bytes) -> dict[str, Any]:
    try:
        reply = parse_json(body)
    except ValueError as problem:
        raise MalformedReply(f"{len(body)} bytes that are not JSON: {problem}") from None
    if not isinstance(reply, dict):
        raise MalformedReply("JSON, but not an object")
    return reply
