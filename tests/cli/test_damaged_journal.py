"""The commands that read the journal, when a row of it holds anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.retag.journal.test_damaged_rows import BAD_VALUES, damage
from tests.support.cli_env import CliEnv
from tests.support.embedded import create_repository, push_image

COMMANDS = (
    ("history",),
    ("history", "--resolve-unknown"),
    ("undo", "2", "--dry-run"),
    ("undo", "--last", "--dry-run"),
)


@pytest.mark.parametrize("column", ["begun_at", "outcome", "undoes", "tag"])
def test_the_commands_name_a_damaged_row_and_continue(cli: CliEnv, own_home: Path, column: str) -> None:
    create_repository(cli.client, "app")
    push_image(cli.client, "app", "one", "v1")
    for tag in ("first", "second"):
        assert cli.run("retag", "app:v1", tag, "--yes").code == 0
    folders = own_home, Path(cli.database).parent
    (file,) = (path for folder in folders for path in folder.rglob("*journal*.sqlite"))
    for label in ("blob", "huge", "not UTF-8", "text"):
        damage(file, "entries", column, BAD_VALUES[label], "number = 2")
        for command in COMMANDS:
            result = cli.run(*command)
            assert result.code in (0, 2, 4), (label, command, result.err)
            assert "Internal error" not in result.err
        assert "first" in cli.run("history").out
        if column == "tag" and label in ("blob", "not UTF-8"):
            for output in ("table", "markdown", "csv"):
                lines = cli.run("history", "--output", output).out.splitlines()
                (line,) = (line for line in lines if "damaged" in line)
                assert "<untagged>" not in line, output
