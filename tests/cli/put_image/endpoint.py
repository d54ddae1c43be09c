"""A PutImage endpoint that accepts any manifest, as the one that the runs were recorded against.

It returns what it received. For a repository named ``err-KIND`` it returns that error.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ERRORS = {
    "tagexists": (
        "ImageTagAlreadyExistsException",
        "The image tag 'prod' already exists in the 'x' repository and cannot be overwritten because the repository is "
        "immutable.",
    ),
    "exists": (
        "ImageAlreadyExistsException",
        "Image with digest 'sha256:abc' and tag 'prod' already exists in the repository with name 'x' in registry with "
        "id '123456789012'",
    ),
    "kms": ("KmsException", "kms failed"),
    "throttle": ("ThrottlingException", "Rate exceeded"),
    "server": ("ServerException", "boom"),
    "expired": ("ExpiredTokenException", "The security token included in the request is expired"),
    "denied": ("AccessDeniedException", "User: x is not authorized to perform: ecr:PutImage"),
    "escape": ("InvalidParameterException", "\x1b]0;owned\x07 \u202ebad"),
}


class Endpoint:
    """The received requests and the URL of the endpoint."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.url = ""

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The parameters of each request."""
        return [request["body"] for request in self.requests]

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return status and response for the parameters of a request."""
        repository = body.get("repositoryName", "")
        if repository.startswith("err-"):
            kind = repository[4:].split("-")[0]
            code, message = ERRORS[kind]
            extra = {"kmsError": "DisabledException"} if kind == "kms" else {}
            return 500 if kind == "server" else 400, {"__type": code, "message": message, **extra}
        manifest = body["imageManifest"]
        image_id = {"imageDigest": "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()}
        if "imageTag" in body:
            image_id["imageTag"] = body["imageTag"]
        image = {
            "registryId": body.get("registryId", "123456789012"),
            "repositoryName": repository,
            "imageId": image_id,
            "imageManifest": manifest,
            "imageManifestMediaType": body.get("imageManifestMediaType") or _media_type(manifest),
        }
        return 200, {"image": image}


def _media_type(manifest: str) -> str | None:
    try:
        media_type = json.loads(manifest).get("mediaType")
    except (ValueError, AttributeError):
        return None
    return str(media_type) if media_type is not None else None


@contextmanager
def serving() -> Iterator[Endpoint]:
    """Serve an endpoint on a free port of 127.0.0.1."""
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Log nothing."""

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/", self.headers.get("Authorization", ""))
            body = json.loads(raw)
            endpoint.requests.append({"body": body, "region": scope and scope[1], "headers": dict(self.headers)})
            status, answer = endpoint.answer(body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("x-amzn-RequestId", "11111111-2222-3333-4444-555555555555")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
