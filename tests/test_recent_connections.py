from __future__ import annotations

import resource
import stat

import pytest

from ecrtui.paths import recent_connections_file
from ecrtui.recent_connections import KEPT, RecentConnection, recent_connections, remember_connection


def test_the_last_connection_comes_first_and_each_is_kept_once() -> None:
    assert recent_connections() == ()
    for name in ("one", "two", "one", "ünïcode"):
        remember_connection(RecentConnection(name, "eu-west-1"))
    assert [entry.profile for entry in recent_connections()] == ["ünïcode", "one", "two"]
    for number in range(KEPT):
        remember_connection(RecentConnection(str(number), "eu-west-1"))
    assert len(recent_connections()) == KEPT
    assert stat.S_IMODE(recent_connections_file().stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[1, [2], [3, 4]]", '{"a": 1}', "[" * 100_000, "\x00", '[["a", null]]'])
def test_a_damaged_file_is_no_error_and_is_replaced(content: str) -> None:
    file = recent_connections_file()
    file.parent.mkdir(parents=True)
    file.write_text(content)
    assert recent_connections() == ()
    remember_connection(RecentConnection("one", "eu-west-1"))
    assert recent_connections() == (RecentConnection("one", "eu-west-1"),)


def test_a_full_disk_keeps_the_connections_of_before() -> None:
    remember_connection(RecentConnection("one", "eu-west-1"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5, limits[1]))
    try:
        remember_connection(RecentConnection("two", "eu-west-1"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert recent_connections() == (RecentConnection("one", "eu-west-1"),)
    assert [file.name for file in recent_connections_file().parent.iterdir()] == ["connections.json"]


def test_a_folder_that_cannot_be_written_is_no_error() -> None:
    recent_connections_file().mkdir(parents=True)
    remember_connection(RecentConnection("one", "eu-west-1"))
    assert recent_connections() == ()
