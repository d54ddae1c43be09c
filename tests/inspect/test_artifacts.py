"""The artifacts of an image in one tree, read over the embedded registry."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings

from ecrtui.catalog.catalog import Catalog
from ecrtui.ecr.digest import digest_of, short_digest
from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, DescriptorRole, Manifest
from ecrtui.ecr.referrer import Referrer
from ecrtui.ecr.units import format_size
from ecrtui.emulator.demo.attachments import SOCI
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.errors import AccessDenied, NotFound, Refused
from ecrtui.inspect.artifact_reading import MAX_SUBJECTS, ArtifactReader, read_limit
from ecrtui.inspect.artifacts import (
    Artifact,
    ArtifactOrigin,
    ArtifactSources,
    ArtifactTree,
    artifact_tree,
    blob_kind,
    content_names,
    walk,
)
from ecrtui.inspect.contents import BlobContent
from ecrtui.inspect.envelopes import MAX_CONTENT, MAX_SBOM
from ecrtui.registry.protocol import ECR_CAPABILITIES
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.ecr.test_exact_json import VALUES
from tests.support.demo_images import CHART, CHECKOUT, checkout_registry
from tests.support.embedded import client_for, push_image, put

pytestmark = pytest.mark.usefixtures("no_sdk_retries")


class ArtifactsEnv(NamedTuple):
    embedded: EmbeddedRegistry
    reader: ArtifactReader
    image: Image

    def tree(self) -> ArtifactTree:
        return self.reader.tree(self.image.digest, self.image.tags)


def open_env(repository: str = CHECKOUT, tag: str = "prod", embedded: EmbeddedRegistry | None = None) -> ArtifactsEnv:
    embedded = embedded or checkout_registry()
    registry = open_registry(Connection(region="eu-west-1"), embedded=embedded)
    image = registry.images_by_tag(repository, [tag])[tag]
    return ArtifactsEnv(embedded, ArtifactReader(Catalog(registry), registry, repository), image)


@pytest.fixture(scope="module")
def env() -> ArtifactsEnv:
    return open_env()


def lines(tree: ArtifactTree) -> list[str]:
    found = []
    for subject in tree.subjects:
        found.append(subject.name)
        for artifact, depth in walk(subject.artifacts, 1):
            found.append(f"{'  ' * depth}{artifact.kind} | {artifact.format} | {artifact.origin_text}")
    return found


def test_the_tree_has_referrers_tags_of_cosign_and_attestations_each_at_its_subject(env: ArtifactsEnv) -> None:
    tree, mark = env.tree(), f"tag {env.image.digest[7:11]}…"
    assert not tree.problems
    assert not tree.notes
    assert lines(tree) == [
        "index",
        "  signature | Notation | referrer",
        f"  signature | cosign | {mark}.sig",
        "  sbom | SPDX | referrer",
        "    signature | Notation | referrer",
        f"  provenance | SLSA v1 | {mark}.att",
        "linux/amd64",
        "  attestation | SPDX, SLSA v0.2 | in the index",
        "  soci index | SOCI index | referrer",
        "linux/arm64",
        "  sbom | CycloneDX | referrer",
        "  attestation | SPDX, SLSA v0.2 | in the index",
    ]
    assert tree.count == 9
    for artifact, _ in tree.all_artifacts():
        assert artifact.size
        assert artifact.created
    attestation = tree.platforms[0].artifacts[0]
    assert attestation.blobs
    kinds = [blob_kind(attestation, blob) for blob in attestation.blobs]
    assert kinds == [ImageKind.SBOM, ImageKind.PROVENANCE]
    assert content_names(attestation, attestation.blobs) == ["SPDX", "SLSA v0.2"]


def contents(env: ArtifactsEnv, tree: ArtifactTree) -> dict[str, BlobContent]:
    """Return every content, by the subject and the place of its artifact."""
    found = {}
    for subject in tree.subjects:
        for number, (artifact, _) in enumerate(walk(subject.artifacts)):
            whole = env.reader.with_blobs(artifact)
            blobs = whole.blobs or ()
            for blob, name in zip(blobs, content_names(whole, blobs), strict=True):
                found[f"{subject.name} {number} {name}"] = env.reader.content(tree, whole, blob)
    return found


def test_every_content_of_the_demo_is_read(env: ArtifactsEnv) -> None:
    tree = env.tree()
    found = contents(env, tree)
    assert {name: content.title for name, content in found.items()} == {
        "index 0 Notation, JWS": "Notation signature",
        "index 1 cosign": "cosign signature",
        "index 2 SPDX": "SPDX 2.3",
        "index 3 Notation, JWS": "Notation signature",
        "index 4 SLSA v1": "SLSA v1",
        "linux/amd64 0 SPDX": "SPDX 2.3",
        "linux/amd64 0 SLSA v0.2": "SLSA v0.2",
        "linux/amd64 1 SOCI index": "SOCI index",
        "linux/arm64 0 CycloneDX": "CycloneDX 1.6",
        "linux/arm64 1 SPDX": "SPDX 2.3",
        "linux/arm64 1 SLSA v0.2": "SLSA v0.2",
    }
    assert not any(content.problem for content in found.values())
    for name in ("index 0 Notation, JWS", "index 1 cosign"):
        facts = dict(found[name].facts)
        assert facts["signed"] == (env.image.digest, "matches the index")
        assert facts["status"] == ("present, not verified",)
    assert dict(found["index 3 Notation, JWS"].facts)["signed"][1].startswith("matches the sbom ")
    assert dict(found["linux/arm64 1 SLSA v0.2"].facts)["subject"][1] == "  matches linux/arm64"
    assert found["linux/amd64 1 SOCI index"].exact.startswith("00000000  00 7a 74 6f 63")


def test_an_artifact_that_is_opened_itself_is_compared_with_its_subject(env: ArtifactsEnv) -> None:
    tree = env.tree()
    for artifact in tree.root.artifacts[:2]:  # a referrer, and an image with a tag of cosign
        own = env.reader.tree(artifact.digest, (artifact.tag,) if artifact.tag else ())
        content = next(iter(contents(env, own).values()))
        assert dict(content.facts)["signed"] == (env.image.digest, "matches its subject")
    untagged = env.reader.tree(tree.root.artifacts[1].digest, ())
    assert untagged.known.match([digest_of("nothing")]) == "its subject is not known"
    assert own.known.match([digest_of("nothing")]) == "does not match its subject"


def test_the_packages_of_a_platform_are_those_of_its_own_sbom(env: ArtifactsEnv) -> None:
    tree = env.tree()
    amd64, arm64 = (env.reader.packages(tree, platform.digest) for platform in tree.platforms)
    assert amd64
    assert arm64
    assert (amd64.format, arm64.format) == ("SPDX 2.3", "CycloneDX 1.6")
    assert amd64.source.endswith("of linux/amd64, in the index")
    assert arm64.source.endswith("of linux/arm64, referrer")
    names = [{package.name for package in listed.packages} for listed in (amd64, arm64)]
    assert "libatomic1" in names[1] - names[0]
    assert dict(amd64.types)["maven"] == 17
    assert dict(amd64.licenses)["Apache-2.0"] > 5
    whole = env.reader.packages(tree, tree.root.digest)
    assert whole
    assert whole.source.endswith("of index, referrer")


def test_a_chart_is_its_own_content() -> None:
    env = open_env(CHART, "1.1.0")
    tree = env.tree()
    assert lines(tree) == ["helm chart", "  helm chart | Helm chart | its content"]
    assert tree.count == 0
    (content,) = contents(env, tree).values()
    assert [file.path for file in content.files][:3] == [
        "checkout/Chart.yaml",
        "checkout/values.yaml",
        "checkout/values.schema.json",
    ]
    assert "replicaCount: 2" in content.files[1].text
    assert env.reader.packages(tree, tree.root.digest) is None


@pytest.mark.parametrize(
    ("operation", "part", "missing"),
    [
        ("ListImageReferrers", "referrers", "Notation"),
        ("BatchGetImage", "tags of cosign", "cosign"),
        ("DescribeImages", "times", ""),
    ],
)
def test_a_denied_part_leaves_the_others(operation: str, part: str, missing: str) -> None:
    env = open_env()
    env.reader.catalog.manifest(CHECKOUT, env.image.digest)
    env.embedded.faults.add(f"{operation}:error:code=AccessDeniedException")
    tree = env.tree()
    assert part in {problem.part for problem in tree.problems}
    assert all(isinstance(problem.error, AccessDenied) for problem in tree.problems)
    shown = "\n".join(lines(tree))
    assert "in the index" in shown
    assert not missing or missing not in shown


def test_a_registry_without_referrers_has_the_other_artifacts() -> None:
    env = open_env()
    registry: Any = env.reader.registry
    registry.capabilities = ECR_CAPABILITIES._replace(referrers=False)
    tree = env.tree()
    assert tree.notes == ("This registry does not list referrers.",)
    assert not any("referrer" in line for line in lines(tree))
    assert any("cosign" in line for line in lines(tree))


def test_an_archived_or_missing_image_is_an_error() -> None:
    env = open_env()
    with pytest.raises(NotFound):
        env.reader.tree(digest_of("nothing"))


def test_a_large_content_is_refused_before_it_is_read(env: ArtifactsEnv) -> None:
    blob = Descriptor(DescriptorRole.LAYER, digest_of("large"), "application/octet-stream", 5_000_000)
    artifact = Artifact(digest_of("a"), ImageKind.ARTIFACT, ArtifactOrigin.REFERRER, blobs=(blob,))
    with pytest.raises(Refused, match=r"The content has 5\.0 MB"):
        env.reader.content(env.tree(), artifact, blob)


A, B, C = (digest_of(name) for name in "abc")


def manifest(document: Any, media_type: str = OCI_MANIFEST) -> Manifest:
    text = json.dumps(document)
    return Manifest(text, digest_of(text), media_type)


def image_of(*layers: dict[str, Any], **members: Any) -> Manifest:
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": C, "size": 5}
    return manifest({"schemaVersion": 2, "config": config, "layers": layers, **members})


def tree_of(root: Manifest, **sources: Any) -> ArtifactTree:
    return artifact_tree(ArtifactSources(root.digest, root, **sources))


def test_artifacts_in_a_circle_end() -> None:
    root = image_of({"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": A, "size": 1})
    listed = {root.digest: [Referrer(A, OCI_MANIFEST)], A: [Referrer(B, OCI_MANIFEST)], B: [Referrer(A, OCI_MANIFEST)]}
    tree = tree_of(root, referrers=listed)
    assert [(short_digest(one.digest), depth) for one, depth in tree.all_artifacts()] == [
        (short_digest(A), 0),
        (short_digest(B), 1),
    ]


def test_the_referrers_tag_of_the_oci_specification_is_read() -> None:
    root = image_of({"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": A, "size": 1})
    entry = {"mediaType": OCI_MANIFEST, "digest": B, "size": 7, "artifactType": "application/spdx+json"}
    listed = manifest({"schemaVersion": 2, "manifests": [entry]}, OCI_INDEX)
    tree = tree_of(root, cosign={f"sha256-{root.digest[7:]}": listed})
    assert lines(tree) == ["image", f"  sbom | SPDX | tag {root.digest[7:11]}…"]


def test_the_artifacts_of_the_referrers_tag_have_times_and_artifacts_of_their_own() -> None:
    embedded = checkout_registry()
    client = client_for(embedded)
    image = push_image(client, CHECKOUT, "plain", "plain")
    sbom = push_image(client, CHECKOUT, "sbom", artifactType="application/spdx+json", layers=[b"sbom"])
    entry = {"mediaType": OCI_MANIFEST, "digest": sbom.digest, "size": 7, "artifactType": "application/spdx+json"}
    listed = manifest({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]})
    put(client, CHECKOUT, listed.text, f"sha256-{image.digest[7:]}", OCI_INDEX)
    push_image(client, CHECKOUT, "signature", f"sha256-{sbom.digest[7:]}.sig", layers=[b"signature"])
    tree = open_env(tag="plain", embedded=embedded).tree()
    assert lines(tree) == [
        "image",
        f"  sbom | SPDX | tag {image.digest[7:11]}…",
        f"    signature | layer | tag {sbom.digest[7:11]}….sig",
    ]
    assert all(artifact.created for artifact, _ in tree.all_artifacts())


def test_an_upstream_registry_that_does_not_list_referrers_is_a_problem_of_the_tree() -> None:
    env = open_env()
    env.embedded.faults.add("ListImageReferrers:error:code=UnableToListUpstreamImageReferrersException")
    assert [problem.part for problem in env.tree().problems] == ["referrers"]


def test_a_too_large_sbom_leaves_the_next_one(env: ArtifactsEnv) -> None:
    tree, large = env.tree(), Descriptor(DescriptorRole.LAYER, digest_of("large"), "application/spdx+json", 80_000_000)
    sbom = Artifact(digest_of("a"), ImageKind.SBOM, ArtifactOrigin.REFERRER, blobs=(large,))
    with_large = replace(tree, root=replace(tree.root, artifacts=(sbom, *tree.root.artifacts)))
    assert env.reader.packages(with_large, "") == env.reader.packages(tree, "")
    alone = replace(tree, root=replace(tree.root, artifacts=(sbom,)))
    with pytest.raises(Refused, match=r"The content has 80 MB") as caught:
        env.reader.packages(alone, "")
    assert caught.value.detail == "At most 67 MB are read."
    assert caught.value.hint == f"Save it with: oras blob fetch --output FILE REGISTRY/{CHECKOUT}@{large.digest}"


def test_of_a_too_large_sbom_the_start_is_shown_with_the_limit_and_how_to_save_it(env: ArtifactsEnv) -> None:
    tree = env.tree()
    sbom = next(one for one, _ in tree.all_artifacts() if one.kind is ImageKind.SBOM)
    whole = env.reader.with_blobs(sbom)
    (blob,) = whole.blobs or ()
    content = env.reader.start(tree, whole, replace(blob, size=80_000_000))
    assert content.problem.startswith(f"These are the first {format_size(len(content.exact))} of 80 MB.")
    assert "Packages are read of at most 67 MB. Save it with: oras blob fetch" in content.problem


@pytest.mark.parametrize(
    ("kind", "media_types", "limit"),
    [
        (ImageKind.SBOM, ["application/spdx+json"], MAX_SBOM),
        (ImageKind.SBOM, ["application/json"], MAX_SBOM),
        (ImageKind.ATTESTATION, ["application/vnd.in-toto+json"], MAX_SBOM),
        (ImageKind.ATTESTATION, ["application/vnd.cyclonedx+json", "text/plain"], MAX_SBOM),
        (ImageKind.ATTESTATION, ["text/plain", "application/vnd.cyclonedx+json"], MAX_CONTENT),
        (ImageKind.SIGNATURE, ["application/jose+json"], MAX_CONTENT),
        (ImageKind.HELM, ["application/vnd.cncf.helm.chart.content.v1.tar+gzip"], MAX_CONTENT),
    ],
)
def test_only_what_can_be_an_sbom_may_be_large(kind: ImageKind, media_types: list[str], limit: int) -> None:
    blobs = tuple(Descriptor(DescriptorRole.LAYER, A, media_type) for media_type in media_types)
    assert read_limit(Artifact(B, kind, ArtifactOrigin.REFERRER, blobs=blobs), blobs[0]) == limit


def test_the_descriptor_of_no_content_is_no_content() -> None:
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": C, "size": 2, "data": "e30="}
    referrer = manifest({"schemaVersion": 2, "artifactType": "a/b", "config": empty, "layers": [empty]})
    root = image_of({"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": A, "size": 1})
    known = {referrer.digest: referrer}
    tree = tree_of(root, referrers={root.digest: [Referrer(referrer.digest, OCI_MANIFEST, "a/b")]}, manifests=known)
    (artifact,) = tree.root.artifacts
    assert (artifact.kind, artifact.blobs) == (ImageKind.ARTIFACT, ())
    assert not tree_of(referrer).root.artifacts


def test_an_attestation_of_an_image_that_is_not_in_the_index_is_shown() -> None:
    annotations = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": C}
    unknown = {"os": "unknown", "architecture": "unknown"}
    entries = [{"digest": A, "platform": {"os": "linux", "architecture": "amd64"}},
               {"digest": B, "annotations": annotations, "platform": unknown}]  # fmt: skip
    tree = tree_of(manifest({"schemaVersion": 2, "manifests": entries}, OCI_INDEX))
    assert lines(tree) == ["index", "  attestation |  | in the index", "linux/amd64"]


@pytest.mark.parametrize(
    ("artifact_type", "media_type", "kind", "named"),
    [
        ("application/vnd.cncf.helm.config.v1+json", "a/b", ImageKind.HELM, "Helm chart"),
        ("application/vnd.wasm.config.v0+json", "application/wasm", ImageKind.WASM, "WebAssembly"),
        (SOCI, "application/octet-stream", ImageKind.SOCI, "SOCI index"),
        ("application/vnd.cncf.model.manifest.v1+json", "a/b", ImageKind.MODEL, "model (ModelPack)"),
        ("application/vnd.unknown.artifact.v1", "text/plain", ImageKind.ARTIFACT, "ORAS artifact"),
        ("application/vnd.unknown.artifact.v1", "application/wasm", ImageKind.WASM, "WebAssembly"),
        ("a/b", "application/vnd.cncf.helm.chart.provenance.v1.prov", ImageKind.SIGNATURE, "Helm provenance"),
    ],
)
def test_an_image_that_is_an_artifact_is_named_by_its_media_type(
    artifact_type: str, media_type: str, kind: ImageKind, named: str
) -> None:
    tree = tree_of(image_of({"mediaType": media_type, "digest": A, "size": 4}, artifactType=artifact_type))
    assert [(one.kind, one.format, one.origin) for one in tree.root.artifacts] == [(kind, named, ArtifactOrigin.OWN)]


def test_the_requests_have_a_limit() -> None:
    env = open_env()
    many = [{"digest": digest_of(str(n)), "platform": {"os": "linux", "architecture": str(n)}} for n in range(110)]
    document = manifest({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": many}, OCI_INDEX)
    env.reader.catalog._manifests.keep(CHECKOUT, [document])  # ECR refuses an index without its images
    asked: list[int] = []
    env.embedded.faults.before("ListImageReferrers", lambda: asked.append(1), times=None)
    tree = env.reader.tree(document.digest)
    assert len(asked) == MAX_SUBJECTS
    assert tree.notes == ("Not asked for the artifacts of 11 more images.",)


def test_artifacts_that_are_too_deep_to_be_asked_are_counted(env: ArtifactsEnv) -> None:
    client = client_for(env.embedded)
    pushed = push_image(client, CHECKOUT, "below")
    image = pushed.digest
    for number in range(4):
        subject = {"mediaType": OCI_MANIFEST, "digest": pushed.digest, "size": len(pushed.manifest)}
        pushed = push_image(client, CHECKOUT, f"level {number}", subject=subject, artifactType="a/note")
        assert env.reader.tree(image).notes == (() if number < 2 else ("Not asked for the artifacts of 1 more image.",))


TITLE, PATH = "org.opencontainers.image.title", "org.cncf.model.filepath"
MODEL, POLICY = "application/vnd.ollama.image", "application/vnd.cncf.openpolicyagent"
IN_TOTO, NOTES = "application/vnd.in-toto+json", "https://example.com/notes/v1"


@pytest.mark.parametrize(
    ("contents", "names"),
    [
        ([(f"{MODEL}.model", {}), (f"{MODEL}.license", {})], ["model", "license"]),
        ([(f"{MODEL}.model", {}), (f"{MODEL}.model", {})], ["model (Ollama)", "model (Ollama)"]),
        ([(f"{POLICY}.policy", {TITLE: "a.rego"}), ("a/b", {PATH: "b"})], ["a.rego · OPA policy", "b"]),
        ([("text/plain", {TITLE: "a"}), ("application/x", {})], ["a", "x"]),
        ([(IN_TOTO, {"predicateType": NOTES}), (IN_TOTO, {})], ["example.com/notes/v1", "in-toto"]),
    ],
)
def test_the_contents_of_an_artifact_have_names_that_distinguish_them(
    contents: list[tuple[str, dict[str, str]]], names: list[str]
) -> None:
    layers = [{"mediaType": kind, "digest": A, "size": 4, "annotations": own} for kind, own in contents]
    assert [one.format for one in tree_of(image_of(*layers, artifactType="a/c")).root.artifacts] == names
    tree = tree_of(root := image_of(), referrers={root.digest: [Referrer(B, OCI_MANIFEST, "a/c")]},
                   manifests={B: image_of(*layers)})  # fmt: skip
    artifact = tree.root.artifacts[0]
    assert content_names(artifact, artifact.blobs or ()) == names


def test_a_statement_of_a_type_without_a_name_has_the_type() -> None:
    bundle = "application/vnd.dev.sigstore.bundle.v0.3+json"
    listed = [
        Referrer(digest, OCI_MANIFEST, bundle, 1, ((f"dev.sigstore.bundle.{name}", value),))
        for digest, name, value in ((A, "predicateType", NOTES), (B, "content", "message-signature"))
    ]
    tree = tree_of(root := image_of(), referrers={root.digest: listed})
    assert lines(tree)[1:] == [
        "  signature | sigstore bundle | referrer",
        "  attestation | example.com/notes/v1 | referrer",
    ]


@settings(max_examples=30)
@given(VALUES)
def test_no_manifest_breaks_the_tree(value: Any) -> None:
    for media_type in (OCI_MANIFEST, OCI_INDEX):
        for document in (value, {"manifests": value}, {"manifests": [value]}, {"layers": [value]},
                         {"manifests": [{"digest": A, "annotations": value, "platform": value}]},
                         {"layers": [{"annotations": value}], "config": value, "annotations": value}):  # fmt: skip
            root = manifest(document, media_type)
            tree_of(root, manifests={A: root}, cosign={f"sha256-{root.digest[7:]}.sig": root})
