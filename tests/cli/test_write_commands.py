"""``retag``, ``untag``, ``swap``, ``undo`` and ``history``."""

from __future__ import annotations

import csv
import io
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ecrtui.cli.exit_codes import ExitCode
from ecrtui.cli.main import main
from ecrtui.retag.plan import StepOutcome
from tests.support.cli_env import CliEnv, CommandResult
from tests.support.embedded import REGION, create_repository, push_image, push_index, served

REPOSITORY = "team/app"


class RetagRegistry(NamedTuple):
    """The repository team/app with the images ``one`` and ``two``, each with a tag of its name."""

    env: CliEnv
    one: str
    two: str

    def run(self, *arguments: str) -> CommandResult:
        return self.env.run(*arguments)

    def tags(self) -> dict[str, str]:
        return self.env.tags(REPOSITORY)

    def push(self, name: str, tag: str) -> str:
        return push_image(self.env.client, REPOSITORY, name, tag).digest


@pytest.fixture
def registry(cli: CliEnv) -> RetagRegistry:
    create_repository(cli.client, REPOSITORY)
    one, two = (push_image(cli.client, REPOSITORY, name, name).digest for name in ("one", "two"))
    return RetagRegistry(cli, one, two)


def test_retag_writes_the_tags_and_prints_each_result(registry: RetagRegistry) -> None:
    result = registry.run("retag", "team/app:one", "new", "two", "--yes")
    assert result.code == ExitCode.DONE
    assert [(row["imageTag"], row["action"], row["outcome"]) for row in result.json["results"]] == [
        ("new", "create", "done"),
        ("two", "move", "done"),
    ]
    assert registry.tags() == {"one": registry.one, "new": registry.one, "two": registry.one}
    assert f"ecrtui undo {result.json['planId']}" in result.err


def test_a_throttled_write_says_once_that_it_is_sent_again(
    registry: RetagRegistry, capsys: pytest.CaptureFixture[str], no_sdk_retries: None
) -> None:
    registry.env.embedded.faults.add("PutImage:throttle:times=2")
    with served(registry.env.embedded) as url:
        assert main(["retag", "team/app:one", "new", "--yes", "--endpoint-url", url, "--region", REGION]) == 0
    assert capsys.readouterr().err.count("Trying again") == 1
    assert registry.tags()["new"] == registry.one


def test_throttled_writes_of_a_file_say_once_that_they_are_sent_again(
    registry: RetagRegistry, capsys: pytest.CaptureFixture[str], no_sdk_retries: None, tmp_path: Path
) -> None:
    rows = [f"team/app,tag-{number},one" for number in range(20)]
    plan = tmp_path / "plan.csv"
    plan.write_text("\n".join(["repository,tag,source", *rows]))
    registry.env.embedded.faults.add("PutImage:throttle:times=2")
    with served(registry.env.embedded) as url:
        assert main(["retag", "--from-file", str(plan), "--yes", "--endpoint-url", url, "--region", REGION]) == 0
    assert capsys.readouterr().err.count("Trying again") == 1


@pytest.mark.parametrize("attempts", ["1", "2"])
def test_a_throttled_read_says_once_that_it_is_sent_again(
    registry: RetagRegistry, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, attempts: str
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", attempts)
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")
    registry.env.embedded.faults.add("DescribeImages:throttle:times=1")
    registry.env.embedded.faults.add("BatchGetImage:throttle:times=1")
    with served(registry.env.embedded) as url:
        code = main(["retag", "team/app:one", "new", "--yes", "--endpoint-url", url, "--region", REGION])
    again = capsys.readouterr().err.count("They are sent again after a pause.")
    assert (code, again) == ((ExitCode.DONE, 1) if attempts == "2" else (ExitCode.REGISTRY_ERROR, 0))


def test_without_a_terminal_yes_is_required(registry: RetagRegistry) -> None:
    result = registry.run("retag", "team/app:one", "new")
    assert (result.code, result.out) == (ExitCode.REFUSED, "")
    assert "--yes" in result.err
    assert "new" not in registry.tags()


def test_a_dry_run_prints_a_plan_that_from_file_applies(registry: RetagRegistry, tmp_path: Path) -> None:
    result = registry.run("retag", f"team/app@{registry.one}", "new", "two", "--dry-run")
    assert result.code == ExitCode.DONE
    assert "new" not in registry.tags()
    file = tmp_path / "plan.json"
    file.write_text(result.out)
    applied = registry.run("retag", "--from-file", str(file), "--yes")
    assert (applied.code, applied.json["counts"]) == (ExitCode.DONE, {"done": 2})
    assert registry.tags()["two"] == registry.one


def test_a_file_can_be_in_the_home_folder(
    registry: RetagRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "plan.csv").write_text("repository,tag,source\nteam/app,new,one\n")
    assert registry.run("retag", "--from-file", "~/plan.csv", "--yes").code == ExitCode.DONE


def test_a_row_that_is_not_unicode_can_be_reported(registry: RetagRegistry, tmp_path: Path) -> None:
    rows, report = tmp_path / "rows.json", tmp_path / "report.csv"
    names = {"repository": "team/app", "source": "one"}
    rows.write_text(json.dumps([{**names, "tag": "half \ud800"}, {**names, "tag": "new"}]))
    options = ("--yes", "--on-conflict", "continue", "--report", str(report), "--query", "counts")
    result = registry.run("retag", "--from-file", str(rows), *options)
    assert (result.code, result.json) == (ExitCode.PARTLY_DONE, {"done": 1, "refused": 1})
    assert "half \ufffd" in report.read_text()


def test_an_outdated_plan_is_a_conflict(registry: RetagRegistry, tmp_path: Path) -> None:
    plan = registry.run("retag", "team/app:one", "two", "--dry-run").out
    (tmp_path / "plan.json").write_text(plan)
    third = registry.push("third", "two")
    result = registry.run("retag", "--from-file", str(tmp_path / "plan.json"), "--yes")
    assert result.code == ExitCode.CONFLICT
    assert result.json["results"][0]["outcome"] == "conflict"
    assert registry.tags()["two"] == third


def test_a_csv_file_can_name_source_tags(registry: RetagRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = b"repository,tag,source\nteam/app,new,one\nteam/app,newer,two\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(rows)))
    assert registry.run("retag", "--from-file", "-", "--yes").code == ExitCode.DONE
    assert (registry.tags()["new"], registry.tags()["newer"]) == (registry.one, registry.two)


def test_a_tag_that_already_points_there_is_success(registry: RetagRegistry) -> None:
    assert registry.run("retag", "team/app:one", "one", "--yes").code == ExitCode.DONE
    detailed = registry.run("retag", "team/app:one", "one", "--yes", "--detailed-exit-code")
    assert detailed.code == ExitCode.NOTHING_TO_DO
    assert registry.run("retag", "team/app:one", "one").code == ExitCode.DONE, "nothing to confirm"


def test_the_detailed_exit_code_of_a_dry_run_says_what_the_plan_decides(registry: RetagRegistry) -> None:
    dry = ("retag", "team/app:one", "--dry-run")
    for words, code in (
        (["one"], ExitCode.NOTHING_TO_DO),
        (["one", "new"], ExitCode.DONE),
        (["new", ".x"], ExitCode.REFUSED),
        (["two", "--expect", "none"], ExitCode.CONFLICT),
    ):
        assert registry.run(*dry, *words).code == ExitCode.DONE
        assert registry.run(*dry, *words, "--detailed-exit-code").code == code


def test_expect_guards_the_tags(registry: RetagRegistry) -> None:
    retag = ("retag", "team/app:one", "two", "--yes", "--expect")
    assert registry.run(*retag, registry.one).code == ExitCode.CONFLICT
    assert registry.run(*retag, "none").code == ExitCode.CONFLICT
    assert registry.tags()["two"] == registry.two
    assert registry.run(*retag, registry.two).code == ExitCode.DONE


def test_a_word_that_is_not_utf_8_does_not_damage_the_journal(registry: RetagRegistry) -> None:
    assert registry.run("retag", "team/app:one", "new", "--yes").code == ExitCode.DONE
    result = registry.run("history", "--plan", "\udcff")
    assert (result.code, result.json, result.err) == (ExitCode.DONE, {"entries": []}, "")
    for words in (
        ["history", "--repository", "\udcff"],
        ["undo", "\udcff", "--yes"],
        ["retag", "--resume", "\udcff", "--yes"],
    ):
        result = registry.run(*words)
        assert (result.code, "damaged" in result.err) == (ExitCode.USAGE, False)


def test_a_row_without_names_is_named_by_its_number(registry: RetagRegistry, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("repository,tag,source\n,,x\n", "utf-8")
    result = registry.run("retag", "--from-file", str(file), "--yes")
    assert "ecrtui: row 1 refused: the repository is missing" in result.err


@pytest.mark.parametrize(
    "source", [("retag", "--from-file", "-"), ("retag", "--resume", "x"), ("promote", "--resume", "x")]
)
def test_expect_is_refused_where_it_would_guard_nothing(registry: RetagRegistry, source: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit, match="2"):
        registry.run(*source, "--expect", "none", "--yes")
    assert "--expect goes with" in registry.env.capsys.readouterr().err


def test_a_refused_step_stops_the_others_unless_told_to_continue(registry: RetagRegistry) -> None:
    result = registry.run("retag", "team/app:one", ".x", "new", "--yes")
    assert result.code == ExitCode.REFUSED
    assert [row["outcome"] for row in result.json["results"]] == ["refused", "skipped"]
    assert "new" not in registry.tags()
    result = registry.run("retag", "team/app:one", ".x", "new", "--yes", "--on-conflict", "continue")
    assert result.code == ExitCode.PARTLY_DONE
    assert registry.tags()["new"] == registry.one


def test_a_protected_tag_needs_allow_protected(registry: RetagRegistry) -> None:
    result = registry.run("retag", "team/app:one", "prod", "--yes")
    assert result.code == ExitCode.REFUSED
    assert "protected" in result.err
    assert "prod" not in registry.tags()
    assert registry.run("retag", "team/app:one", "prod", "--yes", "--allow-protected").code == ExitCode.DONE


def test_read_only_refuses_writes(registry: RetagRegistry) -> None:
    result = registry.run("retag", "team/app:one", "new", "--yes", "--read-only")
    assert result.code == ExitCode.REFUSED
    assert "\nhint: read_only was set by --read-only.\n" in result.err
    assert "new" not in registry.tags()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("retag", "team/app:nothing", "new", "--yes"), ExitCode.REGISTRY_ERROR),
        (("retag", "team/none:one", "new", "--yes"), ExitCode.REGISTRY_ERROR),
        (("retag", "team/app", "new", "--yes"), ExitCode.USAGE),
        (("retag", "TEAM", "new", "--yes"), ExitCode.USAGE),
        (("retag", "team/none:one", "team/prod:v1", "--yes"), ExitCode.USAGE),
        (("retag", "team/none:one", "team/prod@sha256:" + "0" * 64, "--dry-run"), ExitCode.USAGE),
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
def test_an_invalid_command_line_sends_nothing(registry: RetagRegistry, arguments: tuple[str, ...], code: int) -> None:
    before = registry.tags()
    result = registry.run(*arguments)
    assert result.code == code
    assert result.err.startswith("ecrtui: ")
    assert registry.tags() == before


def test_a_retag_to_another_repository_points_to_promote(registry: RetagRegistry, tmp_path: Path) -> None:
    for word, command in (
        ("team/prod:v1", "ecrtui promote team/app:one team/prod:v1\n"),
        (f"team/prod@{registry.one}", "ecrtui promote team/app:one team/prod\n"),
        ("team/app:v1", "ecrtui retag team/app:one v1\n"),
    ):
        assert command in registry.run("retag", "team/app:one", word, "--yes").err
    rows = tmp_path / "rows.csv"
    rows.write_text(f"repositoryName,imageTag,digest\nteam/app,team/prod:v1,{registry.one}\nteam/app,new,one\n")
    result = registry.run("retag", "--from-file", str(rows), "--yes", "--on-conflict", "continue")
    assert [row["outcome"] for row in result.json["results"]] == ["refused", "done"]
    assert "ecrtui promote" in result.json["results"][0]["message"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("retag", "team/app:one", "new", "--yes"),
        ("untag", "team/app:one", "--yes"),
        ("swap", "team/app", "one", "two", "--yes"),
        ("undo", "--last", "--yes"),
        ("history",),
    ],
)
@pytest.mark.parametrize("in_file", [True, False])
def test_settings_that_cannot_be_used_are_a_usage_error(
    registry: RetagRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], in_file: bool
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("\nread_only = maybe\n" if in_file else "")
    monkeypatch.setenv("ECRTUI_SETTINGS", str(settings))
    monkeypatch.setenv("ECRTUI_READ_ONLY", "" if in_file else "perhaps")
    before = registry.tags()
    result = registry.run(*arguments)
    assert result.code == ExitCode.USAGE
    assert (f"{settings}, line 2: Invalid value." if in_file else "ECRTUI_READ_ONLY") in result.err
    assert registry.tags() == before


@pytest.mark.parametrize("arguments", [("retag",), ("retag", "team/app:one"), ("undo",), ("undo", "1", "--last")])
def test_an_incomplete_command_line_prints_its_usage_and_the_next_step(
    registry: RetagRegistry, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as ended:
        registry.run(*arguments)
    assert ended.value.code == ExitCode.USAGE
    usage, problem, hint = registry.env.capsys.readouterr().err.splitlines()
    assert usage.startswith(f"usage: ecrtui {arguments[0]} [options] ")
    assert problem.startswith("ecrtui: give ")
    assert hint == f"hint: ecrtui {arguments[0]} --help explains all options."


def test_an_invalid_option_is_printed_with_its_controls_visible(registry: RetagRegistry) -> None:
    with pytest.raises(SystemExit):
        registry.run("retag", "team/app:one", "new", "--\x1b[31mx")
    assert "ecrtui: unrecognized arguments: --␛[31mx\n" in registry.env.capsys.readouterr().err


def test_undo_reverts_a_plan_the_last_plan_or_an_entry(registry: RetagRegistry) -> None:
    before = registry.tags()
    plan = registry.run("retag", "team/app:one", "new", "two", "--yes").json["planId"]
    after = registry.tags()
    undone = registry.run("undo", plan, "--yes")
    assert (undone.code, registry.tags()) == (ExitCode.DONE, before)
    registry.run("undo", undone.json["planId"], "--yes")
    assert registry.tags() == after, "the undo of an undo does it again"
    registry.run("undo", "--last", "--yes")
    assert registry.tags() == before
    registry.run("retag", "team/app:one", "two", "--yes")
    entry = registry.run("history", "--limit", "1").json["entries"][0]["entry"]
    assert registry.run("undo", str(entry), "--yes").code == ExitCode.DONE
    assert registry.tags() == before


def test_undo_reverts_as_much_as_it_can(registry: RetagRegistry) -> None:
    plan = registry.run("retag", "team/app:one", "new", "two", "--yes").json["planId"]
    registry.push("third", "two")
    assert registry.run("undo", plan, "--yes", "--on-conflict", "continue").code == ExitCode.PARTLY_DONE
    assert "new" not in registry.tags()


def test_untag_keeps_the_last_tag(registry: RetagRegistry) -> None:
    registry.run("retag", "team/app:one", "new", "--yes")
    assert registry.run("untag", "team/app:new", "--yes").code == ExitCode.DONE
    result = registry.run("untag", "team/app", "one", "--yes")
    assert result.code == ExitCode.REFUSED
    assert "last tag" in result.err
    assert registry.tags() == {"one": registry.one, "two": registry.two}


def test_swap_exchanges_two_tags(registry: RetagRegistry) -> None:
    assert registry.run("swap", "team/app", "one", "two", "--yes").code == ExitCode.DONE
    assert registry.tags() == {"one": registry.two, "two": registry.one}


def test_history_lists_digests_before_and_after(registry: RetagRegistry) -> None:
    registry.run("retag", "team/app:one", "two", "--yes")
    result = registry.run("history", "--repository", REPOSITORY, "--since", "1mo")
    (entry,) = result.json["entries"]
    assert result.code == ExitCode.DONE
    assert (entry["imageTag"], entry["digestBefore"], entry["digestAfter"]) == ("two", registry.two, registry.one)
    assert entry["outcome"] == "done"
    assert registry.run("history", "--repository", "team/none").json == {"entries": []}
    assert registry.run("history", "--query", "entries[].imageTag").json == ["two"]
    (row,) = csv.DictReader(registry.run("history", "--output", "csv").out.splitlines())
    assert (row["imageTag"], row["digestAfter"], row["registryId"]) == ("two", registry.one, "123456789012")
    assert (
        f"| two | move | {registry.two} | {registry.one} (one) | done |"
        in registry.run("history", "--output", "markdown").out
    )
    head, line = registry.run("history", "--output", "table").out.splitlines()
    assert head.split()[:4] == ["TIME", "(UTC)", "OUTCOME", "REPOSITORY"]
    assert line.split()[2:7] == ["done", REPOSITORY, "two", registry.two[7:19], registry.one[7:19]]
    assert registry.run("history", "--output", "csv", "--query", "entries").code == ExitCode.USAGE


@pytest.mark.parametrize("output", ["text", "table", "yaml", "off"])
def test_results_have_the_formats_of_the_aws_cli(registry: RetagRegistry, output: str) -> None:
    result = registry.run("retag", "team/app:one", "new", "--yes", "--output", output)
    assert result.code == ExitCode.DONE
    assert ("new" in result.out) == (output != "off")


def test_a_platform_of_an_index_gets_a_warning(registry: RetagRegistry) -> None:
    index = push_index(registry.env.client, REPOSITORY, tag="multi")
    child = json.loads(index.manifest)["manifests"][0]["digest"]
    plan = registry.run("retag", f"team/app@{child}", "fresh", "--dry-run").json
    assert "only" in plan["steps"][0]["warnings"][0]


def test_the_demo_has_a_journal_of_its_own(capsys: pytest.CaptureFixture[str], own_home: Path) -> None:
    main(["history", "--demo"])
    assert json.loads(capsys.readouterr().out) == {"entries": []}
    assert not list(own_home.rglob("journal.sqlite"))


@pytest.mark.parametrize(
    ("typed", "code"), [("y\n", ExitCode.DONE), ("n\n", ExitCode.REFUSED), ("\n", ExitCode.REFUSED)]
)
def test_a_terminal_shows_the_plan_and_asks(registry: RetagRegistry, typed: str, code: int) -> None:
    ended, shown = registry.env.run_on_terminal(typed, "retag", "team/app:one", "new")
    assert "team/app:new new" in shown
    assert ended == code
    assert ("new" in registry.tags()) == (code == ExitCode.DONE)


def test_the_end_of_the_input_refuses_on_a_line_of_its_own(registry: RetagRegistry) -> None:
    code, shown = registry.env.run_on_terminal("\x04", "retag", "team/app:one", "new")
    assert code == ExitCode.REFUSED
    assert "[y/N] \necrtui: refused: not confirmed." in shown


def test_a_terminal_asks_for_a_protected_tag_by_name(registry: RetagRegistry) -> None:
    retag = ("retag", "team/app:one", "prod")
    assert registry.env.run_on_terminal("y\n", *retag)[0] == ExitCode.REFUSED
    assert "prod" not in registry.tags()
    code, shown = registry.env.run_on_terminal("prod\n", *retag)
    assert code == ExitCode.DONE
    assert "'prod' is protected in account 123456789012, eu-west-1. Type it to confirm:" in shown
    assert registry.tags()["prod"] == registry.one


def test_an_interrupted_plan_can_be_resumed(registry: RetagRegistry) -> None:
    tags = [f"t{number}" for number in range(30)]
    process = registry.env.start("retag", "team/app:one", *tags, "--yes", ECRTUI_WRITES_PER_SECOND="2")
    while "t0" not in registry.tags() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == ExitCode.PARTLY_DONE, err
    plan: Any = json.loads(out)["planId"]
    assert f"ecrtui retag --resume {plan}" in err
    sent = len(registry.tags()) - 2
    assert 0 < sent < 30
    assert f"{30 - sent} tags of the plan were not sent; continue with: ecrtui retag --resume {plan}" in (
        registry.run("history", "--limit", "1").err
    )
    result = registry.run("retag", "--resume", plan, "--yes")
    assert result.code == ExitCode.DONE
    assert set(result.json["counts"]) == {str(StepOutcome.ALREADY), str(StepOutcome.DONE)}
    assert {registry.tags()[tag] for tag in tags} == {registry.one}
    history = registry.run("history", "--plan", plan)
    assert (len(history.json["entries"]), history.err) == (30, "")


def test_a_closed_output_does_not_hide_the_exit_code(registry: RetagRegistry) -> None:
    process = registry.env.start("retag", "team/app:nothing", "new", "--yes")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(120) == ExitCode.REGISTRY_ERROR
    process = registry.env.start("retag", "team/app:one", ".x", "new", "--yes", "--on-conflict", "continue")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(120) == ExitCode.PARTLY_DONE
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    "words",
    [
        ("team/app:one", "--yes", "new", "newer"),
        ("--yes", "team/app:one", "new", "newer"),
        ("team/app:one", "new", "--yes", "newer"),
        ("team/app:one", "--on-conflict", "continue", "new", "--yes", "--", "newer"),
        ("team/app:one", "--yes", "--", "new", "newer"),
        ("--yes", "--", "team/app:one", "new", "newer"),
    ],
)
def test_options_may_stand_anywhere(words: tuple[str, ...], registry: RetagRegistry) -> None:
    result = registry.run("retag", *words)
    assert (result.code, result.json["counts"]) == (ExitCode.DONE, {"done": 2})


def test_words_after_two_dashes_are_no_options(registry: RetagRegistry) -> None:
    result = registry.run("retag", "team/app:one", "--yes", "--", "--dry-run", "--", "new")
    assert [row["imageTag"] for row in result.json["results"]] == ["--dry-run", "--", "new"]
    assert result.code == ExitCode.REFUSED


def test_a_report_for_a_change_ticket_is_saved_beside_the_result(registry: RetagRegistry, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("plan.md", "result.csv", "undo.json", "refused.md")]
    image = f"{REPOSITORY}@{registry.one}"
    assert registry.run("retag", image, "new", "--dry-run", "--report", str(files[0])).code == ExitCode.DONE
    plan = registry.run("retag", image, "new", "--yes", "--report", str(files[1])).json["planId"]
    assert registry.run("undo", plan, "--yes", "--report", str(files[2])).code == ExitCode.DONE
    refused = ("untag", f"{REPOSITORY}:one", "--yes", "--report", str(files[3]))
    assert registry.run(*refused).code == ExitCode.REFUSED
    texts = [file.read_text() for file in files]
    assert "| new | create |" in texts[0]
    assert f",{plan}," in texts[1]
    assert json.loads(texts[2])["kind"] == "undo"
    assert "last tag of this image" in texts[3]
    tags = registry.tags()
    for name in ("result.csv", "result.txt", "none/result.md"):  # it exists, has no known format, has no folder
        with pytest.raises(SystemExit):
            registry.run("retag", image, "again", "--yes", "--report", str(tmp_path / name))
        assert registry.tags() == tags
