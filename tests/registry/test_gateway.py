"""Every method of the protocol, over real boto3 clients on the embedded registry in this process."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ecrtui.ecr.findings import SEVERITIES
from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Manifest
from ecrtui.ecr.mutability import TagMutability
from ecrtui.ecr.permissions import Denial
from ecrtui.ecr.replication import Destination
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.errors import AccessDenied, CredentialsError, IntegrityError, ListingExpired, NotFound, Refused
from ecrtui.registry.gateway import EcrRegistry
from ecrtui.registry.user import User
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import RegistryEnv, config_of
from tests.support.edited_replies import edited
from tests.support.embedded import (
    REGISTRY_ID,
    client_for,
    create_repository,
    digest_of,
    manifest_text,
    new_embedded,
    push_image,
    push_index,
    put,
)

NOWHERE = "sha256:" + "0" * 64


def all_images(env: RegistryEnv, **options: Any) -> list[Image]:
    return [image for page in env.registry.images("team/app", **options) for image in page.items]


def archive(env: RegistryEnv, digest: str) -> None:
    env.client.update_image_storage_class(
        repositoryName="team/app", imageId={"imageDigest": digest}, targetStorageClass="ARCHIVE"
    )


# location and identity


def test_location_and_identity_of_the_embedded_registry(env: RegistryEnv) -> None:
    assert env.registry.location() == RegistryLocation(REGISTRY_ID, "eu-west-1", "embedded")
    assert env.registry.identity() == f"arn:aws:iam::{REGISTRY_ID}:user/embedded"


def test_credentials_that_a_replica_refuses_are_still_accepted_here(env: RegistryEnv) -> None:
    accepted: list[bool] = []
    registry = open_registry(Connection(), embedded=env.embedded, user=User(on_credentials=accepted.append))
    registry.location()
    env.fault("DescribeImages:error:code=UnrecognizedClientException")
    with pytest.raises(CredentialsError):
        registry.replicated_tags(Destination("af-south-1", REGISTRY_ID), "team/app", ["prod"])
    assert accepted == [True]


def test_a_denial_shows_that_new_credentials_are_accepted(env: RegistryEnv) -> None:
    accepted: list[bool] = []
    registry = open_registry(Connection(), embedded=env.embedded, user=User(on_credentials=accepted.append))
    for code, kind in (("ExpiredTokenException", CredentialsError), ("AccessDeniedException", AccessDenied)):
        env.fault(f"DescribeRepositories:error:code={code}")
        with pytest.raises(kind):
            registry.repository("team/app")
        env.embedded.faults.clear()
    assert accepted == [False, True]


def test_the_report_of_a_request_waits_for_the_report_before_it(env: RegistryEnv) -> None:
    accepted: list[bool] = []
    denied: list[bool] = []
    others: list[threading.Thread] = []

    def report(to: list[bool], value: bool, is_first: bool) -> None:
        if is_first:
            env.embedded.faults.clear()
            others.append(threading.Thread(target=registry.repository, args=("team/app",)))
            others[-1].start()
            others[-1].join(0.2)  # its report must not pass this one
        to.append(value)

    user = User(
        on_credentials=lambda work: report(accepted, work, not work),
        on_denial=lambda _, is_denied: report(denied, is_denied, is_denied),
    )
    registry = open_registry(Connection(), embedded=env.embedded, user=user)
    for code in ("ExpiredTokenException", "AccessDeniedException"):
        env.fault(f"DescribeRepositories:error:code={code}")
        with suppress(CredentialsError, AccessDenied):
            registry.repository("team/app")
        others[-1].join()
    assert accepted == [False, True]
    assert denied == [True, False]


def test_a_denial_is_reported_once_and_again_when_it_is_over(env: RegistryEnv) -> None:
    reported: list[tuple[Denial, bool]] = []
    user = User(on_denial=lambda denial, denied: reported.append((denial, denied)))
    registry = open_registry(Connection(), embedded=env.embedded, user=user)
    env.fault("GetLifecyclePolicy:error:code=AccessDeniedException:times=2")
    for _ in range(2):
        with pytest.raises(AccessDenied):
            registry.lifecycle_policy("team/app")
    registry.lifecycle_policy("team/app")
    denial = Denial("GetLifecyclePolicy", "team/app")
    assert reported == [(denial, True), (denial, False)]


def test_the_location_is_requested_once(env: RegistryEnv) -> None:
    env.registry.location()
    env.registry.location()
    assert env.embedded.calls["DescribeRegistry"] == 1


def test_a_given_account_is_sent_and_not_requested(env: RegistryEnv) -> None:
    other = open_registry(Connection(registry_id="999999999999"), embedded=env.embedded)
    assert other.location().registry_id == "999999999999"
    assert env.embedded.calls["DescribeRegistry"] == 0
    with pytest.raises(Exception, match=r"does not exist|denied"):
        other.repository("team/app")
    own = open_registry(Connection(registry_id=REGISTRY_ID), embedded=env.embedded)
    assert own.repository("team/app").name == "team/app"


def test_a_given_region_is_used(env: RegistryEnv) -> None:
    there = open_registry(Connection(region="us-east-2"), embedded=env.embedded)
    assert there.location().region == "us-east-2"
    assert [page.items for page in there.repositories()] == [()]


def test_the_account_is_found_without_permission_for_describe_registry(
    env: RegistryEnv, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    env.fault("DescribeRegistry:error:code=AccessDeniedException")
    assert env.registry.location().registry_id == REGISTRY_ID  # of a repository
    assert open_registry(Connection(endpoint_url=served)).location().registry_id == REGISTRY_ID
    monkeypatch.setenv("AWS_ENDPOINT_URL", served)
    env.embedded.calls.clear()
    assert open_registry(Connection()).location().registry_id == REGISTRY_ID
    assert env.embedded.calls == {"DescribeRegistry": 1, "GetCallerIdentity": 1}


def test_without_any_permission_the_first_denial_is_raised(env: RegistryEnv) -> None:
    env.fault("*:error:code=AccessDeniedException")
    with pytest.raises(AccessDenied) as caught:
        env.registry.location()
    assert caught.value.operation == "DescribeRegistry"


# repositories


def test_a_repository_has_all_its_fields(env: RegistryEnv) -> None:
    env.client.create_repository(
        repositoryName="team/locked",
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest*"}],
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "KMS", "kmsKey": "alias/mine"},
    )
    repository = env.registry.repository("team/locked")
    raw = env.client.describe_repositories(repositoryNames=["team/locked"])["repositories"][0]
    assert (repository.name, repository.uri, repository.arn) == (
        "team/locked",
        raw["repositoryUri"],
        raw["repositoryArn"],
    )
    assert repository.created_at == pytest.approx(raw["createdAt"].timestamp(), abs=0.01)
    assert repository.registry_id == REGISTRY_ID
    assert repository.mutability == TagMutability("IMMUTABLE_WITH_EXCLUSION", ("latest*",))
    assert (repository.scan_on_push, repository.encryption, repository.kms_key) == (
        True,
        "KMS",
        raw["encryptionConfiguration"]["kmsKey"],
    )
    assert env.registry.repository("team/app").mutability == TagMutability()


def test_repositories_come_in_pages_and_continue_from_a_token(env: RegistryEnv) -> None:
    with env.embedded.database.write() as connection:
        for number in range(1001):
            connection.execute(
                "INSERT INTO repositories (registry_id, region, name, created_at)"
                " SELECT registry_id, region, ?, created_at FROM repositories WHERE name = 'team/app'",
                (f"many/r{number:04}",),
            )
    pages = list(env.registry.repositories())
    assert [len(page.items) for page in pages] == [1000, 2]
    assert len({repository.name for page in pages for repository in page.items}) == 1002
    (rest,) = env.registry.repositories(pages[0].next_token)
    assert rest.items == pages[1].items
    assert (bool(pages[0].next_token), pages[1].next_token) == (True, "")


def test_a_missing_repository_is_not_found(env: RegistryEnv) -> None:
    for ask in (env.registry.repository, lambda name: list(env.registry.images(name))):
        with pytest.raises(NotFound) as caught:
            ask("no/where")
        assert caught.value.code == "RepositoryNotFoundException"
        assert "no/where" in caught.value.detail


def test_resource_tags_are_returned(env: RegistryEnv) -> None:
    repository = env.registry.repository("team/app")
    assert env.registry.resource_tags(repository) == ()
    env.client.tag_resource(resourceArn=repository.arn, tags=[{"Key": "team", "Value": "x"}, {"Key": "e", "Value": ""}])
    assert dict(env.registry.resource_tags(repository)) == {"team": "x", "e": ""}


def test_the_lifecycle_policy_is_the_text_that_the_registry_returns(env: RegistryEnv) -> None:
    assert env.registry.lifecycle_policy("team/app") == ""
    rule = {
        "rulePriority": 1,
        "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 5},
        "action": {"type": "expire"},
    }
    text = json.dumps({"rules": [rule]}, indent=3)
    env.client.put_lifecycle_policy(repositoryName="team/app", lifecyclePolicyText=text)
    assert env.registry.lifecycle_policy("team/app") == json.dumps({"rules": [rule]}, separators=(",", ":"))
    with pytest.raises(NotFound):
        env.registry.lifecycle_policy("no/where")


# images


def test_an_image_has_all_its_fields(env: RegistryEnv) -> None:
    index = push_index(env.client, "team/app", tag="1.0")
    images = {image.digest: image for image in all_images(env)}
    raw = {
        entry["imageDigest"]: entry for entry in env.client.describe_images(repositoryName="team/app")["imageDetails"]
    }
    assert images.keys() == raw.keys()
    assert len(images) == 3
    for digest, image in images.items():
        assert image.tags == tuple(raw[digest].get("imageTags", ()))
        assert image.pushed_at == pytest.approx(raw[digest]["imagePushedAt"].timestamp(), abs=0.01)
        assert image.size == raw[digest]["imageSizeInBytes"]
        assert image.media_type == raw[digest]["imageManifestMediaType"]
        assert image.status == "ACTIVE"
        assert image.findings is None
    assert images[index.digest].kind is ImageKind.INDEX


def test_archived_images_are_listed(env: RegistryEnv) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    archive(env, pushed.digest)
    (image,) = all_images(env)
    assert (image.digest, image.archived, image.tags) == (pushed.digest, True, ("1.0",))
    assert image.archived_at is not None


def test_images_can_be_listed_by_tag_status(env: RegistryEnv) -> None:
    tagged, untagged = push_image(env.client, "team/app", "a", tag="1.0"), push_image(env.client, "team/app", "b")
    assert [image.digest for image in all_images(env, tag_status="TAGGED")] == [tagged.digest]
    assert [image.digest for image in all_images(env, tag_status="UNTAGGED")] == [untagged.digest]


def test_an_expired_page_token_raises_listing_expired(env: RegistryEnv) -> None:
    with pytest.raises(ListingExpired) as caught:
        next(env.registry.images("team/app", start="long-gone"))
    assert caught.value.retryable
    assert caught.value.code == "InvalidParameterException"
    assert "nextToken" in caught.value.detail


def test_referrers_are_read_page_by_page(env: RegistryEnv) -> None:
    subject = push_image(env.client, "team/app", tag="1.0")
    descriptor = {"mediaType": OCI_MANIFEST, "digest": subject.digest, "size": len(subject.manifest)}
    signatures = {
        push_image(
            env.client,
            "team/app",
            f"signature {number}",
            subject=descriptor,
            config_media_type="application/vnd.example.signature",
            annotations={"number": str(number)},
        ).digest
        for number in range(51)
    }
    referrers = env.registry.referrers("team/app", subject.digest)
    assert {referrer.digest for referrer in referrers} == signatures
    assert len(referrers) == 51
    assert env.embedded.calls["ListImageReferrers"] == 2
    assert referrers[0].artifact_type == "application/vnd.example.signature"
    assert referrers[0].media_type == OCI_MANIFEST
    assert dict(referrers[0].annotations).keys() == {"number"}
    assert {image.subject for image in all_images(env)} == {"", subject.digest}
    assert env.registry.referrers("team/app", next(iter(signatures))) == ()


def test_findings_of_a_basic_scan(env: RegistryEnv) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    with pytest.raises(NotFound) as caught:
        env.registry.findings("team/app", pushed.digest)
    assert caught.value.code == "ScanNotFoundException"
    assert "start-image-scan" in caught.value.hint
    env.client.start_image_scan(repositoryName="team/app", imageId={"imageTag": "1.0"})
    pages = env.client.get_paginator("describe_image_scan_findings").paginate(
        repositoryName="team/app", imageId={"imageTag": "1.0"}
    )
    raw = [finding for page in pages for finding in page["imageScanFindings"].get("findings", [])]
    report = env.registry.findings("team/app", pushed.digest)
    found = report.findings
    assert [(finding.name, finding.severity) for finding in found] == [(f["name"], f["severity"]) for f in raw]
    assert all(finding.package and finding.version and finding.score is not None for finding in found)
    assert not report.enhanced
    assert report.completed_at is not None
    env.client.put_account_setting(name="BASIC_SCAN_TYPE_VERSION", value="CLAIR")  # DescribeImages then has the counts
    (image,) = env.registry.images_by_digest("team/app", [pushed.digest])
    assert image.scan_status == "COMPLETE"
    assert image.findings is not None
    assert [severity for severity, _ in image.findings] == [s for s in SEVERITIES if s in dict(image.findings)]
    assert sum(count for _, count in image.findings) == len(found)


def test_findings_of_an_enhanced_scan(env: RegistryEnv) -> None:
    everything = {"filter": "*", "filterType": "WILDCARD"}
    env.client.put_registry_scanning_configuration(
        scanType="ENHANCED", rules=[{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [everything]}]
    )
    pushed = push_image(env.client, "team/app", tag="1.0")
    raw = env.client.describe_image_scan_findings(repositoryName="team/app", imageId={"imageDigest": pushed.digest})
    entries = raw["imageScanFindings"]["enhancedFindings"]
    report = env.registry.findings("team/app", pushed.digest)
    found = report.findings
    assert {finding.name for finding in found} == {
        entry["packageVulnerabilityDetails"]["vulnerabilityId"] for entry in entries
    }
    assert all(finding.package and finding.severity in SEVERITIES for finding in found)
    assert len(found) == sum(len(entry["packageVulnerabilityDetails"]["vulnerablePackages"]) for entry in entries)
    assert report.enhanced
    layers = {layer["digest"] for layer in json.loads(pushed.manifest)["layers"]}
    assert all(finding.layer in layers and finding.score is not None for finding in found)
    assert all(finding.first_seen and finding.links and finding.in_use == 0 for finding in found)


# by digest and by tag


def test_images_by_digest_keeps_order_and_omits_missing_ones(env: RegistryEnv) -> None:
    digests = [push_image(env.client, "team/app", str(number)).digest for number in range(5)]
    asked = [digests[3], NOWHERE, digests[0], digests[3], "sha256:" + "1" * 64]
    assert [image.digest for image in env.registry.images_by_digest("team/app", asked)] == [digests[3], digests[0]]
    assert env.registry.images_by_digest("team/app", []) == ()


@pytest.mark.parametrize("number", [1, 3, 120])
def test_images_by_tag_finds_archived_and_omits_missing_ones(env: RegistryEnv, number: int) -> None:
    first, second = (
        push_image(env.client, "team/app", "a", tag="kept"),
        push_image(env.client, "team/app", "b", tag="old"),
    )
    archive(env, second.digest)
    asked = ["kept", "old", *(f"missing-{i}" for i in range(number))]
    for tags, keeps in ((asked, False), (asked, True), (asked[:number], False)):
        found = env.registry.images_by_tag("team/app", tags, keep_pull_times=keeps)
        expected = {"kept": first.digest, "old": second.digest}
        assert {tag: image.digest for tag, image in found.items()} == {t: expected[t] for t in tags if t in expected}
    assert env.registry.images_by_tag("team/app", ["old"])["old"].archived


def test_many_new_tags_need_few_calls(env: RegistryEnv) -> None:
    push_image(env.client, "team/app", tag="kept")
    env.embedded.calls.clear()
    assert list(env.registry.images_by_tag("team/app", ["kept", *(f"new-{i}" for i in range(199))])) == ["kept"]
    assert sum(env.embedded.calls.values()) <= 5


def test_a_tag_that_moves_during_a_look_up_of_many_is_found(env: RegistryEnv) -> None:
    push_image(env.client, "team/app", "a", tag="moves")
    second = push_image(env.client, "team/app", "b", tag="kept")
    tags = ["moves", "kept", *(f"missing-{number}" for number in range(5))]
    env.embedded.faults.add(edited("BatchGetImage", lambda _: put(env.client, "team/app", second.manifest, "moves")))
    found = env.registry.images_by_tag("team/app", tags)
    assert {tag: image.digest for tag, image in found.items()} == dict.fromkeys(("moves", "kept"), second.digest)


def test_tags_are_found_although_an_upstream_registry_does_not_answer(env: RegistryEnv) -> None:
    """BatchGetImage asks it for each tag that a repository of a pull-through cache rule does not have."""
    image = push_image(env.client, "team/app", tag="kept")
    tags = ["kept", *(f"missing-{number}" for number in range(5))]

    def refuse(reply: dict[str, Any]) -> None:
        for failure in reply["failures"]:
            failure["failureCode"] = "UpstreamUnavailable"

    for fault in ("BatchGetImage:error:code=UnableToGetUpstreamImageException", edited("BatchGetImage", refuse)):
        env.embedded.faults.add(fault)
        found = env.registry.images_by_tag("team/app", tags)
        assert {tag: image.digest for tag, image in found.items()} == {"kept": image.digest}
        assert env.registry.tag_is_at("team/app", "kept", image.digest)
        assert not env.registry.tag_is_at("team/app", "missing-1", image.digest)
        env.embedded.faults.clear()


def test_tag_is_at_compares_tag_and_digest(env: RegistryEnv) -> None:
    first, second = (
        push_image(env.client, "team/app", "a", tag="1.0"),
        push_image(env.client, "team/app", "b", tag="2.0"),
    )
    assert env.registry.tag_is_at("team/app", "1.0", first.digest)
    assert not env.registry.tag_is_at("team/app", "1.0", second.digest)
    assert not env.registry.tag_is_at("team/app", "3.0", first.digest)
    assert not env.registry.tag_is_at("team/app", "1.0", NOWHERE)
    archive(env, second.digest)
    assert env.registry.tag_is_at("team/app", "2.0", second.digest)
    assert not env.registry.tag_is_at("team/app", "2.0", first.digest)


# manifests and blobs


def test_a_manifest_is_its_exact_text(env: RegistryEnv) -> None:
    text = manifest_text(env.client, "team/app", indent=3, annotations={"é": "\u2028 \\u0041"}) + "\r\n"
    pushed = put(env.client, "team/app", text, "1.0", OCI_MANIFEST)
    assert env.registry.manifest("team/app", pushed.digest) == Manifest(text, digest_of(text), OCI_MANIFEST)


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, DOCKER_MANIFEST, None])
def test_manifests_of_every_media_type_can_be_read(env: RegistryEnv, media_type: str | None) -> None:
    pushed = push_image(env.client, "team/app", media_type=media_type)
    assert env.registry.manifest("team/app", pushed.digest).media_type == media_type or OCI_MANIFEST


def test_an_index_is_returned_unchanged(env: RegistryEnv) -> None:
    index = push_index(env.client, "team/app", tag="1.0")
    manifest = env.registry.manifest("team/app", index.digest)
    assert (manifest.text, manifest.media_type, manifest.is_index) == (index.manifest, OCI_INDEX, True)


def test_a_missing_manifest_is_named(env: RegistryEnv) -> None:
    with pytest.raises(NotFound) as caught:
        env.registry.manifest("team/app", NOWHERE)
    assert (caught.value.code, caught.value.operation) == ("ImageNotFound", "BatchGetImage")
    assert NOWHERE in caught.value.detail


def test_the_manifest_of_an_archived_image_is_an_error_with_a_hint(env: RegistryEnv) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    archive(env, pushed.digest)
    with pytest.raises(Refused) as caught:
        env.registry.manifest("team/app", pushed.digest)
    assert "update-image-storage-class" in caught.value.hint


def test_manifests_omits_those_that_are_not_available(env: RegistryEnv) -> None:
    pushed = [push_image(env.client, "team/app", str(number)) for number in range(102)]
    env.embedded.calls.clear()
    found = env.registry.manifests("team/app", [NOWHERE, *(image.digest for image in pushed)])
    assert {manifest.digest: manifest.text for manifest in found} == {image.digest: image.manifest for image in pushed}
    assert env.embedded.calls["BatchGetImage"] == 2
    assert env.registry.manifests("team/app", []) == ()


def tamper(env: RegistryEnv, digest: str, old: str, new: str) -> None:
    """Change the stored manifest, as a broken proxy would."""
    with env.embedded.database.write() as connection:
        changed = connection.execute(
            "UPDATE manifests SET manifest = replace(manifest, ?, ?)"
            " WHERE image_id = (SELECT id FROM images WHERE digest = ?)",
            (old, new, digest),
        )
        assert changed.rowcount == 1


def test_a_manifest_that_does_not_match_its_digest_is_refused(env: RegistryEnv) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    tamper(env, pushed.digest, '"schemaVersion": 2', '"schemaVersion":  2')
    with pytest.raises(IntegrityError) as caught:
        env.registry.manifest("team/app", pushed.digest)
    assert pushed.digest in caught.value.detail
    assert env.registry.manifests("team/app", [pushed.digest]) == ()


def test_a_config_is_its_exact_bytes(env: RegistryEnv) -> None:
    config = config_of(push_image(env.client, "team/app").manifest)
    content = env.registry.blob("team/app", config.digest, 10_000)
    assert digest_of(content) == config.digest
    assert len(content) == config.size
    assert env.registry.blob("team/app", config.digest, config.size) == content
    for count in (7, config.size, config.size + 1):
        assert env.registry.blob_start("team/app", config.digest, count) == content[:count]


def test_a_blob_above_the_limit_is_refused(env: RegistryEnv) -> None:
    config = config_of(push_image(env.client, "team/app").manifest)
    with pytest.raises(Refused, match="too large"):
        env.registry.blob("team/app", config.digest, config.size - 1)


def test_a_missing_blob_is_not_found(env: RegistryEnv) -> None:
    with pytest.raises(NotFound) as caught:
        env.registry.blob("team/app", NOWHERE, 10)
    assert caught.value.code == "LayersNotFoundException"


# writes


def test_put_image_sends_exact_bytes_and_returns_the_reply(env: RegistryEnv) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0", indent=5)
    manifest = env.registry.manifest("team/app", pushed.digest)
    result = env.registry.put_image("team/app", manifest, "prod")
    assert (result.registry_id, result.repository, result.digest, result.tag, result.media_type, result.manifest) == (
        REGISTRY_ID,
        "team/app",
        pushed.digest,
        "prod",
        OCI_MANIFEST,
        pushed.manifest,
    )
    assert result.request_id
    assert env.tags() == {"1.0": pushed.digest, "prod": pushed.digest}


def test_put_image_sends_manifest_media_type_tag_and_digest(env: RegistryEnv) -> None:
    sent = []
    env.registry._clients.write_client.meta.events.register(
        "before-send.ecr.PutImage", lambda request, **_: sent.append(json.loads(request.body))
    )
    pushed = push_image(env.client, "team/app", media_type=None)
    env.registry.put_image("team/app", env.registry.manifest("team/app", pushed.digest), "prod")
    assert sent == [
        {
            "repositoryName": "team/app",
            "imageManifest": pushed.manifest,
            "imageManifestMediaType": OCI_MANIFEST,
            "imageTag": "prod",
            "imageDigest": pushed.digest,
        }
    ]


def test_a_manifest_that_does_not_match_its_digest_is_not_sent(env: RegistryEnv) -> None:
    pushed = push_image(env.client, "team/app")
    env.embedded.calls.clear()
    with pytest.raises(IntegrityError):
        env.registry.put_image("team/app", Manifest(pushed.manifest + "\n", pushed.digest, OCI_MANIFEST), "prod")
    assert env.embedded.calls["PutImage"] == 0


def test_an_existing_tag_and_an_immutable_tag_have_different_kinds(env: RegistryEnv) -> None:
    first = push_image(env.client, "team/app", "a", tag="1.0")
    manifest = env.registry.manifest("team/app", first.digest)
    with pytest.raises(Refused) as caught:
        env.registry.put_image("team/app", manifest, "1.0")
    assert (caught.value.code, caught.value.ambiguous) == ("ImageAlreadyExistsException", False)
    env.client.put_image_tag_mutability(repositoryName="team/app", imageTagMutability="IMMUTABLE")
    push_image(env.client, "team/app", "b", tag="2.0")
    with pytest.raises(Refused) as caught:
        env.registry.put_image("team/app", manifest, "2.0")
    assert (caught.value.code, caught.value.ambiguous) == ("ImageTagAlreadyExistsException", False)
    assert "mutability" in caught.value.hint
    assert caught.value.request_id


def test_an_image_without_its_layers_is_refused(env: RegistryEnv) -> None:
    create_repository(env.client, "team/other")
    pushed = push_image(env.client, "team/app")
    manifest = env.registry.manifest("team/app", pushed.digest)
    with pytest.raises(NotFound) as caught:
        env.registry.put_image("team/other", manifest, "1.0")
    assert caught.value.code == "LayersNotFoundException"


def test_untag_removes_the_tag_and_keeps_the_image(env: RegistryEnv) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    put(env.client, "team/app", pushed.manifest, "2.0", OCI_MANIFEST)
    env.registry.untag("team/app", "1.0")
    assert env.tags() == {"2.0": pushed.digest}
    with pytest.raises(NotFound) as caught:
        env.registry.untag("team/app", "1.0")
    assert (caught.value.code, caught.value.ambiguous) == ("ImageNotFound", False)


# threads and files


def test_a_registry_is_thread_safe(env: RegistryEnv) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    manifest = env.registry.manifest("team/app", pushed.digest)

    def work(number: int) -> bool:
        env.registry.put_image("team/app", manifest, f"t{number}")
        return env.registry.tag_is_at("team/app", f"t{number}", pushed.digest)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(24)))
    assert len(env.tags()) == 25


def test_the_tags_of_an_image_are_sorted(env: RegistryEnv) -> None:
    """ECR has them in no order, which may be another one in the next reply."""
    image = push_image(env.client, "team/app", tag="b")
    for tag in ("c", "a"):
        put(env.client, "team/app", image.manifest, tag)
    env.embedded.faults.add(edited("DescribeImages", lambda reply: reply["imageDetails"][0]["imageTags"].reverse()))
    assert [found.tags for page in env.registry.images("team/app") for found in page.items] == [("a", "b", "c")]
    assert env.registry.images_by_digest("team/app", [image.digest])[0].tags == ("a", "b", "c")


def test_a_registry_in_a_file_is_persistent(tmp_path: Path) -> None:
    database = str(tmp_path / "registry.sqlite")
    new_embedded(database).database.close()
    connection = Connection(database=database, region="eu-west-1")
    registry = open_registry(connection)
    client = client_for(embedded_of(registry))
    create_repository(client, "team/app")
    assert [repository.name for page in open_registry(connection).repositories() for repository in page.items] == [
        "team/app"
    ]


def embedded_of(registry: EcrRegistry) -> EmbeddedRegistry:
    """Return the embedded registry of a connection with a database."""
    transport: Any = registry._clients.in_process
    embedded: EmbeddedRegistry = transport.attach.keywords["embedded"]
    return embedded
