"""The journal: a durable record of every write, made before the write is sent.

Undo, resume and "who moved this tag" depend on it. It is one SQLite file, safe between processes. Each manifest is
stored once, by its digest.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import Manifest
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.journal.file import NOTHING_SENT, JournalError, JournalFile
from ecrtui.retag.journal.rows import read_entry
from ecrtui.retag.plan import REVERTING_KINDS, Plan, Step, StepOutcome
from ecrtui.retag.plan_file import parse_plan_document, plan_document

BUSY_TIMEOUT = 15.0
"""Seconds that a transaction waits for one of another process."""

_COLUMNS = """
    number, plan, kind, owner, account, region, endpoint, principal, repository, tag, action, before, after,
    media_type, begun_at, finished_at, outcome, request_id, detail, undoes, undone_by
"""


_OWN_WRITE = "tag <> '' AND kind NOT IN (?, ?)"
"""The condition for a write of a tag that reverts no other; its values are the reverting kinds."""


@dataclass(frozen=True, slots=True)
class PendingWrite:
    """A write that is about to be sent."""

    plan: Plan
    step: Step
    location: RegistryLocation
    principal: str
    manifests: tuple[Manifest, ...]
    """The manifests of the old and the new image, if available."""


class Journal:
    """The record of every write that was started. Safe between threads and processes. Opens its file on first use.

    Args:
        path: the file. It and its folder are created with access for the user only. None keeps the journal in
            memory, for a registry that is in memory itself.
        clock: seconds since the epoch.
        busy_timeout: seconds to wait while another process writes.

    Every method raises :class:`JournalError` if the file cannot be read or written.
    """

    def __init__(
        self, path: Path | None, *, clock: Callable[[], float] = time.time, busy_timeout: float = BUSY_TIMEOUT
    ) -> None:
        self.file = JournalFile(path, busy_timeout)
        self._clock = clock
        self._in_flight: set[int] = set()

    @property
    def in_flight(self) -> frozenset[int]:
        """The numbers of the entries that this process has begun and not finished."""
        return frozenset(self._in_flight)

    def close(self) -> None:
        """Close the file. Unfinished writes of this process become unknown."""
        with self.file.lock:
            self.file.close()
            self._in_flight.clear()

    def save_plan(self, plan: Plan, location: RegistryLocation) -> None:
        """Save all steps of a plan, so that it can be resumed. A plan that is already saved is not changed."""
        document = json.dumps(plan_document(plan))  # escaped: a refused tag can have half of a surrogate pair
        with self.file.writing(NOTHING_SENT) as connection:
            _store_manifests(connection, plan.provided_manifests)
            connection.execute(
                "INSERT OR IGNORE INTO plans VALUES (?, ?, ?, ?, ?, ?)",
                (plan.id, self._clock(), location.registry_id, location.region, location.endpoint, document),
            )

    def plan(self, plan_id: str) -> tuple[Plan, RegistryLocation] | None:
        """Return a plan as it was first applied, and its registry; None if there is no such plan."""
        if not (self.file.exists and _can_be_stored(plan_id)):
            return None
        with self.file.reading() as connection:
            row = connection.execute(
                "SELECT account, region, endpoint, document FROM plans WHERE id = ?", (plan_id,)
            ).fetchone()
        if row is None:
            return None
        try:
            return parse_plan_document(json.loads(row[3])), RegistryLocation(*map(str, row[:3]))
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as problem:
            raise JournalError(
                f"Plan {plan_id} in the journal is damaged",
                f"{self.file.path or 'in memory'}: {type(problem).__name__}: {problem}",
                "Undo and resume it by its single writes; ecrtui history lists them.",
            ) from None

    def plan_documents(self, plan_ids: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """Return the ids and the documents of those of these plans that are saved, at most some hundred plans."""
        if not plan_ids or not self.file.exists:
            return ()
        places = ", ".join("?" * len(plan_ids))
        with self.file.reading() as connection:
            query = f"SELECT id, document FROM plans WHERE id IN ({places})"  # noqa: S608 - only question marks
            return tuple((str(name), str(document)) for name, document in connection.execute(query, plan_ids))

    def begun_tags(self, plan_ids: Sequence[str]) -> Mapping[str, set[tuple[str, str]]]:
        """Return the repository and the tag of each write that these plans have begun, at most some hundred plans."""
        begun: dict[str, set[tuple[str, str]]] = {}
        if not plan_ids or not self.file.exists:
            return begun
        places = ", ".join("?" * len(plan_ids))
        with self.file.reading() as connection:
            query = f"SELECT plan, repository, tag FROM entries WHERE plan IN ({places})"  # noqa: S608 - only question marks
            for plan, repository, tag in connection.execute(query, plan_ids):
                begun.setdefault(str(plan), set()).add((repository, tag))
        return begun

    def ended_within(self, plan_id: str, seconds: float) -> bool:
        """Return True if the processes that wrote a plan have ended, and its last write began in the last seconds."""
        if not self.file.exists:
            return False
        with self.file.reading() as connection:
            query = "SELECT owner, begun_at FROM entries WHERE plan = ? ORDER BY number DESC"
            rows = connection.execute(query, (plan_id,)).fetchall()
            owners = {str(owner) for owner, _ in rows}
            if any(self.file.is_own(owner) or self.file.is_running(owner) for owner in owners):
                return False
        begun_at = rows[0][1] if rows else None
        return isinstance(begun_at, int | float) and self._clock() - begun_at < seconds

    def begin(self, write: PendingWrite) -> int:
        """Record durably a write that is about to be sent. Return the number of its entry."""
        step, location = write.step, write.location
        with self.file.lock:
            with self.file.writing(NOTHING_SENT) as connection:
                owner = self.file.owner_token()
                _store_manifests(connection, write.manifests)
                row_id = connection.execute(
                    """
                    INSERT INTO entries (plan, kind, owner, account, region, endpoint, principal, repository, tag,
                                         action, before, after, media_type, begun_at, undoes)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                    (
                        *(write.plan.id, write.plan.kind, owner),
                        *(location.registry_id, location.region, location.endpoint),
                        *(write.principal, step.repository, step.tag, str(step.action), step.before, step.after),
                        *(step.media_type, self._clock(), step.undoes),
                    ),
                ).lastrowid
            number = _number(row_id)
            self._in_flight.add(number)
        return number

    def finish(self, number: int, outcome: StepOutcome, *, request_id: str = "", detail: str = "") -> float:
        """Record the outcome of a write, and return when. UNKNOWN leaves the entry open, to be resolved later.

        An entry with an outcome keeps the name of its process: that process can still send the rest of the plan.
        """
        known = None if outcome is StepOutcome.UNKNOWN else str(outcome)
        now = self._clock()
        with self.file.lock:
            try:
                with self.file.writing() as connection:
                    connection.execute(
                        "UPDATE entries SET outcome = ?, finished_at = ?, request_id = ?, detail = ?, "
                        "owner = CASE WHEN ? THEN owner ELSE '' END WHERE number = ?",
                        (known, now if known else None, request_id, detail, bool(known), number),
                    )
                    if outcome is StepOutcome.DONE:
                        _mark_undone(connection, number)
            finally:
                self._in_flight.discard(number)
        return now

    def resolve(self, number: int, outcome: StepOutcome, detail: str) -> None:
        """Record the outcome of an unknown write; do nothing if it was recorded meanwhile."""
        with self.file.writing() as connection:
            resolved = connection.execute(
                "UPDATE entries SET outcome = ?, finished_at = ?, detail = ? WHERE number = ? AND outcome IS NULL",
                (str(outcome), self._clock(), detail, number),
            ).rowcount
            if resolved and outcome is StepOutcome.DONE:
                _mark_undone(connection, number)

    def entries(
        self,
        location: RegistryLocation | None = None,
        *,
        repository: str = "",
        tags: Collection[str] | None = None,
        digest: str = "",
        plan: str = "",
        since: float | None = None,
        outcome: StepOutcome | None = None,
        unfinished: bool = False,
        undoable: bool = False,
        undone: bool = False,
        numbers: Sequence[int] = (),
        limit: int | None = None,
    ) -> tuple[JournalEntry, ...]:
        """Return the entries that match all of the given criteria, newest first. Damaged ones say so.

        The entry of a manifest that was written without a tag has the tag "".

        Writes of an undo or a redo are neither undoable nor undone: the writes that they concern say what applies.
        """
        if not self.file.exists:
            return ()
        conditions: list[str] = ["1"]
        values: list[object] = []
        wanted: tuple[tuple[bool, str, tuple[object, ...]], ...] = (
            (
                location is not None,
                "account = ? AND region = ? AND endpoint = ?",
                tuple(location) if location else (),
            ),
            (bool(repository), "repository = ?", (repository,)),
            (tags is not None, "tag IN (SELECT value FROM json_each(?))", (json.dumps(list(tags or ())),)),
            (bool(digest), "(before = ? OR after = ?)", (digest, digest)),
            (bool(plan), "plan = ?", (plan,)),
            (since is not None, "begun_at >= ?", (since,)),
            (outcome is not None, "outcome = ?", (str(outcome),)),
            (unfinished, "outcome IS NULL", ()),
            (undoable, f"{_OWN_WRITE} AND outcome = ? AND undone_by = 0", (*REVERTING_KINDS, str(StepOutcome.DONE))),
            (undone, f"{_OWN_WRITE} AND undone_by <> 0", REVERTING_KINDS),
            (bool(numbers), f"number IN ({', '.join('?' * len(numbers))})", tuple(numbers)),
        )
        for applies, condition, arguments in wanted:
            if applies:
                conditions.append(condition)
                values.extend(arguments)
        if not all(map(_can_be_stored, values)):
            return ()
        query = f"SELECT {_COLUMNS} FROM entries WHERE {' AND '.join(conditions)} ORDER BY number DESC LIMIT ?"  # noqa: S608 - the conditions are the literals above
        # Both statements hold the lock: a write that begins or ends between them would look like an unknown one.
        with self.file.reading() as connection:
            cursor = connection.execute(query, (*values, -1 if limit is None else limit))
            columns = [column[0] for column in cursor.description]
            rows = [dict(zip(columns, row, strict=True)) for row in cursor]
            return tuple(read_entry(row, self._is_in_flight) for row in rows)

    def last_change(self, location: RegistryLocation, repository: str, tag: str) -> JournalEntry | None:
        """Return the newest entry that changed this tag; None if there is none, or if it is damaged."""
        changes = self.entries(location, repository=repository, tags=[tag], outcome=StepOutcome.DONE, limit=1)
        return changes[0] if changes and not changes[0].damaged else None

    def manifest(self, digest: str) -> Manifest | None:
        """Return the manifest with this digest; None if it is not stored or its bytes no longer match the digest."""
        if not self.file.exists:
            return None
        with self.file.reading() as connection:
            row = connection.execute("SELECT bytes, media_type FROM manifests WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            return None
        content, media_type = row
        if not isinstance(content, bytes) or not isinstance(media_type, str):
            return None
        manifest = Manifest(content.decode(errors="replace"), digest, media_type)
        return manifest if manifest.intact else None

    def manifests(self, digests: Sequence[str]) -> frozenset[str]:
        """Return those of the digests whose manifest is stored."""
        return frozenset(digest for digest in digests if self.manifest(digest) is not None)

    def _is_in_flight(self, number: int, owner: str) -> bool:
        return number in self._in_flight or (not self.file.is_own(owner) and self.file.is_running(owner))


def _can_be_stored(value: object) -> bool:
    """Return False for a text that no row can have: a word of the command line that is not UTF-8."""
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return False
    return True


def _store_manifests(connection: sqlite3.Connection, manifests: Iterable[Manifest]) -> None:
    for manifest in manifests:
        connection.execute(
            "INSERT OR IGNORE INTO manifests VALUES (?, ?, ?)",
            (manifest.digest, manifest.media_type, manifest.text.encode()),
        )


def _mark_undone(connection: sqlite3.Connection, number: int) -> None:
    """Mark the entry that a write undid. If that entry was itself an undo, the write it undid is in effect again."""
    undone = True
    marked = {number}
    while (target := _undone_entry(connection, number)) and target not in marked:
        connection.execute("UPDATE entries SET undone_by = ? WHERE number = ?", (number if undone else 0, target))
        marked.add(target)
        number, undone = target, not undone


def _undone_entry(connection: sqlite3.Connection, number: int) -> int:
    """Return the number of the entry that a write undid; 0 if it undid none, or if its row does not say."""
    row = connection.execute("SELECT undoes FROM entries WHERE number = ?", (number,)).fetchone()
    return row[0] if row is not None and isinstance(row[0], int) else 0


def _number(value: object) -> int:
    return int(str(value))
