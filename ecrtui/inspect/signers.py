"""Who signed something, and where that is logged: certificates, entries of Rekor, timestamps. Nothing is verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ecrtui.ecr.json_values import to_text
from ecrtui.ecr.units import reformat_iso_time
from ecrtui.inspect.certificates import parse_certificate
from ecrtui.inspect.envelopes import decode_base64
from ecrtui.inspect.facts import Fact, time_of_seconds

TIMESTAMP = "present, from a timestamp authority; not read"
"""The line of a fact about a timestamp (RFC 3161)."""

NO_LOG = "no entry is stored with the signature"
"""The line of the fact about the log, without an entry."""


def signer_facts(chain: Sequence[object]) -> Iterator[Fact]:
    """Yield what the first certificate of a chain says: it is that of the signer. Each is in DER, or base64 of it."""
    if not chain:
        yield Fact("signer", ("not named: no certificate is stored with the signature",))
        return
    first = chain[0]
    try:
        found = parse_certificate(first if isinstance(first, bytes) else decode_base64(first))
    except ValueError as problem:
        yield Fact("signer", (f"the certificate cannot be read: {problem}",))
        return
    yield Fact("signer", found.names or (found.subject or "not named in the certificate",))
    yield Fact("identity provider", (found.identity_provider,))
    yield Fact(
        "certificate",
        (
            f"issued by {found.issuer}" if found.issuer else "it does not name its issuer",
            f"valid {reformat_iso_time(found.not_before)} to {reformat_iso_time(found.not_after)}",
        ),
    )


def log_fact(index: object, seconds: object) -> Fact:
    """Return an entry in the log Rekor: its number, and its time in seconds since the epoch."""
    moment = time_of_seconds(seconds)
    return Fact("log", (f"Rekor entry {to_text(index) or 'without a number'}{f', {moment}' if moment else ''}",))
