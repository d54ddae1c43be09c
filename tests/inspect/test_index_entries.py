"""Which entries of an index are platforms: one rule for every screen, on indexes as real tools write them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from ecrtui.catalog.index_parts import parts_of
from ecrtui.ecr.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Manifest, parse_manifest
from ecrtui.inspect.artifacts import ArtifactSources, artifact_tree, named_platforms
from ecrtui.inspect.comparison import platforms as compared
from ecrtui.inspect.findings import scan_targets
from ecrtui.tui.inspector import inspected

INDEX = f"sha256:{'f' * 64}"
UNKNOWN = {"os": "unknown", "architecture": "unknown"}
SOCI = "application/vnd.amazon.soci.index.v2+json"


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


def entry(letter: str, platform: str | dict[str, str] = "", media_type: str = OCI_MANIFEST, **more: Any) -> Any:
    """Return an entry of an index. The platform is ``os/architecture/variant``, or as it is written."""
    if isinstance(platform, str):
        names = ("os", "architecture", "variant")
        platform = dict(zip(names, platform.split("/"), strict=False)) if platform else {}
    stated = {"platform": platform} if platform else {}
    return {"mediaType": media_type, "digest": digest(letter), "size": 500, **stated, **more}


def attestation(letter: str, about: str, **more: Any) -> Any:
    annotations = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest(about)}
    return entry(letter, more.pop("platform", UNKNOWN), annotations=annotations, **more)


class Case(NamedTuple):
    """An index.

    Args:
        entries: its entries.
        names: the names of its platforms in their order, by the letter of their digests.
        others: the letters of its other entries.
        unscanned: the letters of its platforms that ECR does not scan.
        media_type: its media type.
    """

    entries: list[Any]
    names: dict[str, str]
    others: str = ""
    unscanned: str = ""
    media_type: str = OCI_INDEX


AMD64, ARM64 = {"a": "linux/amd64"}, {"b": "linux/arm64"}
CASES = {
    "buildx with provenance": Case(
        [entry("a", "linux/amd64"), entry("b", "linux/arm64"), attestation("c", "a"), attestation("d", "b")],
        AMD64 | ARM64,
        "cd",
    ),
    "buildx with attestations as OCI artifacts": Case(
        [
            entry("a", "linux/amd64"),
            attestation("c", "a", artifactType="application/vnd.docker.attestation.manifest.v1+json"),
        ],
        AMD64,
        "c",
    ),
    "an attestation that names a platform, and one that names no subject": Case(
        [
            entry("a", "linux/amd64"),
            attestation("c", "a", platform="linux/amd64"),
            entry("d", annotations={"vnd.docker.reference.type": "attestation-manifest"}),
        ],
        AMD64,
        "cd",
    ),
    "attestations whose annotations another tool dropped": Case(
        [entry("a", "linux/amd64"), entry("c", UNKNOWN)], AMD64, "c"
    ),
    "ko": Case(
        [entry("a", "linux/amd64"), entry("b", "linux/arm64"), entry("c", "linux/arm/v7")],
        AMD64 | ARM64 | {"c": "linux/arm/v7"},
    ),
    "Docker official image": Case(
        [
            entry("a", "linux/amd64", DOCKER_MANIFEST),
            entry("b", "linux/arm64/v8", DOCKER_MANIFEST),
            entry("c", "linux/arm/v5", DOCKER_MANIFEST),
            attestation("d", "a"),
        ],
        {"a": "linux/amd64", "b": "linux/arm64/v8", "c": "linux/arm/v5"},
        "d",
        media_type=DOCKER_LIST,
    ),
    "Windows and Linux": Case(
        [
            entry("a", {"os": "windows", "architecture": "amd64", "os.version": "10.0.17763.1"}),
            entry("b", {"os": "windows", "architecture": "amd64", "os.version": "10.0.20348.1"}),
            entry("c", "linux/amd64"),
        ],
        {"a": "windows(10.0.17763.1)/amd64", "b": "windows(10.0.20348.1)/amd64", "c": "linux/amd64"},
    ),
    "images without platforms, as nix and crane can make them": Case(
        [entry("a"), entry("b")], {"a": "a" * 12, "b": "b" * 12}
    ),
    "one image without a platform": Case([entry("a", "linux/amd64"), entry("b")], AMD64 | {"b": "b" * 12}),
    "entries without a media type": Case([entry("a", "linux/amd64", ""), entry("b", "", "")], AMD64 | {"b": "b" * 12}),
    "an index in the index": Case(
        [entry("a", "linux/amd64"), entry("b", media_type=OCI_INDEX)], AMD64 | {"b": "b" * 12}
    ),
    "a Helm chart beside the image": Case(
        [entry("a", "linux/amd64"), entry("c", artifactType="application/vnd.cncf.helm.config.v1+json")], AMD64, "c"
    ),
    "SOCI v2, whose artifacts name the platforms of their images": Case(
        [
            entry("a", "linux/amd64", annotations={"com.amazon.soci.index-digest": digest("c")}),
            entry("b", "linux/arm64", annotations={"com.amazon.soci.index-digest": digest("d")}),
            entry(
                "c",
                "linux/amd64",
                artifactType=SOCI,
                annotations={"com.amazon.soci.image-manifest-digest": digest("a")},
            ),
            entry(
                "d",
                "linux/arm64",
                artifactType=SOCI,
                annotations={"com.amazon.soci.image-manifest-digest": digest("b")},
            ),
        ],
        AMD64 | ARM64,
        "cd",
    ),
    "a signature and an SBOM of cosign and ORAS in the index": Case(
        [
            entry("a", "linux/amd64"),
            entry("c", artifactType="application/vnd.dev.cosign.artifact.sig.v1+json"),
            entry("d", "linux/amd64", artifactType="application/spdx+json"),
        ],
        AMD64,
        "cd",
    ),
    "WebAssembly as an image": Case(
        [entry("a", "wasip1/wasm"), entry("b", "linux/amd64")], {"a": "wasip1/wasm", "b": "linux/amd64"}
    ),
    "WebAssembly as artifacts alone": Case(
        [
            entry("a", "wasip1/wasm", artifactType="application/vnd.wasm.config.v0+json"),
            entry("b", "wasip2/wasm", artifactType="application/vnd.wasm.config.v0+json"),
            attestation("c", "a"),
        ],
        {"a": "wasip1/wasm", "b": "wasip2/wasm"},
        "c",
        "ab",
    ),
    "the referrers tag of the OCI specification": Case(
        [entry("a", artifactType="application/spdx+json"), entry("b", artifactType=SOCI)], {}, "ab"
    ),
    "something that is not a manifest": Case(
        [entry("a", "linux/amd64"), entry("c", media_type="application/xml")], AMD64, "c"
    ),
    "no entry": Case([], {}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_everything_agrees_on_the_platforms_of_an_index(case: Case) -> None:
    text = json.dumps({"schemaVersion": 2, "mediaType": case.media_type, "manifests": case.entries})
    parsed = parse_manifest(text)
    platforms = [digest(letter) for letter in case.names]
    assert dict(zip((part.digest for part in parsed.platform_entries), parsed.platforms, strict=True)) == {
        digest(letter): name for letter, name in case.names.items()
    }
    assert [part.digest for part in parsed.artifact_entries] == [digest(letter) for letter in case.others]

    assert named_platforms(parsed) == {digest(letter): name for letter, name in case.names.items()}
    shown = inspected.inspected_platforms(parsed, None, INDEX)
    assert [platform.digest for platform in shown] == (platforms if case.entries else [INDEX])
    assert [platform.digest for platform in compared.platforms_of(parsed)] == platforms
    scanned = [digest(letter) for letter in case.names if letter not in case.unscanned]
    assert [target.digest for target in scan_targets(INDEX, parsed)] == (scanned if case.entries else [INDEX])

    parts = parts_of(text) or ()
    assert [part.digest for part in parts if part.is_platform] == platforms
    assert [part.digest for part in parts if part.is_scanned] == scanned
    assert {part.digest for part in parts if not part.is_platform} == {digest(letter) for letter in case.others}

    tree = artifact_tree(ArtifactSources(INDEX, Manifest(text, INDEX, case.media_type)))
    assert [subject.digest for subject in tree.platforms] == platforms
    inside = [artifact.digest for artifact, _ in tree.all_artifacts()]
    assert sorted(inside) == [digest(letter) for letter in case.others]


def test_an_artifact_in_an_index_belongs_to_the_image_that_it_is_about() -> None:
    case = CASES["SOCI v2, whose artifacts name the platforms of their images"]
    text = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": case.entries})
    tree = artifact_tree(ArtifactSources(INDEX, Manifest(text, INDEX, OCI_INDEX)))
    assert not tree.root.artifacts
    assert [[(artifact.digest, artifact.format) for artifact in one.artifacts] for one in tree.platforms] == [
        [(digest("c"), "SOCI index v2")],
        [(digest("d"), "SOCI index v2")],
    ]


def test_a_name_that_an_entry_does_not_state_is_no_platform_for_filters_and_plans() -> None:
    text = json.dumps({"schemaVersion": 2, "manifests": [entry("a", "linux/amd64"), entry("b")]})
    assert parse_manifest(text).platform_names == {digest("a"): "linux/amd64"}
    parts = parts_of(text) or ()
    assert [(part.platform, part.name) for part in parts] == [("linux/amd64", "linux/amd64"), ("", "image")]
    assert [target.platform for target in scan_targets(INDEX, parse_manifest(text))] == ["linux/amd64", ""]
