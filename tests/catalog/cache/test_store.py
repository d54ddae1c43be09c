"""The cache file: what it keeps, and that nothing ever depends on it."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.catalog.cache.chunks import IMAGES, REPOSITORIES
from ecrtui.catalog.cache.store import Cache
from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import Manifest
from ecrtui.ecr.mutability import TagMutability
from ecrtui.ecr.repository import Repository
from tests.support.rows import images, repositories

HERE = RegistryLocation("123456789012", "eu-west-1")
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
    return tmp_path / "made" / "cache.sqlite"


@pytest.fixture
def cache(file: Path, clock: Clock) -> Cache:
    return Cache(file, HERE, clock=clock)


def image(number: int, **values: object) -> Image:
    return replace(Image(digest_of(str(number)), (f"v{number}",), 1000.0 + number), **values)  # type: ignore[arg-type]


def manifest(number: int, size: int = 0) -> Manifest:
    text = f'{{"number": {number}}}\r\n é' + "x" * size
    return Manifest(text, digest_of(text), "application/vnd.oci.image.manifest.v1+json")


def test_nothing_is_known_of_a_new_file_and_nothing_is_made_before_it_is_used(file: Path, cache: Cache) -> None:
    assert not file.parent.exists()
    assert cache.repositories() is None
    assert cache.images("a") is None
    assert cache.manifests(["sha256:0"]) == ()


def test_the_last_listing_comes_back_with_its_age(file: Path, cache: Cache, clock: Clock) -> None:
    cache.keep_repositories(REPOSITORY_ROWS[::-1])
    clock.now += 90
    known = cache.repositories()
    assert known is not None
    assert (known.items, known.age) == (REPOSITORY_ROWS, 90)
    again = Cache(file, HERE, clock=clock).repositories()
    assert again == known, "another process sees the same"


def test_images_come_newest_first(cache: Cache) -> None:
    undated = image(9, pushed_at=None)
    cache.keep_images("a", [image(1), undated, image(3), image(2)])
    known = cache.images("a")
    assert known is not None
    assert known.items == (image(3), image(2), image(1), undated)


def test_an_empty_listing_is_known_to_be_empty(cache: Cache) -> None:
    cache.keep_images("a", [])
    known = cache.images("a")
    assert known is not None
    assert known.items == ()


@settings(deadline=None)
@given(st.lists(images, max_size=8), st.lists(repositories, max_size=8))
def test_whatever_a_registry_says_is_read_as_it_was_written(some: list[Image], others: list[Repository]) -> None:
    read = [row for piece in IMAGES.chunks(some) for row in IMAGES.items(piece)]
    assert sorted(map(repr, read)) == sorted(map(repr, some))
    named = [row for piece in REPOSITORIES.chunks(others) for row in REPOSITORIES.items(piece)]
    assert named == sorted(others, key=lambda repository: repository.name)


def test_only_the_pieces_that_changed_are_written(file: Path, cache: Cache) -> None:
    rows = [image(number) for number in range(10_000)]
    cache.keep_images("a", rows)
    before = pieces(file)
    assert 2 < len(before) < 40
    moved = [replace(row, tags=(*row.tags, "prod")) if row == rows[5000] else row for row in rows]
    cache.keep_images("a", [*moved[1:], image(10_001)])
    after = pieces(file)
    assert len(before - after) <= 3
    assert len(after - before) <= 3
    known = cache.images("a")
    assert known is not None
    assert set(known.items) == {*moved[1:], image(10_001)}


def pieces(file: Path) -> set[bytes]:
    with sqlite3.connect(file) as connection:
        return {row[0] for row in connection.execute("SELECT identity FROM piece")}


@pytest.mark.parametrize(
    "other",
    [
        RegistryLocation("210987654321", "eu-west-1"),
        RegistryLocation("123456789012", "us-east-1"),
        RegistryLocation("123456789012", "eu-west-1", "http://x"),
    ],
)
def test_another_account_region_or_endpoint_is_another_registry(
    file: Path, cache: Cache, other: RegistryLocation
) -> None:
    cache.keep_repositories(REPOSITORY_ROWS)
    cache.keep_images("a", [image(1)])
    elsewhere = Cache(file, other)
    assert elsewhere.repositories() is None
    assert elsewhere.images("a") is None


def test_a_repository_can_be_forgotten(file: Path, cache: Cache) -> None:
    cache.keep_images("a", [image(1)])
    cache.keep_images("b", [image(2)])
    cache.forget_images("a")
    assert cache.images("a") is None
    assert cache.images("b") is not None
    assert len(pieces(file)) == 1


def test_manifests_come_back_byte_for_byte(cache: Cache) -> None:
    kept = [manifest(number) for number in range(5)]
    cache.keep_manifests(kept)
    assert cache.manifests([entry.digest for entry in kept[::-1]] + ["sha256:0"]) == tuple(kept[::-1])


def test_a_manifest_that_has_lost_its_digest_is_not_given_and_goes(file: Path, cache: Cache) -> None:
    good, bad, broken = (manifest(number) for number in range(3))
    cache.keep_manifests([good, bad, broken])
    with sqlite3.connect(file) as connection:
        connection.execute(
            "UPDATE manifest SET content = (SELECT content FROM manifest WHERE digest = ?) WHERE digest = ?",
            (good.digest, bad.digest),
        )
        connection.execute("UPDATE manifest SET content = x'00' WHERE digest = ?", (broken.digest,))
    assert cache.manifests([bad.digest, good.digest, broken.digest]) == (good,)
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT digest FROM manifest").fetchall() == [(good.digest,)]


def test_manifests_used_longest_ago_give_way(file: Path, clock: Clock) -> None:
    cache = Cache(file, HERE, clock=clock, manifests_size=1000)
    kept = [manifest(number) for number in range(100)]
    cache.keep_manifests(kept[:1])
    for entry in kept[1:]:
        clock.now += 90_000
        cache.keep_manifests([entry])
        assert cache.manifests([kept[0].digest]), "what is used stays"
    left = cache.manifests([entry.digest for entry in kept])
    assert 5 < len(left) < 50
    assert left == (kept[0], *kept[-len(left) + 1 :])


def test_listings_made_longest_ago_give_way(file: Path, clock: Clock) -> None:
    cache = Cache(file, HERE, clock=clock, listings_size=20_000)
    for number in range(10):
        clock.now += 1
        cache.keep_images(f"r{number}", [image(number * 100 + row) for row in range(100)])
    known = [number for number in range(10) if cache.images(f"r{number}")]
    assert 1 < len(known) < 9
    assert known == list(range(10))[-len(known) :]


def test_only_the_owner_can_read_it(file: Path, cache: Cache) -> None:
    cache.keep_images("a", [image(1)])
    for path in [file, *file.parent.glob("cache.sqlite-*")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(file: Path, cache: Cache) -> None:
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


def of_another_version(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")


def without_tables(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE piece")


@pytest.mark.parametrize("damage", [garbage, torn, of_another_version, without_tables])
def test_a_damaged_file_is_thrown_away_without_a_word(
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


def test_a_piece_that_cannot_be_read_makes_the_listing_unknown(file: Path, cache: Cache) -> None:
    cache.keep_images("a", [image(1)])
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE piece SET content = x'789c030000000001'")
    assert cache.images("a") is None
    cache.keep_images("a", [image(1), image(2)])
    assert cache.images("a") is not None


def test_a_file_that_another_process_has_locked_is_not_written(file: Path, cache: Cache) -> None:
    cache.keep_images("a", [image(1)])
    impatient = Cache(file, HERE, patience=0.05)
    assert impatient.images("a") is not None
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        impatient.keep_images("a", [image(2)])
        impatient.keep_manifests([manifest(1)])
        other.execute("ROLLBACK")
    known = impatient.images("a")
    assert known is not None
    assert known.items == (image(1),)
    impatient.keep_images("a", [image(2)])
    assert impatient.images("a") != known, "and it is used again afterwards"


def test_a_folder_that_is_none_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file" / "cache.sqlite", HERE)
    cache.keep_images("a", [image(1)])
    assert cache.images("a") is None


def test_a_file_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache.sqlite").mkdir()
    cache = Cache(tmp_path / "cache.sqlite", HERE)
    cache.keep_manifests([manifest(1)])
    assert cache.manifests([manifest(1).digest]) == ()
    assert (tmp_path / "cache.sqlite").is_dir()


def test_a_connection_that_led_somewhere_leads_there_again(file: Path, cache: Cache) -> None:
    assert Cache.for_fingerprint(file, "mark") is None
    assert not file.exists()
    cache.keep_repositories(REPOSITORY_ROWS)
    assert Cache.for_fingerprint(file, "mark") is None
    cache.remember_connection("mark")
    Cache(file, RegistryLocation("210987654321", "us-east-1")).remember_connection("other")
    again = Cache.for_fingerprint(file, "mark")
    assert again is not None
    assert again.location == HERE
    known = again.repositories()
    assert known is not None
    assert known.items == REPOSITORY_ROWS
    other = Cache.for_fingerprint(file, "other")
    assert other is not None
    assert other.repositories() is None


def test_a_closed_cache_knows_nothing(cache: Cache) -> None:
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
    assert [other.wait(30) for other in others] == [0, 0]
    for name in [*(f"r{number}" for number in range(5)), "t0", "t1", "t2"]:
        known = cache.images(name)
        assert known is not None, name
        assert len(known.items) == 1
