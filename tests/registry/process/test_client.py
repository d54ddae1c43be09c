from __future__ import annotations

import gc
import os
import platform
import select
import shutil
import signal
import sqlite3
import sys
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from threading import Event

import pytest

from ecrtui.connections import SessionFactory
from ecrtui.ecr.image import Image
from ecrtui.ecr.permissions import Denial
from ecrtui.errors import AccessDenied, ConnectionFailed, CredentialsError, IntegrityError, NotFound, UsageError
from ecrtui.registry.process.client import RegistryProcess, RemoteConnection, RemoteRegistry
from ecrtui.registry.process.launch import launch, launch_early, running_threads
from ecrtui.registry.protocol import Registry
from ecrtui.registry.user import User
from ecrtui.settings import Connection, load
from ecrtui.wiring import open_registry
from tests.catalog.large import add_images
from tests.registry.conftest import RegistryEnv, WriteFile, config_of, failed
from tests.support.embedded import (
    client_for,
    create_repository,
    digest_of,
    new_embedded,
    push_image,
    push_index,
    tags_of,
)


class Reports:
    """Ignores the reports of a connection."""

    def __call__(self, *_: object) -> None:
        pass


@pytest.fixture
def start() -> Iterator[Callable[[Connection], RemoteConnection]]:
    """Starts processes, and ends them after the test."""
    started: list[RemoteConnection] = []

    def start(connection: Connection) -> RemoteConnection:
        started.append(RegistryProcess().open(connection))
        return started[-1]

    yield start
    for opened in started:
        opened.process.close()


@pytest.fixture
def opened(served: str, start: Callable[[Connection], RemoteConnection]) -> RemoteConnection:
    return start(Connection(endpoint_url=served))


@pytest.fixture
def remote(opened: RemoteConnection) -> RemoteRegistry:
    return RemoteRegistry(opened)


def everything(registry: Registry, digest: str, index: str) -> list[object]:
    """Return the results of all operations that read."""
    (repository,) = next(registry.repositories()).items
    config = config_of(registry.manifest("team/app", digest).text)
    return [
        registry.capabilities,
        registry.location(),
        registry.identity(),
        repository,
        registry.repository("team/app"),
        sorted((page.items for page in registry.images("team/app")), key=str),
        next(registry.images("team/app", tag_status="TAGGED")).items,
        registry.images_by_digest("team/app", [digest, index]),
        registry.images_by_tag("team/app", ["1.0", "nothing"]),
        registry.tag_is_at("team/app", "1.0", digest),
        registry.tag_is_at("team/app", "1.0", index),
        registry.manifest("team/app", index),
        registry.manifests("team/app", [digest, index, digest_of("nothing")]),
        registry.blob("team/app", config.digest, 10_000),
        registry.blob_start("team/app", config.digest, 10),
        registry.lifecycle_policy("team/app"),
        registry.resource_tags(repository),
        registry.findings("team/app", digest),
        registry.referrers("team/app", digest),
    ]


def test_every_operation_returns_the_same_as_in_process(env: RegistryEnv, served: str, remote: RemoteRegistry) -> None:
    pushed = push_image(env.client, "team/app", "one", "1.0")
    index = push_index(env.client, "team/app", {"linux/amd64": pushed}, "multi")
    subject = {"mediaType": pushed.media_type, "digest": pushed.digest, "size": len(pushed.manifest)}
    push_image(env.client, "team/app", "signature", subject=subject, artifactType="application/vnd.example")
    env.client.start_image_scan(repositoryName="team/app", imageId={"imageTag": "1.0"})
    env.client.put_lifecycle_policy(
        repositoryName="team/app",
        lifecyclePolicyText='{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": '
        '"sinceImagePushed", "countUnit": "days", "countNumber": 7}, "action": {"type": "expire"}}]}',
    )
    # Reading a manifest is a pull, which changes the next listing.
    for registry in (remote, open_registry(Connection(endpoint_url=served))):
        for digest in (pushed.digest, index.digest):
            registry.manifest("team/app", digest)
    here = everything(open_registry(Connection(endpoint_url=served)), pushed.digest, index.digest)
    assert list(map(without_pulls, everything(remote, pushed.digest, index.digest))) == list(map(without_pulls, here))


def without_pulls(answer: object) -> object:
    """Return the result without pull times, which every read sets."""
    if isinstance(answer, Image):
        return (answer.digest, answer.tags, answer.pushed_at, answer.size, answer.findings, answer.subject)
    if isinstance(answer, dict):
        return {key: without_pulls(value) for key, value in answer.items()}
    return [without_pulls(entry) for entry in answer] if isinstance(answer, (tuple, list)) else answer


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library can keep memory")
def test_a_large_manifest_uses_the_memory_of_the_one_before(
    env: RegistryEnv, opened: RemoteConnection, remote: RemoteRegistry
) -> None:
    pushed = push_image(env.client, "team/app", annotations={"large": "x" * 4_000_000})

    def page_faults() -> int:
        remote.manifest("team/app", pushed.digest)
        return int(Path(f"/proc/{opened.process.pid}/stat").read_text().rpartition(")")[2].split()[7])

    counts = [page_faults() for _ in range(12)]
    assert counts[-1] - counts[4] < 7 * 1_000  # 4 MB are 1,000 pages, and there are several copies


def test_put_image_and_untag_work_through_the_process(env: RegistryEnv, remote: RemoteRegistry) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    manifest = remote.manifest("team/app", pushed.digest)
    assert manifest.text == pushed.manifest
    result = remote.put_image("team/app", manifest, "prod")
    assert (result.digest, result.tag, result.manifest) == (pushed.digest, "prod", pushed.manifest)
    remote.untag("team/app", "1.0")
    assert env.tags() == {"prod": pushed.digest}


def test_pages_continue_from_a_token_and_share_equal_strings(env: RegistryEnv, remote: RemoteRegistry) -> None:
    digests = add_images(env.embedded, "team/large", 2_100)
    pages = list(remote.images("team/large"))
    assert [len(page.items) for page in pages] == [1_000, 1_000, 100]
    assert [page.next_token != "" for page in pages] == [True, True, False]
    again = list(remote.images("team/large", start=pages[0].next_token))
    assert [page.items for page in again] == [page.items for page in pages[1:]]
    images = [image for page in pages for image in page.items]
    assert {image.digest for image in images} == set(digests)
    assert len({id(image.media_type) for image in images}) == 1


def test_another_account_is_used_in_the_process(env: RegistryEnv, remote: RemoteRegistry) -> None:
    assert remote.of_account("999999999999").location().registry_id == "999999999999"
    assert isinstance(failed(lambda: remote.of_account("999999999999").repository("team/app")), AccessDenied)


def test_errors_arrive_with_all_fields(env: RegistryEnv, remote: RemoteRegistry) -> None:
    error = failed(lambda: remote.repository("team/nothing"))
    assert isinstance(error, NotFound)
    assert (error.code, error.operation) == ("RepositoryNotFoundException", "DescribeRepositories")
    assert error.request_id
    assert isinstance(failed(lambda: next(remote.images("team/nothing"))), NotFound)


def test_an_invalid_connection_is_an_error_of_the_first_call(
    start: Callable[[Connection], RemoteConnection], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be looked at as one" * 10)
    assert isinstance(
        failed(RemoteRegistry(start(Connection(database=str(tmp_path / "notes.txt")))).location), UsageError
    )
    assert isinstance(failed(RemoteRegistry(start(Connection(endpoint_url="foo"))).location), UsageError)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert isinstance(failed(RemoteRegistry(start(Connection(region="eu-west-1"))).location), CredentialsError)


def test_the_process_refuses_bytes_that_do_not_match_their_digest(env: RegistryEnv, remote: RemoteRegistry) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    with env.embedded.database.write() as connection:
        connection.execute("UPDATE manifests SET manifest = replace(manifest, ': 2', ':  2')")
    assert isinstance(failed(lambda: remote.manifest("team/app", pushed.digest)), IntegrityError)


def test_the_demo_registry_in_the_process_keeps_writes(start: Callable[[Connection], RemoteConnection]) -> None:
    registry = RemoteRegistry(start(Connection(demo=True)))
    names = [repository.name for page in registry.repositories() for repository in page.items]
    assert "team/checkout" in names
    image = next(
        image for page in registry.images("team/checkout") for image in page.items if image.tags and not image.archived
    )
    registry.put_image("team/checkout", registry.manifest("team/checkout", image.digest), "put-there")
    assert registry.tag_is_at("team/checkout", "put-there", image.digest)


def test_a_write_is_ambiguous_when_the_process_dies(
    env: RegistryEnv, opened: RemoteConnection, remote: RemoteRegistry
) -> None:
    pushed = push_image(env.client, "team/app", tag="1.0")
    manifest = remote.manifest("team/app", pushed.digest)
    env.embedded.faults.before("PutImage", lambda: os.kill(opened.process.pid, signal.SIGKILL))
    error = failed(lambda: remote.put_image("team/app", manifest, "prod"))
    assert isinstance(error, ConnectionFailed)
    assert (error.ambiguous, error.retryable) == (True, True)


@pytest.mark.parametrize("noticed", [False, True])
def test_a_process_that_has_died_is_started_again(
    env: RegistryEnv, opened: RemoteConnection, remote: RemoteRegistry, noticed: bool
) -> None:
    """The call is sent to the new process, whether or not the end of the old one was noticed before."""
    assert remote.location().region == "eu-west-1"
    rpc, before = opened.process._rpc, opened.process.pid
    assert rpc is not None
    os.kill(before, signal.SIGKILL)
    os.waitid(os.P_PID, before, os.WEXITED | os.WNOWAIT)
    while noticed and not rpc.closed:
        Event().wait(0.01)
    assert remote.repository("team/app").name == "team/app"
    assert opened.process.pid != before


def test_calls_of_many_threads_start_one_new_process(
    env: RegistryEnv, opened: RemoteConnection, remote: RemoteRegistry
) -> None:
    remote.location()
    os.kill(opened.process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, opened.process.pid, os.WEXITED | os.WNOWAIT)
    with ThreadPoolExecutor(8) as pool:
        pids = list(pool.map(lambda _: (remote.repository("team/app"), opened.process.pid)[1], range(8)))
    assert len(set(pids)) == 1


def test_close_ends_the_process(served: str) -> None:
    opened = RegistryProcess().open(Connection(endpoint_url=served))
    RemoteRegistry(opened).location()
    pid = opened.process.pid
    opened.process.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_close_kills_a_process_that_hangs(served: str) -> None:
    opened = RegistryProcess().open(Connection(endpoint_url=served))
    RemoteRegistry(opened).location()
    os.kill(opened.process.pid, signal.SIGSTOP)
    opened.process.close()
    with pytest.raises(ProcessLookupError):
        os.kill(opened.process.pid, 0)


def test_a_process_is_started_by_the_first_call(served: str, start: Callable[[Connection], RemoteConnection]) -> None:
    opened = start(Connection(endpoint_url=served))
    with pytest.raises(RuntimeError, match="not been started"):
        assert opened.process.pid
    assert RemoteRegistry(opened).repository("team/app").name == "team/app"
    pid = opened.process.pid
    assert opened.process.start()
    assert opened.process.pid == pid


def test_a_process_that_never_started_is_closed(served: str) -> None:
    RegistryProcess().open(Connection(endpoint_url=served)).process.close()


def test_without_a_process_the_session_works_in_this_one(
    env: RegistryEnv, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")  # the system cannot start it
    connection = Connection(endpoint_url=served)
    opened = RegistryProcess().open(connection)
    assert not opened.process.start()
    session = SessionFactory(connection, load({}), remote=opened)()
    assert session.registry.repository("team/app").name == "team/app"
    assert launch_early() is None
    error = failed(RemoteRegistry(opened).untag, "team/app", "1.0")
    assert (error.title, error.ambiguous) == ("Could not start the registry process", False)
    assert failed(opened.process.profiles).title == error.title


def test_the_running_threads_of_a_system_are_counted() -> None:
    assert running_threads("0.20 0.18 0.12 1/80 11206\n") == 1
    assert running_threads("12.05 3.00 2.41 37/1380 2147483647\n") == 37


def test_a_session_works_through_the_process(served: str, start: Callable[[Connection], RemoteConnection]) -> None:
    connection = Connection(endpoint_url=served)
    remote, accepted = start(connection), SimpleQueue[bool]()
    remote.user.on_credentials = accepted.put
    session = SessionFactory(connection, load({}), remote=remote)()
    assert session.location.endpoint == served
    assert session.registry.repository("team/app").name == "team/app"
    assert accepted.get()


def test_denials_reach_the_process_of_the_user(
    env: RegistryEnv, served: str, start: Callable[[Connection], RemoteConnection]
) -> None:
    remote, denials = start(Connection(endpoint_url=served)), SimpleQueue[tuple[Denial, bool]]()
    remote.user.on_denial = lambda *denial: denials.put(denial)
    env.fault("DescribeRepositories:error:code=AccessDeniedException")
    failed(RemoteRegistry(remote).repository, "team/app")
    assert denials.get() == (Denial("DescribeRepositories"), True)


def test_a_slow_credential_process_is_reported_and_closing_ends_it(
    served: str, own_home: Path, start: Callable[[Connection], RemoteConnection], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "started")
    command = f"sh -c 'echo $$ > {tmp_path / 'started'}; exec sleep 3600'"
    (own_home / ".aws").mkdir()
    (own_home / ".aws" / "config").write_text(f"[profile slow]\ncredential_process = {command}\n")
    opened = start(Connection(profile="slow", endpoint_url=served))
    told: SimpleQueue[str] = SimpleQueue()
    opened.user.on_waiting = told.put
    opened.call("location", "", (), {})
    child = int((tmp_path / "started").read_text())
    assert told.get() == f"Waiting for credential_process: {command}"
    handle = os.pidfd_open(child)
    opened.process.close()
    select.select([handle], [], [])  # readable once the command has ended
    os.close(handle)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_other_user_can_see_the_connection(start: Callable[[Connection], RemoteConnection]) -> None:
    opened = start(Connection(endpoint_url="http://me:very-secret@127.0.0.1:9"))
    assert isinstance(failed(RemoteRegistry(opened).location), ConnectionFailed)
    assert b"secret" not in Path(f"/proc/{opened.process.pid}/cmdline").read_bytes()


def test_one_process_holds_several_connections(
    env: RegistryEnv, served: str, opened: RemoteConnection, remote: RemoteRegistry
) -> None:
    second = opened.process.open(Connection(endpoint_url=served, region="us-east-1"))
    other = RemoteRegistry(second)
    assert (remote.location().region, other.location().region) == ("eu-west-1", "us-east-1")
    os.kill(opened.process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, opened.process.pid, os.WEXITED | os.WNOWAIT)
    regions = [registry.of_account("").location().region for registry in (other, remote)]
    assert regions == ["us-east-1", "eu-west-1"], "a new process gets every open connection"
    second.close()
    assert "was closed" in str(failed(lambda: other.repository("team/app")))
    assert remote.repository("team/app").name == "team/app"


def test_a_closed_connection_is_gone_in_the_process(opened: RemoteConnection, remote: RemoteRegistry) -> None:
    remote.location()
    opened.close()
    assert "was closed" in str(failed(opened.process.call("location", opened.number, "", (), {}).next))


def test_the_message_of_a_closed_connection_is_removed(served: str, profiles: WriteFile, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "credentials")
    profiles(f"[profile p]\ncredential_process = cat {tmp_path / 'credentials'}\n")
    shown, reports, freed = SimpleQueue[str](), Reports(), Event()
    weakref.finalize(reports, freed.set)
    with closing(RegistryProcess()) as process:
        process.start()
        user = User(on_waiting=shown.put, on_credentials=reports)
        opened = process.open(Connection(profile="p", endpoint_url=served), user)
        assert shown.get(timeout=60).startswith("Waiting for credential_process: cat")
        opened.close()
        (tmp_path / "credentials").write_text("{}")
        assert shown.get(timeout=60) == ""
        del opened, user, reports
        gc.collect()
        assert freed.wait(60)


def test_nothing_is_kept_of_a_closed_connection(served: str) -> None:
    reports, freed = Reports(), Event()
    weakref.finalize(reports, freed.set)
    with closing(RegistryProcess()) as process:
        process.start()
        opened = process.open(Connection(endpoint_url=served), User(on_credentials=reports))
        RemoteRegistry(opened).repository("team/app")
        opened.close()
        del opened, reports
        gc.collect()
        assert freed.wait(60)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a registry with one image, ``team/app:1.0``, in a folder of its own."""
    (tmp_path / "registry").mkdir()
    path = tmp_path / "registry" / "ecr.db"
    embedded = new_embedded(str(path))
    create_repository(client_for(embedded), "team/app")
    push_image(client_for(embedded), "team/app", tag="1.0")
    embedded.database.close()
    return path


def put_tag(remote: RemoteRegistry, tag: str) -> None:
    image = remote.images_by_tag("team/app", ["1.0"])["1.0"]
    remote.put_image("team/app", remote.manifest("team/app", image.digest), tag)


def test_the_process_ends_with_all_writes_in_the_file_of_its_registry(file: Path) -> None:
    process = RegistryProcess(shutdown_timeout=60)  # a process that is killed leaves more files
    put_tag(RemoteRegistry(process.open(Connection(database=str(file), region="eu-west-1"))), "prod")
    process.close()
    assert [*file.parent.iterdir()] == [file]


def test_the_process_ends_at_once_and_keeps_all_writes_while_a_call_waits(file: Path, tmp_path: Path) -> None:
    launched = launch()
    process = RegistryProcess(launched, shutdown_timeout=60)
    remote = RemoteRegistry(process.open(Connection(database=str(file), region="eu-west-1")))
    put_tag(remote, "prod")
    with closing(sqlite3.connect(file, isolation_level=None)) as other, ThreadPoolExecutor(1) as pool:
        other.execute("BEGIN IMMEDIATE")
        waiting = pool.submit(put_tag, remote, "late")
        remote.repository("team/app")  # the other call waits for the file
        process.close()
        failed(waiting.result)
        assert launched.process.returncode == 0, "it was not killed after the time limit"
        shutil.copy(file, tmp_path / "copy.db")
    copied = new_embedded(str(tmp_path / "copy.db"))
    assert tags_of(client_for(copied), "team/app").keys() == {"1.0", "prod"}
