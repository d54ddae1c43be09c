"""Recorded runs of AWS CLI 2.36.7, replayed: exit code, both outputs, requests, and the region they are signed for."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from ecrtui import __version__
from tests.cli.put_image.conftest import PutImage, Ran
from tests.cli.put_image.endpoint import Endpoint

RECORDED_ENDPOINT = "http://127.0.0.1:18765"
NOBODY = "http://127.0.0.1:1"
"""The endpoint of the recorded run that finds nobody there."""
CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("recorded.json").read_text())["cases"]
MANIFEST_FILE = (
    '{\n "schemaVersion": 2,\n "mediaType": "application/vnd.oci.image.manifest.v1+json",\n'
    ' "config": {"mediaType":"application/vnd.oci.image.config.v1+json","size":2,'
    '"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},\n "layers": []\n}\n'
)

WRITTEN_FIRST = "the AWS CLI writes first, and then fails on the format"
NOT_KNOWABLE = "that a query does not fit the answer is only known from the answer; the write stands, and this is said"
EXACT_BYTES = "the AWS CLI refuses fileb:// here, although exact bytes are what a manifest needs"
OUR_OWN = "the name and version are ours"
DIFFERENT = {
    "bad-output-env": (252, 0, WRITTEN_FIRST),
    "bad-query-runtime": (255, 1, NOT_KNOWABLE),
    "fileb": (0, 1, EXACT_BYTES),
    "version": (0, 0, OUR_OWN),
}
"""Deliberate differences: exit code, number of requests, and why."""


@pytest.fixture
def replay(put_image: PutImage, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Any:
    moved = {RECORDED_ENDPOINT: endpoint.url, NOBODY: f"http://127.0.0.1:{closed_port()}"}

    def run(case: dict[str, Any]) -> Ran:
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
    """A port of this machine where nobody listens."""
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        port: int = somebody.getsockname()[1]
        return port


def normal(stderr: str) -> list[str]:
    """The lines of standard error without the program's name, a port, the usage block and our hints."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", stderr)
    text = re.sub(r"^(aws|ecrtui): ", "PROGRAM: ", text, flags=re.M)
    text = re.sub(r"^usage: .*?(?=^\n|^PROGRAM:|\Z)", "", text, flags=re.M | re.S)
    return [line.rstrip() for line in text.splitlines() if line.strip() and not line.startswith("hint: ")]


def test_all_of_them_are_there() -> None:
    assert len(CASES) == 62
    assert set(DIFFERENT) <= {case["name"] for case in CASES}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["name"] not in DIFFERENT], ids=lambda case: case["name"]
)
def test_runs_as_recorded(case: dict[str, Any], replay: Any, endpoint: Endpoint) -> None:
    ran = replay(case)
    assert ran.code == case["rc"]
    assert ran.out == case["stdout"]
    assert normal(ran.err) == normal(case["stderr"])
    sent = [(request["body"], request["region"]) for request in endpoint.requests]
    assert sent == [(json.loads(request["body"]), request["region"]) for request in case["requests"]]


@pytest.mark.parametrize("name", DIFFERENT)
def test_differs_where_the_original_is_a_trap(name: str, replay: Any, endpoint: Endpoint) -> None:
    case = next(case for case in CASES if case["name"] == name)
    code, requests, _ = DIFFERENT[name]
    ran = replay(case)
    assert (ran.code, len(endpoint.requests)) == (code, requests)
    if name == "bad-query-runtime":
        assert normal(ran.err) == normal(case["stderr"])
        assert any("was put; only its answer could not be printed" in hint for hint in ran.hints)
    elif name == "fileb":
        assert endpoint.bodies[0]["imageManifest"] == MANIFEST_FILE
    elif name == "version":
        assert ran.out.startswith(f"ecrtui/{__version__} Python/")
    else:
        assert "Unknown output type: xml" in ran.err
