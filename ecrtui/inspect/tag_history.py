"""The history of a tag, as far as the journal of this machine knows. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import StepOutcome


@dataclass(frozen=True, slots=True)
class TagMove:
    """A move of a tag.

    Args:
        to: the digest that the tag has had since; empty if the tag was removed.
        origin: the digest that it had before; empty if the tag was new. None if that is not known.
        when: seconds since the epoch; None if it is not known.
        by: who moved it; empty if it is not known.
        how: the request of the user, such as ``retag``; empty if it is not known.
        to_tags: the other tags of the new image.
        origin_tags: the other tags of the old image.
    """

    to: str
    origin: str | None = None
    when: float | None = None
    by: str = ""
    how: str = ""
    to_tags: tuple[str, ...] = ()
    origin_tags: tuple[str, ...] = ()


def tag_moves(entries: Iterable[JournalEntry], current: str) -> Sequence[TagMove]:
    """Return the moves of a tag, newest first. A move of someone else has digests only: the journal does not have it.

    Args:
        entries: the writes to the tag, newest first.
        current: the digest that the tag has now.
    """
    moves: list[TagMove] = []
    expected = current
    for entry in entries:
        if entry.outcome is not StepOutcome.DONE or entry.damaged:
            continue
        if entry.after != expected:  # someone else moved the tag between this write and the next one
            moves.append(TagMove(expected, entry.after, to_tags=(), origin_tags=entry.after_tags))
        moves.append(
            TagMove(
                entry.after,
                entry.before,
                entry.finished_at or entry.begun_at,
                entry.principal,
                entry.kind,
                entry.after_tags,
                entry.before_tags,
            )
        )
        expected = entry.before
    if expected:
        moves.append(TagMove(expected))
    return moves
