"""Repository policies, and what they grant to other accounts: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from tests.emulator.conftest import Caller, Transport
from tests.support.embedded import (
    ALL_MEDIA_TYPES,
    OCI_MANIFEST,
    REGION,
    REGISTRY_ID,
    client_for,
    create_repository,
    digest_of,
    error_message,
    push_image,
    refused,
)

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
INVALID = "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"
OTHER = "999999999999"


def statement(**members: Any) -> dict[str, Any]:
    """Return a valid statement with these members; None leaves a member out."""
    given = {"Sid": "one", "Effect": "Allow", "Principal": "*", "Action": PULL, **members}
    return {name: value for name, value in given.items() if value is not None}


def policy(*statements: Any, **members: Any) -> str:
    """Return the text of a policy in a layout that is not ECR's."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **members}, indent=4)


def deep(text: str) -> str:
    """Return the text with a list in 400 lists in place of "DEEP"."""
    return text.replace('"DEEP"', "[" * 400 + "]" * 400)


PRETTY = """{
  "Version" : "2008-10-17",
  "Statement" : [ {
    "Sid" : "allow public pull",
    "Effect" : "Allow",
    "Principal" : "*",
    "Action" : [ "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer" ]
  } ]
}"""


def test_a_policy_is_written_again(ecr: Any, repository: str, caller: Caller) -> None:
    """R17, R18, R20"""
    sent = json.dumps(json.loads(PRETTY), separators=(",", ":"))
    assert ecr.set_repository_policy(repositoryName=repository, policyText=sent)["policyText"] == PRETTY
    assert ecr.get_repository_policy(repositoryName=repository)["policyText"] == PRETTY
    answer = ecr.delete_repository_policy(repositoryName=repository)
    assert answer["policyText"] == PRETTY
    assert (answer["registryId"], answer["repositoryName"]) == (caller.account, repository)
    for call in (ecr.get_repository_policy, ecr.delete_repository_policy):
        with refused("RepositoryPolicyNotFoundException"):
            call(repositoryName=repository)


def test_every_part_of_a_policy_has_its_layout(ecr: Any, repository: str) -> None:
    """R17"""
    text = policy(
        statement(Principal={"AWS": [f"arn:aws:iam::{OTHER}:root", OTHER], "Service": "lambda.amazonaws.com"}),
        statement(Sid="é", Condition={"StringEquals": {"aws:PrincipalOrgID": ["o-1", "o-2"]}, "Bool": {}}),
    )
    assert ecr.set_repository_policy(repositoryName=repository, policyText=text)["policyText"] == (
        "{\n"
        '  "Version" : "2012-10-17",\n'
        '  "Statement" : [ {\n'
        '    "Sid" : "one",\n'
        '    "Effect" : "Allow",\n'
        '    "Principal" : {\n'
        f'      "AWS" : [ "arn:aws:iam::{OTHER}:root", "{OTHER}" ],\n'
        '      "Service" : "lambda.amazonaws.com"\n'
        "    },\n"
        '    "Action" : [ "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer" ]\n'
        "  }, {\n"
        '    "Sid" : "\\u00e9",\n'
        '    "Effect" : "Allow",\n'
        '    "Principal" : "*",\n'
        '    "Action" : [ "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer" ],\n'
        '    "Condition" : {\n'
        '      "StringEquals" : {\n'
        '        "aws:PrincipalOrgID" : [ "o-1", "o-2" ]\n'
        "      },\n"
        '      "Bool" : { }\n'
        "    }\n"
        "  } ]\n"
        "}"
    )


def test_a_list_of_one_action_becomes_a_text(ecr: Any, repository: str) -> None:
    """R19"""
    text = policy(statement(Action=["ecr:BatchGetImage"]))
    returned = ecr.set_repository_policy(repositoryName=repository, policyText=text)["policyText"]
    assert '"Action" : "ecr:BatchGetImage"\n' in returned
    again = ecr.set_repository_policy(repositoryName=repository, policyText=returned)["policyText"]
    assert again == returned


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(policy(statement(Action=None)), id="no action"),
        pytest.param(policy(statement(Action=[])), id="empty action"),
        pytest.param(policy(statement(Action="pull")), id="action without service"),
        pytest.param(policy(statement(Action=7)), id="action that is no text"),
        pytest.param(policy(statement(NotAction="ecr:*")), id="action and its opposite"),
        pytest.param(policy(statement(Effect=None)), id="no effect"),
        pytest.param(policy(statement(Effect="allow")), id="unknown effect"),
        pytest.param(policy(statement(Principal=None)), id="no principal"),
        pytest.param(policy(statement(Principal="arn:aws:iam::1:root")), id="principal that is no map"),
        pytest.param(policy(statement(Principal={"User": "*"})), id="unknown kind of principal"),
        pytest.param(policy(statement(Principal={"AWS": []})), id="empty principal"),
        pytest.param(policy(statement(Resource="*")), id="resource"),
        pytest.param(policy(statement(Resources="*")), id="unknown member"),
        pytest.param(policy(statement(Condition=["a"])), id="condition that is no map"),
        pytest.param(policy(statement(Condition={"StringLike": {"aws:userid": [["a"]]}})), id="nested condition"),
        pytest.param(deep(policy(statement(Condition={"Bool": {"a:b": "DEEP"}}))), id="deeply nested condition"),
        pytest.param(policy(statement(), statement()), id="one id twice"),
        pytest.param(policy(), id="no statements"),
        pytest.param(policy("text"), id="statement that is no object"),
        pytest.param(policy(statement(), Version="2020-01-01"), id="unknown version"),
        pytest.param(policy(statement(), Comment="x"), id="unknown member of the policy"),
        pytest.param(deep(policy(statement(), Id="DEEP")), id="policy id that is no text"),
        pytest.param('{"Version": "2012-10-17"}', id="no statement member"),
    ],
)
def test_a_policy_outside_the_grammar_is_refused(ecr: Any, repository: str, text: str) -> None:
    """R21"""
    with refused("InvalidParameterException") as caught:
        ecr.set_repository_policy(repositoryName=repository, policyText=text)
    assert error_message(caught) == INVALID
    with refused("RepositoryPolicyNotFoundException"):
        ecr.get_repository_policy(repositoryName=repository)


@pytest.mark.parametrize("text", ["no JSON", "[]", "{", '"text"', '{"Version": NaN}', "[" * 5000])
def test_a_policy_that_is_no_json_is_refused(ecr: Any, repository: str, text: str) -> None:
    """R22"""
    with refused("InvalidParameterException") as caught:
        ecr.set_repository_policy(repositoryName=repository, policyText=text)
    assert error_message(caught) == INVALID


def test_a_repository_without_a_policy_says_so(ecr: Any, repository: str, caller: Caller) -> None:
    """R23"""
    with refused("RepositoryPolicyNotFoundException") as caught:
        ecr.get_repository_policy(repositoryName=repository)
    assert error_message(caught) == (
        f"Repository policy does not exist for the repository with name '{repository}' in the registry with id"
        f" '{caller.account}'"
    )


@pytest.mark.parametrize(
    "members",
    [
        {"Action": "ecr:SetRepositoryPolicy"},
        {"Action": ["ecr:Get*", "ecr:set*"], "Principal": {"AWS": REGISTRY_ID}},
        {"Action": "*", "Principal": {"AWS": ["1" * 12, f"arn:aws:iam::{REGISTRY_ID}:root"]}},
        {"Action": "ecr:S??RepositoryPolicy", "Principal": {"AWS": "*"}},
        {"Action": None, "NotAction": "ecr:BatchGetImage"},
        {"Action": "ecr:*", "Principal": None, "NotPrincipal": {"AWS": OTHER}},
    ],
)
def test_a_policy_that_locks_its_owner_out_needs_force(
    ecr: Any, repository: str, caller: Caller, members: dict[str, Any]
) -> None:
    """R37"""
    text = policy(statement(Effect="Deny", **members)).replace(REGISTRY_ID, caller.account)
    with refused("InvalidParameterException"):
        ecr.set_repository_policy(repositoryName=repository, policyText=text)
    with refused("RepositoryPolicyNotFoundException"):
        ecr.get_repository_policy(repositoryName=repository)
    ecr.set_repository_policy(repositoryName=repository, policyText=text, force=True)


@pytest.mark.parametrize(
    "members",
    [
        {"Action": "ecr:BatchGetImage"},
        {"Principal": {"AWS": OTHER}, "Action": "*"},
        {"Action": None, "NotAction": "ecr:*Policy"},
        {"Action": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ],
)
def test_a_policy_that_denies_something_else_needs_no_force(ecr: Any, repository: str, members: dict[str, Any]) -> None:
    """R37"""
    ecr.set_repository_policy(repositoryName=repository, policyText=policy(statement(Effect="Deny", **members)))


def test_a_pattern_with_many_wildcards_takes_no_time(ecr: Any, repository: str) -> None:
    text = policy(statement(Effect="Deny", Action="ecr:" + "*e" * 3000 + "x"))
    ecr.set_repository_policy(repositoryName=repository, policyText=text)


def denied(caller: Caller, action: str, resource: str) -> str:
    """Return IAM's message for an operation of another account that grants nothing."""
    return (
        f"User: {caller.arn} is not authorized to perform: ecr:{action} on resource:"
        f" arn:aws:ecr:{caller.region}:{OTHER}:repository/{resource} because no resource-based policy allows the"
        f" ecr:{action} action"
    )


@pytest.mark.parametrize(
    ("operation", "action", "members"),
    [
        pytest.param("describe_images", "DescribeImages", {}, id="R26"),
        pytest.param("put_image", "PutImage", {"imageManifest": "{}", "imageTag": "a"}, id="R28"),
        pytest.param("initiate_layer_upload", "InitiateLayerUpload", {}, id="R28 upload"),
        pytest.param("batch_get_image", "BatchGetImage", {"imageIds": [{"imageTag": "a"}]}, id="R25"),
        pytest.param("list_images", "ListImages", {}, id="list"),
        pytest.param("list_image_referrers", "BatchGetImage", {"subjectId": {"imageDigest": digest_of("a")}}, id="R38"),
        pytest.param("delete_repository", "DeleteRepository", {"force": True}, id="delete"),
        pytest.param("get_lifecycle_policy", "GetLifecyclePolicy", {}, id="lifecycle"),
        pytest.param("get_repository_policy", "GetRepositoryPolicy", {}, id="policy"),
        pytest.param("create_repository", "CreateRepository", {}, id="create"),
        pytest.param(
            "get_download_url_for_layer", "GetDownloadUrlForLayer", {"layerDigest": digest_of("a")}, id="download"
        ),
    ],
)
def test_a_repository_of_another_account_is_denied(
    transport: Transport, ecr: Any, name: str, operation: str, action: str, members: dict[str, Any], caller: Caller
) -> None:
    """R25, R26, R28, R38: whether it exists or not."""
    for exists in (False, True):
        if exists:
            other_account(transport).create_repository(repositoryName=name)
        with refused("AccessDeniedException") as caught:
            getattr(ecr, operation)(registryId=OTHER, repositoryName=name, **members)
        assert error_message(caught) == denied(caller, action, name)


def test_the_repositories_of_another_account_are_denied(ecr: Any, caller: Caller) -> None:
    """R27"""
    with refused("AccessDeniedException") as caught:
        ecr.describe_repositories(registryId=OTHER)
    assert error_message(caught) == denied(caller, "DescribeRepositories", "*")


def test_the_tags_of_a_repository_of_another_account_are_denied(transport: Transport, ecr: Any, name: str) -> None:
    """R25"""
    arn = create_repository(other_account(transport), name)["repositoryArn"]
    with refused("AccessDeniedException"):
        ecr.list_tags_for_resource(resourceArn=arn)


def test_another_account_grants_what_its_policy_allows(
    transport: Transport, ecr: Any, name: str, caller: Caller
) -> None:
    """R25"""
    other = other_account(transport)
    create_repository(other, name)
    image = push_image(other, name, tag="1.0")
    granted = statement(Principal={"AWS": f"arn:aws:iam::{caller.account}:root"})
    other.set_repository_policy(repositoryName=name, policyText=policy(granted))
    asked = {"registryId": OTHER, "repositoryName": name, "imageIds": [{"imageTag": "1.0"}]}
    assert (
        ecr.batch_get_image(**asked, acceptedMediaTypes=ALL_MEDIA_TYPES)["images"][0]["imageManifest"] == image.manifest
    )
    with refused("AccessDeniedException"):
        ecr.describe_images(**asked)
    refusal = statement(Sid="two", Effect="Deny", Principal={"AWS": caller.account})
    other.set_repository_policy(repositoryName=name, policyText=policy(granted, refusal))
    with refused("AccessDeniedException"):
        ecr.batch_get_image(**asked)


def test_who_may_pull_may_list_referrers(transport: Transport, ecr: Any, name: str, caller: Caller) -> None:
    """R38"""
    other = other_account(transport)
    create_repository(other, name)
    image = push_image(other, name)
    signature = push_image(
        other, name, "signature", subject={"mediaType": OCI_MANIFEST, "digest": image.digest, "size": 1}
    )
    asked = {"registryId": OTHER, "repositoryName": name, "subjectId": {"imageDigest": image.digest}}
    for action, allowed in (("ecr:ListImageReferrers", False), ("ecr:BatchGetImage", True)):
        granted = statement(Principal={"AWS": caller.account}, Action=action)
        other.set_repository_policy(repositoryName=name, policyText=policy(granted))
        if not allowed:
            with refused("AccessDeniedException"):
                ecr.list_image_referrers(**asked)
    assert [entry["digest"] for entry in ecr.list_image_referrers(**asked)["referrers"]] == [signature.digest]


def other_account(transport: Transport) -> Any:
    """Return a client of another account whose registry shares the database."""
    return client_for(EmbeddedRegistry(transport.embedded.database, registry_id=OTHER, region=REGION))
