"""What was written: the journal's entries as values."""

from __future__ import annotations

from dataclasses import dataclass

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.location import RegistryLocation
from ecrtui.retag.plan import StepAction, StepOutcome


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One write that was begun. Digests are "" where the tag did not exist; times are seconds since the epoch."""

    number: int
    plan: str
    kind: str
    """What the user asked for when it was written: retag, untag, swap, copy tags, promote, put image, undo."""
    location: RegistryLocation
    principal: str
    """The ARN of the caller; empty if it could not be known."""
    repository: str
    tag: str
    action: StepAction
    before: str
    after: str
    media_type: str
    """The media type of the image that the tag was put at; of the one it was removed from on a removal."""
    begun_at: float
    finished_at: float | None = None
    outcome: StepOutcome | None = None
    """None from before the call until the answer is known: in flight, or, when its process is gone, unknown."""
    in_flight: bool = False
    """Whether a process that still runs is waiting for the answer."""
    request_id: str = ""
    detail: str = ""
    undoes: int = 0
    """The number of the entry that this one takes back; 0 if none."""
    undone_by: int = 0
    """The number of the entry that has taken this one back; 0 if none."""

    @property
    def unknown(self) -> bool:
        """Whether nobody knows, nor waits to hear, what became of it: reading the registry can tell."""
        return self.outcome is None and not self.in_flight

    @property
    def can_be_undone(self) -> bool:
        """Whether a tag was changed and that was not taken back since."""
        return self.outcome is StepOutcome.DONE and not self.undone_by and bool(self.tag)

    def __str__(self) -> str:
        old, new = short_digest(self.before) or "nothing", short_digest(self.after) or "nothing"
        return f"{self.repository}{f':{self.tag}' if self.tag else ''} {old} → {new} {self.outcome or 'unknown'}"
