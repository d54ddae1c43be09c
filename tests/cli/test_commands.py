"""The rules that every command follows: help, ``--debug``, errors, imports."""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrtui.cli.browse_options import parser as application_parser
from ecrtui.cli.main import COMMANDS, main
from ecrtui.cli.put_image.help_page import help_text
from ecrtui.emulator.faults import Faults
from ecrtui.registry.aws_cli.operation_model import load_model
from ecrtui.registry.aws_cli.session import new_session
from ecrtui.registry.logs import log_to
from tests.support.cli_env import CliEnv, loaded_after_each
from tests.support.embedded import REGION, client_for, create_repository, new_embedded, push_image, served

COMMAND_LINES = {
    "repositories": ["repositories"],
    "images": ["images", "team/app"],
    "findings": ["findings", "team/app:one"],
    "find": ["find", "one"],
    "lifecycle": ["lifecycle", "team/app"],
    "manifest": ["manifest", "team/app:one"],
    "diff": ["diff", "team/app:one", "team/app:one"],
    "put-image": ["put-image", "--repository-name", "team/app", "--image-tag", "copy"],
    "retag": ["retag", "team/app:one", "new", "--dry-run"],
    "promote": ["promote", "team/app:one", "team/new:one", "--create-repository", "--dry-run"],
    "untag": ["untag", "team/app:one", "--dry-run"],
    "swap": ["swap", "team/app", "one", "two", "--dry-run"],
    "undo": ["undo", "--last", "--yes"],
    "history": ["history"],
    "doctor": ["doctor"],
    "wait": ["wait", "team/app:one", "--timeout", "0s"],
}
OFFLINE = {"keys", "completion", "local"}
"""Commands that connect to no registry."""
SECRET, TOKEN = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLETOKEN"


@pytest.fixture
def no_log() -> Iterator[None]:
    yield
    log_to(None, debug=False)


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command that has one."""
    modules = {name: importlib.import_module(entry.module) for name, entry in COMMANDS.items() if name != "put-image"}
    return {name: module.parser() for name, module in modules.items()}


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in OFFLINE])
def test_debug_logs_requests_to_standard_error(
    command: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    no_log: None,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "one")
    file = tmp_path / "manifest.json"
    file.write_text(push_image(client, "team/app", "two", "two").manifest)
    manifest = ["--image-manifest", f"file://{file}"] if command == "put-image" else []
    with served(embedded) as url:
        main([*COMMAND_LINES[command], *manifest, "--debug", "--endpoint-url", url, "--region", REGION])
    err = capsys.readouterr().err
    assert re.search(r"- DEBUG - .*(DescribeRegistry|DescribeRepositories|DescribeImages|PutImage|BatchGetImage)", err)
    assert SECRET not in err
    assert TOKEN not in err


@pytest.mark.parametrize("command", ["repositories", "images", "manifest", "retag", "untag", "swap"])
def test_control_characters_in_an_error_are_made_visible(command: str, cli: CliEnv, no_sdk_retries: None) -> None:
    fault = "*:error:code=InvalidParameterException:message=x \x1b]0;PWNED\x07 \u202e"
    embedded = new_embedded(faults=Faults(fault))
    with served(embedded) as url:
        code = main([*COMMAND_LINES[command], "--endpoint-url", url, "--region", REGION])
    err = cli.capsys.readouterr().err
    assert code != 0
    assert "PWNED" in err
    assert not {"\x1b", "\x07", "\u202e"} & set(err)


def test_help_loads_neither_boto3_nor_textual() -> None:
    names = sorted(COMMANDS, key="put-image".__eq__)  # the last one: its help needs the service model
    *loaded, after_put_image = loaded_after_each([(name, "--help") for name in names])
    assert dict(zip(names, loaded, strict=False)) == {name: set() for name in names[:-1]}
    assert after_put_image <= {"botocore"}


def test_the_help_of_the_application_lists_every_command() -> None:
    text = application_parser().format_help()
    assert all(f"\n  {name:<14}{entry.summary}\n" in text for name, entry in COMMANDS.items())


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "put-image"])
def test_every_option_has_a_help_text(command: str) -> None:
    pending = [parsers()[command]]
    while pending:
        for action in pending.pop()._actions:
            if isinstance(action, argparse._SubParsersAction):
                pending += action.choices.values()
            else:
                assert action.help, action.option_strings or action.dest


def test_every_command_with_a_connection_accepts_read_only() -> None:
    connected = {name: parser for name, parser in parsers().items() if name not in OFFLINE}
    for name, parser in connected.items():
        assert parser.parse_args(["--read-only", *COMMAND_LINES[name][1:]]).read_only, name


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in {"put-image", "local"}])
def test_the_help_lists_exit_codes_in_their_order(command: str) -> None:
    listed = re.search(r"Exit codes: (.*)\.$", " ".join(parsers()[command].format_help().split()))
    assert listed
    codes = [int(entry.split()[0]) for entry in listed[1].split(", ")]
    assert codes == sorted(codes)
    assert {0, 2, 9, 10, 130} <= {*codes}


def test_every_help_fits_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    pending = [application_parser(), *(parser for name, parser in parsers().items() if name != "put-image")]
    pages = [help_text(load_model(new_session()))]
    while pending:
        parser = pending.pop()
        pages.append(parser.format_help())
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                pending += action.choices.values()
    assert [line for page in pages for line in page.splitlines() if len(line) > 80] == []


def test_a_command_ends_without_a_collection_of_all_objects() -> None:
    script = (
        "import gc, sys\n"
        "from ecrtui.cli.main import run\n"
        "gc.disable()\n"
        "gc.set_debug(gc.DEBUG_STATS)\n"
        "sys.argv = ['ecrtui', 'keys']\n"
        "run()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    collected = re.findall(r"objects in each generation: (\d+) (\d+) (\d+)", ended.stderr)
    assert collected
    assert all(sum(map(int, numbers)) < 1000 for numbers in collected), ended.stderr


def test_a_command_that_writes_leaves_no_log_of_a_database(cli: CliEnv, tmp_path: Path) -> None:
    create_repository(cli.client, "team/app")
    push_image(cli.client, "team/app", tag="one")
    cli.embedded.database.close()
    command = cli.start("retag", "team/app:one", "two", "--yes", XDG_STATE_HOME=str(tmp_path / "state"))
    output, problems = command.communicate()
    assert command.returncode == 0, (output, problems)
    assert (tmp_path / "state" / "ecrtui" / "journal.sqlite").exists()
    assert not [*tmp_path.rglob("*-wal"), *tmp_path.rglob("*-shm")]
