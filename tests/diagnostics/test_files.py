"""The health of the journal and of the cache."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ecrtui.catalog.cache.file import CacheFile
from ecrtui.diagnostics import files
from ecrtui.diagnostics.report import Status
from tests.support.full_disk import no_room_after
from tests.support.retag_env import RetagEnv


def checks(path: Path) -> list[tuple[str, Status, str]]:
    return [(check.name, check.status, check.value) for check in files.journal(path)]


def test_no_file_is_created(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file.sqlite"
    for look in (files.journal, files.cache, files.log):
        (check,) = look(path)
        assert (check.status, "none" in check.value) == (Status.OK, True)
    assert list(tmp_path.iterdir()) == []


def test_a_journal_with_writes_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    env = RetagEnv(path)
    env.engine.apply(env.plan(("new", env.one)))
    env.journal.close()
    assert checks(path) == [("journal", Status.OK, f"{path}: 1 write")]
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE entries SET outcome = NULL")
    assert checks(path)[1] == ("writes with unknown outcome", Status.WARNING, "1")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE entries SET outcome = 'done', begun_at = 'yesterday'")
    assert checks(path)[1] == ("damaged entries", Status.WARNING, "1")


def _no_database(path: Path) -> None:
    path.write_bytes(b"not a database" * 100)


def _other_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")


def _damaged_page(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 100)
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [_no_database, _other_version, _damaged_page, Path.mkdir])
def test_a_journal_that_cannot_be_used_fails(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = tmp_path / "journal.sqlite"
    damage(path)
    ((_, status, value),) = checks(path)
    assert status is Status.FAILED
    assert str(path) in value


def test_a_full_disk_is_named_and_nothing_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    env = RetagEnv(path)
    env.engine.apply(env.plan(("new", env.one)))
    env.journal.close()
    cache = CacheFile(tmp_path / "cache.sqlite")
    cache.write(lambda connection: connection.execute("SELECT 1"), None)
    cache.close()
    with no_room_after(8):
        found = [*files.journal(path), *files.cache(cache.path)]
    assert [check.status for check in found] == [Status.FAILED, Status.WARNING]
    for check in found:
        assert "disk is full" in check.value
        assert "Free disk space" in check.hint
        assert "damaged" not in check.hint


def test_a_cache_that_cannot_be_written_is_a_warning() -> None:
    (check,) = files.cache(Path("~/cache/cache.sqlite"))
    assert check.status is Status.WARNING
    assert "home folder" in check.value


def test_a_journal_without_a_home_folder_fails() -> None:
    ((_, status, value),) = checks(Path("~/state/journal.sqlite"))
    assert status is Status.FAILED
    assert "home folder" in value


def test_a_cache_is_reported_and_a_damaged_one_is_only_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    cache = CacheFile(path)
    cache.write(lambda connection: connection.execute("SELECT 1"), None)
    cache.close()
    assert [check.status for check in files.cache(path)] == [Status.OK]
    _no_database(path)
    assert [check.status for check in files.cache(path)] == [Status.WARNING]
    assert path.exists()
