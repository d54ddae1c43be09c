"""``put-image`` in this process, in a folder, a home and an environment of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from ecrtui.cli.put_image import run
from tests.cli.put_image.endpoint import Endpoint, serving


@dataclass(frozen=True)
class Ran:
    """What came out of one run."""

    code: int
    out: str
    err: str

    @property
    def hints(self) -> list[str]:
        return [line.removeprefix("hint: ") for line in self.err.splitlines() if line.startswith("hint: ")]


class PutImage:
    """Runs the command; ``folder`` is where it runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str) -> Ran:
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            code = run(words)
        texts = []
        for stream in (out, err):
            stream.flush()
            texts.append(stream.buffer.getvalue().decode())
        return Ran(code, *texts)

    def process(self, *words: str, stdout: int | None = subprocess.PIPE, **environment: str) -> Ran:
        """The same as a process of its own, as a user starts it."""
        done = subprocess.run(
            [sys.executable, "-m", "ecrtui", "put-image", *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **environment},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=60,
        )
        return Ran(done.returncode, (done.stdout or b"").decode(), done.stderr.decode())

    def configure(self, text: str) -> None:
        """Write the AWS configuration file."""
        Path(os.environ["AWS_CONFIG_FILE"]).write_text(text)


@pytest.fixture
def put_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PutImage:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return PutImage(tmp_path)


@pytest.fixture(scope="package")
def _endpoint() -> Iterator[Endpoint]:
    with serving() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(_endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """The endpoint that takes everything; the environment leads to it."""
    _endpoint.requests.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", _endpoint.url)
    return _endpoint
