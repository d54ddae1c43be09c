"""What belongs to an image: order, blobs, and what ECR would not accept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ecrtui.ecr.cosign_tags import cosign_tags, subject_of_tag
from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.manifest import MAX_LENGTH, OCI_INDEX, OCI_MANIFEST, Manifest
from ecrtui.promote import closure
from ecrtui.promote.closure import Blob, Closure, Member, MemberKind


def blob(number: int, size: int = 10, **members: Any) -> dict[str, Any]:
    return {"digest": f"sha256:{number:064x}", "size": size, "mediaType": "application/octet-stream", **members}


def image(*layers: dict[str, Any], config: dict[str, Any] | None = None, **members: Any) -> Manifest:
    document = {"schemaVersion": 2, "config": config or blob(0), "layers": list(layers), **members}
    text = json.dumps(document)
    return Manifest(text, digest_of(text), OCI_MANIFEST)


def index(*children: Manifest, **annotations: str) -> Manifest:
    entries = [{"digest": child.digest, "mediaType": child.media_type, "size": len(child.text)} for child in children]
    text = json.dumps({"schemaVersion": 2, "manifests": entries, "annotations": annotations})
    return Manifest(text, digest_of(text), OCI_INDEX)


ONE, TWO, THREE = image(blob(1)), image(blob(2)), image(blob(3))
BOTH = index(ONE, TWO)
NESTED = index(BOTH, THREE, ONE)
KNOWN = {manifest.digest: manifest for manifest in (NESTED, BOTH, ONE, TWO, THREE)}


@pytest.mark.parametrize(
    ("roots", "expected"),
    [
        ([ONE], [ONE]),
        ([BOTH], [ONE, TWO, BOTH]),
        ([NESTED], [ONE, TWO, BOTH, THREE, NESTED]),
        ([TWO, NESTED], [TWO, ONE, BOTH, THREE, NESTED]),
        ([ONE, ONE], [ONE]),
        ([], []),
    ],
)
def test_children_come_before_their_index_and_each_manifest_once(
    roots: list[Manifest], expected: list[Manifest]
) -> None:
    assert closure.in_order([root.digest for root in roots], KNOWN) == expected


def test_an_index_that_names_itself_ends() -> None:
    a, b = "sha256:" + "a" * 64, "sha256:" + "b" * 64
    texts = {
        a: json.dumps({"manifests": [{"digest": b}, {"digest": a}]}),
        b: json.dumps({"manifests": [{"digest": a}]}),
    }
    known = {digest: Manifest(text, digest, OCI_INDEX) for digest, text in texts.items()}
    assert [manifest.digest for manifest in closure.in_order([a], known)] == [b, a]


def test_heads_are_the_manifests_that_no_index_names() -> None:
    members = tuple(Member(KNOWN[digest], MemberKind.IMAGE) for digest in KNOWN)
    assert Closure(NESTED.digest, members).heads == (NESTED.digest,)


def test_blobs_are_counted_once_over_all_members() -> None:
    members = [Member(image(blob(1), blob(2), blob(1)), MemberKind.IMAGE), Member(image(blob(2)), MemberKind.REFERRER)]
    digests = [entry.digest for entry in closure.unique_blobs(members)]
    assert digests == [blob(0)["digest"], blob(1)["digest"], blob(2)["digest"]]


def test_a_blob_of_docker_schema_1_has_no_size() -> None:
    text = json.dumps({"schemaVersion": 1, "fsLayers": [{"blobSum": blob(7)["digest"]}]})
    assert closure.blobs_of(Manifest(text, digest_of(text), "")) == (Blob(blob(7)["digest"], -1),)


def test_a_layer_with_urls_may_be_elsewhere() -> None:
    found = closure.blobs_of(image(blob(1, urls=["https://example.com/layer"]), blob(2, urls=[])))
    assert [entry.external for entry in found] == [False, True, False]


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (image(blob(1)), ""),
        (BOTH, ""),
        (image(blob(1, 0)), "zero bytes"),
        (image(config=blob(0, 0)), "zero bytes"),
        (image({**blob(1), "digest": "sha512:" + "0" * 128}), "not a sha256 digest"),
        (image({**blob(1), "digest": ""}), "not a sha256 digest"),
        (image(blob(1, 60_000_000_000)), "60 GB"),
        (image(blob(1), annotations={"long": "x" * MAX_LENGTH}), "characters"),
        (image(subject={**blob(1), "digest": "sha512:" + "0" * 128}), ""),
        (Manifest("[]", digest_of("[]"), OCI_MANIFEST), "cannot be read"),
    ],
)
def test_a_manifest_that_ecr_would_refuse_is_a_problem(manifest: Manifest, words: str) -> None:
    problems = list(closure.copy_problems([Member(manifest, MemberKind.IMAGE)]))
    assert bool(problems) is bool(words)
    assert words in "".join(problems)


def test_cosign_makes_four_tags_of_a_digest() -> None:
    digest = "sha256:" + "ab" * 32
    tags = cosign_tags([digest])
    assert [tag.removeprefix("sha256-" + "ab" * 32) for tag in tags] == [".sig", ".att", ".sbom", ""]
    assert {subject_of_tag(tag) for tag in tags} == {digest}
