"""The journal: durable, private, shared between processes, and without it nothing is sent."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import OCI_MANIFEST, Manifest
from ecrtui.retag.journal.journal import Journal, JournalError, PendingWrite
from ecrtui.retag.journal.schema import VERSION, VERSION_1
from ecrtui.retag.plan import Plan, Step, StepAction, StepOutcome
from tests.support.retag_env import REPOSITORY, RetagEnv

WHERE = RegistryLocation("123456789012", "eu-west-1")
OLD, NEW = (Manifest(text, digest_of(text), OCI_MANIFEST) for text in ('{"old": "ü"}\r\n', '{"new": 1}'))
STEP = Step("team/app", "prod", StepAction.MOVE, OLD.digest, NEW.digest, OCI_MANIFEST)
PLAN = Plan("20261123-210000-abcdef", (STEP,))


def draft(step: Step = STEP, plan: Plan = PLAN, where: RegistryLocation = WHERE) -> PendingWrite:
    return PendingWrite(plan, step, where, "arn:aws:iam::123456789012:user/ada", (OLD, NEW))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ecrtui" / "journal.sqlite"


def test_nothing_is_created_by_making_one(file: Path) -> None:
    Journal(file)
    assert not file.parent.exists()


def test_file_and_folder_are_for_the_user_alone(file: Path) -> None:
    file.parent.mkdir(parents=True, mode=0o755)
    journal = Journal(file)
    journal.begin(draft())
    assert file.parent.stat().st_mode & 0o777 == 0o700
    for path in file.parent.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_writes_are_on_disk_before_they_are_sent(file: Path) -> None:
    journal = Journal(file)
    number = journal.begin(draft())
    with sqlite3.connect(file) as other:
        assert other.execute("SELECT tag, outcome FROM entries WHERE number = ?", (number,)).fetchone() == (
            "prod",
            None,
        )
    assert journal._open().execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_an_entry_tells_who_where_what_and_how_it_ended(file: Path) -> None:
    journal = Journal(file, clock=lambda: 1000.0)
    number = journal.begin(draft())
    journal.finish(number, StepOutcome.DONE, request_id="r-1", detail="words")
    (entry,) = Journal(file).entries()
    assert (entry.number, entry.plan, entry.location, entry.principal) == (
        number,
        PLAN.id,
        WHERE,
        "arn:aws:iam::123456789012:user/ada",
    )
    assert (entry.repository, entry.tag, entry.action) == ("team/app", "prod", StepAction.MOVE)
    assert (entry.before, entry.after, entry.media_type) == (OLD.digest, NEW.digest, OCI_MANIFEST)
    assert (entry.begun_at, entry.finished_at, entry.outcome) == (1000.0, 1000.0, StepOutcome.DONE)
    assert (entry.request_id, entry.detail) == ("r-1", "words")


def test_a_manifest_is_kept_byte_for_byte_and_once(file: Path) -> None:
    journal = Journal(file)
    for _ in range(3):
        journal.begin(draft())
    assert journal.manifest(OLD.digest) == OLD
    with sqlite3.connect(file) as other:
        assert other.execute("SELECT count(*) FROM manifests").fetchone() == (2,)


def test_a_manifest_whose_bytes_were_damaged_is_not_given(file: Path) -> None:
    journal = Journal(file)
    journal.begin(draft())
    with sqlite3.connect(file) as other:
        other.execute("UPDATE manifests SET bytes = x'ff' WHERE digest = ?", (OLD.digest,))
    assert journal.manifest(OLD.digest) is None


def test_a_write_of_a_process_that_ended_is_unknown_and_of_one_that_runs_in_flight(file: Path) -> None:
    mine = Journal(file)
    mine.begin(draft())
    other = Journal(file)
    assert [(entry.unknown, entry.in_flight) for entry in other.entries()] == [(False, True)]
    mine.close()
    assert [(entry.unknown, entry.in_flight) for entry in other.entries()] == [(True, False)]


def test_a_process_that_was_killed_leaves_unknown_writes_and_its_lock_is_cleared_away(file: Path) -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from tests.retag.journal.test_journal import Journal, draft
        journal = Journal(Path(sys.argv[1]))
        journal.begin(draft())
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    subprocess.run([sys.executable, "-c", script, str(file)], cwd=Path(__file__).parents[3], check=False)
    assert list(file.parent.glob("*-owner-*"))
    (entry,) = Journal(file).entries(unfinished=True)
    assert entry.unknown
    assert not list(file.parent.glob("*-owner-*"))


def test_a_process_that_ends_by_itself_leaves_no_lock_behind(file: Path) -> None:
    script = "import sys; from pathlib import Path; from tests.retag.journal.test_journal import *; "
    script += "j = Journal(Path(sys.argv[1])); j.finish(j.begin(draft()), StepOutcome.DONE)"
    subprocess.run([sys.executable, "-c", script, str(file)], cwd=Path(__file__).parents[3], check=True)
    assert not list(file.parent.glob("*-owner-*"))


def test_what_a_killed_process_left_is_cleared_away_by_the_next_that_writes(file: Path) -> None:
    file.parent.mkdir(parents=True)
    (file.parent / f"{file.name}-owner-0123456789abcdef").write_text("")
    mine, other = Journal(file), Journal(file)
    mine.begin(draft())
    other.begin(draft())
    assert len(list(file.parent.glob("*-owner-*"))) == 2
    assert all(entry.in_flight for entry in Journal(file).entries())


def test_two_processes_write_one_journal(file: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from tests.retag.journal.test_journal import Journal, StepOutcome, draft
        journal = Journal(Path(sys.argv[1]))
        for _ in range(60):
            journal.finish(journal.begin(draft()), StepOutcome.DONE)
        """
    )
    run = [sys.executable, "-c", script, str(file)]
    processes = [subprocess.Popen(run, cwd=Path(__file__).parents[3]) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    entries = Journal(file).entries()
    assert len(entries) == len({entry.number for entry in entries}) == 120
    assert {entry.outcome for entry in entries} == {StepOutcome.DONE}


def test_entries_are_found_by_where_repository_plan_time_and_outcome(file: Path) -> None:
    clock = iter(range(100))
    journal = Journal(file, clock=lambda: float(next(clock)))
    elsewhere = RegistryLocation("999999999999", "eu-west-1")
    journal.finish(journal.begin(draft(where=elsewhere)), StepOutcome.DONE)
    journal.finish(journal.begin(draft()), StepOutcome.FAILED)
    journal.begin(draft(Step("team/other", "prod", StepAction.CREATE, "", NEW.digest)))
    assert [entry.number for entry in journal.entries(WHERE)] == [3, 2]
    assert [entry.number for entry in journal.entries(repository="team/other")] == [3]
    assert [entry.number for entry in journal.entries(outcome=StepOutcome.DONE)] == [1]
    assert [entry.number for entry in journal.entries(unfinished=True)] == [3]
    assert [entry.number for entry in journal.entries(since=2.0)] == [3, 2]
    assert [entry.number for entry in journal.entries(numbers=[1, 3], limit=1)] == [3]


def test_a_plan_is_kept_with_all_its_steps_and_stays_as_it_was_first(file: Path) -> None:
    Journal(file).save_plan(PLAN, WHERE)
    Journal(file).save_plan(Plan(PLAN.id, ()), WHERE)
    assert Journal(file).plan(PLAN.id) == (PLAN, WHERE)
    assert Journal(file).plan("nothing") is None


# Files of other versions, and files that cannot be used


def version_1(file: Path) -> None:
    file.parent.mkdir(parents=True)
    with sqlite3.connect(file) as connection:
        for statement in VERSION_1:
            connection.execute(statement)
        values = ("p-1", "123456789012", "eu-west-1", "", "arn:x", "team/app")
        rows = [
            (
                *values,
                "prod",
                OLD.digest,
                NEW.digest,
                OCI_MANIFEST,
                OLD.text.encode(),
                NEW.text.encode(),
                5.0,
                6.0,
                "done",
                "r",
            ),
            (*values, "new", "", NEW.digest, OCI_MANIFEST, None, NEW.text.encode(), 7.0, None, None, ""),
        ]
        connection.executemany(
            "INSERT INTO writes (plan, account, region, endpoint, principal, repository, tag, before, after,"
            " media_type, manifest_before, manifest_after, begun_at, finished_at, outcome, request_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        connection.execute("PRAGMA user_version = 1")


def test_a_journal_of_the_previous_version_is_carried_over(file: Path) -> None:
    version_1(file)
    journal = Journal(file)
    begun, done = journal.entries()
    assert (done.tag, done.action, done.outcome, done.request_id) == ("prod", StepAction.MOVE, StepOutcome.DONE, "r")
    assert (begun.tag, begun.action, begun.unknown) == ("new", StepAction.CREATE, True)
    assert journal.manifest(OLD.digest) == OLD
    assert journal.begin(draft()) == 3
    with sqlite3.connect(file) as other:
        assert other.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_what_the_previous_version_wrote_can_be_undone(file: Path) -> None:
    env = RetagEnv(file)
    (image,) = env.registry.images_by_digest(REPOSITORY, [env.two])
    assert image
    where = env.registry.location()
    old = env.registry.manifest(REPOSITORY, env.two)
    version_1(file)
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM writes WHERE number = 2")
        connection.execute(
            "UPDATE writes SET account = ?, region = ?, endpoint = ?, repository = ?, tag = 'two', before = ?,"
            " after = ?, manifest_before = ?",
            (*(where.registry_id, where.region, where.endpoint), REPOSITORY, env.two, env.one, old.text.encode()),
        )
    env.tag("two", env.one)
    report = env.engine.apply(env.engine.plan_undo_of("p-1"))
    assert [result.outcome for result in report.results] == [StepOutcome.DONE]
    assert env.tags()["two"] == env.two


def test_a_journal_of_a_later_version_is_left_alone(file: Path) -> None:
    Journal(file).begin(draft())
    with sqlite3.connect(file) as other:
        other.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(JournalError, match="version 3"):
        Journal(file).entries()


def blocked(file: Path) -> None:
    """A folder that cannot be written to, for root as well: there is a file in its place."""
    file.parent.parent.mkdir(parents=True)
    file.parent.write_text("")


def damaged(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(b"this is not a database" * 100)


@pytest.mark.parametrize("spoil", [blocked, damaged])
def test_no_journal_no_write(file: Path, spoil) -> None:
    spoil(file)
    env = RetagEnv(file)
    plan = env.plan(("two", env.one))
    with pytest.raises(JournalError, match="so nothing was sent"):
        env.engine.apply(plan)
    assert env.embedded.calls["PutImage"] == 0
    assert env.tags()["two"] == env.two


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any folder")
def test_a_read_only_folder_stops_before_the_call(file: Path) -> None:
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
    told = [(str(row.outcome), row.message) for row in report.results]
except Exception as error:
    told = [("raised", str(error))]
tags = env.tags()
print(json.dumps({
    "sent": env.embedded.calls["PutImage"] - sent,
    "told": told,
    "there": sum(tag.startswith("t") and tag[1:].isdigit() for tag in tags),
}))
"""


@pytest.mark.parametrize("room", [0, 60_000])
def test_a_full_disk_stops_before_the_next_call(file: Path, room: int) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(file), str(room)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    outcome = json.loads(run.stdout)
    done = [message for word, message in outcome["told"] if word == "done"]
    assert outcome["sent"] == outcome["there"] == len(done) < 40
    told = " ".join(message for word, message in outcome["told"] if word != "done")
    assert "The journal cannot be written" in told
    assert (len(done) > 0) == (room > 0)
