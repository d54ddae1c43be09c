from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from ecrtui.errors import UsageError
from ecrtui.registry.redaction import log_to
from ecrtui.settings import Connection
from ecrtui.wiring import log_to_file, open_registry


def test_a_registry_is_opened_without_a_word_to_anybody():
    """What is wrong with credentials or the network is told by the first call, not by opening."""
    open_registry(Connection(profile="nope", endpoint_url="foo"))


def test_a_database_that_is_none_is_told(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to be looked at as one" * 10)
    for path in (file, tmp_path / "no" / "folder" / "x.sqlite"):
        with pytest.raises(UsageError) as caught:
            open_registry(Connection(database=str(path)))
        assert str(path) in caught.value.title
        assert "--db" in caught.value.hint


def test_the_demo_is_in_whatever_region_is_asked_for_and_loaded_once(tmp_path):
    for _ in range(2):
        registry = open_registry(Connection(demo=True, database=str(tmp_path / "demo.sqlite"), region="eu-west-3"))
        (page,) = registry.repositories()
        assert len({repository.name for repository in page.items}) == len(page.items) > 20
        assert registry.location().region == "eu-west-3"
        assert all("eu-west-3" in repository.uri for repository in page.items)


def test_wiring_imports_nothing_heavy_by_itself():
    code = "import sys, ecrtui.wiring; print({'botocore', 'boto3', 'textual', 'sqlite3'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.fixture
def logging_as_before():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    log_to(None, debug=False)  # closes what is open
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_the_application_logs_to_a_file_with_debug_and_nowhere_without(own_home, monkeypatch, logging_as_before, capfd):
    monkeypatch.setenv("XDG_STATE_HOME", str(own_home / "state"))
    file = own_home / "state" / "ecrtui" / "ecrtui.log"
    log_to_file(Connection())
    logging.getLogger("botocore").error("unheard")
    assert not file.exists()
    log_to_file(Connection(debug=True))
    logging.getLogger("botocore").debug("Authorization: secret-signature")
    assert "[hidden]" in file.read_text()
    assert capfd.readouterr() == ("", "")


def test_a_log_file_that_cannot_be_written_is_told(own_home, monkeypatch, logging_as_before):
    (own_home / "state").write_text("in the way")
    monkeypatch.setenv("XDG_STATE_HOME", str(own_home / "state"))
    with pytest.raises(UsageError, match="log file"):
        log_to_file(Connection(debug=True))
