"""Uploads in the storage: bytes in order, written once, a digest that runs along."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ecrtui.emulator import blobs, storage, uploads
from ecrtui.emulator.database import Database
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.errors import UploadDigestError, UploadNotFoundError, UploadPositionError
from ecrtui.emulator.running_digests import RunningDigests
from tests.support.embedded import digest_of

NOW = 1_000_000.0


@pytest.fixture(params=["memory", "file"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Create a database with two repositories: 1 and 2."""
    with open_database(tmp_path / "ecr.db" if request.param == "file" else None) as database:
        with database.write() as connection:
            for name in ("a", "b"):
                connection.execute(
                    "INSERT INTO repositories (registry_id, region, name, created_at) VALUES ('1', 'r', ?, 0)", (name,)
                )
        yield database


def begin(database: Database, repository_id: int = 1, now: float = NOW) -> str:
    with database.write() as connection:
        return uploads.begin_upload(connection, repository_id, now=now)


def find(database: Database, upload_id: str, repository_id: int = 1, now: float = NOW) -> uploads.OpenUpload:
    with database.read() as connection:
        return uploads.find_upload(connection, repository_id, upload_id, now=now)


def rows(database: Database, table: str) -> int:
    with database.read() as connection:
        count: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - the names below
        return count


def content(database: Database, digest: str, size: int) -> bytes:
    return b"".join(blobs.StoredBlob(database, digest, size))


def another_process(database: Database) -> None:
    """Forget what only this process knows."""
    database.running_digests = RunningDigests()


PIECES: dict[str, list[list[bytes]]] = {
    "one": [[b"abc"]],
    "parts": [[b"abc"], [b"de"], [b"f"]],
    "small pieces": [[b"a", b"", b"bc"], [b"d"], [b"", b"e"]],
    "an empty part": [[b"abc"], [], [b"d"]],
    "many chunks": [[b"x" * (blobs.CHUNK_SIZE + 5)], [b"y" * 7, b"z" * (5 * blobs.CHUNK_SIZE)]],
    "nothing": [],
}


@pytest.mark.parametrize("case", PIECES)
def test_the_bytes_of_all_parts_become_a_layer(database: Database, case: str) -> None:
    expected = b"".join(piece for part in PIECES[case] for piece in part)
    upload_id = begin(database)
    received = 0
    for part in PIECES[case]:
        received = uploads.append(database, upload_id, iter(part), received)
    assert (find(database, upload_id).size, received) == (len(expected), len(expected))
    digest = digest_of(expected)
    assert uploads.complete(database, upload_id, [digest]) == (digest, len(expected), True)
    assert content(database, digest, len(expected)) == expected
    assert [rows(database, table) for table in ("uploads", "upload_parts", "blobs", "layers")] == [0, 0, 1, 1]
    with pytest.raises(UploadNotFoundError):
        uploads.complete(database, upload_id, [digest])


@pytest.mark.parametrize("forgets", [(), (1,), (2,), (1, 2)])
def test_the_digest_is_right_after_a_restart(database: Database, forgets: tuple[int, ...]) -> None:
    upload_id = begin(database)
    received = 0
    for number, piece in enumerate((b"one ", b"two ", b"three")):
        if number in forgets:
            another_process(database)
        received = uploads.append(database, upload_id, [piece], received)
    assert uploads.complete(database, upload_id, [digest_of("one two three")]).size == 13


def test_completing_an_upload_reads_none_of_its_bytes(database: Database) -> None:
    upload_id = begin(database)
    uploads.append(database, upload_id, [b"abc"], 0)
    uploads.append(database, upload_id, [b"def"], 3)
    with database.connection() as connection:
        statements: list[str] = []
        connection.set_trace_callback(statements.append)
    uploads.complete(database, upload_id, [digest_of("abcdef")])
    assert statements
    assert not [statement for statement in statements if "blob_chunks" in statement]


def test_a_digest_covers_the_bytes_of_another_process() -> None:
    stored = b"abcdef"
    digests = RunningDigests()
    digests.add("upload", 0, b"ab")
    digests.add("upload", 4, b"ef")  # another process received "cd"
    reads: list[int] = []

    def read(position: int) -> list[bytes]:
        reads.append(position)
        return [stored[position:]]

    assert digests.digest("upload", 6, read) == digest_of("abcdef")
    assert digests.digest("upload", 6, read) == digest_of("abcdef")
    assert reads == [2, 6]


@pytest.mark.parametrize("position", [0, 2, 4, 100])
@pytest.mark.parametrize("piece", [b"late", b""])
def test_bytes_that_do_not_follow_are_refused(database: Database, position: int, piece: bytes) -> None:
    upload_id = begin(database)
    uploads.append(database, upload_id, [b"abc"], 0)
    with pytest.raises(UploadPositionError) as caught:
        uploads.append(database, upload_id, [piece], position)
    assert caught.value.received == find(database, upload_id).size == 3


def test_what_arrived_before_an_error_stays(database: Database) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x" * 4 * blobs.CHUNK_SIZE
        yield b"lost"
        raise ConnectionResetError

    upload_id = begin(database)
    with pytest.raises(ConnectionResetError):
        uploads.append(database, upload_id, pieces(), 0)
    upload = find(database, upload_id)
    assert (upload.size, upload.parts) == (4 * blobs.CHUNK_SIZE, 1)


def test_an_upload_with_another_digest_stays(database: Database) -> None:
    upload_id = begin(database)
    uploads.append(database, upload_id, [b"abc"], 0)
    with pytest.raises(UploadDigestError) as caught:
        uploads.complete(database, upload_id, [digest_of("other")])
    assert caught.value.digest == digest_of("abc")
    uploads.append(database, upload_id, [b"def"], 3)
    assert uploads.complete(database, upload_id, [digest_of("other"), digest_of("abcdef")]).added


def test_content_is_stored_once(database: Database) -> None:
    added = []
    for repository_id in (1, 2, 1):
        upload_id = begin(database, repository_id)
        uploads.append(database, upload_id, [b"abc"], 0)
        added.append(uploads.complete(database, upload_id, [digest_of("abc")]).added)
    assert added == [True, True, False]
    assert [rows(database, table) for table in ("blobs", "blob_chunks", "layers", "uploads")] == [1, 1, 2, 0]


def test_concurrent_uploads_of_one_digest_make_one_layer(database: Database) -> None:
    def upload(_: int) -> bool:
        upload_id = begin(database)
        uploads.append(database, upload_id, [b"abc"], 0)
        return uploads.complete(database, upload_id, [digest_of("abc")]).added

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(upload, range(8))) == [False] * 7 + [True]
    assert [rows(database, table) for table in ("blobs", "blob_chunks", "layers")] == [1, 1, 1]
    assert content(database, digest_of("abc"), 3) == b"abc"


def test_a_part_that_is_sent_twice_at_once_is_stored_once(database: Database) -> None:
    upload_id = begin(database)

    def send(_: int) -> bool:
        try:
            uploads.append(database, upload_id, [b"abc"], 0)
        except UploadPositionError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(send, range(8))) == [False] * 7 + [True]
    assert uploads.complete(database, upload_id, [digest_of("abc")]).size == 3


def test_an_upload_ends_after_a_day(database: Database) -> None:
    upload_id = begin(database)
    uploads.append(database, upload_id, [b"abc"], 0)
    assert find(database, upload_id, now=NOW + uploads.LIFETIME - 1).size == 3
    with pytest.raises(UploadNotFoundError):
        find(database, upload_id, now=NOW + uploads.LIFETIME)
    uploads.remove_expired(database, now=NOW + uploads.LIFETIME - 1)
    assert rows(database, "uploads") == 1
    uploads.remove_expired(database, now=NOW + uploads.LIFETIME)
    assert [rows(database, table) for table in ("uploads", "upload_parts", "blobs", "blob_chunks")] == [0, 0, 0, 0]


def test_expired_uploads_stay_in_a_database_that_cannot_be_written(database: Database) -> None:
    """A registry in a read-only file can be read."""
    begin(database)
    with database.connection() as connection:
        connection.execute("PRAGMA query_only = ON")
    uploads.remove_expired(database, now=NOW + uploads.LIFETIME)
    assert rows(database, "uploads") == 1


def test_an_upload_belongs_to_its_repository(database: Database) -> None:
    upload_id = begin(database, 1)
    with pytest.raises(UploadNotFoundError):
        find(database, upload_id, repository_id=2)


def test_a_cancelled_upload_leaves_nothing(database: Database) -> None:
    upload_id = begin(database)
    uploads.append(database, upload_id, [b"abc"], 0)
    for _ in range(2):
        uploads.cancel(database, upload_id)
    with pytest.raises(UploadNotFoundError):
        uploads.append(database, upload_id, [b"def"], 3)
    assert [rows(database, table) for table in ("uploads", "upload_parts", "blobs", "blob_chunks")] == [0, 0, 0, 0]


def test_content_that_nothing_refers_to_is_deleted_also_after_an_interruption(database: Database) -> None:
    with database.write() as connection:
        digest = storage.store_layer(connection, 1, b"abc")
        key = connection.execute("SELECT key FROM blobs").fetchone()["key"]
        for number in range(40):  # more than one transaction deletes
            blobs.insert_chunks(connection, key, 3 + number, b"x")
        connection.execute("DELETE FROM repositories WHERE id = 1")
    with database.read() as connection:
        assert not blobs.has_content(connection, digest)
    assert rows(database, "blob_chunks") == 41  # the process ended here
    uploads.remove_expired(database, now=NOW)
    assert rows(database, "blobs") == rows(database, "blob_chunks") == 0


def test_the_smallest_part_before_the_last_is_known(database: Database) -> None:
    upload_id, found, received = begin(database), [], 0
    for size in (5, 3, 9, 1):
        received = uploads.append(database, upload_id, [b"x" * size], received)
        with database.read() as connection:
            found.append(uploads.smallest_part_before_last(connection, upload_id))
    assert found == [None, 5, 3, 3]
