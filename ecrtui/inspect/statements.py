"""What statements and signatures say: about what, by whom, when. Nothing is verified.

Sources: in-toto attestation framework, SLSA provenance v0.2 and v1, cosign's signature specification (simple signing
payload and annotations), sigstore bundle, and the signature specification of Notary Project (JWS and COSE envelopes).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ecrtui.ecr.json_values import parse_json, to_list, to_mapping, to_text
from ecrtui.ecr.units import MAX_TIME, format_date, reformat_iso_time
from ecrtui.inspect.cbor import Tagged, parse_cbor
from ecrtui.inspect.certificates import certificates_of_pem, parse_certificate
from ecrtui.inspect.envelopes import OpenedDocument, StatementSubject, decode_base64, read_document

NOT_VERIFIED = "present, not verified"
"""The note on every signature and statement: ecrtui reads them and verifies none."""

MAX_LINES = 500
"""Lines of one fact, such as the materials of a build."""

_SIMPLE_SIGNING = "cosign container image signature"
_COSIGN = "dev.sigstore.cosign/"
_COSIGN_SIGNATURE = "dev.cosignproject.cosign/signature"
_NOTARY = "io.cncf.notary."
_BUILDKIT_METADATA = "https://mobyproject.org/buildkit@v1#metadata"

_TIMESTAMP = "present, from a timestamp authority; not read"
_NO_LOG = "no entry is stored with the signature"


class Fact(NamedTuple):
    """A label of ecrtui, and lines that can contain text of the registry, with control characters as they are."""

    label: str
    lines: tuple[str, ...]


class KnownDigests(NamedTuple):
    """The digests that a statement can be about, each with what it is: the index, or a platform."""

    names: Mapping[str, str]

    def match(self, digests: Collection[str]) -> str:
        """Return in words whether one of the digests is known."""
        if not any(digests):
            return "it names no digest"
        found = [self.names[digest] for digest in digests if digest in self.names]
        return (
            f"matches {', '.join(found)}"
            if found
            else "matches neither this image nor one of its platforms or artifacts"
        )


def statement_facts(opened: OpenedDocument, known: KnownDigests) -> tuple[Fact, ...]:
    """Return what the envelopes of a document and its statement say; nothing if it has none."""
    facts = [Fact("status", (NOT_VERIFIED,))] if opened.envelopes else []
    if opened.envelopes:
        facts.append(Fact("envelopes", (" › ".join(opened.envelopes),)))
    facts += _bundle_facts(opened.bundle, known)
    facts += _dsse_facts(opened.dsse)
    if opened.statement:
        facts.append(Fact("predicate type", (opened.predicate_type,)))
        facts += _subject_facts(opened.subjects, known)
        facts += predicate_facts(opened.document)
    return _without_empty(facts)


def predicate_facts(predicate: Any) -> tuple[Fact, ...]:
    """Return builder, source and materials of a SLSA provenance, of version 0.2 or 1; nothing for another predicate."""
    members = to_mapping(predicate)
    if isinstance(members.get("buildDefinition"), dict):
        return _without_empty(_slsa1(members))
    if isinstance(members.get("builder"), dict):
        return _without_empty(_slsa02(members))
    return ()


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
        *_signer_facts(certificates_of_pem(annotations.get(f"{_COSIGN}certificate", ""))),
        *_rekor_facts(annotations.get(f"{_COSIGN}bundle", "")),
    ]
    if annotations.get(f"{_COSIGN}rfc3161timestamp"):
        facts.append(Fact("timestamp", (_TIMESTAMP,)))
    optional = to_mapping(to_mapping(payload).get("optional"))
    facts.append(Fact("also signed", tuple(f"{name}: {to_text(value)}" for name, value in optional.items())))
    if signature := annotations.get(_COSIGN_SIGNATURE):
        facts.append(Fact("signature", (signature,)))
    return _without_empty(facts)


def is_notation(media_type: str) -> bool:
    """Return True for the media type of an envelope of Notary Project."""
    return media_type in ("application/jose+json", "application/cose")


def notation_facts(content: bytes, media_type: str, known: KnownDigests) -> tuple[Fact, ...]:
    """Return what an envelope of Notary Project says, JWS or COSE.

    Raises:
        ValueError: the envelope cannot be read.
    """
    read = _cose if media_type == "application/cose" else _jws
    return _without_empty([Fact("status", (NOT_VERIFIED,)), *read(content, known)])


def _jws(content: bytes, known: KnownDigests) -> Iterator[Fact]:
    document = to_mapping(read_document(content))
    protected = to_mapping(read_document(decode_base64(document.get("protected"))))
    header = to_mapping(document.get("header"))
    yield Fact("envelope", ("JWS",))
    yield from _payload_facts(read_document(decode_base64(document.get("payload"))), known)
    yield from _notary_header_facts(to_text(protected.get("alg")), protected)
    yield from _signer_facts(to_list(header.get("x5c")))
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
    yield from _signer_facts([chain] if isinstance(chain, bytes) else to_list(chain))
    yield from _agent_facts(header)


_COSE_ALGORITHMS = {-7: "ES256", -35: "ES384", -36: "ES512", -37: "PS256", -38: "PS384", -39: "PS512"}
"""Algorithms of the COSE registry of IANA that Notary Project allows."""


def _plain(value: object) -> str:
    """Return a value of CBOR as text; a tagged number is a time."""
    if isinstance(value, Tagged):
        return _seconds(value.value) if value.tag == 1 else _plain(value.value)
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
        ("signingScheme", "scheme"),
        ("signingTime", "signed at"),
        ("authenticSigningTime", "signed at"),
        ("expiry", "expires"),
        ("verificationPlugin", "plugin"),
    ):
        yield Fact(label, (reformat_iso_time(to_text(protected.get(_NOTARY + name))),))


def _agent_facts(header: Mapping[Any, Any]) -> Iterator[Fact]:
    yield Fact("signed with", (_plain(header.get(f"{_NOTARY}signingAgent")),))
    if header.get(f"{_NOTARY}timestampSignature"):
        yield Fact("timestamp", (_TIMESTAMP,))


# Certificates and logs


def _signer_facts(chain: Sequence[object]) -> Iterator[Fact]:
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


def _rekor_facts(text: str) -> Iterator[Fact]:
    """Return the entry in the log Rekor that cosign keeps in an annotation."""
    if not text:
        yield Fact("log", (_NO_LOG,))
        return
    try:
        payload = to_mapping(to_mapping(parse_json(text)).get("Payload"))
    except ValueError as problem:
        yield Fact("log", (f"the entry cannot be read: {problem}",))
        return
    yield _log_fact(payload.get("logIndex"), payload.get("integratedTime"))


def _log_fact(index: object, seconds: object) -> Fact:
    moment = _seconds(seconds)
    return Fact("log", (f"Rekor entry {to_text(index) or 'without a number'}{f', {moment}' if moment else ''}",))


def _seconds(value: object) -> str:
    """Return a time in seconds since the epoch as a date; empty if it is none. Version 2 of Rekor writes 0 for none."""
    text = to_text(value)
    known = text.isascii() and text.isdigit() and len(text) <= 12 and 0 < int(text) <= MAX_TIME
    return format_date(float(text)) if known else ""


def _bundle_facts(bundle: Mapping[str, Any], known: KnownDigests) -> Iterator[Fact]:
    if not bundle:
        return
    material = to_mapping(bundle.get("verificationMaterial"))
    chain = to_list(to_mapping(material.get("x509CertificateChain")).get("certificates"))
    stored = [material["certificate"], *chain] if "certificate" in material else chain
    key = to_text(to_mapping(material.get("publicKey")).get("hint"))
    if key:
        yield Fact("signer", (f"key {key}",))
    else:
        yield from _signer_facts([to_mapping(entry).get("rawBytes") for entry in stored])
    entries = [to_mapping(entry) for entry in to_list(material.get("tlogEntries"))[:MAX_LINES]]
    for entry in entries:
        yield _log_fact(entry.get("logIndex"), entry.get("integratedTime"))
    if not entries:
        yield Fact("log", (_NO_LOG,))
    if to_list(to_mapping(material.get("timestampVerificationData")).get("rfc3161Timestamps")):
        yield Fact("timestamp", (_TIMESTAMP,))
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


def _dsse_facts(dsse: Mapping[str, Any]) -> Iterator[Fact]:
    if dsse:
        yield Fact("payload type", (to_text(dsse.get("payloadType")),))
        keys = [to_text(to_mapping(entry).get("keyid")) for entry in to_list(dsse.get("signatures"))]
        yield Fact("signatures", tuple(f"key id {key}" if key else "no key id" for key in keys))


def _subject_facts(subjects: Sequence[StatementSubject], known: KnownDigests) -> Iterator[Fact]:
    lines = []
    for subject in subjects:
        digests = " ".join(subject.digests)
        lines += [f"{subject.name} {digests}".strip(), f"  {known.match(subject.digests)}"]
    yield Fact("subject", tuple(lines) or ("the statement names none",))


# SLSA


def _slsa02(predicate: Mapping[str, Any]) -> Iterator[Fact]:
    invocation, metadata = to_mapping(predicate.get("invocation")), to_mapping(predicate.get("metadata"))
    source = to_mapping(invocation.get("configSource"))
    vcs = to_mapping(to_mapping(metadata.get(_BUILDKIT_METADATA)).get("vcs"))
    yield Fact("builder", (to_text(to_mapping(predicate.get("builder")).get("id")) or "not named",))
    yield Fact("build type", (to_text(predicate.get("buildType")),))
    yield Fact("source", (_artifact(source) or _revision(vcs),))
    yield Fact("entry point", (to_text(source.get("entryPoint")),))
    yield from _build_times(metadata.get("buildStartedOn"), metadata.get("buildFinishedOn"))
    yield Fact("invocation", (to_text(metadata.get("buildInvocationId")),))
    yield _materials(predicate.get("materials"))


def _slsa1(predicate: Mapping[str, Any]) -> Iterator[Fact]:
    definition, run = to_mapping(predicate.get("buildDefinition")), to_mapping(predicate.get("runDetails"))
    outer = to_mapping(definition.get("externalParameters"))
    workflow, metadata = to_mapping(outer.get("workflow")), to_mapping(run.get("metadata"))
    vcs = to_mapping(to_mapping(metadata.get("buildkit_metadata")).get("vcs"))
    named = [to_text(workflow.get(name)) for name in ("repository", "ref", "path")]
    source = to_mapping(outer.get("configSource")) or to_mapping(outer.get("source"))
    yield Fact("builder", (to_text(to_mapping(run.get("builder")).get("id")) or "not named",))
    yield Fact("build type", (to_text(definition.get("buildType")),))
    yield Fact("source", (" ".join(filter(None, named)) or _artifact(source) or _revision(vcs),))
    yield from _build_times(metadata.get("startedOn"), metadata.get("finishedOn"))
    yield Fact("invocation", (to_text(metadata.get("invocationId") or metadata.get("invocationID")),))
    yield _materials(definition.get("resolvedDependencies"))


def _build_times(start: object, end: object) -> Iterator[Fact]:
    yield Fact("built", (" to ".join(filter(None, (reformat_iso_time(to_text(moment)) for moment in (start, end)))),))


def _materials(value: object) -> Fact:
    return Fact("materials", tuple(_artifact(to_mapping(entry)) for entry in to_list(value)))


def _artifact(entry: Mapping[str, Any]) -> str:
    """Return a source or a material: its URI and its digests."""
    digests = [f"{name}:{to_text(value)}" for name, value in to_mapping(entry.get("digest")).items()]
    return " ".join(filter(None, [to_text(entry.get("uri")) or to_text(entry.get("name")), *digests]))


def _revision(vcs: Mapping[str, Any]) -> str:
    """Return what BuildKit knows about the version control of the build's context."""
    return " ".join(filter(None, [to_text(vcs.get("source")), to_text(vcs.get("revision"))]))


def _without_empty(facts: Iterator[Fact] | Sequence[Fact]) -> tuple[Fact, ...]:
    """Return the facts that have a line, each with at most :data:`MAX_LINES` lines."""
    kept = []
    for fact in facts:
        lines = tuple(line for line in fact.lines if line)
        if len(lines) > MAX_LINES:
            lines = (*lines[:MAX_LINES], f"and {len(lines) - MAX_LINES:,} more")
        if lines:
            kept.append(Fact(fact.label, lines))
    return tuple(kept)
