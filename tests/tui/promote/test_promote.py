"""Promoting an image on the screens: the plan, the confirmation, the copy, the result and the undo."""

from __future__ import annotations

import json
import re
import threading
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.settings import Connection
from ecrtui.tui.promote.form import PromoteForm
from ecrtui.tui.promote.target_connections import TargetConnections
from tests.support.embedded import client_for, create_repository, push_image, served, tags_of
from tests.support.screen import app_of, below, fill_in, running, type_text, until, until_gone, until_planned

DEV, PROD = "team/dev", "team/prod"
HERE, THERE, REGION = "123456789012", "210987654321", "eu-west-1"
HANG = 60
"""Seconds after which an upload that a test holds continues by itself."""


async def open_form(pilot: Any, target: str, wanted: str = "enter apply") -> str:
    """Open the form for the image under the cursor, type a target, and wait for a text."""
    await pilot.press("p")
    await until(pilot, "repository[:tag], or an image URI")
    await fill_in(pilot, target)
    planned = until_planned(pilot) if wanted == "enter apply" else until(pilot, wanted)
    return below(await planned, "Promote ")


def targets_of(pilot: Any) -> TargetConnections:
    """Return the connections to targets of the application."""
    connections = app_of(pilot).target_connections
    assert connections is not None
    return connections


async def clear_field(pilot: Any) -> None:
    await pilot.press("end", "ctrl+u")
    await until(pilot, "repository[:tag], or an image URI")


async def test_an_image_is_copied_and_the_undo_puts_the_tag_back(embedded: EmbeddedRegistry, client: Any) -> None:
    for name in (DEV, PROD):
        create_repository(client, name)
    new = push_image(client, DEV, "new", "v2", layers=[b"layer of the new image"])
    old = push_image(client, PROD, "old", "live", layers=[b"old"])
    push_image(client, PROD, "old", "v1", layers=[b"old"])
    async with running(embedded, DEV, size=(110, 40)) as pilot:
        await until(pilot, "1 image ·")
        plan = await open_form(pilot, f"{PROD}:live")
        assert "puts 1 manifest and sends 2 blobs" in plan
        assert f"moves  {old.digest[7:19]}" in plan
        await pilot.press("enter")
        assert "plan id" in await until(pilot, "✓ done")
        assert tags_of(client, PROD) == {"live": new.digest, "v1": old.digest}
        await pilot.press("enter")
        await until_gone(pilot, "✓ done")
        await pilot.press("a")
        assert "promote" in await until(pilot, "1 write")
        await pilot.press("u")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "enter close")  # the row of the promotion says "done"
        assert tags_of(client, PROD)["live"] == old.digest


async def test_the_form_says_what_cannot_be_done_and_offers_to_create_the_repository(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    create_repository(client, DEV)
    image = push_image(client, DEV, "new", "v2", layers=[b"layer"])
    signatures = [f"{image.digest.replace(':', '-')}.{kind}" for kind in ("sig", "att", "sbom")]
    for tag in signatures:  # their steps fill the form
        push_image(client, DEV, tag, tag, layers=[tag.encode()])
    stopped = threading.Event()
    embedded.faults.before("InitiateLayerUpload", lambda: stopped.wait(HANG))
    async with running(embedded, f"{DEV}:v2", size=(80, 24), protected_tags=("prod",)) as pilot:
        await until(pilot, "last pulled")
        await open_form(pilot, "team/", "is not a repository name")
        for target, problem in (
            (f"{DEV}:other", "ecrtui retag"),
            ("123456789012.dkr.ecr.eu-north-1.amazonaws.com/team/prod", "is the only connection here"),
            (f"{PROD}:prod", "does not exist in 123456789012"),
        ):
            await clear_field(pilot)
            await type_text(pilot, target)
            await until(pilot, problem)
        await pilot.press("f4")
        plan = await until(pilot, "enter apply")
        assert f"{PROD} (is created)" in plan
        assert "with the defaults of ECR: mutable tags, encryption AES256," in " ".join(plan.split())
        assert re.search("prod +new", plan)
        await pilot.press("enter")
        await until(pilot, "to confirm and press")
        await type_text(pilot, "prod")
        await pilot.press("enter")
        assert "copying" in await until(pilot, "esc stop after the current parts")
        await pilot.press("escape")
        stopped.set()
        screen = await until(pilot, lambda screen: "again and continue" in " ".join(screen.split()))
        assert f"created {PROD}; no tag was changed" in screen
        await pilot.press("r")
        await until(pilot, "enter apply")
        await pilot.press("enter")
        await until(pilot, "to confirm and press")
        await type_text(pilot, "prod")
        await pilot.press("enter")
        assert f"repository    {PROD}" in await until(pilot, "✓ done")
        assert set(tags_of(client, PROD)) == {"prod", *signatures}


async def test_the_key_creates_the_repository_of_one_target_only(embedded: EmbeddedRegistry, client: Any) -> None:
    create_repository(client, DEV)
    push_image(client, DEV, "new", "v2", layers=[b"layer"])
    async with running(embedded, f"{DEV}:v2", size=(100, 30)) as pilot:
        await until(pilot, "last pulled")
        await open_form(pilot, f"{PROD}:a", "does not exist")
        await pilot.press("f4")
        await until(pilot, f"{PROD} (is created)")
        await type_text(pilot, "b")  # another tag of the same repository
        await until(pilot, lambda screen: "ab  new" in screen and f"{PROD} (is created)" in screen)
        await clear_field(pilot)
        await type_text(pilot, "team/prd:ab")
        screen = await until(pilot, "The repository team/prd does not exist")
        assert "f4 create the repository" in screen
        await pilot.press("f4")
        await until(pilot, "team/prd (is created)")


async def test_a_plan_after_a_failure_reads_what_belongs_to_the_image_again(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    for name in (DEV, PROD):
        create_repository(client, name)
    image = push_image(client, DEV, "new", "v2", layers=[b"layer"])
    async with running(embedded, DEV, size=(110, 40)) as pilot:
        await until(pilot, "1 image ·")
        await open_form(pilot, f"{PROD}:live")
        embedded.faults.add("PutImage:error:code=AccessDeniedException:times=1")
        await pilot.press("enter")
        await until(pilot, "no tag was changed")
        push_image(client, DEV, "signature", f"{image.digest.replace(':', '-')}.sig", layers=[b"signature"])
        await pilot.press("r")
        await until(pilot, "cosign: 1")


async def test_an_opened_tag_is_the_tag_of_the_copies(embedded: EmbeddedRegistry, client: Any) -> None:
    for name in (DEV, PROD, "team/other"):
        create_repository(client, name)
    for tag in ("latest", "v2"):
        push_image(client, DEV, "new", tag, layers=[b"layer"])
    async with running(embedded, f"{DEV}:v2", size=(110, 40)) as pilot:
        await until(pilot, "last pulled")
        await open_form(pilot, "team/pr", "does not exist")
        await until(pilot, PROD)  # the completion
        await pilot.press("right")
        assert "v2  new" in await until(pilot, "enter apply")
        await type_text(pilot, " team/nowhere")
        await until(pilot, "Not all of team/prod, team/nowhere exist")
        await pilot.press("ctrl+w", *"other:a", "space", *"team/other")
        tags = {"team/prod:v2", "team/other:a", "team/other:v2"}
        plan = await until(pilot, lambda screen: tags <= set(screen.split()))
        assert set(re.findall(r"^ *(\S+) +new ", plan, re.MULTILINE)) == tags
        await pilot.press("enter")
        result = await until(pilot, "✓ done")
        assert tags <= set(result.split())
        assert [set(tags_of(client, name)) for name in (PROD, "team/other")] == [{"v2"}, {"a", "v2"}]


async def test_the_form_says_why_a_request_is_sent_again_until_bytes_arrive(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    for name in (DEV, PROD):
        create_repository(client, name)
    image = push_image(client, DEV, "new", "v2", layers=[b"layer"])
    again, tagging = threading.Event(), threading.Event()
    embedded.faults.before("UploadLayerPart", lambda: again.wait(HANG), times=None)
    embedded.faults.add("UploadLayerPart:throttle:message=Rate exceeded:times=1")  # the first request does not wait
    embedded.faults.before("PutImage", lambda: tagging.wait(HANG))
    async with running(embedded, DEV, size=(110, 40)) as pilot:
        await until(pilot, "1 image ·")
        await open_form(pilot, PROD)
        await pilot.press("enter")
        await until(pilot, "! ECR is throttling requests: Rate exceeded. Trying again.")
        again.set()
        await until(pilot, "writing manifests and tags")
        await until_gone(pilot, "Trying again.")
        tagging.set()
        await until(pilot, "✓ done")
        assert tags_of(client, PROD) == {"v2": image.digest}


async def test_blobs_that_are_not_complete_are_still_copied(embedded: EmbeddedRegistry, client: Any) -> None:
    for name in (DEV, PROD):
        create_repository(client, name)
    push_image(client, DEV, "new", "v2", layers=[b"layer"])
    completing = threading.Event()
    embedded.faults.before("CompleteLayerUpload", lambda: completing.wait(HANG), times=None)
    async with running(embedded, DEV, size=(110, 40)) as pilot:
        await until(pilot, "1 image ·")
        await open_form(pilot, PROD)
        await pilot.press("enter")
        screen = await until(pilot, lambda screen: bool(re.search(r"(\d+ B) of \1.*0 of 2 blobs", screen)))
        completing.set()
        assert "copying: " in screen
        await until(pilot, "✓ done")


async def test_marked_images_are_copied_one_after_the_other(embedded: EmbeddedRegistry, client: Any) -> None:
    for name in (DEV, PROD):
        create_repository(client, name)
    images = {tag: push_image(client, DEV, tag, tag, layers=[b"shared", tag.encode()]) for tag in ("v1", "v2", "v3")}
    push_image(client, DEV, "v1", "one", layers=[b"shared", b"v1"])
    before = embedded.calls["InitiateLayerUpload"]
    async with running(embedded, DEV, size=(110, 45)) as pilot:
        await until(pilot, "3 images")
        await pilot.press("asterisk", "p")
        await until(pilot, "Promote 3 marked images of team/dev")
        await type_text(pilot, f"{PROD}:all")
        await until(pilot, "Each keeps its own tags")
        await pilot.press("ctrl+u")
        await fill_in(pilot, PROD)
        plan = await until_planned(pilot)
        assert set(re.findall(r"^\W*(\w+) +new ", plan, re.MULTILINE)) == {"v1", "one", "v2", "v3"}
        embedded.faults.add("PutImage:throttle:times=1")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        assert tags_of(client, PROD) == {tag: images[tag].digest for tag in images} | {"one": images["v1"].digest}
        await pilot.press("u")  # of all three plans
        undo = await until(pilot, lambda screen: "v3" in screen and "Undo" in screen and "checking" not in screen)
        assert {"v1", "one", "v2"} <= set(re.findall(r"\w+", below(undo, "Undo")))
        await pilot.press("escape")
    assert embedded.calls["InitiateLayerUpload"] == before + 7, "the shared layer once"


async def test_the_form_names_the_image_that_is_copied_also_if_its_layers_are_there(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    for name in (DEV, PROD):
        create_repository(client, name)
    for tag in ("v1", "v2"):
        push_image(client, DEV, tag, tag, layers=[tag.encode()])
        push_image(client, PROD, tag, f"{tag}-old", layers=[tag.encode()])
    numbers, tagging = count(1), threading.Event()
    embedded.faults.before("PutImage", lambda: next(numbers) == 1 or tagging.wait(HANG), times=None)
    async with running(embedded, DEV, size=(110, 45)) as pilot:
        await until(pilot, "2 images")
        await pilot.press("asterisk", "p")
        await until(pilot, "Promote 2 marked images of team/dev")
        await fill_in(pilot, PROD)
        await until_planned(pilot)
        await pilot.press("enter")
        await until(pilot, "image 2 of 2: copying…")
        tagging.set()
        await until(pilot, "✓ done")


async def test_a_promotion_to_another_connection_is_in_activity_and_is_undone_there(own_home: Path) -> None:
    database = open_database(None)
    here, there = (EmbeddedRegistry(database, registry_id=account, region=REGION) for account in (HERE, THERE))
    far = EmbeddedRegistry(open_database(None), registry_id="333333333333", region=REGION)
    client, other, far_client = (client_for(embedded, region=REGION) for embedded in (here, there, far))
    abroad = client_for(here, region="us-east-1")
    create_repository(client, DEV)
    for each in (other, abroad, far_client):
        create_repository(each, PROD)
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HERE}:root"}, "Action": "ecr:*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    other.set_repository_policy(repositoryName=PROD, policyText=policy)
    new = push_image(client, DEV, "new", "v2", layers=[b"new"])
    for each in (other, far_client):
        old = push_image(each, PROD, "old", "live", layers=[b"old"])
        push_image(each, PROD, "old", "v1", layers=[b"old"])
    connection = Connection(region=REGION)
    with served(here) as url, served(far) as far_url:
        connection = connection._replace(endpoint_url=url)
        async with running(None, DEV, size=(130, 40), connection=connection, elsewhere=True) as pilot:
            await until(pilot, "1 image ·")
            targets = {
                f"{THERE}.dkr.ecr.{REGION}.amazonaws.com/{PROD}:live": (f"to {THERE}, {REGION}", other),
                f"{HERE}.dkr.ecr.us-east-1.amazonaws.com/{PROD}:live": (f"to {HERE}, us-east-1", abroad),
                f"--to-endpoint-url={far_url} {PROD}:live": (f"to 333333333333, {REGION} at {far_url}", far_client),
            }
            connecting, connect = threading.Event(), threading.Event()
            far.faults.before("DescribeRegistry", lambda: connect.wait(HANG))
            far.faults.before("DescribeRegistry", connecting.set)
            await open_form(pilot, f"--to-endpoint-url={far_url} {PROD}:live", "checking current tags")
            await until(pilot, lambda _: connecting.is_set())
            await clear_field(pilot)
            await type_text(pilot, f"{PROD}:live")
            await until(pilot, f"does not exist in {HERE}")
            await pilot.press("f4")
            await until(pilot, f"{PROD} (is created)")
            connect.set()
            far_source = targets_of(pilot).source(connection._replace(endpoint_url=far_url))
            await until(pilot, lambda _: far_source.opened is not None)
            form = pilot.app.screen.query_one(PromoteForm)
            assert form.state.plan is not None
            assert "333333333333" not in form.plan_lines(form.state.plan).plain
            await pilot.press("escape")
            for target, (where, target_client) in targets.items():
                plan = await open_form(pilot, target)
                assert where in plan
                if target_client is far_client:
                    reply = threading.Event()
                    far.faults.before("PutImage", partial(reply.wait, HANG))
                    await pilot.press("enter")
                    await until(pilot, lambda _: app_of(pilot).is_writing_over(far_source))
                    reply.set()
                else:
                    await pilot.press("enter")
                result = await until(pilot, "u undo it")
                assert tags_of(target_client, PROD)["live"] == new.digest
                assert where in " ".join(result.split())
                await pilot.press("u")
                undo = await until(pilot, lambda screen: "› Undo plan" in screen and "loading…" not in screen)
                assert "the only tag" in undo or "last tag" in undo or target_client is not abroad
                await pilot.press("escape")
                await until(pilot, "1 image ·")
            await pilot.press("a")
            for keys, registry, target_client in (
                ((), f"333333333333 {far_url}", far_client),
                (("G",), THERE, other),
            ):
                await until(pilot, f"{PROD} (us-east-1)")
                await pilot.press(*keys, "u")
                await until(pilot, f"{registry}: Undo {PROD}")
                await until(pilot, "1 tag")
                await pilot.press("enter")
                await until(pilot, "on conflict: stop")
                await pilot.press("enter")
                await until(pilot, "enter close")
                assert tags_of(target_client, PROD) == {"live": old.digest, "v1": old.digest}
                await pilot.press("enter", "escape")
                await until(pilot, "↶ undone")
