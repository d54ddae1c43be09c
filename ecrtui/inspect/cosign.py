"""What signatures of cosign and sigstore bundles say. Nothing is verified.

Sources: cosign's signature specification (simple signing payload and annotations), and the sigstore bundle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ecrtui.ecr.json_values import parse_json, to_list, to_mapping, to_text
from ecrtui.inspect.certificates import certificates_of_pem
from ecrtui.inspect.envelopes import decode_base64
from ecrtui.inspect.facts import MAX_LINES, NOT_VERIFIED, Fact, KnownDigests, without_empty
from ecrtui.inspect.signers import NO_LOG, TIMESTAMP, log_fact, signer_facts

_SIMPLE_SIGNING = "cosign container image signature"
_COSIGN = "dev.sigstore.cosign/"
_COSIGN_SIGNATURE = "dev.cosignproject.cosign/signature"


def is_simple_signing(document: Any) -> bool:
    """Return True for the payload that cosign signs."""
    return to_mapping(to_mapping(document).get("critical")).get("type") == _SIMPLE_SIGNING


def cosign_facts(payload: Any, annotations: Mapping[str, str], known: KnownDigests) -> tuple[Fact, ...]:
    """Return what a signature of cosign says.

    Args:
        payload: the payload that was signed, as plain JSON values.
        annotations: the annotations of its layer: signature, certificate, entry in the log.
        known: the digests of the image.
    """
    critical = to_mapping(to_mapping(payload).get("critical"))
    digest = to_text(to_mapping(critical.get("image")).get("docker-manifest-digest"))
    facts = [
        Fact("status", (NOT_VERIFIED,)),
        Fact("signed", (digest, known.match([digest]))),
        Fact("signed as", (to_text(to_mapping(critical.get("identity")).get("docker-reference")),)),
        *signer_facts(certificates_of_pem(annotations.get(f"{_COSIGN}certificate", ""))),
        *_rekor_facts(annotations.get(f"{_COSIGN}bundle", "")),
    ]
    if annotations.get(f"{_COSIGN}rfc3161timestamp"):
        facts.append(Fact("timestamp", (TIMESTAMP,)))
    optional = to_mapping(to_mapping(payload).get("optional"))
    facts.append(Fact("also signed", tuple(f"{name}: {to_text(value)}" for name, value in optional.items())))
    if signature := annotations.get(_COSIGN_SIGNATURE):
        facts.append(Fact("signature", (signature,)))
    return without_empty(facts)


def _rekor_facts(text: str) -> Iterator[Fact]:
    """Return the entry in the log Rekor that cosign keeps in an annotation."""
    if not text:
        yield Fact("log", (NO_LOG,))
        return
    try:
        payload = to_mapping(to_mapping(parse_json(text)).get("Payload"))
    except ValueError as problem:
        yield Fact("log", (f"the entry cannot be read: {problem}",))
        return
    yield log_fact(payload.get("logIndex"), payload.get("integratedTime"))


def bundle_facts(bundle: Mapping[str, Any], known: KnownDigests) -> Iterator[Fact]:
    """Yield who signed a sigstore bundle, where it is logged, and what was signed; nothing if it is empty."""
    if not bundle:
        return
    material = to_mapping(bundle.get("verificationMaterial"))
    chain = to_list(to_mapping(material.get("x509CertificateChain")).get("certificates"))
    stored = [material["certificate"], *chain] if "certificate" in material else chain
    key = to_text(to_mapping(material.get("publicKey")).get("hint"))
    if key:
        yield Fact("signer", (f"key {key}",))
    else:
        yield from signer_facts([to_mapping(entry).get("rawBytes") for entry in stored])
    entries = [to_mapping(entry) for entry in to_list(material.get("tlogEntries"))[:MAX_LINES]]
    for entry in entries:
        yield log_fact(entry.get("logIndex"), entry.get("integratedTime"))
    if not entries:
        yield Fact("log", (NO_LOG,))
    if to_list(to_mapping(material.get("timestampVerificationData")).get("rfc3161Timestamps")):
        yield Fact("timestamp", (TIMESTAMP,))
    message = to_mapping(to_mapping(bundle.get("messageSignature")).get("messageDigest"))
    if message:
        yield from _message_facts(message, known)


def _message_facts(message: Mapping[str, Any], known: KnownDigests) -> Iterator[Fact]:
    algorithm = to_text(message.get("algorithm")).lower().replace("_", "")
    algorithm = {"sha2256": "sha256"}.get(algorithm, algorithm)
    try:
        digest = f"{algorithm}:{decode_base64(message.get('digest')).hex()}"
    except ValueError as problem:
        yield Fact("signed", (f"the digest cannot be read: {problem}",))
        return
    yield Fact("signed", (digest, known.match([digest])))
