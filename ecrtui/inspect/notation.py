"""What signatures of Notary Project say, in JWS and COSE envelopes. Nothing is verified.

Source: the signature specification of Notary Project.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ecrtui.ecr.json_values import to_list, to_mapping, to_text
from ecrtui.ecr.units import reformat_iso_time
from ecrtui.inspect.cbor import Tagged, parse_cbor
from ecrtui.inspect.envelopes import decode_base64, read_document
from ecrtui.inspect.facts import NOT_VERIFIED, Fact, KnownDigests, time_of_seconds, without_empty
from ecrtui.inspect.signers import TIMESTAMP, signer_facts

_NOTARY = "io.cncf.notary."
_AWS_SIGNER = "com.amazonaws.signer."
"""The attributes that the plugin of AWS Signer adds to a signature."""


def is_notation(media_type: str) -> bool:
    """Return True for the media type of an envelope of Notary Project."""
    return media_type in ("application/jose+json", "application/cose")


def notation_facts(content: bytes, media_type: str, known: KnownDigests) -> tuple[Fact, ...]:
    """Return what an envelope of Notary Project says, JWS or COSE.

    Raises:
        ValueError: the envelope cannot be read.
    """
    read = _cose if media_type == "application/cose" else _jws
    return without_empty([Fact("status", (NOT_VERIFIED,)), *read(content, known)])


def _jws(content: bytes, known: KnownDigests) -> Iterator[Fact]:
    document = to_mapping(read_document(content))
    protected = to_mapping(read_document(decode_base64(document.get("protected"))))
    header = to_mapping(document.get("header"))
    yield Fact("envelope", ("JWS",))
    yield from _payload_facts(read_document(decode_base64(document.get("payload"))), known)
    yield from _notary_header_facts(to_text(protected.get("alg")), protected)
    yield from signer_facts(to_list(header.get("x5c")))
    yield from _agent_facts(header)


def _cose(content: bytes, known: KnownDigests) -> Iterator[Fact]:
    envelope = parse_cbor(content)
    parts = envelope.value if isinstance(envelope, Tagged) else envelope
    if not isinstance(parts, list) or len(parts) != 4 or not all(isinstance(parts[at], bytes) for at in (0, 2)):
        raise ValueError("it is not a COSE_Sign1")
    protected = parse_cbor(parts[0]) if parts[0] else {}
    header = parts[1] if isinstance(parts[1], dict) else {}
    yield Fact("envelope", ("COSE",))
    yield from _payload_facts(read_document(parts[2]), known)
    if isinstance(protected, dict):
        number = protected.get(1)
        algorithm = _COSE_ALGORITHMS.get(number) if isinstance(number, int) else None
        yield from _notary_header_facts(
            algorithm or _plain(number), {name: _plain(value) for name, value in protected.items()}
        )
    chain = header.get(33)
    yield from signer_facts([chain] if isinstance(chain, bytes) else to_list(chain))
    yield from _agent_facts(header)


_COSE_ALGORITHMS = {-7: "ES256", -35: "ES384", -36: "ES512", -37: "PS256", -38: "PS384", -39: "PS512"}
"""Algorithms of the COSE registry of IANA that Notary Project allows."""


def _plain(value: object) -> str:
    """Return a value of CBOR as text; a tagged number is a time."""
    if isinstance(value, Tagged):
        return time_of_seconds(value.value) if value.tag == 1 else _plain(value.value)
    return f"{len(value):,} bytes" if isinstance(value, bytes) else "" if value is None else str(value)[:10_000]


def _payload_facts(payload: Any, known: KnownDigests) -> Iterator[Fact]:
    target = to_mapping(to_mapping(payload).get("targetArtifact"))
    digest = to_text(target.get("digest"))
    yield Fact("signed", (digest, known.match([digest])))
    own = to_mapping(target.get("annotations"))
    yield Fact("also signed", tuple(f"{name}: {to_text(value)}" for name, value in own.items()))


def _notary_header_facts(algorithm: str, protected: Mapping[Any, Any]) -> Iterator[Fact]:
    yield Fact("algorithm", (algorithm,))
    for name, label in (
        (f"{_NOTARY}signingScheme", "scheme"),
        (f"{_NOTARY}signingTime", "signed at"),
        (f"{_NOTARY}authenticSigningTime", "signed at"),
        (f"{_NOTARY}expiry", "expires"),
        (f"{_NOTARY}verificationPlugin", "plugin"),
        (f"{_AWS_SIGNER}signingProfileVersion", "profile"),
        (f"{_AWS_SIGNER}signingJob", "job"),
    ):
        yield Fact(label, (reformat_iso_time(to_text(protected.get(name))),))


def _agent_facts(header: Mapping[Any, Any]) -> Iterator[Fact]:
    yield Fact("signed with", (_plain(header.get(f"{_NOTARY}signingAgent")),))
    if header.get(f"{_NOTARY}timestampSignature"):
        yield Fact("timestamp", (TIMESTAMP,))
