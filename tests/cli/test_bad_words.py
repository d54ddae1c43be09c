"""Tags, digests and repositories that cannot exist: one exit code, named in the message, nothing sent for them."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ecrtui.cli.exit_codes import ExitCode
from ecrtui.ecr.reference import parse_reference
from tests.cli.test_write_commands import REPOSITORY, RetagRegistry, registry
from tests.support.cli_env import CommandResult
from tests.support.embedded import REGION, REGISTRY_ID, create_repository, push_image

__all__ = ["registry"]

BAD_TAGS = {
    "": "a tag needs at least one character",
    " ": "a tag cannot contain ' '",
    "a b": "a tag cannot contain ' '",
    " new": "a tag cannot contain ' '",
    "1.0+build": "a tag cannot contain '+'",
    "feature/x": "ecrtui promote copies images",
    "one:two": "ecrtui promote copies images",
    "a,b": "a tag cannot contain ','",
    "a\tb": "a tag cannot contain '\\t'",
    "a\nb": "a tag cannot contain '\\n'",
    "\x1b[201~x": "a tag cannot contain '\\x1b'",
    "é": "(U+00E9 LATIN SMALL LETTER E WITH ACUTE)",
    "рrod": "(U+0440 CYRILLIC SMALL LETTER ER)",
    "new\u200b": "(U+200B ZERO WIDTH SPACE)",
    ".x": "cannot start with '.'",
    "-x": "cannot start with '-'",
    "x" * 129: "at most 128 characters",
    "x" * 301: "at most 128 characters",
    f"{REGISTRY_ID}.dkr.ecr.{REGION}.amazonaws.com/team/app:new": "ecrtui promote copies images",
}


def lines_of(result: CommandResult) -> dict[str, str]:
    """Return the reason of each refused row by its tag."""
    return {row["imageTag"]: row["message"] for row in result.json["results"] if row["outcome"] == "refused"}


@pytest.mark.parametrize("command", ["manifest", "find", "images", "wait"])
def test_an_error_repeats_at_most_the_beginning_of_a_long_word(registry: RetagRegistry, command: str) -> None:
    result = registry.run(command, "a" * 100_000)
    assert result.code == ExitCode.USAGE
    assert len(result.err) < 2_500
    assert result.err.startswith("ecrtui: ")


@pytest.mark.parametrize(
    "words",
    [
        ("retag", "team/app:one", "new", "--yes", "--registry-id", ""),
        ("images", "team/app", "--region", ""),
        ("promote", "team/app:one", "team/prod", "--yes", "--to-region", ""),
        ("wait", "team/app:one", "--digest", ""),
        ("diff", "team/app:one", "team/app:two", "--platform", ""),
        ("history", "--repository", ""),
        ("history", "--plan", ""),
        ("history", "--since", ""),
    ],
)
def test_an_option_with_an_empty_value_is_not_taken_for_its_default(
    words: Sequence[str], registry: RetagRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        registry.run(*words)
    assert f"argument {words[-2]}: its value is empty" in capsys.readouterr().err


READING = {
    "manifest": ("manifest", "{}"),
    "findings": ("findings", "{}"),
    "diff with": ("diff", "{}", "team/app:one"),
    "diff": ("diff", "team/app:one", "{}"),
    "retag": ("retag", "{}", "new", "--yes"),
    "promote": ("promote", "{}", "team/app-copy:x", "--yes"),
    "wait": ("wait", "{}", "--timeout", "0s"),
}
"""The commands that take an image; ``{}`` is the place of its reference."""
NOWHERE = "sha256:" + "0" * 64
LIST = "List its images with: ecrtui images team/app"
NO_REPOSITORY = f"The repository with name 'team/none' does not exist in the registry with id '{REGISTRY_ID}'"
CHECK = "Check the repository name (without the host of the registry), the region and the registry id."
WAIT = "Check the name, or wait longer with --timeout."


@pytest.mark.parametrize("command", READING)
@pytest.mark.parametrize(
    ("reference", "problem", "hint"),
    [
        ("team/app:none", "team/app has no tag none", LIST),
        (f"team/app@{NOWHERE}", f"team/app has no image {NOWHERE}", LIST),
        (f"team/app:one@{NOWHERE}", f"team/app has no image {NOWHERE}", LIST),
        ("team/none:one", f"Repository not found: {NO_REPOSITORY}", CHECK),
        (f"team/none@{NOWHERE}", f"Repository not found: {NO_REPOSITORY}", CHECK),
    ],
    ids=["tag", "digest", "tag and digest", "repository", "repository of a digest"],
)
def test_every_command_says_what_is_missing_in_the_same_words_and_what_to_do_next(
    registry: RetagRegistry, command: str, reference: str, problem: str, hint: str
) -> None:
    result = registry.run(*(word.format(reference) for word in READING[command]))
    assert result.code == ExitCode.REGISTRY_ERROR
    if command == "wait":
        problem = (
            NO_REPOSITORY if reference.startswith("team/none") else f"{parse_reference(reference)} does not exist."
        )
        problem, hint = f"The image is not there: {problem}", WAIT
    told, _, next_step = result.err.partition("\n")
    assert told.removesuffix(": Requested image not found") == f"ecrtui: {problem}"  # the words of BatchGetImage
    assert next_step == f"hint: {hint}\n"


@pytest.mark.parametrize(
    ("words", "problem", "hint"),
    [
        (("swap", "team/app", "one", "none", "--yes"), "team/app has no tag none", LIST),
        (("images", "team/none"), NO_REPOSITORY, CHECK),
        (("lifecycle", "team/none"), NO_REPOSITORY, CHECK),
        (("untag", "team/none:one", "--yes"), NO_REPOSITORY, CHECK),
        (("swap", "team/none", "one", "two", "--yes"), NO_REPOSITORY, CHECK),
        (("promote", "team/app:one", "team/none:x", "--yes"), NO_REPOSITORY, "--create-repository"),
        (("find", "none"), "No repository has none.", "Check the region and the registry id."),
        (("undo", "123", "--yes"), "has no entry 123", "Run ecrtui history to see the entries."),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_commands_for_repositories_and_tags_say_what_is_missing_too(
    registry: RetagRegistry, words: Sequence[str], problem: str, hint: str
) -> None:
    result = registry.run(*words)
    assert result.code != ExitCode.DONE
    assert problem in result.err
    assert hint in result.err.partition("hint: ")[2]


def test_retag_refuses_a_bad_tag_with_one_exit_code_alone_and_among_others(registry: RetagRegistry) -> None:
    for tag, reason in BAD_TAGS.items():
        words = ("retag", "team/app:one", "--yes", "--", tag)
        alone, among = registry.run(*words), registry.run(*words, "ok-1", "ok-2", "ok-3", "ok-4")
        image = ":" in tag  # an image in another repository: the command that copies it is the answer
        assert (alone.code, among.code) == (ExitCode.USAGE if image else ExitCode.REFUSED, ExitCode.REFUSED), tag
        for result in (among,) if image else (alone, among):
            assert reason in lines_of(result)[tag], tag
            assert reason.encode("unicode_escape").decode() in result.err.encode("unicode_escape").decode(), tag
    assert registry.tags() == {"one": registry.one, "two": registry.two}


def test_other_tags_continue_if_asked(registry: RetagRegistry) -> None:
    bad = list(BAD_TAGS)
    result = registry.run(
        "retag", "team/app:one", "--on-conflict", "continue", "--yes", "--", *bad[:8], "ok", *bad[8:], "also-ok"
    )
    assert result.code == ExitCode.PARTLY_DONE
    assert set(lines_of(result)) == set(bad)
    assert registry.tags()["ok"] == registry.tags()["also-ok"] == registry.one


@pytest.mark.parametrize("tag", [tag for tag in BAD_TAGS if len(tag) != 129 and tag not in (".x", "-x")])
def test_untag_and_swap_refuse_a_bad_tag(tag: str, registry: RetagRegistry) -> None:
    untag = registry.run("untag", "team/app", "--yes", "--", tag)
    swap = registry.run("swap", "team/app", "--yes", "--", "one", tag)
    assert (untag.code, swap.code) == (ExitCode.REFUSED, ExitCode.REFUSED)
    assert tag in lines_of(untag)
    assert list(lines_of(swap).values()).count("the other tag of the swap is refused") == 1
    assert registry.tags() == {"one": registry.one, "two": registry.two}


def test_a_tag_that_only_ecr_accepts_can_be_removed_and_put_back(registry: RetagRegistry) -> None:
    odd = "y" * 200
    registry.push("one", odd)
    removed = registry.run("untag", "team/app", odd, "--yes")
    assert removed.code == ExitCode.DONE, removed.err
    assert odd not in registry.tags()
    assert registry.run("undo", removed.json["planId"], "--yes").code == ExitCode.DONE
    assert registry.tags()[odd] == registry.one


def test_to_remove_a_tag_that_does_not_exist_says_that_it_is_not_there(registry: RetagRegistry) -> None:
    removed = registry.run("untag", "team/app", "nothing", "--yes")
    assert removed.json["results"][0]["outcome"] == "already there"
    assert "1 not there" in removed.err
    assert "already there" not in removed.err


FROM_FILE = ("retag", "--from-file", "-", "--yes", "--on-conflict", "continue")


@pytest.fixture
def run_rows(registry: RetagRegistry, monkeypatch: pytest.MonkeyPatch) -> Callable[..., CommandResult]:
    def run(content: bytes | str, *arguments: str) -> CommandResult:
        data = content if isinstance(content, bytes) else content.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        return registry.run(*(arguments or FROM_FILE))

    return run


BAD_ROWS: dict[str, tuple[str, ...]] = {
    "no source": ("team/app", "new", ""),
    "too few cells": ("team/app", "new"),
    "too many cells": ("team/app", "new", "one", "", "one"),
    "an expected tag": ("team/app", "new", "one", "two"),
    "an expected cut digest": ("team/app", "new", "one", "sha256:abc"),
    "an empty tag": ("team/app", "", "one"),
    "a bad tag": ("team/app", "1.0+build", "one"),
    "a bad source": ("team/app", "new", "a b"),
    "a cut digest": ("team/app", "new", "sha256:abc"),
    "a digest in capitals": ("team/app", "new", "sha256:" + "A" * 64),
    "a source that does not exist": ("team/app", "new", "nothing"),
    "an image that does not exist": ("team/app", "new", "sha256:" + "0" * 64),
    "no repository": ("", "new", "one"),
    "a bad repository": ("Team/App", "new", "one"),
    "a repository with a tag": ("team/app:one", "new", "one"),
    "a repository that does not exist": ("team/none", "new", "one"),
    "a repository that does not exist, by digest": ("team/none", "new", "sha256:" + "0" * 64),
    "another registry": (f"999999999999.dkr.ecr.{REGION}.amazonaws.com/team/app", "new", "one"),
    "another region": (f"{REGISTRY_ID}.dkr.ecr.us-east-1.amazonaws.com/team/app", "new", "one"),
}


COLUMNS = ("repository", "tag", "source", "expect")


def file_of(format_name: str, rows: Sequence[tuple[str, ...]]) -> str:
    if format_name == "json":
        return json.dumps([dict(zip(COLUMNS, row, strict=False)) for row in rows])
    return "\n".join(",".join(row) for row in (COLUMNS, *rows))


@pytest.mark.parametrize("format_name", ["json", "csv"])
def test_each_bad_row_is_named_and_the_others_are_applied(
    format_name: str, registry: RetagRegistry, run_rows: Callable[..., CommandResult]
) -> None:
    create_repository(registry.env.client, "team/other")
    push_image(registry.env.client, "team/other", "other", "one")
    bad = [
        row if "cells" in kind else (*row, "")[: len(COLUMNS)]
        for kind, row in BAD_ROWS.items()
        if format_name == "csv" or "cells" not in kind
    ]
    rows = [("team/app", "good", "one", "none"), *bad, ("team/other", "good", "one", "none")]
    result = run_rows(file_of(format_name, rows))
    assert result.code == ExitCode.PARTLY_DONE, result.err
    outcomes = {row["row"]: row["outcome"] for row in result.json["results"]}
    assert outcomes == {1: "done", **dict.fromkeys(range(2, len(rows)), "refused"), len(rows): "done"}
    for row in range(2, len(rows)):
        assert f"ecrtui: row {row}: " in result.err
    assert registry.tags()["good"] == registry.one
    assert "new" not in registry.tags()


@pytest.mark.parametrize("kind", ["no source", "a bad tag", "a repository that does not exist, by digest"])
def test_a_file_of_one_bad_row_has_the_same_exit_code_whatever_is_wrong(
    kind: str, registry: RetagRegistry, run_rows: Callable[..., CommandResult]
) -> None:
    for words in (FROM_FILE, FROM_FILE[:4]):
        result = run_rows(file_of("csv", [(*BAD_ROWS[kind], "")]), *words)
        assert (result.code, result.json["counts"]) == (ExitCode.REFUSED, {"refused": 1})
        assert "ecrtui: row 1: " in result.err


def test_rows_that_swap_tags_or_are_given_twice_are_applied_once(
    registry: RetagRegistry, run_rows: Callable[..., CommandResult]
) -> None:
    rows = [
        ("team/app", "one", "two"),
        ("team/app", "two", "one"),
        ("team/app", "one", "two"),
        ("team/app", "new", "one"),
    ]
    result = run_rows(file_of("csv", [(*row, "") for row in [*rows, ("team/app", "new", "two")]]))
    assert result.code == ExitCode.PARTLY_DONE
    assert registry.tags() == {"one": registry.two, "two": registry.one, "new": registry.one}
    assert "row 5: team/app:new refused: another step of this plan has the same tag" in result.err


def test_the_uri_of_this_registry_names_its_repository(
    registry: RetagRegistry, run_rows: Callable[..., CommandResult]
) -> None:
    uri = f"{REGISTRY_ID}.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}"
    assert run_rows(f"repository,tag,source\n{uri},new,one\n").code == ExitCode.DONE
    assert registry.tags()["new"] == registry.one


def test_a_refused_row_of_a_plan_is_refused_again_and_keeps_its_guard(
    registry: RetagRegistry, run_rows: Callable[..., CommandResult]
) -> None:
    rows = f"repository,tag,source,expect\nteam/none,new,{registry.one},none\nteam/app,new,one,\n"
    dry = ("retag", "--from-file", "-", "--dry-run")
    first = run_rows(rows, *dry)
    refused = first.json["steps"][0]
    assert (refused["digestBefore"], refused["digestExpected"]) == (None, "")
    create_repository(registry.env.client, "team/none")
    push_image(registry.env.client, "team/none", "one", "new")
    again = run_rows(first.out, *dry)
    assert again.json["steps"][0]["action"] == "already there"
    push_image(registry.env.client, "team/none", "two", "new")
    assert "expected the tag not to exist" in run_rows(first.out, *dry).json["steps"][0]["reason"]


GOOD = "repository,tag,source\r\nteam/app,new,one\r\n"


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode("utf-8-sig"),
        GOOD.encode("utf-16"),
        GOOD.replace("\r\n", "\n").encode("utf-16"),
        GOOD.replace("\r\n", "\r").encode(),
        GOOD.replace(",", ";").encode(),
        GOOD.replace(",", "\t").encode(),
        GOOD.replace("\r\n", "\r\n\r\n").encode(),
        (GOOD + " , , \r\n").encode(),
        b'"repository","tag","source"\n"team/app","new","one"',
        b'\n\nrepository , tag , source\n "team/app", new , one \n'.replace(b' "team/app"', b'"team/app"'),
        json.dumps([{"repository": "team/app", "tag": "new", "source": "one"}]).encode("utf-8-sig"),
        json.dumps({"steps": [{"repository": "team/app", "tag": "new", "source": "one"}]}).encode("utf-16"),
    ],
)
def test_files_of_editors_spreadsheets_and_shells_are_read(
    content: bytes, registry: RetagRegistry, run_rows: Callable[..., CommandResult]
) -> None:
    result = run_rows(content)
    assert result.code == ExitCode.DONE, result.err
    assert registry.tags()["new"] == registry.one


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("repository,tag,source\nteam/app,new,é\n".encode("latin-1"), "line 2"),
        (b"\xff\xfea", "truncated"),
        (b"\x00\x01", "no column"),
        ("".join(f"{character}\0" for character in GOOD).encode(), "Save the file as UTF-8"),
        (b"", "no rows"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"steps": 1}', "no steps"),
        (b'repository,tag,source\nteam/app,new,"one\n', "not valid CSV"),
        (b"repository,tag\nteam/app,new\n", "no column"),
        (b"team/app,new,one\n", "no column"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_usage_error(
    content: bytes, reason: str, run_rows: Callable[..., CommandResult]
) -> None:
    result = run_rows(content)
    assert (result.code, result.out) == (ExitCode.USAGE, "")
    assert reason in result.err


def test_a_file_without_end_is_not_read_into_memory(registry: RetagRegistry, tmp_path: Path) -> None:
    file = tmp_path / "zeros"
    with file.open("wb") as made:
        made.truncate(10**9)
    result = registry.run("retag", "--from-file", str(file), "--yes")
    assert (result.code, result.err) == (
        ExitCode.USAGE,
        f"ecrtui: {file} is larger than 128 MB\nhint: Split the file.\n",
    )
