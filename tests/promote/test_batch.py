"""Several images into one repository: each is planned again before it is copied, and a failure stops the rest."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from ecrtui.promote.batch import BatchReport, BatchRun, PromotionBatch
from ecrtui.promote.change_record import plan_texts, result_texts
from ecrtui.promote.plan import TagTarget
from ecrtui.promote.planning import PromotionPlanner
from ecrtui.promote.transfer import copy_blobs
from ecrtui.promote.upload import UploadLimiters
from ecrtui.retag.plan import OnConflict, StepOutcome
from tests.promote.conftest import DEV, PROD, Promotions, without_pauses
from tests.support.embedded import push_image

DONE, CONFLICT, SKIPPED, FAILED = StepOutcome.DONE, StepOutcome.CONFLICT, StepOutcome.SKIPPED, StepOutcome.FAILED
TAGS = ("v1", "v2", "v3")


def batch_of(sites: Promotions) -> PromotionBatch:
    for tag in TAGS:
        sites.image(tag, tag, layers=[b"shared", tag.encode()])
    return PromotionBatch(tuple(sites.plan(TagTarget(PROD, tag), reference=f"{DEV}:{tag}") for tag in TAGS))


def apply(sites: Promotions, batch: PromotionBatch, **options: Any) -> BatchReport:
    target, engine = sites.target.registry, sites.engine
    return BatchRun(
        batch,
        PromotionPlanner(sites.source.registry, target, engine, create_repository=False),
        target,
        engine,
        partial(copy_blobs, sites.source.registry, target, limiters=UploadLimiters(without_pauses)),
        **{
            "on_progress": lambda _: None,
            "on_retry": lambda _: None,
            "on_image": lambda _: None,
            "stop": lambda: False,
            "on_conflict": OnConflict.STOP,
            "allow_protected": (),
            **options,
        },
    ).apply()


def outcomes(result: BatchReport) -> list[StepOutcome]:
    return [row.outcome for row in result.report.results]


def test_a_layer_that_the_images_share_is_sent_once(sites: Promotions) -> None:
    batch = batch_of(sites)
    positions: list[int] = []
    result = apply(sites, batch, on_image=positions.append)
    assert outcomes(result) == [DONE] * 3
    assert not result.unfinished
    assert [one.blobs for one in result.reports] == [3, 2, 2]
    assert positions == [1, 2, 3]
    assert set(sites.tags()) == set(TAGS)
    assert len(batch.plan.id.split()) == 3
    texts = {name: make() for name, make in result_texts(result.reports).items()}
    assert all(one.promotion.source.digest in text for one in result.reports for text in texts.values())
    assert texts["CSV"].count(",done,") == 3
    assert texts["Markdown"].count("copied: ") == 3
    assert "manifests put: 1 of 1" in texts["Markdown"]
    assert "to put" not in texts["Markdown"]
    assert "to copy: 3 blobs" in plan_texts(batch.promotions)["Markdown"]()
    (principal,) = {entry.principal for entry in sites.engine.history.search()}
    ended_at = result.reports[-1].report.ended_at
    assert (result.report.principal, result.report.ended_at) == (principal, ended_at)
    assert principal
    assert ended_at


@pytest.mark.parametrize("on_conflict", OnConflict)
def test_a_tag_that_moves_after_the_plan_is_a_conflict(sites: Promotions, on_conflict: OnConflict) -> None:
    batch = batch_of(sites)
    other = push_image(sites.target.client, PROD, "other", "v2")
    result = apply(sites, batch, on_conflict=on_conflict)
    assert outcomes(result) == [DONE, CONFLICT, SKIPPED if on_conflict is OnConflict.STOP else DONE]
    assert sites.tags()["v2"] == other.digest


def test_a_tag_that_was_right_and_moves_after_the_plan_stays(sites: Promotions) -> None:
    push_image(sites.target.client, PROD, "v2", "v2", layers=[b"shared", b"v2"])
    batch = batch_of(sites)
    assert not batch.promotions[1].plan.write_steps
    other = push_image(sites.target.client, PROD, "other", "v2")
    assert outcomes(apply(sites, batch)) == [DONE, CONFLICT, SKIPPED]
    assert sites.tags()["v2"] == other.digest


def test_after_a_failure_or_a_stop_the_rest_is_not_sent_and_can_continue(sites: Promotions) -> None:
    batch = batch_of(sites)
    sites.fault("source GetDownloadUrlForLayer:error:code=AccessDeniedException:status=400:after=3")
    result = apply(sites, batch)
    assert outcomes(result) == [DONE, FAILED, SKIPPED]
    assert result.unfinished
    assert result.in_target == "1 of 3 images are in the target"
    sites.source.embedded.faults.clear()
    stopped: list[int] = []
    again = PromotionBatch(tuple(sites.plan(TagTarget(PROD, tag), reference=f"{DEV}:{tag}") for tag in TAGS[1:]))
    result = apply(sites, again, on_image=stopped.append, stop=lambda: False)
    assert outcomes(result) == [DONE, DONE]
