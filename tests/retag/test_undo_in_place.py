"""The newest write of an image, its undo and its redo."""

from __future__ import annotations

import pytest

from ecrtui.errors import UsageError
from ecrtui.retag.plan import Plan, StepAction, StepOutcome
from ecrtui.retag.write_history import WriteTarget
from tests.support.retag_env import REPOSITORY, RetagEnv


def undo(env: RetagEnv, image: WriteTarget) -> Plan:
    plan = env.engine.plan_undo(env.engine.history.newest_write(image))
    env.engine.apply(plan)
    return plan


def redo(env: RetagEnv, image: WriteTarget) -> Plan:
    plan = env.engine.plan_undo(env.engine.history.newest_undo(image))
    env.engine.apply(plan)
    return plan


def test_undo_and_redo_go_through_the_writes_of_an_image_one_by_one(env: RetagEnv) -> None:
    image = WriteTarget(REPOSITORY, env.one)
    states = [env.tags()]
    for tag in ("a", "two", "b"):  # "two" moves here from another image
        env.retag((tag, env.one))
        states.append(env.tags())
    env.retag(("elsewhere", env.three))
    elsewhere = {"elsewhere": env.three}
    for state in reversed(states[:-1]):
        assert undo(env, image).kind == "undo"
        assert env.tags() == state | elsewhere
    with pytest.raises(UsageError, match="nothing to undo here"):
        env.engine.history.newest_write(image)
    for state in states[1:]:
        assert redo(env, image).kind == "redo"
        assert env.tags() == state | elsewhere
    with pytest.raises(UsageError, match="nothing to redo here"):
        env.engine.history.newest_undo(image)
    undo(env, image)
    assert env.tags() == states[-2] | elsewhere


def test_the_writes_of_one_plan_at_an_image_are_undone_together(env: RetagEnv) -> None:
    before = env.tags()
    env.engine.apply(env.engine.plan_swap(REPOSITORY, "one", "two"))
    assert {step.tag for step in undo(env, WriteTarget(REPOSITORY, env.one)).steps} == {"one", "two"}
    assert env.tags() == before
    env.retag(("x", env.one), ("y", env.two))
    assert [step.tag for step in undo(env, WriteTarget(REPOSITORY, env.two)).steps] == ["y"]
    assert env.tags() == before | {"x": env.one}


def test_the_image_that_lost_a_tag_gets_it_back(env: RetagEnv) -> None:
    image = WriteTarget(REPOSITORY, env.two)
    env.retag(("two", env.one))
    env.retag(("other", env.three))
    (step,) = undo(env, image).steps
    assert (step.tag, step.after, env.tags()["two"]) == ("two", env.two, env.two)
    redo(env, image)
    assert env.tags()["two"] == env.one


def test_the_undo_in_place_is_guarded_and_a_reverted_plan_has_no_second_undo(env: RetagEnv) -> None:
    env.retag(("two", env.one))
    env.tag("two", env.three)
    (step,) = env.engine.plan_undo(env.engine.history.newest_write(WriteTarget(REPOSITORY, env.one))).steps
    assert step.conflict
    assert "expected the tag to point to" in step.reason


def test_an_unknown_write_is_resolved_before_it_is_undone(env: RetagEnv) -> None:
    env.embedded.faults.add("PutImage:drop-after")
    env.embedded.faults.before("PutImage", lambda: env.embedded.faults.add("DescribeImages:unavailable"))
    assert [result.outcome for result in env.retag(("two", env.one)).results] == [StepOutcome.UNKNOWN]
    env.embedded.faults.clear()
    undo(env, WriteTarget(REPOSITORY, env.one))
    assert env.tags()["two"] == env.two


def test_planning_an_undo_again_keeps_what_the_journal_refuses(env: RetagEnv) -> None:
    report = env.retag(("two", env.one), ("one", env.three))
    env.engine.apply(env.engine.plan_undo(env.engine.history.newest_write(WriteTarget(REPOSITORY, env.two))))
    plan = env.engine.plan_undo_of(report.plan.id)
    again = env.engine.plan_again(plan.without({(REPOSITORY, "one")}))
    assert [(step.tag, step.action) for step in again.steps] == [("two", StepAction.REFUSED)]
    assert again.steps[0].reason == plan.steps[-1].reason
    assert [step.tag for step in again.excluded] == ["one"]
    assert (again.kind, again.undoes) == ("undo", report.plan.id)
