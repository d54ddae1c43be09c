"""Fixtures for every test: an isolated environment, and no connections to other machines."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import ModuleType

os.environ["TEXTUAL_ANIMATIONS"] = "none"  # Textual reads it when it is imported

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.constants_ast import constants_from_module

from ecrtui.emulator.service import EmbeddedRegistry
from tests.support import botocore_caches, textual_caches
from tests.support.embedded import served
from tests.support.environment import own_environment
from tests.support.heap import freeze_heap

ROOT = Path(__file__).parents[1]

botocore_caches.install()
textual_caches.install()

# The programs that tests start load compiled modules, also where the environment turns them off.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell lets commands in the background ignore these signals, and the programs that tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup` ignores it

# The time of an example depends on the load of the machine, so a slow example is not a failure.
# Each run tries the same few examples; `pytest --hypothesis-profile=search` tries many new ones.
same_examples = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40, derandomize=True)
settings.register_profile("same-examples", same_examples)
settings.register_profile("search", same_examples, max_examples=400, derandomize=False)
settings.load_profile("same-examples")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Start three workers for each processor: a test of a screen waits for half of its time."""
    return 3 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 3 * (os.cpu_count() or 1)


@pytest.hookimpl(trylast=True)  # Hypothesis warns of work before its own hook
def pytest_sessionstart(session: pytest.Session) -> None:
    """Read a share of the files in each worker before all workers load all files.

    pytest rewrites the assertions of a test file that it has not seen before, Hypothesis looks for the constants of
    a module, and both keep the result for the next process. In a fresh checkout that is most of the time to collect
    the tests, and each worker would do all of it.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker:
        share = slice(int(worker["workerid"].removeprefix("gw")), None, worker["workercount"])
        for file in sorted(file for name in session.config.args for file in (ROOT / name).rglob("test_*.py"))[share]:
            _load(file)
        for file in sorted((ROOT / "ecrtui").rglob("[a-z]*.py"))[share]:
            if module := _load(file):
                constants_from_module(module)


def _load(file: Path) -> ModuleType | None:
    """Import the module in a file of this repository. The collection reports one that cannot be loaded."""
    with suppress(Exception, pytest.skip.Exception):
        return importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    return None


def pytest_collection_finish() -> None:
    """Collect less often: collections take a tenth of the time."""
    freeze_heap()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Exclude from collections what the tests of a file leave: the caches of Textual and botocore grow all the time."""
    yield
    if nextitem is None or nextitem.path != item.path:
        freeze_heap()


@pytest.fixture(scope="session")
def new_homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a new folder each time. pytest would list thousands of folders to find the next number."""
    homes = tmp_path_factory.mktemp("homes")
    return (homes / str(number) for number in count())


@pytest.fixture(autouse=True)
def own_home(new_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use an empty home and the environment of :func:`own_environment`; return the home."""
    home = next(new_homes)
    home.mkdir(mode=0o700)
    environment = own_environment(home)
    for name in os.environ.keys() - environment.keys():
        monkeypatch.delenv(name)
    for name, value in environment.items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    return home


@pytest.fixture
def no_sdk_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore sends each request once, so that an injected fault reaches the code under test without a delay.

    The adaptive mode, our default, would also delay the requests that follow a throttled one.
    """
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")


@pytest.fixture(scope="module")
def url(embedded: EmbeddedRegistry) -> Iterator[str]:
    """Serve the registry of the module, its fixture ``embedded``, over HTTP; return the URL."""
    with served(embedded) as url:
        yield url


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that connects to another machine."""
    guard_loopback(monkeypatch)


def guard_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every connection to another machine fail with an AssertionError."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to connect to {address[0]}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
