"""The content of layers: the URLs that GetDownloadUrlForLayer gives, and what is behind them.

A URL is the endpoint that the client reached the registry by, and ``/layers/ACCOUNT/REGION/DIGEST/REPOSITORY``. The
registry in this process is reached by ``embedded://``, which :meth:`EmbeddedRegistry.download` takes. Unlike those of
AWS, the URLs are not signed and do not expire.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from ecrtui.emulator.database import Database
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.http_messages import Delivery, Response, error_response, headers

OPERATION = "DownloadLayer"
"""What faults and the count of calls know a download by."""

IN_PROCESS_ENDPOINT = "embedded:/"
"""The endpoint of a registry in this process; with ``/layers/…`` it is a URL of the scheme ``embedded``."""


class DownloadError(Exception):
    """There is nothing behind a URL, or it could not be had."""


@dataclass(frozen=True, slots=True)
class LayerContent:
    """The content of a layer, read piece by piece.

    Args:
        size: bytes.
    """

    database: Database
    digest: str
    size: int

    def __iter__(self) -> Iterator[bytes]:
        position = 0
        while position < self.size:
            with self.database.read() as connection:
                row = connection.execute(
                    "SELECT content FROM blob_chunks WHERE digest = ? AND first_byte = ?", (self.digest, position)
                ).fetchone()
            if row is None:
                return
            yield row["content"]
            position += len(row["content"])


def download_url(endpoint: str, registry_id: str, region: str, repository: str, digest: str) -> str:
    """The URL of a layer's content for a client that reached the registry by this endpoint."""
    return f"{endpoint}/layers/{registry_id}/{region}/{digest}/{repository}"


def find_content(database: Database, path: str) -> LayerContent:
    """The content behind the path of a download URL.

    Raises:
        ServiceError: NoSuchKey with status 404, the answer of S3 for what is not there.
    """
    kind, _, rest = path.strip("/").partition("/")
    parts = rest.split("/", 3)
    if kind == "layers" and len(parts) == 4:
        with database.read() as connection:
            row = connection.execute(
                "SELECT l.digest, l.size FROM layers l JOIN repositories r ON r.id = l.repository_id"
                " WHERE r.registry_id = ? AND r.region = ? AND l.digest = ? AND r.name = ?"
                " AND EXISTS (SELECT 1 FROM blob_chunks b WHERE b.digest = l.digest)",
                parts,
            ).fetchone()
        if row is not None:
            return LayerContent(database, row["digest"], row["size"])
    raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)


def content_response(database: Database, path: str) -> Response:
    """All of the content behind the path of a download URL, or the error of what is not there."""
    try:
        return Response(200, b"".join(find_content(database, path)), headers("application/octet-stream"))
    except ServiceError as error:
        return error_response(error)


def download_path(url: str) -> str:
    """The path of a download URL, of a served registry or of one in this process."""
    split = urlsplit(url)
    return f"{split.netloc}{split.path}" if split.scheme == "embedded" else split.path


def received_content(response: Response, url: str) -> bytes:
    """The content, as far as its delivery lets it arrive.

    Raises:
        DownloadError: there is no such content.
        ConnectionError: the connection was dropped, or closed before the whole content had arrived.
    """
    if response.delivery is not Delivery.WHOLE:
        raise ConnectionError(f"the connection was closed before the whole of {url} had arrived")
    if response.status != 200:
        raise DownloadError(f"{url} was answered with status {response.status}")
    return response.body
