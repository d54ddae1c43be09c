"""Every byte of a manifest file is sent: line ends are kept, nothing is dropped or recoded."""

from __future__ import annotations

import hashlib
import json
import os
import threading

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.cli.put_image.conftest import PutImageRunner
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
INPUTS = ("file", "fileb", "json", "yaml")


def words_for(input_kind: str, manifest: str, put_image: PutImageRunner) -> list[str]:
    path = put_image.folder / "manifest"
    if input_kind in ("file", "fileb"):
        path.write_bytes(manifest.encode())
        return ["--repository-name", "foo", "--image-manifest", f"{input_kind}://{path}"]
    if input_kind == "json":
        text = json.dumps({"repositoryName": "foo", "imageManifest": manifest}, ensure_ascii=False)
    else:
        escaped = "".join(f"\\U{ord(char):08x}" for char in manifest)
        text = f'repositoryName: foo\nimageManifest: "{escaped}"'
    path.write_bytes(text.encode())
    return [f"--cli-input-{input_kind}", f"file://{path}"]


@pytest.mark.parametrize("input_kind", INPUTS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(manifest=MANIFESTS)
@example(manifest="\ufeff{}\r\n\r\n")
@example(manifest='{"a": "\U0001f600"}')
@example(manifest="{}\n\n\n")
def test_the_bytes_of_the_file_are_sent(
    input_kind: str, manifest: str, put_image: PutImageRunner, endpoint: Endpoint
) -> None:
    endpoint.requests.clear()
    words = words_for(input_kind, manifest, put_image)
    result = put_image(*words, "--query", "image.imageId.imageDigest", "--output", "text")
    assert result.code == 0, result.err
    assert endpoint.bodies[0]["imageManifest"].encode() == manifest.encode()
    assert result.out == f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}\n"


@pytest.mark.parametrize("input_kind", ["file", "fileb", "json"])
def test_four_mebibytes_are_sent(input_kind: str, put_image: PutImageRunner, endpoint: Endpoint) -> None:
    assert len(BIG.encode()) > 4 * 1024 * 1024
    assert put_image(*words_for(input_kind, BIG, put_image), "--output", "off").code == 0
    assert endpoint.bodies[0]["imageManifest"] == BIG


def test_a_locale_of_ascii_changes_no_byte(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    (put_image.folder / "m").write_bytes('{"é": "😀"}\r\n'.encode())
    ascii_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "AWS_CLI_FILE_ENCODING": "cp1252"}
    options = ("--repository-name", "foo", "--image-tag", "é", "--query", "image.imageId.imageDigest")
    result = put_image.process(*options, "--image-manifest", "file://m", environment=ascii_locale)
    assert result.code == 0, result.err
    assert endpoint.bodies[0] == {"repositoryName": "foo", "imageTag": "é", "imageManifest": '{"é": "😀"}\r\n'}


@pytest.mark.parametrize("option", ["--image-manifest", "--cli-input-json"])
def test_a_pipe_is_read_once(option: str, put_image: PutImageRunner, endpoint: Endpoint) -> None:
    pipe = put_image.folder / "pipe"
    os.mkfifo(pipe)
    content = "{}\r\n" if option == "--image-manifest" else '{"repositoryName": "foo", "imageManifest": "{}\\r\\n"}'
    writer = threading.Thread(target=pipe.write_bytes, args=(content.encode(),), daemon=True)
    writer.start()
    words = ["--repository-name", "foo"] if option == "--image-manifest" else []
    assert put_image(*words, option, "file://pipe").code == 0
    writer.join(60)
    assert endpoint.bodies[0]["imageManifest"] == "{}\r\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--image-manifest", "file://bad"], "Unable to load paramfile (bad), text contents could not be decoded."),
        (["--image-manifest", "fileb://bad"], "bad is not UTF-8"),
        (["--image-manifest", "\udcff"], "this is not UTF-8"),
        (["--image-manifest", "{}", "--image-tag", "\ud800"], "this is not UTF-8"),
    ],
)
def test_text_that_is_not_utf8_is_refused_before_the_call(
    words: list[str], message: str, put_image: PutImageRunner, endpoint: Endpoint
) -> None:
    (put_image.folder / "bad").write_bytes(b"{\xff}")
    result = put_image("--repository-name", "foo", *words)
    assert result.code == 252
    assert message in result.err
    assert endpoint.requests == []


def test_a_lone_surrogate_in_json_input_is_refused(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    result = put_image("--cli-input-json", '{"repositoryName": "foo", "imageManifest": "\\ud83d"}')
    assert result.code == 252
    assert endpoint.requests == []
