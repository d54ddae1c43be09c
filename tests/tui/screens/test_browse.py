"""Browsing: lists, filters, order, details, copying, going back, and opening a reference."""

from __future__ import annotations

import threading

import pytest

from tests.support.embedded import (
    REGION,
    client_for,
    create_repository,
    distinct_times,
    new_embedded,
    push_image,
    push_index,
)
from tests.support.screen import (
    TIMEOUT,
    below,
    cursor_row,
    paste,
    row_of,
    running,
    screen_text,
    type_text,
    until,
    until_gone,
)

NAMES = ("platform/base", "team/app", "team/frozen", "team/web")


class BrowseEnv:
    """A registry that these tests only read."""

    def __init__(self) -> None:
        self.embedded = new_embedded()
        self.client = client_for(self.embedded)
        for name in NAMES:
            create_repository(self.client, name, *(("IMMUTABLE_WITH_EXCLUSION", ["dev*"]) if "frozen" in name else ()))
        arn = self.client.describe_repositories(repositoryNames=["team/app"])["repositories"][0]["repositoryArn"]
        self.client.tag_resource(resourceArn=arn, tags=[{"Key": "owner", "Value": "checkout"}])
        self.small = push_image(self.client, "team/app", "small", "v1")
        self.large = push_image(self.client, "team/app", "large", "release-2", layers=[b"x" * 5000])
        self.index = push_index(self.client, "team/app", None, "multi")
        with self.embedded.database.write() as connection:
            connection.execute("UPDATE images SET pushed_at = 2500")
            for image, when in ((self.small, 1000.0), (self.large, 2000.0), (self.index, 3000.0)):
                connection.execute("UPDATE images SET pushed_at = ? WHERE digest = ?", (when, image.digest))


@pytest.fixture(scope="module")
def env() -> BrowseEnv:
    return BrowseEnv()


def rows(screen: str, *names: str) -> list[str]:
    """Return the names that begin a row, from top to bottom."""
    firsts = [line.replace("▸", " ").replace(" + ", " ").split() for line in screen.splitlines()]
    return [words[0] for words in firsts if words and words[0] in names]


async def test_repositories_are_listed_with_their_settings(env: BrowseEnv) -> None:
    columns = {"repositories": ["name", "mutability", "encryption", "uri"]}
    async with running(env.embedded, size=(170, 30), columns=columns) as pilot:
        screen = await until(pilot, "4 repositories")
        assert rows(screen, *NAMES) == list(NAMES)
        frozen = row_of(screen, "team/frozen")
        assert "immutable except dev*" in frozen
        assert "AES256" in frozen
        assert f"123456789012.dkr.ecr.{REGION}.amazonaws.com/team/frozen" in frozen
        assert "123456789012 · eu-west-1" in screen
        assert "READ-WRITE" in screen
        await until(pilot, "user/embedded")  # who the caller is


async def test_the_filter_applies_while_typing_and_reports_mistakes(env: BrowseEnv) -> None:
    async with running(env.embedded, size=(150, 30)) as pilot:
        await until(pilot, "4 repositories")
        await pilot.press("slash")
        await type_text(pilot, "team/ !web")
        screen = await until(pilot, "2 match")
        assert rows(screen, *NAMES) == ["team/app", "team/frozen"]
        await paste(pilot, " is:nonsense")
        await until(pilot, "'nonsense' is not a value of is")
        assert rows(screen_text(pilot.app), *NAMES) == ["team/app", "team/frozen"]
        await pilot.press(*["backspace"] * len(" is:nonsense"), "enter")
        await until_gone(pilot, "'nonsense' is not a value of is")
        await pilot.press("slash", *"web")  # another filter
        assert rows(await until(pilot, "1 match"), *NAMES) == ["team/web"]
        await pilot.press("enter", "slash", "right", "x")  # the same filter, changed
        await until(pilot, "Nothing matches webx")
        await pilot.press("backspace", "enter", "slash", "enter")  # the same filter
        await until(pilot, "1 match")
        await pilot.press("escape")
        screen = await until_gone(pilot, "match")
        assert rows(screen, *NAMES) == list(NAMES)


async def test_a_filter_without_matches_says_how_to_clear_it(env: BrowseEnv) -> None:
    async with running(env.embedded) as pilot:
        await until(pilot, "4 repositories")
        await pilot.press("slash", *"zzz")
        await until(pilot, "Nothing matches zzz")
        await pilot.press("escape", "slash", *"9 h")
        await until(pilot, "To filter by a cell write pushed<10h.")
        await pilot.press("escape")
        await until_gone(pilot, "Nothing matches")


async def test_a_wrong_filter_says_which_filter_applies(env: BrowseEnv) -> None:
    async with running(env.embedded, "team/app", size=(160, 30)) as pilot:
        await until(pilot, "3 images")
        await pilot.press("slash", "!", "enter")
        await until(pilot, "No filter applies.")
        await until_gone(pilot, "match")
        await pilot.press("slash", *"zzz is:nonsense")
        await until(pilot, "'nonsense' is not a value of is")
        await pilot.press("down")
        await until(pilot, "The last valid filter applies: zzz is.")
        await until(pilot, "The filter is not valid")
        note = " ".join(screen_text(pilot.app).replace("│", "").split())
        assert "The filter is not valid: 'nonsense' is not a value of is. The last valid filter applies." in note
        assert "Nothing matches zzz is. Press esc to clear the filter." in note
        await pilot.press("escape")
        await until_gone(pilot, "not valid")
        await until(pilot, "3 images")


async def test_any_column_sorts_in_both_directions(env: BrowseEnv) -> None:
    async with running(env.embedded, "team/app", size=(100, 30)) as pilot:
        screen = await until(pilot, "3 images")
        assert "pushed ▼" in screen
        tags = ("multi", "release-2", "v1")
        assert rows(screen, *tags) == ["multi", "release-2", "v1"]
        await pilot.press("s")
        screen = await until(pilot, "size ▼")
        assert rows(screen, *tags)[0] == "release-2"
        await pilot.press("S")
        screen = await until(pilot, "size ▲")
        assert rows(screen, *tags)[-1] == "release-2"
        for heading in ("kind ▲", "findings ▼", "pulled ▼", "tags ▲"):
            await pilot.press("s")
            screen = await until(pilot, heading)
        assert rows(screen, *tags) == sorted(tags)


async def test_images_show_kind_platforms_and_untagged_in_words(env: BrowseEnv) -> None:
    async with running(env.embedded, "team/app") as pilot:
        await until(pilot, "index 2")
        await until(pilot, "3 images · 3 tagged · 2 parts")
        await pilot.press("plus")
        screen = await until(pilot, "- multi")
        assert env.index.digest[7:19] in row_of(screen, "multi")
        assert "  amd64  " in screen
        assert "5.1 kB" in row_of(screen, "release-2")


async def test_a_wide_terminal_shows_the_manifest_beside_the_list(env: BrowseEnv) -> None:
    async with running(env.embedded, "team/app", size=(160, 30)) as pilot:
        await until(pilot, "3 images")
        await pilot.press("o")
        await until(pilot, '"manifests": [')
        await pilot.press("G")
        await until(pilot, '"layers": [')
        assert env.small.digest[7:19] in cursor_row(screen_text(pilot.app))


async def test_widening_the_terminal_shows_the_facts_at_once(env: BrowseEnv) -> None:
    async with running(env.embedded, "team/app", size=(80, 24)) as pilot:
        await until(pilot, "3 images")
        await pilot.resize_terminal(160, 30)
        await until(pilot, "here since")


async def test_facts_that_are_collected_again_keep_the_writes_of_the_image(env: BrowseEnv) -> None:
    async with running(env.embedded, "team/app", size=(160, 30)) as pilot:
        await until(pilot, "here since")
        await pilot.resize_terminal(170, 30)
        screens: list[str] = []

        def is_updated(screen: str) -> bool:
            screens.append(screen)
            return all(worker.group != "preview" for worker in pilot.app.workers)

        await until(pilot, is_updated)
        assert all("here since" in screen for screen in screens)


async def test_repository_details_include_resource_tags_and_policy(env: BrowseEnv) -> None:
    async with running(env.embedded) as pilot:
        await until(pilot, "4 repositories")
        await pilot.press("j", "d")
        screen = await until(pilot, "repositoryArn")
        assert "Key: owner, Value: checkout" in screen
        await pilot.press("escape", "y")
        screen = await until(pilot, "imageTagMutability: MUTABLE")
        assert "repositoryName: team/app" in screen


async def test_image_details_include_every_known_member(env: BrowseEnv) -> None:
    async with running(env.embedded, "team/app", size=(120, 30)) as pilot:
        await until(pilot, "3 images")
        await pilot.press("G", "d")
        screen = await until(pilot, "imagePushedAt")
        assert env.small.digest in screen
        assert "1970-01-01 00:16:40 UTC" in screen
        await pilot.press("escape", "y")
        await until(pilot, "imageTags:")


async def test_image_details_are_those_of_the_row_on_which_the_key_was_pressed() -> None:
    embedded, reply = new_embedded(clock=distinct_times(days_ago=2)), threading.Event()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "v1")
    newest = push_image(client, "team/app", "two", "v2")
    embedded.faults.before("DescribeImageScanFindings", lambda: reply.wait(TIMEOUT), times=None)
    async with running(embedded, "team/app") as pilot:
        await until(pilot, lambda screen: "2 images ·" in screen and "v2" in cursor_row(screen))
        await pilot.press("d", "j")
        await until(pilot, lambda screen: "v1" in cursor_row(screen))
        reply.set()
        assert f"team/app@{newest.digest[7:19]}" in await until(pilot, "imagePushedAt")


async def test_esc_clears_the_filter_then_leaves_the_screen_but_never_quits(env: BrowseEnv) -> None:
    async with running(env.embedded) as pilot:
        await until(pilot, "4 repositories")
        await pilot.press("slash", *"app", "enter")
        await until(pilot, "1 match")
        await pilot.press("enter")
        await until(pilot, "3 images")
        await pilot.press("slash", *"v1", "enter")
        await until(pilot, "1 match · 3 images")
        await pilot.press("enter")
        await until(pilot, "last pulled")
        await pilot.press("escape")
        await until(pilot, "1 match · 3 images")
        await pilot.press("escape")
        await until(pilot, lambda screen: "3 images" in screen and "match" not in screen)
        await pilot.press("escape")
        await until(pilot, "1 match · 4 repositories")
        await pilot.press("escape")
        await until(pilot, lambda screen: "4 repositories" in screen and "match" not in screen)
        await pilot.press("escape", "escape")
        await until(pilot, "4 repositories")
        assert pilot.app.is_running


async def test_esc_closes_the_overlay_before_the_screen_below(env: BrowseEnv) -> None:
    async with running(env.embedded, "team/app") as pilot:
        await until(pilot, "3 images")
        await pilot.press("question_mark")
        await until(pilot, "Keyboard shortcuts")
        await pilot.press("escape")
        await until_gone(pilot, "Keyboard shortcuts")
        await until(pilot, "Repositories › team/app")


async def test_refresh_adds_new_rows_and_drops_deleted_ones() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    async with running(embedded) as pilot:
        await until(pilot, "1 repository")
        create_repository(client, "team/new")
        client.delete_repository(repositoryName="team/app", force=True)
        await pilot.press("ctrl+r")
        screen = await until(pilot, "team/new")
        await until_gone(pilot, "team/app")
        assert "1 repository" in screen


async def test_an_empty_registry_and_an_empty_repository_say_so() -> None:
    embedded = new_embedded()
    async with running(embedded) as pilot:
        await until(pilot, "This registry has no repositories.")
        create_repository(client_for(embedded), "team/app")
        await pilot.press("ctrl+r")
        await until(pilot, "1 repository")
        await pilot.press("enter")
        await until(pilot, "This repository has no images.")
        await pilot.press("d", "enter")  # an action without a row does not fail
        for key in ("t", "D", "X", "i"):
            await pilot.press(key)
            await until(pilot, "Select an image first.")
            pilot.app.clear_notifications()
            await until_gone(pilot, "Select an image first.")


async def test_the_cursor_stays_on_its_row_while_rows_arrive() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    marked = [push_image(client, "team/app", f"n{number}", f"v{number}") for number in range(4)]
    async with running(embedded, "team/app") as pilot:
        await until(pilot, "4 images")
        await pilot.press("down", "j")
        chosen = marked[1].digest[7:19]
        await until(pilot, lambda screen: chosen in cursor_row(screen))
        for number in range(3):
            push_image(client, "team/app", f"later{number}", f"later{number}")
        await pilot.press("ctrl+r")
        screen = await until(pilot, "7 images")
        assert chosen in cursor_row(screen)


async def test_an_interrupted_listing_keeps_its_rows_and_resumes() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    for number in range(1_002):
        client.create_repository(repositoryName=f"team/r{number:04}")
    embedded.faults.add("DescribeRepositories:error:code=ServerException:status=500:message=we are sorry:after=1")
    async with running(embedded) as pilot:
        screen = await until(pilot, "we are sorry")
        assert "The service failed" in screen
        assert "team/r0000" in screen
        assert "1,002 repositories" not in screen
        calls = embedded.calls["DescribeRepositories"]
        embedded.faults.clear()
        await pilot.press("r")
        await until(pilot, "1,002 repositories")
        assert embedded.calls["DescribeRepositories"] == calls + 1
        await until_gone(pilot, "we are sorry")


# Opening a reference


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        ("team/app", "3 images"),
        ("team/app@{small}", "Repositories › team/app › v1"),
        (f"123456789012.dkr.ecr.{REGION}.amazonaws.com/team/app:v1", "Repositories › team/app › v1"),
    ],
)
async def test_a_reference_opens_its_screen_and_esc_goes_up(reference: str, shown: str, env: BrowseEnv) -> None:
    digest = env.small.digest
    async with running(env.embedded, reference.format(small=digest)) as pilot:
        await until(pilot, shown.format(short=digest[7:19]))
        if reference != "team/app":
            await until(pilot, "last pulled")
            await pilot.press("escape")
            await until(pilot, "3 images")
        await pilot.press("escape")
        await until(pilot, "4 repositories")


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("team/nothing", "Repository not found"),
        ("team/app:nothing", "team/app has no tag nothing"),
        (f"team/app@sha256:{'0' * 64}", "team/app has no image sha256:000"),
    ],
)
async def test_an_unknown_reference_says_so_and_esc_goes_up(reference: str, words: str, env: BrowseEnv) -> None:
    async with running(env.embedded, reference, size=(160, 30)) as pilot:
        await until(pilot, words)
        if ":" in reference:
            await until(pilot, "Press F to look for it in all repositories.")
        await pilot.press("t", "i", "f", "o", "1", "c")  # an action without a row does not fail
        if ":" in reference:
            await until(pilot, reference)  # that is all that can be copied
            await pilot.press("escape")
        await until(pilot, words)
        await pilot.press("escape", "escape")
        await until(pilot, "4 repositories")


# Copying


@pytest.fixture
def over_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the terminal's clipboard, so that no test changes the developer's own."""
    monkeypatch.setenv("SSH_TTY", "/dev/pts/9")


async def test_the_copy_menu_offers_all_names_of_an_image_and_the_aws_command(env: BrowseEnv, over_ssh: None) -> None:
    uri = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/team/app"
    async with running(env.embedded, "team/app", size=(200, 30)) as pilot:
        await until(pilot, "3 images")
        await pilot.press("G", "c")
        menu = below(await until(pilot, "docker pull"), "Copy")
        assert f"{uri}:v1" in menu
        assert f"{uri}@{env.small.digest}" in menu
        assert "aws ecr batch-get-image --region eu-west-1 --registry-id 123456789012" in menu
        await pilot.press("5")
        await until(pilot, "Copy docker pull: not confirmed")
        assert pilot.app.clipboard == f"docker pull {uri}:v1"


async def test_keys_move_in_the_copy_menu_and_close_it(env: BrowseEnv, over_ssh: None) -> None:
    async with running(env.embedded) as pilot:
        await until(pilot, "4 repositories")
        await pilot.press("c")
        await until(pilot, "ARN")
        await pilot.press("j", "enter")
        await until(pilot, "Copy name: not confirmed")
        assert pilot.app.clipboard == "platform/base"
        await pilot.press("enter", "c")
        await until(pilot, "ARN")
        await pilot.press("escape")
        await until_gone(pilot, "ARN")
        assert pilot.app.clipboard == "platform/base"


async def test_a_second_filter_mistake_is_reported_and_the_screen_can_close(env: BrowseEnv) -> None:
    async with running(env.embedded, "team/app") as pilot:
        await until(pilot, "3 images")
        await pilot.press("slash")
        await type_text(pilot, "size>banana")
        await until(pilot, "not a size")
        await type_text(pilot, " nope:x")
        await pilot.press(*["home"], *["delete"] * len("size>banana "))
        await until(pilot, "unknown field 'nope'")
        await until_gone(pilot, "not a size")
        await pilot.press("escape")
        await until_gone(pilot, "nope")
        await pilot.press("escape")
        await until(pilot, "4 repositories")
