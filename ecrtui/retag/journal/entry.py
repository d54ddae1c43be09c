"""Entries of the journal."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.location import RegistryLocation
from ecrtui.retag.plan import REVERTING_KINDS, StepAction, StepOutcome


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A write that was started. A digest is "" where the tag did not exist; times are seconds since the epoch."""

    number: int
    plan: str
    kind: str
    """The request of the user: retag, untag, swap, copy tags, tag in all, put image, promote, undo, redo."""
    location: RegistryLocation
    principal: str
    """The ARN of the caller; empty if unknown."""
    repository: str
    tag: str
    action: StepAction | None
    """None only in a damaged entry."""
    before: str
    after: str
    media_type: str
    """The media type of the new image; for a removal, of the old one."""
    begun_at: float | None
    """None only in a damaged entry."""
    finished_at: float | None = None
    outcome: StepOutcome | None = None
    """None until the reply is known: the write is in flight or, if its process has ended, unknown."""
    in_flight: bool = False
    """True if a running process waits for the reply."""
    request_id: str = ""
    detail: str = ""
    undoes: int = 0
    """The number of the entry that this one undoes; 0 if none."""
    undone_by: int = 0
    """The number of the entry that undid this one; 0 if none."""
    before_tags: tuple[str, ...] = ()
    """The tags that the old image kept after the plan; empty if the plan does not say."""
    after_tags: tuple[str, ...] = ()
    """The other tags that the new image had after the plan; empty if the plan does not say."""
    unsent: int = 0
    """How many tags of its plan were never sent; 0 if the plan does not say."""
    damaged: bool = False
    """True if the row holds values that ecrtui does not write; the detail names them, and they are empty here."""

    @property
    def unknown(self) -> bool:
        """True if the outcome is not recorded and no process waits for it; reading the registry can resolve it."""
        return self.outcome is None and not self.in_flight and not self.damaged

    @property
    def corrects(self) -> bool:
        """True if the write put back at once what another write of the same plan had removed by accident."""
        return bool(self.undoes) and self.kind not in REVERTING_KINDS

    @property
    def can_be_undone(self) -> bool:
        """True if the write changed a tag, was not undone since, and did not correct another one."""
        is_in_effect = self.outcome is StepOutcome.DONE and not self.undone_by
        return is_in_effect and bool(self.tag) and not self.damaged and not self.corrects

    @property
    def resume_command(self) -> str:
        """The command that sends the tags of the plan that were never sent; empty if all were."""
        command = "promote" if self.kind == "promote" else "retag"
        return shlex.join(("ecrtui", command, "--resume", self.plan)) if self.unsent else ""

    @property
    def unsent_in_words(self) -> str:
        """How many tags of the plan were never sent, and the command that sends them; empty if all were."""
        tags = "1 tag of the plan was" if self.unsent == 1 else f"{self.unsent:,} tags of the plan were"
        return f"{tags} not sent; continue with: {self.resume_command}" if self.unsent else ""

    def with_plan_details(self, before: tuple[str, ...], after: tuple[str, ...], unsent: int) -> JournalEntry:
        """Return the entry with the other tags of the old and the new image, and how many tags were never sent."""
        return replace(self, before_tags=before, after_tags=after, unsent=unsent)

    def as_damaged(self, problem: str) -> JournalEntry:
        """Return the entry with the reason why it is damaged as its detail."""
        return replace(self, damaged=True, detail=f"entry {self.number} of the journal is damaged: {problem}")

    def __str__(self) -> str:
        old, new = short_digest(self.before) or "nothing", short_digest(self.after) or "nothing"
        return f"{self.repository}{f':{self.tag}' if self.tag else ''} {old} → {new} {self.outcome or 'unknown'}"
