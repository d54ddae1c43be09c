"""STS GetCallerIdentity (query protocol), so that one endpoint for everything also tells who the caller is."""

from __future__ import annotations

from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from ecrtui.local.wire import Request, Response, headers

GET_CALLER_IDENTITY = "GetCallerIdentity"

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def operation(request: Request) -> str:
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
