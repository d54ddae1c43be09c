"""Scans of many images: batches, errors of one image and of all, throttling, the cache, and stopping."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecrtui.catalog.cache.store import Cache
from ecrtui.catalog.catalog import Catalog
from ecrtui.catalog.known_scans import FRESH_SECONDS, RESCAN_SECONDS, KnownScans
from ecrtui.catalog.scan_reader import CONCURRENT_REQUESTS, ScanBatch, ScanReading
from ecrtui.ecr.findings import NOT_SCANNED, ImageScan
from ecrtui.ecr.image import Image
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.errors import AccessDenied, ConnectionFailed, EcrTuiError, NotFound, Throttled
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.support.edited_replies import edited
from tests.support.embedded import client_for, create_repository, new_embedded, push_image

pytestmark = pytest.mark.usefixtures("no_sdk_retries")

OPERATION = "DescribeImageScanFindings"
NOWHERE = "sha256:" + "0" * 64


class ScansEnv:
    """A repository ``app`` with images, every second one scanned."""

    def __init__(self, images: int) -> None:
        self.embedded: EmbeddedRegistry = new_embedded()
        self.client = client_for(self.embedded)
        create_repository(self.client, "app")
        self.digests = [push_image(self.client, "app", str(number)).digest for number in range(images)]
        for digest in self.digests[::2]:
            self.client.start_image_scan(repositoryName="app", imageId={"imageDigest": digest})
        self.registry: Registry = open_registry(Connection(), embedded=self.embedded)
        self.now = 1_800_000_000.0
        self.waited: list[float] = []

    def reading(
        self, digests: list[str] | None = None, cache: Cache | None = None, known: KnownScans | None = None
    ) -> ScanReading:
        limiter = RateLimiter(0, clock=lambda: self.now, sleep=self.waited.append, random_share=lambda: 0.0)
        wanted = self.digests if digests is None else digests
        return ScanReading(self.registry, "app", wanted, known or self.known(cache), limiter, interval=0.0)

    def known(self, cache: Cache | None = None) -> KnownScans:
        return KnownScans(cache, clock=lambda: self.now)

    def cache(self, file: Path) -> Cache:
        return Cache(file, self.registry.location(), clock=lambda: self.now)


@pytest.fixture
def env() -> ScansEnv:
    return ScansEnv(6)


def collected(batches: list[ScanBatch]) -> dict[str, ImageScan]:
    return {digest: scan for batch in batches for digest, scan in batch.scans.items()}


def test_each_image_comes_once_with_its_scan(env: ScansEnv) -> None:
    batches = list(env.reading([*env.digests, *env.digests]))
    scans = collected(batches)
    assert sum(len(batch.scans) for batch in batches) == len(scans) == 6
    assert [scans[digest].status for digest in env.digests] == ["COMPLETE", NOT_SCANNED] * 3
    assert (batches[-1].done, batches[-1].total) == (6, 6)
    assert [batch.done for batch in batches] == sorted(batch.done for batch in batches)
    assert env.embedded.calls[OPERATION] == 6


def test_no_images_cost_no_request(env: ScansEnv) -> None:
    assert list(env.reading([])) == []
    assert OPERATION not in env.embedded.calls


def test_the_catalog_reads_and_remembers_scans(env: ScansEnv) -> None:
    catalog = Catalog(env.registry, scans_per_second=0)
    assert len(collected(list(catalog.scans("app", env.digests)))) == 6
    assert len(collected(list(catalog.scans("app", env.digests)))) == 6
    assert env.embedded.calls[OPERATION] == 6
    images = catalog.known_scans.add_to("app", [Image(digest) for digest in [*env.digests, NOWHERE]])
    assert [image.scan_known for image in images] == [True] * 6 + [False]
    catalog.known_scans.forget("app")
    list(catalog.scans("app", env.digests))
    assert env.embedded.calls[OPERATION] == 12


def test_a_scan_of_the_listing_is_not_replaced(env: ScansEnv) -> None:
    known = env.known()
    known.keep("app", {NOWHERE: ImageScan("FAILED")})
    described = Image(NOWHERE, scan_status="COMPLETE", findings=())
    assert list(known.add_to("app", [described])) == [described]


def test_an_image_that_is_gone_fails_alone(env: ScansEnv) -> None:
    batches = list(env.reading([NOWHERE, *env.digests]))
    failures = {digest: error for batch in batches for digest, error in batch.failures.items()}
    assert list(failures) == [NOWHERE]
    assert isinstance(failures[NOWHERE], NotFound)
    assert len(collected(batches)) == 6
    assert batches[-1].done == 7


def test_a_malformed_reply_fails_alone(env: ScansEnv) -> None:
    def spoil(reply: dict[str, Any]) -> None:
        if reply["imageId"]["imageDigest"] == env.digests[0]:
            reply["imageScanStatus"] = {}

    env.embedded.faults.add(edited(OPERATION, spoil))
    batches = list(env.reading())
    assert [digest for batch in batches for digest in batch.failures] == [env.digests[0]]
    assert len(collected(batches)) == 5


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("error:code=AccessDeniedException", AccessDenied),
        ("error:code=RepositoryNotFoundException", NotFound),
        ("throttle", Throttled),
        ("unavailable", ConnectionFailed),
        ("drop-before", ConnectionFailed),
    ],
)
def test_an_error_of_all_images_ends_the_reading(fault: str, error: type[EcrTuiError]) -> None:
    env = ScansEnv(20)
    env.embedded.faults.add(f"{OPERATION}:{fault}:after=1")
    reading = env.reading()
    scans: dict[str, ImageScan] = {}
    with pytest.raises(error):
        for batch in reading:
            scans |= batch.scans
    assert len(scans) <= 1
    assert list(reading) == []


def test_a_throttled_request_is_sent_again_after_a_pause(env: ScansEnv) -> None:
    env.embedded.faults.add(f"{OPERATION}:throttle:times=3")
    batches = list(env.reading())
    assert len(collected(batches)) == 6
    assert sum(batch.throttled > 0 for batch in batches) == 3
    assert sum(pause > 0 for pause in env.waited) >= 3


class Held:
    """A reading in another thread whose first requests wait at the service until :meth:`release`."""

    def __init__(self, env: ScansEnv, known: KnownScans) -> None:
        arrived, self._go_on = threading.Semaphore(0), threading.Event()

        def hold() -> None:
            arrived.release()
            self._go_on.wait()

        env.embedded.faults.before(OPERATION, hold, times=CONCURRENT_REQUESTS)
        self.reading = env.reading(known=known)
        self.batches: list[ScanBatch] = []
        self._thread = threading.Thread(target=lambda: self.batches.extend(self.reading), daemon=True)
        self._thread.start()
        for _ in range(CONCURRENT_REQUESTS):
            assert arrived.acquire(timeout=120)

    def close(self) -> None:
        """End the reading; its requests stay under way."""
        self.reading.close()
        self._thread.join(120)
        assert not self._thread.is_alive()
        assert self.batches == []

    def release(self) -> None:
        """Let the service answer."""
        self._go_on.set()

    def answered(self) -> None:
        """Let the service answer, and wait for the end of the requests."""
        self.release()
        for thread in threading.enumerate():
            if thread.name == "scans":
                thread.join(120)


def test_a_closed_reading_sends_no_further_request_and_keeps_those_under_way(tmp_path: Path) -> None:
    env = ScansEnv(10)
    known = env.known(env.cache(tmp_path / "cache"))
    held = Held(env, known)
    held.close()
    held.answered()
    assert env.embedded.calls[OPERATION] == CONCURRENT_REQUESTS
    first = env.digests[:CONCURRENT_REQUESTS]
    assert sorted(known.find("app", env.digests)) == sorted(first)
    assert sorted(env.known(env.cache(tmp_path / "cache")).find("app", env.digests)) == sorted(first)
    assert len(collected(list(env.reading(known=known)))) == 10
    assert env.embedded.calls[OPERATION] == 10


def test_a_new_reading_waits_for_the_requests_of_the_one_that_it_replaces() -> None:
    env = ScansEnv(10)
    known = env.known()
    held = Held(env, known)
    held.close()
    env.embedded.faults.before(OPERATION, held.release)  # the new reading has begun while they are under way
    scans = collected(list(env.reading(env.digests[::-1], known=known)))
    assert sorted(scans) == sorted(env.digests)
    assert env.embedded.calls[OPERATION] == 10


def test_a_request_under_way_is_not_kept_once_the_scans_were_forgotten() -> None:
    env = ScansEnv(10)
    known = env.known()
    held = Held(env, known)
    held.close()
    known.forget("app")
    held.answered()
    assert known.find("app", env.digests) == {}
    assert len(collected(list(env.reading(known=known)))) == 10
    assert env.embedded.calls[OPERATION] == 10 + CONCURRENT_REQUESTS


def test_an_error_under_way_is_the_result_of_each_reading_that_waits() -> None:
    env = ScansEnv(10)
    known = env.known()
    env.embedded.faults.add(f"{OPERATION}:error:code=AccessDeniedException")
    held = Held(env, known)
    held.close()
    reading = env.reading(known=known)
    held.release()
    with pytest.raises(AccessDenied):
        list(reading)


def _complete(hours: float) -> Callable[[float], ImageScan]:
    return lambda now: ImageScan("COMPLETE", (("HIGH", 1),), "", now - hours * 3600)


@pytest.mark.parametrize(
    ("scan", "age", "fresh"),
    [
        (_complete(30), FRESH_SECONDS - 1, True),
        (_complete(30), FRESH_SECONDS + 1, False),
        (_complete(1), RESCAN_SECONDS - 3601, True),  # no other scan can have run since
        (_complete(1), RESCAN_SECONDS - 3599, False),
        (lambda now: ImageScan("ACTIVE", (), "", now), FRESH_SECONDS - 1, True),
        (lambda now: ImageScan("ACTIVE", (), "", now), FRESH_SECONDS + 1, False),
        (lambda now: ImageScan(NOT_SCANNED), FRESH_SECONDS - 1, True),
        (lambda now: ImageScan(NOT_SCANNED), FRESH_SECONDS + 1, False),
        (lambda now: ImageScan("IN_PROGRESS"), 0.0, False),
        (lambda now: ImageScan("PENDING"), 0.0, False),
    ],
)
@pytest.mark.parametrize("on_disk", [False, True])
def test_a_scan_is_known_while_it_is_fresh(
    env: ScansEnv, tmp_path: Path, scan: Callable[[float], ImageScan], age: float, fresh: bool, on_disk: bool
) -> None:
    cache = env.cache(tmp_path / "cache") if on_disk else None
    known, made = env.known(cache), scan(env.now)
    known.keep("app", {NOWHERE: made})
    env.now += age
    assert (known if cache is None else env.known(cache)).find("app", [NOWHERE]) == ({NOWHERE: made} if fresh else {})
    (image,) = known.add_to("app", [Image(NOWHERE)])
    assert image.scan_known is fresh


@pytest.mark.parametrize("on_disk", [False, True])
def test_memory_holds_the_scans_of_the_repositories_that_were_used_last(
    env: ScansEnv, tmp_path: Path, on_disk: bool
) -> None:
    known = KnownScans(env.cache(tmp_path / "cache") if on_disk else None, clock=lambda: env.now, size=4)
    scans = {digest: ImageScan("FAILED") for digest in env.digests[:2]}
    for repository in ("one", "two"):
        known.keep(repository, scans)
    known.find("one", env.digests)
    known.keep("three", scans)
    images = [Image(digest) for digest in scans]
    in_memory = [name for name in ("one", "two", "three") if known.add_to(name, images)[0].scan_known]
    assert in_memory == ["one", "three"]
    assert known.find("two", list(scans)) == (scans if on_disk else {})
    known.keep("four", {digest: ImageScan("FAILED") for digest in env.digests})
    assert len(known.find("four", env.digests)) == 6


def test_scans_on_disk_belong_to_a_registry_and_a_repository(env: ScansEnv, tmp_path: Path) -> None:
    known = env.known(env.cache(tmp_path / "cache"))
    scans = {digest: ImageScan("COMPLETE", (("LOW", 2),), "words", env.now) for digest in env.digests}
    known.keep("app", scans)
    again = env.known(env.cache(tmp_path / "cache"))
    assert again.find("app", env.digests) == scans
    assert again.find("other", env.digests) == {}
    other = Cache(tmp_path / "cache", env.registry.location()._replace(region="us-east-1"), clock=lambda: env.now)
    assert env.known(other).find("app", env.digests) == {}
    again.forget("app")
    assert env.known(env.cache(tmp_path / "cache")).find("app", env.digests) == {}


def test_many_scans_are_found_on_disk(env: ScansEnv, tmp_path: Path) -> None:
    cache = env.cache(tmp_path / "cache")
    scans = {f"sha256:{number:064x}": ImageScan("FAILED", None, "why") for number in range(1201)}
    env.known(cache).keep("app", scans)
    assert env.known(cache).find("app", list(scans)) == scans


def test_old_scans_leave_the_disk(env: ScansEnv, tmp_path: Path) -> None:
    cache = env.cache(tmp_path / "cache")
    env.known(cache).keep("app", {NOWHERE: ImageScan("FAILED")})
    env.now += 8 * 86_400
    env.known(cache).keep("app", {env.digests[0]: ImageScan("FAILED")})
    assert cache.scans("app", [NOWHERE]) == {}


@pytest.mark.parametrize("counts", ["{", "[[1]]", "7", '[["HIGH", "x"]]'])
def test_an_unreadable_row_on_disk_is_not_known(env: ScansEnv, tmp_path: Path, counts: str) -> None:
    cache = env.cache(tmp_path / "cache")
    env.known(cache).keep("app", {NOWHERE: ImageScan("FAILED")})
    cache.close()
    with sqlite3.connect(tmp_path / "cache") as connection:
        connection.execute("UPDATE scan SET counts = ?", (counts,))
    connection.close()
    assert env.cache(tmp_path / "cache").scans("app", [NOWHERE]) == {}
