"""Blobs: whether a repository has one, and where its content is."""

from __future__ import annotations

from ecrtui.emulator.distribution.messages import Call
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.http.messages import Response


def head_blob(call: Call) -> Response:
    """HEAD: answer with the size of a blob that the repository has, also if no image names it yet."""
    digest = call.reference
    layers = call.run("BatchCheckLayerAvailability", layerDigests=[digest])["layers"]
    if not layers or layers[0]["layerAvailability"] != "AVAILABLE":
        raise ServiceError("LayersNotFoundException", f"The layer with digest '{digest}' does not exist")
    return Response(
        200,
        headers={
            "Content-Type": "application/octet-stream",
            "Content-Length": str(layers[0]["layerSize"]),
            "Docker-Content-Digest": digest,
        },
    )


def get_blob(call: Call) -> Response:
    """GET: send the client to the download URL of a blob. ECR has URLs only for blobs that an image names."""
    url = call.run("GetDownloadUrlForLayer", layerDigest=call.reference)["downloadUrl"]
    return Response(307, headers={"Location": url})
