"""A registry without an optional operation: the screens say so in place of the data, and nothing else fails."""

from __future__ import annotations

import pytest

from ecrtui.registry.protocol import Capabilities
from tests.support.embedded import client_for, create_repository, new_embedded, push_image
from tests.support.screen import cursor_row, open_pane, retag, row_of, running, screen_text, type_text, until

OPTIONAL = ("GetLifecyclePolicy", "ListTagsForResource", "ListImageReferrers", "DescribeImageScanFindings")
NOT_SUPPORTED = "not supported by this registry"


@pytest.mark.parametrize(
    ("capabilities", "answer"),
    [
        (Capabilities(), ""),
        (None, "code=UnknownOperationException"),
        (None, "code=InternalFailure:status=501"),  # LocalStack answers so
    ],
)
async def test_every_screen_says_what_the_registry_does_not_support(
    capabilities: Capabilities | None, answer: str
) -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "app")
    push_image(client, "app", "one", "v1")
    for operation in OPTIONAL if answer else ():
        embedded.faults.add(f"{operation}:error:{answer}")
    async with running(embedded, size=(160, 40), capabilities=capabilities) as pilot:
        await until(pilot, "1 repository")
        await pilot.press("d")
        screen = await until(pilot, "repositoryArn")
        assert NOT_SUPPORTED in row_of(screen, "tags  ")
        assert NOT_SUPPORTED in row_of(screen, "lifecyclePolicyText")

        await pilot.press("escape", "enter")
        screen = await until(pilot, "1 image · findings not supported")
        assert "not supported" in cursor_row(screen)
        await pilot.press("slash")
        await type_text(pilot, "severity>=high")
        await until(pilot, f"No known match: findings not known: {NOT_SUPPORTED}")
        await pilot.press("escape")
        await until(pilot, " v1 ")
        screen = await retag(pilot, "v2")
        assert "lifecycle" not in screen
        await pilot.press("escape", "enter")

        await open_pane(pilot, "manifest")
        screen = await until(pilot, f"referrers · {NOT_SUPPORTED}")
        assert (NOT_SUPPORTED in row_of(screen, "last pulled")) is (capabilities is not None)
        await pilot.press("f")
        screen = await until(pilot, "Not supported by this registry")
        assert "DescribeImageScanFindings" in screen
        assert "Could not" not in screen_text(pilot.app)
    if capabilities is not None:
        assert [operation for operation in OPTIONAL if embedded.calls[operation]] == []
