"""The database: durability, sharing, rejected files, and queries that use an index."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ecrtui.emulator import blobs, schema
from ecrtui.emulator.database import LOG_SIZE
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.errors import DatabaseRefusedError
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import (
    ALL_MEDIA_TYPES,
    OCI_CONFIG,
    OCI_MANIFEST,
    client_for,
    create_repository,
    digest_of,
    error_message,
    manifest_text,
    new_embedded,
    push_image,
    put,
    refused,
    tags_of,
)

ROOT = Path(__file__).parents[2]
SCHEMA_3 = ROOT / "tests" / "data" / "embedded-registry-schema-3.sql"


def run_python(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start another process that can import the tests."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )


def test_data_is_kept_when_the_file_is_opened_again(tmp_path: Path) -> None:
    path = str(tmp_path / "ecr.db")
    embedded = new_embedded(path)
    client = client_for(embedded)
    create_repository(client, "team/app")
    image = push_image(client, "team/app", tag="1.0")
    embedded.database.close()
    again = client_for(new_embedded(path))
    assert tags_of(again, "team/app") == {"1.0": image.digest}


def test_an_acknowledged_write_survives_kill_9(tmp_path: Path) -> None:
    path = str(tmp_path / "ecr.db")
    process = run_python(
        "import sys\n"
        "from tests.support.embedded import *\n"
        "client = client_for(new_embedded(sys.argv[1]))\n"
        "create_repository(client, 'team/app')\n"
        "text = manifest_text(client, 'team/app')\n"
        "number = 0\n"
        "while True:\n"
        "    put(client, 'team/app', text, f'tag-{number}')\n"
        "    print(f'tag-{number}', flush=True)\n"
        "    number += 1\n",
        path,
    )
    assert process.stdout is not None
    answered = [process.stdout.readline().strip() for _ in range(25)]
    process.send_signal(signal.SIGKILL)
    answered += process.stdout.read().split()
    process.wait()
    process.stdout.close()
    tags = tags_of(client_for(new_embedded(path)), "team/app")
    # The last line may be cut, and one write may be applied without its line.
    assert set(answered[:-1]) <= set(tags)
    assert len(tags) - len(answered) <= 1


def test_two_processes_share_a_file(tmp_path: Path) -> None:
    path = str(tmp_path / "ecr.db")
    client = client_for(new_embedded(path))
    create_repository(client, "team/app")
    text = manifest_text(client, "team/app")
    put(client, "team/app", text, "first")
    code = (
        "import sys\n"
        "from tests.support.embedded import *\n"
        "client = client_for(new_embedded(sys.argv[1]))\n"
        "text = client.batch_get_image(repositoryName='team/app', imageIds=[{'imageTag': 'first'}],\n"
        "    acceptedMediaTypes=ALL_MEDIA_TYPES)['images'][0]['imageManifest']\n"
        "sys.stdin.readline()\n"
        "for number in range(40):\n"
        "    put(client, 'team/app', text, f'{sys.argv[2]}-{number}')\n"
    )
    processes = [run_python(code, path, name) for name in ("left", "right")]
    for process in processes:
        process.communicate("go\n", timeout=60)
        assert process.returncode == 0
    tags = tags_of(client, "team/app")
    expected = {f"{name}-{number}" for name in ("left", "right") for number in range(40)}
    assert set(tags) == expected | {"first"}
    assert set(tags.values()) == {digest_of(text)}


def test_writes_of_many_threads_in_one_file_are_all_applied(tmp_path: Path) -> None:
    embedded = new_embedded(str(tmp_path / "ecr.db"))
    client = client_for(embedded)
    create_repository(client, "team/app")
    text = manifest_text(client, "team/app")
    put(client, "team/app", text, "first")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: put(client, "team/app", text, f"tag-{number}"), range(64)))
    assert len(tags_of(client, "team/app")) == 65
    embedded.database.close()


def test_readers_see_one_consistent_state_while_others_write(tmp_path: Path) -> None:
    embedded = new_embedded(str(tmp_path / "ecr.db"))
    create_repository(client_for(embedded), "team/app")
    with embedded.database.read() as before:
        assert before.execute("SELECT count(*) FROM repositories").fetchone()[0] == 1
        create_repository(client_for(embedded), "team/other")
        assert before.execute("SELECT count(*) FROM repositories").fetchone()[0] == 1
    with embedded.database.read() as after:
        assert after.execute("SELECT count(*) FROM repositories").fetchone()[0] == 2


def test_a_failed_write_is_rolled_back() -> None:
    database = open_database(None)
    with pytest.raises(RuntimeError), database.write() as connection:
        connection.execute("INSERT INTO repositories (registry_id, region, name, created_at) VALUES ('1', 'r', 'n', 0)")
        raise RuntimeError
    with database.read() as connection:
        assert connection.execute("SELECT count(*) FROM repositories").fetchone()[0] == 0


def test_databases_in_memory_are_separate() -> None:
    one, other = client_for(new_embedded()), client_for(new_embedded())
    create_repository(one, "team/app")
    with refused("RepositoryNotFoundException"):
        other.describe_repositories(repositoryNames=["team/app"])


def test_a_database_of_a_newer_version_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "ecr.db"
    open_database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    with pytest.raises(DatabaseRefusedError, match="newer version of ecrtui") as caught:
        open_database(path)
    assert str(path) in str(caught.value)


def make_schema_3(path: Path) -> None:
    """Create a file of schema 3 with a layer of two chunks in two repositories, and an unfinished upload."""
    with sqlite3.connect(path) as connection:
        connection.executescript(SCHEMA_3.read_text())
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 3")
        digest = digest_of("one two")
        for number in (1, 2):
            connection.execute(
                "INSERT INTO repositories (id, registry_id, region, name, created_at) VALUES (?, '1', 'r', ?, 0)",
                (number, f"team/app-{number}"),
            )
            connection.execute("INSERT INTO layers (repository_id, digest, size) VALUES (?, ?, 7)", (number, digest))
        connection.execute("INSERT INTO blob_chunks VALUES (?, 0, CAST('one ' AS BLOB))", (digest,))
        connection.execute("INSERT INTO blob_chunks VALUES (?, 4, CAST('two' AS BLOB))", (digest,))
        connection.execute("INSERT INTO uploads VALUES ('upload', 1, 0)")
        connection.execute("INSERT INTO upload_parts VALUES ('upload', 0, 3, x'010203')")
    connection.close()


def objects_of(path: Path) -> set[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        columns = {(table, *row[1:4]) for table in tables for row in connection.execute(f"PRAGMA table_info({table})")}
        return columns | set(connection.execute("SELECT type, name FROM sqlite_schema"))


def test_a_database_of_the_version_before_is_changed_with_its_content(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    make_schema_3(old)
    open_database(new).close()
    with open_database(old) as database:
        assert b"".join(blobs.StoredBlob(database, digest_of("one two"), 7)) == b"one two"
        with database.write() as connection:
            connection.execute("DELETE FROM repositories WHERE id = 1")
            assert blobs.has_content(connection, digest_of("one two"))
            connection.execute("DELETE FROM repositories WHERE id = 2")
            assert not blobs.has_content(connection, digest_of("one two"))
        blobs.remove_unreferenced(database)
        with database.read() as connection:
            for table in ("blobs", "blob_chunks", "uploads", "upload_parts"):
                assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0  # noqa: S608 - above
    assert objects_of(old) == objects_of(new)


def test_several_threads_change_a_database_once(tmp_path: Path) -> None:
    path = tmp_path / "ecr.db"
    make_schema_3(path)
    with ThreadPoolExecutor(6) as pool:
        databases = list(pool.map(open_database, [path] * 6))
    for database in databases:
        with database.read() as connection:
            assert schema.identity(connection) == (schema.APPLICATION_ID, schema.VERSION)
            assert blobs.has_content(connection, digest_of("one two"))
        database.close()


@pytest.mark.parametrize("version", [1, 2])
def test_a_database_of_an_older_version_is_rejected_and_not_changed(tmp_path: Path, version: int) -> None:
    path = tmp_path / "ecr.db"
    make_schema_3(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(DatabaseRefusedError, match=f"older version of ecrtui.*schema {version}.*Use that version"):
        open_database(path)
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_rejected_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DatabaseRefusedError, match="not a database of the embedded registry"):
        open_database(path)
    assert path.read_bytes() == before


def test_a_file_that_is_not_a_database_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("not a database\n" * 100)
    with pytest.raises(DatabaseRefusedError, match="not a database"):
        open_database(path)


def not_a_file(folder: Path, kind: str) -> str:
    """Make something that is not a regular file; return its path."""
    path = folder / "ecr.db"
    match kind:
        case "folder":
            path.mkdir()
        case "FIFO":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
        case "link to itself":
            path.symlink_to(path)
        case "link to nothing":
            path.symlink_to(folder / "absent" / "ecr.db")
        case "link to a device":
            path.symlink_to("/dev/zero")
        case "no folder":
            return str(folder / "absent" / "ecr.db")
        case "file as folder":
            path.write_text("")
            return str(path / "ecr.db")
        case "long name":
            return str(folder / ("x" * 300))
        case "null character":
            return "ecr\0.db"
        case "no name":
            return ""
    return str(path)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("folder", "is a folder"),
        ("FIFO", "is not a regular file"),
        ("socket", "is not a regular file"),
        ("link to a device", "is not a regular file"),
        ("link to itself", "symbolic links"),
        ("link to nothing", "cannot be opened"),
        ("no folder", "absent does not exist"),
        ("file as folder", "Not a directory"),
        ("long name", "too long"),
        ("null character", "is not the name of a file"),
        ("no name", "is not the name of a file"),
    ],
)
def test_a_path_that_cannot_be_a_file_is_rejected(tmp_path: Path, kind: str, reason: str) -> None:
    with pytest.raises(DatabaseRefusedError, match=reason):
        open_database(not_a_file(tmp_path, kind))


def test_a_missing_file_is_created_only_if_asked(tmp_path: Path) -> None:
    with pytest.raises(DatabaseRefusedError, match="does not exist"):
        open_database(tmp_path / "ecr.db", create=False)
    assert not (tmp_path / "ecr.db").exists()
    open_database(tmp_path / "ecr.db").close()
    open_database(tmp_path / "ecr.db", create=False).close()


def test_a_link_to_a_registry_is_followed(tmp_path: Path) -> None:
    open_database(tmp_path / "ecr.db").close()
    (tmp_path / "link.db").symlink_to("ecr.db")
    open_database(tmp_path / "link.db").close()


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_damaged_file_is_reported(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "ecr.db"
    open_database(path).close()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(DatabaseRefusedError, match="the file is damaged"):
        open_database(path)


def limit_pages(embedded: EmbeddedRegistry, pages: int) -> None:
    """Let the file have this many pages of 4 KiB; SQLite then answers as it does for a full disk."""
    with embedded.database.connection() as connection:
        connection.execute(f"PRAGMA max_page_count = {pages}")


@pytest.mark.parametrize("where", ["file", "memory"])
def test_a_full_disk_is_named_and_the_registry_continues(tmp_path: Path, where: str) -> None:
    embedded = new_embedded(str(tmp_path / "ecr.db") if where == "file" else None)
    client = client_for(embedded)
    create_repository(client, "team/app")
    limit_pages(embedded, 1)
    with refused("ServerException") as caught:
        push_image(client, "team/app", tag="1.0", layers=[bytes(100_000)])
    assert "the disk is full" in caught.value.response["Error"]["Message"]
    assert tags_of(client, "team/app") == {}
    limit_pages(embedded, 10_000)
    image = push_image(client, "team/app", tag="1.0", layers=[bytes(100_000)])
    assert tags_of(client, "team/app") == {"1.0": image.digest}


def test_a_file_that_another_process_writes_to_is_named_and_the_registry_continues(tmp_path: Path) -> None:
    path = tmp_path / "ecr.db"
    embedded = EmbeddedRegistry(open_database(path, busy_timeout=0))
    client = client_for(embedded)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with refused("ServerException") as caught:
            create_repository(client, "team/app")
        assert "another process writes to the file" in error_message(caught)
        assert client.describe_repositories()["repositories"] == []
        other.execute("ROLLBACK")
    create_repository(client, "team/app")


def test_waiting_for_a_thread_leaves_less_time_to_wait_for_another_process(tmp_path: Path) -> None:
    """A write that waited for both could be applied after its client has gone."""
    database = open_database(tmp_path / "ecr.db", busy_timeout=1000)
    asked = threading.Event()

    def timeout_of_a_write() -> int:
        asked.set()
        with database.write() as connection:
            return int(connection.execute("PRAGMA busy_timeout").fetchone()[0])

    with ThreadPoolExecutor(1) as pool:
        with database.write():
            waiting = pool.submit(timeout_of_a_write)
            asked.wait()
            end = time.monotonic() + 0.05
            while time.monotonic() < end:  # what is measured is time
                pass
        assert waiting.result() < 1_000_000
    with database.read() as connection:
        assert connection.execute("PRAGMA busy_timeout").fetchone()[0] == 1_000_000
    database.close()


def test_a_file_that_another_process_writes_to_can_be_pulled_from(tmp_path: Path) -> None:
    path = tmp_path / "ecr.db"
    embedded = EmbeddedRegistry(open_database(path, busy_timeout=0))
    client = client_for(embedded)
    create_repository(client, "team/app")
    image = push_image(client, "team/app", tag="1.0")
    asked: dict[str, Any] = {"repositoryName": "team/app", "imageIds": [{"imageTag": "1.0"}]}
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert client.batch_get_image(**asked)["images"][0]["imageManifest"] == image.manifest
        other.execute("ROLLBACK")
    with embedded.database.connection() as connection:
        connection.execute("PRAGMA query_only = ON")
    assert client.batch_get_image(**asked)["images"][0]["imageManifest"] == image.manifest
    assert "lastRecordedPullTime" not in client.describe_images(**asked)["imageDetails"][0]
    embedded.database.close()


def test_a_deletion_that_is_complete_succeeds_while_its_content_cannot_be_deleted(tmp_path: Path) -> None:
    """Another process takes the file between the deletion of the layers and that of their content."""
    path = tmp_path / "ecr.db"
    embedded = EmbeddedRegistry(open_database(path, busy_timeout=0))
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", tag="1.0", layers=[b"content"])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:

        def take_file(statement: str) -> None:
            if statement.startswith("SELECT key FROM blobs"):
                other.execute("BEGIN IMMEDIATE")

        with embedded.database.connection() as connection:
            connection.set_trace_callback(take_file)
        client.delete_repository(repositoryName="team/app", force=True)
        other.execute("ROLLBACK")
    connection.set_trace_callback(None)
    assert connection.execute("SELECT count(*) FROM blobs").fetchone()[0] == 2
    blobs.remove_unreferenced(embedded.database)
    assert connection.execute("SELECT count(*) FROM blobs").fetchone()[0] == 0
    embedded.database.close()


def test_the_cause_of_a_failed_write_is_raised_when_sqlite_has_rolled_back() -> None:
    database = open_database(None)
    with pytest.raises(sqlite3.OperationalError, match="no such table: absent"), database.write() as connection:
        connection.execute("ROLLBACK")  # as SQLite does after some errors
        connection.execute("SELECT 1 FROM absent")
    with database.write() as connection:
        connection.execute("SELECT 1 FROM repositories")


def test_a_failed_commit_leaves_no_transaction_open() -> None:
    database = open_database(None)
    with pytest.raises(sqlite3.IntegrityError), database.write() as connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute("INSERT INTO tags (repository_id, tag, image_id) VALUES (7, 'x', 7)")
    with database.write() as connection:
        assert connection.execute("SELECT count(*) FROM tags").fetchone()[0] == 0


def test_a_read_only_file_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "ecr.db"
    embedded = new_embedded(str(path))
    client = client_for(embedded)
    create_repository(client, "team/app")
    with embedded.database.connection() as connection:
        connection.execute("PRAGMA query_only = ON")
    with refused("ServerException") as caught:
        create_repository(client, "team/other")
    assert "read-only" in caught.value.response["Error"]["Message"]
    assert client.describe_repositories()["repositories"][0]["repositoryName"] == "team/app"


def test_a_file_that_many_threads_open_at_once_is_created_once(tmp_path: Path) -> None:
    path = tmp_path / "ecr.db"
    barrier = threading.Barrier(6)

    def work(_: int) -> int:
        barrier.wait()
        with open_database(path) as database, database.read() as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(6))) == [schema.VERSION] * 6


def test_a_file_that_another_process_creates_is_opened_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "ecr.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other, ThreadPoolExecutor(1) as pool:
        other.execute("BEGIN IMMEDIATE")
        opened = pool.submit(open_database, path, busy_timeout=60)
        wait([opened], timeout=0.5)  # it would have failed at once
        other.execute("ROLLBACK")
        opened.result().close()


def test_the_log_of_a_large_write_does_not_keep_its_size(tmp_path: Path) -> None:
    path = tmp_path / "ecr.db"
    with open_database(path) as database:
        for size in (LOG_SIZE * 2, 1, 1):
            with database.write() as connection:
                connection.execute("INSERT INTO blob_chunks VALUES ('key', random(), zeroblob(?))", (size,))
        assert (tmp_path / "ecr.db-wal").stat().st_size <= LOG_SIZE


def test_a_database_that_is_closed_while_a_call_reads_has_all_writes_in_its_file(tmp_path: Path) -> None:
    """The process may end before the call does; a copy of the file then has what was committed."""
    path, copy = tmp_path / "ecr.db", tmp_path / "copy.db"
    embedded = new_embedded(str(path))
    create_repository(client_for(embedded), "team/app")
    with embedded.database.read() as connection:
        connection.execute("SELECT * FROM repositories").fetchall()
        embedded.database.close()
        shutil.copy(path, copy)
        assert (tmp_path / "ecr.db-wal").exists()
    assert not (tmp_path / "ecr.db-wal").exists()
    listed = client_for(new_embedded(str(copy))).describe_repositories()["repositories"]
    assert [repository["repositoryName"] for repository in listed] == ["team/app"]


def test_a_database_failure_is_a_server_exception() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    with embedded.database.write() as connection:
        connection.execute("DROP TABLE images")
    with refused("ServerException"):
        client.list_images(repositoryName="team/app")


@pytest.fixture(scope="module")
def large_repository() -> tuple[Any, sqlite3.Connection]:
    """Return a client of a repository with 3,000 images, and the connection that it uses."""
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    manifest = json.dumps({"config": {"mediaType": OCI_CONFIG, "digest": digest_of("config"), "size": 6}})
    with embedded.database.write() as connection:
        connection.executemany(
            "INSERT INTO images (id, repository_id, digest, media_type, size, pushed_at, subject)"
            " VALUES (?, 1, ?, ?, 1, 1, ?)",
            [(n, digest_of(str(n)), OCI_MANIFEST, digest_of("7") if n % 2 else None) for n in range(3000)],
        )
        connection.executemany(
            "INSERT INTO manifests (image_id, manifest) VALUES (?, ?)", [(n, manifest) for n in range(3000)]
        )
        connection.executemany(
            "INSERT INTO tags (repository_id, tag, image_id) VALUES (1, ?, ?)",
            [(f"tag-{n}", n) for n in range(0, 3000, 2)],
        )
    # A database in memory has one connection, so every request uses it.
    return client, connection


@contextmanager
def traced(connection: sqlite3.Connection) -> Iterator[list[str]]:
    """Record the queries that run in the block, with their values."""
    statements: list[str] = []
    connection.set_trace_callback(lambda text: statements.append(text) if text.startswith("SELECT") else None)
    try:
        yield statements
    finally:
        connection.set_trace_callback(None)


def indexed_plan(connection: sqlite3.Connection, statement: str) -> list[str]:
    plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert not [step for step in plan if re.match(r"SCAN [a-z]", step)], (statement, plan)
    return plan


LISTINGS: dict[str, Any] = {
    f"{operation} {status} {tags}": (operation, member, {"filter": {"imageStatus": status, "tagStatus": tags}})
    for operation, member in (("describe_images", "imageDetails"), ("list_images", "imageIds"))
    for status in ("ACTIVE", "ANY")
    for tags in ("ANY", "TAGGED", "UNTAGGED")
}
LISTINGS["list_image_referrers"] = (
    "list_image_referrers",
    "referrers",
    {"subjectId": {"imageDigest": digest_of("7")}},
)


@pytest.mark.parametrize("listing", LISTINGS)
def test_each_page_is_one_query_answered_by_an_index(large_repository: Any, listing: str) -> None:
    client, connection = large_repository
    operation, member, asked = LISTINGS[listing]
    call = partial(getattr(client, operation), repositoryName="team/app", maxResults=10, **asked)
    page = call()
    assert len(page[member]) == 10
    with traced(connection) as statements:
        assert len(call(nextToken=page["nextToken"])[member]) == 10
    (select,) = [statement for statement in statements if " FROM images" in statement]
    plan = indexed_plan(connection, select)
    assert "digest>" in plan[0], plan
    assert not [step for step in plan if step.endswith("TEMP B-TREE FOR ORDER BY")], plan


def test_reading_and_deleting_single_images_uses_an_index(large_repository: Any) -> None:
    client, connection = large_repository
    image_ids = [{"imageTag": "tag-4"}, {"imageDigest": digest_of("5")}]
    with traced(connection) as statements:
        client.batch_get_image(repositoryName="team/app", imageIds=image_ids, acceptedMediaTypes=ALL_MEDIA_TYPES)
        client.describe_images(repositoryName="team/app", imageIds=image_ids)
        client.batch_delete_image(repositoryName="team/app", imageIds=image_ids)
    assert len(statements) >= 10
    for statement in statements:
        indexed_plan(connection, statement)


def test_putting_an_image_and_reading_its_layers_use_an_index(large_repository: Any) -> None:
    client, connection = large_repository
    with traced(connection) as statements:
        image = push_image(client, "team/app", tag="new")
        put(client, "team/app", image.manifest, "newer")
        client.get_download_url_for_layer(repositoryName="team/app", layerDigest=digest_of("layer"))
    for statement in statements:
        indexed_plan(connection, statement)
