"""Records of promotions: their sources, so that they can be resumed, and the uploads that are not complete."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ecrtui.ecr.layer import Upload, is_part_size
from ecrtui.ecr.location import RegistryLocation
from ecrtui.retag.journal.file import NOTHING_SENT, JournalError
from ecrtui.retag.journal.journal import Journal


@dataclass(frozen=True, slots=True)
class Transfer:
    """The source of a promotion."""

    location: RegistryLocation
    repository: str
    tag: str
    """Empty if the image was named by its digest."""
    digest: str
    referrers: bool


class TransferRecords:
    """The records of a journal. Every method raises :class:`JournalError` if the file cannot be read or written.

    Args:
        journal: the journal of the target.
        target: the registry that layers are uploaded to.
    """

    def __init__(self, journal: Journal, target: RegistryLocation) -> None:
        self._file = journal.file
        self._target = target

    def begin(self, plan_id: str, transfer: Transfer) -> None:
        """Record a promotion before its first write. One that is resumed keeps its record."""
        location = transfer.location
        with self._file.writing(NOTHING_SENT) as connection:
            connection.execute(
                "INSERT OR IGNORE INTO transfers (plan, account, region, endpoint, repository, tag, digest, referrers,"
                " begun_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(plan_id, location.registry_id, location.region, location.endpoint),
                    *(transfer.repository, transfer.tag, transfer.digest, transfer.referrers, time.time()),
                ),
            )

    def finish(self, plan_id: str, outcome: str, byte_count: int) -> None:
        """Record how a promotion ended, and the bytes that it sent."""
        with self._file.writing() as connection:
            connection.execute(
                "UPDATE transfers SET finished_at = ?, outcome = ?, bytes = bytes + ? WHERE plan = ?",
                (time.time(), outcome, byte_count, plan_id),
            )

    def find(self, plan_id: str) -> Transfer | None:
        """Return the source of a promotion; None if the plan is none."""
        if not self._file.exists:
            return None
        with self._file.reading() as connection:
            row = connection.execute(
                "SELECT account, region, endpoint, repository, tag, digest, referrers FROM transfers WHERE plan = ?",
                (plan_id,),
            ).fetchone()
        if row is None:
            return None
        if not all(isinstance(value, str) for value in row[:6]):
            raise JournalError(f"The promotion {plan_id} in the journal is damaged", str(self._file.path or ""))
        return Transfer(RegistryLocation(*row[:3]), row[3], row[4], row[5], bool(row[6]))

    def save_upload(self, repository: str, digest: str, upload: Upload, received: int) -> None:
        """Record how many bytes of a layer an upload has."""
        with self._file.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *self._key(repository, digest),
                    *(upload.id, upload.part_size, received, self._file.owner_token()),
                ),
            )

    def unfinished_upload(self, repository: str, digest: str) -> tuple[Upload, int] | None:
        """Return an upload that an earlier process left, and the bytes that it has; None if there is none.

        An upload of a process that still runs is its own. A record that is damaged is not a record.
        """
        if not self._file.exists:
            return None
        with self._file.reading() as connection:
            row = connection.execute(
                f"SELECT upload_id, part_size, received, owner FROM uploads WHERE {_IS_KEY}",  # noqa: S608 - constant
                self._key(repository, digest),
            ).fetchone()
            kinds = (str, int, int, str)
            if row is None or not all(type(value) is kind for value, kind in zip(row, kinds, strict=True)):
                return None
            upload_id, part_size, received, owner = row
            if not is_part_size(part_size) or self._file.is_running(owner):
                return None
            return Upload(upload_id, part_size), received

    def forget_upload(self, repository: str, digest: str) -> None:
        """Forget the upload of a layer: it is complete, or gone."""
        with self._file.writing() as connection:
            connection.execute(f"DELETE FROM uploads WHERE {_IS_KEY}", self._key(repository, digest))  # noqa: S608

    def _key(self, repository: str, digest: str) -> tuple[str, str, str, str, str]:
        target = self._target
        return target.registry_id, target.region, target.endpoint, repository, digest


_IS_KEY = "account = ? AND region = ? AND endpoint = ? AND repository = ? AND digest = ?"
