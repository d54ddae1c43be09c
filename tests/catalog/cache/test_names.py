"""The names that a shell completes, from the cache file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ecrtui.catalog.cache.names import CachedNames
from ecrtui.catalog.cache.store import Cache
from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.repository import Repository
from tests.support.embedded import digest_of

HERE = RegistryLocation("111111111111", "eu-west-1")
THERE = RegistryLocation("222222222222", "us-east-1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cache.sqlite"
    for location, names in ((HERE, ["team/app", "team/web"]), (THERE, ["other"])):
        cache = Cache(path, location)
        cache.remember_connection(location.region)
        cache.keep_repositories([Repository(name, "uri") for name in names])
        cache.close()
    return path


def test_the_names_are_those_of_the_connection(file: Path) -> None:
    assert CachedNames(file, "eu-west-1", "").repositories() == ["team/app", "team/web"]
    assert CachedNames(file, "us-east-1", "").repositories() == ["other"]


def test_an_unknown_connection_has_the_names_of_its_region(file: Path) -> None:
    assert CachedNames(file, "changed", "us-east-1").repositories() == ["other"]
    assert CachedNames(file, "changed", "").repositories() == ["other", "team/app", "team/web"]
    assert CachedNames(file, "changed", "eu-north-1").repositories() == []


def test_only_what_a_user_can_type_is_returned(file: Path) -> None:
    cache = Cache(file, HERE)
    hostile = "x\x1b[31m"
    cache.keep_repositories([Repository("fine", "uri"), Repository("$(rm -rf)", "uri"), Repository("a b", "uri")])
    cache.keep_images("team/app", [Image(digest_of("1"), ("v1", "ok_2", hostile, "$(x)", "a b"))])
    cache.close()
    names = CachedNames(file, "eu-west-1", "")
    assert names.repositories() == ["fine"]
    assert names.tags("team/app") == ["v1", "ok_2"]
    assert names.tags("team/web") == []
    assert [digest[:7] for digest in names.digests("team/app")] == ["sha256:"]


def test_a_cache_that_cannot_be_read_has_no_names(file: Path, tmp_path: Path) -> None:
    missing = tmp_path / "none.sqlite"
    assert CachedNames(missing, "", "").repositories() == []
    assert not missing.exists()
    assert CachedNames(None, "", "").repositories() == []
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE chunk SET content = ?", (b"damaged",))
    assert CachedNames(file, "eu-west-1", "").repositories() == []
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert CachedNames(file, "eu-west-1", "").repositories() == []
    file.write_bytes(b"no database")
    assert CachedNames(file, "eu-west-1", "").tags("a") == []


def test_the_newest_images_come_first(file: Path) -> None:
    cache = Cache(file, HERE)
    cache.keep_images("team/app", [Image(digest_of("1"), ("old",), 1.0e9), Image(digest_of("2"), ("new",), 1.7e9)])
    cache.close()
    assert CachedNames(file, "eu-west-1", "").tags("team/app") == ["new", "old"]
