"""The commands, when a reply of the registry has a bad value: the other rows, a documented code, no traceback."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from ecrtui.cli.main import main
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.bad_replies import BAD_VALUES, Path, path_text, with_value
from tests.support.cli_env import CliEnv, CommandResult
from tests.support.edited_replies import edited, replied
from tests.support.embedded import REGION, client_for, create_repository, new_embedded, push_image, served

CODES = (0, 2, 4, 5, 6, 7)
VALUES = ("null", "number", "10^400", "1e30", "half a surrogate pair", "control characters", "list", "object")
"""Values of the table to try in the commands; the tests of the gateway try all of them."""


class Server(NamedTuple):
    """A served registry with two images, and its URL."""

    embedded: EmbeddedRegistry
    url: str
    client: Any


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    create_repository(client, "team/zebra")
    push_image(client, "team/app", "one", "one")
    push_image(client, "team/app", "two", "two")
    with served(embedded) as url:
        yield Server(embedded, url, client)


def run(server: Server, capsys: pytest.CaptureFixture[str], *arguments: str) -> CommandResult:
    code = main([*arguments, "--endpoint-url", server.url, "--region", REGION, "--no-sign-request"])
    return CommandResult(code, *capsys.readouterr())


def good_reply(server: Server, operation: str, **parameters: Any) -> dict[str, Any]:
    replies: list[dict[str, Any]] = []
    fault = server.embedded.faults.add(edited(operation, lambda reply: replies.append(copy.deepcopy(reply))))
    method = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")
    getattr(server.client, method)(**parameters)
    server.embedded.faults.remove(fault)
    return replies[0]


LISTS: dict[str, tuple[tuple[str, ...], str, dict[str, Any], list[Path], tuple[str, ...]]] = {
    "images": (
        ("images", "team/app"),
        "DescribeImages",
        {"repositoryName": "team/app"},
        [("imageDetails", 0, name) for name in ("imageDigest", "imageTags", "imageSizeInBytes", "imagePushedAt")],
        ("one", "two"),
    ),
    "repositories": (
        ("repositories",),
        "DescribeRepositories",
        {},
        [("repositories", 0, name) for name in ("repositoryName", "createdAt", "imageTagMutability")],
        ("team/zebra",),
    ),
}


@pytest.mark.parametrize("output", ["json", "csv", "table"])
@pytest.mark.parametrize("command", LISTS)
def test_a_list_has_the_other_rows(
    server: Server, capsys: pytest.CaptureFixture[str], command: str, output: str
) -> None:
    arguments, operation, parameters, paths, rows = LISTS[command]
    reply = good_reply(server, operation, **parameters)
    for path in paths:
        for label in VALUES:
            server.embedded.faults.add(replied(operation, with_value(reply, path, BAD_VALUES[label])))
            result = run(server, capsys, *arguments, "--output", output)
            server.embedded.faults.clear()
            where = f"{path_text(path)} is {label}: {result}"
            assert result.code in (0, 7), where
            assert any(row in result.out for row in rows), where
            assert ("could not be read" in result.err) == (result.code == 7), where


@pytest.mark.parametrize(
    ("arguments", "operation"),
    [
        (("manifest", "team/app:one"), "BatchGetImage"),
        (("manifest", "team/app:one"), "DescribeImages"),
        (("retag", "team/app:one", "new", "--dry-run"), "DescribeImages"),
        (("retag", "team/app:one", "new", "--dry-run"), "BatchGetImage"),
        (("retag", "team/app:one", "new", "--dry-run"), "DescribeRepositories"),
        (("retag", "team/app:one", "two", "--yes"), "BatchGetImage"),
        (("untag", "team/app", "one", "--dry-run"), "DescribeImages"),
        (("history",), "DescribeRegistry"),
    ],
)
def test_other_commands_end_with_a_documented_code(
    server: Server, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], operation: str
) -> None:
    for label in VALUES:
        bad = BAD_VALUES[label]
        for reply in (
            {},
            dict.fromkeys(("images", "imageDetails", "repositories", "registryId"), bad),
            {"images": [bad]},
        ):
            fault = replied(operation, reply)
            fault.times = None
            server.embedded.faults.add(fault)
            result = run(server, capsys, *arguments)
            server.embedded.faults.clear()
            assert result.code in CODES, (label, result)
            assert "Internal error" not in result.err
            assert "Unexpected error" not in result.err, (label, result)


def test_cells_of_csv_are_no_formulas(cli: CliEnv) -> None:
    create_repository(cli.client, "app")
    push_image(cli.client, "app", "one", "v1")
    with cli.embedded.database.write() as connection:
        connection.execute("UPDATE tags SET tag = '=1+1'")
    (row,) = cli.run("images", "app", "--output", "csv").csv_rows
    assert row["imageTags"] == "'=1+1"
