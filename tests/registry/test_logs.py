from __future__ import annotations

import io
import logging
import re
import stat
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from ecrtui.redaction import HIDDEN
from ecrtui.registry.logs import RedactingFormatter, log_to
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry


@pytest.fixture
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    with warnings.catch_warnings():
        yield
    log_to(None, debug=False)  # closes open files
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_the_debug_log_of_a_session_has_no_credentials(
    monkeypatch: pytest.MonkeyPatch, served: str, restored_logging: None
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEND//////////wEaCXVz+LWVhc3Q=")
    stream = io.StringIO()
    log_to(stream, debug=True)
    registry = open_registry(Connection(endpoint_url=served))
    registry.location()
    cast(Any, registry._clients.read_client).get_authorization_token()
    log = stream.getvalue()
    assert "DescribeRegistry" in log
    assert "X-Amz-Target" in log
    assert HIDDEN in log
    for secret in ("ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI", "IQoJb3JpZ2lu", "QVdTO"):
        assert secret not in log
    assert not re.search(r"[Ss]ignature[=:]\s*[0-9a-f]{16}", log)


def test_tracebacks_are_redacted_too() -> None:
    try:
        int("SecretAccessKey=wJalrXUtnFEMI")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", None, sys.exc_info())
    text = RedactingFormatter().format(record)
    assert "Traceback" in text
    assert "wJalrXUtnFEMI" not in text


def test_only_the_owner_can_read_the_log_file(tmp_path: Path, restored_logging: None) -> None:
    file = tmp_path / "state" / "ecrtui.log"
    log_to(file, debug=False)
    logging.getLogger("botocore").warning("careful")
    logging.getLogger("botocore").info("chatty")
    warnings.warn("old", UserWarning, stacklevel=1)
    assert "careful" in file.read_text()
    assert "chatty" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    log_to(None, debug=False)
    logging.getLogger("botocore").warning("unheard")
    assert "unheard" not in file.read_text()


def test_libraries_print_nothing_on_the_terminal() -> None:
    """Without a handler, Python prints warnings and log records on standard error, behind the screen."""
    code = (
        "import logging, warnings; from ecrtui.registry.logs import log_to; log_to(None, debug=False);"
        "logging.getLogger('botocore').warning('heard'); warnings.warn('seen')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
