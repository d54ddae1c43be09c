"""Manifests are read ahead only where that leaves no trace, or where the user allows it."""

from __future__ import annotations

import pytest

from ecrtui.catalog.read_ahead import may_read_ahead
from ecrtui.ecr.pull_times import is_excluded
from ecrtui.registry.protocol import Capabilities
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.support.edited_replies import replied
from tests.support.embedded import REGISTRY_ID, client_for, create_repository, new_embedded

ROLE = "arn:aws:iam::123456789012:role/team/deploy"


@pytest.mark.parametrize(
    ("caller", "excluded"),
    [
        ("arn:aws:sts::123456789012:assumed-role/deploy/session", True),
        (ROLE, True),
        ("arn:aws:sts::123456789012:assumed-role/other/deploy", False),
        ("arn:aws:sts::210987654321:assumed-role/deploy/session", False),
        ("arn:aws:iam::123456789012:user/deploy", False),
        ("", False),
        ("odd", False),
    ],
)
def test_a_role_is_excluded_by_its_name(caller: str, excluded: bool) -> None:
    assert is_excluded(caller, [ROLE]) is excluded


def test_reading_ahead_needs_an_exclusion_or_the_setting() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "app")
    registry = open_registry(Connection(), embedded=embedded)
    assert not may_read_ahead(registry, "auto", "app")
    assert may_read_ahead(registry, True, "app")
    client.register_pull_time_update_exclusion(principalArn=f"arn:aws:iam::{REGISTRY_ID}:user/embedded")
    assert may_read_ahead(registry, "auto", "app")
    assert not may_read_ahead(registry, False, "app")
    embedded.faults.add(replied("GetLifecyclePolicy", {"lifecyclePolicyText": '{"rules": "of another kind"}'}))
    assert not may_read_ahead(registry, True, "app")
    registry.capabilities = Capabilities(pull_times=True)
    embedded.faults.add("GetLifecyclePolicy:error:code=UnknownOperationException")
    assert may_read_ahead(registry, True, "app")
    embedded.faults.add("ListPullTimeUpdateExclusions:error:code=AccessDeniedException")
    assert not may_read_ahead(registry, "auto", "app")
