from __future__ import annotations

import io
import json
import logging
import re
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.registry.redaction import HIDDEN, RedactingFormatter, log_to, redact
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry

SECRET = st.from_regex(r"[A-Za-z0-9+/=_-]{12,40}", fullmatch=True)
NAMES = st.sampled_from(
    [
        "X-Amz-Security-Token",
        "Authorization",
        "SecretAccessKey",
        "aws_secret_access_key",
        "SessionToken",
        "authorizationToken",
        "accessToken",
        "refreshToken",
        "clientSecret",
        "password",
        "TokenCode",
        "X-Amz-Signature",
    ]
)
FORMS = st.sampled_from(
    [
        lambda name, secret: f"{name}: {secret}",
        lambda name, secret: f"{name}:{secret}\nnext: line",
        lambda name, secret: f"{name}={secret}&other=1",
        lambda name, secret: repr({name: secret}),
        lambda name, secret: repr({name: secret.encode(), "other": 1}),
        lambda name, secret: json.dumps({"x": {name: secret}}),
        lambda name, secret: repr(json.dumps({name: secret}).encode()),
        lambda name, secret: f"<a><{name}>{secret}</{name}></a>" if name in ("SecretAccessKey", "SessionToken") else "",
    ]
)


@given(NAMES, SECRET, FORMS, st.booleans())
def test_a_secret_is_hidden_in_every_log_format(
    name: str, secret: str, form: Callable[[str, str], str], lower: bool
) -> None:
    assert secret not in redact(form(name.lower() if lower and "<" not in form(name, "x") else name, secret))


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE/20261123/eu-west-1/ecr/aws4_request,"
        " SignedHeaders=host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        "{'Authorization': b'AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE/2026, "
        "SignedHeaders=host, Signature=5d672d79c15b1316'}",
        "https://bucket.s3.amazonaws.com/x?X-Amz-Credential=ASIAIOSFODNN7EXAMPLE%2F20261123&X-Amz-Signature=5d672d79c15b1316",
        "Signature:\n5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        "http://5d672d79c15b1316:ASIAIOSFODNN7EXAMPLE@proxy:3128",
        "Credentials(access_key='ASIAIOSFODNN7EXAMPLE', secret_key='5d672d79c15b1316', token='5d672d79c15b1316')",
    ],
)
def test_signatures_keys_and_passwords_in_urls_are_hidden(text: str) -> None:
    assert "5d672d79c15b1316" not in redact(text)
    assert "ASIAIOSFODNN7EXAMPLE" not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "The image tag 'password-1' already exists in the 'team/token' repository",
        "Error loading SSO Token: Token for corp does not exist",
        '{"nextToken": "abc", "imageTag": "authorization"}',
        "sha256:5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        "http://127.0.0.1:4566/layers/x",
    ],
)
def test_other_text_is_kept(text: str) -> None:
    assert redact(text) == text


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
        "import logging, warnings; from ecrtui.registry.redaction import log_to; log_to(None, debug=False);"
        "logging.getLogger('botocore').warning('heard'); warnings.warn('seen')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
