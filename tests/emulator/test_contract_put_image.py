"""PutImage: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from tests.emulator.conftest import Caller, Transport
from tests.support.embedded import (
    ALL_MEDIA_TYPES,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    PushedImage,
    create_repository,
    digest_of,
    digests_of,
    error_message,
    manifest_text,
    push_image,
    push_index,
    put,
    refused,
    tags_of,
)

DOCKER_V1 = "application/vnd.docker.distribution.manifest.v1+json"


def stored_manifest(client: Any, repository: str, digest: str) -> str:
    """Return the manifest that BatchGetImage returns for a digest."""
    answer = client.batch_get_image(
        repositoryName=repository, imageIds=[{"imageDigest": digest}], acceptedMediaTypes=ALL_MEDIA_TYPES
    )
    assert answer["failures"] == []
    result: str = answer["images"][0]["imageManifest"]
    return result


def two_images(client: Any, repository: str) -> tuple[PushedImage, PushedImage]:
    """Push two images with the tags ``one`` and ``two``."""
    return push_image(client, repository, "one", tag="one"), push_image(client, repository, "two", tag="two")


def test_the_digest_is_the_sha256_of_the_exact_text(ecr: Any, repository: str) -> None:
    """P01"""
    text = manifest_text(ecr, repository)
    assert put(ecr, repository, text, "1.0").digest == digest_of(text)


def test_a_pretty_printed_manifest_is_returned_unchanged(ecr: Any, repository: str) -> None:
    """P02"""
    image = push_image(ecr, repository, tag="1.0", indent=3)
    assert stored_manifest(ecr, repository, image.digest) == image.manifest


def test_four_spellings_of_one_document_are_four_images(ecr: Any, repository: str) -> None:
    """P03"""
    pretty = manifest_text(ecr, repository)
    spellings = [json.dumps(json.loads(pretty)), pretty, pretty + "\n", pretty.replace("\n", "\r\n")]
    digests = [put(ecr, repository, text).digest for text in spellings]
    assert len(set(digests)) == 4
    assert [stored_manifest(ecr, repository, digest) for digest in digests] == spellings


def test_unicode_escapes_key_order_and_slashes_are_kept(ecr: Any, repository: str) -> None:
    """P04"""
    plain = json.loads(manifest_text(ecr, repository))
    text = json.dumps(dict(reversed(plain.items())), indent="\t").replace("/", "\\/")
    text = text[:-1] + ', "annotations": {"a": "\\u00e9é\\ud83d\\ude80🚀", "b": "\\u0000\\u202e"}}'
    digest = put(ecr, repository, text, "odd").digest
    assert digest == digest_of(text)
    assert stored_manifest(ecr, repository, digest) == text


def test_the_same_manifest_with_the_same_tag_already_exists(ecr: Any, repository: str, caller: Caller) -> None:
    """P05"""
    image = push_image(ecr, repository, tag="1.0")
    with refused("ImageAlreadyExistsException") as caught:
        put(ecr, repository, image.manifest, "1.0")
    assert error_message(caught) == (
        f"Image with digest '{image.digest}' and tag '1.0' already exists in the repository with name '{repository}' in"
        f" registry with id '{caller.account}'"
    )


def test_a_retag_gives_the_image_a_second_tag(ecr: Any, repository: str) -> None:
    """P06"""
    image = push_image(ecr, repository, tag="1.0")
    before = ecr.describe_images(repositoryName=repository)["imageDetails"][0]
    assert put(ecr, repository, image.manifest, "prod").digest == image.digest
    (after,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert after["imageTags"] == ["1.0", "prod"]
    assert after["imagePushedAt"] == before["imagePushedAt"]


def test_the_response_to_a_retag_has_the_requested_tag(ecr: Any, repository: str, caller: Caller) -> None:
    """P07"""
    image = push_image(ecr, repository, tag="1.0")
    answer = ecr.put_image(repositoryName=repository, imageManifest=image.manifest, imageTag="prod")["image"]
    assert answer == {
        "registryId": caller.account,
        "repositoryName": repository,
        "imageId": {"imageDigest": image.digest, "imageTag": "prod"},
        "imageManifest": image.manifest,
        "imageManifestMediaType": OCI_MANIFEST,
    }


def test_moving_a_tag_to_a_new_manifest_leaves_the_old_image_untagged(ecr: Any, repository: str) -> None:
    """P08"""
    old = push_image(ecr, repository, "old", tag="latest")
    new = push_image(ecr, repository, "new", tag="latest")
    assert tags_of(ecr, repository) == {"latest": new.digest}
    assert digests_of(ecr, repository) == {old.digest, new.digest}
    assert stored_manifest(ecr, repository, old.digest) == old.manifest


def test_a_tag_moves_between_existing_images_and_back(ecr: Any, repository: str) -> None:
    """P09"""
    one, two = two_images(ecr, repository)
    put(ecr, repository, one.manifest, "prod")
    for image in (two, one, two):
        put(ecr, repository, image.manifest, "prod")
        assert tags_of(ecr, repository) == {"one": one.digest, "two": two.digest, "prod": image.digest}


def test_an_image_that_loses_its_last_tag_to_another_is_kept(ecr: Any, repository: str) -> None:
    """P10"""
    one, two = two_images(ecr, repository)
    put(ecr, repository, two.manifest, "one")
    assert tags_of(ecr, repository) == {"one": two.digest, "two": two.digest}
    assert digests_of(ecr, repository) == {one.digest, two.digest}
    untagged = ecr.describe_images(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})["imageDetails"]
    assert [image["imageDigest"] for image in untagged] == [one.digest]


def test_an_image_put_without_a_tag_is_untagged(ecr: Any, repository: str) -> None:
    """P11"""
    image = push_image(ecr, repository)
    (detail,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert detail["imageDigest"] == image.digest
    assert "imageTags" not in detail


def test_the_same_manifest_without_a_tag_already_exists(ecr: Any, repository: str) -> None:
    """P12"""
    image = push_image(ecr, repository)
    with refused("ImageAlreadyExistsException"):
        put(ecr, repository, image.manifest)


def test_a_tag_of_an_immutable_repository_does_not_move(ecr: Any, immutable: str) -> None:
    """P13, P37"""
    one = push_image(ecr, immutable, "one", tag="1.0")
    other = manifest_text(ecr, immutable, "two")
    with refused("ImageTagAlreadyExistsException") as caught:
        put(ecr, immutable, other, "1.0")
    assert error_message(caught) == (
        f"The image tag '1.0' already exists in the '{immutable}' repository and cannot be overwritten because the"
        " tag is immutable."
    )
    assert tags_of(ecr, immutable) == {"1.0": one.digest}
    assert digests_of(ecr, immutable) == {one.digest}


def test_the_same_tag_and_manifest_in_an_immutable_repository_is_an_error(ecr: Any, immutable: str) -> None:
    """P14: reports disagree; the registry follows containers-roadmap#2179."""
    image = push_image(ecr, immutable, tag="1.0")
    with refused("ImageTagAlreadyExistsException"):
        put(ecr, immutable, image.manifest, "1.0")


def test_an_immutable_repository_accepts_a_new_tag_for_an_image(ecr: Any, immutable: str) -> None:
    """P15"""
    image = push_image(ecr, immutable, tag="1.0")
    put(ecr, immutable, image.manifest, "prod")
    assert tags_of(ecr, immutable) == {"1.0": image.digest, "prod": image.digest}


def test_an_immutable_repository_protects_every_tag_of_an_image(ecr: Any, immutable: str) -> None:
    """P16"""
    image = push_image(ecr, immutable, tag="1.0")
    put(ecr, immutable, image.manifest, "2.0")
    other = manifest_text(ecr, immutable, "two")
    for tag in ("1.0", "2.0"):
        with refused("ImageTagAlreadyExistsException"):
            put(ecr, immutable, other, tag)


@pytest.mark.parametrize(
    ("mutability", "pattern", "moves", "stays"),
    [
        pytest.param("IMMUTABLE_WITH_EXCLUSION", "latest*", "latest-x", "v1", id="P17"),
        pytest.param("MUTABLE_WITH_EXCLUSION", "rel-*", "latest", "rel-1", id="P18"),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", "*-dev", "a-dev", "a-development", id="P19"),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", "v1.0", "v1.0", "v1x0", id="dot"),
    ],
)
def test_exclusion_filters_decide_which_tags_move(
    ecr: Any, name: str, mutability: str, pattern: str, moves: str, stays: str
) -> None:
    """P17, P18, P19"""
    create_repository(ecr, name, mutability, [pattern])
    one, two = two_images(ecr, name)
    for tag in (moves, stays):
        put(ecr, name, one.manifest, tag)
    put(ecr, name, two.manifest, moves)
    with refused("ImageTagAlreadyExistsException"):
        put(ecr, name, two.manifest, stays)
    assert tags_of(ecr, name) == {"one": one.digest, "two": two.digest, moves: two.digest, stays: one.digest}


def test_a_digest_of_other_bytes_is_rejected(ecr: Any, repository: str, caller: Caller) -> None:
    """P20, P38"""
    text = manifest_text(ecr, repository)
    other = digest_of(text + "\n")
    with refused("ImageDigestDoesNotMatchException") as caught:
        ecr.put_image(repositoryName=repository, imageManifest=text, imageTag="1.0", imageDigest=other)
    assert error_message(caught) == (
        f"The image with digest '{other}' in repository '{repository}' and registry ID '{caller.account}' does not"
        " match the image digest that Amazon ECR has calculated."
    )
    assert digests_of(ecr, repository) == set()


def test_the_right_digest_is_accepted_and_returned(ecr: Any, repository: str) -> None:
    """P21"""
    text = manifest_text(ecr, repository)
    answer = ecr.put_image(repositoryName=repository, imageManifest=text, imageTag="1", imageDigest=digest_of(text))
    assert answer["image"]["imageId"]["imageDigest"] == digest_of(text)


def test_a_manifest_without_a_media_type_needs_one_in_the_request(ecr: Any, repository: str) -> None:
    """P22"""
    text = manifest_text(ecr, repository, media_type=None)
    with refused("InvalidParameterException"):
        ecr.put_image(repositoryName=repository, imageManifest=text, imageTag="1.0")


def test_a_media_type_in_the_request_is_enough(ecr: Any, repository: str) -> None:
    """P23"""
    helm = "application/vnd.cncf.helm.config.v1+json"
    image = push_image(ecr, repository, tag="chart", media_type=None, config_media_type=helm)
    (detail,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert detail["imageManifestMediaType"] == OCI_MANIFEST
    assert detail["artifactMediaType"] == helm
    assert "mediaType" not in json.loads(stored_manifest(ecr, repository, image.digest))
    assert stored_manifest(ecr, repository, image.digest) == image.manifest


def test_without_a_media_type_in_the_request_the_manifests_own_counts(ecr: Any, repository: str) -> None:
    """P24"""
    text = manifest_text(ecr, repository)
    answer = ecr.put_image(repositoryName=repository, imageManifest=text, imageTag="1.0")
    assert answer["image"]["imageManifestMediaType"] == OCI_MANIFEST


def test_an_index_of_existing_images_is_accepted(ecr: Any, repository: str) -> None:
    """P25"""
    index = push_index(ecr, repository, tag="multi")
    assert index.digest == digest_of(index.manifest)
    assert stored_manifest(ecr, repository, index.digest) == index.manifest


def test_an_index_of_missing_images_is_rejected(ecr: Any, repository: str, caller: Caller) -> None:
    """P26, P39"""
    one, two = (PushedImage("sha256:" + digit * 64, "{}") for digit in "01")
    with refused("ReferencedImagesNotFoundException") as caught:
        push_index(ecr, repository, {"linux/amd64": one, "linux/arm64": two})
    assert error_message(caught) == (
        f"Images with digests '[{one.digest}, {two.digest}]' required for pushing image into repository with name"
        f" '{repository}' in the registry with id '{caller.account}' do not exist"
    )


def test_sixty_indexes_have_sixty_digests(ecr: Any, repository: str) -> None:
    """P27"""
    child = push_image(ecr, repository)
    indexes = [
        push_index(ecr, repository, {"linux/amd64": child}, annotations={"number": str(number)}) for number in range(60)
    ]
    assert len({index.digest for index in indexes}) == 60


def test_a_manifest_whose_layers_were_not_uploaded_is_rejected(ecr: Any, repository: str) -> None:
    """P28"""
    document = json.loads(manifest_text(ecr, repository))
    document["layers"][0]["digest"] = digest_of("never uploaded")
    with refused("LayersNotFoundException") as caught:
        put(ecr, repository, json.dumps(document), "1.0")
    assert digest_of("never uploaded") in error_message(caught)


def test_another_config_with_the_same_layers_is_another_image(ecr: Any, repository: str) -> None:
    """P29"""
    one, two = two_images(ecr, repository)
    assert json.loads(one.manifest)["layers"] == json.loads(two.manifest)["layers"]
    assert one.digest != two.digest


@pytest.mark.parametrize("kind", ["image", "Docker image", "artifact", "schema 1"])
def test_an_image_without_layers_is_rejected(ecr: Any, repository: str, kind: str) -> None:
    """P43"""
    document = json.loads(manifest_text(ecr, repository))
    document |= {
        "image": {"layers": []},
        "Docker image": {"layers": [], "mediaType": DOCKER_MANIFEST},
        "artifact": {"layers": [], "artifactType": "application/vnd.example"},
        "schema 1": {"schemaVersion": 1, "mediaType": DOCKER_V1, "fsLayers": [], "history": []},
    }[kind]
    with refused("InvalidParameterException") as caught:
        put(ecr, repository, json.dumps(document), "none")
    assert error_message(caught) == (
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Image has to have at least 1 layer'"
    )
    assert digests_of(ecr, repository) == set()


HALF = "\ud800"
"""Half of a surrogate pair: JSON can escape it, and no encoding of text holds it."""


@pytest.mark.parametrize("member", ["artifact type", "config", "layer"])
def test_a_media_type_that_is_no_text_is_refused(ecr: Any, repository: str, member: str) -> None:
    document = json.loads(manifest_text(ecr, repository))
    part = {"artifact type": document, "config": document["config"], "layer": document["layers"][0]}[member]
    part["artifactType" if member == "artifact type" else "mediaType"] = HALF
    with refused("InvalidParameterException") as caught:
        put(ecr, repository, json.dumps(document), "half")
    assert "ImageManifest" in error_message(caught)
    assert digests_of(ecr, repository) == set()


def test_an_escaped_half_of_a_surrogate_pair_is_kept_in_annotations(ecr: Any, repository: str) -> None:
    """P04"""
    image = push_image(ecr, repository, tag="half", annotations={"half": HALF})
    answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "half"}])
    assert answer["images"][0]["imageManifest"] == image.manifest


def test_an_image_has_at_most_500_layers(ecr: Any, repository: str) -> None:
    """P44"""
    document = json.loads(manifest_text(ecr, repository))
    document["layers"] *= 500
    put(ecr, repository, json.dumps(document), "most")
    document["layers"].append(document["layers"][0])
    with refused("InvalidParameterException") as caught:
        put(ecr, repository, json.dumps(document), "more")
    assert error_message(caught) == (
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Limit on number of layers per image"
        " exceeded'"
    )


@pytest.mark.parametrize("annotations", [{"org.opencontainers.image.title": "config"}, {}])
def test_the_descriptor_of_a_config_has_no_annotations(ecr: Any, repository: str, annotations: dict[str, str]) -> None:
    """P45: those of a layer and of the image are accepted."""
    document = json.loads(manifest_text(ecr, repository))
    document["config"]["annotations"] = annotations
    with refused("InvalidParameterException") as caught:
        put(ecr, repository, json.dumps(document), "1.0")
    assert error_message(caught).endswith("'Invalid JSON syntax'")
    del document["config"]["annotations"]
    document["annotations"] = document["layers"][0]["annotations"] = annotations
    put(ecr, repository, json.dumps(document), "1.0")


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, OCI_INDEX])
def test_the_descriptor_of_a_subject_has_no_platform(ecr: Any, repository: str, media_type: str) -> None:
    """P46"""
    document = json.loads(manifest_text(ecr, repository)) if media_type == OCI_MANIFEST else {"manifests": []}
    subject = {"mediaType": OCI_MANIFEST, "digest": digest_of("absent"), "size": 7}
    platform = {"os": "linux", "architecture": "amd64"}
    document |= {"mediaType": media_type, "subject": {**subject, "platform": platform}}
    with refused("InvalidParameterException") as caught:
        put(ecr, repository, json.dumps(document))
    assert error_message(caught).endswith("'Invalid JSON syntax'")
    put(ecr, repository, json.dumps({**document, "subject": subject}))


@pytest.mark.parametrize("member", ["artifact type", "layer"])
def test_a_media_type_has_no_parameters(ecr: Any, repository: str, member: str) -> None:
    """P47"""
    document = json.loads(manifest_text(ecr, repository))
    part, name = (document["layers"][0], "mediaType") if member == "layer" else (document, "artifactType")
    part[name] = "application/vnd.dev.sigstore.bundle+json;version=0.2"
    with refused("InvalidParameterException") as caught:
        put(ecr, repository, json.dumps(document), "1.0")
    assert "ImageManifest" in error_message(caught)
    part[name] = "application/vnd.dev.sigstore.bundle.v0.3+json"
    put(ecr, repository, json.dumps(document), "1.0")


def test_an_index_of_an_index_is_accepted(ecr: Any, repository: str) -> None:
    """P41"""
    inner = push_index(ecr, repository)
    outer = push_index(ecr, repository, {"linux/amd64": inner}, tag="outer")
    assert outer.digest == digest_of(outer.manifest)
    assert stored_manifest(ecr, repository, outer.digest) == outer.manifest


def test_a_referrer_of_a_missing_image_is_accepted(ecr: Any, repository: str) -> None:
    """P42"""
    subject = {"mediaType": OCI_MANIFEST, "digest": digest_of("absent"), "size": 7}
    referrer = push_image(ecr, repository, "signature", subject=subject)
    asked = {"repositoryName": repository, "subjectId": {"imageDigest": digest_of("absent")}}
    assert [one["digest"] for one in ecr.list_image_referrers(**asked)["referrers"]] == [referrer.digest]


@pytest.mark.parametrize("tag", ["-x", "a b", ".x", "é", "a/b", "a:b", "a\n"])
def test_invalid_tags_are_rejected(ecr: Any, repository: str, tag: str) -> None:
    """P30"""
    with refused("InvalidParameterException") as caught:
        put(ecr, repository, manifest_text(ecr, repository), tag)
    assert "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must satisfy regular" in error_message(
        caught
    )


def test_a_tag_has_at_most_300_characters(ecr: Any, repository: str) -> None:
    """P31"""
    text = manifest_text(ecr, repository)
    with refused("InvalidParameterException"):
        put(ecr, repository, text, "t" * 301)
    assert put(ecr, repository, text, "t" * 300).digest == digest_of(text)


def test_a_manifest_has_at_most_4_mebi_characters(ecr: Any, repository: str) -> None:
    """P32"""
    text = manifest_text(ecr, repository)
    largest = text + " " * (4_194_304 - len(text))
    with refused("InvalidParameterException"):
        put(ecr, repository, largest + " ", "large")
    assert put(ecr, repository, largest, "large").digest == digest_of(largest)
    assert stored_manifest(ecr, repository, digest_of(largest)) == largest


@pytest.mark.parametrize("text", ["None", "{", "[]", '"text"', '{"schemaVersion": NaN}', "[" * 100_000])
def test_a_manifest_that_is_not_a_json_object_is_rejected(ecr: Any, repository: str, text: str) -> None:
    """P33"""
    with refused("InvalidParameterException") as caught:
        ecr.put_image(repositoryName=repository, imageManifest=text, imageTag="1", imageManifestMediaType=OCI_MANIFEST)
    assert error_message(caught) == (
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"
    )


@pytest.mark.parametrize(
    "members",
    [
        {"mediaType": OCI_MANIFEST},
        {"mediaType": OCI_MANIFEST, "config": {"digest": "sha256:xyz"}, "layers": []},
        {"mediaType": OCI_MANIFEST, "config": {"mediaType": OCI_CONFIG}, "layers": {}},
        {"mediaType": OCI_INDEX},
        {"mediaType": OCI_INDEX, "manifests": ["text"]},
        {"mediaType": OCI_INDEX, "manifests": [], "subject": 1},
        {"mediaType": "application/vnd.unknown+json"},
        {"mediaType": 7},
    ],
)
def test_an_invalid_manifest_is_rejected(ecr: Any, repository: str, members: dict[str, Any]) -> None:
    """P33"""
    with refused("InvalidParameterException"):
        ecr.put_image(repositoryName=repository, imageManifest=json.dumps({"schemaVersion": 2, **members}))


def test_a_media_type_other_than_the_manifests_own_is_rejected(ecr: Any, repository: str) -> None:
    with refused("InvalidParameterException"):
        put(ecr, repository, manifest_text(ecr, repository), "1.0", OCI_INDEX)


def test_putting_into_a_missing_repository_fails(ecr: Any) -> None:
    """P34"""
    schema_1 = {"schemaVersion": 1, "fsLayers": [{"blobSum": digest_of("layer")}]}
    with refused("RepositoryNotFoundException"):
        ecr.put_image(repositoryName="no/such", imageManifest=json.dumps(schema_1))


def test_botocore_rejects_an_empty_manifest(ecr: Any, repository: str) -> None:
    """P35"""
    with pytest.raises(ParamValidationError):
        ecr.put_image(repositoryName=repository, imageManifest="")


def test_an_image_has_at_most_1000_tags(transport: Transport, ecr: Any, repository: str) -> None:
    """P36"""
    image = push_image(ecr, repository, tag="last")
    with transport.embedded.database.write() as connection:
        row = connection.execute("SELECT id, repository_id FROM images WHERE digest = ?", (image.digest,)).fetchall()[
            -1
        ]
        connection.executemany(
            "INSERT INTO tags (repository_id, tag, image_id) VALUES (?, ?, ?)",
            [(row["repository_id"], f"tag-{number}", row["id"]) for number in range(998)],
        )
    put(ecr, repository, image.manifest, "number-1000")
    with refused("LimitExceededException"):
        put(ecr, repository, image.manifest, "number-1001")


def test_concurrent_moves_of_one_tag_leave_it_on_one_image(transport: Transport, ecr: Any, repository: str) -> None:
    """C06"""
    images = [push_image(ecr, repository, f"image {number}") for number in range(8)]
    client = transport.client(max_pool_connections=8)

    def move(number: int) -> int:
        refusals = 0
        for turn in range(25):
            image = images[(number + turn) % len(images)]
            try:
                put(client, repository, image.manifest, "contended")
            except client.exceptions.ImageAlreadyExistsException:
                refusals += 1
        return refusals

    with ThreadPoolExecutor(8) as pool:
        refusals = list(pool.map(move, range(8)))
    assert sum(refusals) < 200
    holders = [
        detail["imageDigest"]
        for detail in ecr.describe_images(repositoryName=repository)["imageDetails"]
        if "contended" in detail.get("imageTags", [])
    ]
    assert holders == [tags_of(ecr, repository)["contended"]]
    assert digests_of(ecr, repository) == {image.digest for image in images}
