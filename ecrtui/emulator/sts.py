"""STS GetCallerIdentity (query protocol), so that one endpoint for everything also tells who the caller is."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from ecrtui.emulator.http_messages import JSON_TYPE, Request, Response, headers

GET_CALLER_IDENTITY = "GetCallerIdentity"

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def query_operation(request: Request) -> str:
    """The operation that a request of the query protocol names (``Action``); empty if it names none."""
    if "x-www-form-urlencoded" not in request.headers.get("content-type", ""):
        return ""
    return parse_qs(request.body.decode("utf-8", "replace")).get("Action", [""])[0]


def caller_arn(registry_id: str) -> str:
    """Who asks: the embedded registry checks no signatures and knows one user per account."""
    return f"arn:aws:iam::{registry_id}:user/embedded"


def caller_identity(registry_id: str) -> Response:
    """The answer to GetCallerIdentity."""
    answer = headers("text/xml")
    body = (
        f'<GetCallerIdentityResponse xmlns="{_NAMESPACE}"><GetCallerIdentityResult>'
        f"<Arn>{escape(caller_arn(registry_id))}</Arn><UserId>AIDAEMBEDDED</UserId>"
        f"<Account>{escape(registry_id)}</Account></GetCallerIdentityResult>"
        f"<ResponseMetadata><RequestId>{answer['x-amzn-RequestId']}</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>"
    )
    return Response(200, body.encode(), answer)


def to_xml_error(response: Response) -> Response:
    """An error of AWS JSON as the query protocol tells it; anything else as it is."""
    if response.headers.get("Content-Type") != JSON_TYPE or response.status < 400:
        return response
    error = json.loads(response.body)
    answer = headers("text/xml")
    body = (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>{"Sender" if response.status < 500 else "Receiver"}</Type>'
        f"<Code>{escape(error['__type'])}</Code><Message>{escape(error['message'])}</Message></Error>"
        f"<RequestId>{answer['x-amzn-RequestId']}</RequestId></ErrorResponse>"
    )
    return replace(response, body=body.encode(), headers=answer)
