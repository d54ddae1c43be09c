from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecrtui.connections import SessionFactory
from ecrtui.errors import CredentialsError, EcrTuiError, UsageError
from ecrtui.registry.logs import log_to
from ecrtui.settings import Connection, Settings
from ecrtui.wiring import log_to_file, open_registry
from tests.support.embedded import client_for, create_repository, manifest_text, new_embedded, put, served


def test_opening_a_registry_reports_no_errors() -> None:
    """Errors of the configuration, the credentials or the network come from the first call."""
    open_registry(Connection(profile="nope", endpoint_url="foo"))


def test_a_file_that_is_no_registry_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to be looked at as one" * 10)
    missing = tmp_path / "missing.sqlite"
    for path in (file, missing, tmp_path / "no" / "folder" / "x.sqlite"):
        with pytest.raises(UsageError) as caught:
            open_registry(Connection(database=str(path)))
        assert str(path) in str(caught.value)
        assert "--db" in caught.value.hint
    assert not missing.exists()


def test_the_demo_data_is_loaded_once_and_in_the_given_region(tmp_path: Path) -> None:
    for _ in range(2):
        registry = open_registry(Connection(demo=True, database=str(tmp_path / "demo.sqlite"), region="eu-west-3"))
        (page,) = registry.repositories()
        assert len({repository.name for repository in page.items}) == len(page.items) > 20
        assert registry.location().region == "eu-west-3"
        assert all("eu-west-3" in repository.uri for repository in page.items)


def test_wiring_imports_no_heavy_module() -> None:
    code = "import sys, ecrtui.application; print({'botocore', 'boto3', 'textual', 'sqlite3'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.fixture
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    log_to(None, debug=False)  # closes open files
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("restored_logging")
def test_the_application_logs_to_a_file_with_debug_and_nowhere_without(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(own_home / "state"))
    file = own_home / "state" / "ecrtui" / "ecrtui.log"
    log_to_file(Connection())
    logging.getLogger("botocore").error("not logged")
    assert not file.exists()
    log_to_file(Connection(debug=True))
    logging.getLogger("botocore").debug("Authorization: secret-signature")
    assert "[hidden]" in file.read_text()
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("restored_logging")
def test_a_log_file_that_cannot_be_written_is_an_error(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own_home / "state").write_text("in the way")
    monkeypatch.setenv("XDG_STATE_HOME", str(own_home / "state"))
    with pytest.raises(UsageError, match="log file"):
        log_to_file(Connection(debug=True))


def unreadable_folder(file: Path) -> None:
    file.parent.touch()


def link(file: Path) -> None:
    file.parent.mkdir()
    file.symlink_to("elsewhere")


def foreign_folder(file: Path) -> None:
    file.parent.mkdir()
    os.chown(file.parent, 65534, 65534)


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (unreadable_folder, "Not a directory"),
        (link, "This is a link"),
        pytest.param(
            foreign_folder,
            "belongs to user 65534",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user"),
        ),
    ],
)
def test_a_cache_that_cannot_be_used_is_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Any, reason: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    plant(tmp_path / "ecrtui" / "cache.sqlite")
    told: list[str] = []
    with served(new_embedded()) as url:
        sessions = SessionFactory(Connection(endpoint_url=url), Settings())
        sessions.on_notice = told.append
        assert sessions.cached_snapshot() is None
        assert sessions() is sessions()
    (notice,) = told
    assert notice.startswith(f"Lists are not kept on disk. {tmp_path}")
    assert reason in notice


def test_a_cache_on_a_full_disk_is_reported_once_and_the_work_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "app")
    text = manifest_text(client, "app", "one", annotations={"noise": os.urandom(50_000).hex()})
    image = put(client, "app", text, "v1")
    told: list[str] = []
    with served(embedded) as url:
        sessions = SessionFactory(Connection(endpoint_url=url), Settings())
        sessions.on_notice = told.append
        catalog = sessions().catalog
        cache = catalog._cache
        assert cache is not None
        cache._file.write(lambda connection: connection.execute("PRAGMA max_page_count = 1"), None)
        assert catalog.manifest("app", image.digest).text == text
        assert told == [
            f"Lists are not kept on disk. {tmp_path}/ecrtui/cache.sqlite: database or disk is full. "
            "Make room, then start ecrtui again."
        ]
        assert [batch.loaded for batch in catalog.images("app")] == [1]
    assert len(told) == 1


def test_calls_that_wait_for_a_failing_connection_fail_with_it(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    (own_home / ".aws").mkdir()
    (own_home / ".aws/config").write_text(
        "[profile p]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = q\n"
        "mfa_serial = arn:aws:iam::123456789012:mfa/me\n[profile q]\naws_access_key_id = K\naws_secret_access_key = s\n"
    )
    source = SessionFactory(Connection(profile="p", endpoint_url="http://127.0.0.1:9"), Settings())
    asked, answered = threading.Event(), threading.Event()
    questions: list[str] = []

    def no_code(question: str) -> str:
        questions.append(question)
        asked.set()
        answered.wait()
        raise CredentialsError("No MFA code entered")

    source.user.mfa_code = no_code
    errors: list[EcrTuiError] = []

    def call() -> None:
        try:
            source()
        except EcrTuiError as error:
            errors.append(error)

    waiting = [threading.Thread(target=call) for _ in range(3)]
    waiting[0].start()
    asked.wait()
    for thread in waiting[1:]:
        thread.start()
    while sum("failures" in frame.f_locals for frame in sys._current_frames().values()) < 2:
        threading.Event().wait(0.001)
    answered.set()
    for thread in waiting:
        thread.join()
    assert [str(error) for error in errors] == ["No MFA code entered"] * 3
    assert len(questions) == 1
