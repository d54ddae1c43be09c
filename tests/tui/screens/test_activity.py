"""Activity: every write, its digests before and after, undo, and writes with unknown outcome."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from ecrtui.connections import SessionFactory
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.paths import journal_file
from ecrtui.retag.plan import TagChange
from ecrtui.settings import Connection, Settings
from tests.support.embedded import create_repository, push_image, put, served, tags_of
from tests.support.host import resize
from tests.support.screen import app_of, below, cursor_row, retag, running, screen_text, type_text, until, until_gone

REPOSITORY = "team/app"


async def write(pilot: Any, *tags: str) -> None:
    """Tag the image under the cursor and open Activity."""
    await retag(pilot, *tags)
    await pilot.press("enter")
    await until(pilot, "✓ done")
    await pilot.press("enter")
    await until_gone(pilot, "Retag")
    await pilot.press("a")
    await until(pilot, lambda screen: "Activity" in screen and "▸" in screen)


async def test_an_empty_journal_says_so(embedded: EmbeddedRegistry, client: Any) -> None:
    async with running(embedded) as pilot:
        await until(pilot, "1 repository")
        await pilot.press("a")
        await until(pilot, "No writes recorded on this computer.")
        await pilot.press("u", "U", "d", "y", "c", "f")
        await until(pilot, "The outcome of every write")
        await pilot.press("escape")
        await until(pilot, "1 repository")


async def test_a_move_is_journalled_and_undone_through_a_plan(embedded: EmbeddedRegistry, client: Any) -> None:
    old = push_image(client, REPOSITORY, "old", "rc")
    new = push_image(client, REPOSITORY, "new", "v2")
    async with running(embedded, REPOSITORY, size=(140, 30)) as pilot:
        await until(pilot, "2 images")
        await write(pilot, "rc")
        row = cursor_row(await until(pilot, "1 write"))
        assert [word for word in row.split() if word in (old.digest[7:19], new.digest[7:19])] == [
            old.digest[7:19],
            new.digest[7:19],
        ]
        assert "✓ done" in row
        await pilot.press("u")
        form = below(await until(pilot, "enter apply"), f"Undo {REPOSITORY}:rc")
        assert "moves" in form
        assert tags_of(client, REPOSITORY)["rc"] == new.digest  # nothing is written before the confirmation
        await pilot.press("enter")
        await until(pilot, "enter close")
        assert tags_of(client, REPOSITORY)["rc"] == old.digest
        await pilot.press("enter")
        screen = await until(pilot, "2 writes")
        assert "↶ undone" in screen
        await pilot.press("escape")
        await until(pilot, "2 images · 2 tagged")


async def test_no_digest_is_cut_at_80_columns_and_no_tag_at_120(embedded: EmbeddedRegistry, client: Any) -> None:
    repository, tag = "platform/base-images/java", "release-2026.11-rc.1"
    create_repository(client, repository)
    digests = [push_image(client, repository, name, name).digest for name in ("one", "two")]
    async with running(embedded, repository, size=(80, 24)) as pilot:
        await until(pilot, "2 images")
        await write(pilot, tag)
        await pilot.press("escape")
        await until(pilot, "2 images")
        await pilot.press("j")
        await write(pilot, tag)
        row = cursor_row(await until(pilot, "2 writes"))
        assert [word for word in row.split() if word in (digests[0][7:19], digests[1][7:19])] == [
            digest[7:19] for digest in reversed(digests)
        ]
        await resize(pilot, 120, 24)  # the tags have room before the plan, the user and the command
        screen = await until(pilot, "command")
        assert re.search(rf" {tag} +{digests[1][7:19]} two +{digests[0][7:19]} one +retag", cursor_row(screen))


async def test_undo_removes_a_created_tag_only_if_the_image_keeps_another(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    async with running(embedded, REPOSITORY, size=(140, 30)) as pilot:
        await until(pilot, "1 image ·")
        await write(pilot, "rc")
        client.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": "v1"}])
        await pilot.press("u")
        await until(pilot, "last tag of this image")
        await pilot.press("enter")
        await until(pilot, "Cannot apply: a step is refused")
        assert tags_of(client, REPOSITORY) == {"rc": image.digest}


async def test_undo_of_a_tag_that_moved_since_is_refused(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, REPOSITORY, "old", "rc")
    other = push_image(client, REPOSITORY, "other", "v1")
    push_image(client, REPOSITORY, "new", "v2")
    async with running(embedded, REPOSITORY, size=(140, 30)) as pilot:
        await until(pilot, "3 images")
        await write(pilot, "rc")
        put(client, REPOSITORY, other.manifest, "rc", other.media_type)
        await pilot.press("u")
        form = below(await until(pilot, "refused"), "Undo")
        assert other.digest[7:19] in form
        await pilot.press("enter")
        await until(pilot, "Cannot apply: a step is refused")
        assert tags_of(client, REPOSITORY)["rc"] == other.digest


async def test_a_whole_plan_is_undone_and_the_undo_too(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    async with running(embedded, REPOSITORY, size=(140, 30)) as pilot:
        await until(pilot, "1 image ·")
        await write(pilot, "one", "two")
        await until(pilot, "2 writes")
        await pilot.press("U")
        await until(pilot, "Undo plan")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "enter close")
        assert tags_of(client, REPOSITORY) == {"v1": image.digest}
        await pilot.press("enter")
        await until(pilot, "4 writes")
        await pilot.press("g", "U")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "enter close")
        assert tags_of(client, REPOSITORY) == dict.fromkeys(("one", "two", "v1"), image.digest)


async def test_activity_is_filtered_described_and_copied(
    embedded: EmbeddedRegistry, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_TTY", "/dev/pts/9")
    image = push_image(client, REPOSITORY, "one", "v1")
    async with running(embedded, REPOSITORY, size=(160, 40)) as pilot:
        await until(pilot, "1 image ·")
        await write(pilot, "one", "two")
        await pilot.press("slash")
        await type_text(pilot, "tag:two outcome:done !undone")
        screen = await until(pilot, "1 match")
        assert " two " in cursor_row(screen)
        await pilot.press("enter", "d")
        screen = await until(pilot, "digestAfter")
        assert image.digest in screen
        assert "arn:aws:iam::123456789012:user/embedded" in screen
        await pilot.press("escape", "c")
        await until(pilot, "1 write as Markdown")
        await pilot.press("1")
        await until(pilot, "Copy digest after: not confirmed")
        assert pilot.app.clipboard == image.digest


async def test_an_unknown_write_is_shown_and_resolved(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, REPOSITORY, "old", "rc")
    push_image(client, REPOSITORY, "new", "v2")
    async with running(embedded, REPOSITORY, size=(140, 30)) as pilot:
        await until(pilot, "2 images")
        await retag(pilot, "rc")
        embedded.faults.add("PutImage:drop-after")
        embedded.faults.before("PutImage", lambda: embedded.faults.add("DescribeImages:unavailable"))
        await pilot.press("enter")
        await until(pilot, "? unknown")
        await pilot.press("enter", "a")
        await until(pilot, "1 write")
        assert "? unknown" in cursor_row(screen_text(pilot.app))
        await pilot.press("f")
        await until(pilot, "The service failed")  # the outcome is still unknown
        assert "? unknown" in cursor_row(screen_text(pilot.app))
        embedded.faults.clear()
        await pilot.press("f")
        await until(pilot, lambda screen: "✓ done" in cursor_row(screen))


async def test_a_plan_whose_process_died_says_how_to_continue(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    with served(embedded) as url:
        connection = Connection(endpoint_url=url)
        engine = SessionFactory(connection, Settings())().engine
        plan = engine.plan([TagChange(REPOSITORY, f"rc{number}", image.digest) for number in range(3)])
        seen: list[object] = []
        engine.apply(plan, on_result=lambda *result: seen.append(result), stop=lambda: bool(seen))
        with sqlite3.connect(journal_file()) as other:
            other.execute("UPDATE entries SET outcome = NULL, owner = 'dead'")
        async with running(None, connection=connection, size=(100, 30)) as pilot:
            await until(pilot, "Resolved 1 write")
            command = f"ecrtui retag --resume {plan.id}"
            left = f"2 tags of the plan were not sent; continue with: {command}"
            assert any(left in toast.message for toast in pilot.app._notifications)
            await pilot.press("a")
            screen = await until(pilot, "1 write ·")
            assert left in " ".join(screen.split())
            await pilot.press("c")
            assert command in await until(pilot, "command that continues the plan")


@pytest.mark.parametrize("ends", [True, False])
async def test_a_plan_that_its_process_stopped_is_named_at_the_next_start(
    embedded: EmbeddedRegistry, client: Any, ends: bool
) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    with served(embedded) as url:
        connection = Connection(endpoint_url=url)
        engine = SessionFactory(connection, Settings())().engine
        plan = engine.plan([TagChange(REPOSITORY, f"rc{number}", image.digest) for number in range(3)])
        seen: list[object] = []
        engine.apply(plan, on_result=lambda *result: seen.append(result), stop=lambda: bool(seen))
        if ends:
            with sqlite3.connect(journal_file()) as other:
                other.execute("UPDATE entries SET owner = 'dead'")
        left = f"2 tags of the plan were not sent; continue with: ecrtui retag --resume {plan.id}"
        async with running(None, connection=connection, size=(100, 30)) as pilot:
            await until(pilot, "1 repository")
            if ends:
                await until(pilot, "The last plan was stopped")
                assert any(left in toast.message for toast in pilot.app._notifications)
            else:  # the user sees it there
                session = app_of(pilot).connect.opened
                assert session is not None
                assert session.engine.history.stopped_plan() is None


async def test_the_journal_survives_a_restart(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, REPOSITORY, "one", "v1")
    with served(embedded) as url:
        connection = Connection(endpoint_url=url)
        async with running(None, REPOSITORY, connection=connection, size=(140, 30)) as pilot:
            await until(pilot, "1 image ·")
            await write(pilot, "rc")
        assert journal_file().stat().st_mode & 0o777 == 0o600
        async with running(None, connection=connection, size=(140, 30)) as pilot:
            await until(pilot, "1 repository")
            await pilot.press("a")
            await until(pilot, "1 write")
            assert " rc " in cursor_row(screen_text(pilot.app))


async def test_an_unusable_journal_stops_the_write_and_the_form_says_why(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    push_image(client, REPOSITORY, "one", "v1")
    journal_file().parent.mkdir(parents=True, exist_ok=True)
    journal_file().write_text("this is no database, and there is nothing to be done about it" * 100)
    writes = embedded.calls["PutImage"]
    with served(embedded) as url:
        async with running(None, REPOSITORY, connection=Connection(endpoint_url=url), size=(140, 30)) as pilot:
            await until(pilot, "1 image ·")
            await retag(pilot, "rc")
            await pilot.press("enter")
            screen = await until(pilot, "journal")
            assert "✓ done" not in screen
            assert embedded.calls["PutImage"] == writes
            with pytest.raises(sqlite3.DatabaseError):
                sqlite3.connect(journal_file()).execute("SELECT * FROM sqlite_master")


async def test_a_failed_undo_is_planned_and_applied_again(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    async with running(embedded, REPOSITORY, size=(140, 30)) as pilot:
        await until(pilot, "1 image ·")
        await write(pilot, "one", "two")
        await until(pilot, "2 writes")
        await pilot.press("U")
        await until(pilot, "enter apply")
        embedded.faults.add("BatchDeleteImage:error:code=InvalidParameterException:message=no:times=1")
        await pilot.press("enter")
        await until(pilot, "r try again")
        await pilot.press("r")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, lambda screen: "enter close" in screen and "try again" not in screen)
        assert tags_of(client, REPOSITORY) == {"v1": image.digest}


async def test_activity_is_readable_on_80_columns_and_saved(
    embedded: EmbeddedRegistry, client: Any, tmp_path: Path
) -> None:
    repository, tag = "team/checkout", "release-2026.11"
    create_repository(client, repository)
    old = push_image(client, repository, "old", tag)
    put(client, repository, old.manifest, "v1", old.media_type)
    new = push_image(client, repository, "new", "v2")
    async with running(embedded, repository, size=(80, 24)) as pilot:
        await until(pilot, "2 images")
        await retag(pilot, tag)
        put(client, repository, old.manifest, "other", old.media_type)
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.press("enter")
        await until_gone(pilot, "✓ done")
        await retag(pilot, "v1")
        put(client, repository, new.manifest, "v1", new.media_type)
        embedded.faults.add("PutImage:error:code=ServerException:times=2")
        await pilot.press("enter")
        await until(pilot, "enter close")
        await pilot.press("enter", "a")
        await until(pilot, lambda screen: "Activity" in screen and f"{repository}  {tag}" in screen)
        await pilot.press("G")
        screen = await until(pilot, lambda screen: f"{repository}  {tag}" in cursor_row(screen))
        row, line = cursor_row(screen), " ".join(below(screen, f"{repository}:{tag} ").split())
        assert "o…" not in screen  # the heading of a column of two cells
        assert re.search(rf"✓ +{repository}  {tag}  {old.digest[7:19]}  {new.digest[7:19]}$", row.rstrip())
        assert " · ✓ done · " in line
        assert line.startswith(f"{repository}:{tag} {old.digest[7:19]} (v1) → {new.digest[7:19]} (v2)")
        await pilot.press("x")
        await until(pilot, "file name, ending in")
        await type_text(pilot, str(tmp_path / "writes.md"))
        await pilot.press("enter")
        await until(pilot, "Saved")
    assert f"| {repository} | {tag} | move | {old.digest} (v1) | {new.digest} (v2) | done |" in (
        tmp_path / "writes.md"
    ).read_text().replace("\\", "")
