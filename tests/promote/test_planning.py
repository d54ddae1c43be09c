"""The source with what belongs to it, and the plan: what is copied, which tags are written, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ecrtui.errors import AccessDenied, EcrTuiError, ErrorKind, NotFound, Refused, UsageError
from ecrtui.promote.change_record import plan_texts
from ecrtui.promote.closure import MemberKind
from ecrtui.promote.document import promotion_document
from ecrtui.promote.plan import TagTarget
from ecrtui.retag.plan import StepAction, StepOutcome
from ecrtui.settings import Settings
from tests.promote.conftest import DEV, PROD, SOURCE_ACCOUNT, TARGET_ACCOUNT, Promotions, cosign_tag
from tests.support.embedded import create_repository, digest_of, push_image, push_index, put, upload_blob


def archive(client: Any, repository: str, digest: str) -> None:
    client.update_image_storage_class(
        repositoryName=repository, imageId={"imageDigest": digest}, targetStorageClass="ARCHIVE"
    )


# the source


def test_everything_that_belongs_to_an_image_is_read_in_the_order_of_a_copy(sites: Promotions) -> None:
    signed = sites.signed_index()
    source = sites.read()
    assert [(member.digest, member.kind, member.subject) for member in source.closure.members] == [
        *((child.digest, MemberKind.IMAGE, "") for child in signed.children),
        (signed.index.digest, MemberKind.INDEX, ""),
        (signed.sbom.digest, MemberKind.REFERRER, signed.index.digest),
        (signed.cosign.digest, MemberKind.COSIGN, signed.index.digest),
        (signed.bundle.digest, MemberKind.REFERRER, signed.sbom.digest),
    ]
    assert source.closure.cosign == {cosign_tag(signed.index.digest, ".sig"): signed.cosign.digest}
    assert (str(source), source.location.registry_id) == (f"{DEV}:v1", SOURCE_ACCOUNT)


def test_without_referrers_only_the_image_is_read(sites: Promotions) -> None:
    signed = sites.signed_index()
    source = sites.read(f"{DEV}@{signed.index.digest}", referrers=False)
    assert [member.digest for member in source.closure.members] == [
        *(child.digest for child in signed.children),
        signed.index.digest,
    ]
    assert "ListImageReferrers" not in sites.source.embedded.calls


def test_tags_of_cosign_of_a_child_and_the_referrers_tag_belong_to_the_image(sites: Promotions) -> None:
    signed = sites.signed_index()
    child = signed.children[0].digest
    sbom = push_image(sites.source.client, DEV, "sbom of a child", cosign_tag(child, ".sbom"))
    fallback = push_index(sites.source.client, DEV, {"linux/amd64": signed.sbom}, cosign_tag(child))
    source = sites.read()
    assert source.closure.cosign[cosign_tag(child, ".sbom")] == sbom.digest
    assert source.closure.cosign[cosign_tag(child)] == fallback.digest
    assert len(source.closure.members) == len({member.digest for member in source.closure.members}) == 8


def test_the_limit_of_manifests_is_checked_before_they_are_read(sites: Promotions) -> None:
    client = sites.source.client
    index = push_index(client, DEV, {f"linux/{name}": push_image(client, DEV, name) for name in "abc"}, "v1")
    sites.source.embedded.calls.clear()
    with pytest.raises(Refused, match="too large"):
        sites.read(f"{DEV}@{index.digest}", max_members=3)
    assert sites.source.embedded.calls["BatchGetImage"] == 1


def test_what_is_attached_to_a_referrer_or_to_an_image_of_cosign_belongs_to_the_image_too(sites: Promotions) -> None:
    signed = sites.signed_index()
    tagged = push_image(sites.source.client, DEV, "signature of the SBOM", cosign_tag(signed.sbom.digest, ".sig"))
    listed = sites.referrer(signed.cosign, "of cosign", "application/vnd.example")
    deep = push_image(sites.source.client, DEV, "deep", cosign_tag(listed.digest, ".att"))
    found = {member.digest: (member.kind, member.subject) for member in sites.read().closure.members}
    assert found[tagged.digest] == (MemberKind.COSIGN, signed.sbom.digest)
    assert found[listed.digest] == (MemberKind.REFERRER, signed.cosign.digest)
    assert found[deep.digest] == (MemberKind.COSIGN, listed.digest)
    order = list(found)
    for digest, (_, subject) in found.items():
        assert not subject or order.index(subject) < order.index(digest)
    result = sites.apply()
    assert set(result.report.counts) == {StepOutcome.DONE}
    assert sites.digests() == signed.digests | {tagged.digest, listed.digest, deep.digest}


def test_an_attestation_of_buildkit_is_a_child(sites: Promotions) -> None:
    client = sites.source.client
    image = push_image(client, DEV, "app")
    attestation = push_image(client, DEV, "provenance")
    entries = [
        {"mediaType": image.media_type, "digest": image.digest, "size": 1},
        {
            "mediaType": attestation.media_type,
            "digest": attestation.digest,
            "size": 1,
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        },
    ]
    put(
        client,
        DEV,
        json.dumps({"schemaVersion": 2, "manifests": entries}),
        "v1",
        "application/vnd.oci.image.index.v1+json",
    )
    assert [member.kind for member in sites.read().closure.members] == ["image", "attestation", "index"]


@pytest.mark.parametrize(
    ("prepare", "reference", "error", "words"),
    [
        ("nothing", f"{DEV}:none", NotFound, "no tag none"),
        ("nothing", f"{DEV}@sha256:{'0' * 64}", NotFound, "0" * 64),
        ("nothing", "team/nothing:v1", NotFound, "team/nothing"),
        ("archive index", f"{DEV}:v1", Refused, "archived"),
        ("archive sbom", f"{DEV}:v1", Refused, "archived"),
        ("archive cosign", f"{DEV}:v1", Refused, "archived"),
    ],
)
def test_a_source_that_cannot_be_read_is_an_error(
    sites: Promotions, prepare: str, reference: str, error: type[EcrTuiError], words: str
) -> None:
    signed = sites.signed_index()
    if prepare != "nothing":
        digest = getattr(signed, prepare.removeprefix("archive ")).digest
        archive(sites.source.client, DEV, digest)
    with pytest.raises(error) as caught:
        sites.read(reference)
    assert words in f"{caught.value} {caught.value.hint}"


def test_referrers_that_may_not_be_listed_are_not_known(sites: Promotions) -> None:
    sites.signed_index()
    sites.fault("source ListImageReferrers:error:code=AccessDeniedException:message=no")
    source = sites.read()
    assert len(source.warnings) == 1
    assert "not known" in source.warnings[0] and "ecr:BatchGetImage" in source.warnings[0]
    assert MemberKind.COSIGN in {member.kind for member in source.closure.members}
    assert sites.plan().plan.warnings == source.warnings


def test_a_pull_is_reported_where_a_rule_uses_it(sites: Promotions) -> None:
    sites.image()
    assert sites.read().notes == ()
    rule = {
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 9},
        "action": {"type": "expire"},
    }
    sites.source.client.put_lifecycle_policy(repositoryName=DEV, lifecyclePolicyText=json.dumps({"rules": [rule]}))
    assert "as pulled" in sites.read().notes[0]


# the plan


def test_a_plan_names_what_is_copied_and_writes_nothing(sites: Promotions) -> None:
    signed = sites.signed_index()
    promotion = sites.plan()
    assert [(step.tag, step.action, step.after) for step in promotion.plan.steps] == [
        (cosign_tag(signed.index.digest, ".sig"), StepAction.CREATE, signed.cosign.digest),
        ("v1", StepAction.CREATE, signed.index.digest),
    ]
    document = promotion_document(promotion)
    assert {entry["digest"] for entry in document["copies"]} == signed.digests
    assert not any(entry["there"] for entry in document["copies"])
    blobs = {blob.digest: blob.size for blob in promotion.copies[0].blobs}
    assert document["transfer"] == {
        "blobsToCopy": len(blobs),
        "blobsThere": 0,
        "bytesToCopy": sum(blobs.values()),
        "bytesThere": 0,
        "manifestsToPut": 6,
        "way": "api",
    }
    assert document["target"]["registryId"] == TARGET_ACCOUNT
    assert sites.digests() == set()


def test_blobs_that_the_target_has_are_not_copied(sites: Promotions) -> None:
    sites.image(layers=[b"shared", b"own"])
    upload_blob(sites.target.client, PROD, b"shared")
    (copy,) = sites.plan().copies
    assert [blob.digest for blob in copy.blobs_there] == [digest_of(b"shared")]
    assert digest_of(b"own") in {blob.digest for blob in copy.blobs}


def test_an_image_of_200_layers_that_is_there_takes_eight_calls_and_no_write(sites: Promotions) -> None:
    layers = [str(number).encode() for number in range(200)]
    sites.image(layers=layers)
    push_image(sites.target.client, PROD, "app", "v1", layers=layers)
    for site in (sites.source, sites.target):
        site.embedded.calls.clear()
    result = sites.apply()
    assert [row.outcome for row in result.report.results] == ["already there"]
    calls = sites.source.embedded.calls + sites.target.embedded.calls
    calls["DescribeRegistry"] = 2  # tests share the registries, so an earlier test may have asked for their accounts
    assert calls.total() <= 8, calls


def test_what_an_index_needs_is_there_with_the_index(sites: Promotions) -> None:
    push_index(sites.source.client, DEV, tag="v1")
    push_index(sites.target.client, PROD, tag="old")
    sites.target.embedded.calls.clear()
    promotion = sites.plan()
    assert promotion.copies[0].missing == ()
    assert "BatchCheckLayerAvailability" not in sites.target.embedded.calls
    assert promotion.plan.write_steps[0].action is StepAction.CREATE


def test_an_archived_image_of_the_target_is_put_again(sites: Promotions) -> None:
    image = sites.image()
    push_image(sites.target.client, PROD, "app", "v1")
    archive(sites.target.client, PROD, image.digest)
    assert [member.digest for member in sites.plan().copies[0].missing] == [image.digest]


def test_a_plan_without_permission_for_the_settings_says_what_is_not_known(sites: Promotions) -> None:
    sites.image()
    sites.fault("target DescribeRepositories:error:code=AccessDeniedException:message=no")
    promotion = sites.plan()
    assert promotion.plan.write_steps
    (warning,) = (warning for warning in promotion.plan.warnings if "not known whether" in warning)
    assert "ecr:DescribeRepositories" in warning


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("source BatchGetImage", AccessDenied),
        ("target DescribeImages", AccessDenied),
        ("target BatchCheckLayerAvailability", AccessDenied),
    ],
)
def test_a_permission_that_the_plan_needs_is_named(sites: Promotions, operation: str, error: type[EcrTuiError]) -> None:
    sites.image()
    sites.fault(f"{operation}:error:code=AccessDeniedException:message=no")
    with pytest.raises(error) as caught:
        sites.plan()
    assert operation.partition(" ")[2] in f"{caught.value.hint} {caught.value.operation}"


def test_a_missing_repository_is_named_or_created(sites: Promotions) -> None:
    sites.image()
    for name, has_host in (("ghcr.io/none", True), ("team/none", False)):
        with pytest.raises(NotFound, match=name) as caught:
            sites.plan(TagTarget(name, "v1"))
        assert caught.value.kind is ErrorKind.REPOSITORY_NOT_FOUND
        assert ("is in ECR" in caught.value.hint) == has_host
    promotion = sites.plan(TagTarget("team/none", "v1"), create_repository=True)
    assert promotion.copies[0].create
    assert promotion.plan.write_steps[0].action is StepAction.CREATE
    assert "is created" in str(promotion)
    assert "to create with the defaults of ECR: team/none" in plan_texts([promotion])["Markdown"]()


@pytest.mark.parametrize(
    ("prepare", "target", "words"),
    [
        ("immutable", TagTarget(PROD, "v1"), "immutable"),
        ("other", TagTarget(PROD, "v1", ""), "not to exist"),
        ("other", TagTarget(PROD, "v1", "sha256:" + "1" * 64), "1" * 12),
        ("nothing", TagTarget(PROD, "v1", "sha256:" + "1" * 64), "does not exist"),
        ("nothing", TagTarget(PROD, "a b"), "cannot contain"),
    ],
)
def test_a_tag_that_may_not_be_written_is_refused_with_everything_that_needs_it(
    sites: Promotions, prepare: str, target: TagTarget, words: str
) -> None:
    sites.signed_index()
    if prepare != "nothing":
        push_image(sites.target.client, PROD, "other", "v1")
    if prepare == "immutable":
        sites.target.client.put_image_tag_mutability(repositoryName=PROD, imageTagMutability="IMMUTABLE")
    promotion = sites.plan(target)
    assert words in promotion.plan.steps[-1].reason
    assert {step.action for step in promotion.plan.steps} == {StepAction.REFUSED}
    assert not promotion.has_work


def test_a_repository_whose_tag_is_refused_does_not_count_as_copied(sites: Promotions) -> None:
    sites.image()
    create_repository(sites.target.client, "team/two")
    push_image(sites.target.client, "team/two", "other", "v1")
    promotion = sites.plan(TagTarget(PROD, "v1"), TagTarget("team/two", "v1", ""))
    assert [copy.repository for copy in promotion.allowed_copies] == [PROD]
    assert promotion.bytes_to_copy == promotion.copies[0].bytes_to_copy
    assert "team/two: gets nothing, because its tags are refused" in str(promotion)


def test_a_tag_of_cosign_that_points_elsewhere_is_a_conflict(sites: Promotions) -> None:
    signed = sites.signed_index()
    referrer = sites.referrer(signed.cosign, "of cosign", "application/vnd.example")
    deep = sites.referrer(referrer, "of the referrer", "application/vnd.example")
    other = push_image(sites.target.client, PROD, "other", cosign_tag(signed.index.digest, ".sig"))
    promotion = sites.plan()
    cosign, tag = promotion.plan.steps
    assert (cosign.action, cosign.conflict, cosign.before) == (StepAction.REFUSED, True, other.digest)
    assert tag.action is StepAction.CREATE
    missing = {member.digest for member in promotion.copies[0].missing}
    assert signed.index.digest in missing
    assert not missing & {signed.cosign.digest, referrer.digest, deep.digest}  # a referrer has no subject without it


@pytest.mark.parametrize("there", [False, True])
def test_a_read_only_target_gets_nothing(sites: Promotions, there: bool) -> None:
    sites.settings = Settings(read_only=True)
    signed = sites.signed_index()
    if there:
        push_index(
            sites.target.client,
            PROD,
            {
                name: push_image(sites.target.client, PROD, name, platform=name)
                for name in ("linux/amd64", "linux/arm64")
            },
            "v1",
        )
    assert (signed.index.digest in sites.digests()) is there
    promotion = sites.plan()
    assert {step.reason for step in promotion.plan.steps} == {"ecrtui is in read-only mode"}
    assert not promotion.has_work


def test_a_protected_tag_is_marked(sites: Promotions) -> None:
    sites.settings = Settings(protected_tags=("v*",))
    sites.image()
    assert sites.plan().plan.protected_tags == ("v1",)


def test_the_lifecycle_rule_that_would_expire_the_copy_is_named(sites: Promotions) -> None:
    sites.image()
    rule = {
        "rulePriority": 1,
        "selection": {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 2},
        "action": {"type": "expire"},
    }
    sites.target.client.put_lifecycle_policy(repositoryName=PROD, lifecyclePolicyText=json.dumps({"rules": [rule]}))
    (step,) = sites.plan().plan.steps
    assert "would expire in 2 days" in step.warnings[0]


def test_a_target_in_the_repository_of_the_source_points_to_retag(sites: Promotions) -> None:
    sites.target = sites.source
    sites.image()
    for tag, hint in (("v2", "ecrtui retag team/dev:v1 v2"), ("v1", "another repository")):
        with pytest.raises(UsageError) as caught:
            sites.plan(TagTarget(DEV, tag))
        assert hint in caught.value.hint


def test_several_repositories_and_tags_make_one_plan(sites: Promotions) -> None:
    image = sites.image()
    create_repository(sites.target.client, "team/two")
    targets = [TagTarget(PROD, "v1"), TagTarget(PROD, "live"), TagTarget("team/two", "v1"), TagTarget(PROD, "v1")]
    promotion = sites.plan(*targets)
    assert [step.key for step in promotion.plan.steps] == [(PROD, "v1"), (PROD, "live"), ("team/two", "v1")]
    assert [copy.repository for copy in promotion.copies] == [PROD, "team/two"]
    assert promotion.bytes_to_copy == 2 * promotion.copies[0].bytes_to_copy
    assert {step.after for step in promotion.plan.steps} == {image.digest}
