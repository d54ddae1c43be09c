"""Replication between regions, its backfill, and managed signing: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from tests.emulator.conftest import Caller, Transport
from tests.support.embedded import (
    OCI_LAYER,
    REGISTRY_ID,
    client_for,
    create_repository,
    digests_of,
    download,
    error_message,
    push_image,
    push_index,
    put,
    refused,
    tags_of,
    upload_blob,
)

NEAR = "eu-central-1"
FAR = "us-east-1"
OTHER = "210987654321"

_numbers = count(1)


def to(*regions: str, registry_id: str = REGISTRY_ID, **members: Any) -> dict[str, Any]:
    """Return a rule that replicates to these regions."""
    return {"destinations": [{"region": region, "registryId": registry_id} for region in regions], **members}


def below(prefix: str) -> list[dict[str, str]]:
    """Return the filter of a rule for the repositories of a prefix."""
    return [{"filter": prefix, "filterType": "PREFIX_MATCH"}]


def replicate(ecr: Any, *rules: dict[str, Any]) -> None:
    ecr.put_replication_configuration(replicationConfiguration={"rules": list(rules)})


def statuses(ecr: Any, repository: str, **image_id: str) -> list[dict[str, str]]:
    answer = ecr.describe_image_replication_status(repositoryName=repository, imageId=image_id)
    assert answer.keys() == {"repositoryName", "imageId", "replicationStatuses", "ResponseMetadata"}
    found: list[dict[str, str]] = answer["replicationStatuses"]
    return found


@pytest.fixture
def near(transport: Transport) -> Any:
    """Return a client of the region that images are replicated to."""
    return transport.client(region=NEAR)


@pytest.fixture(autouse=True)
def configuration(ecr: Any) -> Iterator[None]:
    """Remove the replication configuration after each test."""
    yield
    replicate(ecr)


def test_a_registry_cannot_replicate_to_itself(ecr: Any, caller: Caller) -> None:
    """A01"""
    with refused("InvalidParameterException") as caught:
        replicate(ecr, to(NEAR), to(FAR, caller.region))
    assert error_message(caught) == (
        "Invalid parameter at 'replicationConfiguration' failed to satisfy constraint: 'Replication destination cannot"
        " be the same as the source registry'"
    )
    assert ecr.describe_registry()["replicationConfiguration"] == {"rules": []}


def test_a_pushed_image_is_replicated_with_its_tag(ecr: Any, near: Any, repository: str, caller: Caller) -> None:
    """A02"""
    replicate(ecr, to(NEAR))
    image = push_image(ecr, repository, tag="1.0")
    (found,) = near.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": image.digest}])["images"]
    assert tags_of(near, repository) == {"1.0": image.digest}
    assert (found["imageId"]["imageDigest"], found["imageManifest"]) == (image.digest, image.manifest)
    done = [{"region": NEAR, "registryId": caller.account, "status": "COMPLETE"}]
    assert statuses(ecr, repository, imageTag="1.0") == statuses(ecr, repository, imageDigest=image.digest) == done
    assert statuses(near, repository, imageTag="1.0") == []
    (size,) = {
        client.describe_images(repositoryName=repository)["imageDetails"][0]["imageSizeInBytes"]
        for client in (ecr, near)
    }
    assert size


def test_a_replicated_image_can_be_pulled(ecr: Any, near: Any, transport: Transport, repository: str) -> None:
    """A02"""
    replicate(ecr, to(NEAR))
    blob = upload_blob(ecr, repository, b"a layer of its own")
    push_image(ecr, repository, tag="1.0", layers=[b"a layer of its own"])
    url = near.get_download_url_for_layer(repositoryName=repository, layerDigest=blob["digest"])["downloadUrl"]
    assert download(transport.embedded, url) == b"a layer of its own"
    answers = [
        client.batch_check_layer_availability(repositoryName=repository, layerDigests=[blob["digest"]])
        for client in (ecr, near)
    ]
    assert answers[0]["layers"] == answers[1]["layers"]
    assert answers[0]["layers"][0]["mediaType"] == OCI_LAYER


def test_a_retag_is_replicated_and_moves_the_tag(ecr: Any, near: Any, repository: str) -> None:
    """A02"""
    replicate(ecr, to(NEAR, FAR))
    old, new = push_image(ecr, repository, "old", tag="prod"), push_image(ecr, repository, "new", tag="2.0")
    put(ecr, repository, new.manifest, "prod")
    assert tags_of(near, repository) == {"prod": new.digest, "2.0": new.digest}
    assert digests_of(near, repository) == {old.digest, new.digest}
    assert [status["region"] for status in statuses(ecr, repository, imageTag="prod")] == [NEAR, FAR]


def test_an_index_is_replicated_with_its_images(ecr: Any, near: Any, repository: str) -> None:
    """A02"""
    index = push_index(ecr, repository)
    replicate(ecr, to(NEAR))
    put(ecr, repository, index.manifest, "multi", index.media_type)
    assert digests_of(near, repository) == digests_of(ecr, repository)
    assert tags_of(near, repository) == {"multi": index.digest}


def test_only_matching_repositories_and_later_pushes_are_replicated(ecr: Any, near: Any, repository: str) -> None:
    """A02"""
    before = push_image(ecr, repository, "before", tag="before")
    create_repository(ecr, f"other/{repository}")
    replicate(ecr, to(NEAR, repositoryFilters=below("team/")))
    after = push_image(ecr, repository, "after", tag="after")
    push_image(ecr, f"other/{repository}", tag="1.0")
    assert digests_of(near, repository) == {after.digest}
    assert statuses(ecr, repository, imageDigest=before.digest) == []
    with refused("RepositoryNotFoundException"):
        near.list_images(repositoryName=f"other/{repository}")


def test_a_replicated_image_is_not_replicated_further(
    ecr: Any, near: Any, transport: Transport, repository: str
) -> None:
    """A02"""
    replicate(ecr, to(NEAR))
    replicate(near, to(FAR))
    push_image(ecr, repository, tag="1.0")
    with refused("RepositoryNotFoundException"):
        transport.client(region=FAR).list_images(repositoryName=repository)
    replicate(near)


def test_an_immutable_tag_at_the_destination_stays(ecr: Any, near: Any, repository: str) -> None:
    """A02"""
    create_repository(near, repository, "IMMUTABLE")
    kept = push_image(near, repository, "kept", tag="1.0")
    replicate(ecr, to(NEAR))
    image = push_image(ecr, repository, "new", tag="1.0")
    assert tags_of(near, repository) == {"1.0": kept.digest}
    assert image.digest in digests_of(near, repository)


def test_a_new_repository_has_the_settings_of_its_creation_template(ecr: Any, near: Any) -> None:
    """A02"""
    common: dict[str, Any] = {"appliedFor": ["REPLICATION"], "imageTagMutability": "IMMUTABLE"}
    near.create_repository_creation_template(prefix="ROOT", appliedFor=["REPLICATION"], description="for all")
    near.create_repository_creation_template(prefix="deep", resourceTags=[{"Key": "team", "Value": "x"}], **common)
    near.create_repository_creation_template(prefix="deep/er", appliedFor=["PULL_THROUGH_CACHE"])
    replicate(ecr, to(NEAR))
    for name in ("deep/er/app", "deeper/app"):
        create_repository(ecr, name)
        push_image(ecr, name, tag="1.0")
    found = near.describe_repositories(repositoryNames=["deep/er/app", "deeper/app"])["repositories"]
    assert [entry["imageTagMutability"] for entry in found] == ["IMMUTABLE", "MUTABLE"]
    tags = near.list_tags_for_resource(resourceArn=found[0]["repositoryArn"])["tags"]
    assert tags == [{"Key": "team", "Value": "x"}]


def test_deletions_are_replicated_by_a_rule_that_says_so(ecr: Any, near: Any, repository: str) -> None:
    """A02"""
    replicate(ecr, to(NEAR, deleteReplication={"enabled": True}), to(FAR, deleteReplication={"enabled": False}))
    one, two = push_image(ecr, repository, "one", tag="1.0"), push_image(ecr, repository, "two", tag="2.0")
    put(ecr, repository, one.manifest, "stable")
    put(near, repository, two.manifest, "only-near")
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "stable"}])
    assert tags_of(near, repository) == {"1.0": one.digest, "2.0": two.digest, "only-near": two.digest}
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "2.0"}])
    assert digests_of(near, repository) == {one.digest}
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": one.digest}])
    assert digests_of(near, repository) == set()


def test_deletions_are_not_replicated_otherwise(ecr: Any, near: Any, repository: str) -> None:
    """A02"""
    replicate(ecr, to(NEAR, deleteReplication={"enabled": False}))
    image = push_image(ecr, repository, tag="1.0")
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "1.0"}])
    assert tags_of(near, repository) == {"1.0": image.digest}


def test_a_tag_that_moved_at_the_destination_survives_a_deletion(ecr: Any, near: Any, repository: str) -> None:
    """A02"""
    replicate(ecr, to(NEAR, deleteReplication={"enabled": True}))
    image = push_image(ecr, repository, tag="1.0")
    put(ecr, repository, image.manifest, "stable")
    other = push_image(near, repository, "other", tag="stable")
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "stable"}])
    assert tags_of(near, repository)["stable"] == other.digest


GRANTS = {
    "nothing": ((), False, False),
    "the replication alone": (("ecr:ReplicateImage",), False, True),
    "a new repository alone": (("ecr:CreateRepository",), False, False),
    "both": (("ecr:ReplicateImage", "ecr:CreateRepository"), True, True),
    "all": (("ecr:*",), True, True),
}


@pytest.mark.parametrize(("actions", "creates", "adds"), GRANTS.values(), ids=GRANTS)
def test_another_account_gets_what_its_registry_policy_allows(
    transport: Transport, ecr: Any, repository: str, actions: tuple[str, ...], creates: bool, adds: bool, caller: Caller
) -> None:
    """A02"""
    # The accounts share a database. A registry answers the callers of one account.
    there = client_for(EmbeddedRegistry(transport.embedded.database, registry_id=OTHER, region=FAR), region=FAR)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{caller.account}:root"},
        "Action": list(actions or ("ecr:DescribeImages",)),
        "Resource": f"arn:aws:ecr:{FAR}:{OTHER}:repository/team/*",
    }
    there.put_registry_policy(policyText=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    replicate(ecr, to(FAR, registry_id=OTHER))

    def is_replicated(name: str) -> bool:
        image = push_image(ecr, repository, name, tag=name)
        (status,) = statuses(ecr, repository, imageDigest=image.digest)
        assert status["registryId"] == OTHER
        assert ("failureCode" in status) is (status["status"] == "FAILED")
        return status["status"] == "COMPLETE"

    assert is_replicated("first") is creates
    if not creates:
        create_repository(there, repository)
    assert is_replicated("second") is adds
    assert tags_of(there, repository).keys() == {name for name, done in (("first", creates), ("second", adds)) if done}


def test_a_backfill_replicates_what_was_there_before(transport: Transport, caller: Caller) -> None:
    """F12"""
    ecr, far = transport.client(region="eu-west-2"), transport.client(region="eu-west-3")
    for name in ("team/one", "team/two", "other/one"):
        create_repository(ecr, name)
    image = push_image(ecr, "team/one", tag="1.0")
    put(ecr, "team/one", image.manifest, "latest")
    index = push_index(ecr, "team/two", tag="multi")
    push_image(ecr, "other/one", tag="1.0")
    replicate(ecr, to("eu-west-3", repositoryFilters=below("team/")))
    destination = {"region": "eu-west-3", "registryId": caller.account}
    started = ecr.start_replication_backfill(destination=destination)
    assert (started["status"], started["registryId"], started["destination"]) == (
        "PREPARING",
        caller.account,
        destination,
    )
    assert str(UUID(started["replicationBackfillId"])) == started["replicationBackfillId"]
    (listed,) = ecr.list_replication_backfills()["backfills"]
    assert listed["replicationBackfillId"] == started["replicationBackfillId"]
    assert (listed["destination"], listed["status"]) == (destination, "COMPLETE")
    assert listed["startedAt"] == started["startedAt"]
    assert listed["progress"] == {
        "totalReplicationCount": 5,
        "completedReplicationCount": 5,
        "failedReplicationCount": 0,
        "failureCodes": [],
    }
    assert tags_of(far, "team/one") == {"1.0": image.digest, "latest": image.digest}
    assert tags_of(far, "team/two") == {"multi": index.digest}
    with refused("RepositoryNotFoundException"):
        far.list_images(repositoryName="other/one")
    pages = ecr.get_paginator("describe_replication_backfill_results").paginate(
        replicationBackfillId=started["replicationBackfillId"], PaginationConfig={"PageSize": 2}
    )
    results = [result for page in pages for result in page["results"]]
    assert [result["imageId"].get("imageTag") for result in results] == ["1.0", "latest", None, None, "multi"]
    assert {result["status"] for result in results} == {"COMPLETE"}
    failed = ecr.describe_replication_backfill_results(
        replicationBackfillId=started["replicationBackfillId"], resultStatusFilter="FAILED"
    )
    assert (failed["results"], failed["status"]) == ([], "COMPLETE")
    assert statuses(ecr, "team/one", imageTag="1.0") == [{**destination, "status": "COMPLETE"}]
    with refused("ReplicationBackfillInvalidStatusException"):
        ecr.stop_replication_backfill(replicationBackfillId=started["replicationBackfillId"])


def test_backfills_are_listed_in_pages(transport: Transport, caller: Caller) -> None:
    """F12"""
    ecr = transport.client(region="ap-south-1")
    assert ecr.list_replication_backfills()["backfills"] == []
    replicate(ecr, to(NEAR))
    destination = {"region": NEAR, "registryId": caller.account}
    started = [ecr.start_replication_backfill(destination=destination)["replicationBackfillId"] for _ in range(26)]
    assert len(ecr.list_replication_backfills()["backfills"]) == 25
    pages = ecr.get_paginator("list_replication_backfills").paginate(PaginationConfig={"PageSize": 10})
    assert [entry["replicationBackfillId"] for page in pages for entry in page["backfills"]] == started


def test_a_backfill_that_fails_by_half_of_a_hundred_is_failed(transport: Transport) -> None:
    """F12"""
    ecr = transport.client(region="ap-south-2")
    create_repository(ecr, "team/app")
    image = push_image(ecr, "team/app", tag="0")
    for number in range(1, 100):
        put(ecr, "team/app", image.manifest, str(number))
    replicate(ecr, to(NEAR, registry_id=OTHER))
    ecr.start_replication_backfill(destination={"region": NEAR, "registryId": OTHER})
    (listed,) = ecr.list_replication_backfills()["backfills"]
    assert listed["status"] == "FAILED"
    assert listed["progress"]["failedReplicationCount"] == 100
    assert len(listed["progress"]["failureCodes"]) == 1


def test_an_unknown_backfill_is_not_found(ecr: Any) -> None:
    """F13"""
    for call in (ecr.describe_replication_backfill_results, ecr.stop_replication_backfill):
        with refused("ReplicationBackfillNotFoundException"):
            call(replicationBackfillId=str(uuid4()))
        with refused("InvalidParameterException"):
            call(replicationBackfillId="bogus")


def test_a_backfill_needs_a_configured_destination(ecr: Any, caller: Caller) -> None:
    """F13"""
    replicate(ecr, to(NEAR))
    for destination in ({"region": FAR, "registryId": caller.account}, {"region": NEAR, "registryId": OTHER}):
        with refused("InvalidParameterException"):
            ecr.start_replication_backfill(destination=destination)
    assert ecr.list_replication_backfills()["backfills"] == []


PROFILE = "arn:aws:signer:eu-west-1:123456789012:/signing-profiles/{}"


def sign(ecr: Any, **repositories_by_profile: str) -> dict[str, Any]:
    """Put a signing configuration: a wildcard pattern of repositories for each profile; empty for all repositories."""
    rules: list[dict[str, Any]] = []
    for profile, pattern in repositories_by_profile.items():
        rules.append({"signingProfileArn": PROFILE.format(profile)})
        if pattern:
            rules[-1]["repositoryFilters"] = [{"filter": pattern, "filterType": "WILDCARD_MATCH"}]
    configuration: dict[str, Any] = ecr.put_signing_configuration(signingConfiguration={"rules": rules})
    return configuration


def signed_by(ecr: Any, repository: str, **image_id: str) -> list[str]:
    """Return the profiles that signed an image."""
    answer = ecr.describe_image_signing_status(repositoryName=repository, imageId=image_id)
    assert {status["status"] for status in answer["signingStatuses"]} <= {"COMPLETE"}
    return [status["signingProfileArn"].rpartition("/")[2] for status in answer["signingStatuses"]]


def test_a_registry_without_a_signing_configuration_has_none(transport: Transport) -> None:
    """F09"""
    ecr = transport.client(region="sa-east-1")
    with refused("SigningConfigurationNotFoundException"):
        ecr.get_signing_configuration()
    with refused("SigningConfigurationNotFoundException"):
        ecr.delete_signing_configuration()


def test_a_signing_configuration_is_returned(transport: Transport, caller: Caller) -> None:
    """F10"""
    ecr = transport.client(region="sa-east-1")
    put_answer = sign(ecr, one="team/*", two="")
    assert put_answer.keys() == {"signingConfiguration", "ResponseMetadata"}
    assert len(put_answer["signingConfiguration"]["rules"]) == 2
    for answer in (ecr.get_signing_configuration(), ecr.delete_signing_configuration()):
        assert answer["registryId"] == caller.account
        assert answer["signingConfiguration"] == put_answer["signingConfiguration"]
    with refused("SigningConfigurationNotFoundException"):
        ecr.get_signing_configuration()


@pytest.mark.parametrize(
    "rule",
    [
        {"signingProfileArn": "arn:aws:iam::123456789012:role/signer"},
        {"signingProfileArn": PROFILE.format("one"), "repositoryFilters": []},
        {"signingProfileArn": PROFILE.format("one"), "repositoryFilters": [{"filter": "a", "filterType": "REGEX"}]},
        {"repositoryFilters": [{"filter": "a", "filterType": "WILDCARD_MATCH"}]},
    ],
)
def test_an_invalid_signing_rule_is_refused(transport: Transport, rule: dict[str, Any]) -> None:
    """F10"""
    ecr = transport.client(parameter_validation=False)
    with refused("InvalidParameterException"):
        ecr.put_signing_configuration(signingConfiguration={"rules": [rule]})


def test_a_pushed_image_is_signed_by_the_profiles_of_its_rules(transport: Transport, name: str) -> None:
    """F11"""
    ecr = transport.client(region="ca-central-1")
    create_repository(ecr, name)
    before = push_image(ecr, name, "before", tag="before")
    sign(ecr, one="team/*", two="*/app*", three="other/*", four="")
    image = push_image(ecr, name, tag="1.0")
    assert signed_by(ecr, name, imageTag="1.0") == ["four", "one", "two"]
    assert signed_by(ecr, name, imageDigest=before.digest) == []
    referrers = ecr.list_image_referrers(repositoryName=name, subjectId={"imageDigest": image.digest})["referrers"]
    assert [referrer["artifactType"] for referrer in referrers] == ["application/vnd.cncf.notary.signature"] * 3
    assert signed_by(ecr, name, imageDigest=referrers[0]["digest"]) == []
    put(ecr, name, image.manifest, "stable")
    assert len(digests_of(ecr, name)) == 5
    ecr.delete_signing_configuration()
    assert signed_by(ecr, name, imageTag="1.0") == ["four", "one", "two"]


def test_an_image_that_was_deleted_is_signed_again(transport: Transport, name: str) -> None:
    """F11"""
    ecr = transport.client(region="ca-west-1")
    create_repository(ecr, name)
    sign(ecr, one="")
    for _ in range(2):
        image = push_image(ecr, name, tag="1.0")
        assert signed_by(ecr, name, imageTag="1.0") == ["one"]
        assert len(digests_of(ecr, name)) == 2
        ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": image.digest}])


def test_signatures_are_replicated_with_their_image(transport: Transport, near: Any, name: str) -> None:
    """F11"""
    ecr = transport.client(region="ap-east-1")
    create_repository(ecr, name)
    sign(ecr, one="")
    replicate(ecr, to(NEAR))
    push_image(ecr, name, tag="1.0")
    assert digests_of(near, name) == digests_of(ecr, name)


def test_an_image_that_is_not_there_has_no_status(ecr: Any, repository: str) -> None:
    absent = {"repositoryName": repository, "imageId": {"imageTag": "absent"}}
    for call in (ecr.describe_image_signing_status, ecr.describe_image_replication_status):
        with refused("ImageNotFoundException"):
            call(**absent)
        with refused("RepositoryNotFoundException"):
            call(repositoryName="no/such", imageId={"imageTag": "1.0"})
