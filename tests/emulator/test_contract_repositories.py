"""Repositories: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.emulator.conftest import Caller, Transport
from tests.support.embedded import (
    REGISTRY_ID,
    create_repository,
    error_message,
    manifest_text,
    push_image,
    put,
    refused,
)

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def test_a_new_repository_is_mutable_and_encrypted_with_aes256(ecr: Any, name: str, caller: Caller) -> None:
    """R01"""
    made = ecr.create_repository(repositoryName=name)["repository"]
    assert made["repositoryArn"] == f"arn:aws:ecr:{caller.region}:{caller.account}:repository/{name}"
    assert made["repositoryUri"] == f"{caller.account}.dkr.ecr.{caller.region}.amazonaws.com/{name}"
    assert (made["registryId"], made["repositoryName"]) == (caller.account, name)
    assert made["imageTagMutability"] == "MUTABLE"
    assert made["encryptionConfiguration"] == {"encryptionType": "AES256"}
    assert made["imageScanningConfiguration"] == {"scanOnPush": False}
    assert abs((made["createdAt"] - datetime.now(UTC)).total_seconds()) < 600
    assert ecr.describe_repositories(repositoryNames=[name])["repositories"] == [made]


def test_describe_repositories_returns_all_that_was_set_at_creation(ecr: Any, name: str) -> None:
    """R01"""
    ecr.create_repository(
        repositoryName=name,
        tags=[{"Key": "owner", "Value": "checkout"}],
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "KMS", "kmsKey": "alias/mine"},
    )
    made = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    assert made["imageTagMutability"] == "IMMUTABLE"
    assert made["imageScanningConfiguration"] == {"scanOnPush": True}
    assert made["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": "alias/mine"}
    assert ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"] == [
        {"Key": "owner", "Value": "checkout"}
    ]


def test_a_repository_name_can_be_used_once(ecr: Any, repository: str) -> None:
    """R02"""
    with refused("RepositoryAlreadyExistsException") as caught:
        ecr.create_repository(repositoryName=repository)
    assert f"'{repository}'" in error_message(caught)


@pytest.mark.parametrize("wrong", ["Bad_Name!", "UPPER", "a//b", "/ab", "ab/", "a._b", "-ab", "a" * 257])
def test_an_invalid_repository_name_is_rejected(ecr: Any, wrong: str) -> None:
    """R03"""
    with refused("InvalidParameterException") as caught:
        ecr.create_repository(repositoryName=wrong)
    assert error_message(caught).startswith("Invalid parameter at 'repositoryName' failed to satisfy constraint:")


@pytest.mark.parametrize("unusual", ["a__b", "a---b", "a.b_c", "9/a/b/c", "ab"])
def test_unusual_names_within_the_pattern_are_accepted(ecr: Any, name: str, unusual: str) -> None:
    """R04"""
    whole = f"{name}/{unusual}"
    assert create_repository(ecr, whole)["repositoryName"] == whole


def test_an_unknown_repository_is_not_found(ecr: Any, caller: Caller) -> None:
    """R05"""
    with refused("RepositoryNotFoundException") as caught:
        ecr.describe_repositories(repositoryNames=["no/such"])
    assert error_message(caught) == (
        f"The repository with name 'no/such' does not exist in the registry with id '{caller.account}'"
    )


def test_pages_return_each_repository_once(ecr: Any, name: str) -> None:
    """R06"""
    for number in range(5):
        create_repository(ecr, f"{name}/{number}")
    page = ecr.describe_repositories(maxResults=2)
    assert len(page["repositories"]) == 2
    assert page["nextToken"]
    pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 2})
    names = [entry["repositoryName"] for page in pages for entry in page["repositories"]]
    assert len(names) == len(set(names))
    assert {f"{name}/{number}" for number in range(5)} <= set(names)


def test_repository_names_cannot_be_combined_with_pages(ecr: Any, repository: str) -> None:
    """R06: "This option cannot be used when you specify repositories with repositoryNames"."""
    with refused("InvalidParameterException"):
        ecr.describe_repositories(repositoryNames=[repository], maxResults=1)


def test_a_registry_of_another_account_is_closed(ecr: Any, repository: str) -> None:
    """R07, R25: also for a repository that the account does not have."""
    with refused("AccessDeniedException"):
        ecr.describe_repositories(registryId="999999999999", repositoryNames=[repository])
    with refused("AccessDeniedException"):
        ecr.describe_repositories(registryId="999999999999")
    with refused("AccessDeniedException"):
        ecr.create_repository(registryId="999999999999", repositoryName=repository)


def test_a_malformed_registry_id_is_rejected(ecr: Any) -> None:
    """R08"""
    with refused("InvalidParameterException") as caught:
        ecr.describe_repositories(registryId="abc")
    assert "'registryId'" in error_message(caught)


def test_exclusion_filters_are_returned(ecr: Any, name: str) -> None:
    """R09"""
    create_repository(ecr, name, "IMMUTABLE_WITH_EXCLUSION", ["latest*", "*-dev"])
    made = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    assert made["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert made["imageTagMutabilityExclusionFilters"] == [
        {"filterType": "WILDCARD", "filter": "latest*"},
        {"filterType": "WILDCARD", "filter": "*-dev"},
    ]


@pytest.mark.parametrize(
    ("mutability", "exclusions"),
    [
        ("MUTABLE", ["a*"]),
        ("IMMUTABLE", ["a*"]),
        ("IMMUTABLE_WITH_EXCLUSION", []),
        ("MUTABLE_WITH_EXCLUSION", []),
        ("MUTABLE_WITH_EXCLUSION", ["a*b*c*"]),
        ("IMMUTABLE_WITH_EXCLUSION", ["a", "b", "c", "d", "e", "f"]),
    ],
)
def test_exclusion_filters_that_do_not_fit_the_setting_are_rejected(
    ecr: Any, name: str, mutability: str, exclusions: list[str]
) -> None:
    """R09, R36"""
    with refused("InvalidParameterException"):
        create_repository(ecr, name, mutability, exclusions)


def test_tags_of_a_repository_made_immutable_do_not_move(ecr: Any, repository: str) -> None:
    """R10"""
    push_image(ecr, repository, "one", tag="1.0")
    answer = ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
    assert answer["imageTagMutability"] == "IMMUTABLE"
    other = manifest_text(ecr, repository, "two")
    with refused("ImageTagAlreadyExistsException"):
        put(ecr, repository, other, "1.0")


def test_the_registry_is_described(ecr: Any, caller: Caller) -> None:
    """R11"""
    answer = ecr.describe_registry()
    assert answer["registryId"] == caller.account
    assert answer["replicationConfiguration"] == {"rules": []}


def test_a_repository_with_images_is_deleted_only_with_force(ecr: Any, repository: str, caller: Caller) -> None:
    """R12, R29"""
    push_image(ecr, repository, tag="1.0")
    with refused("RepositoryNotEmptyException") as caught:
        ecr.delete_repository(repositoryName=repository)
    assert error_message(caught) == (
        f"The repository with name '{repository}' in registry with id '{caller.account}' cannot be deleted because it"
        " still contains images"
    )
    assert ecr.delete_repository(repositoryName=repository, force=True)["repository"]["repositoryName"] == repository
    with refused("RepositoryNotFoundException"):
        ecr.list_images(repositoryName=repository)


@pytest.mark.parametrize("token", ["bogus", "", "bm9wZQ==", "WyJpbWFnZXMiLCAiYSJd"])
def test_a_forged_page_token_is_rejected(ecr: Any, token: str) -> None:
    """R13"""
    with refused("InvalidParameterException") as caught:
        ecr.describe_repositories(nextToken=token)
    assert "nextToken" in error_message(caught)


@pytest.mark.parametrize("kind", ["KMS", "KMS_DSSE"])
def test_without_a_key_the_one_of_aws_is_named_by_its_arn(ecr: Any, name: str, kind: str, caller: Caller) -> None:
    """R14, R16"""
    made = [
        ecr.create_repository(repositoryName=f"{name}/{part}", encryptionConfiguration={"encryptionType": kind})
        for part in ("a", "b")
    ]
    first, second = (answer["repository"]["encryptionConfiguration"] for answer in made)
    assert first["encryptionType"] == kind
    assert re.fullmatch(rf"arn:aws:kms:{caller.region}:{caller.account}:key/{UUID}", first["kmsKey"])
    assert second == first
    found = ecr.describe_repositories(repositoryNames=[f"{name}/a"])["repositories"][0]
    assert found["encryptionConfiguration"] == first


def test_aes256_has_no_key(ecr: Any, name: str) -> None:
    """R15"""
    aes = {"encryptionType": "AES256"}
    made = ecr.create_repository(repositoryName=name, encryptionConfiguration=aes)["repository"]
    assert made["encryptionConfiguration"] == aes
    with refused("InvalidParameterException"):
        ecr.create_repository(repositoryName=f"{name}/b", encryptionConfiguration={**aes, "kmsKey": "alias/mine"})


def test_an_arn_is_no_repository_name(ecr: Any, repository: str) -> None:
    """R24"""
    arn = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryArn"]
    for operation in ("describe_images", "delete_repository", "list_images", "create_repository"):
        with refused("InvalidParameterException") as caught:
            getattr(ecr, operation)(repositoryName=arn)
        assert error_message(caught).startswith(
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression "
        )


@pytest.mark.parametrize(
    ("region", "partition", "domain"),
    [
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("cn-northwest-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ("me-central-1", "aws", "amazonaws.com"),
    ],
)
def test_arns_and_uris_are_those_of_the_partition(
    transport: Transport, name: str, region: str, partition: str, domain: str
) -> None:
    """R33, R34"""
    ecr = transport.client(region=region)
    made = create_repository(ecr, name)
    assert made["repositoryArn"] == f"arn:{partition}:ecr:{region}:{REGISTRY_ID}:repository/{name}"
    assert made["repositoryUri"] == f"{REGISTRY_ID}.dkr.ecr.{region}.{domain}/{name}"
    assert ecr.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"] == []
    (data,) = ecr.get_authorization_token()["authorizationData"]
    served = transport.target if isinstance(transport.target, str) else ""
    assert data["proxyEndpoint"] == (served or f"https://{REGISTRY_ID}.dkr.ecr.{region}.{domain}")
    caller = transport.client(service="sts", region=region).get_caller_identity()["Arn"]
    assert caller == f"arn:{partition}:iam::{REGISTRY_ID}:user/embedded"


def test_one_unknown_name_among_others_is_an_error(ecr: Any, repository: str, caller: Caller) -> None:
    """R35"""
    with refused("RepositoryNotFoundException") as caught:
        ecr.describe_repositories(repositoryNames=[repository, "no/such"])
    assert error_message(caught) == (
        f"The repository with name 'no/such' does not exist in the registry with id '{caller.account}'"
    )


def test_the_limits_of_resource_tags(ecr: Any, name: str) -> None:
    """R30, R31, R32"""
    tags = [{"Key": f"key{number:02}", "Value": "v"} for number in range(50)]
    arn = ecr.create_repository(repositoryName=name, tags=tags)["repository"]["repositoryArn"]
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == tags
    with refused("TooManyTagsException"):
        ecr.tag_resource(resourceArn=arn, tags=[{"Key": "one more", "Value": "v"}])
    for bad in ({"Key": "k" * 129, "Value": "v"}, {"Key": "k", "Value": "v" * 257}, {"Key": "", "Value": "v"}):
        with refused("InvalidTagParameterException"):
            ecr.tag_resource(resourceArn=arn, tags=[bad])
    ecr.untag_resource(resourceArn=arn, tagKeys=["key00"])
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "k" * 128, "Value": "v" * 256}])
    with refused("TooManyTagsException"):
        ecr.create_repository(repositoryName=f"{name}/more", tags=[*tags, {"Key": "k", "Value": "v"}])


def test_resource_tags_are_set_changed_and_removed(ecr: Any, name: str) -> None:
    arn = create_repository(ecr, name)["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "owner", "Value": "a"}, {"Key": "tier", "Value": "1"}])
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "owner", "Value": "b"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["tier", "absent"])
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "owner", "Value": "b"}]
    with refused("TooManyTagsException"):
        ecr.tag_resource(resourceArn=arn, tags=[{"Key": f"key{n}", "Value": ""} for n in range(51)])
    with refused("InvalidTagParameterException"):
        ecr.tag_resource(resourceArn=arn, tags=[{"Key": "aws:mine", "Value": ""}])
    with refused("InvalidParameterException"):
        ecr.list_tags_for_resource(resourceArn="arn:aws:s3:::bucket")
    with refused("RepositoryNotFoundException"):
        ecr.list_tags_for_resource(resourceArn=arn + "/none")


def test_scan_on_push_can_be_switched_on(ecr: Any, repository: str) -> None:
    ecr.put_image_scanning_configuration(repositoryName=repository, imageScanningConfiguration={"scanOnPush": True})
    made = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]
    assert made["imageScanningConfiguration"] == {"scanOnPush": True}


def test_a_repository_of_one_region_does_not_exist_in_another(
    transport: Transport, repository: str, caller: Caller
) -> None:
    """C05"""
    region = "us-east-1" if caller.region != "us-east-1" else "us-west-2"
    elsewhere = transport.client(region=region)
    with refused("RepositoryNotFoundException"):
        elsewhere.describe_repositories(repositoryNames=[repository])
    create_repository(elsewhere, repository)
    assert elsewhere.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryUri"] == (
        f"{caller.account}.dkr.ecr.{region}.amazonaws.com/{repository}"
    )
