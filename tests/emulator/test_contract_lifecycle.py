"""Lifecycle policies: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.conftest import Caller, Transport
from tests.support.embedded import (
    create_repository,
    error_message,
    new_embedded,
    push_image,
    put,
    refused,
    served,
)

EXPIRE = {"type": "expire"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}
FAILURE = (
    "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: "
)
DAY = 24 * 3600.0


def counted(count: int = 1, **members: Any) -> dict[str, Any]:
    """Return a selection that keeps the newest images."""
    return {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count, **members}


def aged(days: int = 1, kind: str = "Pushed", **members: Any) -> dict[str, Any]:
    """Return a selection by the days since a push, a pull or an archiving."""
    return {
        "tagStatus": "any",
        "countType": f"sinceImage{kind}",
        "countUnit": "days",
        "countNumber": days,
        **members,
    }


def rule(priority: int, selection: Any, action: Any = EXPIRE, **members: Any) -> dict[str, Any]:
    """Return a rule of a policy document."""
    return {"rulePriority": priority, **members, "selection": selection, "action": action}


def policy(*rules: Any, indent: int | None = None) -> str:
    """Return the text of a policy, of at least the 100 characters that the API requires."""
    return json.dumps({"rules": list(rules)}, indent=indent).ljust(100)


def tagged(*prefixes: str, **members: Any) -> dict[str, Any]:
    """Return a selection that keeps the newest image with a tag for each prefix."""
    return counted(tagStatus="tagged", tagPrefixList=list(prefixes), **members)


KEEP_ONE = policy(rule(1, counted(), description="keep one"), indent=1) + "\n"
COMPACT_KEEP_ONE = (
    '{"rules":[{"rulePriority":1,"description":"keep one","selection":{"tagStatus":"any",'
    '"countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}]}'
)


def preview(client: Any, repository: str, *rules: Any) -> dict[str, int]:
    """Return the priority of the rule that would act, by the first tag of the image."""
    client.start_lifecycle_policy_preview(repositoryName=repository, lifecyclePolicyText=policy(*rules))
    client.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName=repository)
    results = client.get_lifecycle_policy_preview(repositoryName=repository)["previewResults"]
    return {result["imageTags"][0]: result["appliedRulePriority"] for result in results}


def push_with_tags(client: Any, repository: str, name: str, *tags: str) -> str:
    """Push an image with these tags; return its digest."""
    image = push_image(client, repository, name, tag=tags[0])
    for tag in tags[1:]:
        put(client, repository, image.manifest, tag)
    return image.digest


def test_a_repository_without_a_policy_has_none_to_get_or_delete(ecr: Any, repository: str, caller: Caller) -> None:
    """C01"""
    for call in (ecr.get_lifecycle_policy, ecr.delete_lifecycle_policy):
        with refused("LifecyclePolicyNotFoundException") as caught:
            call(repositoryName=repository)
        assert error_message(caught) == (
            f"Lifecycle policy does not exist for the repository with name '{repository}' in the registry with id"
            f" '{caller.account}'"
        )


def test_a_policy_is_returned_without_spaces(ecr: Any, repository: str) -> None:
    """C01, C07, C08"""
    answer = ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=KEEP_ONE)
    assert answer["lifecyclePolicyText"] == COMPACT_KEEP_ONE
    assert ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"] == COMPACT_KEEP_ONE


def test_spaces_within_strings_and_other_scripts_stay(ecr: Any, repository: str) -> None:
    """C07, C08"""
    text = policy(rule(1, counted(), description='keep "one", für immer 保つ'), indent=4)
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=text)
    found = ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"]
    assert '"description":"keep \\"one\\", für immer 保つ"' in found
    assert json.loads(found) == json.loads(text)


def test_rules_are_returned_in_the_order_of_their_priority(ecr: Any, repository: str) -> None:
    """C01, C09"""
    text = policy(rule(30, counted()), rule(2, tagged("b")), rule(10, tagged("a")))
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=text)
    found = json.loads(ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"])
    assert [entry["rulePriority"] for entry in found["rules"]] == [2, 10, 30]


def test_a_policy_that_never_ran_was_evaluated_in_1970(ecr: Any, repository: str) -> None:
    """C10"""
    for _ in range(2):
        ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=KEEP_ONE)
        answer = ecr.get_lifecycle_policy(repositoryName=repository)
        assert answer["lastEvaluatedAt"].timestamp() == 0


def test_deletion_returns_the_policy_that_was_there(ecr: Any, repository: str) -> None:
    """C11"""
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=KEEP_ONE)
    answer = ecr.delete_lifecycle_policy(repositoryName=repository)
    assert answer["lifecyclePolicyText"] == COMPACT_KEEP_ONE
    assert answer["lastEvaluatedAt"].timestamp() == 0
    with refused("LifecyclePolicyNotFoundException"):
        ecr.get_lifecycle_policy(repositoryName=repository)


NO_MATCH = "instance failed to match exactly one schema (matched 0 out of {})"
NOT_ALLOWED = 'object instance has properties which are not allowed by the schema: ["{}"]'
UNKNOWN_MEMBERS = {
    "beside rules": (json.dumps({"rules": [rule(1, counted())], "version": 1}), NOT_ALLOWED.format("version")),
    "in a rule": (policy(rule(1, counted(), enabled=True)), NOT_ALLOWED.format("enabled")),
    "null in a rule": (policy(rule(1, counted(), ruleName=None)), NOT_ALLOWED.format("ruleName")),
    "in a selection": (policy(rule(1, counted(tagList=["a"]))), NOT_ALLOWED.format("tagList")),
    "null in an action": (policy(rule(1, counted(), {**EXPIRE, "targetStorageClass": None})), NO_MATCH.format(2)),
    "a storage class beside expire": (
        policy(rule(1, counted(), {**EXPIRE, "targetStorageClass": "archive"})),
        NO_MATCH.format(2),
    ),
    "a null unit": (policy(rule(1, counted(countUnit=None))), NO_MATCH.format(4)),
    "a null description": (
        policy(rule(1, counted(), description=None)),
        'instance type (null) does not match any allowed primitive type (allowed: ["string"])',
    ),
    "a null list": (
        policy(rule(1, counted(tagPrefixList=None))),
        'instance type (null) does not match any allowed primitive type (allowed: ["array"])',
    ),
}


@pytest.mark.parametrize(("text", "problem"), UNKNOWN_MEMBERS.values(), ids=UNKNOWN_MEMBERS)
def test_a_member_that_the_schema_lacks_is_refused(ecr: Any, repository: str, text: str, problem: str) -> None:
    """C12"""
    for call in (ecr.put_lifecycle_policy, ecr.start_lifecycle_policy_preview):
        with refused("InvalidParameterException") as caught:
            call(repositoryName=repository, lifecyclePolicyText=text.ljust(100))
        assert error_message(caught) == f"{FAILURE}{problem}'"


INVALID_POLICIES = {
    "C13 two rules for untagged images": (
        policy(rule(1, counted(tagStatus="untagged")), rule(2, aged(tagStatus="untagged"))),
        "Only one rule can select Untagged images per storage class.",
    ),
    "C13 two rules for untagged images of the archive": (
        policy(
            *(rule(n, aged(90, "Transitioned", tagStatus="untagged", storageClass="archive")) for n in (1, 2)),
        ),
        "Only one rule can select Untagged images per storage class.",
    ),
    "C14 a rule for any images first": (
        policy(rule(1, counted()), rule(2, tagged("a"))),
        "Rule for tagStatus=ANY must have the lowest priority per storage class.",
    ),
    "C14 two rules for any images": (
        policy(rule(1, counted()), rule(2, aged())),
        "Rule for tagStatus=ANY must have the lowest priority per storage class.",
    ),
    "C15 tagged without a list": (
        policy(rule(1, counted(tagStatus="tagged"))),
        "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
    ),
    "C15 tagged with empty lists": (
        policy(rule(1, counted(tagStatus="tagged", tagPrefixList=[], tagPatternList=[]))),
        "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
    ),
    "C16 a unit for a count": (policy(rule(1, counted(countUnit="days"))), NO_MATCH.format(4)),
    "C16 an age without a unit": (
        policy(rule(1, {"tagStatus": "any", "countType": "sinceImagePushed", "countNumber": 1})),
        NO_MATCH.format(4),
    ),
    "C16 five wildcards": (
        policy(rule(1, counted(tagStatus="tagged", tagPatternList=["*a*b*c*d*"]))),
        "A tag pattern can have at most 4 wildcards.",
    ),
    "C16 prefixes and patterns": (
        policy(rule(1, tagged("a", tagPatternList=["b"]))),
        "A rule can have tagPrefixList or tagPatternList, not both.",
    ),
    "C16 the same prefixes twice": (
        policy(rule(1, tagged("a", "b")), rule(2, tagged("b", "a"))),
        "Each rule must have a different tagPrefixList or tagPatternList.",
    ),
    "C16 one priority twice": (
        policy(rule(1, tagged("a")), rule(1, counted())),
        "Each rule must have a unique rulePriority.",
    ),
    "C17 89 days in the archive": (
        policy(rule(1, aged(89, "Transitioned", storageClass="archive"))),
        "Images stay in the archive for at least 90 days.",
    ),
    "C17 a transition from the archive": (
        policy(rule(1, aged(90, "Transitioned", storageClass="archive"), ARCHIVE)),
        "Images in the archive cannot be archived.",
    ),
    "C17 the time in the archive of other images": (
        policy(rule(1, aged(90, "Transitioned"))),
        NO_MATCH.format(4),
    ),
    "C27 no JSON": ("no JSON", "Could not map policyString into LifecyclePolicy."),
    "C27 a list": (json.dumps([rule(1, counted())]), "Could not map policyString into LifecyclePolicy."),
    "C27 a text": (json.dumps(policy(rule(1, counted()))), "Could not map policyString into LifecyclePolicy."),
    "C27 deep JSON": ("[" * 20_000, "Could not map policyString into LifecyclePolicy."),
    "C27 a lone surrogate": (
        policy(rule(1, counted(), description="\ud800")),
        "Could not map policyString into LifecyclePolicy.",
    ),
    "no rules": ("{}", 'object has missing required properties (["rules"])'),
    "rules that are no list": ('{"rules": {}}', 'object has missing required properties (["rules"])'),
    "an empty list of rules": (
        '{"rules": []}',
        "array is too short: must have at least 1 elements but instance has 0 elements",
    ),
    "a rule without members": (
        '{"rules": [{}]}',
        'object has missing required properties (["action","rulePriority","selection"])',
    ),
    "a rule that is no object": (
        '{"rules": ["x"]}',
        'instance type (string) does not match any allowed primitive type (allowed: ["object"])',
    ),
    "priority 0": (
        policy(rule(0, counted())),
        "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
    ),
    "a priority that is no number": (
        policy(rule(True, counted())),
        'instance type (boolean) does not match any allowed primitive type (allowed: ["integer"])',
    ),
    "an unknown tag status": (
        policy(rule(1, counted(tagStatus="some"))),
        'instance value ("some") not found in enum (possible values: ["any","tagged","untagged"])',
    ),
    "an unknown count type": (policy(rule(1, counted(countType="sinceTheFlood"))), NO_MATCH.format(4)),
    "an unknown action": (policy(rule(1, counted(), {"type": "burn"})), NO_MATCH.format(2)),
    "an unknown storage class": (
        policy(rule(1, counted(storageClass="glacier"))),
        'instance value ("glacier") not found in enum (possible values: ["archive","standard"])',
    ),
}


@pytest.mark.parametrize(("text", "problem"), INVALID_POLICIES.values(), ids=INVALID_POLICIES)
def test_an_invalid_policy_is_refused_with_its_reason(ecr: Any, repository: str, text: str, problem: str) -> None:
    """C13, C14, C15, C16, C17, C27"""
    with refused("InvalidParameterException") as caught:
        ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=text.ljust(100))
    assert error_message(caught) == f"{FAILURE}{problem}'"
    with refused("LifecyclePolicyNotFoundException"):
        ecr.get_lifecycle_policy(repositoryName=repository)


def test_the_text_of_a_preview_is_exactly_what_was_sent(ecr: Any, repository: str) -> None:
    """C18"""
    answer = ecr.start_lifecycle_policy_preview(repositoryName=repository, lifecyclePolicyText=KEEP_ONE)
    assert answer["lifecyclePolicyText"] == KEEP_ONE
    assert ecr.get_lifecycle_policy_preview(repositoryName=repository)["lifecyclePolicyText"] == KEEP_ONE


@pytest.fixture
def guide_images(ecr: Any, repository: str) -> str:
    """Push the images of the user guide's examples, oldest first; return the repository."""
    push_with_tags(ecr, repository, "A", "beta-1", "prod-1")
    push_with_tags(ecr, repository, "B", "beta-2", "prod-2")
    push_with_tags(ecr, repository, "C", "beta-3")
    return repository


def test_a_rule_keeps_images_from_rules_of_lower_priority(ecr: Any, guide_images: str) -> None:
    """C19"""
    assert preview(ecr, guide_images, rule(1, tagged("prod")), rule(2, tagged("beta"))) == {"beta-1": 1}


def test_the_same_rules_in_the_other_order_expire_two_images(ecr: Any, guide_images: str) -> None:
    """C20"""
    found = preview(ecr, guide_images, rule(1, tagged("beta")), rule(2, tagged("prod")))
    assert found == {"beta-1": 1, "beta-2": 1}


def test_the_example_of_several_tags_in_a_rule(ecr: Any, repository: str) -> None:
    """C21"""
    push_with_tags(ecr, repository, "A", "alpha-1", "beta-1")
    push_with_tags(ecr, repository, "B", "alpha-2", "beta-2")
    push_with_tags(ecr, repository, "C", "alpha-3", "beta-3")
    push_with_tags(ecr, repository, "D", "alpha-4")
    push_with_tags(ecr, repository, "E", "beta-4")
    assert preview(ecr, repository, rule(1, tagged("alpha", "beta"))) == {"alpha-1": 1, "alpha-2": 1}


def test_a_preview_has_a_transition(ecr: Any, repository: str) -> None:
    """C22"""
    digest = push_with_tags(ecr, repository, "old", "1.0")
    push_with_tags(ecr, repository, "new", "2.0")
    ecr.start_lifecycle_policy_preview(
        repositoryName=repository, lifecyclePolicyText=policy(rule(7, counted(), ARCHIVE))
    )
    answer = ecr.get_lifecycle_policy_preview(repositoryName=repository)
    (result,) = answer["previewResults"]
    assert result.pop("imagePushedAt")
    assert result == {
        "imageTags": ["1.0"],
        "imageDigest": digest,
        "action": {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"},
        "appliedRulePriority": 7,
        "storageClass": "STANDARD",
    }
    assert answer["summary"] == {
        "expiringImageTotalCount": 0,
        "transitioningImageTotalCounts": [{"targetStorageClass": "ARCHIVE", "imageTotalCount": 1}],
    }


def test_a_preview_lists_the_images_that_would_expire(ecr: Any, repository: str) -> None:
    """C02, C23"""
    images = [push_image(ecr, repository, name, tag=name) for name in ("one", "two", "three")]
    ecr.start_lifecycle_policy_preview(repositoryName=repository, lifecyclePolicyText=KEEP_ONE)
    ecr.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName=repository)
    answer = ecr.get_lifecycle_policy_preview(repositoryName=repository)
    assert answer["status"] == "COMPLETE"
    assert answer["summary"] == {"expiringImageTotalCount": 2}
    results = {result["imageDigest"]: result for result in answer["previewResults"]}
    assert set(results) == {images[0].digest, images[1].digest}
    result = results[images[0].digest]
    assert (result["imageTags"], result["appliedRulePriority"]) == (["one"], 1)
    assert (result["action"], result["storageClass"]) == ({"type": "EXPIRE"}, "STANDARD")


def test_a_preview_without_a_text_is_of_the_repositorys_policy(ecr: Any, repository: str) -> None:
    """C24"""
    with refused("LifecyclePolicyPreviewNotFoundException"):
        ecr.get_lifecycle_policy_preview(repositoryName=repository)
    with refused("LifecyclePolicyNotFoundException"):
        ecr.start_lifecycle_policy_preview(repositoryName=repository)
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=KEEP_ONE)
    answer = ecr.start_lifecycle_policy_preview(repositoryName=repository)
    assert (answer["lifecyclePolicyText"], answer["status"]) == (COMPACT_KEEP_ONE, "IN_PROGRESS")


def test_a_preview_is_returned_in_pages_by_tag_status_and_by_image_ids(ecr: Any, repository: str) -> None:
    """C02, C25"""
    for number in range(6):
        push_image(ecr, repository, f"image {number}", tag=f"tag-{number}" if number % 2 else "")
    ecr.start_lifecycle_policy_preview(repositoryName=repository, lifecyclePolicyText=KEEP_ONE)
    pages = ecr.get_paginator("get_lifecycle_policy_preview").paginate(
        repositoryName=repository, PaginationConfig={"PageSize": 2}
    )
    assert [len(page["previewResults"]) for page in pages] == [2, 2, 1]
    untagged = ecr.get_lifecycle_policy_preview(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})
    assert len(untagged["previewResults"]) == 3
    assert all("imageTags" not in result for result in untagged["previewResults"])
    named = {"repositoryName": repository, "imageIds": [{"imageTag": "tag-1"}, {"imageTag": "tag-5"}]}
    found = ecr.get_lifecycle_policy_preview(**named)["previewResults"]
    assert [result["imageTags"] for result in found] == [["tag-1"]], "the policy keeps tag-5"
    with refused("InvalidParameterException"):
        ecr.get_lifecycle_policy_preview(**named, maxResults=1)


@pytest.mark.parametrize(
    "text",
    [
        "{".ljust(99),
        policy(rule(1, counted())).ljust(30_721),
        policy(*(rule(number, tagged(str(number))) for number in range(1, 52))),
    ],
    ids=["99 characters", "30,721 characters", "51 rules"],
)
def test_a_policy_has_bounds(transport: Transport, repository: str, text: str) -> None:
    """C26"""
    ecr = transport.client(parameter_validation=False)
    with refused("InvalidParameterException"):
        ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=text)


def test_the_age_of_a_restored_image_starts_at_its_restore() -> None:
    """K05"""
    now = [1_800_000_000.0]
    embedded = new_embedded(clock=lambda: now[0])
    with served(embedded) as url:
        for number, transport in enumerate((Transport(embedded, embedded), Transport(embedded, url))):
            ecr, repository = transport.client(), f"team/restored-{number}"
            create_repository(ecr, repository)
            digest = push_with_tags(ecr, repository, "first", "first")
            now[0] += DAY
            push_with_tags(ecr, repository, "second", "second")
            now[0] += 40 * DAY
            for storage_class in ("ARCHIVE", "STANDARD"):
                ecr.update_image_storage_class(
                    repositoryName=repository, imageId={"imageDigest": digest}, targetStorageClass=storage_class
                )
            assert preview(ecr, repository, rule(1, aged(30))) == {"second": 1}
            assert preview(ecr, repository, rule(1, aged(30, "Pulled"))) == {"second": 1}
            assert preview(ecr, repository, rule(1, counted())) == {"second": 1}


def test_a_hostile_pattern_is_compared_with_every_tag(ecr: Any, repository: str) -> None:
    """A pattern of the largest size that a regular expression would need longer than anyone waits for."""
    push_image(ecr, repository, tag="a" * 128)
    pattern = "*".join(["a" * 30] * 4) + "*b"
    selection = counted(tagStatus="tagged", tagPatternList=[pattern])
    assert preview(ecr, repository, rule(1, selection)) == {}
