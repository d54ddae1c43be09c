"""Recorded runs of AWS CLI 2.36.7, replayed: exit code, both outputs, requests, and the region they are signed for."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from ecrtui import __version__
from tests.cli.put_image.conftest import PutImageRun, PutImageRunner
from tests.cli.put_image.endpoint import Endpoint

RECORDED_ENDPOINT = "http://127.0.0.1:18765"
REFUSED_ENDPOINT = "http://127.0.0.1:1"
"""The endpoint of a recorded run whose connection is refused."""
CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("recorded.json").read_text())["cases"]
MANIFEST_FILE = (
    '{\n "schemaVersion": 2,\n "mediaType": "application/vnd.oci.image.manifest.v1+json",\n'
    ' "config": {"mediaType":"application/vnd.oci.image.config.v1+json","size":2,'
    '"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},\n "layers": []\n}\n'
)

WRITTEN_FIRST = "the AWS CLI sends the request, and then fails on the format"
NOT_KNOWABLE = "only the response shows that the query does not fit; the image is put, and a hint says so"
EXACT_BYTES = "the AWS CLI refuses fileb:// here, although a manifest needs exact bytes"
OUR_OWN = "ecrtui prints its own version"
DIFFERENT = {
    "bad-output-env": (252, 0, WRITTEN_FIRST),
    "bad-query-runtime": (255, 1, NOT_KNOWABLE),
    "fileb": (0, 1, EXACT_BYTES),
    "version": (0, 0, OUR_OWN),
}
"""Deliberate differences: exit code, number of requests, and the reason."""


@pytest.fixture
def replay(put_image: PutImageRunner, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Any:
    moved = {RECORDED_ENDPOINT: endpoint.url, REFUSED_ENDPOINT: f"http://127.0.0.1:{closed_port()}"}

    def run(case: dict[str, Any]) -> PutImageRun:
        for name in case["unset"]:
            monkeypatch.delenv(name, raising=False)
        for name, value in case["env"].items():
            monkeypatch.setenv(name, value)
        put_image.configure(case["config"])
        (put_image.folder / "m.json").write_bytes(MANIFEST_FILE.encode())
        (put_image.folder / "bad.json").write_bytes(b"\xff\xfe{")
        return put_image(*(moved.get(word, word) for word in case["args"]))

    return run


def closed_port() -> int:
    """Return a port of this machine that refuses connections."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def normal(stderr: str) -> list[str]:
    """Return the lines of standard error without program name, port, usage and hints."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", stderr)
    text = re.sub(r"^(aws|ecrtui): ", "PROGRAM: ", text, flags=re.M)
    text = re.sub(r"^usage: .*?(?=^\n|^PROGRAM:|\Z)", "", text, flags=re.M | re.S)
    return [line.rstrip() for line in text.splitlines() if line.strip() and not line.startswith("hint: ")]


def test_no_recorded_run_is_missing() -> None:
    assert len(CASES) == 62
    assert set(DIFFERENT) <= {case["name"] for case in CASES}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["name"] not in DIFFERENT], ids=lambda case: case["name"]
)
def test_a_run_matches_the_recorded_one(case: dict[str, Any], replay: Any, endpoint: Endpoint) -> None:
    result = replay(case)
    assert result.code == case["rc"]
    assert result.out == case["stdout"]
    assert normal(result.err) == normal(case["stderr"])
    sent = [(request["body"], request["region"]) for request in endpoint.requests]
    assert sent == [(json.loads(request["body"]), request["region"]) for request in case["requests"]]


@pytest.mark.parametrize("name", DIFFERENT)
def test_deliberate_differences_from_the_aws_cli(name: str, replay: Any, endpoint: Endpoint) -> None:
    case = next(case for case in CASES if case["name"] == name)
    code, requests, _ = DIFFERENT[name]
    result = replay(case)
    assert (result.code, len(endpoint.requests)) == (code, requests)
    if name == "bad-query-runtime":
        assert normal(result.err) == normal(case["stderr"])
        assert any("was put; only printing its response failed" in hint for hint in result.hints)
    elif name == "fileb":
        assert endpoint.bodies[0]["imageManifest"] == MANIFEST_FILE
    elif name == "version":
        assert result.out.startswith(f"ecrtui/{__version__} Python/")
    else:
        assert "Unknown output type: xml" in result.err
