"""Repositories: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.emulator.conftest import Transport
from tests.support.embedded import (
    REGION,
    REGISTRY_ID,
    create_repository,
    error_message,
    manifest_text,
    push_image,
    put,
    refused,
)


def test_a_new_repository_is_mutable_and_encrypted_with_aes256(ecr: Any, name: str) -> None:
    """R01"""
    made = ecr.create_repository(repositoryName=name)["repository"]
    assert made["repositoryArn"] == f"arn:aws:ecr:{REGION}:{REGISTRY_ID}:repository/{name}"
    assert made["repositoryUri"] == f"{REGISTRY_ID}.dkr.ecr.{REGION}.amazonaws.com/{name}"
    assert (made["registryId"], made["repositoryName"]) == (REGISTRY_ID, name)
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


def test_an_unknown_repository_is_not_found(ecr: Any) -> None:
    """R05"""
    with refused("RepositoryNotFoundException") as caught:
        ecr.describe_repositories(repositoryNames=["no/such"])
    assert error_message(caught) == (
        f"The repository with name 'no/such' does not exist in the registry with id '{REGISTRY_ID}'"
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
    """R07"""
    with refused("RepositoryNotFoundException"):
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
    [("MUTABLE", ["a*"]), ("IMMUTABLE_WITH_EXCLUSION", []), ("MUTABLE_WITH_EXCLUSION", ["a*b*c*"])],
)
def test_exclusion_filters_that_do_not_fit_the_setting_are_rejected(
    ecr: Any, name: str, mutability: str, exclusions: list[str]
) -> None:
    """R09"""
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


def test_the_registry_is_described(ecr: Any) -> None:
    """R11"""
    answer = ecr.describe_registry()
    assert answer["registryId"] == REGISTRY_ID
    assert answer["replicationConfiguration"] == {"rules": []}


def test_a_repository_with_images_is_deleted_only_with_force(ecr: Any, repository: str) -> None:
    """R12"""
    push_image(ecr, repository, tag="1.0")
    with refused("RepositoryNotEmptyException"):
        ecr.delete_repository(repositoryName=repository)
    assert ecr.delete_repository(repositoryName=repository, force=True)["repository"]["repositoryName"] == repository
    with refused("RepositoryNotFoundException"):
        ecr.list_images(repositoryName=repository)


@pytest.mark.parametrize("token", ["bogus", "", "bm9wZQ==", "WyJpbWFnZXMiLCAiYSJd"])
def test_a_forged_page_token_is_rejected(ecr: Any, token: str) -> None:
    """R13"""
    with refused("InvalidParameterException") as caught:
        ecr.describe_repositories(nextToken=token)
    assert "nextToken" in error_message(caught)


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


def test_the_text_of_a_repository_policy_is_kept(ecr: Any, repository: str) -> None:
    text = '{ "Version":"2012-10-17",\n "Statement" : [] }'
    with refused("RepositoryPolicyNotFoundException"):
        ecr.get_repository_policy(repositoryName=repository)
    ecr.set_repository_policy(repositoryName=repository, policyText=text)
    assert ecr.get_repository_policy(repositoryName=repository)["policyText"] == text
    assert ecr.delete_repository_policy(repositoryName=repository)["policyText"] == text
    with refused("RepositoryPolicyNotFoundException"):
        ecr.delete_repository_policy(repositoryName=repository)
    with refused("InvalidParameterException"):
        ecr.set_repository_policy(repositoryName=repository, policyText="no JSON")


def test_scan_on_push_can_be_switched_on(ecr: Any, repository: str) -> None:
    ecr.put_image_scanning_configuration(repositoryName=repository, imageScanningConfiguration={"scanOnPush": True})
    made = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]
    assert made["imageScanningConfiguration"] == {"scanOnPush": True}


def test_a_repository_of_one_region_does_not_exist_in_another(transport: Transport, repository: str) -> None:
    """C05"""
    elsewhere = transport.client(region="us-east-1")
    with refused("RepositoryNotFoundException"):
        elsewhere.describe_repositories(repositoryNames=[repository])
    create_repository(elsewhere, repository)
    assert elsewhere.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryUri"] == (
        f"{REGISTRY_ID}.dkr.ecr.us-east-1.amazonaws.com/{repository}"
    )
