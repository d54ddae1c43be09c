"""The document of a lifecycle policy: the dry run finds a problem where the registry refuses it, and nowhere else."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.lifecycle import LifecyclePolicy
from ecrtui.ecr.lifecycle_document import parse_policy
from ecrtui.errors import Refused, UsageError
from ecrtui.registry.protocol import Registry
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.support.bad_replies import BAD_VALUES, json_paths, with_value
from tests.support.embedded import client_for, create_repository, new_embedded

REPOSITORY = "team/app"
EXPIRE = {"type": "expire"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}
COUNT = {"countType": "imageCountMoreThan", "countNumber": 5}
AGE = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": 5}
ARCHIVED = {**AGE, "countType": "sinceImageTransitioned", "storageClass": "archive", "countNumber": 90}
ABSENT = object()


def rule(priority: Any = 1, action: Any = EXPIRE, criterion: Any = AGE, **selection: Any) -> dict[str, Any]:
    chosen = {"tagStatus": "any", **criterion, **selection}
    chosen = {name: value for name, value in chosen.items() if value is not ABSENT}
    return {"rulePriority": priority, "selection": chosen, "action": action}


def tagged(priority: int = 1, **selection: Any) -> dict[str, Any]:
    return rule(priority, tagStatus="tagged", **selection)


def untagged(priority: int, **options: Any) -> dict[str, Any]:
    return rule(priority, tagStatus="untagged", **options)


def without(member: str) -> dict[str, Any]:
    return {name: value for name, value in rule().items() if name != member}


ACCEPTED: dict[str, list[dict[str, Any]]] = {
    "an age": [rule()],
    "a count": [rule(criterion=COUNT)],
    "a description of any length": [{**rule(), "description": "x" * 1_000}],
    "an empty description": [{**rule(), "description": ""}],
    "prefixes": [tagged(tagPrefixList=["v1", "v2"])],
    "patterns": [tagged(tagPatternList=["a*b*c*d*", "*"])],
    "an empty list beside the other": [tagged(tagPrefixList=[], tagPatternList=["v*"])],
    "an empty list without tags": [untagged(1, tagPrefixList=[])],
    "the storage class standard": [rule(storageClass="standard")],
    "an archiving rule": [rule(action=ARCHIVE, countType="sinceImagePulled")],
    "a rule for the archive": [rule(criterion=ARCHIVED)],
    "the last rule of each storage class": [rule(2), rule(3, criterion=ARCHIVED), untagged(1)],
    "untagged in each storage class": [untagged(1), untagged(2, criterion=ARCHIVED)],
    "50 rules in any order": [tagged(number, tagPrefixList=[f"v{number}"]) for number in range(50, 0, -1)],
    "gaps between priorities": [untagged(10), rule(2**31 - 1)],
    "one tag listed twice": [tagged(tagPrefixList=["v", "v"])],
}
REFUSED: dict[str, tuple[list[Any], str]] = {
    "no rule": ([], "it has 0 rules; ECR accepts 1 to 50"),
    "51 rules": ([tagged(number, tagPrefixList=[f"v{number}"]) for number in range(1, 52)], "it has 51 rules"),
    "a rule that is a text": (["expire"], "rules[0] is 'expire'; ECR accepts an object"),
    "a rule that is null": ([rule(), None], "rules[1] is null; ECR accepts an object"),
    "no priority": ([without("rulePriority")], "rules[0] has no rulePriority"),
    "no selection": ([without("selection")], "rules[0] has no selection"),
    "no action": ([without("action")], "rules[0] has no action"),
    "an unknown member of a rule": ([{**rule(), "name": "x"}], "rules[0] has the member 'name'"),
    "an unknown member of a selection": ([rule(tagRegex="v")], "rules[0].selection has the member 'tagRegex'"),
    "an unknown member of an action": ([rule(action={**EXPIRE, "a": 1})], "rules[0].action has the member 'a'"),
    "a description that is no text": ([{**rule(), "description": 1}], "rules[0].description is 1; ECR accepts a text"),
    "a description of null": ([{**rule(), "description": None}], "rules[0].description is null"),
    "half of a surrogate pair": ([{**rule(), "description": "\ud800"}], "half of a surrogate pair"),
    "priority 0": ([rule(0)], "rules[0].rulePriority is 0; ECR accepts a whole number from 1"),
    "a priority of 33 bits": ([rule(2**32)], "rules[0].rulePriority is 4294967296"),
    "a priority that is a text": ([rule("1")], "rules[0].rulePriority is '1'"),
    "a priority with a fraction": ([rule(1.5)], "rules[0].rulePriority is 1.5"),
    "a priority of true": ([rule(True)], "rules[0].rulePriority is true"),
    "a priority twice": ([untagged(1), rule(1)], "two rules have the same rulePriority"),
    "no tagStatus": ([rule(tagStatus=ABSENT)], "rules[0].selection has no tagStatus"),
    "an unknown tagStatus": ([rule(tagStatus="TAGGED")], "tagStatus is 'TAGGED'; ECR accepts tagged, untagged, any"),
    "tagged without a list": ([tagged()], "tagPrefixList or tagPatternList goes with tagStatus tagged"),
    "tagged with an empty list": ([tagged(tagPrefixList=[])], "goes with tagStatus tagged"),
    "any with a list": ([rule(tagPrefixList=["v"])], "goes with tagStatus tagged"),
    "untagged with a list": ([untagged(1, tagPatternList=["v"])], "goes with tagStatus tagged"),
    "both lists": ([tagged(tagPrefixList=["v"], tagPatternList=["v"])], "ECR accepts one of them"),
    "five wildcards": ([tagged(tagPatternList=["v", "*1*2*3*4*"])], "more than 4 wildcards"),
    "an empty prefix": ([tagged(tagPrefixList=["v", ""])], "rules[0].selection.tagPrefixList has an empty text"),
    "a list that is a text": ([tagged(tagPrefixList="v")], "tagPrefixList is 'v'; ECR accepts a list"),
    "a list of numbers": ([tagged(tagPatternList=[1])], "tagPatternList is 1; ECR accepts a text"),
    "no countType": ([rule(countType=ABSENT)], "rules[0].selection has no countType"),
    "an unknown countType": ([rule(countType="imageCount")], "countType is 'imageCount'"),
    "no countNumber": ([rule(countNumber=ABSENT)], "rules[0].selection has no countNumber"),
    "countNumber 0": ([rule(criterion=COUNT, countNumber=0)], "rules[0].selection.countNumber is 0"),
    "a negative countNumber": ([rule(countNumber=-1)], "rules[0].selection.countNumber is -1"),
    "no countUnit": ([rule(countUnit=ABSENT)], "rules[0].selection has no countUnit"),
    "an unknown countUnit": ([rule(countUnit="hours")], "countUnit is 'hours'; ECR accepts days"),
    "a count with a countUnit": ([rule(criterion=COUNT, countUnit="days")], "countUnit does not go with"),
    "a count with a countUnit of null": ([rule(criterion=COUNT, countUnit=None)], "countUnit does not go with"),
    "an unknown storage class": ([rule(storageClass="glacier")], "storageClass is 'glacier'"),
    "a storage class of null": ([rule(storageClass=None)], "storageClass is null"),
    "archive with the age of a push": ([rule(storageClass="archive", countNumber=90)], "go together"),
    "the age of archiving without archive": ([rule(criterion=ARCHIVED, storageClass=ABSENT)], "go together"),
    "89 days in the archive": ([rule(criterion=ARCHIVED, countNumber=89)], "countNumber is 89; images stay 90 days"),
    "archiving the archive": ([rule(1, ARCHIVE, ARCHIVED)], "images in the archive cannot be archived"),
    "an action that is a text": ([rule(action="expire")], "rules[0].action is 'expire'; ECR accepts an object"),
    "an action without a type": ([rule(action={})], "rules[0].action has no type"),
    "an unknown action": ([rule(action={"type": "delete"})], "type is 'delete'; ECR accepts expire, transition"),
    "archiving without a target": ([rule(action={"type": "transition"})], "has no targetStorageClass"),
    "another target": ([rule(action={**ARCHIVE, "targetStorageClass": "standard"})], "ECR accepts archive"),
    "expiry with a target of null": ([rule(action={**EXPIRE, "targetStorageClass": None})], "does not go with type"),
    "any before another rule": ([rule(1), untagged(2)], "needs the highest rulePriority"),
    "any twice": ([rule(1), rule(2)], "needs the highest rulePriority"),
    "untagged twice": ([untagged(1), untagged(2)], "two rules select untagged images"),
    "the same tags twice": ([tagged(1, tagPrefixList=["a", "b"]), tagged(2, tagPrefixList=["b", "a"])], "same tags"),
}
BAD_TEXTS = {
    "no JSON": ("{" + " " * 100, "Expecting"),
    "a byte order mark": ("\ufeff" + json.dumps({"rules": [rule()]}), "begins with a byte order mark"),
    "a list": (json.dumps([rule()]), "ECR accepts an object"),
    "no rules": (json.dumps({"rule": "x" * 100}), "the document has no rules"),
    "rules that are an object": (json.dumps({"rules": rule()}), "rules is {"),
    "another member": (json.dumps({"rules": [rule()], "version": 1}), "the document has the member 'version'"),
    "30,721 characters": (
        json.dumps({"rules": [rule()]}).ljust(30_721),
        "it has 30,721 characters",
    ),
    "a number of 5,000 digits": (json.dumps({"rules": [rule()]}).replace(": 1,", f": {'9' * 5_000},"), "rulePriority"),
}


@cache
def registry() -> Registry:
    embedded = new_embedded()
    create_repository(client_for(embedded), REPOSITORY)
    return open_registry(Connection(), embedded=embedded)


def problem_here_and_there(text: str) -> tuple[str, bool]:
    """Return what the dry run says is wrong with a policy, and whether the registry refuses it."""
    refused = True
    with suppress(Refused, UsageError):  # botocore refuses texts of less than 100 characters
        registry().start_lifecycle_preview(REPOSITORY, text)
        refused = False
    return parse_policy(text).problem, refused


@pytest.mark.parametrize("rules", ACCEPTED.values(), ids=ACCEPTED)
def test_a_policy_that_the_registry_accepts_has_no_problem(rules: list[dict[str, Any]]) -> None:
    text = json.dumps({"rules": rules})
    assert problem_here_and_there(text) == ("", False)
    assert [one.priority for one in parse_policy(text).rules] == sorted(one["rulePriority"] for one in rules)


@pytest.mark.parametrize(
    ("text", "problem"),
    [*((json.dumps({"rules": rules}), problem) for rules, problem in REFUSED.values()), *BAD_TEXTS.values()],
    ids=[*REFUSED, *BAD_TEXTS],
)
def test_the_problem_of_a_policy_that_the_registry_refuses_is_named(text: str, problem: str) -> None:
    found, refused = problem_here_and_there(text)
    assert refused
    assert found.startswith("the lifecycle policy is invalid: ")
    assert problem in found
    assert len(found) < 200


DOCUMENTS = [{"rules": [{**one, "description": "x"} for one in rules]} for rules in ACCEPTED.values() if len(rules) < 5]


@given(st.data())
def test_any_value_in_any_member_is_judged_as_the_registry_does(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(DOCUMENTS))
    path = data.draw(st.sampled_from(list(json_paths(document))))
    text = json.dumps(with_value(document, path, data.draw(st.sampled_from(list(BAD_VALUES)))))
    found, refused = problem_here_and_there(text)
    assert bool(found) is refused


def test_an_empty_text_is_a_policy_without_rules() -> None:
    assert parse_policy("") == LifecyclePolicy()
