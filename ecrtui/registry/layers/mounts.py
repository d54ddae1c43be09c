"""Mount layers by the OCI distribution API: ECR gives a repository a layer of another one of the same registry.

The ECR API has no such operation. ECR mounts if the account setting BLOB_MOUNTING is on, both repositories have the
same encryption, and an image names the layer (user guide, "Blob mounting").
"""

from __future__ import annotations

from urllib.parse import quote

from ecrtui.errors import AccessDenied, Refused
from ecrtui.registry.calls import EcrCalls
from ecrtui.registry.layers.oci_api import OciApi
from ecrtui.registry.replies.validation import text, validate_reply

OPERATION = "MountLayer"
"""The name of the request in errors. It is not an operation of the ECR API."""

_SETTING = "GetAccountSetting"


class Mounts:
    """Mounts layers in the repositories of one registry.

    Args:
        calls: calls the operations of the ECR API.
        api: the OCI API of the registry.
    """

    def __init__(self, calls: EcrCalls, api: OciApi) -> None:
        self._calls = calls
        self._api = api

    def allowed(self) -> bool:
        """Return whether the account setting lets ECR mount layers."""
        try:
            reply = self._calls.read(_SETTING, without_registry_id=True, name="BLOB_MOUNTING")
        except (AccessDenied, Refused):
            return False
        with validate_reply(_SETTING):
            return text(reply, "value") == "ENABLED"

    def mount(self, repository: str, digest: str, source: str) -> bool:
        """Mount a layer of another repository. Return False if ECR does not: it must be sent then.

        Raises:
            EcrTuiError: the registry cannot be reached, is throttling, or does not accept the caller.
        """
        query = f"?mount={quote(digest)}&from={quote(source, safe='')}"
        return self._api.post(OPERATION, repository, query).status == 201
