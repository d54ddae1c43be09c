"""The engine on the embedded registry: its guarantees, and its messages when it cannot keep them."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.image import Image
from ecrtui.emulator.fault_effects import Effect, Handler
from ecrtui.emulator.faults import Fault
from ecrtui.emulator.http.messages import Response, json_response
from ecrtui.errors import ErrorKind, NotFound, Refused, UsageError
from ecrtui.retag.engine import Engine
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.plan import OnConflict, Progress, Report, StepAction, StepOutcome, StepResult, TagChange
from ecrtui.retag.write_history import WriteTarget
from ecrtui.settings import Connection, Settings
from ecrtui.wiring import open_registry
from tests.support.cases import load_case
from tests.support.embedded import create_repository, push_image, push_index, served, tags_of
from tests.support.retag_env import REPOSITORY, RetagEnv


def outcomes(report: Report) -> list[StepOutcome]:
    return [result.outcome for result in report.results]


def test_a_plan_has_an_action_for_each_change(env: RetagEnv) -> None:
    plan = env.plan(("new", env.one), ("two", env.one), ("one", env.one), ("-x", env.one))
    assert [step.action for step in plan.steps] == [
        StepAction.CREATE,
        StepAction.MOVE,
        StepAction.ALREADY,
        StepAction.REFUSED,
    ]
    moved = plan.steps[1]
    assert (moved.before, moved.after) == (env.two, env.one)
    assert moved.becomes_untagged
    assert "cannot start" in plan.steps[3].reason


def test_planning_with_a_known_context_takes_two_requests(env: RetagEnv) -> None:
    context = env.engine.repository_context(REPOSITORY)
    env.embedded.calls.clear()
    env.plan(("prod", env.one), contexts={REPOSITORY: context})
    assert env.embedded.calls.total() <= 2


def test_apply_writes_each_tag_and_returns_the_reply_of_ecr(env: RetagEnv) -> None:
    report = env.retag(("new", env.one), ("two", env.one))
    assert outcomes(report) == [StepOutcome.DONE, StepOutcome.DONE]
    assert env.tags() == {"new": env.one, "two": env.one, "one": env.one, "three": env.three}
    answer = report.results[0].result
    assert answer is not None
    assert (answer.digest, answer.tag, digest_of(answer.manifest)) == (env.one, "new", env.one)
    assert report.drifted == ()


def test_a_tag_that_already_points_to_the_image_is_not_sent(env: RetagEnv) -> None:
    report = env.retag(("one", env.one))
    assert outcomes(report) == [StepOutcome.ALREADY]
    assert env.embedded.calls["PutImage"] == 0
    assert env.engine.history.search() == ()


def test_the_history_of_some_tags_has_no_other_writes(env: RetagEnv) -> None:
    env.retag(("one", env.three), ("fresh", env.one), ("other", env.one))
    assert {entry.tag for entry in env.engine.history.search(tags=("one", "fresh", "none"))} == {"one", "fresh"}
    assert env.engine.history.search(tags=()) == ()


def test_a_tag_that_moved_after_the_plan_is_a_conflict_with_both_digests(env: RetagEnv) -> None:
    plan = env.plan(("two", env.one))
    env.tag("two", env.three)
    report = env.engine.apply(plan)
    (result,) = report.results
    assert result.outcome is StepOutcome.CONFLICT
    assert result.found == env.three
    assert env.two[7:19] in result.message and env.three[7:19] in result.message
    assert env.tags()["two"] == env.three


def test_a_tag_that_was_created_after_the_plan_is_a_conflict(env: RetagEnv) -> None:
    plan = env.plan(("new", env.one))
    env.tag("new", env.three)
    assert outcomes(env.engine.apply(plan)) == [StepOutcome.CONFLICT]
    assert env.tags()["new"] == env.three


def test_a_conflict_names_who_moved_the_tag(env: RetagEnv) -> None:
    plan = env.plan(("two", env.one))
    env.retag(("two", env.three))
    (result,) = env.engine.apply(plan).results
    assert env.registry.identity() in result.message


def test_a_plan_stops_at_a_conflict_or_continues_as_chosen(env: RetagEnv) -> None:
    plan = env.plan(("one", env.two), ("two", env.one), ("new", env.one))
    env.tag("one", env.three)
    stopped = env.engine.apply(plan)
    assert outcomes(stopped) == [StepOutcome.CONFLICT, StepOutcome.SKIPPED, StepOutcome.SKIPPED]
    went_on = env.engine.apply(plan, on_conflict=OnConflict.CONTINUE)
    assert outcomes(went_on) == [StepOutcome.CONFLICT, StepOutcome.DONE, StepOutcome.DONE]


def test_a_stop_request_skips_the_remaining_steps(env: RetagEnv) -> None:
    plan = env.plan(("a", env.one), ("b", env.one), ("c", env.one))
    seen: list[int] = []
    report = env.engine.apply(
        plan, on_result=lambda result, progress: seen.append(progress.done), stop=lambda: bool(seen)
    )
    assert outcomes(report) == [StepOutcome.DONE, StepOutcome.SKIPPED, StepOutcome.SKIPPED]
    assert seen == [1, 2, 3]


def test_a_manifest_without_media_type_is_sent_byte_for_byte(env: RetagEnv) -> None:
    odd = push_image(env.client, REPOSITORY, "ü\u2028", "odd", media_type=None, indent=7)
    assert outcomes(env.retag(("even", odd.digest))) == [StepOutcome.DONE]
    assert env.registry.manifest(REPOSITORY, env.tags()["even"]).text == odd.manifest


def test_an_immutable_tag_is_refused_with_the_reason(env: RetagEnv) -> None:
    create_repository(env.client, "team/frozen", "IMMUTABLE_WITH_EXCLUSION", ["latest*"])
    image = push_image(env.client, "team/frozen", "a", "v1").digest
    other = push_image(env.client, "team/frozen", "b", "latest-b").digest
    plan = env.engine.plan([TagChange("team/frozen", "v1", other), TagChange("team/frozen", "latest-b", image)])
    assert [step.action for step in plan.steps] == [StepAction.REFUSED, StepAction.MOVE]
    assert "no exclusion filter matches" in plan.steps[0].reason


def test_a_repository_that_became_immutable_refuses_in_the_words_of_ecr(env: RetagEnv) -> None:
    plan = env.plan(("two", env.one))
    env.client.put_image_tag_mutability(repositoryName=REPOSITORY, imageTagMutability="IMMUTABLE")
    (result,) = env.engine.apply(plan).results
    assert result.outcome is StepOutcome.REFUSED
    assert "cannot be overwritten because the tag is immutable" in result.message
    assert env.engine.history.search()[0].outcome is StepOutcome.REFUSED


def test_a_refused_tag_that_is_not_unicode_does_not_stop_the_others(env: RetagEnv) -> None:
    report = env.retag(("half \ud800", env.one), ("new", env.one))
    assert outcomes(report) == [StepOutcome.REFUSED, StepOutcome.DONE]
    assert [step.tag for step in env.engine.history.saved_plan(report.plan.id).steps] == ["half \ud800", "new"]


def test_the_engine_refuses_writes_in_read_only_mode(env: RetagEnv) -> None:
    plan = env.plan(("new", env.one))
    closed = env.new_engine(replace(env.settings, read_only=True))
    with pytest.raises(Refused, match="read-only"):
        closed.apply(plan)
    assert [step.action for step in closed.plan(plan.changes).steps] == [StepAction.REFUSED]
    assert env.embedded.calls["PutImage"] == 0


def test_a_protected_tag_needs_to_be_confirmed(env: RetagEnv) -> None:
    careful = env.new_engine(Settings(writes_per_second=float("inf")))
    plan = careful.plan([TagChange(REPOSITORY, "prod-eu", env.one), TagChange(REPOSITORY, "fine", env.one)])
    assert plan.protected_tags == ("prod-eu",)
    assert outcomes(careful.apply(plan, on_conflict=OnConflict.CONTINUE)) == [StepOutcome.REFUSED, StepOutcome.DONE]
    assert outcomes(careful.apply(plan, allow_protected=["prod-eu"])) == [StepOutcome.DONE, StepOutcome.ALREADY]


def test_an_archived_source_is_refused(env: RetagEnv) -> None:
    env.client.update_image_storage_class(
        repositoryName=REPOSITORY, imageId={"imageDigest": env.one}, targetStorageClass="ARCHIVE"
    )
    (step,) = env.plan(("new", env.one)).steps
    assert step.action is StepAction.REFUSED
    assert "restore it first" in step.reason


def test_an_unknown_digest_is_refused(env: RetagEnv) -> None:
    (step,) = env.plan(("new", digest_of("nothing"))).steps
    assert "does not exist in" in step.reason
    assert "list the images again" in step.reason


def test_an_unexpected_digest_is_a_conflict_in_the_plan(env: RetagEnv) -> None:
    plan = env.engine.plan([TagChange(REPOSITORY, "two", env.one, expect=env.three)])
    assert plan.steps[0].conflict
    assert outcomes(env.engine.apply(plan)) == [StepOutcome.CONFLICT]


def test_a_conflict_remains_one_when_its_change_is_planned_again(env: RetagEnv) -> None:
    plan = env.engine.plan([TagChange(REPOSITORY, "two", env.one, expect=env.three)])
    again = env.engine.plan(plan.changes)
    assert again.steps[0].conflict
    assert env.engine.plan(again.changes).steps[0].expected == env.three


def test_planning_reads_no_manifest_if_a_rule_depends_on_pulls(env: RetagEnv) -> None:
    index = push_index(env.client, REPOSITORY, tag="multi")
    lifecycle(env, {"tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 7})
    env.embedded.calls.clear()
    child = json.loads(index.manifest)["manifests"][0]["digest"]
    (step,) = env.plan(("multi", child), thorough=True).steps
    many = env.plan(*((tag, env.one) for tag in ("one", "two", "three", "multi", "new", "newer")))
    assert [step.before for step in many.steps] == [env.one, env.two, env.three, index.digest, "", ""]
    assert env.embedded.calls["BatchGetImage"] == 0
    assert step.warnings[0] == "the tag points to an index, whose platforms are not known; this image is a single one"
    assert not any("push time" in warning for warning in step.warnings)


# Writes and lost replies


@pytest.mark.parametrize("fault", ["PutImage:drop-after:times=1", "PutImage:cut:times=1"])
def test_a_write_with_a_lost_reply_is_read_back_as_done(env: RetagEnv, fault: str) -> None:
    env.embedded.faults.add(fault)
    report = env.retag(("two", env.one))
    assert outcomes(report) == [StepOutcome.DONE]
    assert "the write was applied" in report.results[0].message
    assert env.engine.history.search()[0].outcome is StepOutcome.DONE


def test_a_write_that_failed_in_the_service_is_read_back_as_not_applied(env: RetagEnv) -> None:
    env.embedded.faults.add("PutImage:error:code=ServerException:status=500")
    report = env.retag(("two", env.one))
    assert outcomes(report) == [StepOutcome.FAILED]
    assert report.results[0].message.endswith("read back: not applied")
    assert env.tags()["two"] == env.two


@dataclass(frozen=True)
class LateRequest(Effect):
    """Run no request until the test does, and let the client wait for the response."""

    requests: list[Handler]

    def apply(self, handler: Handler) -> Response:
        self.requests.append(handler)
        return replace(json_response({}), delay=60.0)


def test_a_write_that_is_applied_after_the_timeout_is_unknown_until_resolved(env: RetagEnv) -> None:
    late: list[Handler] = []
    env.embedded.faults.add(Fault("PutImage", LateRequest(late)))
    registry = open_registry(Connection(read_timeout=1), embedded=env.embedded)
    engine = Engine(registry, Journal(None), env.settings, rate_limiter=env.rate_limiter)
    report = engine.apply(engine.plan([TagChange(REPOSITORY, "two", env.one)]))
    assert outcomes(report) == [StepOutcome.UNKNOWN]
    assert "not applied so far" in report.results[0].message
    late.pop()()
    assert [entry.outcome for entry in engine.history.resolve_unknown()] == [StepOutcome.DONE]
    assert env.tags()["two"] == env.one


@pytest.mark.parametrize("fault", ["PutImage:drop-before:times=1", "PutImage:unavailable:status=504:times=1"])
def test_a_write_that_the_service_did_not_answer_is_unknown(env: RetagEnv, fault: str) -> None:
    """A proxy can end the connection while the service has the request."""
    env.embedded.faults.add(fault)
    plan = env.plan(("two", env.one))
    (result,) = env.engine.apply(plan).results
    assert result.outcome is StepOutcome.UNKNOWN
    assert result.message.endswith("not applied so far, but the service may still apply it")
    assert [entry.tag for entry in env.engine.history.unknown_writes()] == ["two"]
    env.tag("two", env.one)  # the write arrives
    assert [entry.outcome for entry in env.engine.history.resolve_unknown()] == [StepOutcome.DONE]


def test_an_outcome_that_cannot_be_read_back_is_unknown_until_resolved(env: RetagEnv) -> None:
    plan = env.plan(("two", env.one), ("new", env.one))
    env.embedded.faults.add("PutImage:drop-after")
    drop_reads = env.embedded.faults.add("DescribeImages:drop-before")
    report = env.engine.apply(plan)
    assert outcomes(report) == [StepOutcome.UNKNOWN, StepOutcome.SKIPPED]
    assert [entry.tag for entry in env.engine.history.unknown_writes()] == ["two"]
    env.embedded.faults.remove(drop_reads)
    (entry,) = env.engine.history.resolve_unknown()
    assert entry.outcome is StepOutcome.DONE
    assert env.engine.history.unknown_writes() == ()


def test_throttled_writes_are_retried_without_an_error(env: RetagEnv) -> None:
    env.embedded.faults.add("PutImage:throttle:times=3")
    retried: list[ErrorKind] = []
    report = env.engine.apply(env.plan(("two", env.one)), on_retry=lambda error: retried.append(error.kind))
    assert outcomes(report) == [StepOutcome.DONE]
    assert set(retried) == {ErrorKind.THROTTLED}


def test_a_tag_that_someone_else_moves_during_throttling_is_not_our_write(env: RetagEnv) -> None:
    """An undo would take back what the other client did."""
    plan = env.plan(("two", env.one))
    env.embedded.faults.add("PutImage:throttle:times=1")
    moved: list[float] = []

    def move_once(seconds: float) -> None:
        if not moved:
            moved.append(seconds)
            env.tag("two", env.one)

    env.rate_limiter._sleep = move_once
    (result,) = env.engine.apply(plan).results
    assert (result.outcome, result.message) == (StepOutcome.ALREADY, "already done by someone else")
    assert [entry.outcome for entry in env.engine.history.search()] == [StepOutcome.ALREADY]


def test_a_write_that_is_always_throttled_was_not_applied(env: RetagEnv) -> None:
    env.embedded.faults.add("PutImage:throttle:message=Rate exceeded")
    (result,) = env.retag(("two", env.one)).results
    assert result.outcome is StepOutcome.FAILED
    assert result.message == "nothing was written: ECR is throttling requests: Rate exceeded"


def test_a_tag_that_moves_during_throttling_is_not_overwritten(env: RetagEnv) -> None:
    plan = env.plan(("two", env.one))
    env.embedded.faults.add("PutImage:throttle:times=1")
    moved: list[float] = []

    def move_once(seconds: float) -> None:
        if not moved:
            moved.append(seconds)
            env.tag("two", env.three)

    env.rate_limiter._sleep = move_once
    (result,) = env.engine.apply(plan).results
    assert result.outcome is StepOutcome.CONFLICT
    assert result.message.endswith("; nothing was written")  # the throttled write was sent
    assert env.tags()["two"] == env.three


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExpiredTokenException"])
def test_a_service_error_is_part_of_the_result(env: RetagEnv, code: str) -> None:
    env.embedded.faults.add(f"PutImage:error:code={code}")
    (result,) = env.retag(("two", env.one)).results
    assert result.outcome is StepOutcome.FAILED
    assert result.error is not None and result.error.code == code


def test_expired_credentials_always_stop_a_plan(env: RetagEnv) -> None:
    env.embedded.faults.add("PutImage:error:code=ExpiredTokenException")
    report = env.retag(("two", env.one), ("new", env.one), on_conflict=OnConflict.CONTINUE)
    assert outcomes(report) == [StepOutcome.FAILED, StepOutcome.SKIPPED]


def test_a_tag_that_drifted_during_the_plan_is_reported(env: RetagEnv) -> None:
    plan = env.plan(("two", env.one))
    report = env.engine.apply(plan, on_result=lambda result, progress: env.tag("two", env.three))
    assert outcomes(report) == [StepOutcome.DONE]
    assert [(row.step.tag, row.found) for row in report.drifted] == [("two", env.three)]


def test_a_failed_final_check_is_reported(env: RetagEnv) -> None:
    plan = env.plan(("two", env.one))

    def drop_reads(result: StepResult, progress: Progress) -> None:
        env.embedded.faults.add("DescribeImages:drop-before")

    report = env.engine.apply(plan, on_result=drop_reads)
    assert outcomes(report) == [StepOutcome.DONE]
    assert report.verification_error is not None


def test_a_conflict_has_a_result_although_the_journal_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    env = RetagEnv(file)
    plan = env.plan(("two", env.one))

    def move_the_tag_and_damage_the_journal() -> None:
        env.tag("two", env.three)
        env.journal.close()
        file.write_bytes(b"no journal" * 1000)

    env.embedded.faults.add("PutImage:drop-before:times=1")
    env.embedded.faults.before("PutImage", move_the_tag_and_damage_the_journal)
    (result,) = env.engine.apply(plan).results
    assert (result.outcome, result.found) == (StepOutcome.CONFLICT, env.three)
    assert "lists it as unknown" in result.message


def test_each_step_has_a_result_although_the_journal_breaks_during_the_plan(tmp_path: Path) -> None:
    file = tmp_path / "journal.sqlite"
    env = RetagEnv(file)
    deleted = push_image(env.client, REPOSITORY, "deleted", "deleted").digest
    env.retag(("deleted", env.one))
    env.client.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": deleted}])
    tags = [(f"tag-{number}", env.one) for number in range(60)]
    changes = [TagChange(REPOSITORY, tag, digest) for tag, digest in (*tags, ("deleted", deleted))]
    plan = env.engine.plan(changes)

    def damage_the_journal(result: StepResult, progress: Progress) -> None:
        if progress.done == 50:
            env.journal.close()
            file.write_bytes(b"no journal" * 1000)

    report = env.engine.apply(plan, on_result=damage_the_journal)
    assert report.counts[StepOutcome.DONE] == 50
    assert sum(report.counts.values()) == len(plan.steps)


# Undo


def test_an_undo_restores_every_tag_and_can_be_undone(env: RetagEnv) -> None:
    before = env.tags()
    report = env.retag(("two", env.one), ("one", env.three), ("new", env.two))
    after = env.tags()
    undo = env.engine.plan_undo_of(report.plan.id)
    assert outcomes(env.engine.apply(undo)) == [StepOutcome.DONE] * 3
    assert env.tags() == before
    assert outcomes(env.engine.apply(env.engine.plan_undo_of(undo.id))) == [StepOutcome.DONE] * 3
    assert env.tags() == after


def test_undo_does_not_remove_the_last_tag_of_an_image(env: RetagEnv) -> None:
    report = env.retag(("new", env.one))
    env.untag("one")
    (step,) = env.engine.plan_undo_of(report.plan.id).steps
    assert step.action is StepAction.REFUSED
    assert "last tag" in step.reason


def test_undo_does_not_overwrite_a_tag_that_moved_since(env: RetagEnv) -> None:
    report = env.retag(("two", env.one))
    env.tag("two", env.three)
    undo = env.engine.plan_undo_of(report.plan.id)
    assert undo.steps[0].conflict
    env.engine.apply(undo)
    assert env.tags()["two"] == env.three


def test_a_write_cannot_be_undone_twice(env: RetagEnv) -> None:
    report = env.retag(("two", env.one))
    env.engine.apply(env.engine.plan_undo_of(report.plan.id))
    (step,) = env.engine.plan_undo_of(report.plan.id).steps
    assert "already" in step.reason


def test_undo_restores_a_deleted_image_from_the_journal(env: RetagEnv) -> None:
    manifest = env.registry.manifest(REPOSITORY, env.two).text
    report = env.retag(("two", env.one))
    env.client.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": env.two}])
    undo = env.engine.plan_undo_of(report.plan.id)
    assert undo.steps[0].restores
    assert outcomes(env.engine.apply(undo)) == [StepOutcome.DONE]
    assert env.registry.manifest(REPOSITORY, env.tags()["two"]).text == manifest


def test_undo_of_an_index_names_its_missing_images(env: RetagEnv) -> None:
    index = push_index(env.client, REPOSITORY, tag="multi")
    children = [entry["digest"] for entry in json.loads(index.manifest)["manifests"]]
    report = env.retag(("multi", env.one))
    for digest in children:  # an older version did not keep the parts of an index
        env.journal.file._open().execute("DELETE FROM manifests WHERE digest = ?", (digest,))
    for digest in (index.digest, *children):
        env.client.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": digest}])
    (result,) = env.engine.apply(env.engine.plan_undo_of(report.plan.id)).results
    assert result.outcome is StepOutcome.FAILED
    assert "cannot be restored" in result.message
    assert all(digest in result.message for digest in children)
    assert env.tags()["multi"] == env.one


def test_the_last_undoable_plan_is_the_newest_not_undone(env: RetagEnv) -> None:
    first = env.retag(("two", env.one)).plan
    second = env.retag(("new", env.one)).plan
    assert env.engine.history.last_undoable_plan() == second.id
    env.engine.apply(env.engine.plan_undo_of(second.id))
    assert env.engine.history.last_undoable_plan() == first.id
    env.engine.apply(env.engine.plan_undo_of(first.id))
    with pytest.raises(UsageError, match="nothing to undo"):
        env.engine.history.last_undoable_plan()


# Untag


def test_untag_removes_a_tag_and_keeps_the_image(env: RetagEnv) -> None:
    env.tag("extra", env.one)
    assert outcomes(env.engine.apply(env.engine.plan_untag(REPOSITORY, ["extra"]))) == [StepOutcome.DONE]
    assert "extra" not in env.tags()


def test_the_last_tag_of_an_image_is_not_removed(env: RetagEnv) -> None:
    plan = env.engine.plan_untag(REPOSITORY, ["one"])
    assert plan.steps[0].action is StepAction.REFUSED
    env.tag("extra", env.one)
    both = env.engine.plan_untag(REPOSITORY, ["one", "extra"])
    assert [step.action for step in both.steps] == [StepAction.REMOVE, StepAction.REFUSED]


def test_a_tag_that_became_the_last_one_after_the_plan_is_not_removed(env: RetagEnv) -> None:
    env.tag("extra", env.one)
    plan = env.engine.plan_untag(REPOSITORY, ["extra"])
    env.untag("one")
    assert outcomes(env.engine.apply(plan)) == [StepOutcome.REFUSED]
    assert env.tags()["extra"] == env.one


def test_an_image_that_ecr_deletes_in_a_race_is_restored(env: RetagEnv) -> None:
    env.tag("extra", env.one)
    plan = env.engine.plan_untag(REPOSITORY, ["extra"])
    env.embedded.faults.before("BatchDeleteImage", lambda: env.untag("one"), times=1)
    (result,) = env.engine.apply(plan).results
    assert result.outcome is StepOutcome.CONFLICT
    assert "restored with this tag" in result.message
    assert env.tags()["extra"] == env.one
    assert [entry.outcome for entry in env.engine.history.search()] == [StepOutcome.DONE, StepOutcome.CONFLICT]
    env.tag("again", env.one)
    assert not env.engine.plan_undo_of(plan.id).write_steps
    with pytest.raises(UsageError, match="nothing to undo"):
        env.engine.history.newest_write(WriteTarget(REPOSITORY, env.one))


def test_an_image_that_ecr_deletes_in_a_race_is_restored_after_a_lost_reply(env: RetagEnv) -> None:
    env.tag("extra", env.one)
    plan = env.engine.plan_untag(REPOSITORY, ["extra"])
    env.embedded.faults.before("BatchDeleteImage", lambda: env.untag("one"))
    env.embedded.faults.add("BatchDeleteImage:drop-after:times=1")
    (result,) = env.engine.apply(plan).results
    assert result.outcome is StepOutcome.CONFLICT
    assert env.tags()["extra"] == env.one


@pytest.mark.parametrize(
    ("fault", "outcome", "words"),
    [
        ("PutImage:error:code=AccessDeniedException:message=no", StepOutcome.CONFLICT, "could not be restored: Access"),
        ("PutImage:drop-after", StepOutcome.UNKNOWN, "not known whether it was restored"),
    ],
)
def test_an_image_that_could_not_be_restored_comes_back_with_an_undo(
    env: RetagEnv, fault: str, outcome: StepOutcome, words: str
) -> None:
    """The tag was removed, so the journal has the removal as done."""
    env.tag("extra", env.one)
    plan = env.engine.plan_untag(REPOSITORY, ["extra"])

    def untag_and_fail() -> None:
        env.untag("one")
        env.embedded.faults.before("PutImage", lambda: env.embedded.faults.add("DescribeImages:drop-before"))
        env.embedded.faults.add(fault)

    env.embedded.faults.before("BatchDeleteImage", untag_and_fail)
    (result,) = env.engine.apply(plan).results
    assert (result.outcome, result.found) == (outcome, "")
    assert words in result.message
    assert f"undo of plan {plan.id}" in result.message
    removal = env.engine.history.search()[-1]
    assert (removal.action, removal.outcome) == (StepAction.REMOVE, StepOutcome.DONE)
    env.embedded.faults.clear()
    env.engine.apply(env.engine.plan_undo_of(plan.id))
    assert env.tags()["extra"] == env.one


def test_a_deleted_image_is_restored_without_a_tag_that_someone_gave_to_another_image(env: RetagEnv) -> None:
    env.tag("extra", env.one)
    plan = env.engine.plan_untag(REPOSITORY, ["extra"])

    def untag_and_give_the_tag_away_later() -> None:
        env.untag("one")
        env.embedded.faults.before("DescribeImages", lambda: env.tag("extra", env.two))

    env.embedded.faults.before("BatchDeleteImage", untag_and_give_the_tag_away_later)
    (result,) = env.engine.apply(plan).results
    assert (result.outcome, result.found) == (StepOutcome.CONFLICT, env.two)
    assert "restored without a tag, because extra points to another image now" in result.message
    assert env.tags()["extra"] == env.two
    assert [image.digest for image in env.registry.images_by_digest(REPOSITORY, [env.one])] == [env.one]


def test_one_plan_can_replace_the_last_tag_of_an_image(env: RetagEnv) -> None:
    plan = env.engine.plan([TagChange(REPOSITORY, "one", ""), TagChange(REPOSITORY, "kept", env.one)])
    assert outcomes(env.engine.apply(plan)) == [StepOutcome.DONE, StepOutcome.DONE]
    assert env.tags()["kept"] == env.one
    assert "one" not in env.tags()


# Plans with several steps


def test_a_swap_moves_both_tags_or_none(env: RetagEnv) -> None:
    assert outcomes(env.engine.apply(env.engine.plan_swap(REPOSITORY, "one", "two"))) == [
        StepOutcome.DONE,
        StepOutcome.DONE,
    ]
    assert (env.tags()["one"], env.tags()["two"]) == (env.two, env.one)
    env.client.put_image_tag_mutability(
        repositoryName=REPOSITORY,
        imageTagMutability="MUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "one"}],
    )
    plan = env.engine.plan_swap(REPOSITORY, "one", "two")
    assert {step.action for step in plan.steps} == {StepAction.REFUSED}
    with pytest.raises(NotFound):
        env.engine.plan_swap(REPOSITORY, "one", "nothing")


def test_a_swap_stays_whole_when_it_is_planned_again(env: RetagEnv) -> None:
    env.tag("extra", env.one)
    env.client.put_image_tag_mutability(
        repositoryName=REPOSITORY,
        imageTagMutability="MUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "one"}],
    )
    refused = env.engine.plan_swap(REPOSITORY, "one", "two")
    for plan in (refused, refused.without({(REPOSITORY, "one")})):
        assert {step.action for step in env.engine.plan_again(plan).steps} == {StepAction.REFUSED}
    env.client.put_image_tag_mutability(repositoryName=REPOSITORY, imageTagMutability="MUTABLE")
    assert len(env.engine.plan_again(refused).write_steps) == 2
    (left,) = env.engine.plan_again(refused.without({(REPOSITORY, "one")})).steps
    assert left.reason == "the other tag of the swap was removed from the plan"


def test_a_swap_with_an_invalid_tag_does_not_become_a_removal(env: RetagEnv) -> None:
    env.tag("extra", env.one)
    plan = env.engine.plan_swap(REPOSITORY, "one", "tw\u00f6")
    for again in (plan, plan.without({(REPOSITORY, "tw\u00f6")})):
        assert [step.action for step in env.engine.plan_again(again).steps] == [StepAction.REFUSED] * len(again.steps)


def test_copy_tags_moves_all_tags_of_an_image(env: RetagEnv) -> None:
    env.tag("extra", env.one)
    env.engine.apply(env.engine.plan_copy_tags(REPOSITORY, env.one, env.two))
    assert env.tags() == {"one": env.two, "extra": env.two, "two": env.two, "three": env.three}


def test_a_tag_is_added_in_several_repositories(env: RetagEnv) -> None:
    create_repository(env.client, "team/other")
    other = push_image(env.client, "team/other", "x", "one").digest
    create_repository(env.client, "team/none")
    plan = env.engine.plan_tag_in_repositories([REPOSITORY, "team/other", "team/none"], "one", "release")
    assert (plan.kind, plan.warnings) == ("tag in all", ("team/none has no tag one",))
    fewer = env.engine.plan_again(plan.without({("team/other", "release")}))
    assert (len(fewer.steps), fewer.warnings) == (len(plan.steps) - 1, plan.warnings)
    env.engine.apply(plan)
    assert env.tags()["release"] == env.one
    assert tags_of(env.client, "team/other")["release"] == other


def test_a_rename_rule_adds_tags(env: RetagEnv) -> None:
    images = [image for page in env.registry.images(REPOSITORY) for image in page.items]
    plan = env.engine.plan_rename(REPOSITORY, images, "{tag}-rel")
    assert plan.warnings == ()
    env.engine.apply(plan)
    assert env.tags()["one-rel"] == env.one
    assert env.tags()["three-rel"] == env.three


def test_a_plan_of_a_rename_rule_names_the_images_without_a_new_tag(env: RetagEnv) -> None:
    images = [Image(env.one, ("one",)), Image(env.two, ("two",)), Image(env.three)]
    plan = env.engine.plan_rename(REPOSITORY, images, "/o(.*)/x\\1/")
    assert [step.tag for step in plan.steps] == ["xne"]
    assert plan.warnings == (f"2 images get no tag from the rule: two, {env.three[7:19]}",)


def test_a_long_plan_writes_and_counts_every_tag(env: RetagEnv) -> None:
    seen: list[int] = []
    targets = [(f"t{number}", env.one) for number in range(120)]
    report = env.retag(*targets, on_result=lambda result, progress: seen.append(progress.done))
    assert outcomes(report) == [StepOutcome.DONE] * 120
    assert [result.step.tag for result in report.results] == [tag for tag, _ in targets]
    assert sorted(seen) == list(range(1, 121))
    assert len(env.engine.history.search(plan=report.plan.id)) == 120


def test_the_1001st_tag_of_an_image_is_refused(env: RetagEnv) -> None:
    plan = env.plan(*[(f"t{number}", env.one) for number in range(1001)])
    assert [step.action for step in plan.steps[998:]] == [StepAction.CREATE, StepAction.REFUSED, StepAction.REFUSED]


def test_a_swap_stops_at_a_conflict_although_other_plans_would_continue(env: RetagEnv) -> None:
    plan = env.engine.plan_swap(REPOSITORY, "one", "two")
    env.tag("one", env.three)
    report = env.engine.apply(plan, on_conflict=OnConflict.CONTINUE)
    assert outcomes(report) == [StepOutcome.CONFLICT, StepOutcome.SKIPPED]
    assert (env.tags()["one"], env.tags()["two"]) == (env.three, env.two)


def test_an_image_that_was_deleted_in_one_repository_is_not_taken_from_another(env: RetagEnv) -> None:
    other = "team/other"
    create_repository(env.client, other)
    push_image(env.client, other, "one", "one")
    plan = env.engine.plan_tag_in_repositories([REPOSITORY, other], "one", "new")
    env.client.batch_delete_image(repositoryName=other, imageIds=[{"imageDigest": env.one}])
    results = env.engine.apply(plan, on_conflict=OnConflict.CONTINUE).results
    assert [result.outcome for result in results] == [StepOutcome.DONE, StepOutcome.FAILED]
    assert "may have been deleted" in results[1].error.hint if results[1].error else ""
    assert tags_of(env.client, other) == {}


# Resume


def test_a_swap_that_was_stopped_resumes_as_a_whole_or_not_at_all(env: RetagEnv) -> None:
    plan = env.engine.plan_swap(REPOSITORY, "one", "two")
    env.engine.apply(plan, stop=lambda: True)
    env.tag("one", env.three)
    assert [step.action for step in env.engine.plan_resume(plan.id).steps] == [StepAction.REFUSED] * 2


def test_a_stopped_plan_resumes_where_it_stopped(env: RetagEnv) -> None:
    plan = env.plan(("a", env.one), ("two", env.one), ("c", env.one))
    seen: list[int] = []
    env.engine.apply(plan, on_result=lambda result, progress: seen.append(1), stop=lambda: bool(seen))
    (entry,) = env.engine.history.search()
    assert entry.unsent_in_words == f"2 tags of the plan were not sent; continue with: ecrtui retag --resume {plan.id}"
    rest = env.engine.plan_resume(plan.id)
    assert [step.action for step in rest.steps] == [StepAction.ALREADY, StepAction.MOVE, StepAction.CREATE]
    assert outcomes(env.engine.apply(rest)) == [StepOutcome.ALREADY, StepOutcome.DONE, StepOutcome.DONE]
    assert {entry.unsent_in_words for entry in env.engine.history.search()} == {""}
    assert {entry.tag for entry in env.engine.history.search(plan=plan.id)} == {"a", "two", "c"}


def test_resume_does_not_repeat_a_done_step_if_the_tag_moved_since(env: RetagEnv) -> None:
    plan = env.plan(("two", env.one), ("new", env.one))
    seen: list[int] = []
    env.engine.apply(plan, on_result=lambda result, progress: seen.append(1), stop=lambda: bool(seen))
    env.tag("two", env.three)
    report = env.engine.apply(env.engine.plan_resume(plan.id))
    assert outcomes(report) == [StepOutcome.ALREADY, StepOutcome.DONE]
    assert env.tags()["two"] == env.three


def test_resume_repeats_a_step_that_was_undone(env: RetagEnv) -> None:
    plan = env.plan(("two", env.one), ("new", env.one))
    seen: list[int] = []
    env.engine.apply(plan, on_result=lambda result, progress: seen.append(1), stop=lambda: bool(seen))
    env.engine.apply(env.engine.plan_undo_of(plan.id))
    report = env.engine.apply(env.engine.plan_resume(plan.id))
    assert outcomes(report) == [StepOutcome.DONE, StepOutcome.DONE]
    assert (env.tags()["two"], env.tags()["new"], report.drifted) == (env.one, env.one, ())
    undo = env.engine.plan_undo_of(plan.id)
    assert [(step.tag, step.action) for step in undo.steps] == [
        ("two", StepAction.MOVE),
        ("new", StepAction.REMOVE),
    ]


def test_resume_expects_the_digest_that_the_plan_saw(env: RetagEnv) -> None:
    plan = env.plan(("a", env.one), ("two", env.one))
    seen: list[int] = []
    env.engine.apply(plan, on_result=lambda result, progress: seen.append(1), stop=lambda: bool(seen))
    env.tag("two", env.three)
    assert outcomes(env.engine.apply(env.engine.plan_resume(plan.id))) == [
        StepOutcome.ALREADY,
        StepOutcome.CONFLICT,
    ]


def test_an_unknown_plan_cannot_be_resumed_or_undone(env: RetagEnv) -> None:
    with pytest.raises(UsageError, match="no plan"):
        env.engine.plan_resume("nothing")
    with pytest.raises(UsageError, match="no writes"):
        env.engine.plan_undo_of("nothing")


# Warnings


def test_replacing_an_index_with_one_platform_is_a_warning(env: RetagEnv) -> None:
    index = push_index(env.client, REPOSITORY, tag="multi")
    child = json.loads(index.manifest)["manifests"][0]["digest"]
    (moved,) = env.plan(("multi", child)).steps
    assert any("for linux/amd64 only" in warning and "would lose linux/arm64" in warning for warning in moved.warnings)
    (single,) = env.plan(("multi", env.one)).steps
    assert any("not part of it" in warning for warning in single.warnings)
    (elsewhere,) = env.plan(("other", child), thorough=True).steps
    assert any("index tagged multi has all platforms" in warning for warning in elsewhere.warnings)
    (whole,) = env.plan(("other", index.digest), thorough=True).steps
    assert whole.warnings == ()


def test_warnings_about_platforms_name_what_distinguishes_them(env: RetagEnv) -> None:
    images = load_case(env.client, "team/windows", "win-version")
    (step,) = env.engine.plan(
        [TagChange("team/windows", "multi", images["10.0.17763.6414.json"].digest)], thorough=True
    ).steps
    (warning,) = step.warnings
    assert "its part for windows(10.0.17763.6414)/amd64 only" in warning
    assert "would lose windows(10.0.20348.2762)/amd64" in warning


def lifecycle(env: RetagEnv, *rules: dict[str, object]) -> None:
    text = json.dumps(
        {
            "rules": [
                {"rulePriority": number, "selection": rule, "action": {"type": "expire"}}
                for number, rule in enumerate(rules, 1)
            ]
        }
    )
    env.client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=text)


def test_a_plan_warns_of_the_rule_that_expires_the_old_image(env: RetagEnv) -> None:
    lifecycle(env, {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7})
    (step,) = env.plan(("two", env.one)).steps
    assert step.becomes_untagged
    (warning,) = step.warnings
    assert warning.startswith("lifecycle rule 1 expires untagged images 7 days after their push: the old image")


def test_predictions_of_counting_rules_are_exact_with_all_images(env: RetagEnv) -> None:
    rule = {
        "tagStatus": "tagged",
        "tagPatternList": ["old-*"],
        "countType": "imageCountMoreThan",
        "countNumber": 1,
    }
    lifecycle(env, rule)
    env.tag("old-three", env.three)
    (vague,) = env.plan(("old-one", env.one)).steps
    assert any("was not checked" in note for note in vague.notes)
    (exact,) = env.plan(("old-one", env.one), thorough=True).steps
    assert any("this image" in warning and "does not change the push time" in warning for warning in exact.warnings)


def test_an_unreadable_lifecycle_policy_is_a_warning(env: RetagEnv) -> None:
    env.embedded.faults.add("GetLifecyclePolicy:error:code=AccessDeniedException")
    plan = env.plan(("two", env.one))
    assert "could not read the lifecycle policy" in plan.warnings[0]
    assert outcomes(env.engine.apply(plan)) == [StepOutcome.DONE]


def test_a_plan_can_be_undone_again_after_a_redo(env: RetagEnv) -> None:
    before = env.tags()
    plan = env.retag(("two", env.one)).plan
    undo = env.engine.plan_undo_of(plan.id)
    env.engine.apply(undo)
    env.engine.apply(env.engine.plan_undo_of(undo.id))
    assert env.tags()["two"] == env.one
    assert env.engine.history.last_undoable_plan() == plan.id
    assert outcomes(env.engine.apply(env.engine.plan_undo_of(plan.id))) == [StepOutcome.DONE]
    assert env.tags() == before


def test_an_unreachable_registry_stops_the_plan(env: RetagEnv) -> None:
    with served(env.embedded) as url:
        registry = open_registry(Connection(endpoint_url=url))
        engine = Engine(registry, Journal(None), env.settings, rate_limiter=env.rate_limiter)
        plan = engine.plan([TagChange(REPOSITORY, "two", env.one), TagChange(REPOSITORY, "new", env.one)])
        registry.location()
    report = engine.apply(plan, on_conflict=OnConflict.CONTINUE)
    assert outcomes(report) == [StepOutcome.FAILED, StepOutcome.SKIPPED]
    assert "nothing was sent" in report.results[0].message
    assert env.tags()["two"] == env.two


def test_read_only_is_unlocked_for_some_time(env: RetagEnv) -> None:
    engine = env.new_engine(replace(env.settings, read_only=True, sources={"read_only": "settings.toml"}))
    change = [TagChange(REPOSITORY, "new", env.one)]
    engine.unlock(60)
    assert outcomes(engine.apply(engine.plan(change))) == [StepOutcome.DONE]
    late = engine.plan([TagChange(REPOSITORY, "late", env.one)])
    engine.unlock(0)
    with pytest.raises(Refused, match="read-only mode"):
        engine.apply(late)
    assert engine.plan([TagChange(REPOSITORY, "more", env.one)]).refused_steps


@pytest.mark.parametrize("late", ["time", "monotonic"], ids=["a clock that was set back", "a machine that slept"])
def test_an_unlock_ends_when_one_of_two_clocks_says_so(
    env: RetagEnv, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    engine = env.new_engine(replace(env.settings, read_only=True, sources={"read_only": "settings.toml"}))
    engine.unlock(60)
    assert not engine.read_only
    begun = {name: getattr(time, name)() for name in ("time", "monotonic")}
    for name, moment in begun.items():
        now = moment - 3600 if name == late else moment + 61
        monkeypatch.setattr(time, name, lambda now=now: now)
    assert (engine.read_only, engine.unlocked_until < time.time()) == (True, True)


@pytest.mark.parametrize("source", ["--read-only", "$ECRTUI_READ_ONLY"])
def test_a_flag_cannot_be_unlocked(env: RetagEnv, source: str) -> None:
    engine = env.new_engine(replace(env.settings, read_only=True, sources={"read_only": source}))
    with pytest.raises(Refused, match=re.escape(source)):
        engine.unlock(60)
    assert engine.read_only
