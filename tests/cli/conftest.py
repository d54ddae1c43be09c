"""Fixtures of the tests of the command line."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tests.support.cli_env import CliEnv


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CliEnv:
    """The commands on an empty registry in a file, without a terminal and without a write limit."""
    monkeypatch.setenv("ECRTUI_WRITES_PER_SECOND", "100000")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return CliEnv(str(tmp_path / "registry.sqlite"), capsys)
