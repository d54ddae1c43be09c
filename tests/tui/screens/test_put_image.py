"""The Put image form: every parameter is a field, checked while typing, and applied like a retag."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from ecrtui.connections import SessionFactory
from ecrtui.ecr.manifest import MAX_LENGTH
from ecrtui.ecr.put_image_request import PutImageRequest, PutImageResult
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.errors import EcrTuiError
from ecrtui.paths import settings_file
from ecrtui.settings import Connection, load
from ecrtui.tui.manifest.editor import MAX_EDITABLE_LENGTH, ManifestField
from ecrtui.tui.messages import PutImageDraft
from ecrtui.tui.put_image.app import PutImageApp
from tests.support.embedded import (
    OCI_MANIFEST,
    create_repository,
    digest_of,
    digests_of,
    manifest_text,
    push_image,
    push_index,
    tags_of,
)
from tests.support.screen import below, paste, running, screen_text, type_text, until, until_gone

SIZE = (140, 45)


@asynccontextmanager
async def form(
    embedded: EmbeddedRegistry, draft: PutImageDraft | None = None, *, connected: bool = True, **wanted: str
) -> AsyncIterator[tuple[PutImageApp, Pilot[None]]]:
    """Run only the form, with these values."""
    settings = load({"writes_per_second": 10_000.0})
    connect = SessionFactory(Connection(), settings, embedded=embedded)
    app = PutImageApp(connect, settings, draft or PutImageDraft(PutImageRequest(**wanted)))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        if connected:
            await until(pilot, "123456789012")
        yield app, pilot


async def fill(pilot: Pilot[None], name: str, value: str) -> None:
    """Type into a field."""
    field = pilot.app.screen.query_one(f"#{name}", Input)
    field.focus()
    field.value = ""
    await pilot.pause()
    await paste(pilot, value)


async def send(pilot: Pilot[None]) -> str:
    """Plan, apply and wait for the result."""
    await pilot.press("f2")
    await until(pilot, "enter apply")
    await pilot.press("enter")
    return await until(pilot, "enter close")


def manifest_of(pilot: Pilot[None]) -> ManifestField:
    return pilot.app.screen.query_one(ManifestField)


def result_of(app: PutImageApp) -> PutImageResult:
    assert app.put is not None
    assert app.put.result is not None
    return app.put.result


def error_of(app: PutImageApp) -> EcrTuiError:
    assert app.put is not None
    assert app.put.error is not None
    return app.put.error


def stored(client: Any, digest: str) -> str:
    """Return the manifests in the registry, by digest."""
    images = client.batch_get_image(
        repositoryName="team/app", imageIds=[{"imageDigest": digest}], acceptedMediaTypes=[OCI_MANIFEST]
    )["images"]
    return str(images[0]["imageManifest"])


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (lambda text: text + "\n", "LF"),
        (lambda text: text.replace("\n", "\r\n") + "\r\n", "CRLF"),
        (lambda text: text.replace("\n", "\r\n") + "\n\r\n", "LF and CRLF"),
        (
            lambda text: json.dumps({**json.loads(text), "annotations": {"é\u2028": "🐋\x85"}}, ensure_ascii=False),
            "no line",
        ),
    ],
    ids=["newline at the end", "CRLF", "mixed", "characters that an editor would take for line ends"],
)
async def test_a_file_is_put_byte_for_byte(
    embedded: EmbeddedRegistry, client: Any, tmp_path: Path, change: Callable[[str], str], shown: str
) -> None:
    text = change(manifest_text(client, "team/app"))
    (tmp_path / "m.json").write_bytes(text.encode())
    async with form(embedded, repository="team/app", tag="v1") as (app, pilot):
        await fill(pilot, "file", str(tmp_path / "m.json"))
        screen = await until(pilot, digest_of(text))
        assert f"{len(text.encode()):,} bytes · {shown}" in screen
        assert manifest_of(pilot).exact_text == text
        await send(pilot)
        assert tags_of(client, "team/app") == {"v1": digest_of(text)}
        assert stored(client, digest_of(text)) == text
        assert result_of(app).manifest == text


async def test_a_byte_order_mark_is_kept_and_reported(embedded: EmbeddedRegistry, client: Any, tmp_path: Path) -> None:
    text = "\ufeff" + manifest_text(client, "team/app")
    (tmp_path / "m.json").write_bytes(text.encode())
    async with form(embedded, repository="team/app", tag="v1") as (_, pilot):
        await fill(pilot, "file", str(tmp_path / "m.json"))
        screen = await until(pilot, digest_of(text))
        assert "starts with a byte order mark" in screen
        assert "Invalid JSON syntax" in await send(pilot)  # the registry's own message: it received the mark
        assert digests_of(client, "team/app") == set()


@pytest.mark.parametrize("end", ["\r\n", "\r"])
async def test_a_pasted_manifest_keeps_every_character(embedded: EmbeddedRegistry, client: Any, end: str) -> None:
    text = manifest_text(client, "team/app").replace("\n", end) + end
    async with form(embedded, repository="team/app", tag="v1") as (_, pilot):
        manifest_of(pilot).focus()
        await paste(pilot, text)
        screen = await until(pilot, digest_of(text))
        assert f"{len(text):,} bytes" in screen
        assert "· pasted" in screen
        await send(pilot)
        assert stored(client, digest_of(text)) == text


async def test_changed_line_ends_are_reported_and_a_key_restores_them(embedded: EmbeddedRegistry, client: Any) -> None:
    text = manifest_text(client, "team/app")
    async with form(embedded, repository="team/app", digest=digest_of(text)) as (_, pilot):
        manifest_of(pilot).focus()
        await paste(pilot, text.replace("\n", "\r"))
        screen = await until(pilot, "has CR line endings")
        assert "has this digest with LF line endings" in screen
        assert "f4 changes the line endings" in screen
        await pilot.press("f4")
        screen = await until(pilot, "with LF line endings")
        assert "✗" not in screen
        assert manifest_of(pilot).exact_text == text
        await pilot.press("f4")
        assert manifest_of(pilot).exact_text == text.replace("\n", "\r\n")
        await pilot.press("f4")
        assert manifest_of(pilot).exact_text == text.replace("\n", "\r")


async def test_a_paste_changes_no_line_ends_around_it(embedded: EmbeddedRegistry, client: Any) -> None:
    async with form(embedded, repository="team/app") as (_, pilot):
        field = manifest_of(pilot)
        field.focus()
        await paste(pilot, '{\r\n"a": ""\r\n}')
        await until(pilot, lambda _: field.exact_text == '{\r\n"a": ""\r\n}')
        field.move_cursor((1, 6))
        await paste(pilot, "one\ntwo")
        await until(pilot, lambda _: field.exact_text == '{\r\n"a": "one\ntwo"\r\n}')


async def test_an_edited_manifest_is_no_longer_the_file(
    embedded: EmbeddedRegistry, client: Any, tmp_path: Path
) -> None:
    (tmp_path / "m.json").write_text("{}")
    async with form(embedded, repository="team/app") as (_, pilot):
        await fill(pilot, "file", str(tmp_path / "m.json"))
        await until(pilot, "from the file")
        assert f"file://{tmp_path}/m.json" in screen_text(pilot.app).replace("\n ", "")
        manifest_of(pilot).focus()
        await pilot.press("space")
        screen = await until(pilot, "· typed")
        assert manifest_of(pilot).exact_text == " {}"
        assert str(tmp_path) not in screen
        assert "file://manifest.json" in screen


WRONG = (
    ("repository", "Team/App", "lower-case"),
    ("tag", "a/b", "cannot contain '/'"),
    ("digest", "sha256:" + "0" * 64, "the digest of this manifest is"),
    ("registry_id", "12", "twelve digits"),
    ("media_type", "text/plain", "the manifest says"),
    ("file", "/no/such/file", "cannot be read: "),
)


async def test_each_field_is_checked_while_typing(embedded: EmbeddedRegistry, client: Any) -> None:
    async with form(embedded, repository="team/app", manifest=manifest_text(client, "team/app")) as (_, pilot):
        assert "✗" not in screen_text(pilot.app)
        for name, value, complaint in WRONG:
            await fill(pilot, name, value)
            await until(pilot, complaint)
            await pilot.press("enter")
            assert "enter apply" not in await until(pilot, "1 problem to fix")
            await fill(pilot, name, "team/app" if name == "repository" else "")
            await until_gone(pilot, "✗")


async def test_the_manifest_is_checked_while_typing(embedded: EmbeddedRegistry, client: Any) -> None:
    async with form(embedded, repository="team/app") as (_, pilot):
        manifest_of(pilot).focus()
        for typed, complaint in (("{", "it is not JSON"), ("}", "the manifest has no media type")):
            await type_text(pilot, typed)
            await until(pilot, complaint)
            await pilot.press("f2")
            await until(pilot, "to fix")
            manifest_of(pilot).focus()
        assert embedded.calls["PutImage"] == 0


async def test_a_file_that_is_not_utf_8_is_refused(embedded: EmbeddedRegistry, client: Any, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_bytes(b'{"a": "\xff"}')
    async with form(embedded, repository="team/app") as (_, pilot):
        await fill(pilot, "file", str(tmp_path / "m.json"))
        await until(pilot, "not UTF-8: invalid start byte at byte 7")


async def test_a_too_long_manifest_is_refused_and_a_long_one_is_kept_whole(
    embedded: EmbeddedRegistry, client: Any, tmp_path: Path
) -> None:
    long = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "a": "x" * MAX_EDITABLE_LENGTH})
    async with form(embedded, repository="team/app") as (_, pilot):
        for text, words in ((long, digest_of(long)), (long + " " * MAX_LENGTH, "PutImage accepts at most 4,194,304")):
            (tmp_path / "m.json").write_text(text)
            await fill(pilot, "file", str(tmp_path / "m.json"))
            await until(pilot, words)
            assert manifest_of(pilot).exact_text == text


async def test_control_characters_are_made_visible(embedded: EmbeddedRegistry, client: Any, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"a": "\x1b]0;owned\x07\u202e"}')
    async with form(embedded, repository="team/app") as (_, pilot):
        await fill(pilot, "file", str(tmp_path / "m.json"))
        screen = await until(pilot, "␛]0;owned␇‹202E›")
        assert not {"\x1b", "\x07", "\u202e"} & set(screen)


async def test_a_missing_media_type_is_required_and_sent_as_given(embedded: EmbeddedRegistry, client: Any) -> None:
    text = manifest_text(client, "team/app", media_type=None)
    async with form(embedded, repository="team/app", tag="v1", manifest=text) as (app, pilot):
        await until(pilot, "the manifest has no media type")
        await fill(pilot, "media_type", OCI_MANIFEST)
        await until_gone(pilot, "✗")
        await send(pilot)
        assert result_of(app).media_type == OCI_MANIFEST
        assert stored(client, digest_of(text)) == text


async def test_without_a_tag_the_image_is_stored_untagged(embedded: EmbeddedRegistry, client: Any) -> None:
    text = manifest_text(client, "team/app")
    async with form(embedded, repository="team/app", manifest=text) as (app, pilot):
        screen = await send(pilot)
        assert "✓ done  <untagged>" in screen
        assert (digests_of(client, "team/app"), tags_of(client, "team/app")) == ({digest_of(text)}, {})
        assert result_of(app).tag == ""
        await pilot.press("enter")
        await pilot.pause()
    assert app.return_code == 0


async def test_a_protected_tag_moves_after_a_second_confirmation(embedded: EmbeddedRegistry, client: Any) -> None:
    old = push_image(client, "team/app", "old", "prod")
    text = manifest_text(client, "team/app", "new")
    async with form(embedded, repository="team/app", tag="prod", manifest=text) as (_, pilot):
        await pilot.press("f2")
        screen = await until(pilot, "protected")
        assert f"moves  {old.digest[7:19]}" in screen
        await pilot.press("enter")
        await until(pilot, "Type prod to confirm")
        await type_text(pilot, "prod")
        await pilot.press("enter")
        screen = await until(pilot, "✓ done")
        for value in ("123456789012", "team/app", digest_of(text), "request id"):
            assert value in below(screen, "✓ done")
        assert tags_of(client, "team/app") == {"prod": digest_of(text)}
        assert digests_of(client, "team/app") == {old.digest, digest_of(text)}


async def test_an_unchanged_tag_is_success_without_a_request(embedded: EmbeddedRegistry, client: Any) -> None:
    there = push_image(client, "team/app", "one", "v1")
    calls = embedded.calls["PutImage"]
    async with form(embedded, repository="team/app", tag="v1", manifest=there.manifest) as (app, pilot):
        await send(pilot)
        assert (result_of(app).digest, embedded.calls["PutImage"]) == (there.digest, calls)


async def test_an_immutable_tag_is_refused_inline_and_can_be_corrected(embedded: EmbeddedRegistry, client: Any) -> None:
    old = push_image(client, "team/app", "old", "v1")
    text = manifest_text(client, "team/app", "new")
    async with form(embedded, repository="team/app", tag="v1", manifest=text) as (app, pilot):
        await pilot.press("f2")
        await until(pilot, "enter apply")
        client.put_image_tag_mutability(repositoryName="team/app", imageTagMutability="IMMUTABLE")
        await pilot.press("enter")
        screen = await until(pilot, "✗ refused")
        assert "The tag is immutable" in screen
        assert "next: " in screen
        assert error_of(app).code == "ImageTagAlreadyExistsException"
        await pilot.press("escape")
        await until_gone(pilot, "✗ refused")
        await fill(pilot, "tag", "v2")
        await send(pilot)
        assert tags_of(client, "team/app") == {"v1": old.digest, "v2": digest_of(text)}


async def test_missing_layers_are_reported_and_a_retry_works(embedded: EmbeddedRegistry, client: Any) -> None:
    create_repository(client, "team/other")
    text = manifest_text(client, "team/other")
    async with form(embedded, repository="team/app", tag="v1", manifest=text) as (_, pilot):
        await send(pilot)
        assert "next: " in await until(pilot, "✗ failed")
        manifest_text(client, "team/app")  # pushes config and layers
        await pilot.press("r")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert tags_of(client, "team/app")["v1"] == digest_of(text)


async def test_an_unknown_repository_is_reported_inline(embedded: EmbeddedRegistry, client: Any) -> None:
    async with form(embedded, repository="team/nope", manifest=manifest_text(client, "team/app")) as (_, pilot):
        await pilot.press("f2")
        await until(pilot, "Repository not found")


async def test_a_lost_reply_is_read_back_and_reported(embedded: EmbeddedRegistry, client: Any) -> None:
    text = manifest_text(client, "team/app")
    embedded.faults.add("PutImage:drop-after:times=1")
    async with form(embedded, repository="team/app", tag="v1", manifest=text) as (app, pilot):
        await send(pilot)
        answer = result_of(app)
        assert (answer.digest, answer.tag, answer.manifest) == (digest_of(text), "v1", text)
        assert (answer.registry_id, answer.media_type) == ("123456789012", OCI_MANIFEST)


async def test_the_given_registry_id_is_used(embedded: EmbeddedRegistry, client: Any) -> None:
    text = manifest_text(client, "team/app")
    async with form(embedded, repository="team/app", registry_id="999999999999", manifest=text) as (_, pilot):
        await pilot.press("f2")
        screen = await until(pilot, "r try again")
        assert "arn:aws:ecr:eu-west-1:999999999999:repository/team/app" in screen.replace("\n", "")
        assert digests_of(client, "team/app") == set()


async def test_the_header_shows_the_registry_that_the_image_goes_to(embedded: EmbeddedRegistry, client: Any) -> None:
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text("[accounts.999999999999]\nread_only = true\n")

    def header(pilot: Pilot[None]) -> str:
        return screen_text(pilot.app).splitlines()[0]

    fault = embedded.faults.add("DescribeRegistry:unavailable")
    async with form(embedded, registry_id="999999999999", connected=False) as (_, pilot):
        await until(pilot, "The service failed")
        assert "ecrtui  999999999999" in header(pilot), "not the registry of the connection"
        embedded.faults.remove(fault)
        await pilot.app.screen.run_action("retry")
        await until(
            pilot, lambda _: "ecrtui  999999999999 · eu-west-1" in header(pilot) and "READ-ONLY" in header(pilot)
        )
        for typed, shown, mode in (
            ("", "123456789012", "READ-WRITE"),
            ("99999", "123456789012", "READ-WRITE"),  # not an account yet
            ("123456789012", "123456789012", "READ-WRITE"),
            ("999999999999", "999999999999", "READ-ONLY"),
        ):
            await fill(pilot, "registry_id", typed)
            await until(pilot, lambda _: f"ecrtui  {shown} · " in header(pilot) and mode in header(pilot))  # noqa: B023
        await pilot.app.run_action("activity")
        await until(pilot, "Activity")
        assert "ecrtui  123456789012" in header(pilot)


async def test_a_failed_connection_is_reported_and_the_plan_is_retried(embedded: EmbeddedRegistry, client: Any) -> None:
    text = manifest_text(client, "team/app")
    embedded.faults.add("DescribeRegistry:unavailable")
    async with form(embedded, repository="team/app", tag="v1", manifest=text, connected=False) as (_, pilot):
        await until(pilot, "The service failed")
        await pilot.press("f2")
        await until(pilot, "r try again")
        embedded.faults.clear()
        await pilot.press("r")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert tags_of(client, "team/app") == {"v1": digest_of(text)}


async def test_the_line_ends_cycle_back_to_those_of_the_file(
    embedded: EmbeddedRegistry, client: Any, tmp_path: Path
) -> None:
    text = manifest_text(client, "team/app")
    (tmp_path / "m.json").write_text(text)
    async with form(embedded, repository="team/app") as (_, pilot):
        await fill(pilot, "file", str(tmp_path / "m.json"))
        await until(pilot, "from the file")
        await pilot.press("f4")
        await until(pilot, "with CRLF line endings")
        assert manifest_of(pilot).exact_text == text.replace("\n", "\r\n")
        await pilot.press("f4")
        await until(pilot, "from the file")
        assert manifest_of(pilot).exact_text == text
        assert pilot.app.screen.query_one("#file", Input).value == str(tmp_path / "m.json")


async def test_the_form_shows_the_problem_of_the_command_line(embedded: EmbeddedRegistry, client: Any) -> None:
    async with form(
        embedded, PutImageDraft(PutImageRequest(), problem="the following arguments are required: x\n\nusage")
    ) as (
        _,
        pilot,
    ):
        await until(pilot, "the following arguments are required: x")


async def test_closing_the_form_puts_nothing(embedded: EmbeddedRegistry, client: Any) -> None:
    async with form(embedded, repository="team/app", manifest=manifest_text(client, "team/app")) as (app, pilot):
        await pilot.press("f2")
        await until(pilot, "enter apply")
        await pilot.press("escape")
        await until_gone(pilot, "enter apply")
        await pilot.press("escape")
        await pilot.pause()
    assert (app.put, embedded.calls["PutImage"]) == (None, 0)


async def test_the_palette_opens_the_form_with_the_image_under_the_cursor(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    image = push_image(client, "team/app", "one", "v1", media_type=None)
    read_on = threading.Event()
    async with running(embedded, "team/app", size=SIZE, prefetch=False) as pilot:
        await until(pilot, "1 image ·")
        await pilot.press("colon")
        await until(pilot, "Search")
        await type_text(pilot, "put image")
        await until(pilot, "Put an image: the manifest from a file")
        embedded.faults.before("BatchGetImage", lambda: read_on.wait(60))
        await pilot.press("enter")
        await until(pilot, "reading the manifest…")
        await pilot.press("ctrl+r")  # does not end the read
        read_on.set()
        screen = await until(pilot, f"of {image.digest[7:19]} in team/app")
        values = {field.id: field.value for field in pilot.app.screen.query("#fields Input").results(Input)}
        assert (values["repository"], values["digest"]) == ("team/app", image.digest)
        assert values["media_type"] == OCI_MANIFEST
        assert "aws ecr batch-get-image" in screen
        await fill(pilot, "tag", "again")
        await send(pilot)
        await pilot.press("enter")
        await until(pilot, "again  v1")
        assert tags_of(client, "team/app") == {"v1": image.digest, "again": image.digest}
        await pilot.press("escape")
        await until(pilot, "1 repository")
        await pilot.app.screen.run_action("put_image")
        await until(pilot, "Put image")
        assert pilot.app.screen.query_one("#fields #repository", Input).value == "team/app"


async def test_a_file_replaces_a_picked_image(embedded: EmbeddedRegistry, client: Any, tmp_path: Path) -> None:
    push_index(client, "team/app", tag="multi")
    text = manifest_text(client, "team/app", "new")
    (tmp_path / "m.json").write_text(text)
    async with running(embedded, "team/app:multi", size=SIZE) as pilot:
        await until(pilot, "linux/arm64")
        await pilot.app.screen.run_action("put_image")
        await until(pilot, "aws ecr batch-get-image")
        await fill(pilot, "file", str(tmp_path / "m.json"))
        screen = await until(pilot, digest_of(text))
        assert "✗" not in screen
        assert "batch-get-image" not in screen


async def test_the_copied_command_never_contains_the_manifest(embedded: EmbeddedRegistry, client: Any) -> None:
    text = manifest_text(client, "team/app")
    async with form(embedded, repository="team/app", tag="v1", manifest=text) as (app, pilot):
        await pilot.press("f3")
        await until(pilot, "aws ecr put-image")
        await pilot.press("enter")
        await until(pilot, "Copy aws ecr put-image: not confirmed")
        assert app.clipboard == (
            f"aws ecr put-image --region eu-west-1 --repository-name team/app --image-tag v1 "
            f"--image-digest {digest_of(text)} --image-manifest file://manifest.json"
        )
