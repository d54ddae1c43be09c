"""Image configs are parsed, and no bytes make the parser fail."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.image_config import BuildStep, ImageConfig, parse_config

DOCUMENT = {
    "created": "2026-11-01T10:00:00Z",
    "author": "someone",
    "os": "linux",
    "os.version": "10.0",
    "architecture": "arm64",
    "variant": "v8",
    "config": {
        "Env": ["PATH=/bin", "A=b=c"],
        "Entrypoint": ["/app"],
        "Cmd": ["--serve", ""],
        "User": "1000:1000",
        "WorkingDir": "/srv",
        "ExposedPorts": {"8080/tcp": {}, "53/udp": {}},
        "Volumes": {"/data": {}},
        "StopSignal": "SIGINT",
        "Labels": {"a": "1", "odd": 2},
    },
    "history": [
        {"created": "2026-10-01T00:00:00Z", "created_by": "ADD rootfs", "comment": "base"},
        {"created_by": "ENV A=b=c"},
    ],
}


def test_every_member_of_a_config_is_read() -> None:
    content = json.dumps(DOCUMENT, indent=1)
    assert parse_config(content.encode()) == ImageConfig(
        created="2026-11-01T10:00:00Z",
        author="someone",
        os="linux",
        os_version="10.0",
        architecture="arm64",
        variant="v8",
        environment=("PATH=/bin", "A=b=c"),
        entrypoint=("/app",),
        command=("--serve", ""),
        user="1000:1000",
        working_directory="/srv",
        exposed_ports=("8080/tcp", "53/udp"),
        volumes=("/data",),
        stop_signal="SIGINT",
        labels={"a": "1", "odd": "2"},
        history=(
            BuildStep("2026-10-01T00:00:00Z", "ADD rootfs", "base"),
            BuildStep(created_by="ENV A=b=c"),
        ),
        text=content,
    )


def test_an_entrypoint_may_be_a_single_text() -> None:
    assert parse_config(b'{"config": {"Entrypoint": "/app"}}').entrypoint == ("/app",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff\xfe", "not text"),
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"[" * 99999, "not JSON"),
    ],
)
def test_other_content_has_a_problem(content: bytes, problem: str) -> None:
    assert problem in parse_config(content).problem


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from([*DOCUMENT, *DOCUMENT["config"]])


@given(st.dictionaries(keys, json_values | st.dictionaries(keys, json_values, max_size=4), max_size=5))
def test_unexpected_json_raises_nothing(document: dict[str, object]) -> None:
    config = parse_config(json.dumps(document).encode())
    texts = [config.created, config.os, config.user, *config.environment, *config.command, *config.labels.values()]
    assert all(isinstance(text, str) for text in texts)
    assert not config.problem


@given(st.binary(max_size=60))
def test_any_bytes_raise_nothing(content: bytes) -> None:
    assert isinstance(parse_config(content), ImageConfig)
