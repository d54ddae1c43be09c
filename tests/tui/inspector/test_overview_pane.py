"""The overview: what configs and kept manifests say of the platforms, and what is not read for it."""

from __future__ import annotations

import json
import re
import threading
import time
from typing import Any

from ecrtui.emulator.operations import scans
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.registry.protocol import Capabilities
from ecrtui.tui.inspector.linked_text import LinkedText
from ecrtui.tui.textual_fixes.frame_hold import is_complete
from tests.support.edited_replies import replied
from tests.support.embedded import (
    OCI_LAYER,
    PushedImage,
    client_for,
    create_repository,
    distinct_times,
    held,
    manifest_text,
    new_embedded,
    push_image,
    push_index,
    put,
)
from tests.support.host import resize
from tests.support.screen import open_pane, retag, row_of, running, screen_text, type_text, until, until_gone

REPOSITORY = "team/app"
BASE = "org.opencontainers.image.base.name"
AMD, ARM = "linux/amd64", "linux/arm64"


def push_release(client: Any, tag: str, *, base: str = "debian:12", shared: bytes = b"base") -> dict[str, PushedImage]:
    """Push an index of two platforms, each with a layer of its own, and return the platforms."""
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3 * 86_400 - 60))
    settings = {AMD: {"User": "1001", "Labels": {BASE: base}}, ARM: {"Labels": {"tag": tag}}}
    parts = {
        name: push_image(
            client,
            REPOSITORY,
            name,
            platform=name,
            layers=[shared, f"{name} {tag}".encode()],
            config_members={"created": created, "config": config},
        )
        for name, config in settings.items()
    }
    push_index(client, REPOSITORY, parts, tag)
    return parts


async def test_the_platforms_show_user_age_and_base_of_their_configs(embedded: EmbeddedRegistry, client: Any) -> None:
    parts = push_release(client, "v1")
    async with running(embedded, f"{REPOSITORY}:v1", size=(120, 35)) as pilot:
        await until(pilot, lambda text: bool(re.search("user +created +base image", text)))
        screen = await until(pilot, lambda text: "?" not in row_of(text, f"{ARM} "))
        assert re.search(r"1001 +3 d ago +debian:12$", row_of(screen, f"{AMD} ").rstrip())
        assert re.search(r"not set +3 d ago +not set$", row_of(screen, f"{ARM} ").rstrip())
        await pilot.press("enter")
        await until(pilot, f"v1 › {AMD} {parts[AMD].digest[7:19]}")
        screen = await until(pilot, "config        user 1001 · created 3 d ago")
        assert "base image    debian:12" in screen


async def test_its_first_frame_waits_for_the_manifest(embedded: EmbeddedRegistry, client: Any) -> None:
    """It waits for a short time only; see :mod:`ecrtui.tui.textual_fixes.frame_hold`."""
    push_image(client, REPOSITORY, "one", "v1")
    async with running(embedded, REPOSITORY, size=(120, 35), prefetch=False) as pilot:
        await until(pilot, "1 image")
        with held(embedded, "BatchGetImage") as reached:
            await pilot.press("enter")
            await until(pilot, lambda text: reached.is_set() and "not written from here" in text)
            assert not is_complete(pilot.app.screen)
        await until(pilot, lambda _: is_complete(pilot.app.screen))


async def test_a_narrow_screen_names_the_base_image_below_the_platforms(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    push_release(client, "v1", base="registry.example.com/platform/base/debian:bookworm-20260112")
    async with running(embedded, f"{REPOSITORY}:v1", size=(80, 24)) as pilot:
        screen = await until(pilot, "base image    registry.example.com/platform/base/debian:bookworm-20260112")
        assert re.search("findings +user +created$", row_of(screen, "digest  ").rstrip())


async def test_no_manifest_is_read_for_the_configs(embedded: EmbeddedRegistry, client: Any) -> None:
    parts = push_release(client, "v1")
    async with running(embedded, f"{REPOSITORY}:v1", size=(120, 35), prefetch=False) as pilot:
        screen = await until(pilot, "config        not known: the manifests of 2 platforms were not read · 3 reads one")
        assert "base image" not in screen
        await open_pane(pilot, "config")
        await until(pilot, "user      1001")
        await open_pane(pilot, "overview")
        screen = await until(pilot, "debian:12")
        assert re.search(r" 2 +not scanned .* 1001 +3 d ago +debian:12", row_of(screen, f"{AMD} "))
        assert re.search(r" \? +not scanned .* \? +\? +\?", row_of(screen, f"{ARM} "))
    (arm,) = client.describe_images(repositoryName=REPOSITORY, imageIds=[{"imageDigest": parts[ARM].digest}])[
        "imageDetails"
    ]
    assert "lastRecordedPullTime" not in arm


async def test_a_config_that_is_denied_is_reported_and_read_again(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, REPOSITORY, "one", "v1", config_members={"config": {"User": "app"}})
    embedded.faults.add("GetDownloadUrlForLayer:error:code=AccessDeniedException:message=no")
    async with running(embedded, f"{REPOSITORY}:v1", size=(140, 35), prefetch=False) as pilot:
        await until(pilot, "ecr:GetDownloadUrlForLayer")
        embedded.faults.clear()
        await pilot.press("r")
        await until(pilot, "config        user app · created not set")
        await until_gone(pilot, "ecr:GetDownloadUrlForLayer")


async def test_layers_of_the_release_before_are_counted_where_it_was_read(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    push_release(client, "release-1", shared=b"s" * 2_000)
    push_release(client, "release-2", shared=b"s" * 2_000)
    async with running(embedded, REPOSITORY, size=(120, 35)) as pilot:
        await until(pilot, "2 images")
        await pilot.press("j", "enter")
        await until(pilot, "platforms share 2.0 kB")
        await pilot.press("escape")
        await until(pilot, "2 images")
        await pilot.press("g", "enter")
        await until(pilot, "shared        2.0 kB in 1 layer with release-1")


async def test_a_release_is_not_read_to_count_the_layers_that_it_shares(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    push_release(client, "release-1", shared=b"s" * 2_000)
    push_release(client, "release-2", shared=b"s" * 2_000)
    async with running(embedded, f"{REPOSITORY}:release-2", size=(120, 35), prefetch=False) as pilot:
        await open_pane(pilot, "layers")
        await until(pilot, "in 2 layers")
        await open_pane(pilot, "overview")
        screen = await until(pilot, "debian:12")
        assert "shared  " not in screen


async def test_keys_for_the_dry_run_and_the_undo_are_beside_what_they_act_on(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    push_image(client, REPOSITORY, "one", "v1")
    async with running(embedded, f"{REPOSITORY}:v1", size=(120, 35)) as pilot:
        screen = await until(pilot, "no lifecycle policy")
        assert row_of(screen, "no lifecycle policy").rstrip().endswith("L dry run")
        await retag(pilot, "next")
        await pilot.press("enter")
        await until(pilot, "✓ done")
        await pilot.press("enter")
        screen = await until(pilot, "the tag was new")
        assert row_of(screen, "the tag was new").rstrip().endswith("u undo")


async def test_the_worst_findings_say_when_and_how_the_platform_was_scanned() -> None:
    embedded = new_embedded(clock=distinct_times(days_ago=3))
    client = client_for(embedded)
    create_repository(client, REPOSITORY)
    image = push_image(client, REPOSITORY, "one", "v1")
    client.start_image_scan(repositoryName=REPOSITORY, imageId={"imageDigest": image.digest})
    async with running(embedded, f"{REPOSITORY}:v1", size=(120, 35)) as pilot:
        screen = await until(pilot, "worst  ")
        assert row_of(screen, "worst  ").rstrip().endswith("scanned 3 d ago (basic)")


async def test_the_worst_findings_are_those_of_the_selected_platform(embedded: EmbeddedRegistry, client: Any) -> None:
    parts = push_release(client, "v1")
    for name, found in ((AMD, []), (ARM, [{"name": "CVE-1", "severity": "HIGH"}])):
        with embedded.database.write() as connection:
            known = connection.execute("SELECT id FROM images WHERE digest = ?", (parts[name].digest,)).fetchone()
            scans.store_scan(connection, known[0], found, {"HIGH": len(found)} if found else {}, at=time.time())
    async with running(embedded, f"{REPOSITORY}:v1", size=(120, 35)) as pilot:
        screen = await until(pilot, "worst  ")
        assert f"{ARM}  HIGH     CVE-1" in row_of(screen, "worst  ")
        await pilot.press("less_than_sign")
        await until_gone(pilot, "worst  ")
        await pilot.press("less_than_sign")
        await until(pilot, f"worst         {ARM}  HIGH     CVE-1")


async def test_a_scan_that_failed_says_why(embedded: EmbeddedRegistry, client: Any) -> None:
    parts = push_release(client, "v1")
    with embedded.database.write() as connection:
        for name in (AMD, ARM):
            known = connection.execute("SELECT id FROM images WHERE digest = ?", (parts[name].digest,)).fetchone()
            scans.store_scan(connection, known[0], [], {}, at=time.time())
        connection.execute(
            "UPDATE scans SET status = 'UNSUPPORTED_IMAGE', description = 'Alpine 2 is not supported.'"
            " WHERE image_id = ?",
            known,
        )
    async with running(embedded, f"{REPOSITORY}:v1", size=(120, 35)) as pilot:
        reason = f"findings      {ARM} unsupported image: Alpine 2 is not supported."
        assert "unsupported image" in row_of(await until(pilot, reason), f"{ARM}  ")
    async with running(embedded, f"{REPOSITORY}@{parts[ARM].digest}", size=(120, 35)) as pilot:
        await until(pilot, "findings      unsupported image: ")


async def test_a_search_in_the_overview_stays_when_a_section_arrives(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, REPOSITORY, "one", "v1")
    go = threading.Event()
    embedded.faults.before("GetLifecyclePolicy", go.wait)
    async with running(embedded, f"{REPOSITORY}:v1", size=(120, 35)) as pilot:
        await until(pilot, "lifecycle     …")
        await until(pilot, "not written from here")
        await pilot.press("slash")
        await type_text(pilot, "stays: the")
        await until(pilot, "▲ not found")
        go.set()
        await until(pilot, "stays: the repository has no lifecycle policy")
        await until_gone(pilot, "▲ not found")
        view = pilot.app.screen.query_one(LinkedText)
        assert view.found == (1, 1)
        await resize(pilot, 110, 35)
        await until(pilot, lambda text: row_of(text, "no lifecycle policy")[:110].rstrip().endswith("L dry run"))
        assert view.found == (1, 1)


async def test_a_config_that_is_missing_does_not_hide_the_others(embedded: EmbeddedRegistry, client: Any) -> None:
    parts = push_release(client, "v1")
    config = json.loads(parts[AMD].manifest)["config"]["digest"]
    with embedded.database.write() as connection:
        connection.execute("DELETE FROM layers WHERE digest = ?", (config,))
    async with running(embedded, f"{REPOSITORY}:v1", size=(120, 35)) as pilot:
        await until(pilot, lambda text: "config        not known:" in text and "3 d ago" in row_of(text, f"{ARM} "))
        assert "3 d ago" not in row_of(screen_text(pilot.app), f"{AMD} ")


async def test_a_platform_is_not_said_to_be_unsigned(embedded: EmbeddedRegistry, client: Any) -> None:
    parts = push_release(client, "v1")
    reference = f"{REPOSITORY}@{parts[AMD].digest}"
    async with running(embedded, reference, size=(120, 35), prefetch=False) as pilot:
        await until(pilot, "signature     none on the image itself; its index is not known")
    async with running(embedded, f"{REPOSITORY}:v1", size=(120, 35)) as pilot:
        await until(pilot, "platforms share")
        await pilot.press("enter")
        await until(pilot, "signature     none of its own; its index was not asked (- opens it)")
        await open_pane(pilot, "artifacts")
        screen = await until(pilot, "no signature, SBOM or other artifact of its own; its index can have one.")
        assert "Press - to see the artifacts of its index." in screen
        await open_pane(pilot, "packages")
        await until(pilot, "This image has no SBOM of its own; its index can have one.")


async def test_what_an_index_with_the_referrers_tag_holds_is_not_known(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    push_index(client, REPOSITORY, {}, image.digest.replace(":", "-"))
    async with running(embedded, f"{REPOSITORY}:v1", size=(120, 35)) as pilot:
        await until(pilot, "signature     the index with its referrers tag was not read")


async def test_without_referrers_no_artifact_is_said_to_be_missing(embedded: EmbeddedRegistry, client: Any) -> None:
    push_image(client, REPOSITORY, "one", "v1")
    async with running(embedded, f"{REPOSITORY}:v1", size=(120, 35), capabilities=Capabilities()) as pilot:
        await open_pane(pilot, "artifacts")
        screen = await until(pilot, "6 artifacts 0?")
        assert "This registry does not list referrers." in screen
        assert "This image has no" not in screen
        await open_pane(pilot, "packages")
        await until(pilot, "Not known whether there is an SBOM. This registry does not list referrers.")


async def test_a_rule_that_counts_images_is_evaluated_once_the_list_below_is_complete(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    for number in range(2):
        push_image(client, REPOSITORY, f"n{number}", f"main-{number}")
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}
    rule = {"rulePriority": 1, "description": "the newest", "selection": selection, "action": {"type": "expire"}}
    client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=json.dumps({"rules": [rule]}))
    go = threading.Event()
    embedded.faults.before("DescribeRepositories", go.wait, times=None)  # the list waits for the answer
    async with running(embedded, f"{REPOSITORY}:main-0", size=(120, 35)) as pilot:
        await until(pilot, "not known: it depends on images that are not listed")
        go.set()
        await until(pilot, lambda screen: "this image is number 2" in " ".join(screen.split()))


PROFILE = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/ci_release"


async def test_the_overview_says_whether_ecr_has_signed_and_replicated_the_image(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    create_repository(client, "team/early")
    early = push_image(client, "team/early", "one", "v1")
    destinations = [{"region": "eu-central-1", "registryId": embedded.registry_id}]
    client.put_replication_configuration(replicationConfiguration={"rules": [{"destinations": destinations}]})
    client.put_signing_configuration(signingConfiguration={"rules": [{"signingProfileArn": PROFILE}]})
    signed = push_image(client, REPOSITORY, "one", "v1")
    async with running(embedded, f"{REPOSITORY}@{signed.digest}", size=(120, 35)) as pilot:
        await until(pilot, "signing       ci_release of AWS Signer · complete")
        await until(pilot, "replication   eu-central-1 · complete")
    async with running(embedded, f"team/early@{early.digest}", size=(120, 35)) as pilot:
        screen = await until(pilot, "replication   eu-central-1 · ECR has no status of it")
        assert "signing  " not in screen


async def test_a_failed_signing_says_why_in_the_color_of_errors(embedded: EmbeddedRegistry, client: Any) -> None:
    image = push_image(client, REPOSITORY, "one", "v1")
    failure = {"status": "FAILED", "failureCode": "AccessDenied", "failureReason": "The profile is revoked."}
    statuses = [{"signingProfileArn": PROFILE, **failure}]
    embedded.faults.add(replied("DescribeImageSigningStatus", {"signingStatuses": statuses}))
    async with running(embedded, f"{REPOSITORY}@{image.digest}", size=(120, 35)) as pilot:
        await until(pilot, "signing       ci_release of AWS Signer · failed: AccessDenied: The profile is revoked.")


async def test_signing_that_may_not_be_read_is_left_out_and_replication_names_the_permission(
    embedded: EmbeddedRegistry, client: Any
) -> None:
    destinations = [{"region": "eu-central-1", "registryId": embedded.registry_id}]
    client.put_replication_configuration(replicationConfiguration={"rules": [{"destinations": destinations}]})
    image = push_image(client, REPOSITORY, "one", "v1")
    for operation in ("DescribeImageSigningStatus", "DescribeImageReplicationStatus"):
        embedded.faults.add(f"{operation}:error:code=AccessDeniedException:message=no")
    async with running(embedded, f"{REPOSITORY}@{image.digest}", size=(120, 35)) as pilot:
        screen = await until(pilot, "replication   not known")
        assert "ecr:DescribeImageReplicationStatus" in screen
        assert "ecr:DescribeImageSigningStatus" not in screen


async def test_the_type_of_an_artifact_leads_to_its_content(embedded: EmbeddedRegistry, client: Any) -> None:
    chart = manifest_text(client, REPOSITORY, config_media_type="application/vnd.cncf.helm.config.v1+json")
    signed = chart.replace(OCI_LAYER, "application/vnd.cncf.helm.chart.provenance.v1.prov")
    put(client, REPOSITORY, signed, "1.1.0")
    async with running(embedded, f"{REPOSITORY}:1.1.0", size=(120, 35)) as pilot:
        await until(pilot, "lifecycle ")
        screen = await until(pilot, "signature     Helm provenance · present, not verified")
        assert row_of(screen, "artifact type").rstrip().endswith("6 reads it")
        await pilot.press("j")
        await pilot.press("enter")
        await until(pilot, "‹6 artifacts")
