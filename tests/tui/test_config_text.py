"""The config of an image as text: every member, and no text of the registry looks like a fact."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.image import DOCKER_IMAGE_CONFIG, OCI_IMAGE_CONFIG
from ecrtui.ecr.image_config import parse_config
from ecrtui.tui.config_text import NOT_UTF8, config_text
from tests.ecr.test_exact_json import VALUES
from tests.support.screen import unsafe_characters

HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
DOCUMENT = {
    "created": "2026-11-01T10:00:00Z",
    "architecture": "arm64",
    "os": "linux",
    "variant": "v8",
    "container": "abc",
    "config": {
        "User": "",
        "Env": ["PATH=/bin", 5],
        "Entrypoint": ["/app", "--name", "a b"],
        "Cmd": None,
        "Healthcheck": {"Test": ["CMD", "/alive"], "Interval": 30000000000},
        "Shell": ["powershell", "-Command"],
        "OnBuild": ["COPY . /src"],
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {"odd": 1}},
        "Labels": {"a": "1", "odd": 2},
        "Hostname": "abc",
    },
    "history": [{"created_by": "ADD rootfs", "comment": "base", "empty_layer": True}, {"comment": "other"}],
}


def shown(document: Any, media_type: str = OCI_IMAGE_CONFIG) -> str:
    return config_text(parse_config(json.dumps(document).encode()), media_type)


def test_every_member_of_an_image_config_is_shown() -> None:
    assert shown(DOCUMENT) == "\n".join(
        [
            "platform          linux/arm64/v8",
            "created           2026-11-01T10:00:00Z",
            'entrypoint        ["/app", "--name", "a b"]',
            'shell             ["powershell", "-Command"]',
            'health check      {"Test": ["CMD", "/alive"], "Interval": 30000000000}',
            "environment       PATH=/bin",
            "                  5",
            "exposed ports     80/tcp",
            "labels            a: 1",
            "                  odd: 2",
            "on build          COPY . /src",
            "history            1  ADD rootfs",
            '                        {"comment": "base", "empty_layer": true}',
            '                   2  {"comment": "other"}',
            'other, in config  "User": ""',
            '                  "Cmd": null',
            '                  "Volumes": {"/data": {"odd": 1}}',
            '                  "Hostname": "abc"',
            'other             "container": "abc"',
        ]
    )


def strings(value: Any) -> list[str]:
    """Return all names and texts in a JSON value."""
    if isinstance(value, dict):
        return [text for name, entry in value.items() for text in (name, *strings(entry))]
    if isinstance(value, list):
        return [text for entry in value for text in strings(entry)]
    return [value] if isinstance(value, str) else []


KEYS = st.sampled_from([*DOCUMENT, *DOCUMENT["config"]])


@given(st.dictionaries(KEYS, VALUES | st.dictionaries(KEYS, VALUES, max_size=4), max_size=5))
def test_no_text_of_any_document_is_left_out(document: dict[str, Any]) -> None:
    text = shown(document)
    assert unsafe_characters(text) == []
    labelled = {*DOCUMENT, *DOCUMENT["config"]}  # these names have a label of ours
    for entry in strings(list(document.values())):
        assert not entry.isalnum() or not entry.isascii() or entry in text or entry in labelled


@pytest.mark.parametrize(
    "fake",
    ["x\nuser  root", "x\r\nuser  root", "x\x0buser  root", "x\u2028user  root", "x\x85user  root", "\nuser  root\n"],
)
@pytest.mark.parametrize(
    "place",
    [
        lambda text: {"config": {"User": "1000", "Labels": {"a": text}}},
        lambda text: {"config": {"User": "1000", "Labels": {text: "a"}}},
        lambda text: {"config": {"User": "1000", "Env": [text]}},
        lambda text: {"config": {"User": "1000", "Cmd": [text]}},
        lambda text: {"config": {"User": "1000", text: text}},
        lambda text: {"config": {"User": "1000"}, "history": [{"created_by": text, "comment": text}]},
        lambda text: {"config": {"User": "1000"}, "author": text, "os": text, text: 1},
        lambda text: {"config": {"User": "1000"}, "user": "root", "user  root": ""},
    ],
)
def test_no_text_of_a_config_looks_like_a_fact(fake: str, place: Any) -> None:
    (user,) = (line for line in shown(place(fake)).splitlines() if line.startswith("user"))
    assert user.split() == ["user", "1000"]


@pytest.mark.parametrize("content", [b"user  root\n", b'{"a": 1, "a": 2}\nuser  root', b"\x1b]0;x\x07"])
def test_a_config_that_is_not_json_is_shown_indented(content: bytes) -> None:
    first, second, *rest = config_text(parse_config(content), OCI_IMAGE_CONFIG).split("\n")
    assert first.startswith("Could not read the config: ")
    assert second == ""
    assert all(line.startswith("  ") for line in rest)
    assert unsafe_characters("\n".join(rest)) == []


def test_bytes_that_are_not_utf8_hide_nothing() -> None:
    text = config_text(parse_config(b'{"author": "Andr\xe9", "config": {"User": "app"}}'), DOCKER_IMAGE_CONFIG)
    assert text.startswith(NOT_UTF8)
    assert "author  Andr\ufffd" in text
    assert "user    app" in text


@pytest.mark.parametrize("document", [{"name": "shop", "version": "1.4.0", "config": {"User": "x"}}, [], 5, "x", None])
def test_any_other_document_is_shown_as_json(document: Any) -> None:
    assert shown(document, HELM_CONFIG) == json.dumps(document, indent=2)


def test_the_unpacked_layers_are_one_a_line() -> None:
    layers = {"type": "layers", "diff_ids": ["sha256:a", "sha256:b", 5]}
    assert shown({"rootfs": layers}) == "\n".join(
        ["layers  type: layers", "        sha256:a", "        sha256:b", "        5"]
    )
    assert shown({"rootfs": layers | {"more": 1}}) == f"layers  {json.dumps(layers | {'more': 1})}"
