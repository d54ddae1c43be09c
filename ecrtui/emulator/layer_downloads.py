"""Downloads of layers: the URLs of GetDownloadUrlForLayer and the content behind them.

A URL is the client's endpoint plus ``/layers/ACCOUNT/REGION/DIGEST/REPOSITORY``. The endpoint of a registry in this
process is ``embedded:/``. As the pre-signed URLs of AWS do, they expire, and the answers are those of Amazon S3. They
have no signature.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlencode, urlsplit
from uuid import uuid4

from ecrtui.emulator.blobs import StoredBlob
from ecrtui.emulator.database import Database
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.http.messages import Response, error_members, headers
from ecrtui.emulator.xml_text import xml_text

OPERATION = "DownloadLayer"
"""The name of a download in fault specifications and request counts."""

IN_PROCESS_ENDPOINT = "embedded:/"
"""The endpoint of a registry in this process. With ``/layers/…`` it makes a URL of the scheme ``embedded``."""

LIFETIME = 3600
"""Seconds; the lifetime of a URL. AWS documents none."""

_RANGE = re.compile(r"bytes=(?:(?P<first>[0-9]{1,18})-(?P<last>[0-9]{0,18})|-(?P<suffix>[0-9]{1,18}))")
_TIME = "%Y%m%dT%H%M%SZ"
_MAX_PARAMETERS = 20
_SLOW_DOWN = ("SlowDown", "Please reduce your request rate.", 503)


def download_url(endpoint: str, registry_id: str, region: str, repository: str, digest: str, *, now: float) -> str:
    """Return the download URL of a layer for a client that uses this endpoint."""
    signed = {"X-Amz-Date": datetime.fromtimestamp(now, UTC).strftime(_TIME), "X-Amz-Expires": LIFETIME}
    return f"{endpoint}/layers/{registry_id}/{region}/{digest}/{repository}?{urlencode(signed)}"


def download_target(url: str) -> str:
    """Return path and query of a download URL, whether of a served registry or of one in this process.

    A text that is not a URL is returned unchanged: no layer has such a path.
    """
    try:
        split = urlsplit(url)
    except ValueError:
        return url
    path = f"{split.netloc}{split.path}" if split.scheme == "embedded" else split.path
    return f"{path}?{split.query}"


def content_response(database: Database, target: str, range_header: str, *, now: float) -> Response:
    """Return the response with the content for the path and query of a download URL, or the part in the Range header.

    Raises:
        ServiceError: NoSuchKey, AccessDenied or InvalidRange, with the status of S3.
    """
    path, _, query = target.partition("?")
    content = _find_content(database, path)
    _check_time(query, now)
    return range_response(content, range_header)


def range_response(content: StoredBlob, range_header: str) -> Response:
    """Return the response with the content: status 200, or 206 and Content-Range for the part in a Range header.

    Raises:
        ServiceError: InvalidRange with status 416.
    """
    part = select_range(content, range_header)
    found = {**headers("application/octet-stream"), "Accept-Ranges": "bytes"}
    if part.end is None:
        return Response(200, headers=found, content=part)
    content_range = f"bytes {part.first}-{part.end - 1}/{part.size}"
    return Response(206, headers={**found, "Content-Range": content_range}, content=part)


def select_range(content: StoredBlob, range_header: str) -> StoredBlob:
    """Return the part that a Range header asks for; the whole content if it asks for no single range of bytes.

    Raises:
        ServiceError: InvalidRange with status 416, the answer of S3 for a range outside the layer.
    """
    asked = _RANGE.fullmatch(range_header.strip())
    if asked is None:
        return content
    if asked["suffix"]:
        first, last = max(content.size - int(asked["suffix"]), 0), content.size - 1
    else:
        first, last = int(asked["first"]), int(asked["last"] or content.size - 1)
        if asked["last"] and last < first:
            return content  # not a valid range (RFC 9110, section 14.1.2)
    if first >= content.size:
        raise ServiceError("InvalidRange", "The requested range is not satisfiable", 416)
    return replace(content, first=first, end=min(last + 1, content.size))


def expired() -> ServiceError:
    """Return the error of S3 for a URL that expired."""
    return ServiceError("AccessDenied", "Request has expired", 403)


def to_s3_error(response: Response) -> Response:
    """Convert an error response of AWS JSON to the XML of S3; return any other response unchanged.

    Where ECR says ThrottlingException, S3 says SlowDown.
    """
    error = error_members(response)
    if error is None:
        return response
    code, message, status = error["__type"], error["message"], response.status
    if code == "ThrottlingException":
        code, message, status = _SLOW_DOWN
    found = headers("application/xml")
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{xml_text(code)}</Code><Message>{xml_text(message)}</Message>"
        f"<RequestId>{found['x-amzn-RequestId']}</RequestId><HostId>{uuid4().hex}</HostId></Error>"
    )
    return replace(response, status=status, body=body.encode(), headers=found)


def _find_content(database: Database, path: str) -> StoredBlob:
    kind, _, rest = unquote(path).strip("/").partition("/")
    parts = rest.split("/", 3)
    if kind == "layers" and len(parts) == 4:
        with database.read() as connection:
            row = connection.execute(
                "SELECT l.digest, l.size FROM layers l JOIN repositories r ON r.id = l.repository_id"
                " WHERE r.registry_id = ? AND r.region = ? AND l.digest = ? AND r.name = ?"
                " AND EXISTS (SELECT 1 FROM blobs b WHERE b.digest = l.digest)",
                parts,
            ).fetchone()
        if row is not None and not (isinstance(row["size"], int) and row["size"] >= 0):
            raise ServiceError("InternalError", "The registry file is damaged: the layer has no valid size.", 500)
        if row is not None:
            return StoredBlob(database, row["digest"], row["size"])
    raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)


def _check_time(query: str, now: float) -> None:
    """Check that a URL has a time and did not expire."""
    try:
        parameters = parse_qs(query, max_num_fields=_MAX_PARAMETERS)
        begin = datetime.strptime(parameters["X-Amz-Date"][0], _TIME).replace(tzinfo=UTC).timestamp()
        lifetime = int(parameters["X-Amz-Expires"][0])
    except (KeyError, ValueError):
        raise ServiceError("AccessDenied", "Access Denied", 403) from None
    if now >= begin + min(lifetime, LIFETIME):
        raise expired()
