"""PutImage itself, and what became of it when its answer was lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecrtui.cli.put_image.hints import digest_of
from ecrtui.cli.put_image.model import PutImageClient
from ecrtui.errors import ErrorKind

MEDIA_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
)


class RequestTracker:
    """What became of each sending of a request; botocore repeats some on its own."""

    def __init__(self, client: PutImageClient) -> None:
        self.in_flight = False
        """A request was sent and not answered yet."""
        self.lost = False
        """A request was sent, and what came back was not the service's answer: nothing, or a gateway's."""
        self.service_failed = False
        """The service itself has said that it failed in the middle (5xx)."""
        self.applied = False
        """The service has said that the image is put."""
        client.meta.events.register("before-send.ecr.PutImage", self._sent)
        client.meta.events.register("response-received.ecr.PutImage", self._answered)

    def _sent(self, **_: Any) -> None:
        self.in_flight = True

    def _answered(
        self, parsed_response: Mapping[str, Any] | None = None, exception: Exception | None = None, **_: Any
    ) -> None:
        self.in_flight = False
        if exception is not None:
            self.lost |= not _never_sent(exception)
        elif parsed_response is not None:
            status = parsed_response["ResponseMetadata"]["HTTPStatusCode"]
            self.applied |= status < 300 and "image" in parsed_response
            self.service_failed |= status >= 500
            self.lost |= status >= 500 and not str(parsed_response.get("Error", {}).get("Code", ""))[:1].isalpha()

    def may_be_applied(self, problem: BaseException) -> bool:
        """Whether the image may have been put although this was raised."""
        return self.lost or self.in_flight or (self.service_failed and _is_already_there(problem))


def _is_already_there(problem: BaseException) -> bool:
    """Whether the service answers as it does when an earlier attempt was applied."""
    from ecrtui.registry.errors import kind_of

    return kind_of(problem) in (ErrorKind.ALREADY_EXISTS, ErrorKind.TAG_IMMUTABLE)


def _never_sent(problem: Exception) -> bool:
    """Whether the request cannot have reached the service: there was no connection."""
    from ecrtui.registry.errors import translate

    return not translate(problem, "PutImage", write=True).ambiguous


def read_back(client: PutImageClient, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """The image if the tag is at what was sent (without a tag: if the image is there), laid out as PutImage's answer.

    Args:
        client: asks once more (BatchGetImage, by tag and digest).
        parameters: what PutImage was called with.

    Raises:
        Exception: what botocore raises if it cannot be known.
    """
    digest = digest_of(parameters)
    image_id = {"imageDigest": digest}
    if "imageTag" in parameters:
        image_id["imageTag"] = parameters["imageTag"]
    given = parameters.get("imageManifestMediaType")
    request: dict[str, Any] = {
        "repositoryName": parameters["repositoryName"],
        "imageIds": [image_id],
        "acceptedMediaTypes": list(dict.fromkeys((*([given] if given else []), *MEDIA_TYPES))),
    }
    if "registryId" in parameters:
        request["registryId"] = parameters["registryId"]
    for image in client.batch_get_image(**request).get("images", []):
        if image.get("imageId", {}).get("imageDigest") == digest:
            return {"image": image}
    return None
