"""The content of the Put image form, without a screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecrtui.ecr.manifest import MAX_LENGTH
from ecrtui.ecr.put_image_request import PutImageRequest, check_manifest
from ecrtui.errors import UsageError
from ecrtui.tui.put_image.document import ManifestSource, PutImageDocument, next_line_endings, read_manifest_file

MIXED = "{\r\n\n}"


def cycle(original: ManifestSource) -> list[ManifestSource | None]:
    """The first variants after the original."""
    found: list[ManifestSource | None] = []
    current = original.text
    for _ in range(3):
        following = next_line_endings(original, current)
        found.append(following)
        current = following.text if following else current
    return found


def test_line_endings_go_from_the_original_to_lf_to_crlf_and_back() -> None:
    original = ManifestSource(MIXED, "from the file", "m.json")
    lf, crlf, again = cycle(original)
    assert lf == ManifestSource("{\n\n}", "with LF line endings")
    assert crlf == ManifestSource("{\r\n\r\n}", "with CRLF line endings")
    assert again == original


def test_a_variant_equal_to_the_current_text_is_skipped() -> None:
    original = ManifestSource("{\n}", "from the file", "m.json")
    crlf, again, _ = cycle(original)
    assert crlf == ManifestSource("{\r\n}", "with CRLF line endings")
    assert again == original


def test_a_manifest_without_line_endings_has_no_variants() -> None:
    assert next_line_endings(ManifestSource("{}"), "{}") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\ufeff{}", "byte order mark"),
        ("{\r}", "has CR line endings"),
        ("{\r\n}", "a different digest"),
    ],
)
def test_surprising_bytes_have_a_warning(text: str, words: str) -> None:
    (warning,) = PutImageDocument(manifest=check_manifest(text)).warnings
    assert words in warning


def test_plain_lf_needs_no_warning() -> None:
    document = PutImageDocument(manifest=check_manifest("{\n}"), origin="pasted")
    assert document.warnings == ()
    assert document.summary == "3 bytes · LF · pasted"


def test_the_command_of_a_selected_image_downloads_its_manifest_first() -> None:
    manifest = check_manifest("{}")
    document = PutImageDocument(PutImageRequest(repository="to", tag="v2"), manifest, image=manifest.digest)
    download, put = document.command("from", ("--region", "eu-west-1")).split(" && ")
    assert download.startswith("aws ecr batch-get-image --region eu-west-1 --repository-name from")
    assert put == (
        "aws ecr put-image --region eu-west-1 --repository-name to --image-tag v2 "
        f"--image-digest {manifest.digest} --image-manifest file://manifest.json"
    )


def test_a_file_is_read_to_the_byte(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_bytes(MIXED.encode())
    assert read_manifest_file(str(tmp_path / "m.json")) == MIXED


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read: No such file"), (b"\xff", "not UTF-8: invalid start byte at byte 0")],
)
def test_an_unusable_file_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "m.json").write_bytes(content)
    with pytest.raises(UsageError, match=words):
        read_manifest_file(str(tmp_path / "m.json"))


def test_a_folder_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a file"):
        read_manifest_file(str(tmp_path))
    with (tmp_path / "m.json").open("wb") as file:
        file.truncate(4 * MAX_LENGTH + 1)
    with pytest.raises(UsageError, match="too many"):
        read_manifest_file(str(tmp_path / "m.json"))


@pytest.mark.parametrize("path", ["~no-such-user/m.json", "~no-such-user"])
def test_the_home_of_an_unknown_user_is_a_missing_file(path: str) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_manifest_file(path)
    document = PutImageDocument(request=PutImageRequest(repository="app"), file=path)
    assert path in document.command("", ())
