"""The next step after an error, where there is one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ecrtui.errors import EcrTuiError

_BY_CODE = {
    "ImageTagAlreadyExistsException": "The tag is immutable: choose another tag, or have the setting changed: "
    "aws ecr put-image-tag-mutability --repository-name {repository}.",
    "ImageAlreadyExistsException": "The tag is on this image already; there is nothing to do.",
    "LayersNotFoundException": "PutImage moves no layers: push the image's layers to {repository} first "
    "(docker push, crane cp, skopeo copy), then put the image.",
    "ReferencedImagesNotFoundException": "Put the images that the index names into {repository} first.",
    "RepositoryNotFoundException": "Look at the repository's name (without the registry's host), at --region and "
    "--registry-id.",
    "ThrottlingException": "PutImage is allowed 10 times a second by default; wait, or try more often: "
    "AWS_MAX_ATTEMPTS, AWS_RETRY_MODE=adaptive.",
    "LimitExceededException": "An image has at most 1,000 tags.",
}
_DENIED = ("AccessDeniedException", "AccessDenied")


def hints(problem: BaseException, parameters: Mapping[str, Any]) -> Iterator[str]:
    """What to do next about an error of PutImage; nothing if there is nothing to say.

    Args:
        problem: what was raised.
        parameters: the parameters of the call, by their names in the API; empty if it did not come that far.
    """
    if isinstance(problem, EcrTuiError):
        if problem.hint:
            yield problem.hint
        return
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(problem, ClientError):
        yield from _of_service(problem, parameters)
    elif isinstance(problem, BotoCoreError):
        yield from _of_the_table(problem)


def _of_service(problem: Any, parameters: Mapping[str, Any]) -> Iterator[str]:
    error = problem.response.get("Error", {})
    code, repository = str(error.get("Code", "")), str(parameters.get("repositoryName", ""))
    if problem.operation_name != "PutImage":  # signing in failed
        yield from _of_the_table(problem)
    elif code in _BY_CODE:
        yield _BY_CODE[code].format(repository=repository)
    elif code in _DENIED:
        yield f"The IAM action is ecr:PutImage, on the repository {repository}; ask for it, or use another --profile."
    elif code == "ImageDigestDoesNotMatchException":
        yield _digest_hint(parameters)
    elif code == "InvalidParameterException" and _lacks_media_type(parameters):
        yield (
            "The manifest does not tell its mediaType: give it with --image-manifest-media-type "
            "(BatchGetImage tells it as imageManifestMediaType)."
        )
    else:
        yield from _of_the_table(problem)


def _of_the_table(problem: Exception) -> Iterator[str]:
    from ecrtui.registry.errors import translate

    hint = translate(problem, "PutImage", write=True).hint
    if hint:
        yield hint


def digest_of(parameters: Mapping[str, Any]) -> str:
    """The digest of the manifest that is sent: sha256 of its bytes."""
    return "sha256:" + hashlib.sha256(str(parameters.get("imageManifest", "")).encode()).hexdigest()


def _digest_hint(parameters: Mapping[str, Any]) -> str:
    from ecrtui.ecr.put_image_request import explain_digest_mismatch

    words = explain_digest_mismatch(str(parameters.get("imageManifest", "")), str(parameters.get("imageDigest", "")))
    return f"{words[0].upper()}{words[1:]}. A shell's $(…) drops newlines; file:// keeps every byte."


def _lacks_media_type(parameters: Mapping[str, Any]) -> bool:
    if parameters.get("imageManifestMediaType"):
        return False
    try:
        manifest = json.loads(str(parameters.get("imageManifest", "")))
    except ValueError:
        return False
    return isinstance(manifest, dict) and "mediaType" not in manifest
