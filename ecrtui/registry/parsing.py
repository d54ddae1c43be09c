"""Replies of ECR as their JSON says them.

botocore walks every reply member by member to turn timestamps into datetimes and to leave out what it does not know.
Of ECR's replies nothing else needs turning: no member is a blob and none has another name on the wire (its service
model). So a reply that succeeded is taken as the JSON it is, with times as numbers, which is several times faster on a
page of 1,000 images; and one that is cut short is noticed, where botocore returns an empty one. Errors, and every
protocol but JSON, go the way of botocore.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

from botocore.parsers import ResponseParserFactory

from ecrtui.registry.error_table import MalformedReply

_log = logging.getLogger(__name__)

_JSON_PROTOCOL = "json"

DEFERRED_BODY = "unread"
"""The member that has the body of a reply of which nothing but the token was read; see :func:`whole`."""

_LISTINGS = frozenset({"DescribeImagesResponse", "DescribeRepositoriesResponse"})
_LONG = 65_536
"""Bytes from which on a page is left unread: the next one can be asked for before it is understood."""
_TOKEN = re.compile(rb'"nextToken"\s*:\s*"([^"\\]+)"')


class RawJsonParserFactory(ResponseParserFactory):
    """Gives botocore the parser of this module. For a client of ECR only."""

    def create_parser(self, protocol_name: str) -> Any:
        """A parser for the protocol, as botocore asks for it at each reply."""
        parser = super().create_parser(protocol_name)
        return RawJsonParser(parser) if protocol_name == _JSON_PROTOCOL else parser


class RawJsonParser:
    """What botocore asks of a parser, over the parser that it would have used itself."""

    def __init__(self, errors: Any) -> None:
        self._errors = errors

    def parse(self, response: Mapping[str, Any], shape: Any) -> Any:
        """The reply as a dictionary with ``ResponseMetadata`` added.

        Raises:
            BrokenReply: it is not a JSON object.
        """
        status = response["status_code"]
        if status >= 300:
            return self._errors.parse(response, shape)
        headers = {name.lower(): value for name, value in response["headers"].items()}
        body = response["body"]
        reply = (_unread(body) if getattr(shape, "name", "") in _LISTINGS else None) or _object(body)
        reply["ResponseMetadata"] = {
            "RequestId": headers.get("x-amzn-requestid", ""),
            "HTTPStatusCode": status,
            "HTTPHeaders": headers,
        }
        _log.debug("%s: %d bytes, request id %s", status, len(response["body"]), reply["ResponseMetadata"]["RequestId"])
        return reply


def parse_deferred(reply: dict[str, Any]) -> dict[str, Any]:
    """The reply with what the parser has left unread.

    Raises:
        BrokenReply: it is not a JSON object.
    """
    return _object(reply[DEFERRED_BODY]) if DEFERRED_BODY in reply else reply


def _unread(body: bytes) -> dict[str, Any] | None:
    """A long page with its token alone, which is found without reading it; None for any other reply.

    Within a text, quotation marks are escaped: nothing but a member can look like this.
    """
    found = _TOKEN.match(body, body.rfind(b'"nextToken"')) if len(body) >= _LONG else None
    return {"nextToken": found[1].decode(), DEFERRED_BODY: body} if found else None


def _object(body: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise MalformedReply(f"{len(body)} bytes that are not JSON: {problem}") from None
    if not isinstance(reply, dict):
        raise MalformedReply("JSON, but not an object")
    return reply
