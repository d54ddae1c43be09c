"""The cache file: its contents survive restarts, and no failure of it reaches the caller."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.catalog.cache.chunks import IMAGE_CHUNKS, REPOSITORY_CHUNKS
from ecrtui.catalog.cache.names import CachedNames
from ecrtui.catalog.cache.store import Cache
from ecrtui.catalog.index_parts import Part
from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.findings import ImageScan
from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Manifest
from ecrtui.ecr.mutability import TagMutability
from ecrtui.ecr.repository import Repository
from tests.support.rows import images, repositories

HERE = RegistryLocation("123456789012", "eu-west-1")
ELSEWHERE = RegistryLocation("999999999999", "eu-west-1")
REPOSITORY_ROWS = (
    Repository("a", "uri/a", "arn:a", "123456789012", 1.5, TagMutability("IMMUTABLE_WITH_EXCLUSION", ("x*", "y"))),
    Repository("b", "uri/b", scan_on_push=True, encryption="KMS", kms_key="key"),
)


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "cache.sqlite"


@pytest.fixture
def cache(file: Path, clock: Clock) -> Cache:
    return Cache(file, HERE, clock=clock)


def image(number: int, **values: object) -> Image:
    return replace(Image(digest_of(str(number)), (f"v{number}",), 1000.0 + number), **values)  # type: ignore[arg-type]


def manifest(number: int, size: int = 0) -> Manifest:
    text = f'{{"number": {number}}}\r\n é' + "x" * size
    return Manifest(text, digest_of(text), "application/vnd.oci.image.manifest.v1+json")


def test_a_new_cache_is_empty_and_creates_its_file_on_first_use(file: Path, cache: Cache) -> None:
    assert not file.parent.exists()
    assert cache.repositories() is None
    assert cache.images("a") is None
    assert cache.manifests("team/app", ["sha256:0"]) == ()


def test_the_last_listing_is_returned_with_its_age(file: Path, cache: Cache, clock: Clock) -> None:
    cache.keep_repositories(REPOSITORY_ROWS[::-1])
    clock.now += 90
    known = cache.repositories()
    assert known is not None
    assert (known.items, known.age) == (REPOSITORY_ROWS, 90)
    again = Cache(file, HERE, clock=clock).repositories()
    assert again == known, "another process sees the same listing"


def test_images_are_returned_newest_first(cache: Cache) -> None:
    undated = image(9, pushed_at=None)
    cache.keep_images("a", [image(1), undated, image(3), image(2)])
    known = cache.images("a")
    assert known is not None
    assert known.items == (image(3), image(2), image(1), undated)


def test_an_empty_listing_is_stored(cache: Cache) -> None:
    cache.keep_images("a", [])
    known = cache.images("a")
    assert known is not None
    assert known.items == ()


@settings(deadline=None)
@given(st.lists(images, max_size=8), st.lists(repositories, max_size=8))
def test_any_row_survives_encoding_and_decoding(some: list[Image], others: list[Repository]) -> None:
    read = [row for chunk in IMAGE_CHUNKS.chunks(some) for row in IMAGE_CHUNKS.items(chunk)]
    assert sorted(map(repr, read)) == sorted(map(repr, some))
    named = [row for chunk in REPOSITORY_CHUNKS.chunks(others) for row in REPOSITORY_CHUNKS.items(chunk)]
    assert named == sorted(others, key=lambda repository: repository.name)


def test_only_changed_chunks_are_written(file: Path, cache: Cache) -> None:
    rows = [image(number) for number in range(10_000)]
    cache.keep_images("a", rows)
    before = chunk_digests(file)
    assert 2 < len(before) < 40
    moved = [replace(row, tags=(*row.tags, "prod")) if row == rows[5000] else row for row in rows]
    cache.keep_images("a", [*moved[1:], image(10_001)])
    after = chunk_digests(file)
    assert len(before - after) <= 3
    assert len(after - before) <= 3
    known = cache.images("a")
    assert known is not None
    assert set(known.items) == {*moved[1:], image(10_001)}


def test_a_listing_is_complete_if_another_process_replaces_it_meanwhile(file: Path) -> None:
    cache, other = Cache(file, HERE), Cache(file, HERE)
    rows = [image(number) for number in range(3000)]
    cache.keep_images("a", rows)

    class Replaced(list[Image]):
        """Rows that the other process replaces when this one begins to encode them."""

        def __iter__(self) -> Iterator[Image]:
            other.keep_images("a", rows[:1])
            return super().__iter__()

    cache.keep_images("a", Replaced(rows))
    known = cache.images("a")
    assert known is not None
    assert set(known.items) == set(rows)


def chunk_digests(file: Path) -> set[bytes]:
    with sqlite3.connect(file) as connection:
        return {row[0] for row in connection.execute("SELECT digest FROM chunk")}


@pytest.mark.parametrize(
    "other",
    [
        RegistryLocation("210987654321", "eu-west-1"),
        RegistryLocation("123456789012", "us-east-1"),
        RegistryLocation("123456789012", "eu-west-1", "http://x"),
    ],
)
def test_each_account_region_and_endpoint_has_its_own_listings(
    file: Path, cache: Cache, other: RegistryLocation
) -> None:
    cache.keep_repositories(REPOSITORY_ROWS)
    cache.keep_images("a", [image(1)])
    other_cache = Cache(file, other)
    assert other_cache.repositories() is None
    assert other_cache.images("a") is None


def test_a_listing_can_be_deleted(file: Path, cache: Cache) -> None:
    cache.keep_images("a", [image(1)])
    cache.keep_images("b", [image(2)])
    cache.forget_images("a")
    assert cache.images("a") is None
    assert cache.images("b") is not None
    assert len(chunk_digests(file)) == 1


def test_manifests_are_returned_byte_for_byte(cache: Cache) -> None:
    kept = [manifest(number) for number in range(5)]
    cache.keep_manifests("team/app", kept)
    assert cache.manifests("team/app", [entry.digest for entry in kept[::-1]] + ["sha256:0"]) == tuple(kept[::-1])


def test_a_manifest_that_does_not_match_its_digest_is_deleted(file: Path, cache: Cache) -> None:
    good, bad, broken = (manifest(number) for number in range(3))
    cache.keep_manifests("team/app", [good, bad, broken])
    with sqlite3.connect(file) as connection:
        connection.execute(
            "UPDATE manifest SET content = (SELECT content FROM manifest WHERE digest = ?) WHERE digest = ?",
            (good.digest, bad.digest),
        )
        connection.execute("UPDATE manifest SET content = x'00' WHERE digest = ?", (broken.digest,))
    assert cache.manifests("team/app", [bad.digest, good.digest, broken.digest]) == (good,)
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT digest FROM manifest").fetchall() == [(good.digest,)]


def test_the_parts_of_an_index_are_parsed_once_and_again_if_they_are_damaged(file: Path, cache: Cache) -> None:
    part = {"mediaType": OCI_MANIFEST, "digest": digest_of("part"), "platform": {"os": "linux", "architecture": "arm"}}
    texts = [json.dumps({"schemaVersion": 2, "manifests": [part]}), json.dumps({"schemaVersion": 2}), "no manifest"]
    index, empty, other = (Manifest(text, digest_of(text), OCI_INDEX) for text in texts)
    cache.keep_manifests("team/app", [index, empty, other])
    digests = [index.digest, empty.digest, other.digest]
    parts = (Part(digest_of("part"), ImageKind.IMAGE, "linux/arm", True),)
    expected = {index.digest: parts, empty.digest: (), other.digest: None}
    assert cache.parts("team/app", [*digests, "sha256:0"]) == expected
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE manifest SET content = x'00'")
    assert cache.parts("team/app", digests) == expected
    cache.keep_manifests("team/app", [index])
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE manifest SET parts = '[[1]]' WHERE digest = ?", (index.digest,))
    assert cache.parts("team/app", [index.digest]) == {index.digest: parts}


def test_the_parts_of_indexes_are_read_while_another_process_writes(file: Path, cache: Cache) -> None:
    text = json.dumps({"schemaVersion": 2})
    index = Manifest(text, digest_of(text), OCI_INDEX)
    cache.keep_manifests("team/app", [index])
    reader = Cache(file, HERE, busy_timeout=0.05)
    assert reader.parts("team/app", [index.digest]) == {index.digest: ()}
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert reader.parts("team/app", [index.digest]) == {index.digest: ()}


def test_the_media_type_of_a_manifest_belongs_to_its_registry_and_repository(file: Path, clock: Clock) -> None:
    """The same bytes, and so the same digest, can have another media type elsewhere."""
    here = manifest(1)
    types = {
        ("team/app", HERE): OCI_MANIFEST,
        ("team/other", HERE): DOCKER_MANIFEST,
        ("team/app", ELSEWHERE): OCI_INDEX,
    }
    for (repository, location), media_type in types.items():
        Cache(file, location, clock=clock).keep_manifests(repository, [replace(here, media_type=media_type)])
    for (repository, location), media_type in types.items():
        (found,) = Cache(file, location, clock=clock).manifests(repository, [here.digest])
        assert found.media_type == media_type
    assert Cache(file, ELSEWHERE, clock=clock).manifests("team/other", [here.digest]) == ()


@pytest.mark.parametrize("use", [Cache.manifests, Cache.parts])
def test_the_least_recently_used_manifests_are_deleted_first(
    file: Path, clock: Clock, use: Callable[[Cache, str, list[str]], object]
) -> None:
    cache = Cache(file, HERE, clock=clock, manifests_size=1000)
    kept = [manifest(number) for number in range(100)]
    cache.keep_manifests("team/app", kept[:1])
    for entry in kept[1:]:
        clock.now += 90_000
        cache.keep_manifests("team/app", [entry])
        assert use(cache, "team/app", [kept[0].digest]), "a manifest in use is kept"
    left = cache.manifests("team/app", [entry.digest for entry in kept])
    assert 5 < len(left) < 50
    assert left == (kept[0], *kept[-len(left) + 1 :])


def test_the_oldest_listings_are_deleted_first(file: Path, clock: Clock) -> None:
    cache = Cache(file, HERE, clock=clock, listings_size=20_000)
    for number in range(10):
        clock.now += 1
        cache.keep_images(f"r{number}", [image(number * 100 + row) for row in range(100)])
    known = [number for number in range(10) if cache.images(f"r{number}")]
    assert 1 < len(known) < 9
    assert known == list(range(10))[-len(known) :]


def test_only_the_owner_can_read_the_file(file: Path, cache: Cache) -> None:
    cache.keep_images("a", [image(1)])
    for path in [file, *file.parent.glob("cache.sqlite-*")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_file_that_others_can_read_is_restricted_to_its_owner(file: Path, cache: Cache) -> None:
    file.parent.mkdir()
    file.touch(0o644)
    cache.keep_images("a", [image(1)])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def garbage(file: Path) -> None:
    file.write_bytes(b"not a database at all, but long enough to look like one" * 100)


def torn(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    file.write_bytes(content)


def other_version(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")


def without_tables(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE chunk")


@pytest.mark.parametrize("damage", [garbage, torn, other_version, without_tables])
def test_a_damaged_file_is_replaced_silently(
    file: Path, damage: Callable[[Path], None], capfd: pytest.CaptureFixture[str]
) -> None:
    first = Cache(file, HERE)
    first.keep_images("a", [image(1)])
    first.close()
    damage(file)
    cache = Cache(file, HERE)
    assert cache.images("a") is None
    cache.keep_images("a", [image(2)])
    known = Cache(file, HERE).images("a")
    assert known is not None
    assert known.items == (image(2),)
    assert capfd.readouterr() == ("", "")


def test_a_listing_with_an_unreadable_chunk_is_not_returned(file: Path, cache: Cache) -> None:
    cache.keep_images("a", [image(1)])
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE chunk SET content = x'789c030000000001'")
    assert cache.images("a") is None
    cache.keep_images("a", [image(1)])
    assert cache.images("a") is not None


@pytest.mark.parametrize(
    "change",
    [
        "listing SET listed_at = 'x'",
        "listing SET chunks = 5",
        "chunk SET content = 'x'",
        "chunk SET content = x'789c330500003600360a'",
        "manifest SET content = 'x'",
        "manifest SET media_type = x'00'",
        "manifest SET used_at = 'x'",
        "scan SET counts = '{}'",
        "totals SET findings = 'x'",
        "connection SET region = x'00'",
    ],
)
def test_a_value_of_another_type_is_no_error(file: Path, change: str) -> None:
    kept = Manifest("{}", digest_of("{}"), OCI_INDEX)
    first = Cache(file, HERE)
    first.keep_images("a", [image(1)])
    first.keep_manifests("a", [kept])
    first.keep_scans("a", {kept.digest: (ImageScan("COMPLETE"), 0.0)})
    first.remember_connection("f")
    first.close()
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE {change}")
    cache, names = Cache(file, HERE), CachedNames(file, "f", "")
    cache.images("a"), cache.manifests("a", [kept.digest]), cache.indexes("a"), cache.scans("a", [kept.digest])
    cache.totals(), Cache.for_fingerprint(file, "f"), names.tags("a"), names.digests("a")
    cache.keep_images("a", [image(1)])
    assert cache.images("a") is not None


def test_a_file_locked_by_another_process_is_not_written(file: Path, cache: Cache) -> None:
    cache.keep_images("a", [image(1)])
    contender = Cache(file, HERE, busy_timeout=0.05)
    assert contender.images("a") is not None
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        contender.keep_images("a", [image(2)])
        contender.keep_manifests("team/app", [manifest(1)])
        other.execute("ROLLBACK")
    known = contender.images("a")
    assert known is not None
    assert known.items == (image(1),)
    contender.keep_images("a", [image(2)])
    assert contender.images("a") != known, "the cache is used again after the lock is released"


def test_a_folder_that_cannot_be_created_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file" / "cache.sqlite", HERE)
    cache.keep_images("a", [image(1)])
    assert cache.images("a") is None


def test_a_file_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache.sqlite").mkdir()
    cache = Cache(tmp_path / "cache.sqlite", HERE)
    cache.keep_manifests("team/app", [manifest(1)])
    assert cache.manifests("team/app", [manifest(1).digest]) == ()
    assert (tmp_path / "cache.sqlite").is_dir()


def test_a_fingerprint_leads_to_the_registry_of_the_last_connection(file: Path, cache: Cache) -> None:
    cache.keep_repositories(REPOSITORY_ROWS)
    assert Cache.for_fingerprint(file, "fingerprint") is None
    cache.remember_connection("fingerprint")
    Cache(file, RegistryLocation("210987654321", "us-east-1")).remember_connection("other")
    again = Cache.for_fingerprint(file, "fingerprint")
    assert again is not None
    assert again.location == HERE
    known = again.repositories()
    assert known is not None
    assert known.items == REPOSITORY_ROWS
    other = Cache.for_fingerprint(file, "other")
    assert other is not None
    assert other.repositories() is None


def test_a_closed_cache_returns_nothing(cache: Cache) -> None:
    cache.keep_images("a", [image(1)])
    cache.close()
    assert cache.images("a") is None


def test_threads_and_processes_share_a_file(file: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from ecrtui.ecr.image import Image; from ecrtui.ecr.location import RegistryLocation\n"
        "from ecrtui.catalog.cache.store import Cache\n"
        "cache = Cache(Path(sys.argv[1]), RegistryLocation('123456789012', 'eu-west-1'))\n"
        "for number in range(30): cache.keep_images(f'r{number % 5}', [Image(f'sha256:{number}')] * 1)\n"
    )
    others = [subprocess.Popen([sys.executable, "-c", program, str(file)]) for _ in range(2)]
    cache = Cache(file, HERE)

    def work(thread: int) -> None:
        for number in range(30):
            cache.keep_images(f"t{thread}", [image(number)])
            assert cache.images(f"t{thread}") is not None

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait(120) for other in others] == [0, 0]
    for name in [*(f"r{number}" for number in range(5)), "t0", "t1", "t2"]:
        known = cache.images(name)
        assert known is not None, name
        assert len(known.items) == 1
