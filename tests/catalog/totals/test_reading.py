"""The totals of many repositories: what is counted, errors of one and of all, throttling, stopping, the cache."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from ecrtui.catalog.cache.store import Cache
from ecrtui.catalog.catalog import Catalog
from ecrtui.catalog.totals.counter import TotalsCounter
from ecrtui.catalog.totals.image_totals import ImageCounts
from ecrtui.catalog.totals.reading import CONCURRENT_REPOSITORIES
from ecrtui.catalog.totals.repository_totals import CountedRepository, RepositoryTotals, totals_of, with_totals
from ecrtui.ecr.findings import ImageScan
from ecrtui.ecr.repository import Repository
from ecrtui.emulator.fault_effects import RunBefore
from ecrtui.emulator.faults import Fault
from ecrtui.errors import AccessDenied, EcrTuiError, NotFound
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index

pytestmark = pytest.mark.usefixtures("no_sdk_retries")

NAMES = ("app", "empty", "other", "web")


class TotalsEnv:
    """Four repositories: ``app`` has an index, its two platforms, an orphan, a scanned image and a referrer."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0
        self.embedded = new_embedded(clock=lambda: self.now)
        client = self.client = client_for(self.embedded)
        for name in NAMES:
            create_repository(client, name)
        platforms = {name: push_image(client, "app", name, platform=name) for name in ("linux/amd64", "linux/arm64")}
        self.index = push_index(client, "app", platforms, "v1")
        self.orphan = push_image(client, "app", "orphan").digest
        scanned = push_image(client, "app", "scanned", "s1")
        push_image(
            client,
            "app",
            "sig",
            subject={"mediaType": scanned.media_type, "digest": scanned.digest, "size": len(scanned.manifest.encode())},
        )
        client.start_image_scan(repositoryName="app", imageId={"imageDigest": scanned.digest})
        self.scanned = scanned.digest
        self.now += 60
        push_image(client, "web", "web", "latest")
        push_image(client, "other", "other", "latest")
        self.registry = open_registry(Connection(), embedded=self.embedded)

    def catalog(self, file: Path | None = None) -> Catalog:
        cache = None if file is None else Cache(file, self.registry.location(), clock=lambda: self.now)
        return Catalog(self.registry, cache, pause=0.0)


@pytest.fixture
def env() -> TotalsEnv:
    return TotalsEnv()


def counted(catalog: Catalog, *names: str) -> tuple[Mapping[str, RepositoryTotals], Mapping[str, EcrTuiError]]:
    totals: dict[str, RepositoryTotals] = {}
    failures: dict[str, EcrTuiError] = {}
    for batch in catalog.totals(names or NAMES):
        totals |= batch.totals
        failures |= batch.failures
    assert batch.done == len(names or NAMES)
    return totals, failures


def test_totals_are_counted_from_known_facts_and_kept(env: TotalsEnv, tmp_path: Path) -> None:
    catalog = env.catalog(tmp_path / "cache.sqlite")
    app = counted(catalog)[0]["app"]
    assert app.counts == ImageCounts(5, 2, 1, complete=False)
    assert (app.counts.known_parts, app.counts.orphans, app.counts.listed) == (None, None, 6)
    assert (app.newest_push, app.last_pull, app.scan, app.unknown_scans) == (env.now - 60, None, None, 6)
    listed = env.client.describe_images(repositoryName="app")["imageDetails"]
    assert app.size == sum(image["imageSizeInBytes"] for image in listed if image["imageDigest"] != env.index.digest)

    catalog.prefetch("app", [env.index.digest])  # now the parts are known, which have the findings of the index
    list(catalog.scans("app", [env.scanned]))
    calls = dict(env.embedded.calls)
    totals, failures = counted(catalog)
    app = totals["app"]
    assert app.counts == ImageCounts(3, 2, 3, complete=True)
    assert app.counts.orphans == 1
    assert app.scan is not None
    assert (app.scan.status, app.unknown_scans) == ("COMPLETE", 4)
    assert totals["empty"] == RepositoryTotals(
        ImageCounts(0, 0, 0, complete=True),
        0,
        None,
        None,
        None,
        0,
        totals["empty"].counted_at,
        totals["empty"].lifecycle,
    )
    assert not failures
    new = {name: count - calls[name] for name, count in env.embedded.calls.items() if count > calls[name]}
    assert new == {"DescribeImages": 4, "GetLifecyclePolicy": 4}

    again = env.catalog(tmp_path / "cache.sqlite")
    assert again.known_totals.all() == totals
    repository = Repository("app", "uri")
    row = with_totals(repository, app)
    assert totals_of(row) is app
    assert with_totals(row, None) == repository
    assert isinstance(with_totals(repository, None, "no"), CountedRepository)

    # a scan that failed says no more about the findings than one that was not read
    for status, unknown in (("FAILED", 4), ("IN_PROGRESS", 4), ("NOT_SCANNED", 3)):
        catalog.known_scans.keep("app", {env.orphan: ImageScan(status)})
        assert counted(catalog)[0]["app"].unknown_scans == unknown


def test_totals_have_the_number_of_lifecycle_rules(env: TotalsEnv, tmp_path: Path) -> None:
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 9}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    env.client.put_lifecycle_policy(repositoryName="app", lifecyclePolicyText=json.dumps({"rules": [rule]}))
    catalog = env.catalog(tmp_path / "cache.sqlite")
    for fault in ("error:code=AccessDeniedException:message=no", "unavailable"):
        env.embedded.faults.add(f"GetLifecyclePolicy:{fault}:times=1")
        totals, failures = counted(catalog, "web")
        assert not failures  # the images are counted all the same
        assert (totals["web"].rules, totals["web"].counts.images) == (None, 1)
    totals, _ = counted(catalog, "app", "empty")
    assert {name: known.rules for name, known in totals.items()} == {"app": 1, "empty": 0}


def test_the_number_of_lifecycle_rules_keeps_its_age_when_a_repository_is_opened(
    env: TotalsEnv, tmp_path: Path
) -> None:
    catalog = env.catalog(tmp_path / "cache.sqlite")
    list(catalog.images("web"))
    assert catalog.known_totals.all()["web"].complete_at == 0.0  # the policy was not asked for
    counted(catalog, "web")
    read_at = catalog.known_totals.all()["web"].complete_at
    catalog.known_totals.clock = lambda: read_at + 60
    list(catalog.images("web"))
    for known in (catalog.known_totals, env.catalog(tmp_path / "cache.sqlite").known_totals):
        web = known.all()["web"]
        assert (web.rules, web.complete_at, web.counted_at) == (0, read_at, read_at + 60)


def test_a_repository_that_was_just_opened_is_asked_for_its_lifecycle_policy_alone(env: TotalsEnv) -> None:
    catalog = env.catalog()
    list(catalog.images("web"))
    opened_at = catalog.known_totals.all()["web"].counted_at
    calls = dict(env.embedded.calls)
    for batch in catalog.totals(NAMES, counted_since=opened_at):
        if "web" in batch.totals:
            web = batch.totals["web"]
    assert (web.rules, web.counts.images, web.counted_at) == (0, 1, opened_at)
    assert web.complete_at == opened_at
    assert catalog.known_totals.all()["web"] == web
    assert env.embedded.calls["DescribeImages"] - calls["DescribeImages"] == len(NAMES) - 1
    assert env.embedded.calls["GetLifecyclePolicy"] == len(NAMES)
    counted(catalog, "web")
    assert env.embedded.calls["DescribeImages"] - calls["DescribeImages"] == len(NAMES)

    env.client.delete_repository(repositoryName="web", force=True)
    assert [batch.totals for batch in catalog.totals(["web"], counted_since=opened_at)] == [{}]
    assert "web" not in catalog.known_totals.all()


def test_a_repository_whose_list_is_left_after_its_last_row_is_counted_and_kept(env: TotalsEnv, tmp_path: Path) -> None:
    catalog = env.catalog(tmp_path / "cache.sqlite")
    listing = catalog.images("web")
    assert next(listing).complete
    listing.close()
    for thread in threading.enumerate():
        if thread.name == "listing":
            thread.join()
    assert catalog.known_totals.all()["web"].counts.images == 1
    assert catalog.listed_before("web") is not None


def test_opening_a_repository_counts_it(env: TotalsEnv) -> None:
    catalog = env.catalog()
    list(catalog.images("web"))
    assert catalog.known_totals.all()["web"].counts.images == 1
    env.client.delete_repository(repositoryName="web", force=True)
    with pytest.raises(NotFound):
        list(catalog.images("web"))
    assert not catalog.known_totals.all()


def test_a_repository_of_many_images_has_no_known_parts(env: TotalsEnv) -> None:
    catalog, counter = env.catalog(), TotalsCounter(max_kept=5)
    for batch in catalog.images("app", stream=True):
        counter.add(batch.items)
    app = counter.totals(catalog, "app", env.now)
    assert app.counts == ImageCounts(6, 2, 0, complete=False)
    assert (app.scan, app.unknown_scans) == (None, 6)


def test_a_refused_repository_has_its_error_and_a_deleted_one_is_left_out(env: TotalsEnv) -> None:
    env.embedded.faults.add("DescribeImages:error:code=AccessDeniedException:message=no:times=1")
    totals, failures = counted(env.catalog(), *NAMES, "gone")
    assert len(totals) == 3
    assert [type(error) for error in failures.values()] == [AccessDenied]


@pytest.mark.parametrize("fault", ["error:code=ExpiredTokenException:message=no", "unavailable"])
def test_an_error_of_all_repositories_ends_the_count(env: TotalsEnv, fault: str) -> None:
    env.embedded.faults.add(f"DescribeImages:{fault}")
    with pytest.raises(EcrTuiError):
        counted(env.catalog(), *NAMES, *(f"more/{number}" for number in range(20)))
    assert env.embedded.calls["DescribeImages"] < 20


def test_throttling_slows_down_and_is_reported(env: TotalsEnv) -> None:
    env.embedded.faults.add("DescribeImages:throttle:times=2")
    assert len(counted(env.catalog())[0]) == 4


def test_closing_ends_the_count(env: TotalsEnv) -> None:
    held = threading.Event()
    env.embedded.faults.add(Fault("DescribeImages", RunBefore(held.wait), after=1))
    reading = env.catalog().totals([f"more/{number}" for number in range(50)])
    assert next(reading).done == 1
    reading.close()
    held.set()
    for thread in threading.enumerate():
        if thread.name.startswith("totals "):
            thread.join()
    assert env.embedded.calls["DescribeImages"] <= 1 + CONCURRENT_REPOSITORIES
    with pytest.raises(StopIteration):
        next(reading)


def test_totals_that_cannot_be_read_are_not_known(env: TotalsEnv, tmp_path: Path) -> None:
    file = tmp_path / "cache.sqlite"
    counted(env.catalog(file))
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE totals SET images = 'many' WHERE repository = 'app'")
        connection.execute("UPDATE totals SET scan_status = 'COMPLETE', findings = '{' WHERE repository = 'web'")
    assert set(env.catalog(file).known_totals.all()) == {"empty", "other"}
