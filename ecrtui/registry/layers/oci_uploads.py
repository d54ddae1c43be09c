"""Send a layer by the OCI distribution API: in one request, as it is. A retry starts at the first byte.

The ECR API takes parts in JSON, which has a third more bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from ecrtui.errors import ErrorKind, Refused
from ecrtui.registry.layers.oci_api import Body, OciApi, refusal
from ecrtui.registry.protocol import Part

OPERATION = "UploadLayer"
"""The name of the request in errors. It is not an operation of the ECR API."""


def push(api: OciApi, repository: str, digest: str, size: int, pieces: Iterable[Part], *, read_timeout: int) -> None:
    """Send a layer (``POST /v2/…/blobs/uploads/``, then ``PUT``).

    Args:
        api: the OCI API of the registry.
        repository: the repository that gets it.
        digest: its digest.
        size: its bytes.
        pieces: its content. An error of it is raised as it is.
        read_timeout: seconds that the registry may take to store it.

    Raises:
        Refused: the content has another digest (the kind is DIGEST_MISMATCH), or the registry does not take it.
        EcrTuiError: the registry cannot be reached, is throttling, or does not accept the caller.
    """
    begun = api.post(OPERATION, repository)
    if begun.status != 202 or not begun.location:
        raise refusal(OPERATION, repository, begun.status)
    mark = "&" if "?" in begun.location else "?"
    url = f"{begun.location}{mark}digest={quote(digest)}"
    status = api.put(OPERATION, repository, url, Body(size, pieces), read_timeout=read_timeout).status
    if status == 400:
        raise Refused(
            "The layer that arrived has another digest", digest, kind=ErrorKind.DIGEST_MISMATCH, operation=OPERATION
        )
    if status != 201:
        raise refusal(OPERATION, repository, status)
