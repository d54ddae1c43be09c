"""The environment of the tests of ``put-image``: a folder, a home and an AWS configuration of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest

from ecrtui.cli.put_image.auto_prompt import FormOutcome, Prefill
from ecrtui.cli.put_image.command import PutImageCommand
from tests.cli.put_image.endpoint import Endpoint, serving


@dataclass(frozen=True)
class PutImageRun:
    """The exit code and the output of a run."""

    code: int
    out: str
    err: str

    @property
    def hints(self) -> list[str]:
        return [line.removeprefix("hint: ") for line in self.err.splitlines() if line.startswith("hint: ")]


class PutImageRunner:
    """Runs the command in a folder.

    Args:
        folder: the working directory.
        form: stands for the Put image form in runs in this process, which then take place on a terminal.
    """

    def __init__(self, folder: Path, form: Callable[[Prefill], FormOutcome] | None = None) -> None:
        self.folder = folder
        self.form = form

    def __call__(self, *words: str) -> PutImageRun:
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            command = PutImageCommand(words)
            if self.form is not None:
                command = PutImageCommand(words, open_form=self.form, interactive=True)
            code = command.run()
        texts = []
        for stream in (out, err):
            stream.flush()
            texts.append(stream.buffer.getvalue().decode())
        return PutImageRun(code, *texts)

    def process(
        self, *words: str, stdout: int | None = subprocess.PIPE, environment: Mapping[str, str] = MappingProxyType({})
    ) -> PutImageRun:
        """Run the command in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "ecrtui", "put-image", *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **environment},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=60,
        )
        return PutImageRun(done.returncode, (done.stdout or b"").decode(), done.stderr.decode())

    def configure(self, text: str) -> None:
        """Write the AWS configuration file."""
        Path(os.environ["AWS_CONFIG_FILE"]).write_text(text)


@pytest.fixture
def put_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PutImageRunner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return PutImageRunner(tmp_path)


@pytest.fixture(scope="package")
def _endpoint() -> Iterator[Endpoint]:
    with serving() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(_endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """An endpoint that accepts everything, selected by the environment."""
    _endpoint.requests.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", _endpoint.url)
    return _endpoint
