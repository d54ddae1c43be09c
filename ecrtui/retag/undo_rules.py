"""Taking writes back: from journal entries to wishes. No I/O."""

from __future__ import annotations

from collections.abc import Iterable

from ecrtui.ecr.digest import short_digest
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import Step, StepAction, StepOutcome, TagChange


def reverting_changes(entries: Iterable[JournalEntry]) -> tuple[TagChange, ...]:
    """What takes these writes back, newest first: each tag to where it was, if it is still where the write put it."""
    newest_first = sorted(entries, key=lambda entry: entry.number, reverse=True)
    return tuple(
        TagChange(entry.repository, entry.tag, entry.before, expect=entry.after, undoes=entry.number)
        for entry in newest_first
        if entry.can_be_undone
    )


def undo_refusal(entry: JournalEntry) -> str:
    """Why a write cannot be taken back; empty if it can."""
    if entry.can_be_undone:
        return ""
    if entry.undone_by:
        return f"entry {entry.undone_by} has taken it back already"
    if entry.outcome is None:
        return "it is in flight" if entry.in_flight else "what became of it is unknown: find that out first"
    if entry.outcome is StepOutcome.DONE:
        return "it stored an image without a tag, and taking that back would delete the image"
    return f"it changed nothing ({entry.outcome})"


def refused_steps(entries: Iterable[JournalEntry]) -> tuple[Step, ...]:
    """A step that says why, for each write that cannot be taken back."""
    return tuple(
        Step(
            repository=entry.repository,
            tag=entry.tag,
            action=StepAction.REFUSED,
            before=entry.after,
            after=entry.before,
            reason=undo_refusal(entry),
            undoes=entry.number,
        )
        for entry in entries
        if not entry.can_be_undone
    )


def already_done(step: Step, entries: Iterable[JournalEntry]) -> Step | None:
    """What to make of a step of a plan that was cut off; None if it still has to be done.

    Args:
        step: as it was first planned.
        entries: what the journal has of the plan.
    """
    if not step.writes:
        return step
    mine = (entry for entry in entries if (entry.repository, entry.tag, entry.after) == (*step.key, step.after))
    done = next((entry for entry in mine if entry.outcome is StepOutcome.DONE), None)
    return _already(step, f"this plan has done it, as entry {done.number}") if done else None


def _already(step: Step, reason: str) -> Step:
    return Step(
        repository=step.repository,
        tag=step.tag,
        action=StepAction.ALREADY,
        before=step.after,
        after=step.after,
        media_type=step.media_type,
        protected=step.protected,
        reason=reason,
        undoes=step.undoes,
    )


def infer_outcome(entry: JournalEntry, found: str, later: Iterable[JournalEntry]) -> tuple[StepOutcome, str]:
    """What became of a write that was begun and never finished.

    Args:
        entry: the write.
        found: the digest that its tag has now; "" if it does not exist.
        later: writes to the same tag that were begun after it and that went through. The oldest of them looked at the
            tag just before it was sent, which tells more than how things are now.
    """
    first = min((other for other in later if other.number > entry.number), key=lambda other: other.number, default=None)
    seen = first.before if first else found
    when = f"when entry {first.number} was sent" if first else "when it was looked up"
    if seen == entry.after:
        return StepOutcome.DONE, f"the tag was where it was put, {when}"
    if seen == entry.before:
        return StepOutcome.FAILED, f"it was not applied: the tag was where it had been, {when}"
    place = f"at {short_digest(seen)}" if seen else "gone"
    return StepOutcome.UNKNOWN, f"the tag was {place}, {when}: whether it was applied before cannot be told"
