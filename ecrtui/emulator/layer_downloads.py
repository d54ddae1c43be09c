"""Downloads of layers: the URLs of GetDownloadUrlForLayer and the content behind them.

A URL is the client's endpoint plus ``/layers/ACCOUNT/REGION/DIGEST/REPOSITORY``. The endpoint of a registry in this
process is ``embedded:/``; :meth:`EmbeddedRegistry.download` reads its URLs. Unlike the URLs of AWS, these are not
signed and do not expire.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

from ecrtui.emulator.blobs import BlobContent
from ecrtui.emulator.database import Database
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.http_messages import Delivery, Response, headers

OPERATION = "DownloadLayer"
"""The name of a download in fault specifications and request counts."""

IN_PROCESS_ENDPOINT = "embedded:/"
"""The endpoint of a registry in this process. With ``/layers/…`` it makes a URL of the scheme ``embedded``."""


_RANGE = re.compile(r"bytes=(?:(?P<first>[0-9]{1,18})-(?P<last>[0-9]{0,18})|-(?P<suffix>[0-9]{1,18}))")


class DownloadError(Exception):
    """A download URL has no content."""


def select_range(content: BlobContent, range_header: str) -> BlobContent:
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


def content_headers(content: BlobContent) -> Response:
    """Return the response for the content, without a body: 206 with Content-Range for a part."""
    if content.end is None:
        return Response(200, b"", headers("application/octet-stream"))
    content_range = f"bytes {content.first}-{content.end - 1}/{content.size}"
    return Response(206, b"", {**headers("application/octet-stream"), "Content-Range": content_range})


def download_url(endpoint: str, registry_id: str, region: str, repository: str, digest: str) -> str:
    """Return the download URL of a layer for a client that uses this endpoint."""
    return f"{endpoint}/layers/{registry_id}/{region}/{digest}/{repository}"


def find_content(database: Database, path: str) -> BlobContent:
    """Return the content for the path of a download URL.

    Raises:
        ServiceError: NoSuchKey with status 404, the answer of S3 for a missing object.
    """
    kind, _, rest = path.strip("/").partition("/")
    parts = rest.split("/", 3)
    if kind == "layers" and len(parts) == 4:
        with database.read() as connection:
            row = connection.execute(
                "SELECT l.digest, l.size FROM layers l JOIN repositories r ON r.id = l.repository_id"
                " WHERE r.registry_id = ? AND r.region = ? AND l.digest = ? AND r.name = ?"
                " AND EXISTS (SELECT 1 FROM blobs b WHERE b.digest = l.digest)",
                parts,
            ).fetchone()
        if row is not None:
            return BlobContent(database, row["digest"], row["size"])
    raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)


def content_response(database: Database, path: str) -> Response:
    """Return a response with the whole content for the path of a download URL.

    Raises:
        ServiceError: NoSuchKey.
    """
    return Response(200, b"".join(find_content(database, path)), headers("application/octet-stream"))


def download_path(url: str) -> str:
    """Return the path of a download URL, whether of a served registry or of one in this process.

    A text that is not a URL is returned unchanged: no layer has such a path.
    """
    try:
        split = urlsplit(url)
    except ValueError:
        return url
    return f"{split.netloc}{split.path}" if split.scheme == "embedded" else split.path


def received_content(response: Response, url: str) -> bytes:
    """Return the content of a response as a client receives it.

    Raises:
        DownloadError: the URL has no content.
        ConnectionError: the connection closed before the whole content arrived.
    """
    if response.delivery is not Delivery.WHOLE:
        raise ConnectionError(f"the connection closed before all of {url} arrived")
    if response.status != 200:
        raise DownloadError(f"{url}: status {response.status}")
    return response.body
