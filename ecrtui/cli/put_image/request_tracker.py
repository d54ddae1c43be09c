"""Track the requests of PutImage, and read the image back when a response is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecrtui.cli.put_image.parameters import manifest_digest
from ecrtui.errors import ErrorKind
from ecrtui.registry.aws_cli.operation_model import PutImageClient


class RequestTracker:
    """The state of the PutImage requests that a client sends; botocore repeats some by itself."""

    def __init__(self, client: PutImageClient) -> None:
        self.in_flight = False
        """A request was sent and has no response yet."""
        self.lost = False
        """A request was sent, but the service's response did not arrive: nothing did, or the error of a gateway."""
        self.service_failed = False
        """The service reported that it failed (5xx), possibly after it had put the image."""
        self.applied = False
        """The service reported that the image is put."""
        client.meta.events.register("before-send.ecr.PutImage", self._sent)
        client.meta.events.register("response-received.ecr.PutImage", self._received)

    def _sent(self, **_: Any) -> None:
        self.in_flight = True

    def _received(
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
        """Return whether the image may have been put although the call raised this exception."""
        return self.lost or self.in_flight or (self.service_failed and _already_exists(problem))


def _already_exists(problem: BaseException) -> bool:
    """Return whether the error is the one that ECR gives if an earlier attempt was applied."""
    from ecrtui.registry.errors import kind_of

    return kind_of(problem) in (ErrorKind.ALREADY_EXISTS, ErrorKind.TAG_IMMUTABLE)


def _never_sent(problem: Exception) -> bool:
    """Return whether the request cannot have reached the service, because there was no connection."""
    from ecrtui.registry.errors import translate

    return not translate(problem, "PutImage", write=True).ambiguous


def read_back(client: PutImageClient, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the image as a response of PutImage if it was put: the tag points to its digest, or it exists untagged.

    Args:
        client: sends BatchGetImage with tag and digest.
        parameters: the parameters of PutImage.

    Raises:
        Exception: the exception of botocore if the image cannot be read.
    """
    from ecrtui.ecr.manifest import MEDIA_TYPES

    digest = manifest_digest(parameters)
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
