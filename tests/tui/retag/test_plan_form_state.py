"""What a plan form shows."""

from __future__ import annotations

import pytest

from ecrtui.retag.plan import Plan, Step, StepAction
from ecrtui.tui.retag.plan_form_state import Phase, PlanFormState

DIGEST = "sha256:" + "a" * 64
STEPS = tuple(Step("team/app", tag, StepAction.CREATE, after=DIGEST) for tag in ("one", "two"))
UNCHANGED = Step("team/app", "three", StepAction.ALREADY, DIGEST, DIGEST)


@pytest.mark.parametrize(
    ("state", "awaits"),
    [
        (PlanFormState(planning=True), True),
        (PlanFormState(planning=True, tags=("one",)), False),
        (PlanFormState(Phase.CONFIRM, plan=Plan("p", STEPS[:1])), False),
        (PlanFormState(Phase.WRITE, plan=Plan("p", (STEPS[0], UNCHANGED))), True),
        (PlanFormState(Phase.WRITE, plan=Plan("p", STEPS)), False),
        (PlanFormState(Phase.DONE, plan=Plan("p", STEPS[:1])), False),
    ],
)
def test_a_form_awaits_its_plan_and_the_result_of_a_single_write(state: PlanFormState, awaits: bool) -> None:
    assert state.awaits_answer is awaits
