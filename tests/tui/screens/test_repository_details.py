"""``d`` on a repository shows what is known, and names what is missing for the rest."""

from __future__ import annotations

import json
import threading

import pytest

from ecrtui.tui.overlays.text_viewer import TextViewer
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import TIMEOUT, app_of, running, until

POLICY = (
    '{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", '
    '"countNumber": 7}, "action": {"type": "expire"}}]}'
)


ACCESS = (
    '{"Version": "2012-10-17", "Statement": [{"Sid": "PullForAll", "Effect": "Allow", '
    '"Principal": {"AWS": "arn:aws:iam::210987654321:root"}, "Action": "ecr:BatchGetImage"}]}'
)


@pytest.mark.parametrize(
    ("denied", "known"),
    [
        (("ListTagsForResource",), ("countNumber",)),
        (("GetLifecyclePolicy",), ("team-blue",)),
        (("ListTagsForResource", "GetLifecyclePolicy"), ("PullForAll",)),
        (("GetRepositoryPolicy",), ("team-blue", "countNumber")),
        (("GetRegistryPolicy",), ("PullForAll", "others: not known: the registry policy can allow them, too")),
        (("BatchGetRepositoryScanningConfiguration",), ("team-blue", "PullForAll")),
        ((), ("team-blue", "countNumber", "PullForAll")),
    ],
)
async def test_a_denied_part_does_not_hide_the_others(denied: tuple[str, ...], known: tuple[str, ...]) -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    arn = create_repository(client, "team/app")["repositoryArn"]
    client.tag_resource(resourceArn=arn, tags=[{"Key": "owner", "Value": "team-blue"}])
    client.put_lifecycle_policy(repositoryName="team/app", lifecyclePolicyText=POLICY)
    client.set_repository_policy(repositoryName="team/app", policyText=ACCESS)
    async with running(embedded, size=(200, 60)) as pilot:
        await until(pilot, "team/app")
        for operation in denied:
            embedded.faults.add(f"{operation}:error:code=AccessDeniedException:message=not authorized")
        await pilot.press("d")
        screen = await until(pilot, "repositoryArn")
        assert all(words in screen for words in known)
        for operation in denied:
            assert f"permission ecr:{operation}" in " ".join(screen.split())


async def test_the_details_say_who_may_pull() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    client.set_repository_policy(repositoryName="team/app", policyText=ACCESS)
    async with running(embedded, size=(200, 60)) as pilot:
        await until(pilot, "team/app")
        await pilot.press("d")
        screen = await until(pilot, "pullAccess")
        assert "principals of 123456789012: as their IAM policies say" in screen
        assert "account 210987654321: allowed, manifests only" in screen


async def test_the_details_have_the_registry_policy_and_the_rules_of_scanning() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    principal = {"AWS": "arn:aws:iam::345678901234:root"}
    pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    statement = {"Sid": "FromOutside", "Effect": "Allow", "Principal": principal, "Action": pull, "Resource": "*"}
    client.put_registry_policy(policyText=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    pattern = {"filter": "team/*", "filterType": "WILDCARD"}
    rules = [{"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [pattern]}]
    client.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)
    async with running(embedded, size=(200, 60)) as pilot:
        await until(pilot, "team/app")
        await pilot.press("d")
        screen = await until(pilot, "pullAccess")
        assert "account 345678901234: allowed" in screen
        assert screen.index("pullAccess") < screen.index("lifecyclePolicyText")
        assert "FromOutside" in screen
        assert "scanFrequency: CONTINUOUS_SCAN" in screen
        assert "appliedScanFilters:" in screen
        assert "team/*" in screen


async def test_details_do_not_open_above_another_screen() -> None:
    embedded, reply = new_embedded(), threading.Event()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "v1")
    embedded.faults.before("GetRepositoryPolicy", lambda: reply.wait(TIMEOUT))
    async with running(embedded) as pilot:
        await until(pilot, "1 repository")
        list_screen = pilot.app.screen
        await pilot.press("d", "enter")
        await until(pilot, "1 image ·")
        reply.set()
        await until(pilot, lambda _: not any(worker.node is list_screen for worker in pilot.app.workers))
        assert not any(isinstance(screen, TextViewer) for screen in app_of(pilot).screen_stack)
