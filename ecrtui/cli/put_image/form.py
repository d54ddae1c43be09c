"""The Put image form as the command opens it: from the line to the form, and from what came of it to an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecrtui.cli.put_image.prompt import FormOutcome, Prefill
from ecrtui.ecr.put_image_request import PutImageRequest, PutImageResult
from ecrtui.settings import Connection

_MEMBERS = {
    "registryId": "registry_id",
    "repositoryName": "repository",
    "imageManifest": "manifest",
    "imageManifestMediaType": "media_type",
    "imageTag": "tag",
    "imageDigest": "digest",
}
"""The parameters that the form has a field for, by their names in the API."""

_VALUES = {"profile": "--profile", "region": "--region", "endpoint_url": "--endpoint-url", "ca_bundle": "--ca-bundle"}
_SWITCHES = {"verify_ssl": "--no-verify-ssl", "sign_request": "--no-sign-request"}


def fill_in(prefill: Prefill) -> FormOutcome:
    """Show the form until an image is put or it is left.

    Raises:
        EcrTuiError: the settings cannot be used; or why the image could not be put, if it was tried and given up.
    """
    from ecrtui.tui.messages import PutImageDraft
    from ecrtui.wiring import fill_in_put_image

    given = {field: prefill.parameters[member] for member, field in _MEMBERS.items() if member in prefill.parameters}
    draft = PutImageDraft(
        PutImageRequest(**given), file=prefill.file, common=_common(prefill.globals), problem=prefill.problem
    )
    filled = fill_in_put_image(_connection(prefill.globals), draft)
    if filled.result is not None:
        return FormOutcome(answer=_answer(filled.result))
    if filled.error is not None:
        raise filled.error
    return FormOutcome(code=filled.code or 130)


def _connection(options: Mapping[str, Any]) -> Connection:
    """The connection of the line. The registry id is a field of the form, and may change there."""
    known: dict[str, Any] = {name: options[name] for name in (*_VALUES, *_SWITCHES, "debug") if name in options}
    for name in ("read_timeout", "connect_timeout"):
        if str(options.get(name, "")).isdecimal():
            known[name] = int(options[name])
    return Connection(**known)


def _common(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The options of the line that the equivalent command has too."""
    words = [word for name, option in _VALUES.items() if name in options for word in (option, options[name])]
    return (*words, *(option for name, option in _SWITCHES.items() if options.get(name) is False))


def _answer(result: PutImageResult) -> Mapping[str, Any]:
    """What ``aws ecr put-image`` would print."""
    image_id = {"imageDigest": result.digest, **({"imageTag": result.tag} if result.tag else {})}
    return {
        "image": {
            "registryId": result.registry_id,
            "repositoryName": result.repository,
            "imageId": image_id,
            "imageManifest": result.manifest,
            "imageManifestMediaType": result.media_type,
        }
    }
