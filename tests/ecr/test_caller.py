"""The names of a caller."""

from __future__ import annotations

import pytest

from ecrtui.ecr.caller import caller_names, resource_of

HERE = "123456789012"


@pytest.mark.parametrize(
    ("arn", "names"),
    [
        (f"arn:aws:iam::{HERE}:user/jane", ("user/jane", "jane")),
        (f"arn:aws:iam::{HERE}:user/team/a/jane", ("user/team/a/jane", "user/jane", "jane")),
        (f"arn:aws:sts::{HERE}:assumed-role/deploy/jane", ("assumed-role/deploy/jane", "role/deploy", "deploy")),
        (
            f"arn:aws-cn:sts::{HERE}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/jane@example.com",
            ("assumed-role/AWSReservedSSO_Admin_0123456789abcdef/jane@example.com", "role/Admin", "Admin"),
        ),
        ("arn:aws:sts::210987654321:assumed-role/ci/1", ("210987654321 assumed-role/ci/1", "210987654321 role/ci")),
        (f"arn:aws:iam::{HERE}:root", ("root",)),
        (f"arn:aws:sts::{HERE}:federated-user/jane", ("federated-user/jane", "jane")),
        ("jane", ("jane",)),
        ("", ()),
    ],
)
def test_names_of_a_caller_become_shorter(arn: str, names: tuple[str, ...]) -> None:
    assert caller_names(arn, HERE)[: len(names)] == names


@pytest.mark.parametrize(
    ("arn", "resource"),
    [
        (f"arn:aws:sts::{HERE}:assumed-role/deploy/jane", "assumed-role/deploy/jane"),
        ("user/embedded", "user/embedded"),
        ("", ""),
    ],
)
def test_the_resource_of_an_arn_is_what_it_names_in_its_account(arn: str, resource: str) -> None:
    assert resource_of(arn) == resource
