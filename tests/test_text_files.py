"""A file is written as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecrtui.text_files import replace_text, write_new
from tests.support.full_disk import no_room_after


def test_a_new_file_has_the_content(tmp_path: Path) -> None:
    write_new(tmp_path / "new.csv", b"a,b\r\n")
    assert (tmp_path / "new.csv").read_bytes() == b"a,b\r\n"


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("old")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "old.csv", b"new")
    assert (tmp_path / "old.csv").read_text() == "old"


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_new_file_for_which_there_is_no_room_is_removed(tmp_path: Path, size: int) -> None:
    with no_room_after(8), pytest.raises(OSError, match="File too large"):
        write_new(tmp_path / "new.csv", b"x" * size)
    assert not any(tmp_path.iterdir())


def test_a_file_stays_as_it_is_if_there_is_no_room_for_the_new_text(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("old")
    with no_room_after(8), pytest.raises(OSError, match="File too large"):
        replace_text(file, "x" * 10)
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]
