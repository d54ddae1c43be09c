"""Downloads of layers: the URLs of GetDownloadUrlForLayer and the content behind them.

A URL is the client's endpoint plus ``/layers/ACCOUNT/REGION/DIGEST/REPOSITORY``. The endpoint of a registry in this
process is ``embedded:/``; :meth:`EmbeddedRegistry.download` reads its URLs. Unlike the URLs of AWS, these are not
signed and do not expire.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from ecrtui.emulator.database import Database
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.http_messages import Delivery, Response, headers

OPERATION = "DownloadLayer"
"""The name of a download in fault specifications and request counts."""

IN_PROCESS_ENDPOINT = "embedded:/"
"""The endpoint of a registry in this process. With ``/layers/…`` it makes a URL of the scheme ``embedded``."""


class DownloadError(Exception):
    """A download URL has no content."""


@dataclass(frozen=True, slots=True)
class LayerContent:
    """The content of a layer; iterate to read it in chunks. It ends early where the database has no content.

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
            # A file of somebody else can have anything here; an empty chunk would be read again for ever.
            if row is None or not isinstance(row["content"], bytes) or not row["content"]:
                return
            yield row["content"]
            position += len(row["content"])


def download_url(endpoint: str, registry_id: str, region: str, repository: str, digest: str) -> str:
    """Return the download URL of a layer for a client that uses this endpoint."""
    return f"{endpoint}/layers/{registry_id}/{region}/{digest}/{repository}"


def find_content(database: Database, path: str) -> LayerContent:
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
                " AND EXISTS (SELECT 1 FROM blob_chunks b WHERE b.digest = l.digest)",
                parts,
            ).fetchone()
        if row is not None:
            return LayerContent(database, row["digest"], row["size"])
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
