"""retag, untag, swap, undo and history as commands, on a registry in a file."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ecrtui.cli.exit_codes import ExitCode
from ecrtui.cli.main import main
from tests.support.embedded import REGION, client_for, create_repository, new_embedded, push_image, push_index, tags_of

REPOSITORY = "team/app"


@dataclass
class Shop:
    """A registry in a file, and the commands on it."""

    database: str
    client: Any
    one: str
    two: str
    capsys: pytest.CaptureFixture[str]
    err: str = ""

    def run(self, *arguments: str) -> tuple[int, Any]:
        """Run a command; its exit code and what it printed, as JSON."""
        code = main([*arguments, "--db", self.database, "--region", REGION])
        out, self.err = self.capsys.readouterr()
        return code, json.loads(out) if out else None

    def tags(self) -> dict[str, str]:
        return tags_of(self.client, REPOSITORY)


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("ECRTUI_WRITES_PER_SECOND", "100000")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    database = str(tmp_path / "registry.sqlite")
    client = client_for(new_embedded(database))
    create_repository(client, REPOSITORY)
    one, two = (push_image(client, REPOSITORY, name, name).digest for name in ("one", "two"))
    return Shop(database, client, one, two, capsys)


def test_a_retag_puts_the_tags_and_prints_what_became_of_each(shop: Shop) -> None:
    code, report = shop.run("retag", "team/app:one", "new", "two", "--yes")
    assert code == ExitCode.DONE
    assert [(row["imageTag"], row["action"], row["outcome"]) for row in report["results"]] == [
        ("new", "create", "done"),
        ("two", "move", "done"),
    ]
    assert shop.tags() == {"one": shop.one, "new": shop.one, "two": shop.one}
    assert f"ecrtui undo {report['planId']}" in shop.err


def test_without_a_terminal_nothing_is_asked_and_nothing_is_sent(shop: Shop) -> None:
    code, report = shop.run("retag", "team/app:one", "new")
    assert (code, report) == (ExitCode.REFUSED, None)
    assert "--yes was not given" in shop.err
    assert "new" not in shop.tags()


def test_a_dry_run_prints_a_plan_that_can_be_given_back(shop: Shop, tmp_path: Path) -> None:
    code, plan = shop.run("retag", f"team/app@{shop.one}", "new", "two", "--dry-run")
    assert code == ExitCode.DONE
    assert "new" not in shop.tags()
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(plan))
    code, report = shop.run("retag", "--from-file", str(file), "--yes")
    assert (code, report["counts"]) == (ExitCode.DONE, {"done": 2})
    assert shop.tags()["two"] == shop.one


def test_a_plan_that_is_out_of_date_is_a_conflict(shop: Shop, tmp_path: Path) -> None:
    _, plan = shop.run("retag", "team/app:one", "two", "--dry-run")
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    third = push_image(shop.client, REPOSITORY, "third", "two").digest
    code, report = shop.run("retag", "--from-file", str(tmp_path / "plan.json"), "--yes")
    assert code == ExitCode.CONFLICT
    assert report["results"][0]["outcome"] == "conflict"
    assert shop.tags()["two"] == third


def test_a_csv_from_standard_input_takes_tags_as_sources(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("repository,tag,source\nteam/app,new,one\nteam/app,newer,two\n"))
    code, _ = shop.run("retag", "--from-file", "-", "--yes")
    assert code == ExitCode.DONE
    assert (shop.tags()["new"], shop.tags()["newer"]) == (shop.one, shop.two)


def test_what_is_so_already_is_success_and_can_be_told_apart(shop: Shop) -> None:
    assert shop.run("retag", "team/app:one", "one", "--yes")[0] == ExitCode.DONE
    assert shop.run("retag", "team/app:one", "one", "--yes", "--detailed-exit-code")[0] == ExitCode.NOTHING_TO_DO
    assert shop.run("retag", "team/app:one", "one")[0] == ExitCode.DONE  # nothing to ask either


def test_an_expectation_guards_the_tags(shop: Shop) -> None:
    assert shop.run("retag", "team/app:one", "two", "--yes", "--expect", shop.one)[0] == ExitCode.CONFLICT
    assert shop.run("retag", "team/app:one", "two", "--yes", "--expect", "none")[0] == ExitCode.CONFLICT
    assert shop.tags()["two"] == shop.two
    assert shop.run("retag", "team/app:one", "two", "--yes", "--expect", shop.two)[0] == ExitCode.DONE


def test_one_step_that_is_refused_keeps_the_others_from_being_sent_unless_told_to_continue(shop: Shop) -> None:
    code, report = shop.run("retag", "team/app:one", ".x", "new", "--yes")
    assert code == ExitCode.REFUSED
    assert [row["outcome"] for row in report["results"]] == ["refused", "skipped"]
    assert "new" not in shop.tags()
    code, report = shop.run("retag", "team/app:one", ".x", "new", "--yes", "--on-conflict", "continue")
    assert code == ExitCode.PARTLY_DONE
    assert shop.tags()["new"] == shop.one


def test_a_protected_tag_wants_its_own_option(shop: Shop) -> None:
    assert shop.run("retag", "team/app:one", "prod", "--yes")[0] == ExitCode.REFUSED
    assert "protected" in shop.err
    assert "prod" not in shop.tags()
    assert shop.run("retag", "team/app:one", "prod", "--yes", "--allow-protected")[0] == ExitCode.DONE


def test_read_only_refuses(shop: Shop) -> None:
    assert shop.run("retag", "team/app:one", "new", "--yes", "--read-only")[0] == ExitCode.REFUSED
    assert "new" not in shop.tags()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("retag", "team/app:nothing", "new", "--yes"), ExitCode.REGISTRY_ERROR),
        (("retag", "team/none:one", "new", "--yes"), ExitCode.REGISTRY_ERROR),
        (("retag", "team/app", "new", "--yes"), ExitCode.USAGE),
        (("retag", "TEAM", "new", "--yes"), ExitCode.USAGE),
        (("retag", "team/app:one", "new", "--expect", "prod"), ExitCode.USAGE),
        (("retag", "team/app:one", "new", "--yes", "--query", "]["), ExitCode.USAGE),
        (("retag", "--from-file", "/nowhere/plan.csv", "--yes"), ExitCode.USAGE),
        (("retag", "--resume", "nothing", "--yes"), ExitCode.USAGE),
        (("undo", "nothing", "--yes"), ExitCode.USAGE),
        (("undo", "77", "--yes"), ExitCode.USAGE),
        (("undo", "--last", "--yes"), ExitCode.USAGE),
        (("untag", "team/app", "--yes"), ExitCode.USAGE),
        (("history", "--since", "yesterday"), ExitCode.USAGE),
    ],
)
def test_what_cannot_be_has_its_exit_code_and_sends_nothing(shop: Shop, arguments: tuple[str, ...], code: int) -> None:
    before = shop.tags()
    assert shop.run(*arguments)[0] == code
    assert shop.err.startswith("ecrtui: ")
    assert shop.tags() == before


@pytest.mark.parametrize("arguments", [("retag",), ("retag", "team/app:one"), ("undo",), ("undo", "1", "--last")])
def test_an_incomplete_line_is_a_usage_error(shop: Shop, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        shop.run(*arguments)
    assert ended.value.code == ExitCode.USAGE


def test_undo_takes_back_a_plan_the_last_one_or_an_entry_and_redo_is_its_undo(shop: Shop) -> None:
    before = shop.tags()
    _, report = shop.run("retag", "team/app:one", "new", "two", "--yes")
    after = shop.tags()
    code, undone = shop.run("undo", report["planId"], "--yes")
    assert (code, shop.tags()) == (ExitCode.DONE, before)
    shop.run("undo", undone["planId"], "--yes")
    assert shop.tags() == after
    shop.run("undo", "--last", "--yes")
    assert shop.tags() == before
    shop.run("retag", "team/app:one", "two", "--yes")
    _, history = shop.run("history", "--limit", "1")
    assert shop.run("undo", str(history["entries"][0]["entry"]), "--yes")[0] == ExitCode.DONE
    assert shop.tags() == before


def test_undo_takes_back_what_it_can(shop: Shop) -> None:
    _, report = shop.run("retag", "team/app:one", "new", "two", "--yes")
    push_image(shop.client, REPOSITORY, "third", "two")
    code, _ = shop.run("undo", report["planId"], "--yes", "--on-conflict", "continue")
    assert code == ExitCode.PARTLY_DONE
    assert "new" not in shop.tags()


def test_untag_keeps_the_last_tag(shop: Shop) -> None:
    shop.run("retag", "team/app:one", "new", "--yes")
    assert shop.run("untag", "team/app:new", "--yes")[0] == ExitCode.DONE
    assert shop.run("untag", "team/app", "one", "--yes")[0] == ExitCode.REFUSED
    assert "last tag" in shop.err
    assert shop.tags() == {"one": shop.one, "two": shop.two}


def test_swap_exchanges_two_tags(shop: Shop) -> None:
    assert shop.run("swap", "team/app", "one", "two", "--yes")[0] == ExitCode.DONE
    assert shop.tags() == {"one": shop.two, "two": shop.one}


def test_history_tells_what_was_and_what_is(shop: Shop) -> None:
    shop.run("retag", "team/app:one", "two", "--yes")
    code, history = shop.run("history", "--repository", REPOSITORY, "--since", "1mo")
    (entry,) = history["entries"]
    assert code == ExitCode.DONE
    assert (entry["imageTag"], entry["digestBefore"], entry["digestAfter"]) == ("two", shop.two, shop.one)
    assert entry["outcome"] == "done"
    assert shop.run("history", "--repository", "team/none")[1] == {"entries": []}
    assert shop.run("history", "--query", "entries[].imageTag")[1] == ["two"]


@pytest.mark.parametrize("output", ["text", "table", "yaml", "off"])
def test_results_come_in_the_formats_of_the_aws_cli(shop: Shop, output: str) -> None:
    code = main(
        ["retag", "team/app:one", "new", "--yes", "--output", output, "--db", shop.database, "--region", REGION]
    )
    out = shop.capsys.readouterr().out
    assert code == ExitCode.DONE
    assert ("new" in out) == (output != "off")


def test_a_platform_of_an_index_is_warned_of(shop: Shop) -> None:
    index = push_index(shop.client, REPOSITORY, tag="multi")
    child = json.loads(index.manifest)["manifests"][0]["digest"]
    _, plan = shop.run("retag", f"team/app@{child}", "fresh", "--dry-run")
    assert "alone" in plan["steps"][0]["warnings"][0]


def test_a_demo_registry_leaves_the_users_journal_alone(shop: Shop, own_home: Path) -> None:
    main(["history", "--demo"])
    assert json.loads(shop.capsys.readouterr().out) == {"entries": []}
    assert not list(own_home.rglob("journal.sqlite"))


@pytest.mark.parametrize(
    ("typed", "code"),
    [("y\n", ExitCode.DONE), ("n\n", ExitCode.REFUSED), ("\n", ExitCode.REFUSED)],
)
def test_on_a_terminal_the_plan_is_shown_and_asked_for(shop: Shop, typed: str, code: int) -> None:
    told, ended = on_a_terminal(shop, typed, "retag", "team/app:one", "new")
    assert "team/app:new new" in told
    assert ended == code
    assert ("new" in shop.tags()) == (code == ExitCode.DONE)


def test_on_a_terminal_a_protected_tag_has_to_be_typed(shop: Shop) -> None:
    assert on_a_terminal(shop, "y\n", "retag", "team/app:one", "prod")[1] == ExitCode.REFUSED
    assert "prod" not in shop.tags()
    assert on_a_terminal(shop, "prod\n", "retag", "team/app:one", "prod")[1] == ExitCode.DONE
    assert shop.tags()["prod"] == shop.one


def on_a_terminal(shop: Shop, typed: str, *arguments: str) -> tuple[str, int]:
    """Run a command with a terminal of its own; what it told there, and its exit code."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ecrtui", *arguments, "--db", shop.database, "--region", REGION],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.DEVNULL,
        env=os.environ,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    told = b""
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        told += chunk
    os.close(ours)
    return told.decode(), process.wait(30)


def test_the_commands_load_neither_textual_nor_boto3_for_their_help() -> None:
    script = "import sys\ntry:\n import ecrtui.cli.main as m; m.main(['retag', '--help'])\nexcept SystemExit: pass\n"
    script += "print([name for name in ('textual', 'boto3', 'botocore') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.rstrip().endswith("[]")
    assert "exit codes: 0 done" in run.stdout


def test_a_run_that_was_interrupted_stops_between_two_tags_and_is_resumed(shop: Shop, tmp_path: Path) -> None:
    tags = [f"t{number}" for number in range(30)]
    line = [sys.executable, "-m", "ecrtui", "retag", "team/app:one", *tags, "--yes"]
    process = subprocess.Popen(
        [*line, "--db", shop.database, "--region", REGION],
        env={**os.environ, "ECRTUI_WRITES_PER_SECOND": "20"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while "t0" not in shop.tags() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == ExitCode.PARTLY_DONE, err
    plan = json.loads(out)["planId"]
    assert f"ecrtui retag --resume {plan}" in err
    assert 0 < len(shop.tags()) - 2 < 30
    code, report = shop.run("retag", "--resume", plan, "--yes")
    assert code == ExitCode.DONE
    assert set(report["counts"]) == {"already there", "done"}
    assert {shop.tags()[tag] for tag in tags} == {shop.one}
    assert len(shop.run("history", "--plan", plan)[1]["entries"]) == 30
