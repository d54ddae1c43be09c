"""Every method of the protocol, in this process, over the real botocore path."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from ecrtui.ecr.findings import SEVERITIES
from ecrtui.ecr.image import ImageKind
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Manifest, parse_manifest
from ecrtui.ecr.mutability import TagMutability
from ecrtui.errors import AccessDenied, IntegrityError, ListingExpired, NotFound, Refused
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.support.embedded import (
    REGISTRY_ID,
    client_for,
    create_repository,
    digest_of,
    manifest_text,
    push_image,
    push_index,
    put,
)

NOWHERE = "sha256:" + "0" * 64


def all_images(env, **options):
    return [image for page in env.registry.images("team/app", **options) for image in page.items]


def archive(env, digest):
    env.client.update_image_storage_class(
        repositoryName="team/app", imageId={"imageDigest": digest}, targetStorageClass="ARCHIVE"
    )


# where, who


def test_where_and_who_the_user_is_in_the_embedded_registry(env):
    assert env.registry.location() == RegistryLocation(REGISTRY_ID, "eu-west-1", "embedded")
    assert env.registry.identity() == f"arn:aws:iam::{REGISTRY_ID}:user/embedded"


def test_where_is_asked_once(env):
    env.registry.location()
    env.registry.location()
    assert env.embedded.calls["DescribeRegistry"] == 1


def test_an_account_that_was_given_is_not_asked_for_and_is_sent_along(env):
    other = open_registry(Connection(registry_id="999999999999"), embedded=env.embedded)
    assert other.location().registry_id == "999999999999"
    assert env.embedded.calls["DescribeRegistry"] == 0
    with pytest.raises(Exception, match=r"does not exist|denied"):
        other.repository("team/app")
    own = open_registry(Connection(registry_id=REGISTRY_ID), embedded=env.embedded)
    assert own.repository("team/app").name == "team/app"


def test_a_region_that_was_given_is_the_one_that_is_looked_at(env):
    there = open_registry(Connection(region="us-east-2"), embedded=env.embedded)
    assert there.location().region == "us-east-2"
    assert [page.items for page in there.repositories()] == [()]


def test_who_may_not_describe_the_registry_still_learns_which_it_is(env, served, monkeypatch):
    env.fault("DescribeRegistry:error:code=AccessDeniedException")
    assert env.registry.location().registry_id == REGISTRY_ID  # of a repository
    assert open_registry(Connection(endpoint_url=served)).location().registry_id == REGISTRY_ID
    monkeypatch.setenv("AWS_ENDPOINT_URL", served)
    env.embedded.calls.clear()
    assert open_registry(Connection()).location().registry_id == REGISTRY_ID
    assert env.embedded.calls == {"DescribeRegistry": 1, "GetCallerIdentity": 1}


def test_who_may_see_nothing_is_told_of_the_first_refusal(env):
    env.fault("*:error:code=AccessDeniedException")
    with pytest.raises(AccessDenied) as caught:
        env.registry.location()
    assert caught.value.operation == "DescribeRegistry"


# repositories


def test_repositories_are_told_with_all_that_ecr_says_of_them(env):
    env.client.create_repository(
        repositoryName="team/locked",
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest*"}],
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "KMS", "kmsKey": "alias/mine"},
    )
    told = env.registry.repository("team/locked")
    raw = env.client.describe_repositories(repositoryNames=["team/locked"])["repositories"][0]
    assert (told.name, told.uri, told.arn) == ("team/locked", raw["repositoryUri"], raw["repositoryArn"])
    assert told.created_at == pytest.approx(raw["createdAt"].timestamp(), abs=0.01)
    assert told.registry_id == REGISTRY_ID
    assert told.mutability == TagMutability("IMMUTABLE_WITH_EXCLUSION", ("latest*",))
    assert (told.scan_on_push, told.encryption, told.kms_key) == (True, "KMS", raw["encryptionConfiguration"]["kmsKey"])
    assert env.registry.repository("team/app").mutability == TagMutability()


def test_all_repositories_come_in_pages_of_a_thousand_and_can_be_gone_on_with(env):
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


def test_a_repository_that_does_not_exist(env):
    for ask in (env.registry.repository, lambda name: list(env.registry.images(name))):
        with pytest.raises(NotFound) as caught:
            ask("no/where")
        assert caught.value.code == "RepositoryNotFoundException"
        assert "no/where" in caught.value.detail


def test_resource_tags(env):
    repository = env.registry.repository("team/app")
    assert env.registry.resource_tags(repository) == ()
    env.client.tag_resource(resourceArn=repository.arn, tags=[{"Key": "team", "Value": "x"}, {"Key": "e", "Value": ""}])
    assert dict(env.registry.resource_tags(repository)) == {"team": "x", "e": ""}


def test_the_lifecycle_policy_is_its_exact_text_and_none_is_empty(env):
    assert env.registry.lifecycle_policy("team/app") == ""
    rule = {
        "rulePriority": 1,
        "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 5},
        "action": {"type": "expire"},
    }
    text = json.dumps({"rules": [rule]}, indent=3)
    env.client.put_lifecycle_policy(repositoryName="team/app", lifecyclePolicyText=text)
    assert env.registry.lifecycle_policy("team/app") == text
    with pytest.raises(NotFound):
        env.registry.lifecycle_policy("no/where")


# images


def test_images_are_told_with_all_that_ecr_says_of_them(env):
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


def test_archived_images_are_in_the_listing(env):
    pushed = push_image(env.client, "team/app", tag="1.0")
    archive(env, pushed.digest)
    (image,) = all_images(env)
    assert (image.digest, image.archived, image.tags) == (pushed.digest, True, ("1.0",))
    assert image.archived_at is not None


def test_tagged_and_untagged_images_can_be_asked_for_apart(env):
    tagged, untagged = push_image(env.client, "team/app", "a", tag="1.0"), push_image(env.client, "team/app", "b")
    assert [image.digest for image in all_images(env, tag_status="TAGGED")] == [tagged.digest]
    assert [image.digest for image in all_images(env, tag_status="UNTAGGED")] == [untagged.digest]


def test_a_page_token_that_is_known_no_more_ends_the_listing_with_an_error_of_its_own(env):
    with pytest.raises(ListingExpired) as caught:
        next(env.registry.images("team/app", start="long-gone"))
    assert caught.value.retryable
    assert caught.value.code == "InvalidParameterException"
    assert "nextToken" in caught.value.detail


def test_a_subject_is_told_and_its_referrers_found_page_by_page(env):
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


def test_the_findings_of_a_basic_scan(env):
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
    found = env.registry.findings("team/app", pushed.digest)
    assert [(finding.name, finding.severity) for finding in found] == [(f["name"], f["severity"]) for f in raw]
    assert all(finding.package and finding.version for finding in found)
    (image,) = env.registry.images_by_digest("team/app", [pushed.digest])
    assert image.scan_status == "COMPLETE"
    assert image.findings is not None
    assert [severity for severity, _ in image.findings] == [s for s in SEVERITIES if s in dict(image.findings)]
    assert sum(count for _, count in image.findings) == len(found)


def test_the_findings_of_an_enhanced_scan(env):
    everything = {"filter": "*", "filterType": "WILDCARD"}
    env.client.put_registry_scanning_configuration(
        scanType="ENHANCED", rules=[{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [everything]}]
    )
    pushed = push_image(env.client, "team/app", tag="1.0")
    raw = env.client.describe_image_scan_findings(repositoryName="team/app", imageId={"imageDigest": pushed.digest})
    entries = raw["imageScanFindings"]["enhancedFindings"]
    found = env.registry.findings("team/app", pushed.digest)
    assert {finding.name for finding in found} == {
        entry["packageVulnerabilityDetails"]["vulnerabilityId"] for entry in entries
    }
    assert all(finding.package and finding.severity in SEVERITIES for finding in found)
    assert len(found) == sum(len(entry["packageVulnerabilityDetails"]["vulnerablePackages"]) for entry in entries)


# by digest and by tag


def test_images_are_described_in_the_order_asked_for_and_those_that_are_gone_are_left_out(env):
    digests = [push_image(env.client, "team/app", str(number)).digest for number in range(5)]
    asked = [digests[3], NOWHERE, digests[0], digests[3], "sha256:" + "1" * 64]
    assert [image.digest for image in env.registry.images_by_digest("team/app", asked)] == [digests[3], digests[0]]
    assert env.registry.images_by_digest("team/app", []) == ()


@pytest.mark.parametrize("number", [1, 3, 120])
def test_tags_are_resolved_few_or_many_archived_or_not_and_those_that_do_not_exist_are_left_out(env, number):
    first, second = (
        push_image(env.client, "team/app", "a", tag="kept"),
        push_image(env.client, "team/app", "b", tag="old"),
    )
    archive(env, second.digest)
    asked = ["kept", "old", *(f"missing-{i}" for i in range(number))]
    for tags in (asked, asked[:number]):
        found = env.registry.images_by_tag("team/app", tags)
        expected = {"kept": first.digest, "old": second.digest}
        assert {tag: image.digest for tag, image in found.items()} == {t: expected[t] for t in tags if t in expected}
    assert env.registry.images_by_tag("team/app", ["old"])["old"].archived


def test_many_new_tags_cost_few_calls(env):
    push_image(env.client, "team/app", tag="kept")
    env.embedded.calls.clear()
    assert list(env.registry.images_by_tag("team/app", ["kept", *(f"new-{i}" for i in range(199))])) == ["kept"]
    assert sum(env.embedded.calls.values()) <= 5


def test_whether_a_tag_is_at_a_digest(env):
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


def test_a_manifest_is_its_exact_text(env):
    text = manifest_text(env.client, "team/app", indent=3, annotations={"é": "\u2028 \\u0041"}) + "\r\n"
    pushed = put(env.client, "team/app", text, "1.0", OCI_MANIFEST)
    assert env.registry.manifest("team/app", pushed.digest) == Manifest(text, digest_of(text), OCI_MANIFEST)


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, DOCKER_MANIFEST, None])
def test_manifests_of_every_media_type_can_be_read_also_those_that_do_not_name_theirs(env, media_type):
    pushed = push_image(env.client, "team/app", media_type=media_type)
    assert env.registry.manifest("team/app", pushed.digest).media_type == media_type or OCI_MANIFEST


def test_an_index_is_given_as_it_is(env):
    index = push_index(env.client, "team/app", tag="1.0")
    manifest = env.registry.manifest("team/app", index.digest)
    assert (manifest.text, manifest.media_type, manifest.is_index) == (index.manifest, OCI_INDEX, True)


def test_a_manifest_that_does_not_exist_names_itself(env):
    with pytest.raises(NotFound) as caught:
        env.registry.manifest("team/app", NOWHERE)
    assert (caught.value.code, caught.value.operation) == ("ImageNotFound", "BatchGetImage")
    assert NOWHERE in caught.value.detail


def test_the_manifest_of_an_archived_image_cannot_be_had_and_what_to_do_is_said(env):
    pushed = push_image(env.client, "team/app", tag="1.0")
    archive(env, pushed.digest)
    with pytest.raises(Refused) as caught:
        env.registry.manifest("team/app", pushed.digest)
    assert "update-image-storage-class" in caught.value.hint


def test_several_manifests_at_once_and_those_that_cannot_be_had_are_left_out(env):
    pushed = [push_image(env.client, "team/app", str(number)) for number in range(102)]
    env.embedded.calls.clear()
    found = env.registry.manifests("team/app", [NOWHERE, *(image.digest for image in pushed)])
    assert {manifest.digest: manifest.text for manifest in found} == {image.digest: image.manifest for image in pushed}
    assert env.embedded.calls["BatchGetImage"] == 2
    assert env.registry.manifests("team/app", []) == ()


def tamper(env, digest, old, new):
    """Change stored bytes behind the registry's back, as a broken proxy would on the way."""
    with env.embedded.database.write() as connection:
        changed = connection.execute(
            "UPDATE manifests SET manifest = replace(manifest, ?, ?)"
            " WHERE image_id = (SELECT id FROM images WHERE digest = ?)",
            (old, new, digest),
        )
        assert changed.rowcount == 1


def test_bytes_that_do_not_have_their_digest_are_not_given_out(env):
    pushed = push_image(env.client, "team/app", tag="1.0")
    tamper(env, pushed.digest, '"schemaVersion": 2', '"schemaVersion":  2')
    with pytest.raises(IntegrityError) as caught:
        env.registry.manifest("team/app", pushed.digest)
    assert pushed.digest in caught.value.detail
    assert env.registry.manifests("team/app", [pushed.digest]) == ()


def config_of(pushed):
    return parse_manifest(pushed.manifest).config


def test_a_config_is_its_exact_bytes(env):
    config = config_of(push_image(env.client, "team/app"))
    content = env.registry.blob("team/app", config.digest, 10_000)
    assert digest_of(content) == config.digest
    assert len(content) == config.size
    assert env.registry.blob("team/app", config.digest, config.size) == content


def test_a_blob_of_more_bytes_than_are_wanted_is_refused(env):
    config = config_of(push_image(env.client, "team/app"))
    with pytest.raises(Refused, match="too large"):
        env.registry.blob("team/app", config.digest, config.size - 1)


def test_a_blob_that_does_not_exist(env):
    with pytest.raises(NotFound) as caught:
        env.registry.blob("team/app", NOWHERE, 10)
    assert caught.value.code == "LayersNotFoundException"


# writes


def test_a_tag_is_given_byte_for_byte_and_the_answer_is_told(env):
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


def test_put_image_always_sends_manifest_media_type_tag_and_digest(env):
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


def test_a_manifest_that_is_not_what_its_digest_says_is_not_sent(env):
    pushed = push_image(env.client, "team/app")
    env.embedded.calls.clear()
    with pytest.raises(IntegrityError):
        env.registry.put_image("team/app", Manifest(pushed.manifest + "\n", pushed.digest, OCI_MANIFEST), "prod")
    assert env.embedded.calls["PutImage"] == 0


def test_a_tag_that_is_there_already_and_one_that_is_immutable_are_told_apart(env):
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


def test_an_image_whose_layers_are_elsewhere(env):
    create_repository(env.client, "team/other")
    pushed = push_image(env.client, "team/app")
    manifest = env.registry.manifest("team/app", pushed.digest)
    with pytest.raises(NotFound) as caught:
        env.registry.put_image("team/other", manifest, "1.0")
    assert caught.value.code == "LayersNotFoundException"


def test_a_tag_is_removed_and_the_image_stays(env):
    pushed = push_image(env.client, "team/app", tag="1.0")
    put(env.client, "team/app", pushed.manifest, "2.0", OCI_MANIFEST)
    env.registry.untag("team/app", "1.0")
    assert env.tags() == {"2.0": pushed.digest}
    with pytest.raises(NotFound) as caught:
        env.registry.untag("team/app", "1.0")
    assert (caught.value.code, caught.value.ambiguous) == ("ImageNotFound", False)


# all of it


def test_one_registry_serves_many_threads(env):
    pushed = push_image(env.client, "team/app", tag="1.0")
    manifest = env.registry.manifest("team/app", pushed.digest)

    def work(number: int) -> bool:
        env.registry.put_image("team/app", manifest, f"t{number}")
        return env.registry.tag_is_at("team/app", f"t{number}", pushed.digest)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(24)))
    assert len(env.tags()) == 25


def test_a_file_keeps_what_the_next_one_finds(tmp_path):
    connection = Connection(database=str(tmp_path / "registry.sqlite"), region="eu-west-1")
    registry = open_registry(connection)
    client = client_for(registry_of(registry))
    create_repository(client, "team/app")
    assert [repository.name for page in open_registry(connection).repositories() for repository in page.items] == [
        "team/app"
    ]


def registry_of(registry):
    """The embedded registry that a connection with a database has made."""
    return registry._clients.in_process.attach.keywords["embedded"]
