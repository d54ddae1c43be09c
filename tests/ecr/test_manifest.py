"""Manifests are parsed, and no text makes the parser fail."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.image import ImageKind
from ecrtui.ecr.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    DescriptorRole,
    Manifest,
    ParsedManifest,
    parse_manifest,
)

A, B, C = (f"sha256:{character * 64}" for character in "abc")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = ["mediaType", "artifactType", "manifests", "config", "layers", "subject", "fsLayers", "annotations"]
ENTRIES = ["digest", "mediaType", "size", "platform", "annotations", "artifactType", "blobSum"]
DESCRIPTORS = st.dictionaries(st.sampled_from(ENTRIES), JSON)


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON | DESCRIPTORS | st.lists(DESCRIPTORS, max_size=3)))
def test_any_json_object_is_parsed(document: dict[str, object]) -> None:
    parsed = parse_manifest(json.dumps(document))
    check_types(parsed)
    assert parsed.problem == ""


@given(st.text(max_size=200) | JSON.map(json.dumps))
def test_any_text_is_parsed_or_has_a_problem(text: str) -> None:
    check_types(parse_manifest(text))


def check_types(parsed: ParsedManifest) -> None:
    """Check that every value has its declared type."""
    assert isinstance(parsed.media_type, str)
    assert all(isinstance(value, str) for pair in parsed.annotations.items() for value in pair)
    assert parsed.layers_size is None or parsed.layers_size >= 0
    assert parsed.kind() in ImageKind
    assert all(isinstance(platform, str) for platform in parsed.platforms)
    for descriptor in parsed.descriptors:
        assert isinstance(descriptor.digest, str)
        assert isinstance(descriptor.media_type, str)
        assert type(descriptor.size) is int
        assert descriptor.size >= -1
        assert all(isinstance(value, str) for value in descriptor.annotations.values())
        assert descriptor.is_image in (True, False)


@pytest.mark.parametrize(
    "text",
    [
        '{"fsLayers": 5}',
        '{"layers": 5, "config": [1, null]}',
        '{"manifests": {"digest": 3}}',
        '{"config": {"size": true}}',
        '{"layers": [{"size": 1e400}]}',
        '{"annotations": {"deep": ' + "[" * 900 + "]" * 900 + "}}",
    ],
)
def test_members_of_the_wrong_type_raise_nothing(text: str) -> None:
    check_types(parse_manifest(text))


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '"text"', "[" * 100_000, "1" * 5000, "\ufeff{}"])
def test_other_text_has_a_problem(text: str) -> None:
    parsed = parse_manifest(text)
    assert parsed.problem
    assert parsed.descriptors == ()


def test_an_image_has_a_config_and_layers() -> None:
    parsed = parse_manifest(
        json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": A, "size": 7},
                "layers": [{"digest": B, "size": 10}, {"digest": C, "size": 20}],
                "subject": {"digest": C, "mediaType": OCI_MANIFEST},
                "annotations": {"a": "b", "number": 1},
            }
        )
    )
    assert parsed.config is not None
    assert (parsed.config.digest, parsed.config.size, parsed.config.is_image) == (A, 7, False)
    assert [layer.digest for layer in parsed.with_role(DescriptorRole.LAYER)] == [B, C]
    assert parsed.layers_size == 30
    assert [subject.is_image for subject in parsed.with_role(DescriptorRole.SUBJECT)] == [True]
    assert parsed.annotations == {"a": "b", "number": "1"}


def test_the_platforms_of_an_index_leave_out_attestations() -> None:
    parsed = parse_manifest(
        json.dumps(
            {
                "mediaType": OCI_INDEX,
                "manifests": [
                    {"digest": A, "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
                    {
                        "digest": B,
                        "platform": {"os": "unknown", "architecture": "unknown"},
                        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
                    },
                    {"digest": C},
                ],
            }
        )
    )
    assert parsed.platforms == ("linux/arm/v7", "c" * 12)
    assert parsed.platform_names == {A: "linux/arm/v7"}
    assert [child.is_image for child in parsed.with_role(DescriptorRole.MANIFEST)] == [True, True, True]
    assert parsed.config is None


def test_layers_of_docker_schema_1_have_digests_and_no_sizes() -> None:
    parsed = parse_manifest(json.dumps({"schemaVersion": 1, "fsLayers": [{"blobSum": A}, {"blobSum": B}]}))
    layers = parsed.with_role(DescriptorRole.LAYER)
    assert [(layer.digest, layer.size) for layer in layers] == [(A, -1), (B, -1)]
    assert parsed.layers_size is None
    assert parsed.schema_version == 1
    assert parsed.kind() is ImageKind.IMAGE


def windows(version: str, *features: str) -> dict[str, object]:
    return {"os": "windows", "architecture": "amd64", "os.version": version, "os.features": list(features)}


@pytest.mark.parametrize(
    ("platforms", "names"),
    [
        ([windows("10.0.1", "win32k")], ("windows/amd64",)),
        ([windows("10.0.1"), windows("10.0.2")], ("windows(10.0.1)/amd64", "windows(10.0.2)/amd64")),
        ([windows("10.0.1"), windows("")], ("windows(10.0.1)/amd64", "windows/amd64")),
        (
            [windows("10.0.1"), windows("10.0.1", "win32k"), {"os": "linux", "architecture": "arm64"}],
            ("windows(10.0.1)/amd64", "windows(10.0.1+win32k)/amd64", "linux/arm64"),
        ),
        (
            [{"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "amd64", "features": ["sse4"]}],
            ("linux/amd64", "linux(+sse4)/amd64"),
        ),
        (
            [{"os": "linux", "architecture": "amd64"}] * 2,
            ("linux/amd64@aaaaaaaaaaaa", "linux/amd64@bbbbbbbbbbbb"),
        ),
    ],
)
def test_platforms_have_names_that_distinguish_them(platforms: list[object], names: tuple[str, ...]) -> None:
    entries = [{"digest": digest, "platform": platform} for digest, platform in zip((A, B, C), platforms, strict=False)]
    parsed = parse_manifest(json.dumps({"mediaType": OCI_INDEX, "manifests": entries}))
    assert parsed.platforms == names
    assert tuple(parsed.platform_names.values()) == names


def test_a_manifest_that_an_index_lists_twice_has_both_platforms() -> None:
    entries = [{"digest": A, "platform": {"os": "linux", "architecture": name}} for name in ("amd64", "386")]
    parsed = parse_manifest(json.dumps({"manifests": entries}))
    assert parsed.platform_names == {A: "linux/amd64, linux/386"}
    repeated = [*entries, entries[0], {"digest": B, "platform": {"os": "linux", "architecture": "386"}}]
    parsed = parse_manifest(json.dumps({"manifests": repeated}))
    assert parsed.platform_names == {A: "linux/amd64, linux/386@aaaaaaaaaaaa", B: "linux/386@bbbbbbbbbbbb"}


BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PREDICATE = "dev.sigstore.bundle.predicateType"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"
IN_TOTO = "application/vnd.in-toto+json"
SPDX = {"in-toto.io/predicate-type": "https://spdx.dev/Document"}
DSSE = "application/vnd.dsse.envelope.v1+json"
DOCKER_ATTESTATION = "application/vnd.docker.attestation.manifest.v1+json"
"""The type of an attestation of BuildKit with ``oci-artifact=true``."""


@pytest.mark.parametrize(
    ("artifact", "config", "annotations", "layers", "kind"),
    [
        (BUNDLE, "", {PREDICATE: "https://sigstore.dev/cosign/sign/v1"}, [], ImageKind.SIGNATURE),
        (BUNDLE, "", {"dev.sigstore.bundle.content": "message-signature"}, [], ImageKind.SIGNATURE),
        (BUNDLE, "", {PREDICATE: "https://slsa.dev/provenance/v1"}, [], ImageKind.PROVENANCE),
        (BUNDLE, "", {PREDICATE: "https://cyclonedx.org/bom"}, [], ImageKind.SBOM),
        (BUNDLE, "", {PREDICATE: "https://spdx.dev/Document/v2.3"}, [], ImageKind.SBOM),
        (BUNDLE, "", {PREDICATE: "https://openvex.dev/ns/v0.2.0"}, [], ImageKind.VEX),
        (BUNDLE, "", {PREDICATE: "https://cosign.sigstore.dev/attestation/vuln/v1"}, [], ImageKind.ATTESTATION),
        (BUNDLE, "", {"dev.sigstore.bundle.content": "dsse-envelope"}, [], ImageKind.SIGSTORE_BUNDLE),
        ("", IMAGE_CONFIG, {PREDICATE: "https://openvex.dev/ns"}, [(LAYER, {})], ImageKind.IMAGE),
        ("", IMAGE_CONFIG, {}, [(IN_TOTO, {"in-toto.io/predicate-type": "https://spdx.dev/Document"})], ImageKind.SBOM),
        (
            "",
            IMAGE_CONFIG,
            {},
            [
                (IN_TOTO, {"in-toto.io/predicate-type": "https://spdx.dev/Document"}),
                (IN_TOTO, {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}),
            ],
            ImageKind.ATTESTATION,
        ),
        ("application/vnd.acme.release", IMAGE_CONFIG, {}, [(LAYER, {})], ImageKind.IMAGE),
        ("application/spdx+json", IMAGE_CONFIG, {}, [(LAYER, {})], ImageKind.SBOM),
        ("application/vnd.acme.release", IMAGE_CONFIG, {}, [("application/json", {})], ImageKind.ARTIFACT),
        ("", IMAGE_CONFIG, {}, [("application/vnd.ollama.image.model", {})], ImageKind.MODEL),
        ("", IMAGE_CONFIG, {}, [("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", {})], ImageKind.IMAGE),
        ("", "application/vnd.cncf.helm.config.v1+json", {}, [("application/x-tar", {})], ImageKind.HELM),
        ("", "application/vnd.convex.model", {}, [], ImageKind.ARTIFACT),
        ("application/vnd.in-toto.provenance+dsse", "", {}, [], ImageKind.PROVENANCE),
        (DOCKER_ATTESTATION, "", {}, [(IN_TOTO, SPDX)], ImageKind.SBOM),
        (DOCKER_ATTESTATION, "", {}, [], ImageKind.ATTESTATION),
        ("application/vnd.dsse.envelope.v1+json", "", {}, [], ImageKind.ATTESTATION),
        (
            "application/vnd.dsse.envelope.v1+json",
            "",
            {"predicateType": "https://spdx.dev/Document"},
            [],
            ImageKind.SBOM,
        ),
    ],
)
def test_the_manifest_determines_the_kind(
    artifact: str,
    config: str,
    annotations: dict[str, str],
    layers: list[tuple[str, dict[str, str]]],
    kind: ImageKind,
) -> None:
    document = {
        "mediaType": OCI_MANIFEST,
        **({"artifactType": artifact} if artifact else {}),
        "config": {"mediaType": config or "application/vnd.oci.empty.v1+json", "digest": A},
        "layers": [{"mediaType": name, "digest": B, "annotations": entry} for name, entry in layers],
        "annotations": annotations,
    }
    assert parse_manifest(json.dumps(document)).kind() is kind


@given(st.text(max_size=100))
def test_a_manifest_is_intact_if_its_exact_text_has_the_digest(text: str) -> None:
    manifest = Manifest(text, digest_of(text), OCI_MANIFEST)
    assert manifest.intact
    assert not Manifest(text + "\n", manifest.digest, OCI_MANIFEST).intact


def test_the_media_type_identifies_an_index() -> None:
    assert [Manifest("", "", kind).is_index for kind in (OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST)] == [
        True,
        True,
        False,
        False,
    ]
