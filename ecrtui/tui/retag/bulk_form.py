"""The plan form for plans that stand in a table above it: it counts instead of listing."""

from __future__ import annotations

from collections import Counter

from textual.content import Content

from ecrtui.ecr import units
from ecrtui.retag.plan import OnConflict, Plan, Report, StepOutcome
from ecrtui.tui.bindings import bindings
from ecrtui.tui.retag import rendering as plan_text
from ecrtui.tui.retag.plan_form import Phase, PlanForm, PlanFormState

_GOOD = (StepOutcome.DONE, StepOutcome.ALREADY)


class BulkForm(PlanForm):
    """Asks for the last word, tells how far it is, can be stopped between two rows."""

    BINDINGS = bindings("bulk_form")

    def action_on_conflict(self) -> None:
        """What happens to the rest when a tag was moved by somebody else: stop, or go on."""
        if self.state.phase is Phase.EDIT:
            stops = self.on_conflict is OnConflict.STOP
            self.on_conflict = OnConflict.CONTINUE if stops else OnConflict.STOP
            self.watch_state(self.state)

    def action_close(self) -> None:
        """Esc during the write: no further row is begun."""
        if self.state.phase is Phase.WRITE:
            self.stopping = True
            self.watch_state(self.state)
        else:
            super().action_close()

    def plan_lines(self, plan: Plan) -> Content:
        counts = Counter(step.action for step in plan.steps)
        lines = [Content(", ").join([plan_text.counted(number, action) for action, number in counts.items()])]
        untagged = sum(step.becomes_untagged for step in plan.steps)
        if untagged:
            lines.append(plan_text.warning_line(f"{units.format_count(untagged, 'image')} would be left without a tag"))
        warnings = sum(len(step.warnings) for step in plan.steps)
        if warnings:
            lines.append(
                plan_text.warning_line(f"{units.format_count(warnings, 'warning')} in the rows (d shows a row)")
            )
        lines += [plan_text.warning_line(warning) for warning in plan.warnings]
        return Content("\n").join(lines)

    def report_lines(self, report: Report) -> Content:
        lines = [
            Content.assemble(plan_text.outcome_words(outcome), f"  {units.format_number(number)}")
            for outcome, number in report.counts.items()
        ]
        failed = next((result for result in report.results if result.outcome not in _GOOD and result.error), None)
        if failed is not None and failed.error is not None:
            lines += plan_text.error_lines(failed.error)
        lines += plan_text.after_lines(report)
        return Content("\n").join(lines)

    def keys(self, state: PlanFormState) -> str:
        if state.phase is Phase.WRITE:
            return "stopping after this row…" if self.stopping else "esc stops after this row"
        if state.phase is Phase.EDIT and state.plan is not None:
            word = "stop" if self.on_conflict is OnConflict.STOP else "go on"
            return f"enter apply · o on a conflict: {word} · esc back to the rows"
        return super().keys(state)
