"""Any value in any column of the journal: the row is named, and the others are listed and can be undone."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ecrtui.ecr.documents import entry_details, entry_document
from ecrtui.ecr.layer import MIN_PART_SIZE, Upload
from ecrtui.ecr.units import format_age
from ecrtui.retag.journal.file import JournalError
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.journal.transfers import TransferRecords
from ecrtui.retag.plan import StepOutcome
from tests.registry.conftest import failed
from tests.retag.journal.test_journal import LOCATION, OLD, PLAN, pending_write

BAD_VALUES = {
    "text": "'x'",
    "empty text": "''",
    "number": "5",
    "negative": "-1",
    "fraction": "1.5",
    "huge": "1e300",
    "infinity": "9e999",
    "beyond 64 bits": "99999999999999999999",
    "year 50000": "1515636000000",
    "blob": "x'00ff'",
    "not UTF-8": "CAST(x'ff41' AS TEXT)",
    "half a surrogate pair": "CAST(x'eda080' AS TEXT)",
    "a megabyte": "hex(zeroblob(500000))",
    "null": "NULL",
}
"""SQL expressions of values that some column must not have."""

COLUMNS = [
    *("plan", "kind", "owner", "account", "region", "endpoint", "principal", "repository", "tag", "action", "before"),
    *("after", "media_type", "begun_at", "finished_at", "outcome", "request_id", "detail", "undoes", "undone_by"),
]


def damage(file: Path, table: str, column: str, value: str, where: str = "1") -> None:
    """Write a value into the journal, whatever the schema says of it."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '')")
        connection.execute("PRAGMA writable_schema = RESET")
        connection.execute(f"UPDATE {table} SET {column} = {value} WHERE {where}")  # noqa: S608 - of this test


@pytest.mark.parametrize("column", COLUMNS)
def test_any_value_in_any_column_leaves_the_other_rows(tmp_path: Path, column: str) -> None:
    for number, (label, value) in enumerate(BAD_VALUES.items()):
        file = tmp_path / str(number) / "journal.sqlite"
        with closing(Journal(file)) as journal:
            for _ in range(2):
                journal.finish(journal.begin(pending_write()), StepOutcome.DONE)
        damage(file, "entries", column, value, "number = 2")
        with closing(Journal(file)) as journal:
            entries = journal.entries()
            assert [entry.number for entry in entries] == [2, 1], label
            assert not entries[1].damaged
            for entry in entries:
                json.dumps([entry_document(entry), entry_details(entry)]).encode()
                assert all((format_age(entry.begun_at), str(entry)))
                if entry.damaged:
                    assert column in entry.detail
                    assert not entry.can_be_undone
                    assert not entry.unknown
            change = journal.last_change(LOCATION, "team/app", "prod")
            assert change is None or not change.damaged
            third = journal.begin(pending_write())
            journal.finish(third, StepOutcome.DONE)
            assert journal.entries(numbers=[third])[0].can_be_undone


@pytest.mark.parametrize("owner", ["'x/y'", "'..'", "hex(zeroblob(500))", "CAST(x'610062' AS TEXT)"])
def test_an_owner_that_names_no_process_leaves_the_write_unknown(tmp_path: Path, owner: str) -> None:
    file = tmp_path / "journal.sqlite"
    with closing(Journal(file)) as journal:
        journal.begin(pending_write())
        TransferRecords(journal, LOCATION).save_upload("team/app", OLD.digest, Upload("id", MIN_PART_SIZE), 0)
    damage(file, "entries", "owner", owner)
    damage(file, "uploads", "owner", owner)
    with closing(Journal(file)) as journal:
        (entry,) = journal.entries()
        assert entry.unknown
        assert TransferRecords(journal, LOCATION).unfinished_upload("team/app", OLD.digest)


@pytest.mark.parametrize("undoes", [2, 1, 99, -5])
def test_an_undo_that_undoes_itself_or_nothing_ends(tmp_path: Path, undoes: int) -> None:
    file = tmp_path / "journal.sqlite"
    with closing(Journal(file)) as journal:
        numbers = [journal.begin(pending_write()) for _ in range(2)]
    damage(file, "entries", "undoes", f"iif(number = 2, {undoes}, 2)")
    with closing(Journal(file)) as journal:
        for number in numbers:
            journal.finish(number, StepOutcome.DONE)
        assert len(journal.entries()) == 2


DOCUMENTS = {
    "cut": '{"planId": "a", "kin',
    "empty": "",
    "a list": "[]",
    "a number": "5",
    "no steps": '{"planId": "a", "kind": "retag", "undoes": "", "warnings": []}',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("label", DOCUMENTS)
def test_a_damaged_plan_is_named(tmp_path: Path, label: str) -> None:
    file = tmp_path / "journal.sqlite"
    with closing(Journal(file)) as journal:
        journal.save_plan(PLAN, LOCATION)
    damage(file, "plans", "document", f"'{DOCUMENTS[label]}'")
    with closing(Journal(file)) as journal:
        error = failed(journal.plan, PLAN.id)
        assert isinstance(error, JournalError)
        assert PLAN.id in error.title


@pytest.mark.parametrize("member", ["imageTag", "keepsTags", "action", "undoes", "protected", "digestBefore"])
def test_a_plan_with_a_value_of_another_type_is_damaged(tmp_path: Path, member: str) -> None:
    file = tmp_path / "journal.sqlite"
    with closing(Journal(file)) as journal:
        journal.save_plan(PLAN, LOCATION)
    damage(file, "plans", "document", f"json_set(document, '$.steps[0].{member}', json('{{}}'))")
    with closing(Journal(file)) as journal:
        assert isinstance(failed(journal.plan, PLAN.id), JournalError)


@pytest.mark.parametrize("column", ["bytes", "media_type"])
@pytest.mark.parametrize("value", ["NULL", "1000000000", "'x'", "x'ff'"])
def test_a_damaged_manifest_is_not_available(tmp_path: Path, column: str, value: str) -> None:
    file = tmp_path / "journal.sqlite"
    with closing(Journal(file)) as journal:
        journal.begin(pending_write())
    damage(file, "manifests", column, value)
    with closing(Journal(file)) as journal:
        manifest = journal.manifest(OLD.digest)
        assert manifest is None or (column == "media_type" and manifest.media_type in ("x", "1000000000"))
