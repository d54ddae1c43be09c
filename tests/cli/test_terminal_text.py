"""No command passes a control character of the registry to a terminal."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from ecrtui.cli.main import main
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.registry.logs import log_to
from ecrtui.retag.plan import Plan, Step, StepAction
from tests.support.edited_replies import edited
from tests.support.embedded import OCI_MANIFEST, client_for, create_repository, manifest_text, new_embedded, put, served
from tests.support.terminal import Terminal, ecrtui

HOSTILE = "owned \x1b]0;PWNED\x07 \x1b[31m \u202egnp \x9b2J"
"""A window title, a colour, a reversed text and an 8-bit control sequence."""
VISIBLE = "owned ␛]0;PWNED␇ ␛[31m ‹202E›gnp ‹009B›2J"
CONTROLS = ("\x1b", "\x07", "\u202e", "\x9b")

COMMANDS = (
    ("repositories", "DescribeRepositories", ()),
    ("images", "DescribeImages", ("team/app",)),
    ("manifest", "DescribeImages", ("team/app:one",)),
    ("manifest", "BatchGetImage", ("team/app:one",)),
    ("retag", "DescribeImages", ("team/app:one", "two", "--yes")),
    ("retag", "PutImage", ("team/app:one", "two", "--yes")),
    ("untag", "DescribeImages", ("team/app:one", "--yes")),
    ("swap", "DescribeImages", ("team/app", "one", "two", "--yes")),
)


@pytest.fixture
def embedded(own_home: Path) -> EmbeddedRegistry:
    """A registry with one image, whose manifest has a hostile annotation."""
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    text = manifest_text(client, "team/app", annotations={"note": "?"}).replace("?", "\u202egnp \x9b2J")
    put(client, "team/app", text, "one", OCI_MANIFEST)
    return embedded


@pytest.fixture
def url(embedded: EmbeddedRegistry, no_sdk_retries: None) -> Iterator[str]:
    """Serve the registry."""
    with served(embedded) as url:
        yield url


@pytest.mark.parametrize(("command", "operation", "arguments"), COMMANDS)
def test_an_error_of_the_service_is_printed_with_its_controls_visible(
    command: str,
    operation: str,
    arguments: tuple[str, ...],
    embedded: EmbeddedRegistry,
    url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    embedded.faults.add(f"{operation}:error:code=InvalidParameterException:message={HOSTILE}")
    assert main([command, *arguments, "--endpoint-url", url]) != 0
    printed = capsys.readouterr()
    assert VISIBLE in printed.err
    assert not [control for control in CONTROLS if control in printed.err]


def test_an_error_of_the_service_keeps_its_lines_indented(
    embedded: EmbeddedRegistry, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """They cannot pass for lines of ecrtui."""
    words = "message=one\nhint\rtwo"
    embedded.faults.add(f"DescribeRepositories:error:times=1:code=InvalidParameterException:{words}")
    assert main(["repositories", "--endpoint-url", url]) == 7
    assert "one\n  hint␍two\n" in capsys.readouterr().err
    embedded.faults.add(f"PutImage:error:code=InvalidParameterException:{words}")
    assert main(["retag", "team/app:one", "two", "--yes", "--endpoint-url", url]) != 0
    assert "one\necrtui:   hint␍two\n" in capsys.readouterr().err


def test_a_name_cannot_add_a_line_to_a_plan() -> None:
    step = Step("team/app", "a\nteam/app:prod moves", StepAction.REFUSED, reason="one\ntwo")
    assert str(Plan("id", (step,), warnings=("three\nfour",))).count("\n") == 1


def test_a_log_record_is_written_with_its_controls_visible() -> None:
    stream = StringIO()
    log_to(stream, debug=True)
    try:
        logging.getLogger("ecrtui").debug("%s\tafter a tab", HOSTILE)
    finally:
        log_to(None, debug=False)
    assert f"{VISIBLE}\tafter a tab\n" in stream.getvalue()


def test_a_tag_that_only_a_lifecycle_preview_has_is_printed_with_its_controls_visible(
    embedded: EmbeddedRegistry, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    client_for(embedded).put_lifecycle_policy(
        repositoryName="team/app", lifecyclePolicyText=json.dumps({"rules": [rule]})
    )
    image = {"imageDigest": f"sha256:{'a' * 64}", "imageTags": [HOSTILE], "appliedRulePriority": 1}
    embedded.faults.add(edited("GetLifecyclePolicyPreview", lambda reply: reply.update(previewResults=[image])))
    assert main(["lifecycle", "team/app", "--preview", "--endpoint-url", url]) == 0
    printed = capsys.readouterr().out
    assert f"{image['imageDigest']} {VISIBLE}: ecrtui no rule, ECR rule 1\n" in printed
    assert not [control for control in CONTROLS if control in printed]


def test_the_json_of_doctor_passes_no_controls_to_a_terminal(
    embedded: EmbeddedRegistry, url: str, tmp_path: Path
) -> None:
    embedded.faults.add(f"DescribeRepositories:error:code=InvalidParameterException:message={HOSTILE}")
    with ecrtui("doctor", "--json", "--endpoint-url", url, home=tmp_path, size=(200, 50)) as terminal:
        output = on_terminal(terminal, code=7)
    assert r"\u202egnp \u009b2J" in output
    assert not [control for control in CONTROLS if control in output]


def on_terminal(terminal: Terminal, code: int = 0) -> str:
    """Return what a command wrote to its terminal, which ends with this code."""
    assert terminal.wait() == code, terminal.screen
    return terminal.output.decode().replace("\r\n", "\n")


def test_a_terminal_gets_the_manifest_with_its_controls_visible(url: str, tmp_path: Path) -> None:
    with ecrtui("manifest", "team/app:one", "--endpoint-url", url, home=tmp_path, size=(200, 50)) as terminal:
        output = on_terminal(terminal)
    assert "‹202E›gnp ‹009B›2J" in output
    assert not [control for control in CONTROLS if control in output]


def test_a_pipe_gets_the_exact_manifest(url: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["manifest", "team/app:one", "--endpoint-url", url]) == 0
    assert "\u202egnp \x9b2J".encode() in capfdbinary.readouterr().out


WRITE = f"""
import sys
from ecrtui.cli.aws_cli_output import write
write({{"name": {HOSTILE!r}, "tags": [{HOSTILE!r}]}}, sys.argv[1], title="Title")
"""


@pytest.mark.parametrize(
    ("format", "shown"),
    [
        ("json", r"owned \u001b]0;PWNED\u0007 \u001b[31m \u202egnp \u009b2J"),
        ("text", VISIBLE),
        ("table", VISIBLE),
        ("yaml", "‹202E›gnp"),
        ("yaml-stream", "‹202E›gnp"),
    ],
)
def test_no_output_format_passes_controls_to_a_terminal(format: str, shown: str, tmp_path: Path) -> None:  # noqa: A002
    environment = {"HOME": str(tmp_path), "LANG": "C.UTF-8", "PATH": ""}
    terminal = Terminal([sys.executable, "-c", WRITE, format], environment, (200, 50))
    try:
        output = on_terminal(terminal)
    finally:
        terminal.close()
    assert shown in output
    colors = output.replace("\x1b[0m", "").replace("\x1b[1m", "").replace("\x1b[34m", "").replace("\x1b[2m", "")
    assert not [control for control in CONTROLS if control in colors.replace("\x1b[33m", "")]
