"""The engine on the embedded registry: what it promises, and what it says when it cannot keep it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ecrtui.ecr.digest import digest_of
from ecrtui.errors import NotFound, Refused, UsageError
from ecrtui.retag.engine import Engine
from ecrtui.retag.journal.store import Journal
from ecrtui.retag.plan import OnConflict, StepAction, StepOutcome, TagChange
from ecrtui.settings import Connection, Settings
from ecrtui.wiring import open_registry
from tests.support.embedded import create_repository, push_image, push_index, served, tags_of
from tests.support.house import REPOSITORY, House


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # faults are seen at once, not after the SDK's own retries
    return House()


def outcomes(report) -> list[StepOutcome]:
    return [result.outcome for result in report.results]


def test_a_plan_tells_create_move_already_there_and_refused(house: House) -> None:
    plan = house.plan(("new", house.one), ("two", house.one), ("one", house.one), ("-x", house.one))
    assert [step.action for step in plan.steps] == [
        StepAction.CREATE,
        StepAction.MOVE,
        StepAction.ALREADY,
        StepAction.REFUSED,
    ]
    moved = plan.steps[1]
    assert (moved.before, moved.after) == (house.two, house.one)
    assert moved.becomes_untagged
    assert "cannot start" in plan.steps[3].reason


def test_planning_with_a_survey_takes_two_calls_for_a_tag(house: House) -> None:
    survey = house.engine.repository_context(REPOSITORY)
    house.embedded.calls.clear()
    house.plan(("prod", house.one), surveys={REPOSITORY: survey})
    assert house.embedded.calls.total() <= 2


def test_applying_puts_each_tag_where_the_plan_says_and_gives_what_ecr_answered(house: House) -> None:
    report = house.retag(("new", house.one), ("two", house.one))
    assert outcomes(report) == [StepOutcome.DONE, StepOutcome.DONE]
    assert house.tags() == {"new": house.one, "two": house.one, "one": house.one, "three": house.three}
    answer = report.results[0].result
    assert answer is not None
    assert (answer.digest, answer.tag, digest_of(answer.manifest)) == (house.one, "new", house.one)
    assert report.drifted == ()


def test_what_is_there_already_is_not_sent_again(house: House) -> None:
    report = house.retag(("one", house.one))
    assert outcomes(report) == [StepOutcome.ALREADY]
    assert house.embedded.calls["PutImage"] == 0
    assert house.engine.history() == ()


def test_a_tag_that_moved_between_plan_and_write_is_a_conflict_with_both_digests(house: House) -> None:
    plan = house.plan(("two", house.one))
    house.tag("two", house.three)
    report = house.engine.apply(plan)
    (result,) = report.results
    assert result.outcome is StepOutcome.CONFLICT
    assert result.found == house.three
    assert house.two[7:19] in result.message and house.three[7:19] in result.message
    assert house.tags()["two"] == house.three


def test_a_tag_that_appeared_between_plan_and_write_is_a_conflict(house: House) -> None:
    plan = house.plan(("new", house.one))
    house.tag("new", house.three)
    assert outcomes(house.engine.apply(plan)) == [StepOutcome.CONFLICT]
    assert house.tags()["new"] == house.three


def test_a_conflict_names_who_moved_the_tag_if_the_journal_knows(house: House) -> None:
    plan = house.plan(("two", house.one))
    house.retag(("two", house.three))
    (result,) = house.engine.apply(plan).results
    assert house.registry.identity() in result.message


def test_the_rest_of_a_plan_stops_at_a_conflict_or_goes_on_as_chosen(house: House) -> None:
    plan = house.plan(("one", house.two), ("two", house.one), ("new", house.one))
    house.tag("one", house.three)
    stopped = house.engine.apply(plan)
    assert outcomes(stopped) == [StepOutcome.CONFLICT, StepOutcome.SKIPPED, StepOutcome.SKIPPED]
    went_on = house.engine.apply(plan, on_conflict=OnConflict.CONTINUE)
    assert outcomes(went_on) == [StepOutcome.CONFLICT, StepOutcome.DONE, StepOutcome.DONE]


def test_a_stop_is_honoured_between_steps(house: House) -> None:
    plan = house.plan(("a", house.one), ("b", house.one), ("c", house.one))
    seen = []
    report = house.engine.apply(
        plan, on_result=lambda result, progress: seen.append(progress.done), stop=lambda: bool(seen)
    )
    assert outcomes(report) == [StepOutcome.DONE, StepOutcome.SKIPPED, StepOutcome.SKIPPED]
    assert seen == [1, 2, 3]


def test_the_manifest_is_sent_byte_for_byte_even_without_a_media_type_of_its_own(house: House) -> None:
    odd = push_image(house.client, REPOSITORY, "ü\u2028", "odd", media_type=None, indent=7)
    assert outcomes(house.retag(("even", odd.digest))) == [StepOutcome.DONE]
    assert house.registry.manifest(REPOSITORY, house.tags()["even"]).text == odd.manifest


def test_an_immutable_tag_is_refused_and_the_deciding_filter_named(house: House) -> None:
    create_repository(house.client, "team/frozen", "IMMUTABLE_WITH_EXCLUSION", ["latest*"])
    image = push_image(house.client, "team/frozen", "a", "v1").digest
    other = push_image(house.client, "team/frozen", "b", "latest-b").digest
    plan = house.engine.plan([TagChange("team/frozen", "v1", other), TagChange("team/frozen", "latest-b", image)])
    assert [step.action for step in plan.steps] == [StepAction.REFUSED, StepAction.MOVE]
    assert "no exclusion filter matches" in plan.steps[0].reason


def test_a_setting_that_turned_immutable_after_the_plan_is_told_in_the_services_words(house: House) -> None:
    plan = house.plan(("two", house.one))
    house.client.put_image_tag_mutability(repositoryName=REPOSITORY, imageTagMutability="IMMUTABLE")
    (result,) = house.engine.apply(plan).results
    assert result.outcome is StepOutcome.REFUSED
    assert "cannot be overwritten because the repository is immutable" in result.message
    assert house.engine.history()[0].outcome is StepOutcome.REFUSED


def test_read_only_is_refused_at_the_engine(house: House) -> None:
    plan = house.plan(("new", house.one))
    closed = house.new_engine(replace(house.settings, read_only=True))
    with pytest.raises(Refused, match="read-only"):
        closed.apply(plan)
    assert [step.action for step in closed.plan(plan.changes).steps] == [StepAction.REFUSED]
    assert house.embedded.calls["PutImage"] == 0


def test_a_protected_tag_needs_to_be_confirmed(house: House) -> None:
    careful = house.new_engine(Settings(writes_per_second=float("inf")))
    plan = careful.plan([TagChange(REPOSITORY, "prod-eu", house.one), TagChange(REPOSITORY, "fine", house.one)])
    assert plan.protected_tags == ("prod-eu",)
    assert outcomes(careful.apply(plan, on_conflict=OnConflict.CONTINUE)) == [StepOutcome.REFUSED, StepOutcome.DONE]
    assert outcomes(careful.apply(plan, allow_protected=["prod-eu"])) == [StepOutcome.DONE, StepOutcome.ALREADY]


def test_an_archived_source_is_refused(house: House) -> None:
    house.client.update_image_storage_class(
        repositoryName=REPOSITORY, imageId={"imageDigest": house.one}, targetStorageClass="ARCHIVE"
    )
    (step,) = house.plan(("new", house.one)).steps
    assert step.action is StepAction.REFUSED
    assert "restore it first" in step.reason


def test_a_digest_that_is_not_in_the_repository_is_refused(house: House) -> None:
    (step,) = house.plan(("new", digest_of("nothing"))).steps
    assert "there is no image" in step.reason


def test_an_expectation_that_is_not_met_is_a_conflict_in_the_plan(house: House) -> None:
    plan = house.engine.plan([TagChange(REPOSITORY, "two", house.one, expect=house.three)])
    assert plan.steps[0].conflict
    assert outcomes(house.engine.apply(plan)) == [StepOutcome.CONFLICT]


def test_a_conflict_stays_one_when_the_rows_are_planned_again(house: House) -> None:
    plan = house.engine.plan([TagChange(REPOSITORY, "two", house.one, expect=house.three)])
    again = house.engine.plan(plan.changes)
    assert again.steps[0].conflict
    assert house.engine.plan(again.changes).steps[0].expected == house.three


def test_no_manifest_is_read_for_a_plan_where_a_rule_goes_by_pulls(house: House) -> None:
    index = push_index(house.client, REPOSITORY, tag="multi")
    lifecycle(house, {"tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 7})
    house.embedded.calls.clear()
    child = json.loads(index.manifest)["manifests"][0]["digest"]
    (step,) = house.plan(("multi", child), thorough=True).steps
    assert house.embedded.calls["BatchGetImage"] == 0
    assert any("the tag is at an index now" in warning for warning in step.warnings)


# The write, and replies that get lost


@pytest.mark.parametrize("fault", ["PutImage:drop-after:times=1", "PutImage:cut:times=1"])
def test_a_lost_reply_is_read_back_and_told_as_done(house: House, fault: str) -> None:
    house.embedded.faults.add(fault)
    report = house.retag(("two", house.one))
    assert outcomes(report) == [StepOutcome.DONE]
    assert "tag is as it should be" in report.results[0].message
    assert house.engine.history()[0].outcome is StepOutcome.DONE


def test_a_connection_dropped_before_the_write_is_told_as_not_applied(house: House) -> None:
    house.embedded.faults.add("PutImage:drop-before")
    report = house.retag(("two", house.one))
    assert outcomes(report) == [StepOutcome.FAILED]
    assert "was not applied" in report.results[0].message
    assert house.tags()["two"] == house.two


def test_what_cannot_be_read_back_is_unknown_and_found_out_later(house: House) -> None:
    plan = house.plan(("two", house.one), ("new", house.one))
    house.embedded.faults.add("PutImage:drop-after")
    drop_reads = house.embedded.faults.add("DescribeImages:drop-before")
    report = house.engine.apply(plan)
    assert outcomes(report) == [StepOutcome.UNKNOWN, StepOutcome.SKIPPED]
    assert [entry.tag for entry in house.engine.unknown()] == ["two"]
    house.embedded.faults.remove(drop_reads)
    (entry,) = house.engine.resolve_unknown()
    assert entry.outcome is StepOutcome.DONE
    assert house.engine.unknown() == ()


def test_throttled_writes_are_sent_again_and_no_error_is_shown(house: House) -> None:
    house.embedded.faults.add("PutImage:throttle:times=3")
    assert outcomes(house.retag(("two", house.one))) == [StepOutcome.DONE]


def test_a_tag_that_moves_while_a_write_is_throttled_is_not_overwritten(house: House) -> None:
    plan = house.plan(("two", house.one))
    house.embedded.faults.add("PutImage:throttle:times=1")
    moved = []

    def move_once(seconds: float) -> None:
        if not moved:
            moved.append(seconds)
            house.tag("two", house.three)

    house.pace._sleep = move_once
    assert outcomes(house.engine.apply(plan)) == [StepOutcome.CONFLICT]
    assert house.tags()["two"] == house.three


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExpiredTokenException"])
def test_an_error_of_the_service_is_told_in_its_words(house: House, code: str) -> None:
    house.embedded.faults.add(f"PutImage:error:code={code}")
    (result,) = house.retag(("two", house.one)).results
    assert result.outcome is StepOutcome.FAILED
    assert result.error is not None and result.error.code == code


def test_expired_credentials_end_a_plan_whatever_was_chosen(house: House) -> None:
    house.embedded.faults.add("PutImage:error:code=ExpiredTokenException")
    report = house.retag(("two", house.one), ("new", house.one), on_conflict=OnConflict.CONTINUE)
    assert outcomes(report) == [StepOutcome.FAILED, StepOutcome.SKIPPED]


def test_a_tag_that_is_elsewhere_after_the_last_step_is_told(house: House) -> None:
    plan = house.plan(("two", house.one))
    report = house.engine.apply(plan, on_result=lambda result, progress: house.tag("two", house.three))
    assert outcomes(report) == [StepOutcome.DONE]
    assert [(row.step.tag, row.found) for row in report.drifted] == [("two", house.three)]


def test_tags_that_cannot_be_read_back_are_told_as_unverified(house: House) -> None:
    plan = house.plan(("two", house.one))
    report = house.engine.apply(
        plan, on_result=lambda result, progress: house.embedded.faults.add("DescribeImages:drop-before")
    )
    assert outcomes(report) == [StepOutcome.DONE]
    assert report.unverified is not None


# Undo


def test_undoing_a_plan_restores_every_tag_and_the_undo_can_be_undone(house: House) -> None:
    before = house.tags()
    report = house.retag(("two", house.one), ("one", house.three), ("new", house.two))
    after = house.tags()
    undo = house.engine.undo_plan(report.plan.id)
    assert outcomes(house.engine.apply(undo)) == [StepOutcome.DONE] * 3
    assert house.tags() == before
    assert outcomes(house.engine.apply(house.engine.undo_plan(undo.id))) == [StepOutcome.DONE] * 3
    assert house.tags() == after


def test_a_created_tag_that_became_the_last_of_its_image_is_not_removed(house: House) -> None:
    report = house.retag(("new", house.one))
    house.untag("one")
    (step,) = house.engine.undo_plan(report.plan.id).steps
    assert step.action is StepAction.REFUSED
    assert "last tag" in step.reason


def test_a_tag_that_somebody_moved_since_is_not_undone(house: House) -> None:
    report = house.retag(("two", house.one))
    house.tag("two", house.three)
    undo = house.engine.undo_plan(report.plan.id)
    assert undo.steps[0].conflict
    house.engine.apply(undo)
    assert house.tags()["two"] == house.three


def test_what_was_undone_cannot_be_undone_twice(house: House) -> None:
    report = house.retag(("two", house.one))
    house.engine.apply(house.engine.undo_plan(report.plan.id))
    (step,) = house.engine.undo_plan(report.plan.id).steps
    assert "already" in step.reason


def test_an_image_that_is_gone_is_put_back_from_the_journal(house: House) -> None:
    manifest = house.registry.manifest(REPOSITORY, house.two).text
    report = house.retag(("two", house.one))
    house.client.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": house.two}])
    undo = house.engine.undo_plan(report.plan.id)
    assert undo.steps[0].restores
    assert outcomes(house.engine.apply(undo)) == [StepOutcome.DONE]
    assert house.registry.manifest(REPOSITORY, house.tags()["two"]).text == manifest


def test_an_index_whose_images_are_gone_too_is_told_with_what_is_missing(house: House) -> None:
    index = push_index(house.client, REPOSITORY, tag="multi")
    children = [entry["digest"] for entry in json.loads(index.manifest)["manifests"]]
    report = house.retag(("multi", house.one))
    for digest in (index.digest, *children):
        house.client.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": digest}])
    (result,) = house.engine.apply(house.engine.undo_plan(report.plan.id)).results
    assert result.outcome is StepOutcome.FAILED
    assert "cannot be put back" in result.message
    assert all(digest in result.message for digest in children)
    assert house.tags()["multi"] == house.one


def test_the_last_plan_is_the_newest_that_was_not_taken_back(house: House) -> None:
    first = house.retag(("two", house.one)).plan
    second = house.retag(("new", house.one)).plan
    assert house.engine.last_plan() == second.id
    house.engine.apply(house.engine.undo_plan(second.id))
    assert house.engine.last_plan() == first.id
    house.engine.apply(house.engine.undo_plan(first.id))
    with pytest.raises(UsageError, match="nothing to undo"):
        house.engine.last_plan()


# Untag


def test_untag_removes_a_tag_and_keeps_the_image(house: House) -> None:
    house.tag("extra", house.one)
    assert outcomes(house.engine.apply(house.engine.untag(REPOSITORY, ["extra"]))) == [StepOutcome.DONE]
    assert "extra" not in house.tags()


def test_the_last_tag_of_an_image_stays(house: House) -> None:
    plan = house.engine.untag(REPOSITORY, ["one"])
    assert plan.steps[0].action is StepAction.REFUSED
    house.tag("extra", house.one)
    both = house.engine.untag(REPOSITORY, ["one", "extra"])
    assert [step.action for step in both.steps] == [StepAction.REMOVE, StepAction.REFUSED]


def test_a_tag_that_became_the_last_one_since_the_plan_is_not_removed(house: House) -> None:
    house.tag("extra", house.one)
    plan = house.engine.untag(REPOSITORY, ["extra"])
    house.untag("one")
    assert outcomes(house.engine.apply(plan)) == [StepOutcome.REFUSED]
    assert house.tags()["extra"] == house.one


def test_an_image_that_ecr_deleted_because_of_a_race_is_put_back(house: House) -> None:
    house.tag("extra", house.one)
    plan = house.engine.untag(REPOSITORY, ["extra"])
    house.embedded.faults.before("BatchDeleteImage", lambda: house.untag("one"), times=1)
    (result,) = house.engine.apply(plan).results
    assert result.outcome is StepOutcome.CONFLICT
    assert "put back" in result.message
    assert house.tags()["extra"] == house.one
    assert [entry.outcome for entry in house.engine.history()] == [StepOutcome.DONE, StepOutcome.CONFLICT]


def test_an_image_may_get_another_tag_and_lose_one_in_the_same_plan(house: House) -> None:
    plan = house.engine.plan([TagChange(REPOSITORY, "one", ""), TagChange(REPOSITORY, "kept", house.one)])
    assert outcomes(house.engine.apply(plan)) == [StepOutcome.DONE, StepOutcome.DONE]
    assert house.tags()["kept"] == house.one
    assert "one" not in house.tags()


# Plans of many


def test_a_swap_is_two_moves_or_none(house: House) -> None:
    assert outcomes(house.engine.apply(house.engine.swap(REPOSITORY, "one", "two"))) == [
        StepOutcome.DONE,
        StepOutcome.DONE,
    ]
    assert (house.tags()["one"], house.tags()["two"]) == (house.two, house.one)
    house.client.put_image_tag_mutability(
        repositoryName=REPOSITORY,
        imageTagMutability="MUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "one"}],
    )
    plan = house.engine.swap(REPOSITORY, "one", "two")
    assert {step.action for step in plan.steps} == {StepAction.REFUSED}
    with pytest.raises(NotFound):
        house.engine.swap(REPOSITORY, "one", "nothing")


def test_all_tags_of_an_image_go_to_another(house: House) -> None:
    house.tag("extra", house.one)
    house.engine.apply(house.engine.copy_tags(REPOSITORY, house.one, house.two))
    assert house.tags() == {"one": house.two, "extra": house.two, "two": house.two, "three": house.three}


def test_a_release_is_cut_across_repositories(house: House) -> None:
    create_repository(house.client, "team/other")
    other = push_image(house.client, "team/other", "x", "one").digest
    create_repository(house.client, "team/none")
    plan = house.engine.tag_in_repositories([REPOSITORY, "team/other", "team/none"], "one", "release")
    assert plan.warnings == ("team/none has no tag one",)
    house.engine.apply(plan)
    assert house.tags()["release"] == house.one
    assert tags_of(house.client, "team/other")["release"] == other


def test_a_rule_makes_tags_of_tags(house: House) -> None:
    images = [image for page in house.registry.images(REPOSITORY) for image in page.items]
    house.engine.apply(house.engine.rename(REPOSITORY, images, "{tag}-rel"))
    assert house.tags()["one-rel"] == house.one
    assert house.tags()["three-rel"] == house.three


def test_more_tags_than_lanes_are_all_written_and_counted(house: House) -> None:
    seen = []
    wishes = [(f"t{number}", house.one) for number in range(120)]
    report = house.retag(*wishes, on_result=lambda result, progress: seen.append(progress.done))
    assert outcomes(report) == [StepOutcome.DONE] * 120
    assert [result.step.tag for result in report.results] == [tag for tag, _ in wishes]
    assert sorted(seen) == list(range(1, 121))
    assert len(house.engine.history(plan=report.plan.id)) == 120


def test_the_1001st_tag_of_an_image_is_refused_in_the_plan(house: House) -> None:
    plan = house.plan(*[(f"t{number}", house.one) for number in range(1001)])
    assert [step.action for step in plan.steps[998:]] == [StepAction.CREATE, StepAction.REFUSED, StepAction.REFUSED]


# Resume


def test_a_plan_that_was_stopped_goes_on_where_it_was(house: House) -> None:
    plan = house.plan(("a", house.one), ("two", house.one), ("c", house.one))
    seen = []
    house.engine.apply(plan, on_result=lambda result, progress: seen.append(1), stop=lambda: bool(seen))
    rest = house.engine.resume(plan.id)
    assert [step.action for step in rest.steps] == [StepAction.ALREADY, StepAction.MOVE, StepAction.CREATE]
    assert outcomes(house.engine.apply(rest)) == [StepOutcome.ALREADY, StepOutcome.DONE, StepOutcome.DONE]
    assert {entry.tag for entry in house.engine.history(plan=plan.id)} == {"a", "two", "c"}


def test_a_step_that_was_done_is_not_repeated_though_somebody_moved_the_tag_since(house: House) -> None:
    plan = house.plan(("two", house.one), ("new", house.one))
    seen = []
    house.engine.apply(plan, on_result=lambda result, progress: seen.append(1), stop=lambda: bool(seen))
    house.tag("two", house.three)
    report = house.engine.apply(house.engine.resume(plan.id))
    assert outcomes(report) == [StepOutcome.ALREADY, StepOutcome.DONE]
    assert house.tags()["two"] == house.three


def test_a_step_that_was_not_done_is_guarded_by_what_the_plan_saw(house: House) -> None:
    plan = house.plan(("a", house.one), ("two", house.one))
    seen = []
    house.engine.apply(plan, on_result=lambda result, progress: seen.append(1), stop=lambda: bool(seen))
    house.tag("two", house.three)
    assert outcomes(house.engine.apply(house.engine.resume(plan.id))) == [StepOutcome.ALREADY, StepOutcome.CONFLICT]


def test_a_plan_that_nobody_knows_cannot_be_resumed_or_undone(house: House) -> None:
    with pytest.raises(UsageError, match="no plan"):
        house.engine.resume("nothing")
    with pytest.raises(UsageError, match="no writes"):
        house.engine.undo_plan("nothing")


# Warnings


def test_one_platform_in_place_of_an_index_is_warned_of(house: House) -> None:
    index = push_index(house.client, REPOSITORY, tag="multi")
    child = json.loads(index.manifest)["manifests"][0]["digest"]
    (moved,) = house.plan(("multi", child)).steps
    assert any("linux/amd64 alone" in warning and "linux/arm64 would be gone" in warning for warning in moved.warnings)
    (single,) = house.plan(("multi", house.one)).steps
    assert any("single image" in warning for warning in single.warnings)
    (elsewhere,) = house.plan(("other", child), thorough=True).steps
    assert any("index tagged multi has all platforms" in warning for warning in elsewhere.warnings)
    (whole,) = house.plan(("other", index.digest), thorough=True).steps
    assert whole.warnings == ()


def lifecycle(house: House, *rules: dict[str, object]) -> None:
    text = json.dumps(
        {
            "rules": [
                {"rulePriority": number, "selection": rule, "action": {"type": "expire"}}
                for number, rule in enumerate(rules, 1)
            ]
        }
    )
    house.client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=text)


def test_the_rule_that_would_expire_the_old_image_is_told(house: House) -> None:
    lifecycle(house, {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7})
    (step,) = house.plan(("two", house.one)).steps
    assert step.becomes_untagged
    (warning,) = step.warnings
    assert warning.startswith("lifecycle rule 1 expires untagged images 7 days after their push: the old image")


def test_the_rule_that_counts_is_told_exactly_when_all_images_are_known(house: House) -> None:
    rule = {
        "tagStatus": "tagged",
        "tagPatternList": ["old-*"],
        "countType": "imageCountMoreThan",
        "countNumber": 1,
    }
    lifecycle(house, rule)
    house.tag("old-three", house.three)
    (vague,) = house.plan(("old-one", house.one)).steps
    assert any("was not looked up" in note for note in vague.notes)
    (exact,) = house.plan(("old-one", house.one), thorough=True).steps
    assert any("this image" in warning and "does not renew" in warning for warning in exact.warnings)


def test_a_policy_that_may_not_be_read_is_told_and_stops_nothing(house: House) -> None:
    house.embedded.faults.add("GetLifecyclePolicy:error:code=AccessDeniedException")
    plan = house.plan(("two", house.one))
    assert "lifecycle policy could not be read" in plan.warnings[0]
    assert outcomes(house.engine.apply(plan)) == [StepOutcome.DONE]


def test_a_plan_that_was_undone_and_done_again_can_be_undone_again(house: House) -> None:
    before = house.tags()
    plan = house.retag(("two", house.one)).plan
    undo = house.engine.undo_plan(plan.id)
    house.engine.apply(undo)
    house.engine.apply(house.engine.undo_plan(undo.id))
    assert house.tags()["two"] == house.one
    assert house.engine.last_plan() == plan.id
    assert outcomes(house.engine.apply(house.engine.undo_plan(plan.id))) == [StepOutcome.DONE]
    assert house.tags() == before


def test_a_registry_that_is_gone_ends_the_plan_and_nothing_is_told_as_done(house: House) -> None:
    with served(house.embedded) as url:
        registry = open_registry(Connection(endpoint_url=url))
        engine = Engine(registry, Journal(None), house.settings, pace=house.pace)
        plan = engine.plan([TagChange(REPOSITORY, "two", house.one), TagChange(REPOSITORY, "new", house.one)])
        registry.location()
    report = engine.apply(plan, on_conflict=OnConflict.CONTINUE)
    assert outcomes(report) == [StepOutcome.FAILED, StepOutcome.SKIPPED]
    assert "nothing was sent" in report.results[0].message
    assert house.tags()["two"] == house.two
