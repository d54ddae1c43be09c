"""Manifests from the user go through plan, check, journal and read-back, with a tag or without."""

from __future__ import annotations

from typing import Any

import pytest

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.manifest import OCI_MANIFEST, Manifest
from ecrtui.errors import IntegrityError, UsageError
from ecrtui.retag.plan import Plan, Report, StepAction, StepOutcome
from ecrtui.settings import Settings
from tests.support.embedded import manifest_text
from tests.support.retag_env import REPOSITORY, RetagEnv


def new_manifest(env: RetagEnv, name: str = "new", ending: str = "", **options: Any) -> Manifest:
    """Return a manifest that is not in the repository; its layers are."""
    text = manifest_text(env.client, REPOSITORY, name, **options) + ending
    return Manifest(text, digest_of(text), OCI_MANIFEST)


def put(env: RetagEnv, manifest: Manifest, tag: str = "") -> tuple[Plan, Report]:
    plan = env.engine.plan_put_image(REPOSITORY, manifest, tag)
    return plan, env.engine.apply(plan)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_new_image_is_stored_byte_for_byte_with_its_tag(env: RetagEnv, ending: str) -> None:
    manifest = new_manifest(env, ending=ending)
    plan, report = put(env, manifest, "v1")
    assert [step.action for step in plan.steps] == [StepAction.CREATE]
    assert report.results[0].outcome is StepOutcome.DONE
    assert report.results[0].result is not None
    assert report.results[0].result.digest == manifest.digest
    assert env.registry.manifest(REPOSITORY, manifest.digest).text == manifest.text
    assert env.tags()["v1"] == manifest.digest


def test_a_tag_moves_to_a_new_image_and_back_by_undo(env: RetagEnv) -> None:
    manifest = new_manifest(env)
    plan, report = put(env, manifest, "one")
    assert (plan.steps[0].action, plan.steps[0].before) == (StepAction.MOVE, env.one)
    assert report.results[0].outcome is StepOutcome.DONE
    env.engine.apply(env.engine.plan_undo_of(plan.id))
    assert env.tags()["one"] == env.one


def test_an_existing_image_gets_the_tag_without_reading_its_manifest(env: RetagEnv) -> None:
    manifest = env.registry.manifest(REPOSITORY, env.two)
    env.embedded.calls.clear()
    plan, report = put(env, manifest, "again")
    assert (plan.steps[0].action, report.results[0].outcome) == (StepAction.CREATE, StepOutcome.DONE)
    assert env.tags()["again"] == env.two
    assert env.embedded.calls["BatchGetImage"] == 0


def test_an_existing_tag_or_image_is_not_sent(env: RetagEnv) -> None:
    manifest = env.registry.manifest(REPOSITORY, env.two)
    for tag in ("two", ""):
        _, report = put(env, manifest, tag)
        assert report.results[0].outcome is StepOutcome.ALREADY
    assert env.embedded.calls["PutImage"] == 0


def test_an_image_without_tag_is_stored_and_journalled() -> None:
    env = RetagEnv(settings=Settings(writes_per_second=float("inf"), protected_tags=("*",)))
    manifest, before = new_manifest(env), env.tags()
    plan, report = put(env, manifest)
    assert plan.protected_tags == ()
    result = report.results[0]
    assert result.result is not None
    assert (result.outcome, result.result.tag, report.drifted) == (StepOutcome.DONE, "", ())
    assert env.tags() == before
    assert env.registry.images_by_digest(REPOSITORY, [manifest.digest])[0].tags == ()
    assert env.engine.history.search()[0].after == manifest.digest


def test_an_untagged_put_cannot_be_undone(env: RetagEnv) -> None:
    plan, _ = put(env, new_manifest(env))
    with pytest.raises(UsageError):
        env.engine.history.last_undoable_plan()
    refused = env.engine.plan_undo_of(plan.id)
    assert [step.action for step in refused.steps] == [StepAction.REFUSED]
    assert "would delete the image" in refused.steps[0].reason


@pytest.mark.parametrize("tag", ["v1", ""])
@pytest.mark.parametrize(("fault", "outcome"), [("drop-after", StepOutcome.DONE), ("drop-before", StepOutcome.UNKNOWN)])
def test_the_result_is_read_back_after_a_lost_reply(env: RetagEnv, tag: str, fault: str, outcome: StepOutcome) -> None:
    manifest = new_manifest(env)
    env.embedded.faults.add(f"PutImage:{fault}:times=1")
    _, report = put(env, manifest, tag)
    assert report.results[0].outcome is outcome
    assert bool(env.registry.images_by_digest(REPOSITORY, [manifest.digest])) == (outcome is StepOutcome.DONE)


@pytest.mark.parametrize("tag", ["v1", ""])
def test_an_unknown_put_can_be_resolved(env: RetagEnv, tag: str) -> None:
    manifest = new_manifest(env)
    env.embedded.faults.add("PutImage:drop-after")
    env.embedded.faults.before("PutImage", lambda: env.embedded.faults.add("DescribeImages:unavailable"))
    _, report = put(env, manifest, tag)
    assert report.results[0].outcome is StepOutcome.UNKNOWN
    env.embedded.faults.clear()
    assert [entry.outcome for entry in env.engine.history.resolve_unknown()] == [StepOutcome.DONE]


def test_missing_layers_are_an_error_with_a_hint(env: RetagEnv) -> None:
    manifest = new_manifest(env)
    layer = digest_of(b"layer")
    missing = manifest.text.replace(layer, digest_of(b"another layer"))
    _, report = put(env, Manifest(missing, digest_of(missing), OCI_MANIFEST), "v1")
    result = report.results[0]
    assert result.error is not None
    assert (result.outcome, result.error.code) == (StepOutcome.FAILED, "LayersNotFoundException")
    assert result.error.hint
    assert "v1" not in env.tags()


def test_the_given_media_type_is_sent(env: RetagEnv) -> None:
    text = manifest_text(env.client, REPOSITORY, "new", media_type=None)
    _, report = put(env, Manifest(text, digest_of(text), OCI_MANIFEST), "v1")
    assert report.results[0].result is not None
    assert report.results[0].result.media_type == OCI_MANIFEST
    assert env.engine.history.search()[0].media_type == OCI_MANIFEST


def test_a_tag_that_was_created_after_the_plan_is_not_touched(env: RetagEnv) -> None:
    plan = env.engine.plan_put_image(REPOSITORY, new_manifest(env), "v1")
    env.tag("v1", env.three)
    report = env.engine.apply(plan)
    assert report.results[0].outcome is StepOutcome.CONFLICT
    assert env.tags()["v1"] == env.three


def test_an_image_that_was_stored_after_the_plan_is_success(env: RetagEnv) -> None:
    manifest = new_manifest(env)
    plan = env.engine.plan_put_image(REPOSITORY, manifest)
    env.client.put_image(repositoryName=REPOSITORY, imageManifest=manifest.text)
    assert env.engine.apply(plan).results[0].outcome is StepOutcome.ALREADY


def test_bytes_with_another_digest_are_not_sent(env: RetagEnv) -> None:
    manifest = new_manifest(env)
    _, report = put(env, Manifest(manifest.text + "\n", manifest.digest, OCI_MANIFEST), "v1")
    assert (report.results[0].outcome, type(report.results[0].error)) == (StepOutcome.FAILED, IntegrityError)
    assert env.embedded.calls["PutImage"] == 0


def test_an_invalid_tag_is_refused(env: RetagEnv) -> None:
    assert "cannot start" in env.engine.plan_put_image(REPOSITORY, new_manifest(env), "-x").steps[0].reason


def test_a_plan_that_was_stopped_before_its_write_can_be_resumed(env: RetagEnv) -> None:
    for tag in ("v1", ""):
        manifest = new_manifest(env, f"new {tag}")
        plan = env.engine.plan_put_image(REPOSITORY, manifest, tag)
        env.engine.apply(plan, stop=lambda: True)
        assert env.registry.images_by_digest(REPOSITORY, [manifest.digest]) == ()
        env.engine.apply(env.engine.plan_resume(plan.id))
        assert env.registry.images_by_digest(REPOSITORY, [manifest.digest])[0].tags == ((tag,) if tag else ())
