"""Questions that no source answers, and the answers of the embedded registry.

docs/embedded-registry-behaviour.md lists them. Against a real account (tests/aws) a failure here is an answer.
"""

from __future__ import annotations

import json
from typing import Any

from tests.emulator.test_contract_layers import availability, put_image_of
from tests.emulator.test_contract_lifecycle import aged, counted, policy, rule
from tests.support.embedded import DOCKER_MANIFEST, OCI_LAYER, push_image, push_index, put, upload_blob

DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def test_a_preview_does_not_list_the_images_of_an_index(ecr: Any, repository: str) -> None:
    index = push_index(ecr, repository, tag="multi")
    push_image(ecr, repository, "newest", tag="newest")
    ecr.start_lifecycle_policy_preview(repositoryName=repository, lifecyclePolicyText=policy(rule(1, counted())))
    ecr.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName=repository)
    results = ecr.get_lifecycle_policy_preview(repositoryName=repository)["previewResults"]
    assert [result["imageDigest"] for result in results] == [index.digest]


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
