"""The artifacts of the demo's images: attestations, SBOMs, signatures.

Tools write envelopes of this form. Each signature in them is a digest in place of a real one, so no tool can verify it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256, shake_256
from typing import Any

from ecrtui.emulator.blobs import digest_of
from ecrtui.emulator.demo import certificates, sboms
from ecrtui.emulator.demo.artifacts import EMPTY, DemoArtifact, descriptor, index
from ecrtui.emulator.demo.builds import Build, iso_time
from ecrtui.emulator.manifests import IN_TOTO, OCI_CONFIG, OCI_MANIFEST

Json = Mapping[str, Any]

SPDX, CYCLONEDX = "application/spdx+json", "application/vnd.cyclonedx+json"
SIGSTORE_BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SOCI = "application/vnd.amazon.soci.index.v1+json"

_SLSA_02, _SLSA_1 = "https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1"
_SPDX_DOCUMENT = "https://spdx.dev/Document"
_BUILDKIT = "https://mobyproject.org/buildkit@v1"


def attested_index(images: Sequence[DemoArtifact], *, with_sboms: bool = False) -> DemoArtifact:
    """Return an index as BuildKit writes it, with an attestation for each image.

    Args:
        images: the images of the index.
        with_sboms: whether each attestation has an SBOM besides the provenance (``--sbom=true``).
    """
    return index(images, [attestation(one, with_sbom=with_sboms) for one in images])


def attestation(attested: DemoArtifact, *, with_sbom: bool = False) -> DemoArtifact:
    """Return the unsigned attestation that BuildKit adds to an image: its provenance, and its SBOM if asked for."""
    build, platform = attested.origin()
    statements = [_statement(attested, _SLSA_02, _provenance_02(build, platform))]
    if with_sbom:
        statements.insert(0, _statement(attested, _SPDX_DOCUMENT, sboms.spdx(build, platform, attested.digest)))
    contents = [json.dumps(statement).encode() for statement in statements]
    config = {
        "architecture": "unknown",
        "os": "unknown",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(content) for content in contents]},
    }
    config_content = json.dumps(config, separators=(",", ":")).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_CONFIG, config_content),
        "layers": [
            {
                **descriptor(IN_TOTO, content),
                "annotations": {"in-toto.io/predicate-type": statement["predicateType"]},
            }
            for statement, content in zip(statements, contents, strict=True)
        ],
    }
    stored = {digest_of(content): content for content in (config_content, *contents)}
    return DemoArtifact(json.dumps(document, indent=2), OCI_MANIFEST, stored)


def cosign_signature(signed: DemoArtifact, uri: str, build: Build) -> DemoArtifact:
    """Return a keyless signature as cosign stores it under the tag ``sha256-….sig``."""
    payload = {
        "critical": {
            "identity": {"docker-reference": uri},
            "image": {"docker-manifest-digest": signed.digest},
            "type": "cosign container image signature",
        },
        "optional": {"commit": build.revision, "run": "4211"},
    }
    content = json.dumps(payload, separators=(",", ":")).encode()
    log = {
        "SignedEntryTimestamp": _signature("log", content),
        "Payload": {
            "body": base64.b64encode(b'{"apiVersion":"0.0.1","kind":"hashedrekord"}').decode(),
            "integratedTime": int(build.created + 90),
            "logIndex": _log_index(content),
            "logID": sha256(b"demo log").hexdigest(),
        },
    }
    annotations = {
        "dev.cosignproject.cosign/signature": _signature("cosign", content),
        "dev.sigstore.cosign/bundle": json.dumps(log, separators=(",", ":")),
        "dev.sigstore.cosign/certificate": certificates.pem(certificates.WORKFLOW),
    }
    return _cosign_image("application/vnd.dev.cosign.simplesigning.v1+json", content, annotations)


def cosign_attestation(attested: DemoArtifact, build: Build) -> DemoArtifact:
    """Return a signed provenance as ``cosign attest`` stores it under the tag ``sha256-….att``."""
    envelope = json.dumps(_envelope(_statement(attested, _SLSA_1, _provenance_1(build)))).encode()
    annotations = {
        "dev.cosignproject.cosign/signature": "",
        "dev.sigstore.cosign/certificate": certificates.pem(certificates.WORKFLOW),
        "predicateType": _SLSA_1,
    }
    return _cosign_image("application/vnd.dsse.envelope.v1+json", envelope, annotations)


def cosign_tag(signed: DemoArtifact, suffix: str = "sig") -> str:
    """Return the tag under which cosign stores the signature (``sig``) or the attestation (``att``) of an image."""
    return f"{signed.digest.replace(':', '-')}.{suffix}"


def sigstore_bundle(attested: DemoArtifact, build: Build) -> DemoArtifact:
    """Return a signed provenance as cosign 3 attaches it."""
    statement = _statement(attested, _SLSA_1, _provenance_1(build))
    bundle = {
        "mediaType": SIGSTORE_BUNDLE,
        "verificationMaterial": {
            "certificate": {"rawBytes": certificates.WORKFLOW},
            "tlogEntries": [
                {
                    "logIndex": str(_log_index(attested.digest.encode())),
                    "logId": {"keyId": base64.b64encode(sha256(b"demo log").digest()).decode()},
                    "kindVersion": {"kind": "dsse", "version": "0.0.1"},
                    "integratedTime": str(int(build.created + 120)),
                }
            ],
        },
        "dsseEnvelope": _envelope(statement),
    }
    annotations = {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": _SLSA_1,
        "org.opencontainers.image.created": iso_time(build.created + 120),
    }
    return referrer(attested, SIGSTORE_BUNDLE, SIGSTORE_BUNDLE, json.dumps(bundle).encode(), annotations)


def referrer(
    subject: DemoArtifact, artifact_type: str, media_type: str, content: bytes, annotations: Mapping[str, str]
) -> DemoArtifact:
    """Return an OCI 1.1 artifact that refers to an image, as ``oras attach`` writes it."""
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": {**descriptor(EMPTY, b"{}"), "data": "e30="},
        "layers": [descriptor(media_type, content)],
        "subject": subject.descriptor,
        "annotations": dict(annotations),
    }
    text = json.dumps(document, separators=(",", ":"))
    return DemoArtifact(text, OCI_MANIFEST, {digest_of(b"{}"): b"{}", digest_of(content): content})


def spdx_sbom(subject: DemoArtifact, build: Build) -> DemoArtifact:
    """Return an SPDX SBOM that refers to an image. That of an index lists the packages of its first image."""
    listed = subject.parts[0] if subject.parts else subject
    document = sboms.spdx(build, "linux/amd64", listed.digest)
    annotations = {"org.opencontainers.image.created": iso_time(build.created + 40)}
    return referrer(subject, SPDX, SPDX, json.dumps(document, separators=(",", ":")).encode(), annotations)


def cyclonedx_sbom(subject: DemoArtifact) -> DemoArtifact:
    """Return a CycloneDX SBOM that refers to an image of one platform."""
    build, platform = subject.origin()
    document = sboms.cyclonedx(build, platform, subject.digest)
    annotations = {"org.opencontainers.image.created": iso_time(build.created + 55)}
    return referrer(subject, CYCLONEDX, CYCLONEDX, json.dumps(document, indent=2).encode(), annotations)


def notation_signature(subject: DemoArtifact, build: Build) -> DemoArtifact:
    """Return a signature of Notary Project that refers to an image or to an artifact of one."""
    protected = {
        "alg": "ES256",
        "crit": ["io.cncf.notary.signingScheme"],
        "cty": "application/vnd.cncf.notary.payload.v1+json",
        "io.cncf.notary.signingScheme": "notary.x509",
        "io.cncf.notary.signingTime": iso_time(build.created + 100),
    }
    envelope = {
        "payload": _base64url({"targetArtifact": subject.descriptor}),
        "protected": _base64url(protected),
        "header": {
            "x5c": [certificates.RELEASE, certificates.AUTHORITY],
            "io.cncf.notary.signingAgent": "notation-go/1.3.0",
        },
        "signature": _signature("notation", subject.digest.encode()).rstrip("="),
    }
    chain = [sha256(base64.b64decode(one)).hexdigest() for one in (certificates.RELEASE, certificates.AUTHORITY)]
    return referrer(
        subject,
        "application/vnd.cncf.notary.signature",
        "application/jose+json",
        json.dumps(envelope).encode(),
        {
            "io.cncf.notary.x509chain.thumbprint#S256": json.dumps(chain),
            "org.opencontainers.image.created": iso_time(build.created + 100),
        },
    )


def soci_index(subject: DemoArtifact, build: Build) -> DemoArtifact:
    """Return a SOCI index. It is binary. With it, a node starts a container before it has pulled the whole image."""
    content = b"\x00ztoc\x01" + shake_256(subject.digest.encode()).digest(1800)
    annotations = {"org.opencontainers.image.created": iso_time(build.created + 60)}
    return referrer(subject, SOCI, "application/octet-stream", content, annotations)


def _cosign_image(media_type: str, content: bytes, annotations: Mapping[str, str]) -> DemoArtifact:
    config = {
        "architecture": "",
        "created": "0001-01-01T00:00:00Z",
        "history": [{"created": "0001-01-01T00:00:00Z"}],
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": [digest_of(content)]},
        "config": {},
    }
    config_content = json.dumps(config, separators=(",", ":")).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_CONFIG, config_content),
        "layers": [{**descriptor(media_type, content), "annotations": dict(annotations)}],
    }
    text = json.dumps(document, separators=(",", ":"))
    return DemoArtifact(text, OCI_MANIFEST, {digest_of(config_content): config_content, digest_of(content): content})


def _statement(attested: DemoArtifact, predicate_type: str, predicate: Json) -> Json:
    return {
        "_type": "https://in-toto.io/Statement/v0.1"
        if predicate_type == _SLSA_02
        else "https://in-toto.io/Statement/v1",
        "predicateType": predicate_type,
        "subject": [{"name": "image", "digest": {"sha256": attested.digest.removeprefix("sha256:")}}],
        "predicate": predicate,
    }


def _envelope(statement: Json) -> Json:
    payload = json.dumps(statement, separators=(",", ":")).encode()
    signatures = [{"keyid": "", "sig": _signature("dsse", payload)}]
    return {"payloadType": IN_TOTO, "payload": base64.b64encode(payload).decode(), "signatures": signatures}


def _provenance_02(build: Build, platform: str) -> Json:
    base = f"pkg:docker/{build.application.runtime}@stable?platform={platform.replace('/', '%2F')}"
    source = {"uri": f"{build.source}.git#refs/heads/main", "digest": {"sha1": build.revision}}
    return {
        "builder": {"id": f"https://ci.example.com/{build.application.repository}/runs/4211"},
        "buildType": _BUILDKIT,
        "invocation": {
            "configSource": {**source, "entryPoint": "Dockerfile"},
            "parameters": {"frontend": "dockerfile.v0", "args": {"build-arg:VERSION": build.version}},
            "environment": {"platform": platform},
        },
        "materials": [{"uri": base, "digest": {"sha256": sha256(base.encode()).hexdigest()}}, source],
        "metadata": {
            "buildInvocationID": sha256(f"{build.revision} {platform}".encode()).hexdigest()[:25],
            "buildStartedOn": iso_time(build.created - 210),
            "buildFinishedOn": iso_time(build.created),
            "completeness": {"parameters": True, "environment": True, "materials": True},
            "reproducible": False,
            f"{_BUILDKIT}#metadata": {"vcs": {"source": f"{build.source}.git", "revision": build.revision}},
        },
    }


def _provenance_1(build: Build) -> Json:
    source = {"uri": f"git+{build.source}@refs/heads/main", "digest": {"gitCommit": build.revision}}
    workflow = {"repository": build.source, "ref": "refs/heads/main", "path": ".ci/release.yaml"}
    return {
        "buildDefinition": {
            "buildType": "https://ci.example.com/buildtypes/workflow/v1",
            "externalParameters": {"workflow": workflow},
            "internalParameters": {"runner": "linux-amd64-large"},
            "resolvedDependencies": [source],
        },
        "runDetails": {
            "builder": {"id": "https://ci.example.com/runners/hosted"},
            "metadata": {
                "invocationId": f"https://ci.example.com/{build.application.repository}/runs/4211",
                "startedOn": iso_time(build.created - 210),
                "finishedOn": iso_time(build.created),
            },
        },
    }


def _base64url(document: Json) -> str:
    content = json.dumps(document, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _signature(key: str, content: bytes) -> str:
    """Return a text that looks like a signature of ECDSA."""
    numbers = [b"\x02\x20" + b"\x5a" + sha256(f"{key} {part}".encode() + content).digest()[1:] for part in (1, 2)]
    return base64.b64encode(b"\x30\x44" + b"".join(numbers)).decode()


def _log_index(content: bytes) -> int:
    return 150_000_000 + int(sha256(content).hexdigest()[:6], 16)
