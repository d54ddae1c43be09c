"""The journal is durable, private and shared between processes; nothing is sent without it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

import pytest

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.layer import MIN_PART_SIZE, Upload
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import OCI_MANIFEST, Manifest
from ecrtui.retag.journal.file import JournalError
from ecrtui.retag.journal.journal import Journal, PendingWrite
from ecrtui.retag.journal.schema import VERSION
from ecrtui.retag.journal.transfers import TransferRecords
from ecrtui.retag.plan import Plan, Step, StepAction, StepOutcome
from tests.support.full_disk import no_room_after
from tests.support.retag_env import RetagEnv

LOCATION = RegistryLocation("123456789012", "eu-west-1")
OLD, NEW = (Manifest(text, digest_of(text), OCI_MANIFEST) for text in ('{"old": "ü"}\r\n', '{"new": 1}'))
STEP = Step("team/app", "prod", StepAction.MOVE, OLD.digest, NEW.digest, OCI_MANIFEST)
PLAN = Plan("20261123-210000-abcdef", (STEP,))


def pending_write(step: Step = STEP, plan: Plan = PLAN, location: RegistryLocation = LOCATION) -> PendingWrite:
    return PendingWrite(plan, step, location, "arn:aws:iam::123456789012:user/ada", (OLD, NEW))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ecrtui" / "journal.sqlite"


def test_a_new_journal_object_creates_no_file(file: Path) -> None:
    Journal(file)
    assert not file.parent.exists()


def test_file_and_folder_are_accessible_by_the_user_only(file: Path) -> None:
    file.parent.mkdir(parents=True, mode=0o755)
    journal = Journal(file)
    journal.begin(pending_write())
    assert file.parent.stat().st_mode & 0o777 == 0o700
    for path in file.parent.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_a_started_write_is_on_disk(file: Path) -> None:
    journal = Journal(file)
    number = journal.begin(pending_write())
    with sqlite3.connect(file) as other:
        assert other.execute("SELECT tag, outcome FROM entries WHERE number = ?", (number,)).fetchone() == (
            "prod",
            None,
        )
    assert journal.file._open().execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_an_entry_has_all_facts_of_its_write(file: Path) -> None:
    journal = Journal(file, clock=lambda: 1000.0)
    number = journal.begin(pending_write())
    journal.finish(number, StepOutcome.DONE, request_id="r-1", detail="a reason")
    (entry,) = Journal(file).entries()
    assert (entry.number, entry.plan, entry.location, entry.principal) == (
        number,
        PLAN.id,
        LOCATION,
        "arn:aws:iam::123456789012:user/ada",
    )
    assert (entry.repository, entry.tag, entry.action) == ("team/app", "prod", StepAction.MOVE)
    assert (entry.before, entry.after, entry.media_type) == (OLD.digest, NEW.digest, OCI_MANIFEST)
    assert (entry.begun_at, entry.finished_at, entry.outcome) == (1000.0, 1000.0, StepOutcome.DONE)
    assert (entry.request_id, entry.detail) == ("r-1", "a reason")


def test_a_manifest_is_stored_once_byte_for_byte(file: Path) -> None:
    journal = Journal(file)
    for _ in range(3):
        journal.begin(pending_write())
    assert journal.manifest(OLD.digest) == OLD
    with sqlite3.connect(file) as other:
        assert other.execute("SELECT count(*) FROM manifests").fetchone() == (2,)


def test_a_damaged_manifest_is_not_returned(file: Path) -> None:
    journal = Journal(file)
    journal.begin(pending_write())
    with sqlite3.connect(file) as other:
        other.execute("UPDATE manifests SET bytes = x'ff' WHERE digest = ?", (OLD.digest,))
    assert journal.manifest(OLD.digest) is None


def test_an_unfinished_write_is_in_flight_until_its_process_ends(file: Path) -> None:
    mine = Journal(file)
    mine.begin(pending_write())
    other = Journal(file)
    assert [(entry.unknown, entry.in_flight) for entry in other.entries()] == [(False, True)]
    mine.close()
    assert [(entry.unknown, entry.in_flight) for entry in other.entries()] == [(True, False)]


def test_a_write_of_this_process_is_never_unknown_while_another_thread_reads(file: Path) -> None:
    journal, ended = Journal(file), threading.Event()

    def write() -> None:
        for _ in range(100):
            journal.finish(journal.begin(pending_write()), StepOutcome.DONE)
        ended.set()

    writing = threading.Thread(target=write)
    writing.start()
    while not ended.is_set():
        assert not [entry for entry in journal.entries(limit=3) if entry.unknown]
    writing.join()


def test_a_killed_process_leaves_unknown_writes_and_its_lock_is_deleted(file: Path) -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from tests.retag.journal.test_journal import Journal, pending_write
        journal = Journal(Path(sys.argv[1]))
        journal.begin(pending_write())
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    subprocess.run([sys.executable, "-c", script, str(file)], cwd=Path(__file__).parents[3], check=False)
    assert list(file.parent.glob("*-owner-*"))
    (entry,) = Journal(file).entries(unfinished=True)
    assert entry.unknown
    assert not list(file.parent.glob("*-owner-*"))


def test_a_process_deletes_its_lock_at_exit(file: Path) -> None:
    script = "import sys; from pathlib import Path; from tests.retag.journal.test_journal import *; "
    script += "j = Journal(Path(sys.argv[1])); j.finish(j.begin(pending_write()), StepOutcome.DONE)"
    subprocess.run([sys.executable, "-c", script, str(file)], cwd=Path(__file__).parents[3], check=True)
    assert not list(file.parent.glob("*-owner-*"))


def test_the_next_writer_deletes_the_lock_of_a_killed_process(file: Path) -> None:
    file.parent.mkdir(parents=True)
    (file.parent / f"{file.name}-owner-0123456789abcdef").write_text("")
    mine, other = Journal(file), Journal(file)
    mine.begin(pending_write())
    other.begin(pending_write())
    assert len(list(file.parent.glob("*-owner-*"))) == 2
    assert all(entry.in_flight for entry in Journal(file).entries())


def test_two_processes_write_one_journal(file: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from tests.retag.journal.test_journal import Journal, StepOutcome, pending_write
        journal = Journal(Path(sys.argv[1]))
        for _ in range(60):
            journal.finish(journal.begin(pending_write()), StepOutcome.DONE)
        """
    )
    run = [sys.executable, "-c", script, str(file)]
    processes = [subprocess.Popen(run, cwd=Path(__file__).parents[3]) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    entries = Journal(file).entries()
    assert len(entries) == len({entry.number for entry in entries}) == 120
    assert {entry.outcome for entry in entries} == {StepOutcome.DONE}


def test_a_process_that_makes_the_file_at_the_same_time_is_waited_for(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.parent.mkdir(mode=0o700, parents=True)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # SQLite does not wait for this lock when it switches to a write-ahead log
        monkeypatch.setattr(time, "sleep", lambda _: other.execute("COMMIT"))
        with closing(Journal(file)) as journal:
            assert journal.begin(pending_write()) == 1


def test_entries_are_filtered_by_each_criterion(file: Path) -> None:
    clock = iter(range(100))
    journal = Journal(file, clock=lambda: float(next(clock)))
    other = RegistryLocation("999999999999", "eu-west-1")
    journal.finish(journal.begin(pending_write(location=other)), StepOutcome.DONE)
    journal.finish(journal.begin(pending_write()), StepOutcome.FAILED)
    journal.begin(pending_write(Step("team/other", "prod", StepAction.CREATE, "", NEW.digest)))
    assert [entry.number for entry in journal.entries(LOCATION)] == [3, 2]
    assert [entry.number for entry in journal.entries(repository="team/other")] == [3]
    assert [entry.number for entry in journal.entries(tags=["prod", "other"])] == [3, 2, 1]
    assert journal.entries(tags=[""]) == ()
    assert journal.last_change(other, STEP.repository, STEP.tag) == journal.entries(numbers=[1])[0]
    assert journal.last_change(other, STEP.repository, "") is None
    assert [entry.number for entry in journal.entries(outcome=StepOutcome.DONE)] == [1]
    assert [entry.number for entry in journal.entries(unfinished=True)] == [3]
    assert [entry.number for entry in journal.entries(since=2.0)] == [3, 2]
    assert [entry.number for entry in journal.entries(numbers=[1, 3], limit=1)] == [3]


def test_a_saved_plan_has_all_steps_and_is_not_overwritten(file: Path) -> None:
    Journal(file).save_plan(PLAN, LOCATION)
    Journal(file).save_plan(Plan(PLAN.id, ()), LOCATION)
    assert Journal(file).plan(PLAN.id) == (PLAN, LOCATION)
    assert Journal(file).plan("nothing") is None


# Files of other versions, and unusable files


@pytest.mark.parametrize("version", [1, VERSION + 1])
def test_a_journal_of_another_version_is_an_error_and_is_not_changed(file: Path, version: int) -> None:
    Journal(file).begin(pending_write())
    with sqlite3.connect(file) as other:
        other.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(
        JournalError, match=f"format version {version}; this version of ecrtui uses version {VERSION}"
    ) as caught:
        Journal(file).entries()
    assert "Use that version of ecrtui." in caught.value.hint
    with sqlite3.connect(file) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (version,)
        assert other.execute("SELECT count(*) FROM entries").fetchone() == (1,)


def test_a_journal_of_version_2_is_read_with_the_new_name_of_a_kind(file: Path) -> None:
    plan = Plan(PLAN.id, (STEP,), kind="promote")
    with closing(Journal(file)) as journal:
        journal.save_plan(plan, LOCATION)
        journal.begin(pending_write(plan=plan))
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("INSERT INTO plans VALUES ('damaged', 0, '', '', '', '{')")
        other.execute("DROP TABLE transfers")
        other.execute("DROP TABLE uploads")
        other.execute("PRAGMA user_version = 2")
    with closing(Journal(file)) as journal:
        assert [entry.kind for entry in journal.entries()] == ["tag in all"]
        saved = journal.plan(PLAN.id)
        assert saved is not None
        assert saved[0].kind == "tag in all"
        assert TransferRecords(journal, LOCATION).find(PLAN.id) is None


def test_an_upload_is_recorded_until_it_is_complete(file: Path) -> None:
    upload = Upload("id", MIN_PART_SIZE)
    with closing(Journal(file)) as journal:
        records = TransferRecords(journal, LOCATION)
        assert records.unfinished_upload("team/app", OLD.digest) is None
        records.save_upload("team/app", OLD.digest, upload, 10)
        records.save_upload("team/app", OLD.digest, upload, 20)
        assert records.unfinished_upload("team/app", OLD.digest) is None  # this process still runs
    with closing(Journal(file)) as journal:
        records = TransferRecords(journal, LOCATION)
        assert records.unfinished_upload("team/app", OLD.digest) == (upload, 20)
        for other in (LOCATION._replace(region="us-east-1"), LOCATION._replace(endpoint="http://localhost")):
            assert TransferRecords(journal, other).unfinished_upload("team/app", OLD.digest) is None
        for size in (0, -1, 2**50):  # a damaged record
            records.save_upload("team/app", "sha256:other", Upload("id", size), 20)
            with closing(sqlite3.connect(file, isolation_level=None)) as other_process:
                other_process.execute("UPDATE uploads SET owner = ''")
            assert records.unfinished_upload("team/app", "sha256:other") is None
        records.forget_upload("team/app", OLD.digest)
        assert records.unfinished_upload("team/app", OLD.digest) is None


def block(file: Path) -> None:
    """Block the folder with a file of its name, which stops root too."""
    file.parent.parent.mkdir(parents=True)
    file.parent.write_text("")


def damage(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(b"this is not a database" * 100)


@pytest.mark.parametrize("spoil", [block, damage])
def test_nothing_is_sent_without_a_journal(file: Path, spoil: Callable[[Path], None]) -> None:
    spoil(file)
    env = RetagEnv(file)
    plan = env.plan(("two", env.one))
    with pytest.raises(JournalError, match="nothing was sent"):
        env.engine.apply(plan)
    assert env.embedded.calls["PutImage"] == 0
    assert env.tags()["two"] == env.two


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any folder")
def test_nothing_is_sent_if_the_folder_is_read_only(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.parent.chmod(0o500)
    env = RetagEnv(file)
    with pytest.raises(JournalError):
        env.retag(("two", env.one))
    assert env.embedded.calls["PutImage"] == 0


FULL_DISK = """
import json, os, resource, signal, sys
from pathlib import Path
os.environ["AWS_MAX_ATTEMPTS"] = "1"
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from tests.support.retag_env import RetagEnv
env = RetagEnv(Path(sys.argv[1]))
env.retag(("first", env.one))
sent = env.embedded.calls["PutImage"]
wal = Path(sys.argv[1] + "-wal").stat().st_size
plan = env.plan(*[(f"t{number}", env.one) for number in range(40)])
resource.setrlimit(resource.RLIMIT_FSIZE, (wal + int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    report = env.engine.apply(plan)
    results = [(str(row.outcome), row.message) for row in report.results]
except Exception as error:
    results = [("raised", str(error))]
tags = env.tags()
print(json.dumps({
    "sent": env.embedded.calls["PutImage"] - sent,
    "results": results,
    "there": sum(tag.startswith("t") and tag[1:].isdigit() for tag in tags),
}))
"""


@pytest.mark.parametrize("room", [0, 60_000])
def test_a_full_disk_stops_before_the_next_write(file: Path, room: int) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(file), str(room)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    outcome = json.loads(run.stdout)
    done = [message for word, message in outcome["results"] if word == "done"]
    assert outcome["sent"] == outcome["there"] == len(done) < 40
    others = " ".join(message for word, message in outcome["results"] if word != "done")
    # The disk is full when a write begins, or when one has ended: then it is done, and its outcome is not recorded.
    assert "Could not write the journal" in others or "the journal could not record the outcome" in " ".join(done)
    assert (len(done) > 0) == (room > 0)


# a file that cannot be used


def locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def damaged(file: Path) -> Iterator[None]:
    file.write_bytes(b"no database, but long enough to be looked at as one" * 100)
    yield


def linked(file: Path) -> Iterator[None]:
    file.rename(file.with_name("other.sqlite"))
    file.symlink_to("other.sqlite")
    yield


def unwritable(file: Path) -> Iterator[None]:
    file.chmod(0o400)
    yield


def in_a_file(file: Path) -> Iterator[None]:
    shutil.rmtree(file.parent)
    file.parent.touch()
    yield


@pytest.mark.parametrize(
    ("spoil", "reason", "step"),
    [
        (locked, "database is locked", "Another process uses the file"),
        (damaged, "file is not a database", "Move it aside"),
        (linked, "This is a link", "Check the file and its folder"),
        (in_a_file, "Not a directory", "Check the file and its folder"),
        pytest.param(
            unwritable,
            "Permission denied",
            "Make the file and its folder writable",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere"),
        ),
    ],
)
def test_a_write_names_why_the_journal_cannot_be_used(
    file: Path, spoil: Callable[[Path], Iterator[None]], reason: str, step: str
) -> None:
    with closing(Journal(file)) as journal:
        journal.begin(pending_write())
    with (
        contextmanager(spoil)(file),
        closing(Journal(file, busy_timeout=0)) as journal,
        pytest.raises(JournalError, match="nothing was sent") as caught,
    ):
        journal.begin(pending_write())
    assert caught.value.detail.startswith(str(file.parent))
    assert reason in caught.value.detail
    assert step in caught.value.hint


@pytest.mark.parametrize(
    ("pragma", "reason", "step"),
    [
        ("max_page_count = 1", "database or disk is full", "Free disk space"),
        ("query_only = 1", "readonly database", "Make the file and its folder writable"),
    ],
)
def test_a_write_names_a_full_disk_and_a_read_only_file(file: Path, pragma: str, reason: str, step: str) -> None:
    with closing(Journal(file)) as journal:
        journal.begin(pending_write())
        cast(sqlite3.Connection, journal.file._connection).execute(f"PRAGMA {pragma}")
        with pytest.raises(JournalError) as caught:
            for number in range(1000):
                journal.begin(pending_write(Step("team/app", f"v{number}", StepAction.CREATE, "", NEW.digest)))
    assert reason in caught.value.detail
    assert step in caught.value.hint


def test_a_disk_without_room_for_the_index_of_the_log_is_named(file: Path) -> None:
    with closing(Journal(file)) as journal:
        journal.begin(pending_write())
    with closing(Journal(file)) as journal, no_room_after(8), pytest.raises(JournalError) as caught:
        journal.entries()
    assert "database or disk is full" in caught.value.detail
    assert "Free disk space" in caught.value.hint


def test_reading_a_journal_that_does_not_exist_creates_nothing(file: Path) -> None:
    journal = Journal(file)
    assert (journal.entries(), journal.plan("p"), journal.manifest(NEW.digest)) == ((), None, None)
    assert not file.parent.exists()


def test_a_journal_that_cannot_be_looked_at_is_not_taken_for_an_empty_one(file: Path) -> None:
    file.parent.parent.mkdir()
    file.parent.touch()
    with pytest.raises(JournalError, match="Could not read the journal"):
        Journal(file).entries()
