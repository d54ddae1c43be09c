"""Query the journal for one registry, and resolve writes with unknown outcome."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ecrtui.ecr.location import RegistryLocation
from ecrtui.errors import ErrorKind, UsageError
from ecrtui.registry.protocol import Registry
from ecrtui.retag import undo_rules
from ecrtui.retag.current_digests import current_digests
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.journal.plan_details import with_plan_details
from ecrtui.retag.plan import Plan, StepOutcome

_DAMAGED = 100
"""Damaged entries that are passed over when the last write is looked for."""

_MAX_WRITES = 2_000
"""Writes of one image that are looked at: an image has at most 1,000 tags."""

_DAY = 24 * 3600.0

LIST_PLANS = "List the plans with: ecrtui history"
"""The next step for users of commands, if there is no such write."""

OTHER_REGISTRY_HINT = "Give the connection options of that registry."


@dataclass(frozen=True, slots=True)
class WriteTarget:
    """The image that a user looks at. Its writes are those that gave it a tag or took one from it."""

    repository: str
    digest: str

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest}"


class WriteHistory:
    """The writes to one registry."""

    def __init__(self, registry: Registry, journal: Journal) -> None:
        self._registry = registry
        self._journal = journal

    @cached_property
    def location(self) -> RegistryLocation:
        """The registry of these writes."""
        return self._registry.location()

    def search(
        self,
        repository: str = "",
        *,
        tags: Collection[str] | None = None,
        since: float | None = None,
        plan: str = "",
        limit: int | None = None,
    ) -> tuple[JournalEntry, ...]:
        """Return the writes that match, newest first, with what their plans say. Times: seconds since the epoch."""
        found = self._journal.entries(
            self.location, repository=repository, tags=tags, since=since, plan=plan, limit=limit
        )
        return with_plan_details(self._journal, found)

    def of_all_registries(self) -> tuple[JournalEntry, ...]:
        """Return the writes to all registries of the journal, as :meth:`search` does."""
        return with_plan_details(self._journal, self._journal.entries())

    def entries(self, numbers: Sequence[int]) -> tuple[JournalEntry, ...]:
        """Return the entries with these numbers; skip those that do not exist."""
        return self._journal.entries(self.location, numbers=numbers) if numbers else ()

    def entries_of_plan(self, plan_id: str) -> tuple[JournalEntry, ...]:
        """Return the writes of a plan, after resolving those with unknown outcome."""
        self.resolve_unknown(self._journal.entries(self.location, plan=plan_id, unfinished=True))
        return self.search(plan=plan_id)

    def saved_plan(self, plan_id: str) -> Plan:
        """Return a plan as it was first applied.

        Raises:
            UsageError: the journal has no such plan for this registry.
        """
        saved = self._journal.plan(plan_id)
        if saved is None:
            raise UsageError(f"The journal has no plan {plan_id!r}", command=LIST_PLANS, kind=ErrorKind.NO_WRITE)
        plan, location = saved
        if location != self.location:
            raise UsageError(
                f"Plan {plan_id} belongs to another registry",
                f"It is for {location.in_words}.",
                OTHER_REGISTRY_HINT,
            )
        return plan

    def last_undoable_plan(self) -> str:
        """Return the id of the newest plan with a write that was not undone since. Undo plans do not count.

        Raises:
            UsageError: there is none.
        """
        for entry in self._journal.entries(self.location, undoable=True, limit=_DAMAGED):
            if entry.can_be_undone:
                return entry.plan
        raise UsageError("There is nothing to undo in this registry", command=LIST_PLANS, kind=ErrorKind.NO_WRITE)

    def newest_write(self, target: WriteTarget) -> tuple[JournalEntry, ...]:
        """Return the newest writes that are not undone, of one plan. Resolve unknown ones first.

        Raises:
            UsageError: there is none.
        """
        self.resolve_unknown(self._at(target, unfinished=True))
        newest = next((entry for entry in self._at(target, undoable=True) if entry.can_be_undone), None)
        if newest is None:
            raise _nothing("undo", target, "no write here that is in effect")
        return tuple(entry for entry in self._at(target, plan=newest.plan, undoable=True) if entry.can_be_undone)

    def newest_undo(self, target: WriteTarget) -> tuple[JournalEntry, ...]:
        """Return the newest undos, of one plan; to undo them is to redo. Resolve unknown ones first.

        Raises:
            UsageError: there is none.
        """
        self.resolve_unknown(self._at(target, unfinished=True))
        undos = self.entries([entry.undone_by for entry in self._at(target, undone=True) if not entry.damaged])
        known = [entry for entry in undos if entry.can_be_undone]
        if not known:
            raise _nothing("redo", target, "no undo here that is in effect")
        return tuple(entry for entry in known if entry.plan == known[0].plan)

    def _at(
        self,
        target: WriteTarget,
        *,
        plan: str = "",
        unfinished: bool = False,
        undoable: bool = False,
        undone: bool = False,
    ) -> tuple[JournalEntry, ...]:
        return self._journal.entries(
            self.location,
            repository=target.repository,
            digest=target.digest,
            plan=plan,
            unfinished=unfinished,
            undoable=undoable,
            undone=undone,
            limit=_MAX_WRITES,
        )

    def unknown_writes(self) -> tuple[JournalEntry, ...]:
        """Return the writes whose process ended before it recorded the outcome."""
        return tuple(entry for entry in self._journal.entries(self.location, unfinished=True) if entry.unknown)

    def stopped_plan(self) -> JournalEntry | None:
        """Return the newest write if its process ended within a day and never sent the rest of its plan."""
        newest = next(iter(self.search(limit=1)), None)
        is_stopped = newest is not None and newest.unsent and self._journal.ended_within(newest.plan, _DAY)
        return newest if is_stopped else None

    def in_flight(self) -> tuple[JournalEntry, ...]:
        """Return the writes of this process that have no outcome yet."""
        return self.entries(sorted(self._journal.in_flight))

    def resolve_unknown(self, entries: Iterable[JournalEntry] | None = None) -> tuple[JournalEntry, ...]:
        """Read the registry for writes with unknown outcome and record the outcome. Return the updated entries.

        Args:
            entries: entries of this registry; all unknown writes if None.
        """
        asked = tuple(self.unknown_writes() if entries is None else entries)
        unknown = [entry for entry in asked if entry.unknown]
        for repository in dict.fromkeys(entry.repository for entry in unknown):
            own = [entry for entry in unknown if entry.repository == repository]
            digests = current_digests(self._registry, repository, [(entry.tag, entry.after) for entry in own])
            for entry in own:
                outcome, detail = undo_rules.infer_outcome(
                    entry, digests[entry.tag, entry.after], self._done_writes_to_tag(entry)
                )
                self._journal.resolve(entry.number, outcome, detail)
        numbers = [entry.number for entry in asked]
        return with_plan_details(self._journal, self._journal.entries(numbers=numbers)) if asked else ()

    def _done_writes_to_tag(self, entry: JournalEntry) -> tuple[JournalEntry, ...]:
        if not entry.tag:
            return ()
        done = self._journal.entries(
            self.location, repository=entry.repository, tags=[entry.tag], outcome=StepOutcome.DONE
        )
        return tuple(other for other in done if not other.damaged)


def _nothing(verb: str, target: WriteTarget, found: str) -> UsageError:
    return UsageError(
        f"There is nothing to {verb} here",
        f"The journal of this computer has {found}: {target}.",
        command=LIST_PLANS,
        kind=ErrorKind.NO_WRITE,
    )
