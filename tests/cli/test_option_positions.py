"""Options before, between and after the words of every command mean the same."""

from __future__ import annotations

import importlib
from typing import NamedTuple

import pytest

from ecrtui.cli.main import command_first


class Line(NamedTuple):
    """A command line: the module of its parser, its words, and the words that options follow at the earliest."""

    module: str
    words: tuple[str, ...]
    options: tuple[tuple[str, ...], ...]
    first: int = 0


CONNECTION = (("--region", "eu-west-1"), ("--debug",), ("--cli-read-timeout", "5"))
WRITING = (("--yes",), ("--on-conflict", "continue"), ("--output", "text"), *CONNECTION)
LINES = [
    Line("retag", ("team/app:one", "new", "newer"), (("--expect", "none"), *WRITING)),
    Line("retag", (), (("--from-file", "-"), *WRITING)),
    Line("untag", ("team/app", "old", "older"), WRITING),
    Line("untag", ("team/app:old",), WRITING),
    Line("swap", ("team/app", "one", "two"), WRITING),
    Line("undo", ("12",), WRITING),
    Line("undo", (), (("--last",), *WRITING)),
    Line("history", (), (("--limit", "5"), ("--plan", "x"), *CONNECTION)),
    Line("images", ("team/app",), (("--limit", "5"), ("--filter", "is:untagged"), *CONNECTION)),
    Line("repositories", (), (("--limit", "5"), *CONNECTION)),
    Line("manifest", ("team/app:one",), CONNECTION),
    Line("keys", (), (("--output", "text"),)),
    Line("browse_options", ("team/app",), (("--theme", "x"), ("--read-only",), *CONNECTION)),
    Line("local", ("import", "folder", "team/app:1"), (("--db", "x"), ("--platform", "linux/amd64")), first=1),
    Line("local", ("export", "team/app:1", "folder"), (("--db", "x"),), first=1),
]


@pytest.mark.parametrize("line", LINES, ids=lambda line: " ".join((line.module, *line.words)))
def test_options_may_stand_anywhere(line: Line) -> None:
    parser = importlib.import_module(f"ecrtui.cli.{line.module}").parser()
    options = [word for option in line.options for word in option]
    expected = vars(parser.parse_args([*line.words[: line.first], *options, *line.words[line.first :]]))
    for position in range(line.first, len(line.words) + 1):
        for turn in range(len(line.options)):
            here = line.options[turn:] + line.options[:turn]
            before, after = here[: len(here) // 2], here[len(here) // 2 :]
            words = [*line.words[:position], *sum(before, ()), *line.words[position:], *sum(after, ())]
            assert vars(parser.parse_args(words)) == expected, words


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--region eu-west-1 images team/app", "images --region eu-west-1 team/app"),
        ("--demo --region images repositories --limit 1", "repositories --demo --region images --limit 1"),
        ("--prof x --debug put-image --tag t", "put-image --prof x --debug --tag t"),
        ("images --region x", "images --region x"),
        ("--output json images team/app", "images --output json team/app"),
        ("--filter images repositories", "repositories --filter images"),
        ("--read-only --limit 5 --debug history", "history --read-only --limit 5 --debug"),
        ("--repository images history", "history --repository images"),
        ("--repository=x --plan keys history", "history --repository=x --plan keys"),
        ("--yes --report images --on-conflict stop retag x", "retag --yes --report images --on-conflict stop x"),
        ("--unknown images history", "images --unknown history"),
        ("--yes images history", "images --yes history"),
        ("--unknown json images", "--unknown json images"),
        ("--region images", "--region images"),
        ("--demo team/app images", "--demo team/app images"),
        ("--demo -- images", "--demo -- images"),
        ("--cli-read-timeout images", "--cli-read-timeout images"),
        ("", ""),
    ],
)
def test_options_may_stand_before_the_command(line: str, expected: str) -> None:
    assert command_first(line.split()) == expected.split()


def test_the_version_may_be_asked_for_before_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command_first(["--version", "images"])
    assert not ended.value.code
    assert capsys.readouterr().out.startswith("ecrtui ")
