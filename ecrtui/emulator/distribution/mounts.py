"""Mounting: a repository gets a blob of another repository of its registry, without an upload.

ECR mounts only if the account setting BLOB_MOUNTING is on, if both repositories have the same encryption type and key
(user guide, "Blob mounting"), and if an image in the other repository names the blob (containers-roadmap#2860).
"""

from __future__ import annotations

import sqlite3

from ecrtui.emulator import storage
from ecrtui.emulator.distribution.messages import Call
from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.operations import creation_templates, layers, registry_settings
from ecrtui.emulator.request_context import RequestContext

READ = "GetDownloadUrlForLayer"
"""The permission that a client needs for the other repository. Which one AWS wants is not known."""

_ENCRYPTION = ("encryption_type", "kms_key")


def mount_blob(call: Call, digest: str, source: str) -> bool:
    """Mount a blob if that is possible; return False if it is not, for whatever reason.

    Args:
        source: the name of the other repository; empty if the client names none.

    Raises:
        ServiceError: the client has no access to its own repository, or that does not exist.
    """
    context = call.context("InitiateLayerUpload")
    source_context = _context_of_source(call, source)
    if source_context is None:
        return False
    with context.database.write() as connection:
        repository = creation_templates.repository_of_push(context, connection)
        try:
            other = source_context.repository(connection)
        except ServiceError:  # it does not exist
            return False
        layer = layers.find_layer(connection, other["id"], digest)
        if (
            not _is_enabled(context, connection)
            or any(repository[name] != other[name] for name in _ENCRYPTION)
            or layer is None
            or not layer["active"]
        ):
            return False
        storage.declare_layer(connection, repository["id"], digest, layer["size"])
    return True


def _context_of_source(call: Call, name: str) -> RequestContext | None:
    """Return the context of the other repository; None if its name is invalid, or the client may not read it."""
    try:
        return call.context(READ, name) if name else None
    except ServiceError:
        return None


def _is_enabled(context: RequestContext, connection: sqlite3.Connection) -> bool:
    setting = registry_settings.BLOB_MOUNTING
    value = registry_settings.account_setting(connection, context.registry_id, context.region, setting)
    return value == registry_settings.ENABLED
