"""What statements and signatures say: about what, by whom, when. Nothing is verified."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.ecr.digest import digest_of
from ecrtui.emulator.demo.certificates import AUTHORITY, RELEASE, WORKFLOW, pem
from ecrtui.inspect.cbor import Tagged, parse_cbor
from ecrtui.inspect.certificates import certificates_of_pem, parse_certificate
from ecrtui.inspect.contents import BlobContent, BlobContext, read_content
from ecrtui.inspect.facts import NOT_VERIFIED, KnownDigests
from tests.ecr.test_exact_json import VALUES

IMAGE, OTHER = digest_of("image"), digest_of("other")
KNOWN = KnownDigests({IMAGE: "the index", digest_of("arm64"): "linux/arm64"})
SUBJECTS = [{"name": "checkout", "digest": {"sha256": IMAGE[7:]}}, {"digest": {"sha256": OTHER[7:], "gitCommit": "1"}}]
WORKFLOW_URI = "https://git.example.com/team/checkout/.ci/release.yaml@refs/heads/main"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def b64url(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def read(document: Any, media_type: str = "application/json", **annotations: str) -> BlobContent:
    named = {name.replace("__", "/").replace("_", "."): value for name, value in annotations.items()}
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_content(content, BlobContext(media_type, annotations=named, known=KNOWN))


def facts(content: BlobContent) -> dict[str, tuple[str, ...]]:
    assert not content.problem
    return dict(content.facts)


def statement(predicate: Any, predicate_type: str = "https://slsa.dev/provenance/v1") -> dict[str, Any]:
    kind = "https://in-toto.io/Statement/v0.1"
    return {"_type": kind, "predicateType": predicate_type, "subject": SUBJECTS, "predicate": predicate}


SLSA_02 = {
    "builder": {"id": "https://ci.example.com/runner"},
    "buildType": "https://mobyproject.org/buildkit@v1",
    "invocation": {
        "configSource": {"uri": "https://git.example.com/a.git", "digest": {"sha1": "ab"}, "entryPoint": "Dockerfile"}
    },
    "materials": [{"uri": "pkg:docker/debian@bookworm", "digest": {"sha256": "cd"}}, {"uri": "https://example.com"}],
    "metadata": {"buildStartedOn": "2026-01-01T00:00:00Z", "buildFinishedOn": "2026-01-01T00:01:00Z"},
}
SLSA_1 = {
    "buildDefinition": {
        "buildType": "https://actions.github.io/buildtypes/workflow/v1",
        "externalParameters": {
            "workflow": {"repository": "https://example.com/a", "ref": "refs/tags/1", "path": "r.yaml"}
        },
        "resolvedDependencies": [{"uri": "git+https://example.com/a", "digest": {"gitCommit": "ef"}}],
    },
    "runDetails": {"builder": {"id": "https://ci.example.com/runner"}, "metadata": {"invocationId": "7"}},
}
VCS = {"source": "https://example.com/a.git", "revision": "d5a17c4"}


def test_a_statement_says_its_subjects_builder_source_and_materials() -> None:
    content = read(statement(SLSA_02, "https://slsa.dev/provenance/v0.2"))
    assert content.title == "SLSA v0.2"
    assert facts(content) == {
        "status": (NOT_VERIFIED,),
        "envelopes": ("in-toto statement",),
        "predicate type": ("https://slsa.dev/provenance/v0.2",),
        "subject": (
            f"checkout {IMAGE}",
            "  matches the index",
            f"{OTHER} gitCommit:1",
            "  matches neither this image nor one of its platforms or artifacts",
        ),
        "builder": ("https://ci.example.com/runner",),
        "build type": ("https://mobyproject.org/buildkit@v1",),
        "source": ("https://git.example.com/a.git sha1:ab",),
        "entry point": ("Dockerfile",),
        "built": ("2026-01-01 00:00:00 UTC to 2026-01-01 00:01:00 UTC",),
        "materials": ("pkg:docker/debian@bookworm sha256:cd", "https://example.com"),
    }
    assert '"buildType": "https://mobyproject.org/buildkit@v1"' in content.pretty
    assert "_type" not in content.pretty  # the predicate is unwrapped


@pytest.mark.parametrize(
    ("predicate", "builder", "source"),
    [
        (SLSA_1, "https://ci.example.com/runner", "https://example.com/a refs/tags/1 r.yaml"),
        ({"builder": {"id": ""}}, "not named", None),
        ({"builder": {"id": "b"}, "recipe": {"type": "make"}, "materials": []}, "b", None),
        (
            {"builder": {}, "metadata": {"https://mobyproject.org/buildkit@v1#metadata": {"vcs": VCS}}},
            "not named",
            "https://example.com/a.git d5a17c4",
        ),
        (
            {"buildDefinition": {}, "runDetails": {"metadata": {"buildkit_metadata": {"vcs": VCS}}}},
            "not named",
            "https://example.com/a.git d5a17c4",
        ),
    ],
)
def test_provenance_of_every_version_names_builder_and_source(predicate: Any, builder: str, source: str | None) -> None:
    found = facts(read(statement(predicate)))
    assert found["builder"] == (builder,)
    assert found.get("source") == (None if source is None else (source,))


def test_each_line_of_json_lines_is_opened() -> None:
    payload = b64(json.dumps(statement({"builder": {"id": "b"}})).encode())
    envelope = {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": []}
    lines = "\n".join([json.dumps({"a": 1}), "", json.dumps(envelope), ""]).encode()
    content = read(lines, "application/vnd.in-toto.bundle")
    assert facts(content)["line 2"] == ("SLSA v1",)
    assert "line 1" not in facts(content), "it says nothing besides its members"
    assert facts(content)["builder"] == ("b",)
    assert '"a": 1' in content.pretty
    assert not read(lines + b"{", "text/plain").facts


def test_metadata_of_in_toto_1_is_opened_and_not_verified() -> None:
    link = {"_type": "link", "name": "build", "command": ["make"]}
    content = read({"signed": link, "signatures": [{"keyid": "k", "sig": "s"}]})
    expected = {"status": (NOT_VERIFIED,), "envelopes": ("in-toto link",), "signatures": ("key id k",)}
    assert facts(content) == expected
    assert "signatures" not in content.pretty
    assert '"name": "build"' in content.pretty


def test_a_signature_of_aws_signer_names_profile_and_job() -> None:
    arn = "arn:aws:signer:eu-west-1:1:/signing-"
    attributes = {"signingProfileVersion": f"{arn}profiles/ci/v1", "signingJob": f"{arn}jobs/7"}
    protected = {"alg": "ES384", **{f"com.amazonaws.signer.{name}": value for name, value in attributes.items()}}
    found = facts(read({"protected": b64url(protected), "payload": b64url(TARGET)}, "application/jose+json"))
    assert (found["profile"], found["job"]) == ((f"{arn}profiles/ci/v1",), (f"{arn}jobs/7",))


def test_a_bundle_says_who_signed_when_and_where_it_is_logged() -> None:
    payload = b64(json.dumps(statement(SLSA_1)).encode())
    bundle = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": WORKFLOW},
            "tlogEntries": [{"logIndex": "4711", "integratedTime": "1767225600"}],
        },
        "dsseEnvelope": {
            "payloadType": "application/vnd.in-toto+json",
            "payload": payload,
            "signatures": [{"sig": "a"}],
        },
    }
    content = read(bundle)
    found = facts(content)
    assert content.title == "SLSA v1"
    assert found["envelopes"] == ("sigstore bundle › DSSE envelope › in-toto statement",)
    assert found["signer"] == (WORKFLOW_URI,)
    assert found["identity provider"] == ("https://git.example.com/oidc",)
    assert found["log"] == ("Rekor entry 4711, 2026-01-01 00:00:00 UTC",)
    assert found["signatures"] == ("no key id",)
    assert found["builder"] == ("https://ci.example.com/runner",)


@pytest.mark.parametrize(
    ("material", "signer"),
    [
        ({"publicKey": {"hint": "key-1"}}, "key key-1"),
        (
            {"x509CertificateChain": {"certificates": [{"rawBytes": RELEASE}]}},
            "CN=ci-release, OU=Release, O=Example, C=DE",
        ),
        (
            {"certificate": {"rawBytes": "AAAA"}},
            "the certificate cannot be read: it is not a certificate: it is not DER",
        ),
        ({"certificate": 5}, "the certificate cannot be read: it is not base64 text"),
        ({}, "not named: no certificate is stored with the signature"),
    ],
)
def test_a_plain_signature_in_a_bundle_says_what_was_signed(material: Any, signer: str) -> None:
    message = {"algorithm": "SHA2_256", "digest": b64(bytes.fromhex(IMAGE[7:]))}
    bundle = {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": material,
              "messageSignature": {"messageDigest": message}}  # fmt: skip
    found = facts(read(bundle))
    assert found["signer"] == (signer,)
    assert found["signed"] == (IMAGE, "matches the index")
    assert found["log"] == ("no entry is stored with the signature",)
    assert "timestamp" not in found


def test_a_bundle_of_rekor_2_has_its_time_in_a_timestamp() -> None:
    material = {
        "certificate": {"rawBytes": WORKFLOW},
        "tlogEntries": [{"logIndex": "7", "integratedTime": "0"}],
        "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": "MIIC"}]},
    }
    found = facts(
        read({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": material})
    )
    assert found["log"] == ("Rekor entry 7",)
    assert found["timestamp"] == ("present, from a timestamp authority; not read",)


def payload(digest: str = IMAGE) -> dict[str, Any]:
    return {
        "critical": {
            "identity": {"docker-reference": "example.com/team/checkout"},
            "image": {"docker-manifest-digest": digest},
            "type": "cosign container image signature",
        },
        "optional": {"commit": "d5a17c4"},
    }


def test_a_signature_of_cosign_says_who_signed_when_and_what() -> None:
    log = json.dumps({"SignedEntryTimestamp": "", "Payload": {"integratedTime": 1767225600, "logIndex": 4711}})
    found = read(payload(), SIMPLE_SIGNING, dev_sigstore_cosign__certificate=pem(WORKFLOW),
                 dev_sigstore_cosign__bundle=log, dev_cosignproject_cosign__signature="MEUCIQ")  # fmt: skip
    assert found.title == "cosign signature"
    assert facts(found) == {
        "status": (NOT_VERIFIED,),
        "signed": (IMAGE, "matches the index"),
        "signed as": ("example.com/team/checkout",),
        "signer": (WORKFLOW_URI,),
        "identity provider": ("https://git.example.com/oidc",),
        "certificate": (
            "issued by CN=sigstore-intermediate, O=sigstore.example.com",
            "valid 2026-01-01 00:00:00 UTC to 2036-01-01 00:00:00 UTC",
        ),
        "log": ("Rekor entry 4711, 2026-01-01 00:00:00 UTC",),
        "also signed": ("commit: d5a17c4",),
        "signature": ("MEUCIQ",),
    }


@pytest.mark.parametrize(
    ("annotations", "signer", "log"),
    [
        ({}, "not named: no certificate is stored with the signature", "no entry is stored with the signature"),
        (
            {"certificate": "-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----", "bundle": "{"},
            "the certificate cannot be read: it is not a certificate: it is not DER",
            "the entry cannot be read: Expecting property name enclosed in double quotes",
        ),
        (
            {"certificate": "[]"},
            "the certificate cannot be read: it is not base64",
            "no entry is stored with the signature",
        ),
        (
            {"bundle": '{"Payload": {"integratedTime": 999999999999}}'},
            "not named: no cert",
            "Rekor entry without a number",
        ),
    ],
)
def test_a_signature_without_a_name_says_so(annotations: dict[str, str], signer: str, log: str) -> None:
    named = {f"dev_sigstore_cosign__{name}": value for name, value in annotations.items()}
    found = facts(read(payload(OTHER), SIMPLE_SIGNING, **named))
    assert found["signer"][0].startswith(signer)
    assert found["log"][0].startswith(log)
    assert found["signed"] == (OTHER, "matches neither this image nor one of its platforms or artifacts")


TARGET = {"targetArtifact": {"digest": IMAGE, "mediaType": "a", "size": 5, "annotations": {"build": "9"}}}
NOTARY_FACTS = {
    "status": (NOT_VERIFIED,),
    "signed": (IMAGE, "matches the index"),
    "also signed": ("build: 9",),
    "algorithm": ("ES256",),
    "scheme": ("notary.x509",),
    "signer": ("CN=ci-release, OU=Release, O=Example, C=DE",),
    "certificate": (
        "issued by CN=Example Signing CA, O=Example, C=DE",
        "valid 2026-01-01 00:00:00 UTC to 2036-01-01 00:00:00 UTC",
    ),
    "signed with": ("notation-go/1.3.0",),
}


def test_a_notation_envelope_in_jws_says_who_signed_when_and_what() -> None:
    envelope = {
        "payload": b64url(TARGET),
        "protected": b64url(
            {"alg": "ES256", "io.cncf.notary.signingScheme": "notary.x509",
             "io.cncf.notary.signingTime": "2026-01-01T00:00:00Z"}
        ),
        "header": {"x5c": [RELEASE, AUTHORITY], "io.cncf.notary.signingAgent": "notation-go/1.3.0"},
        "signature": "c2ln",
    }  # fmt: skip
    found = read(envelope, "application/jose+json")
    assert facts(found) == NOTARY_FACTS | {"envelope": ("JWS",), "signed at": ("2026-01-01 00:00:00 UTC",)}


def cbor(value: Any) -> bytes:
    """Return a value as CBOR, of the types in an envelope."""
    match value:
        case Tagged(tag, inner):
            return head(6, tag) + cbor(inner)
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case bytes():
            return head(2, len(value)) + value
        case str():
            return head(3, len(value)) + value.encode()
        case list():
            return head(4, len(value)) + b"".join(map(cbor, value))
        case _:
            return head(5, len(value)) + b"".join(cbor(name) + cbor(entry) for name, entry in value.items())


def head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    return bytes([major << 5 | 26]) + argument.to_bytes(4, "big")


def cose() -> bytes:
    protected = {
        1: -7,
        "io.cncf.notary.signingScheme": "notary.x509",
        "io.cncf.notary.signingTime": Tagged(1, 1767225600),
    }
    chain = [base64.b64decode(RELEASE), base64.b64decode(AUTHORITY)]
    header = {33: chain, "io.cncf.notary.signingAgent": "notation-go/1.3.0"}
    return cbor(Tagged(18, [cbor(protected), header, json.dumps(TARGET).encode(), b"signature"]))


def test_a_notation_envelope_in_cose_says_the_same() -> None:
    found = read(cose(), "application/cose")
    assert facts(found) == NOTARY_FACTS | {"envelope": ("COSE",), "signed at": ("2026-01-01 00:00:00 UTC",)}


@pytest.mark.parametrize("media_type", ["application/jose+json", "application/cose"])
@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff", b"\xd2\x84", b"\x9b" + b"\xff" * 9, b"\x81" * 50, b"[" * 5000]
)
def test_a_broken_envelope_says_so_and_shows_its_bytes(media_type: str, content: bytes) -> None:
    found = read(content, media_type)
    assert found.problem.startswith("The content cannot be read: ")
    assert found.exact or not content


def test_cbor_of_every_kind_is_read() -> None:
    assert parse_cbor(bytes.fromhex("bf6161f4617af6ff")) == {"a": False, "z": None}  # a map without a length
    assert parse_cbor(bytes.fromhex("5f42010243030405ff")) == b"\1\2\3\4\5"
    assert parse_cbor(bytes.fromhex("7f6161ff")) == "a"
    assert parse_cbor(bytes.fromhex("1b000000e8d4a51000")) == 1_000_000_000_000
    assert parse_cbor(bytes.fromhex("fb3ff199999999999a82f501")[:9]) is None
    for broken in ("ff", "82ff01", "1f", "1c", "5f01ff", "9f" * 40, "bf", "c1ff", "bf01ff"):
        with pytest.raises(ValueError, match="it is"):
            parse_cbor(bytes.fromhex(broken))


def test_a_certificate_is_read_and_a_broken_one_is_an_error() -> None:
    (stored,) = certificates_of_pem(pem(RELEASE))
    found = parse_certificate(base64.b64decode(stored))
    assert (found.names, found.subject) == ((), "CN=ci-release, OU=Release, O=Example, C=DE")
    whole = base64.b64decode(WORKFLOW)
    for end in range(0, len(whole), 7):
        with pytest.raises(ValueError, match="certificate"):
            parse_certificate(whole[:end])


@settings(max_examples=30)
@given(st.integers(0, 490), st.integers(0, 255), st.sampled_from([RELEASE, WORKFLOW]))
def test_no_byte_breaks_a_certificate(place: int, byte: int, certificate: str) -> None:
    content = bytearray(base64.b64decode(certificate))
    content[place] = byte
    try:
        parse_certificate(bytes(content))
    except ValueError:
        return


@settings(max_examples=30)
@given(VALUES, st.binary(max_size=40))
def test_no_value_breaks_a_statement_or_a_signature(value: Any, content: bytes) -> None:
    read(content, "application/cose")
    read(cose()[: len(content)] + content, "application/cose")
    read(content)
    for document in (value, statement(value), statement({"builder": {}, "metadata": value, "materials": [value]}),
                     statement({"buildDefinition": {"externalParameters": value}, "runDetails": value}),
                     payload() | {"optional": value}, {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                     "verificationMaterial": value, "messageSignature": value}):  # fmt: skip
        read(document)
        read({"payload": b64url(document), "protected": b64url(value), "header": value}, "application/jose+json")
