"""The IAM permissions and the policies made of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ecrtui.registry
from ecrtui.ecr.permissions import PERMISSIONS, Denial, Purpose, action_of, policy_document, policy_for_denials
from ecrtui.emulator.service import OPERATIONS


def test_every_operation_that_ecrtui_calls_has_a_permission() -> None:
    sources = "".join(path.read_text("utf-8") for path in Path(ecrtui.registry.__file__).parent.glob("*.py"))
    called = {name for name in re.findall(r'"([A-Z]\w+)"', sources) if name in OPERATIONS}
    assert {action_of(name) for name in called} == {permission.action for permission in PERMISSIONS}


@pytest.mark.parametrize(
    ("purpose", "writes"),
    [
        (Purpose.BROWSE, {"ecr:StartLifecyclePolicyPreview"}),  # it changes the last preview, and no image
        (Purpose.RETAG, {"ecr:PutImage"}),
        (Purpose.UNTAG, {"ecr:PutImage", "ecr:BatchDeleteImage"}),
        (
            Purpose.PROMOTE,
            {f"ecr:{name}LayerUpload" for name in ("Initiate", "Complete")}
            | {"ecr:PutImage", "ecr:UploadLayerPart", "ecr:CreateRepository"},
        ),
    ],
)
def test_a_policy_allows_no_other_writes(purpose: Purpose, writes: set[str]) -> None:
    statements = policy_document(purpose)["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    assert {
        action for action in actions if not re.match("ecr:(Describe|List|Get|BatchGet|BatchCheck)", action)
    } == writes
    assert all(statement["Action"] for statement in statements)


@pytest.mark.parametrize(
    ("given", "resource"),
    [
        ({}, "arn:aws:ecr:*:*:repository/*"),
        ({"region": "eu-west-1", "registry_id": "123456789012"}, "arn:aws:ecr:eu-west-1:123456789012:repository/*"),
        (
            {"partition": "aws-cn", "region": "cn-north-1", "repository": "team/app"},
            "arn:aws-cn:ecr:cn-north-1:*:repository/team/app",
        ),
    ],
)
def test_the_resource_is_as_narrow_as_what_is_known(given: dict[str, str], resource: str) -> None:
    on_repositories, on_all = policy_document(Purpose.RETAG, **given)["Statement"]
    assert on_repositories["Resource"] == resource
    assert on_all["Resource"] == "*"


def test_the_policy_for_denials_allows_exactly_what_was_denied() -> None:
    denials = [
        Denial("GetLifecyclePolicy", "team/app"),
        Denial("BatchGetImage", "team/app"),
        Denial("ListImageReferrers", "team/app"),
        Denial("GetLifecyclePolicy", "team/cart", "999999999999"),
        Denial("DescribeRepositories"),
        Denial("ListPullTimeUpdateExclusions"),
    ]
    policy = policy_for_denials(denials, partition="aws", region="eu-west-1", registry_id="123456789012")
    allowed = {tuple(statement["Action"]): statement["Resource"] for statement in policy["Statement"]}
    arn = "arn:aws:ecr:eu-west-1:123456789012:repository"
    assert allowed == {
        ("ecr:GetLifecyclePolicy",): [
            f"{arn}/team/app",
            "arn:aws:ecr:eu-west-1:999999999999:repository/team/cart",
        ],
        ("ecr:BatchGetImage",): f"{arn}/team/app",
        ("ecr:DescribeRepositories",): f"{arn}/*",
        ("ecr:ListPullTimeUpdateExclusions",): "*",
    }
