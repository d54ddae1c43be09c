"""Promotions between two registries: what arrives, in which order, after which faults, and what remains to undo."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ecrtui.ecr.manifest import MAX_LENGTH, OCI_MANIFEST
from ecrtui.ecr.units import format_size
from ecrtui.errors import ErrorKind
from ecrtui.promote.apply import PromotionReport, result_document
from ecrtui.promote.change_record import result_texts
from ecrtui.promote.plan import TagTarget
from ecrtui.promote.transfer import TransferProgress
from ecrtui.promote.verification import Verification, verify
from ecrtui.registry.rate_limiter import RateLimiter
from ecrtui.retag.engine import Engine
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.journal.transfers import TransferRecords
from ecrtui.retag.plan import OnConflict, StepAction, StepOutcome
from ecrtui.settings import Settings
from tests.promote.conftest import DEV, PROD, Promotions, cosign_tag
from tests.support.embedded import PushedImage, digest_of, manifest_text, push_image, push_index, put, upload_blob

DONE, ALREADY, FAILED = StepOutcome.DONE, StepOutcome.ALREADY, StepOutcome.FAILED
READS = {
    "BatchGetImage",
    "DescribeImages",
    "DescribeRegistry",
    "GetDownloadUrlForLayer",
    "GetLifecyclePolicy",
    "ListImageReferrers",
}
"""The operations that a promotion may ask the source for."""

WRITES = ("InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage", "CreateRepository")


def outcomes(result: PromotionReport) -> list[StepOutcome]:
    return [row.outcome for row in result.report.results]


def writes(sites: Promotions) -> int:
    return sum(sites.target.embedded.calls[operation] for operation in WRITES)


def read_manifest(sites: Promotions, image: PushedImage) -> str:
    reply = sites.target.client.batch_get_image(
        repositoryName=PROD, imageIds=[{"imageDigest": image.digest}], acceptedMediaTypes=[image.media_type]
    )
    text: str = reply["images"][0]["imageManifest"]
    return text


def test_an_image_arrives_with_everything_that_belongs_to_it(sites: Promotions) -> None:
    signed = sites.signed_index()
    result = sites.apply()
    assert outcomes(result) == [DONE, DONE]
    assert sites.digests() == signed.digests
    assert sites.tags() == {
        "v1": signed.index.digest,
        cosign_tag(signed.index.digest, ".sig"): signed.cosign.digest,
    }
    assert read_manifest(sites, signed.index) == signed.index.manifest
    referrers = sites.target.registry.referrers(PROD, signed.index.digest)
    assert [referrer.digest for referrer in referrers] == [signed.sbom.digest]


def test_manifests_are_put_in_order_and_the_tag_last(sites: Promotions) -> None:
    signed = sites.signed_index()
    sites.apply()
    entries = reversed(sites.engine.history.search())
    assert [(entry.after, entry.tag) for entry in entries] == [
        *((child.digest, "") for child in signed.children),
        (signed.index.digest, ""),
        (signed.sbom.digest, ""),
        (signed.bundle.digest, ""),
        (signed.cosign.digest, cosign_tag(signed.index.digest, ".sig")),
        (signed.index.digest, "v1"),
    ]


def test_a_verification_finds_what_the_target_does_not_have(sites: Promotions) -> None:
    signed = sites.signed_index()
    result = sites.apply(verifies=True)
    blobs = result.promotion.copies[0].blobs
    assert result.verification == Verification(len(signed.digests) + len(blobs))
    again = sites.plan()
    sites.target.client.batch_delete_image(repositoryName=PROD, imageIds=[{"imageDigest": signed.bundle.digest}])
    with sites.target.embedded.database.write() as connection:
        connection.execute("DELETE FROM layers WHERE digest = ?", (digest_of(b"sbom"),))
    missing = {(PROD, signed.bundle.digest), (PROD, digest_of(b"sbom")), (PROD, digest_of(b"bundle"))}
    assert missing >= set(verify(again, sites.target.registry).missing) >= {(PROD, signed.bundle.digest)}
    sites.fault("target BatchCheckLayerAvailability:error:code=AccessDeniedException:message=no")
    error = sites.apply(again, verifies=True).verification_error
    assert error is not None and "ecr:BatchCheckLayerAvailability" in error.hint


def test_every_put_image_obeys_the_write_rate(sites: Promotions) -> None:
    sites.signed_index()
    pauses: list[float] = []
    sites.engine = Engine(
        sites.target.registry,
        Journal(None),
        sites.settings,
        rate_limiter=RateLimiter(10, clock=lambda: 0.0, sleep=pauses.append),
    )
    sites.apply()
    count = sites.target.embedded.calls["PutImage"]
    assert pauses == pytest.approx([number / 10 for number in range(1, count)])  # the clock stands still


def test_an_image_without_referrers_is_put_once(sites: Promotions) -> None:
    sites.image()
    sites.apply()
    assert sites.target.embedded.calls["PutImage"] == 1


def test_the_same_promotion_again_writes_nothing(sites: Promotions) -> None:
    sites.signed_index()
    sites.apply()
    before = writes(sites)
    assert outcomes(sites.apply()) == [ALREADY, ALREADY]
    assert writes(sites) == before


def test_a_new_referrer_alone_is_brought(sites: Promotions) -> None:
    signed = sites.signed_index()
    sites.apply()
    late = sites.referrer(signed.index, "late", "application/vnd.late")
    before = sites.target.embedded.calls["PutImage"]
    result = sites.apply()
    assert outcomes(result) == [ALREADY, ALREADY]
    assert sites.digests() == signed.digests | {late.digest}
    assert sites.target.embedded.calls["PutImage"] == before + 1
    assert result.blobs == 2  # its layer and its config


def test_the_source_sees_no_write_and_the_target_nothing_of_the_source(sites: Promotions) -> None:
    """Through a plan, a copy with a failure, what continues after it, a verification and an undo."""
    sites.signed_index()
    for tag in ("v1", "old"):
        push_image(sites.target.client, PROD, "old", tag)
    source, target = (site.embedded.requests for site in (sites.source, sites.target))
    source.clear()
    target.clear()
    sites.fault("target PutImage:error:code=AccessDeniedException:message=no:times=1")
    assert not set(outcomes(sites.apply())) & {DONE, ALREADY}
    result = sites.apply(verifies=True)
    assert result.verification is not None and not result.verification.missing
    sites.engine.apply(sites.engine.plan_undo_of(result.promotion.plan.id), on_conflict=OnConflict.CONTINUE)
    assert {operation for operation, _ in source} <= READS
    assert {name for _, name in source} <= {DEV, ""}
    assert {name for _, name in target} <= {PROD, ""}
    assert {operation for operation, name in source | target if not name} <= {"DescribeRegistry"}
    assert "GetDownloadUrlForLayer" not in {operation for operation, _ in target}


def test_a_layer_of_several_parts_arrives(sites: Promotions) -> None:
    layer = bytes(range(251)) * 42_000  # more than the 10 MiB of a part
    sites.image(layers=[layer])
    seen: list[int] = []
    result = sites.apply(on_progress=lambda progress: seen.append(progress.bytes_done))
    assert outcomes(result) == [DONE]
    assert sites.target.embedded.calls["UploadLayerPart"] == 3  # one is the config
    assert result.bytes == result.promotion.bytes_to_copy == max(seen)


@pytest.mark.parametrize(
    "faults",
    [
        [
            f"target {operation}:throttle:times=2"
            for operation in ("InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage")
        ],
        [
            f"target {operation}:drop-after:times=1"
            for operation in ("InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage")
        ],
        ["target UploadLayerPart:unavailable:times=1", "target CompleteLayerUpload:unavailable:times=1"],
        ["target UploadLayerPart:error:code=UploadNotFoundException:times=1"],
        ["target CompleteLayerUpload:error:code=UploadNotFoundException:times=1"],
        ["target CompleteLayerUpload:error:code=LayerAlreadyExistsException:times=1"],
        ["target PutImage:drop-before:times=1"],
        ["target PutImage:error:code=LayersNotFoundException:times=2"],
        ["target PutImage:error:code=LayersNotFoundException:times=1:after=4"],
        ["target PutImage:error:code=ServerException:status=500:times=2"],
    ],
)
def test_a_promotion_completes_despite_faults(sites: Promotions, faults: list[str]) -> None:
    signed = sites.signed_index()
    sites.fault(*faults)
    result = sites.apply()
    assert set(outcomes(result)) <= {DONE, ALREADY}, result.report.results
    sites.target.embedded.faults.clear()
    assert sites.digests() == signed.digests
    assert sites.tags()["v1"] == signed.index.digest
    for digest in (blob.digest for blob in result.promotion.copies[0].blobs):
        assert sites.target.registry.open_layer(PROD, digest).readinto(memoryview(bytearray(1)))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("target UploadLayerPart:error:code=AccessDeniedException:message=no", "ecr:UploadLayerPart"),
        ("target InitiateLayerUpload:error:code=KmsException:message=key", "key"),
        ("target PutImage:error:code=AccessDeniedException:message=no", "ecr:PutImage"),
        ("target PutImage:error:code=LayersNotFoundException", "layer"),
        ("source GetDownloadUrlForLayer:error:code=AccessDeniedException:message=no", "ecr:GetDownloadUrlForLayer"),
        ("target PutImage:error:code=LimitExceededException:message=full", "full"),
    ],
)
def test_a_failure_leaves_every_tag_and_is_reported(sites: Promotions, fault: str, words: str) -> None:
    sites.signed_index()
    other = push_image(sites.target.client, PROD, "other", "v1")
    sites.fault(fault)
    result = sites.apply()
    assert not set(outcomes(result)) & {DONE, ALREADY}
    told = [(str(row.message), row.error.hint if row.error else "") for row in result.report.results]
    assert words in str(told)
    sites.target.embedded.faults.clear()
    assert sites.tags() == {"v1": other.digest}
    sites.source.embedded.faults.clear()
    assert outcomes(sites.apply())[-1] is DONE


EXPIRED = "ExpiredTokenException:message=The security token is expired"


@pytest.mark.parametrize(
    ("fault", "copied"),
    [
        (f"target UploadLayerPart:error:code={EXPIRED}", False),
        (f"target PutImage:error:code={EXPIRED}", True),
        (f"target DescribeImages:error:code={EXPIRED}", True),
        (f"target BatchGetImage:error:code={EXPIRED}", True),
    ],
)
def test_credentials_that_expire_on_the_way_are_reported_for_every_tag(
    sites: Promotions, fault: str, copied: bool
) -> None:
    sites.signed_index()
    push_image(sites.target.client, PROD, "other", "v1")
    promotion = sites.plan()
    sites.fault(fault)
    result = sites.apply(promotion)
    assert not set(outcomes(result)) & {DONE, ALREADY}
    assert result.unfinished
    assert bool(result.blobs) == copied
    assert "credentials have expired" in result.report.results[0].message
    sites.target.embedded.faults.clear()
    assert set(outcomes(sites.apply(sites.plan()))) <= {DONE, ALREADY}


def drop_plans(journal: Path | None) -> None:
    assert journal is not None
    with closing(sqlite3.connect(journal)) as connection, connection:
        connection.execute("DROP TABLE plans")


def test_a_journal_that_fails_after_the_transfer_is_reported_for_every_tag(sites: Promotions, tmp_path: Path) -> None:
    sites.journal_file = tmp_path / "journal"
    sites.image()
    promotion = sites.plan()
    sites.target.embedded.faults.before("CompleteLayerUpload", lambda: drop_plans(sites.journal_file))
    result = sites.apply(promotion)
    assert outcomes(result) == [FAILED]
    assert result.unfinished
    assert "nothing was tagged" in result.report.results[0].message
    assert sites.tags() == {}


@pytest.mark.parametrize(
    "operation", ["CreateRepository", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage"]
)
def test_a_request_that_is_sent_again_says_why(sites: Promotions, operation: str) -> None:
    sites.image()
    promotion = sites.plan(TagTarget("team/new", "v1"), create_repository=True)
    sites.fault(f"target {operation}:throttle:times=1:message=Rate exceeded")
    reasons: list[str] = []
    assert outcomes(sites.apply(promotion, on_retry=lambda error: reasons.append(str(error)))) == [DONE]
    assert reasons == ["ECR is throttling requests: Rate exceeded"]


def test_a_download_that_is_repeated_says_why(sites: Promotions) -> None:
    sites.image()
    promotion = sites.plan()
    sites.fault("source GetDownloadUrlForLayer:throttle:times=1:message=Rate exceeded")
    reasons: list[str] = []
    assert outcomes(sites.apply(promotion, on_retry=lambda error: reasons.append(str(error)))) == [DONE]
    assert reasons == ["ECR is throttling requests: Rate exceeded"]


def test_layers_that_the_target_lost_are_counted_with_the_others(sites: Promotions) -> None:
    sites.image(layers=[b"lost" * 10, b"kept" * 100])
    lost: list[str] = []

    def lose(progress: TransferProgress) -> None:
        if progress.blobs_done == progress.blobs_total and not lost:
            lost.append(digest_of(b"lost" * 10))
            with sites.target.embedded.database.write() as connection:
                connection.execute("DELETE FROM layers WHERE digest = ?", lost)

    result = sites.apply(on_progress=lose)
    total = result.promotion.bytes_to_copy
    assert (outcomes(result), lost) == ([DONE], [digest_of(b"lost" * 10)])
    assert result_document(result)["bytesCopied"] == total + 40
    assert f"{format_size(total)} of {format_size(total)}" in result.in_target


def test_a_broken_layer_of_the_source_is_not_copied(sites: Promotions) -> None:
    sites.image(layers=[b"good"])
    with sites.source.embedded.database.write() as connection:
        connection.execute("UPDATE blob_chunks SET content = ? WHERE content = ?", (b"evil", b"good"))
    result = sites.apply()
    assert outcomes(result) == [FAILED]
    assert digest_of(b"good")[7:19] in result.report.results[0].message
    assert sites.digests() == set()


def test_a_stop_before_the_tag_changes_none(sites: Promotions) -> None:
    sites.signed_index()
    result = sites.apply(stop=lambda: sites.target.embedded.calls["CompleteLayerUpload"] > 1)
    assert outcomes(result) == [StepOutcome.SKIPPED] * 2
    assert result.unfinished
    assert not result.tags_changed
    assert sites.tags() == {}
    assert outcomes(sites.apply()) == [DONE, DONE]


def test_a_tag_that_moves_during_the_transfer_is_a_conflict(sites: Promotions) -> None:
    image = sites.image()
    promotion = sites.plan()
    other = push_image(sites.target.client, PROD, "other", "v1")
    result = sites.apply(promotion)
    assert outcomes(result) == [StepOutcome.CONFLICT]
    assert other.digest[7:19] in result.report.results[0].message
    assert sites.tags() == {"v1": other.digest}
    assert image.digest not in sites.digests()


def test_a_tag_of_cosign_that_stays_does_not_stop_the_others(sites: Promotions) -> None:
    signed = sites.signed_index()
    tag = cosign_tag(signed.index.digest, ".sig")
    other = push_image(sites.target.client, PROD, "other", tag)
    result = sites.apply(on_conflict=OnConflict.CONTINUE)
    assert outcomes(result) == [StepOutcome.CONFLICT, DONE]
    assert sites.tags() == {"v1": signed.index.digest, tag: other.digest}


def test_a_protected_tag_is_not_written_unless_it_is_confirmed(sites: Promotions) -> None:
    sites.settings = Settings(protected_tags=("v*",))
    sites.image()
    assert outcomes(sites.apply()) == [StepOutcome.REFUSED]
    assert writes(sites) == 0
    assert outcomes(sites.apply(allow_protected=("v1",))) == [DONE]


def test_a_repository_is_created_first(sites: Promotions) -> None:
    image = sites.image()
    sites.fault("target CreateRepository:throttle:times=1", "target CreateRepository:drop-after:times=1")
    result = sites.apply(sites.plan(TagTarget("team/new", "v1"), create_repository=True))
    assert outcomes(result) == [DONE]
    assert sites.tags("team/new") == {"v1": image.digest}


def test_a_repository_that_was_created_is_named_although_nothing_was_tagged(sites: Promotions) -> None:
    sites.image()
    promotion = sites.plan(TagTarget("team/new", "v1"), create_repository=True)
    assert "with the defaults of ECR: mutable tags, encryption AES256, no scan on push" in str(promotion)
    sites.fault("target PutImage:error:code=AccessDeniedException:message=no")
    result = sites.apply(promotion)
    assert outcomes(result) == [FAILED]
    assert result.in_target.startswith("created team/new; no tag was changed; ")
    assert "0 of 1 manifest" in result.in_target
    assert result_document(result)["repositoriesCreated"] == ["team/new"]
    assert "created with the defaults of ECR: team/new" in result_texts([result])["Markdown"]()


@pytest.mark.parametrize("referrers", [True, False])
def test_a_child_that_the_target_loses_after_the_plan_is_put_again(sites: Promotions, *, referrers: bool) -> None:
    signed = sites.signed_index()
    lost = push_image(sites.target.client, PROD, "linux/amd64", platform="linux/amd64")
    promotion = sites.plan(referrers=referrers)
    assert lost.digest in promotion.copies[0].there
    sites.target.client.batch_delete_image(repositoryName=PROD, imageIds=[{"imageDigest": lost.digest}])
    result = sites.apply(promotion)
    assert set(outcomes(result)) == {DONE}, result.report.results
    assert {signed.index.digest, lost.digest} <= sites.digests()
    assert result.manifests == len(promotion.copies[0].missing) + 1


def test_a_child_that_the_source_loses_after_the_plan_stops_before_the_tags(sites: Promotions) -> None:
    signed = sites.signed_index()
    promotion = sites.plan()
    for digest in (signed.index.digest, signed.children[0].digest):
        sites.source.client.batch_delete_image(repositoryName=DEV, imageIds=[{"imageDigest": digest}])
    result = sites.apply(promotion)
    assert set(outcomes(result)) == {FAILED}
    (error,) = {str(row.error): row.error for row in result.report.results}.values()
    assert error is not None
    assert "not associated with an image" in error.detail
    assert "may be archived or deleted" in error.hint
    assert "no tag was changed" in result.in_target
    assert (sites.tags(), sites.digests()) == ({}, set())


def test_undo_moves_the_tags_and_nothing_else(sites: Promotions) -> None:
    signed = sites.signed_index()
    other = push_image(sites.target.client, PROD, "other", "v1")
    result = sites.apply()
    undo = sites.engine.plan_undo_of(result.promotion.plan.id)
    by_tag = {step.tag: step for step in undo.steps}
    assert by_tag["v1"].action is StepAction.MOVE
    assert by_tag["v1"].becomes_untagged
    assert "last tag" in by_tag[cosign_tag(signed.index.digest, ".sig")].reason
    assert len(undo.steps) == 2
    sites.engine.apply(undo, on_conflict=OnConflict.CONTINUE)
    assert sites.tags()["v1"] == other.digest
    assert signed.digests <= sites.digests()


def test_the_journal_knows_the_source_of_a_promotion(sites: Promotions, tmp_path: Path) -> None:
    sites.journal_file = tmp_path / "journal"
    image = sites.image()
    plan = sites.apply().promotion.plan
    found = TransferRecords(sites.engine.journal, sites.engine.location).find(plan.id)
    assert found is not None
    assert (found.repository, found.tag, found.digest) == (DEV, "v1", image.digest)
    assert found.location == sites.source.registry.location()


@pytest.mark.parametrize("referrers", [True, False])
def test_the_journal_knows_whether_referrers_were_asked_for(
    sites: Promotions, tmp_path: Path, *, referrers: bool
) -> None:
    """A signature that is pushed before a promotion is resumed belongs to it."""
    sites.journal_file = tmp_path / "journal"
    sites.image()
    plan = sites.apply(sites.plan(referrers=referrers)).promotion.plan
    found = TransferRecords(sites.engine.journal, sites.engine.location).find(plan.id)
    assert found is not None and found.referrers == referrers


def test_a_journal_that_cannot_be_written_stops_before_the_first_byte(sites: Promotions, tmp_path: Path) -> None:
    sites.journal_file = tmp_path / "journal"
    sites.journal_file.write_bytes(b"not a database" * 100)
    sites.image()
    with pytest.raises(Exception, match="journal") as caught:
        sites.apply(sites.plan())
    assert getattr(caught.value, "kind", None) is ErrorKind.OTHER
    assert writes(sites) == 0


def test_a_layer_that_the_target_has_already_is_not_sent(sites: Promotions) -> None:
    sites.image(layers=[b"shared", b"own"])
    upload_blob(sites.target.client, PROD, b"shared")
    result = sites.apply()
    assert outcomes(result) == [DONE]
    assert result.blobs == 2  # the config and the other layer


def test_a_large_manifest_is_copied_as_it_is(sites: Promotions) -> None:
    image = sites.image(annotations={"long": "x" * (MAX_LENGTH // 8)})
    sites.apply()
    assert read_manifest(sites, image) == image.manifest


def test_what_the_target_has_archived_is_restored(sites: Promotions) -> None:
    signed = sites.signed_index()
    sites.apply()
    alone = sites.image("alone", "v2", layers=[b"alone"])
    target, reference = TagTarget(PROD, "v2"), f"{DEV}:v2"
    sites.apply(sites.plan(target, reference=reference))
    for image in (signed.sbom, alone):
        sites.target.client.update_image_storage_class(
            repositoryName=PROD, imageId={"imageDigest": image.digest}, targetStorageClass="ARCHIVE"
        )
    sites.fault("target PutImage:throttle:times=1")
    assert outcomes(sites.apply(verifies=True)) == [ALREADY, ALREADY]
    assert outcomes(sites.apply(sites.plan(target, reference=reference))) == [ALREADY]
    found = sites.target.registry.images_by_digest(PROD, [signed.sbom.digest, alone.digest])
    assert [image.archived for image in found] == [False, False]


def test_an_index_in_an_index_and_a_layer_that_is_named_twice_arrive(sites: Promotions) -> None:
    client = sites.source.client
    image = sites.image("image", "", layers=[b"twice", b"once", b"twice"])
    inner = push_index(client, DEV, {"linux/amd64": image})
    outer = push_index(client, DEV, {"linux/amd64": image, "linux/arm64": inner}, "v1")
    cosign = push_image(client, DEV, "cosign", cosign_tag(image.digest, ".sig"), layers=[b"cosign"])
    push_image(client, DEV, "orphan", cosign_tag("sha256:" + "9" * 64, ".sig"))
    result = sites.apply(verifies=True)
    assert outcomes(result) == [DONE, DONE]
    assert sites.digests() == {image.digest, inner.digest, outer.digest, cosign.digest}
    assert result.blobs == sites.target.embedded.calls["CompleteLayerUpload"]
    assert result.verification is not None and not result.verification.missing


def test_a_layer_that_can_be_elsewhere_is_copied_if_the_source_has_it(sites: Promotions) -> None:
    layers = [b"of somebody else", b"here"]
    foreign = {
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "urls": ["https://example.com/layer"],
    }
    descriptors = [{**foreign, "digest": digest_of(layer), "size": len(layer)} for layer in layers]
    upload_blob(sites.source.client, DEV, layers[1])
    manifest = json.loads(manifest_text(sites.source.client, DEV))
    manifest["layers"] += descriptors
    put(sites.source.client, DEV, json.dumps(manifest), "v1", OCI_MANIFEST)
    result = sites.apply(verifies=True)
    assert outcomes(result) == [DONE]
    assert digest_of(layers[1]) in {blob.digest for blob in result.promotion.copies[0].blobs}
    assert result.verification is not None and not result.verification.missing
    (warning,) = result.promotion.plan.warnings
    assert digest_of(layers[0])[7:19] in warning
