"""Pull-through cache rules: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.emulator.conftest import Caller, Transport
from tests.support.embedded import error_message, refused

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/example-AbCdEf"
ROLE = "arn:aws:iam::123456789012:role/pull"
PUBLIC = {"upstreamRegistryUrl": "public.ecr.aws"}

_numbers = count(1)


@pytest.fixture
def prefix() -> str:
    """Return an unused prefix."""
    return f"cache-{next(_numbers)}"


def test_a_rule_is_returned_with_its_upstream(ecr: Any, prefix: str, caller: Caller) -> None:
    """F01"""
    rule = ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, **PUBLIC)
    del rule["ResponseMetadata"]
    assert rule.pop("createdAt")
    assert rule == {
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": "public.ecr.aws",
        "registryId": caller.account,
        "upstreamRegistry": "ecr-public",
        "upstreamRepositoryPrefix": "ROOT",
    }
    (found,) = ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[prefix])["pullThroughCacheRules"]
    assert found.pop("createdAt") == found.pop("updatedAt")
    assert found == rule


@pytest.mark.parametrize("again", ["{}", "{}/"])
def test_one_prefix_has_one_rule(ecr: Any, prefix: str, again: str) -> None:
    """F02"""
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, **PUBLIC)
    with refused("PullThroughCacheRuleAlreadyExistsException"):
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=again.format(prefix), upstreamRegistryUrl="quay.io")


@pytest.mark.parametrize(
    "members",
    [
        {"upstreamRegistryUrl": "harbor.example.com"},
        {"upstreamRegistryUrl": "public.ecr.aws.example.com"},
        {"upstreamRegistryUrl": "https://quay.io/path"},
        {"upstreamRegistryUrl": ""},
        {"upstreamRegistryUrl": "quay.io", "upstreamRegistry": "ecr-public"},
        {"upstreamRegistryUrl": "12345678901.dkr.ecr.eu-west-1.amazonaws.com"},
    ],
)
def test_an_unknown_upstream_is_refused(ecr: Any, prefix: str, members: dict[str, str]) -> None:
    """F03"""
    with refused("UnsupportedUpstreamRegistryException") as caught:
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix, **members)
    assert error_message(caught) == (
        f"The upstream registry URL {members['upstreamRegistryUrl']} is invalid."
        " Specify a valid upstream registry URL and try again"
    )


@pytest.mark.parametrize(
    ("upstream", "url"),
    [
        ("docker-hub", "registry-1.docker.io"),
        ("github-container-registry", "ghcr.io"),
        ("azure-container-registry", "example.azurecr.io"),
        ("gitlab-container-registry", "registry.gitlab.com"),
        ("chainguard", "cgr.dev"),
    ],
)
def test_an_upstream_with_authentication_needs_a_secret(ecr: Any, prefix: str, upstream: str, url: str) -> None:
    """F03"""
    asked = {"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": url}
    with refused("UnsupportedUpstreamRegistryException") as caught:
        ecr.create_pull_through_cache_rule(**asked)
    assert error_message(caught).startswith("The specified upstream registry requires authentication.")
    rule = ecr.create_pull_through_cache_rule(**asked, credentialArn=SECRET)
    assert (rule["upstreamRegistry"], rule["credentialArn"]) == (upstream, SECRET)


def test_an_upstream_can_be_another_private_registry(ecr: Any, prefix: str) -> None:
    """F01"""
    rule = ecr.create_pull_through_cache_rule(
        ecrRepositoryPrefix=prefix,
        upstreamRegistryUrl="210987654321.dkr.ecr.us-east-1.amazonaws.com",
        customRoleArn=ROLE,
        upstreamRepositoryPrefix="base",
    )
    assert (rule["upstreamRegistry"], rule["customRoleArn"]) == ("ecr", ROLE)
    assert rule["upstreamRepositoryPrefix"] == "base"


@pytest.mark.parametrize("prefix_of_rule", ["Upper", "a", "-x", "a" * 31, "a b", "a//b"])
def test_an_invalid_prefix_is_refused(transport: Transport, prefix_of_rule: str) -> None:
    """F01"""
    ecr = transport.client(parameter_validation=False)
    with refused("InvalidParameterException"):
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=prefix_of_rule, **PUBLIC)


def test_a_rule_that_is_not_there_is_not_found(ecr: Any) -> None:
    """F04"""
    absent = {"ecrRepositoryPrefix": "absent"}
    with refused("PullThroughCacheRuleNotFoundException"):
        ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=["absent"])
    with refused("PullThroughCacheRuleNotFoundException"):
        ecr.update_pull_through_cache_rule(**absent, credentialArn=SECRET)
    with refused("PullThroughCacheRuleNotFoundException"):
        ecr.delete_pull_through_cache_rule(**absent)
    with refused("PullThroughCacheRuleNotFoundException"):
        ecr.validate_pull_through_cache_rule(**absent)


def test_rules_are_returned_in_pages_and_deleted(transport: Transport) -> None:
    """F05"""
    ecr = transport.client(region="eu-central-1")
    assert ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"] == []
    for number in range(5):
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=f"page-{number}", **PUBLIC)
    pages = ecr.get_paginator("describe_pull_through_cache_rules").paginate(PaginationConfig={"PageSize": 2})
    found = [[rule["ecrRepositoryPrefix"] for rule in page["pullThroughCacheRules"]] for page in pages]
    assert found == [["page-0", "page-1"], ["page-2", "page-3"], ["page-4"]]
    deleted = ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="page-3/")
    assert (deleted["ecrRepositoryPrefix"], deleted["upstreamRegistryUrl"]) == ("page-3", "public.ecr.aws")
    with refused("PullThroughCacheRuleNotFoundException"):
        ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="page-3")
    with refused("InvalidParameterException"):
        ecr.describe_pull_through_cache_rules(nextToken="bogus")


def test_the_credentials_of_a_rule_can_be_changed(ecr: Any, prefix: str) -> None:
    asked = {"ecrRepositoryPrefix": prefix}
    created = ecr.create_pull_through_cache_rule(**asked, upstreamRegistryUrl="ghcr.io", credentialArn=SECRET)
    updated = ecr.update_pull_through_cache_rule(**asked, credentialArn=f"{SECRET}2")
    assert updated["credentialArn"] == f"{SECRET}2"
    assert updated["updatedAt"] >= created["createdAt"]
    (found,) = ecr.describe_pull_through_cache_rules(ecrRepositoryPrefixes=[prefix])["pullThroughCacheRules"]
    assert (found["credentialArn"], found["upstreamRegistryUrl"]) == (f"{SECRET}2", "ghcr.io")


def test_only_a_rule_without_credentials_can_be_validated_here(ecr: Any) -> None:
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="valid", **PUBLIC)
    assert ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="valid")["isValid"] is True
    ecr.create_pull_through_cache_rule(
        ecrRepositoryPrefix="unknown", upstreamRegistryUrl="ghcr.io", credentialArn=SECRET
    )
    answer = ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="unknown")
    assert answer["isValid"] is False
    assert "has no secrets" in answer["failure"]


def test_a_registry_has_at_most_fifty_rules(transport: Transport) -> None:
    ecr = transport.client(region="eu-south-1")
    for number in range(50):
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix=f"many-{number}", **PUBLIC)
    with refused("LimitExceededException"):
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="one-more", **PUBLIC)
