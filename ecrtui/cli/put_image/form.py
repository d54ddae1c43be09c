"""The Put image form of the application, opened by ``--cli-auto-prompt``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from ecrtui.cli.connection_options import aws_cli_words, connection_from
from ecrtui.cli.put_image.auto_prompt import FormOutcome, Prefill
from ecrtui.ecr.put_image_request import PutImageRequest, PutImageResult
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


def open_form(prefill: Prefill) -> FormOutcome:
    """Show the form until an image is put or the user leaves.

    Raises:
        EcrTuiError: the settings cannot be used, or the image could not be put and the user left.
    """
    from ecrtui.application import fill_in_put_image
    from ecrtui.tui.messages import PutImageDraft

    given = {field: prefill.parameters[member] for member, field in _FIELDS.items() if member in prefill.parameters}
    connection = _connection_of(prefill.globals)
    common = tuple(aws_cli_words(connection))
    draft = PutImageDraft(PutImageRequest(**given), file=prefill.file, common=common, problem=prefill.problem)
    finished = fill_in_put_image(connection, draft)
    if finished.result is not None:
        return FormOutcome(_response(finished.result))
    if finished.error is not None:
        raise finished.error
    return FormOutcome(code=finished.code or 130)


def _connection_of(options: Mapping[str, Any]) -> Connection:
    """Return the connection of the valid global options, without the registry id, which is a field of the form."""
    timeouts = ("read_timeout", "connect_timeout")
    valid = {
        name: int(value) if name in timeouts else value
        for name, value in options.items()
        if name not in timeouts or str(value).isdecimal()
    }
    return connection_from(argparse.Namespace(**valid))


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
