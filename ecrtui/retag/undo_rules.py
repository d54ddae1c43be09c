"""Decide from the journal how to undo writes, resume plans and resolve unknown outcomes. No I/O."""

from __future__ import annotations

from collections.abc import Iterable

from ecrtui.ecr.digest import short_digest
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import Step, StepAction, StepOutcome, TagChange


def reverting_changes(entries: Iterable[JournalEntry]) -> tuple[TagChange, ...]:
    """Return the changes that undo these writes, newest first. Each expects the tag as the write left it."""
    newest_first = sorted(entries, key=lambda entry: entry.number, reverse=True)
    return tuple(
        TagChange(entry.repository, entry.tag, entry.before, expect=entry.after, undoes=entry.number)
        for entry in newest_first
        if entry.can_be_undone
    )


def undo_refusal(entry: JournalEntry) -> str:
    """Return why a write cannot be undone; an empty text if it can."""
    if entry.can_be_undone:
        return ""
    if entry.damaged:
        return entry.detail
    if entry.undone_by:
        return f"already undone by entry {entry.undone_by}"
    if entry.outcome is None:
        return "the write is in flight" if entry.in_flight else "its outcome is unknown; resolve it first"
    if entry.outcome is StepOutcome.DONE and entry.corrects:
        return f"it put back what entry {entry.undoes} had removed"
    if entry.outcome is StepOutcome.DONE:
        return "it stored an untagged image; undoing it would delete the image"
    return f"it changed nothing ({entry.outcome})"


def refused_undo_steps(entries: Iterable[JournalEntry]) -> tuple[Step, ...]:
    """Return a refused step, with the reason, for each write that cannot be undone."""
    return tuple(
        Step(
            repository=entry.repository,
            tag=entry.tag,
            action=StepAction.REFUSED,
            before=entry.after,
            after=entry.before,
            reason=undo_refusal(entry),
            undoes=entry.number,
            final=True,
        )
        for entry in entries
        if not entry.can_be_undone
    )


def already_done(step: Step, entries: Iterable[JournalEntry]) -> Step | None:
    """Return a finished step of an interrupted plan, as a step without a write; None if it still has to be done.

    A write that was undone has to be done again.

    Args:
        step: the step as it was first planned.
        entries: the journal entries of the plan.
    """
    if not step.writes:
        return step
    own = (entry for entry in entries if (entry.repository, entry.tag, entry.after) == (*step.key, step.after))
    done = next((entry for entry in own if entry.outcome is StepOutcome.DONE and not entry.undone_by), None)
    if done is None:
        return None
    return Step(
        repository=step.repository,
        tag=step.tag,
        action=StepAction.ALREADY,
        before=step.after,
        after=step.after,
        media_type=step.media_type,
        protected=step.protected,
        reason=f"already done by this plan (entry {done.number})",
        undoes=step.undoes,
    )


def infer_outcome(entry: JournalEntry, found: str, later: Iterable[JournalEntry]) -> tuple[StepOutcome, str]:
    """Return the outcome of an unfinished write, and the reason for it.

    Args:
        entry: the write.
        found: the current digest of its tag; "" if the tag does not exist.
        later: finished writes to the same tag. The first one after the entry read the tag just before it was sent,
            which is better evidence than the current state.
    """
    first = min((other for other in later if other.number > entry.number), key=lambda other: other.number, default=None)
    seen = first.before if first else found
    when = f"when entry {first.number} was sent" if first else "when it was checked"
    if seen == entry.after:
        return StepOutcome.DONE, f"applied: the tag was as requested {when}"
    if seen == entry.before:
        return StepOutcome.FAILED, f"not applied: the tag was unchanged {when}"
    state = f"pointed to {short_digest(seen)}" if seen else "did not exist"
    return StepOutcome.UNKNOWN, f"the tag {state} {when}; whether the write was applied before is not known"
