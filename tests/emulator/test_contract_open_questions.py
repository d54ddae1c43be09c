"""Questions that no source answers, and the answers of the embedded registry.

docs/embedded-registry-behaviour.md lists them. Against a real account (tests/aws) a failure here is an answer.
"""

from __future__ import annotations

import json
from typing import Any

from tests.emulator.test_contract_layers import availability, put_image_of
from tests.emulator.test_contract_lifecycle import aged, counted, policy, rule
from tests.support.embedded import DOCKER_MANIFEST, OCI_LAYER, PushedImage, push_image, push_index, put, upload_blob

DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def subject_of(image: PushedImage) -> dict[str, Any]:
    return {"mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest.encode())}


def previewed(ecr: Any, repository: str, selection: dict[str, Any]) -> list[str]:
    """Return the digests of the images that a rule with this selection would expire."""
    ecr.start_lifecycle_policy_preview(repositoryName=repository, lifecyclePolicyText=policy(rule(1, selection)))
    ecr.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName=repository)
    results = ecr.get_lifecycle_policy_preview(repositoryName=repository)["previewResults"]
    return [result["imageDigest"] for result in results]


def test_a_preview_does_not_list_the_images_of_an_index(ecr: Any, repository: str) -> None:
    index = push_index(ecr, repository, tag="multi")
    push_image(ecr, repository, "newest", tag="newest")
    assert previewed(ecr, repository, counted()) == [index.digest]


def test_a_preview_does_not_list_the_referrers_that_go_with_their_subject(ecr: Any, repository: str) -> None:
    old = push_image(ecr, repository, "old", tag="old")
    push_image(ecr, repository, "signature", subject=subject_of(old))
    push_image(ecr, repository, "newest", tag="newest")
    assert previewed(ecr, repository, counted(tagStatus="tagged", tagPatternList=["*"])) == [old.digest]


def test_a_rule_selects_a_referrer_whose_subject_stays(ecr: Any, repository: str) -> None:
    subject = subject_of(push_image(ecr, repository, "image", tag="prod"))
    older = push_image(ecr, repository, "first", subject=subject)
    push_image(ecr, repository, "second", subject=subject)
    assert previewed(ecr, repository, counted(tagStatus="untagged")) == [older.digest]


def test_a_rule_that_counts_since_the_pull_can_expire_images(ecr: Any, repository: str) -> None:
    text = policy(rule(1, aged(30, "Pulled")))
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=text)
    found = json.loads(ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"])
    assert found["rules"][0]["action"] == {"type": "expire"}


def test_the_members_of_a_policy_keep_their_order(ecr: Any, repository: str) -> None:
    reversed_rule = dict(reversed(rule(1, counted(), description="keep one").items()))
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=policy(reversed_rule))
    (found,) = json.loads(ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"])["rules"]
    assert list(found) == list(reversed_rule)


def test_an_index_is_returned_without_accepted_media_types(ecr: Any, repository: str) -> None:
    index = push_index(ecr, repository, tag="multi")
    (found,) = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "multi"}])["images"]
    assert found["imageManifest"] == index.manifest


def test_a_layer_of_two_manifests_has_the_media_type_of_the_newer(ecr: Any, repository: str) -> None:
    digest = upload_blob(ecr, repository, b"shared")["digest"]
    text = put_image_of(ecr, repository, digest, OCI_LAYER).manifest
    document = json.loads(text) | {"mediaType": DOCKER_MANIFEST}
    document["layers"][0]["mediaType"] = DOCKER_LAYER
    put(ecr, repository, json.dumps(document), media_type=DOCKER_MANIFEST)
    assert availability(ecr, repository, digest)["mediaType"] == DOCKER_LAYER
