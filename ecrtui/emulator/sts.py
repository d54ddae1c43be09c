"""STS GetCallerIdentity (query protocol), so that one endpoint also identifies the caller."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from ecrtui.emulator import partitions
from ecrtui.emulator.http.messages import Request, Response, error_members, headers
from ecrtui.emulator.xml_text import xml_text

GET_CALLER_IDENTITY = "GetCallerIdentity"

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_MAX_PARAMETERS = 100


def query_operation(request: Request) -> str:
    """Return the operation of a request of the query protocol (``Action``); empty if it names none."""
    if not is_query(request.headers.get("content-type", "")):
        return ""
    try:
        parameters = parse_qs(request.body.decode("utf-8", "replace"), max_num_fields=_MAX_PARAMETERS)
    except ValueError:  # too many
        return ""
    return parameters.get("Action", [""])[0]


def is_query(content_type: str) -> bool:
    """Return True for the content type of the query protocol."""
    return "x-www-form-urlencoded" in content_type.lower()


def caller_arn(registry_id: str, region: str) -> str:
    """Return the ARN of the caller: the embedded registry has one user per account."""
    return partitions.arn("iam", region, registry_id, "user/embedded")


def caller_identity(registry_id: str, region: str) -> Response:
    """Return the response of GetCallerIdentity."""
    response_headers = headers("text/xml")
    body = (
        f'<GetCallerIdentityResponse xmlns="{_NAMESPACE}"><GetCallerIdentityResult>'
        f"<Arn>{escape(caller_arn(registry_id, region))}</Arn><UserId>AIDAEMBEDDED</UserId>"
        f"<Account>{escape(registry_id)}</Account></GetCallerIdentityResult>"
        f"<ResponseMetadata><RequestId>{response_headers['x-amzn-RequestId']}</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>"
    )
    return Response(200, body.encode(), response_headers)


def to_xml_error(response: Response) -> Response:
    """Convert an error response of AWS JSON to the query protocol; return any other response unchanged."""
    error = error_members(response)
    if error is None:
        return response
    response_headers = headers("text/xml")
    body = (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>{"Sender" if response.status < 500 else "Receiver"}</Type>'
        f"<Code>{xml_text(error['__type'])}</Code><Message>{xml_text(error['message'])}</Message></Error>"
        f"<RequestId>{response_headers['x-amzn-RequestId']}</RequestId></ErrorResponse>"
    )
    return replace(response, body=body.encode(), headers=response_headers)
