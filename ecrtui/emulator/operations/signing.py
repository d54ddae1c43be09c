"""Managed signing: the signing configuration of a registry, and the signatures of pushed images.

The embedded registry has no keys. The signature that it stores has the form of a Notary Project signature, so that
clients find a referrer, but no valid cryptographic signature.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from ecrtui.emulator import blobs, manifests, storage
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.operations import registry_settings
from ecrtui.emulator.operations.image_ids import lookup_image, require_image, tag_member
from ecrtui.emulator.request_context import Operation, RequestContext
from ecrtui.emulator.wildcards import matches_wildcard

SIGNATURE = "application/vnd.cncf.notary.signature"
"""The artifact type of a signature (Notary Project, "OCI signature specification")."""

_SETTING = "signing"
_ENVELOPE = "application/jose+json"
_PAYLOAD = "application/vnd.cncf.notary.payload.v1+json"


def put_signing_configuration(context: RequestContext) -> dict[str, Any]:
    """PutSigningConfiguration."""
    configuration = context["signingConfiguration"]
    with context.database.write() as connection:
        registry_settings.put(connection, context.registry_id, context.region, _SETTING, configuration)
    return {"signingConfiguration": configuration}


def get_signing_configuration(context: RequestContext) -> dict[str, Any]:
    """GetSigningConfiguration."""
    with context.database.read() as connection:
        return _configuration(context, connection)


def delete_signing_configuration(context: RequestContext) -> dict[str, Any]:
    """DeleteSigningConfiguration: the signatures of images stay."""
    with context.database.write() as connection:
        response = _configuration(context, connection)
        registry_settings.put(connection, context.registry_id, context.region, _SETTING, None)
    return response


def describe_image_signing_status(context: RequestContext) -> dict[str, Any]:
    """DescribeImageSigningStatus: a status for each profile that signed the image."""
    with context.database.read() as connection:
        image = require_image(connection, context.repository(connection), context["imageId"])
        rows = connection.execute(
            "SELECT profile_arn, status FROM image_signings WHERE image_id = ? ORDER BY profile_arn", (image["id"],)
        ).fetchall()
    return {
        **context.repository_members(),
        "imageId": {"imageDigest": image["digest"], **tag_member(context["imageId"])},
        "signingStatuses": [{"signingProfileArn": row["profile_arn"], "status": row["status"]} for row in rows],
    }


def sign_on_push(
    context: RequestContext, connection: sqlite3.Connection, repository: sqlite3.Row, image_id: int
) -> list[int]:
    """Sign a pushed image with the profiles whose rules match the repository; return the ids of the new signatures.

    An image is signed once by each profile. Images that refer to others, such as signatures, are not signed.
    """
    configuration = registry_settings.get(connection, repository["registry_id"], repository["region"], _SETTING)
    if configuration is None:
        return []
    image = connection.execute("SELECT * FROM images WHERE id = ?", (image_id,)).fetchone()
    if image["subject"] is not None:
        return []
    signatures = []
    for profile in dict.fromkeys(_profiles(configuration, repository["name"])):
        cursor = connection.execute(
            "INSERT OR IGNORE INTO image_signings (image_id, profile_arn, status) VALUES (?, ?, 'COMPLETE')",
            (image_id, profile),
        )
        signature = _signature(context, connection, image, profile) if cursor.rowcount else None
        if signature is not None:
            signatures.append(signature)
    return signatures


def _profiles(configuration: dict[str, Any], name: str) -> Iterator[str]:
    """Yield the signing profiles for a repository of this name."""
    for rule in configuration["rules"]:
        filters = rule.get("repositoryFilters")
        if filters is None or any(matches_wildcard(entry["filter"], name) for entry in filters):
            yield rule["signingProfileArn"]


def _signature(context: RequestContext, connection: sqlite3.Connection, image: sqlite3.Row, profile: str) -> int | None:
    """Store a signature as a referrer of the image; return the id of its row, or None if it was there."""
    repository_id = image["repository_id"]
    manifest = storage.read_manifest(connection, image["id"])
    subject = {"mediaType": image["media_type"], "digest": image["digest"], "size": len(manifest.encode())}
    protected = {"alg": "PS256", "cty": _PAYLOAD, "com.amazonaws.signer.signingProfileArn": profile}
    envelope = {
        "payload": _base64(_json({"targetArtifact": subject})),
        "protected": _base64(_json(protected)),
        "signature": "",
    }
    config, layer = (_store_blob(connection, repository_id, content) for content in (b"{}", _json(envelope)))
    text = _json(
        {
            "schemaVersion": 2,
            "mediaType": manifests.OCI_MANIFEST,
            "config": {"mediaType": SIGNATURE, **config},
            "layers": [{"mediaType": _ENVELOPE, **layer}],
            "subject": subject,
            "annotations": {
                "io.cncf.notary.x509chain.thumbprint#S256": json.dumps([hashlib.sha256(profile.encode()).hexdigest()])
            },
        }
    ).decode()
    if lookup_image(connection, repository_id, digest=blobs.digest_of(text.encode())) is not None:
        return None  # the image was deleted and pushed again; its signature stayed
    return storage.insert_image(connection, repository_id, text, manifests.parse_manifest(text), pushed_at=context.now)


def _store_blob(connection: sqlite3.Connection, repository_id: int, content: bytes) -> dict[str, Any]:
    """Store a blob; return its descriptor without a media type."""
    return {"digest": storage.store_layer(connection, repository_id, content), "size": len(content)}


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _configuration(context: RequestContext, connection: sqlite3.Connection) -> dict[str, Any]:
    configuration = registry_settings.get(connection, context.registry_id, context.region, _SETTING)
    if configuration is None:
        raise ServiceError(
            "SigningConfigurationNotFoundException",
            f"Signing configuration does not exist in the registry with id '{context.registry_id}'",
        )
    return {"registryId": context.registry_id, "signingConfiguration": configuration}


OPERATIONS: dict[str, Operation] = {
    "PutSigningConfiguration": put_signing_configuration,
    "GetSigningConfiguration": get_signing_configuration,
    "DeleteSigningConfiguration": delete_signing_configuration,
    "DescribeImageSigningStatus": describe_image_signing_status,
}
