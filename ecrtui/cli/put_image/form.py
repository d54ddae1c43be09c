"""The Put image form of the application, opened by ``--cli-auto-prompt``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecrtui.cli.put_image.auto_prompt import FormOutcome, Prefill
from ecrtui.ecr.put_image_request import PutImageRequest, PutImageResult
from ecrtui.redaction import redact_url
from ecrtui.settings import Connection

_FIELDS = {
    "registryId": "registry_id",
    "repositoryName": "repository",
    "imageManifest": "manifest",
    "imageManifestMediaType": "media_type",
    "imageTag": "tag",
    "imageDigest": "digest",
}
"""The fields of the form by the names of the parameters in the API."""

_VALUES = {"profile": "--profile", "region": "--region", "endpoint_url": "--endpoint-url", "ca_bundle": "--ca-bundle"}
_SWITCHES = {"verify_ssl": "--no-verify-ssl", "sign_request": "--no-sign-request"}


def open_form(prefill: Prefill) -> FormOutcome:
    """Show the form until an image is put or the user leaves.

    Raises:
        EcrTuiError: the settings cannot be used, or the image could not be put and the user left.
    """
    from ecrtui.tui.messages import PutImageDraft
    from ecrtui.wiring import fill_in_put_image

    given = {field: prefill.parameters[member] for member, field in _FIELDS.items() if member in prefill.parameters}
    draft = PutImageDraft(
        PutImageRequest(**given), file=prefill.file, common=_common_options(prefill.globals), problem=prefill.problem
    )
    finished = fill_in_put_image(connection_of(prefill.globals), draft)
    if finished.result is not None:
        return FormOutcome(_response(finished.result))
    if finished.error is not None:
        raise finished.error
    return FormOutcome(code=finished.code or 130)


def connection_of(options: Mapping[str, Any]) -> Connection:
    """Return the connection of the global options, without the registry id, which is a field of the form."""
    values: dict[str, Any] = {name: options[name] for name in (*_VALUES, *_SWITCHES, "debug") if name in options}
    for name in ("read_timeout", "connect_timeout"):
        if str(options.get(name, "")).isdecimal():
            values[name] = int(options[name])
    return Connection(**values)


def _common_options(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the global options that the equivalent AWS CLI command needs too."""
    given = [(option, redact_url(options[name])) for name, option in _VALUES.items() if name in options]
    words = [word for pair in given for word in pair]
    return (*words, *(option for name, option in _SWITCHES.items() if options.get(name) is False))


def _response(result: PutImageResult) -> Mapping[str, Any]:
    """Return the response as ``aws ecr put-image`` prints it."""
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
