"""What can stand at the cursor of a command line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrtui import paths
from ecrtui.cli.completion.candidates import Candidate, Command, Given, candidates
from ecrtui.cli.completion.shells import split_line
from ecrtui.cli.completion.table import load_table, make_table
from ecrtui.cli.main import COMMANDS, main
from tests.support.cli_env import loaded_packages


@pytest.fixture(scope="module")
def program() -> Command:
    return make_table()


def kinds_as_words(kind: str, current: str, given: Given) -> Iterator[Candidate]:
    """Return the kind of the value itself, and the values before it."""
    yield Candidate(" ".join([kind, current, *(f"{name}={value}" for name, value in given.items())]).strip())


def words(program: Command, line: str) -> list[str]:
    """Return the candidates after ``ecrtui`` and this line."""
    before = shlex.split(line)
    current = [] if line.endswith("|") else [""]
    before = [word.removesuffix("|") for word in before]
    return [found.word for found in candidates(program, [*before, *current], kinds_as_words)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ret|", ["retag", "images ret"]),
        ("local |", ["serve", "import", "export", "seed"]),
        ("local se|", ["serve", "seed"]),
        ("local serve --po|", ["--port"]),
        ("images --sor|", ["--sort"]),
        ("images --sort |", ["pushed", "pulled", "size", "findings", "tag", "digest", "kind", "none"]),
        ("images --sort p|", ["pushed", "pulled"]),
        ("images --sort=p|", ["--sort=pushed", "--sort=pulled"]),
        ("images --profile |", ["profiles"]),
        ("images --profile=d|", ["--profile=profiles d"]),
        ("images --region eu|", ["regions eu"]),
        ("images te|", ["repositories te"]),
        ("images --profile dev te|", ["repositories te profile=dev"]),
        ("images team/app te|", []),
        ("images --limit |", []),
        ("images --ca-bundle |", ["files"]),
        ("manifest team/app:|", ["images team/app:"]),
        ("diff team/app:|", ["images team/app:"]),
        ("diff team/app:a team/app:|", ["images team/app: before=team/app:a"]),
        ("retag team/app:v1 pro|", ["tags pro reference=team/app:v1"]),
        ("retag team/app:v1 prod st|", ["tags st reference=team/app:v1 tags=prod"]),
        ("retag -- -x|", ["images -x"]),
        ("swap team/app a |", ["tags  repository=team/app first=a"]),
        ("history --repository |", ["repositories"]),
        ("--them|", ["--theme"]),
        ("--theme |", ["themes"]),
        ("--demo team|", ["images team demo="]),
        ("team/app:|", ["images team/app:"]),
        ("put-image --repository-name a --image-tag |", ["tags  repository_name=a"]),
        ("put-image --output t|", ["text", "table"]),
        ("local seed --repository |", []),
        ("local import |", ["files"]),
        ("completion |", ["bash", "zsh", "fish"]),
        ("doctor --policy r|", ["retag"]),
        ("promote te|", ["images te"]),
        ("promote team/app:v1 te|", ["images te reference=team/app:v1"]),
        ("promote --resume 2|", ["plans 2"]),
        ("undo |", ["plans"]),
        ("unknown-command x|", []),
    ],
)
def test_each_word_of_a_command_line_is_completed(program: Command, line: str, expected: list[str]) -> None:
    line = line if not line.endswith(" |") else f"{line[:-1]}''|"
    assert words(program, line) == expected


def test_an_option_is_offered_once(program: Command) -> None:
    assert "--sort" not in words(program, "images --sort size --|")
    assert "--sort" in words(program, "images --limit 1 --|")


def test_every_command_has_its_options(program: Command) -> None:
    assert set(program.commands) == set(COMMANDS)
    for name, command in program.commands.items():
        assert any(argument.options for argument in command.arguments) or command.commands, name


def test_the_table_is_kept_for_this_program_only(program: Command) -> None:
    file = paths.cache_file().with_name("completion.json")
    assert load_table() == program
    assert file.stat().st_mode & 0o777 == 0o600
    stored = json.loads(file.read_text())
    stored["program"][2] = {}
    file.write_text(json.dumps(stored))
    assert load_table().commands == {}  # it was read from the file
    for damage in ("", "[]", "{}", json.dumps({**stored, "state": ["0", 0]})):
        file.write_text(damage)
        assert load_table() == program


def test_a_folder_that_cannot_be_written_does_not_matter(
    program: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert load_table() == program


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ecrtui images te", (["ecrtui", "images"], "te", "")),
        ("ecrtui images ", (["ecrtui", "images"], "", "")),
        ("ecrtui 'a b' c", (["ecrtui", "a b"], "c", "")),
        ("ecrtui 'a b", (["ecrtui"], "a b", "'")),
        ('ecrtui "a\\" b', (["ecrtui"], 'a" b', '"')),
        ("ecrtui a\\ b", (["ecrtui"], "a b", "")),
        ("ecrtui '' ", (["ecrtui", ""], "", "")),
        ("", ([], "", "")),
    ],
)
def test_a_line_is_split_as_bash_splits_it(line: str, expected: tuple[list[str], str, str]) -> None:
    assert split_line(line) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert f"completion --complete {shell}" in capsys.readouterr().out


def test_the_key_loads_neither_textual_nor_botocore() -> None:
    load_table()
    assert loaded_packages("completion", "--complete", "fish", "images", "--region", "eu-west-1") == set()


@pytest.mark.parametrize("words", [["bash"], ["bash", "a"], ["bash", "a", "b", "c"], ["zsh"], ["fish"], ["tcsh", "a"]])
def test_other_words_than_a_shell_sends_are_a_usage_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["completion", "--complete", *words])
    assert "usage: ecrtui completion" in capsys.readouterr().err
