"""Screens of two registries in one application."""

from __future__ import annotations

from ecrtui import application, wiring
from ecrtui.ecr.put_image_request import PutImageRequest
from ecrtui.ecr.reference import parse_reference
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.settings import Connection, Settings
from ecrtui.tui import messages
from tests.support.embedded import REGION, client_for, create_repository, digest_of, push_image, tags_of
from tests.support.screen import OpenSession, until

SETTINGS = Settings(writes_per_second=10_000.0)
SIZE = (140, 45)
HERE, THERE = "123456789012", "999999999999"


def registry_with_an_image(registry_id: str) -> tuple[EmbeddedRegistry, str]:
    """Return a registry with the image team/app:v1, and the manifest of that image."""
    embedded = EmbeddedRegistry(open_database(None), registry_id=registry_id, region=REGION)
    client = client_for(embedded)
    create_repository(client, "team/app")
    return embedded, push_image(client, "team/app", "one", "v1").manifest


async def test_a_screen_ignores_a_write_to_another_registry() -> None:
    here, _ = registry_with_an_image(HERE)
    there, manifest = registry_with_an_image(THERE)
    other = wiring.open_session(wiring.open_registry(Connection(), embedded=there), SETTINGS)
    session = wiring.open_session(wiring.open_registry(Connection(), embedded=here), SETTINGS)
    session.for_account = lambda registry_id: other
    source = OpenSession(session)
    app = application.create_app(source, SETTINGS, parse_reference("team/app"), demo=True)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, "v1")
        wanted = PutImageRequest(repository="team/app", registry_id=THERE, tag="v2", manifest=manifest)
        app.post_message(messages.OpenPutImage(source, messages.PutImageDraft(wanted)))
        await until(pilot, "registry id    999")
        await pilot.press("f2")
        await until(pilot, "enter apply")
        here.calls.clear()
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await app.workers.wait_for_complete([worker for worker in app.workers if worker.group == "write"])
    assert tags_of(client_for(there), "team/app") == {"v1": digest_of(manifest), "v2": digest_of(manifest)}
    assert here.calls["DescribeImages"] == 0
