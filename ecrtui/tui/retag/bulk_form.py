"""The plan form for a plan whose steps are in the table above it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from textual.content import Content

from ecrtui.ecr import units
from ecrtui.retag.plan import OnConflict, Plan, Report, StepOutcome
from ecrtui.tui.bindings import bindings, key_hint
from ecrtui.tui.fields_message import FieldsMessage
from ecrtui.tui.retag import rendering
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.retag.plan_form_state import Phase, PlanFormState, can_be_applied

_SUCCESSFUL = (StepOutcome.DONE, StepOutcome.ALREADY)


class BulkForm(PlanForm):
    """Shows counts instead of steps, and can stop the write between two rows."""

    BINDINGS = bindings("bulk_form")
    stops_after = "this row"

    def action_on_conflict(self) -> None:
        """Switch between stopping and continuing when someone else has moved a tag."""
        if self.state.phase is Phase.EDIT:
            stops = self.on_conflict is OnConflict.STOP
            self.on_conflict = OnConflict.CONTINUE if stops else OnConflict.STOP
            self.watch_state(self.state)

    class RemovalRequested(FieldsMessage):
        """The user wants to remove every refused row."""

        form: BulkForm

    def action_remove_refused(self) -> None:
        """Remove every refused row from the plan."""
        state = self.state
        if state.phase is Phase.EDIT and state.plan is not None and state.plan.refused_steps:
            self.state = replace(state, planning=True, problem="")
            self.post_message(self.RemovalRequested(self))

    def refused_hint(self, plan: Plan) -> str:
        removes = key_hint(self, "bulk_form.remove_refused", f"removes {_refused_rows(plan)}")
        return f"{removes}." if removes else ""

    def plan_lines(self, plan: Plan) -> Content:
        lines = [rendering.action_counts(plan.steps)]
        repositories = {step.repository for step in plan.steps}
        if len(repositories) > 1:
            lines[0] += f" in {units.format_count(len(repositories), 'repository', 'repositories')}"
        untagged = sum(step.becomes_untagged for step in plan.steps)
        if untagged:
            lines.append(rendering.warning_line(f"leaves {units.format_count(untagged, 'image')} untagged"))
        if warnings := len({(step.repository, warning) for step in plan.steps for warning in step.warnings}):
            hint = key_hint(self, "list.describe", "on a row shows its warnings")
            words = units.format_count(warnings, "warning") + (f" ({hint})" if hint else "")
            lines.append(rendering.warning_line(words))
        lines += [rendering.warning_line(warning) for warning in plan.warnings]
        return Content("\n").join(lines)

    def report_lines(self, report: Report) -> Content:
        lines = rendering.outcome_counts(report)
        errors = (result.error for result in report.results if result.outcome not in _SUCCESSFUL)
        first_error = next((error for error in errors if error is not None), None)
        if first_error is not None:
            lines += rendering.error_lines(first_error)
        lines += rendering.verification_lines(report)
        lines += [rendering.warning_line(warning) for warning in report.plan.warnings]
        return Content("\n").join(lines)

    def keys(self, state: PlanFormState) -> Iterable[tuple[str, str]]:
        if state.phase is not Phase.EDIT or state.plan is None:
            yield from super().keys(state)
            return
        if can_be_applied(state.plan):
            yield "plan_form.submit", "apply"
        if state.plan.refused_steps:
            yield "bulk_form.remove_refused", f"remove {_refused_rows(state.plan)}"
        yield "bulk_form.on_conflict", f"on conflict: {self.on_conflict.value}"
        yield "plan_form.close", "back to the rows"


def _refused_rows(plan: Plan) -> str:
    """Return "the 1 refused row" or "the 3 refused rows"."""
    return f"the {units.format_count(len(plan.refused_steps), 'refused row')}"
