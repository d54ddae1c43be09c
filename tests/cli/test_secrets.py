"""A password that a user gives reaches no output, no file and no other process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecrtui.cli.main import main
from ecrtui.registry.logs import log_to
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, served

PASSWORD = "hunter2"
DEAD_PROXY = f"http://me:{PASSWORD}@127.0.0.1:9"


@pytest.fixture
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    log_to(None, debug=False)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def url() -> Iterator[str]:
    """The endpoint of a registry, with a password in it."""
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "app")
    push_image(client, "app", "one", "v1")
    with served(embedded) as plain:
        yield plain.replace("://", f"://me:{PASSWORD}@") + f"/?token={PASSWORD}&{PASSWORD}"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run a command; return its exit code and all of its output."""
    try:
        code = main(words)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, "".join(capsys.readouterr())


def files_with_password(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]


PUT = ("--repository-name", "app", "--image-manifest", "{}", "--image-tag", "x")


@pytest.mark.usefixtures("restored_logging")
@pytest.mark.parametrize("given", ["option", "variable", "profile"])
def test_a_password_in_the_endpoint_is_neither_shown_nor_kept(
    url: str, own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: str
) -> None:
    options: tuple[str, ...] = ("--debug",)
    if given == "option":
        options = (*options, "--endpoint-url", url)
    elif given == "variable":
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    else:
        (own_home / "config").write_text(f"[default]\nendpoint_url = {url}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(own_home / "config"))
    for words in (
        ("retag", "app:v1", "v2", "--yes", "--output", "json"),
        ("history",),
        ("images", "nothing"),
        ("put-image", *PUT),
    ):
        code, shown = run(capsys, *words, *options)
        assert PASSWORD not in shown, words
        assert code == (0 if words[0] in ("retag", "history") else code)
    assert "http://127.0.0.1" in run(capsys, "history", *options)[1]
    assert [path.name for path in files_with_password(own_home)] == (["config"] if given == "profile" else [])


@pytest.mark.usefixtures("restored_logging")
@pytest.mark.parametrize(
    "words",
    [
        ("repositories", "--endpoint-url", f"http://me:{PASSWORD}@127.0.0.1:9"),
        ("repositories", "--endpoint-url", f"http://{PASSWORD}@127.0.0.1:9"),
        ("repositories", "--endpoint-url", f"http://me:x@{PASSWORD}@127.0.0.1:9"),
        ("repositories", "--endpoint-url", f"me:{PASSWORD}@127.0.0.1:9"),
        ("repositories", "--endpoint-url", f"http:/me:{PASSWORD}@127.0.0.1:9"),
        ("repositories", "--endpoint-url", f"http://me:{PASSWORD}@127.0.0.1:9 "),
        ("repositories", "--endpoint-urll", f"http://me:{PASSWORD}@127.0.0.1:9"),
        ("repositories", f"http://me:{PASSWORD}@127.0.0.1:9"),
        ("images", f"http://me:{PASSWORD}@127.0.0.1:9/app"),
        ("repositories", "--endpoint-url", f"http://127.0.0.1:9/?{PASSWORD}"),
        ("repositories", "--endpoint-url", f"127.0.0.1:9/?t={PASSWORD}"),
        ("put-image", *PUT, "--endpoint-url", f"127.0.0.1:9?t={PASSWORD}"),
        ("put-image", *PUT, "--endpoint-url", f"http://me:{PASSWORD}@127.0.0.1:9"),
        ("put-image", *PUT, "--endpoint-url", f"me:{PASSWORD}@127.0.0.1:9"),
        ("put-image", *PUT, f"http://me:{PASSWORD}@127.0.0.1:9"),
        ("--no-such-option", f"http://me:{PASSWORD}@127.0.0.1:9"),
        ("local", "serve", "--port", f"http://me:{PASSWORD}@127.0.0.1:9"),
    ],
)
def test_a_password_in_a_wrong_word_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    code, shown = run(capsys, *words)
    assert code
    assert shown
    assert PASSWORD not in shown
    assert PASSWORD not in run(capsys, *words, *(() if words[0].startswith("--") else ("--debug",)))[1]


@pytest.mark.usefixtures("restored_logging")
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("command", [("repositories",), ("put-image", *PUT)])
def test_a_password_of_the_proxy_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv(variable, DEAD_PROXY)
    code, shown = run(capsys, *command, "--endpoint-url", "http://ecr.invalid", "--debug")
    assert code
    assert PASSWORD not in shown
