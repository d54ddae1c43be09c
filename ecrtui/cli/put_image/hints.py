"""The next step after an error of put-image."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.registry.aws_cli.failures import is_from_botocore


def hints(
    problem: BaseException, parameters: Mapping[str, Any], sign_in: Callable[[], str] | None = None
) -> Iterator[str]:
    """Yield what to do about an error of PutImage; nothing if there is no advice.

    Args:
        problem: the exception.
        parameters: the parameters of the call, by their names in the API; empty if nothing was called.
        sign_in: returns how the user can renew the credentials.
    """
    if isinstance(problem, EcrTuiError):
        if problem.hint:
            yield problem.hint
    elif is_from_botocore(problem):
        yield from _hints_from_table(problem, parameters, sign_in)


def _hints_from_table(
    problem: Exception, parameters: Mapping[str, Any], sign_in: Callable[[], str] | None
) -> Iterator[str]:
    from ecrtui.registry.errors import translate

    repository = str(parameters.get("repositoryName", ""))
    error = translate(problem, "PutImage", write=True, repository=repository, sign_in=sign_in)
    if error.kind is ErrorKind.DIGEST_MISMATCH:
        yield _digest_hint(parameters)
    elif error.kind is ErrorKind.INVALID_REQUEST and _lacks_media_type(parameters):
        yield (
            "The manifest has no mediaType field. Give its media type with --image-manifest-media-type "
            "(BatchGetImage returns it as imageManifestMediaType)."
        )
    elif error.hint:
        yield error.hint


def _digest_hint(parameters: Mapping[str, Any]) -> str:
    from ecrtui.ecr.put_image_request import explain_digest_mismatch

    reason = explain_digest_mismatch(str(parameters.get("imageManifest", "")), str(parameters.get("imageDigest", "")))
    return f"{reason[0].upper()}{reason[1:]}. A shell's $(…) drops newlines; file:// keeps every byte."


def _lacks_media_type(parameters: Mapping[str, Any]) -> bool:
    if parameters.get("imageManifestMediaType"):
        return False
    try:
        manifest = json.loads(str(parameters.get("imageManifest", "")))
    except ValueError:
        return False
    return isinstance(manifest, dict) and "schemaVersion" in manifest and "mediaType" not in manifest
