"""Routes: which operation a method and a path of the distribution API mean, and what answers them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ecrtui.emulator.distribution import blobs, listings, manifests, uploads
from ecrtui.emulator.distribution.errors import UNSUPPORTED
from ecrtui.emulator.distribution.messages import Call
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.http.messages import Response

Handler = Callable[[Call], Response]

METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE")

PATHS = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "version": r"/v2/?",
        "catalog": r"/v2/_catalog",
        "tags": r"/v2/(?P<name>.+)/tags/list",
        "manifest": r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)",
        "referrers": r"/v2/(?P<name>.+)/referrers/(?P<reference>[^/]+)",
        "uploads": r"/v2/(?P<name>.+)/blobs/uploads/?",
        "upload": r"/v2/(?P<name>.+)/blobs/uploads/(?P<reference>[^/]+)",
        "blob": r"/v2/(?P<name>.+)/blobs/(?P<reference>[^/]+)",
    }.items()
}
"""The kinds of paths, in the order in which they are tried."""

HANDLERS: Mapping[tuple[str, str], tuple[str, Handler]] = {
    ("version", "GET"): ("", lambda _: Response(200)),
    ("catalog", "GET"): ("DescribeRepositories", listings.list_repositories),
    ("tags", "GET"): ("ListImages", listings.list_tags),
    ("referrers", "GET"): ("ListImageReferrers", listings.list_referrers),
    ("manifest", "GET"): ("BatchGetImage", manifests.get_manifest),
    ("manifest", "PUT"): ("PutImage", manifests.put_manifest),
    ("manifest", "DELETE"): ("BatchDeleteImage", manifests.delete_manifest),
    ("blob", "GET"): ("GetDownloadUrlForLayer", blobs.get_blob),
    ("blob", "HEAD"): ("BatchCheckLayerAvailability", blobs.head_blob),
    ("uploads", "POST"): ("InitiateLayerUpload", uploads.begin_upload),
    ("upload", "GET"): ("UploadLayerPart", uploads.get_upload),
    ("upload", "PATCH"): ("UploadLayerPart", uploads.append_to_upload),
    ("upload", "PUT"): ("CompleteLayerUpload", uploads.complete_upload),
    ("upload", "DELETE"): ("UploadLayerPart", uploads.cancel_upload),
}
"""The operation of ECR's API that a request means, and its handler, by kind of path and method.

The operation decides which permission the caller needs, and which faults affect the request. A HEAD request without an
entry is answered like GET.
"""


class Route(NamedTuple):
    """What a request asks for.

    Args:
        operation: its name in the ECR API; empty if it has none.
        repository: empty if the path names none.
        reference: a tag, a digest or the id of an upload; empty if the path has none.
    """

    operation: str
    handler: Handler
    repository: str = ""
    reference: str = ""


def is_distribution_path(target: str) -> bool:
    """Return True if a request target belongs to the distribution API."""
    path = _path(target)
    return path == "/v2" or path.startswith("/v2/")


def find_route(method: str, target: str) -> Route:
    """Return the route of a request; one that answers with an error if the API has no such path or method."""
    path = unquote(_path(target))
    for kind, pattern in PATHS.items():
        match = pattern.fullmatch(path)
        if match is None:
            continue
        names = {"name": "", "reference": "", **match.groupdict()}
        found = HANDLERS.get((kind, method)) or (HANDLERS.get((kind, "GET")) if method == "HEAD" else None)
        operation, handler = found or ("", _refuse_method)
        return Route(operation, handler, names["name"], names["reference"])
    return Route("", _refuse_path)


def _path(target: str) -> str:
    try:
        return urlsplit(target).path
    except ValueError:
        return ""


def _refuse_method(call: Call) -> Response:
    raise ServiceError(UNSUPPORTED, f"The operation {call.request.method} is not supported for this path.", 405)


def _refuse_path(_: Call) -> Response:
    raise ServiceError("NotFoundException", "The distribution API has no such path.", 404)
