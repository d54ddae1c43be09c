"""The files of the application belong to the user alone, and nothing else is opened in their place."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ecrtui.private_files import open_private, prepare_database

OTHER_USER = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ecrtui" / "some.file"


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_new_files_and_folders_are_for_the_user_only(file: Path) -> None:
    os.close(open_private(file))
    assert [mode(path) for path in (file, file.parent, file.parent.parent)] == [0o600, 0o700, 0o700]


@pytest.mark.usefixtures("umask")
def test_existing_open_files_are_closed_to_others(file: Path) -> None:
    file.parent.mkdir(parents=True, mode=0o700)
    file.parent.parent.chmod(0o755)
    file.write_text("kept")
    file.chmod(0o666)
    file.parent.chmod(0o777)
    os.close(open_private(file))
    assert [mode(path) for path in (file, file.parent, file.parent.parent)] == [0o600, 0o700, 0o755]
    assert file.read_text() == "kept"


def link(path: Path) -> None:
    path.symlink_to(path.parent.parent / "victim")


def dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def hard_link(path: Path) -> None:
    path.hardlink_to(path.parent.parent / "victim")


def listening_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(path))  # a path of a socket has at most 107 bytes


def foreign_file(path: Path) -> None:
    path.touch()
    os.chown(path, OTHER_USER, OTHER_USER)


def foreign_folder(path: Path) -> None:
    os.chown(path.parent, OTHER_USER, OTHER_USER)


def foreign_outer_folder(path: Path) -> None:
    os.chown(path.parent.parent, OTHER_USER, OTHER_USER)


def foreign_folder_behind_a_link(path: Path) -> None:
    real = path.parent.with_name("real")
    path.parent.rename(real)
    os.chown(real, OTHER_USER, OTHER_USER)
    path.parent.symlink_to(real)


def folder_behind_a_foreign_link(path: Path) -> None:
    path.parent.rename(path.parent.with_name("real"))
    path.parent.symlink_to("real")
    os.chown(path.parent, OTHER_USER, OTHER_USER, follow_symlinks=False)


REFUSED: list[tuple[Callable[[Path], None], str, str]] = [
    (link, "some.file", "This is a link"),
    (dangling_link, "some.file", "This is a link"),
    (hard_link, "some.file", "hard link"),
    (os.mkfifo, "some.file", "not a regular file"),
    (Path.mkdir, "some.file", "not a regular file"),
    (listening_socket, "some.file", "not a regular file"),
]
REFUSED_TO_ROOT: list[tuple[Callable[[Path], None], str, str]] = [
    (foreign_file, "some.file", f"belongs to user {OTHER_USER}"),
    (foreign_folder, "ecrtui", f"belongs to user {OTHER_USER}"),
    (foreign_outer_folder, "state", f"belongs to user {OTHER_USER}"),
    (foreign_folder_behind_a_link, "ecrtui", f"belongs to user {OTHER_USER}"),
    (folder_behind_a_foreign_link, "ecrtui", f"belongs to user {OTHER_USER}"),
]


@pytest.mark.parametrize(
    ("plant", "named", "reason"), [*REFUSED, *(pytest.param(*row, marks=AS_ROOT) for row in REFUSED_TO_ROOT)]
)
def test_what_stands_in_place_of_the_file_is_not_opened(
    file: Path, monkeypatch: pytest.MonkeyPatch, plant: Callable[[Path], None], named: str, reason: str
) -> None:
    file.parent.mkdir(parents=True)
    monkeypatch.chdir(file.parent)
    victim = file.parent.parent / "victim"
    victim.write_text("not ours")
    victim.chmod(0o644)
    plant(file)
    with pytest.raises(PermissionError, match=reason) as caught:
        open_private(file)
    assert Path(caught.value.filename).name == named
    assert (victim.read_text(), mode(victim)) == ("not ours", 0o644)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_a_link_in_place_of_any_file_of_sqlite_is_refused(file: Path, suffix: str) -> None:
    file.parent.mkdir(parents=True)
    file.with_name(file.name + suffix).symlink_to(file.parent.parent / "victim")
    with pytest.raises(PermissionError, match="This is a link"):
        prepare_database(file)
    assert not (file.parent.parent / "victim").exists()


def test_a_folder_of_the_user_behind_a_link_is_used(file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    file.parent.parent.mkdir()
    file.parent.symlink_to(tmp_path / "elsewhere")
    os.close(open_private(file))
    assert mode(tmp_path / "elsewhere" / file.name) == 0o600


def test_a_file_in_place_of_the_folder_is_named(file: Path) -> None:
    file.parent.parent.mkdir()
    file.parent.touch()
    with pytest.raises(OSError, match="Not a directory"):
        open_private(file)
    assert mode(file.parent) != 0o700


def test_a_path_without_a_home_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="no home folder"):
        open_private(Path("~/.local/state/ecrtui/journal.sqlite"))
    assert not list(tmp_path.iterdir())
