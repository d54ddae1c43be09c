"""The identity of a registry."""

from __future__ import annotations

from base64 import b32decode
from typing import NamedTuple

from ecrtui.errors import UsageError

EMBEDDED = "embedded"
"""The endpoint of an embedded registry in memory. For one in a file, a blank and the path of the file follow."""


class RegistryLocation(NamedTuple):
    """A registry, as the header shows it and as the journal and the cache are keyed by it."""

    registry_id: str
    region: str
    endpoint: str = ""
    """The URL of an endpoint that is not AWS's own; :data:`EMBEDDED` for a registry in this process; else empty."""

    @property
    def is_embedded(self) -> bool:
        """True for a registry in this process, in memory or in a file."""
        return self.endpoint.startswith(EMBEDDED)

    @property
    def database(self) -> str:
        """The file of an embedded registry; empty for one in memory, and for other registries."""
        return self.endpoint.partition(" ")[2] if self.is_embedded else ""

    @property
    def in_words(self) -> str:
        """The account, the region and the endpoint for a sentence."""
        return f"account {self.registry_id} in {self.region}{f' at {self.endpoint}' if self.endpoint else ''}"


def check_account(registry_id: str) -> None:
    """Check the account that the user gave.

    Raises:
        UsageError: it has other characters than 12 digits.
    """
    if not (len(registry_id) == 12 and registry_id.isascii() and registry_id.isdecimal()):
        raise UsageError(f"{registry_id!r} is not an account", hint="An account has 12 digits, as in 123456789012.")


def account_of_arn(arn: str) -> str:
    """Return the account in an ARN (``arn:partition:service:region:account:resource``); empty if there is none."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 and parts[0] == "arn" else ""


def account_of_access_key(key: str) -> str:
    """Return the account that an access key belongs to; empty if the key does not show it.

    The 12 characters after the prefix are base32. 40 bits after the first bit are the account. AWS does not document
    this, and keys from before 2019, whose first bit is 0, do not have it.
    https://medium.com/@TalBeerySec/a-short-note-on-aws-key-id-f88cc4317489
    """
    try:
        number = int.from_bytes(b32decode(key[4:].upper())[:6], "big")
    except ValueError:
        return ""
    modern = len(key) >= 16 and number >> 47
    return f"{(number & 0x7FFFFFFFFF80) >> 7:012d}" if modern else ""
