"""Repository creation templates: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest

from tests.emulator.conftest import Caller, Transport
from tests.support.embedded import OCI_INDEX, put, refused

REPLICATION = ["REPLICATION"]
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0f1e2d3c"

_numbers = count(1)


@pytest.fixture
def prefix() -> str:
    """Return an unused prefix."""
    return f"template-{next(_numbers)}"


def test_a_template_has_defaults(ecr: Any, prefix: str, caller: Caller) -> None:
    """F06"""
    answer = ecr.create_repository_creation_template(prefix=prefix, appliedFor=["PULL_THROUGH_CACHE"])
    template = answer["repositoryCreationTemplate"]
    assert answer["registryId"] == caller.account
    assert template.pop("createdAt") == template.pop("updatedAt")
    assert template == {
        "prefix": prefix,
        "encryptionConfiguration": {"encryptionType": "AES256"},
        "imageTagMutability": "MUTABLE",
        "appliedFor": ["PULL_THROUGH_CACHE"],
    }


def test_one_prefix_has_one_template(ecr: Any, prefix: str) -> None:
    """F07"""
    for name in (prefix, "ROOT"):
        ecr.create_repository_creation_template(prefix=name, appliedFor=REPLICATION)
        with refused("TemplateAlreadyExistsException"):
            ecr.create_repository_creation_template(prefix=name, appliedFor=REPLICATION)
    with refused("TemplateAlreadyExistsException"):
        ecr.create_repository_creation_template(prefix=f"{prefix}/", appliedFor=REPLICATION)
    ecr.delete_repository_creation_template(prefix="ROOT")


def test_a_template_that_is_not_there_is_not_found(ecr: Any) -> None:
    """F07"""
    with refused("TemplateNotFoundException"):
        ecr.update_repository_creation_template(prefix="absent", description="x")
    with refused("TemplateNotFoundException"):
        ecr.delete_repository_creation_template(prefix="absent")
    assert ecr.describe_repository_creation_templates(prefixes=["absent"])["repositoryCreationTemplates"] == []


def test_an_update_changes_what_it_names(ecr: Any, prefix: str) -> None:
    """F08"""
    policy = json.dumps({"rules": [{"rulePriority": 1, "selection": COUNT, "action": {"type": "expire"}}]}, indent=2)
    created = ecr.create_repository_creation_template(
        prefix=prefix,
        appliedFor=REPLICATION,
        description="one",
        lifecyclePolicy=policy,
        resourceTags=[{"Key": "team", "Value": "x"}],
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest*"}],
    )["repositoryCreationTemplate"]
    changed = ecr.update_repository_creation_template(prefix=prefix, description="two")["repositoryCreationTemplate"]
    assert changed == {**created, "description": "two", "updatedAt": changed["updatedAt"]}
    ecr.update_repository_creation_template(prefix=prefix, imageTagMutability="IMMUTABLE", lifecyclePolicy="")
    (found,) = ecr.describe_repository_creation_templates(prefixes=[prefix])["repositoryCreationTemplates"]
    assert found["imageTagMutability"] == "IMMUTABLE"
    assert "imageTagMutabilityExclusionFilters" not in found
    assert "lifecyclePolicy" not in found
    assert found["resourceTags"] == [{"Key": "team", "Value": "x"}]
    assert ecr.delete_repository_creation_template(prefix=prefix)["repositoryCreationTemplate"] == found


def test_templates_are_returned_in_pages(transport: Transport) -> None:
    """F08"""
    ecr = transport.client(region="eu-north-1")
    for number in range(5):
        ecr.create_repository_creation_template(prefix=f"page-{number}", appliedFor=REPLICATION)
    pages = ecr.get_paginator("describe_repository_creation_templates").paginate(PaginationConfig={"PageSize": 2})
    found = [[entry["prefix"] for entry in page["repositoryCreationTemplates"]] for page in pages]
    assert found == [["page-0", "page-1"], ["page-2", "page-3"], ["page-4"]]


def test_a_push_creates_a_repository_with_the_settings_of_a_template(ecr: Any, prefix: str) -> None:
    """F14"""
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})
    ecr.create_repository_creation_template(prefix=prefix, appliedFor=REPLICATION, imageTagMutability="IMMUTABLE")
    with refused("RepositoryNotFoundException"):
        ecr.initiate_layer_upload(repositoryName=f"{prefix}/a")
    with refused("RepositoryNotFoundException"):
        put(ecr, f"{prefix}/b", index)
    ecr.update_repository_creation_template(prefix=prefix, appliedFor=["CREATE_ON_PUSH"])
    ecr.initiate_layer_upload(repositoryName=f"{prefix}/a")
    put(ecr, f"{prefix}/b", index, "1.0")
    for name in (f"{prefix}/a", f"{prefix}/b"):
        (repository,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
        assert repository["imageTagMutability"] == "IMMUTABLE"
    with refused("RepositoryNotFoundException"):
        ecr.describe_images(repositoryName=f"{prefix}/c")
    with refused("RepositoryNotFoundException"):
        ecr.initiate_layer_upload(repositoryName=f"{prefix}-c")


COUNT = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}


@pytest.mark.parametrize(
    "members",
    [
        {"lifecyclePolicy": "no policy"},
        {"repositoryPolicy": "no policy"},
        {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
        {"imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest"}]},
        {"resourceTags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]},
        {"resourceTags": [{"Key": f"key-{number}", "Value": ""} for number in range(51)]},
        {"appliedFor": ["SOMETIMES"]},
        {"encryptionConfiguration": {"encryptionType": "ROT13"}},
        {"encryptionConfiguration": {"encryptionType": "AES256", "kmsKey": KEY}},
        {"description": "x" * 257},
        {"prefix": "Upper"},
    ],
)
def test_what_a_repository_cannot_have_is_refused(transport: Transport, prefix: str, members: dict[str, Any]) -> None:
    """F06"""
    ecr = transport.client(parameter_validation=False)
    with refused("InvalidParameterException"):
        ecr.create_repository_creation_template(**{"prefix": prefix, "appliedFor": REPLICATION, **members})
    assert ecr.describe_repository_creation_templates(prefixes=[prefix])["repositoryCreationTemplates"] == []
