"""The content of a blob: the files of a chart, text, or bytes."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.ecr.digest import digest_of
from ecrtui.inspect.archives import MAX_FILE, MAX_FILES, MAX_UNPACKED, read_archive
from ecrtui.inspect.contents import (
    MAX_HEX,
    BlobContext,
    file_suffix,
    hexadecimal,
    pretty_json,
    read_content,
    read_start,
)

CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def archive(files: dict[str, bytes], *members: tarfile.TarInfo, packed: bool = True) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as writer:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            writer.addfile(member, io.BytesIO(content))
        for member in members:
            writer.addfile(member)
    return gzip.compress(out.getvalue(), mtime=0) if packed else out.getvalue()


def special(path: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize("packed", [True, False])
def test_the_files_of_a_chart_are_in_the_order_in_which_they_are_read(packed: bool) -> None:
    files = {
        "a/templates/b.yaml": b"kind: Deployment",
        "a/charts/sub/values.yaml": b"x: 1",
        "a/values.yaml": b"replicas: 2\n",
        "a/Chart.yaml": b"name: a",
        "a/icon.png": b"\x89PNG\0",
        "../../etc/passwd": b"root",
    }
    link = special("a/link", tarfile.SYMTYPE, "/etc/shadow")
    content = read_content(archive(files, link, special("a/dev", tarfile.CHRTYPE), packed=packed), BlobContext(CHART))
    assert content.title == "Helm chart"
    assert [(file.path, file.text, file.note) for file in content.files] == [
        ("a/Chart.yaml", "name: a", ""),
        ("a/values.yaml", "replicas: 2\n", ""),
        ("../../etc/passwd", "root", ""),
        ("a/dev", "", "a device or another special file"),
        ("a/icon.png", "", "not text"),
        ("a/link", "", "a link to /etc/shadow; links are not followed"),
        ("a/templates/b.yaml", "kind: Deployment", ""),
        ("a/charts/sub/values.yaml", "x: 1", ""),
    ]
    assert {file.path: file.digest for file in content.files if file.digest} == {"a/icon.png": digest_of(b"\x89PNG\0")}


def test_names_of_files_are_utf8_in_every_locale() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1") as writer:
        writer.addfile(tarfile.TarInfo("caf\xe9"))
        writer.addfile(special("\xc3\xa9t\xc3\xa9", tarfile.SYMTYPE, "\xff"))
    assert [(file.path, file.note) for file in read_archive(out.getvalue()).files] == [
        ("caf\ufffd", ""),
        ("\xe9t\xe9", "a link to \ufffd; links are not followed"),
    ]


def test_an_archive_that_grows_is_read_up_to_a_limit() -> None:
    bomb = read_archive(archive({"a": b"text", "zeros": bytes(MAX_UNPACKED)}))
    assert [(file.path, file.note) for file in bomb.files] == [("a", ""), ("zeros", "larger than 524 kB; not shown")]
    assert bomb.problem == "The archive cannot be read to its end: it is larger than 17 MB."
    many = read_archive(archive({str(number): b"" for number in range(MAX_FILES + 1)}))
    assert (len(many.files), many.problem) == (MAX_FILES, "The archive has more files. The first 500 are shown.")
    assert read_archive(archive({"large": b"a" * (MAX_FILE + 1)})).files[0].text == ""


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (archive({"a": b"text" * 1000})[:-20], "it is cut"),
        (b"\x1f\x8bnot gzip at all", "it is not gzip"),
        (archive({"a": b"text" * 1000}, packed=False)[:800], "The archive cannot be read to its end: unexpected end"),
        (archive({"a": b"a", "b": b"b"}, packed=False).replace(b"b\0", b"c\0", 1), "a header is broken"),
        (archive({"a": b"text"}) + b"more", "it is not gzip"),
    ],
)
def test_a_broken_archive_says_so(content: bytes, problem: str) -> None:
    assert problem in read_archive(content).problem


def test_an_archive_in_several_gzip_members_is_read_to_its_end() -> None:
    plain = archive({"a": b"a" * 700, "b": b"b"}, packed=False)
    found = read_archive(gzip.compress(plain[:1536], mtime=0) + gzip.compress(plain[1536:], mtime=0))
    assert ([file.path for file in found.files], found.problem) == (["a", "b"], "")


@pytest.mark.parametrize(
    ("content", "media_type", "title", "pretty", "problem"),
    [
        (b'{"a": 1.00, "b": []}', "application/json", "JSON", '{\n  "a": 1.00,\n  "b": []\n}', ""),
        (b"hello\n", "text/plain", "text", "hello\n", ""),
        (b"hello", "application/json", "text", "hello", "The content cannot be read: it is not JSON"),
        (b"<bom/>", "application/vnd.cyclonedx+xml", "CycloneDX", "<bom/>", ""),
        (b"\0asm\1\0\0\0", "application/wasm", "WebAssembly", "", ""),
        (b"\0", "application/vnd.example", "bytes", "", ""),
        (gzip.compress(b'{"a": 1}', mtime=0), "application/json+gzip", "JSON", '{\n  "a": 1\n}', ""),
        (
            gzip.compress(gzip.compress(b"a", mtime=0), mtime=0),
            "application/vnd.example",
            "bytes",
            "",
            "The archive cannot be read",
        ),
        (b"null", "application/json", "JSON", "null", ""),
        (b"\x28\xb5\x2f\xfd\0", "application/spdx+json+zstd", "SPDX", "", "The content is compressed with zstd"),
        (b"", "application/vnd.example", "text", "", ""),
    ],
)
def test_other_content_is_text_or_bytes(content: bytes, media_type: str, title: str, pretty: str, problem: str) -> None:
    found = read_content(content, BlobContext(media_type))
    assert (found.title, found.pretty) == (title, pretty)
    assert found.problem.startswith(problem)
    assert bool(found.problem) == bool(problem)
    assert found.exact or not content


def test_bytes_are_shown_as_hexdump_shows_them() -> None:
    assert hexadecimal(b"0123456789abcdefX\0\xff") == (
        "00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n"
        "00000010  58 00 ff                                         X.."
    )
    assert hexadecimal(bytes(MAX_HEX + 2000)).endswith("\n2.0 kB more are not shown.")


@pytest.mark.parametrize(
    ("start", "text"),
    [(b"caf\xc3\xa9", "café"), (b"caf\xc3", "caf"), (b'{"a": \xf0\x9f\x90', '{"a": '), (b"\xff\0", None)],
)
def test_the_start_of_a_blob_is_text_up_to_its_last_whole_character(start: bytes, text: str | None) -> None:
    found = read_start(start, 5_000_000, BlobContext("application/json"))
    assert (found.is_whole, found.is_text, found.pretty) == (False, text is not None, text or "")
    assert found.problem == f"These are the first {len(start)} B of 5.0 MB."
    assert text is not None or found.exact.endswith("4.9 MB more are not shown.")


def test_json_that_cannot_be_written_again_is_shown_as_it_is() -> None:
    deep = "[" * 150 + "]" * 150
    assert pretty_json(deep) == deep
    found = read_content(json.dumps({"a": [json.loads(deep)]}).encode(), BlobContext())
    assert deep in found.pretty


@settings(max_examples=30)
@given(st.binary(max_size=60))
def test_any_bytes_of_any_media_type_give_a_content(content: bytes) -> None:
    for media_type in ("", CHART, "application/json"):
        for data in (
            content,
            gzip.compress(content, mtime=0),
            b"\x1f\x8b" + content,
            archive({"a": b"b"})[:40] + content,
        ):
            read_content(data, BlobContext(media_type))


@pytest.mark.parametrize(
    ("media_type", "suffix"),
    [
        ("application/vnd.in-toto+json", ".json"),
        ("application/vnd.cncf.helm.chart.content.v1.tar+gzip", ".tgz"),
        ("application/vnd.oci.image.layer.v1.tar+zstd", ".tar.zst"),
        ("application/vnd.example+zstd", ".zst"),
        ("application/vnd.oci.image.layer.v1.tar", ".tar"),
        ("text/plain", ".txt"),
        ("application/octet-stream", ".bin"),
    ],
)
def test_a_saved_file_has_the_ending_of_its_media_type(media_type: str, suffix: str) -> None:
    assert file_suffix(media_type) == suffix
