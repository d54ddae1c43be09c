"""Who may pull from a repository, by its policy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.inspect.pull_access import pull_access

OWN = "123456789012"
ARN = "arn:aws:ecr:eu-west-1:123456789012:repository/team/app"
ROOT = "arn:aws:iam::210987654321:root"
ROLE = "arn:aws:iam::345678901234:role/deploy"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def policy_of(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def access(*statements: dict[str, Any]) -> dict[str, str]:
    """Return the access by these statements, without the line of the account itself."""
    found = pull_access(policy_of(*statements), "", OWN, ARN)
    assert found.pop(f"principals of {OWN}") == "as their IAM policies say"
    return found


def statement(principal: Any = "*", action: Any = PULL, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": action, **more}


@pytest.mark.parametrize(
    ("principal", "name"),
    [
        ({"AWS": ROOT}, "account 210987654321"),
        ({"AWS": "210987654321"}, "account 210987654321"),
        ({"AWS": "arn:aws-cn:iam::210987654321:root"}, "account 210987654321"),
        ({"AWS": [ROLE]}, ROLE),
        ({"AWS": "*"}, "everyone"),
        ("*", "everyone"),
        ({"Service": "lambda.amazonaws.com"}, "service lambda.amazonaws.com"),
    ],
)
def test_principals_are_named(principal: Any, name: str) -> None:
    assert access(statement(principal)) == {name: "allowed"}


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (PULL, "allowed"),
        ("ecr:*", "allowed"),
        ("*", "allowed"),
        (["ecr:batchgetimage", "ecr:Get*Layer"], "allowed"),
        ("ecr:BatchGetImage", "allowed, manifests only"),
        (["ecr:GetDownloadUrl?orLayer", "ecr:PutImage"], "allowed, layers only"),
    ],
)
def test_actions_match_as_in_iam(action: Any, words: str) -> None:
    assert access(statement(action=action)) == {"everyone": words}


def test_statements_about_other_actions_are_left_out() -> None:
    assert access(statement(action=["ecr:PutImage", "ecr:[B]atchGetImage"])) == {}
    assert access({"Effect": "Allow", "Principal": "*", "NotAction": "ecr:*"}) == {}
    assert access({"Effect": "Allow", "Principal": "*", "NotAction": "ecr:Put*"}) == {"everyone": "allowed"}


def test_statements_about_one_principal_are_joined() -> None:
    halves = [statement({"AWS": ROOT}, action) for action in PULL]
    assert access(*halves) == {"account 210987654321": "allowed"}
    outside = {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}
    denied = statement({"AWS": ROOT}, "ecr:*", "Deny", Condition=outside)
    words = "allowed; denied, if the condition on aws:SourceVpce holds"
    assert access(*halves, denied) == {"account 210987654321": words}


def test_conditions_and_excluded_principals_are_named() -> None:
    organization = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    assert access(statement(Condition=organization)) == {
        "everyone": "allowed, if the condition on aws:PrincipalOrgID holds"
    }
    assert access({"Effect": "Deny", "NotPrincipal": {"AWS": [ROOT, ROLE]}, "Action": "ecr:*"}) == {
        f"everyone but account 210987654321, {ROLE}": "denied"
    }


def test_without_a_policy_only_the_account_may_pull() -> None:
    assert pull_access("", "", OWN, ARN) == {f"principals of {OWN}": "as their IAM policies say"}


@pytest.mark.parametrize("text", ["no JSON", "[]", '"text"', '{"Statement": "x"}', "{}", '{"Statement": [1]}'])
def test_a_text_that_is_not_a_policy_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        pull_access(text, "", OWN, ARN)
    with pytest.raises(ValueError):
        pull_access("", text, OWN, ARN)


@pytest.mark.parametrize(
    ("resource", "is_about_it"),
    [
        ({"Resource": "*"}, True),
        ({"Resource": "arn:aws:ecr:eu-west-1:123456789012:repository/team/*"}, True),
        ({"Resource": ["arn:aws:ecr:eu-west-1:123456789012:repository/other", ARN]}, True),
        ({"Resource": "arn:aws:ecr:eu-west-1:123456789012:repository/other"}, False),
        ({"NotResource": "arn:aws:ecr:eu-west-1:123456789012:repository/other"}, True),
        ({"NotResource": ARN}, False),
        ({}, False),
    ],
)
def test_the_registry_policy_allows_what_it_names(resource: dict[str, Any], is_about_it: bool) -> None:
    of_registry = policy_of({**statement({"AWS": ROOT}), **resource})
    found = pull_access(policy_of(statement({"AWS": ROLE})), of_registry, OWN, ARN)
    assert found[ROLE] == "allowed"
    assert ("account 210987654321" in found) is is_about_it


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(
    st.dictionaries(
        st.sampled_from(["Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition", "Sid"]), JSON
    )
)
def test_any_statement_gives_words(members: dict[str, Any]) -> None:
    assert all(isinstance(words, str) for words in access(members).values())
