"""Every byte of a manifest's file arrives: no line end is translated, nothing is dropped, nothing is recoded."""

from __future__ import annotations

import hashlib
import json
import os
import threading

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.cli.put_image.conftest import PutImage
from tests.cli.put_image.endpoint import Endpoint

MANIFESTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300),
    st.builds(
        "".join,
        st.lists(
            st.sampled_from(
                ["{}", "\r\n", "\n", "\r", "\ufeff", "é", "𝒜", "😀", "\u2028", "\x85", "\t", "\x00", "\\u00e9"]
            ),
            min_size=1,
            max_size=30,
        ),
    ),
)
BIG = '{"annotations": "' + "é𝒜\r\n " * 500_000 + '"}\n'
WAYS = ("file", "fileb", "json", "yaml")


def words_for(way: str, manifest: str, put_image: PutImage) -> list[str]:
    path = put_image.folder / "manifest"
    if way in ("file", "fileb"):
        path.write_bytes(manifest.encode())
        return ["--repository-name", "foo", "--image-manifest", f"{way}://{path}"]
    if way == "json":
        text = json.dumps({"repositoryName": "foo", "imageManifest": manifest}, ensure_ascii=False)
    else:
        escaped = "".join(f"\\U{ord(char):08x}" for char in manifest)
        text = f'repositoryName: foo\nimageManifest: "{escaped}"'
    path.write_bytes(text.encode())
    return [f"--cli-input-{way}", f"file://{path}"]


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(manifest=MANIFESTS)
@example(manifest="\ufeff{}\r\n\r\n")
@example(manifest='{"a": "\U0001f600"}')
@example(manifest="{}\n\n\n")
def test_the_server_gets_the_bytes_of_the_file(
    way: str, manifest: str, put_image: PutImage, endpoint: Endpoint
) -> None:
    endpoint.requests.clear()
    words = words_for(way, manifest, put_image)
    ran = put_image(*words, "--query", "image.imageId.imageDigest", "--output", "text")
    assert ran.code == 0, ran.err
    assert endpoint.bodies[0]["imageManifest"].encode() == manifest.encode()
    assert ran.out == f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}\n"


@pytest.mark.parametrize("way", ["file", "fileb", "json"])
def test_four_mebibytes_arrive(way: str, put_image: PutImage, endpoint: Endpoint) -> None:
    assert len(BIG.encode()) > 4 * 1024 * 1024
    assert put_image(*words_for(way, BIG, put_image), "--output", "off").code == 0
    assert endpoint.bodies[0]["imageManifest"] == BIG


def test_a_locale_of_ascii_changes_no_byte(put_image: PutImage, endpoint: Endpoint) -> None:
    (put_image.folder / "m").write_bytes('{"é": "😀"}\r\n'.encode())
    ascii_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "AWS_CLI_FILE_ENCODING": "cp1252"}
    options = ("--repository-name", "foo", "--image-tag", "é", "--query", "image.imageId.imageDigest")
    ran = put_image.process(*options, "--image-manifest", "file://m", **ascii_locale)
    assert ran.code == 0, ran.err
    assert endpoint.bodies[0] == {"repositoryName": "foo", "imageTag": "é", "imageManifest": '{"é": "😀"}\r\n'}


@pytest.mark.parametrize("option", ["--image-manifest", "--cli-input-json"])
def test_a_pipe_is_read_once(option: str, put_image: PutImage, endpoint: Endpoint) -> None:
    pipe = put_image.folder / "pipe"
    os.mkfifo(pipe)
    content = "{}\r\n" if option == "--image-manifest" else '{"repositoryName": "foo", "imageManifest": "{}\\r\\n"}'
    writer = threading.Thread(target=pipe.write_bytes, args=(content.encode(),), daemon=True)
    writer.start()
    words = ["--repository-name", "foo"] if option == "--image-manifest" else []
    assert put_image(*words, option, "file://pipe").code == 0
    writer.join(5)
    assert endpoint.bodies[0]["imageManifest"] == "{}\r\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--image-manifest", "file://bad"], "Unable to load paramfile (bad), text contents could not be decoded."),
        (["--image-manifest", "fileb://bad"], "bad is not UTF-8"),
        (["--image-manifest", "\udcff"], "this is not UTF-8"),
        (["--image-manifest", "{}", "--image-tag", "\ud800"], "this is not UTF-8"),
    ],
)
def test_what_is_not_utf8_is_refused_before_anything_is_sent(
    words: list[str], told: str, put_image: PutImage, endpoint: Endpoint
) -> None:
    (put_image.folder / "bad").write_bytes(b"{\xff}")
    ran = put_image("--repository-name", "foo", *words)
    assert ran.code == 252
    assert told in ran.err
    assert endpoint.requests == []


def test_half_a_character_in_a_json_input_is_refused(put_image: PutImage, endpoint: Endpoint) -> None:
    ran = put_image("--cli-input-json", '{"repositoryName": "foo", "imageManifest": "\\ud83d"}')
    assert ran.code == 252
    assert endpoint.requests == []
