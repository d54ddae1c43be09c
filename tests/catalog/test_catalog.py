"""The catalog on the embedded registry: large repositories, faults, and the cache."""

from __future__ import annotations

import json
import math
import threading
from collections import Counter
from pathlib import Path

import pytest

from ecrtui.catalog.cache.store import Cache
from ecrtui.catalog.catalog import BATCH_INTERVAL, Catalog, Listing
from ecrtui.catalog.listing.listing import SLOW_PAGE
from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Descriptor, DescriptorRole, parse_manifest
from ecrtui.emulator.fault_effects import RunBefore
from ecrtui.emulator.faults import Fault, Faults
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.errors import AccessDenied, ConnectionFailed, EcrTuiError, NotFound
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.catalog.large import add_images, add_repositories
from tests.support.embedded import client_for, create_repository, new_embedded, push_image

pytestmark = pytest.mark.usefixtures("no_sdk_retries")


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def embedded(faults: Faults) -> EmbeddedRegistry:
    return new_embedded(faults=faults)


def catalog_of(
    embedded: EmbeddedRegistry,
    cache: Path | None = None,
    *,
    slow_page: float = SLOW_PAGE,
    interval: float = BATCH_INTERVAL,
) -> Catalog:
    registry = open_registry(Connection(region="eu-west-1"), embedded=embedded)
    kept = None if cache is None else Cache(cache, registry.location())
    return Catalog(registry, kept, slow_page=slow_page, pause=0.01, interval=interval)


def cache_of(embedded: EmbeddedRegistry, file: Path) -> Cache:
    """Open the cache file of this registry once more."""
    return Cache(file, open_registry(Connection(region="eu-west-1"), embedded=embedded).location())


def calls(faults: Faults, operation: str) -> list[int]:
    """Record the calls of an operation from now on."""
    made: list[int] = []
    faults.before(operation, lambda: made.append(1), times=None)
    return made


def rest(listing: Listing[Image], errors: list[EcrTuiError] | None = None) -> list[str]:
    """Return the digests of the batches that follow; continue after errors if a list for them is given."""
    digests: list[str] = []
    while True:
        try:
            for batch in listing:
                digests += [image.digest for image in batch.items]
        except EcrTuiError as error:
            if errors is None or len(errors) > 10:
                raise
            errors.append(error)
        else:
            return digests


ONE_STREAM = math.inf
"""The ``slow_page`` with which a listing is read in one stream, on a loaded machine too."""
TWO_STREAMS = 0.0
"""The ``slow_page`` with which a listing is read in two streams."""


@pytest.mark.parametrize("slow_page", [ONE_STREAM, TWO_STREAMS])
def test_every_image_of_a_large_repository_is_listed_once(embedded: EmbeddedRegistry, slow_page: float) -> None:
    digests = add_images(embedded, "large", 3500)
    assert sorted(rest(catalog_of(embedded, slow_page=slow_page).images("large"))) == sorted(digests)


def test_ten_thousand_untagged_images(embedded: EmbeddedRegistry) -> None:
    digests = add_images(embedded, "untagged", 10_000, tagged_every=0)
    listing = catalog_of(embedded, slow_page=TWO_STREAMS).images("untagged")
    batches = list(listing)
    assert Counter(image.digest for batch in batches for image in batch.items) == Counter(digests)
    assert not any(image.tags for batch in batches for image in batch.items)
    assert batches[-1].loaded == 10_000


def test_ten_thousand_repositories_are_listed_in_order(embedded: EmbeddedRegistry) -> None:
    names = [f"team-{number % 40}/app-{number}" for number in range(10_000)]
    add_repositories(embedded, names)
    batches = list(catalog_of(embedded, interval=0.0).repositories())
    assert [repository.name for batch in batches for repository in batch.items] == sorted(names)
    assert [batch.pages for batch in batches] == list(range(1, 11))


def test_pages_that_arrive_quickly_share_a_batch(embedded: EmbeddedRegistry) -> None:
    digests = add_images(embedded, "large", 6000)
    first, *others = catalog_of(embedded, interval=60.0, slow_page=ONE_STREAM).images("large")
    assert (len(first.items), first.pages) == (1000, 1), "the first page does not wait"
    assert sum(len(batch.items) for batch in others) == 5000
    assert len(others) == 1
    assert (others[0].pages, others[0].complete) == (6, True)
    assert others[0].loaded == len(digests)


def test_rows_received_before_an_error_are_kept(embedded: EmbeddedRegistry, faults: Faults) -> None:
    add_images(embedded, "large", 6000)
    faults.add("DescribeImages:drop-before:after=4:times=1")
    listing = catalog_of(embedded, interval=60.0, slow_page=ONE_STREAM).images("large")
    next(listing)
    assert next(listing).pages == 4
    with pytest.raises(ConnectionFailed):
        next(listing)
    assert [batch.complete for batch in listing] == [True]
    assert listing.loaded == 6000


def test_an_image_with_a_thousand_tags_is_one_row(embedded: EmbeddedRegistry) -> None:
    (digest,) = add_images(embedded, "app", 1)
    with embedded.database.write() as connection:
        connection.executemany(
            "INSERT INTO tags (repository_id, tag, image_id) SELECT repository_id, ?, id FROM images",
            [(f"t{number}",) for number in range(999)],
        )
    (batch,) = catalog_of(embedded, slow_page=TWO_STREAMS).images("app")
    assert [image.digest for image in batch.items] == [digest]
    assert len(batch.items[0].tags) == 1000


def test_archived_images_are_listed(embedded: EmbeddedRegistry) -> None:
    digests = add_images(embedded, "app", 3)
    with embedded.database.write() as connection:
        connection.execute("UPDATE images SET status = 'ARCHIVED' WHERE digest = ?", (digests[0],))
    (batch,) = catalog_of(embedded).images("app")
    assert {image.digest for image in batch.items if image.archived} == {digests[0]}
    assert len(batch.items) == 3


def test_a_throttled_listing_slows_down_and_reports_it(embedded: EmbeddedRegistry, faults: Faults) -> None:
    digests = add_images(embedded, "large", 3500)
    faults.add("DescribeImages:throttle:after=2:times=1")
    batches = list(catalog_of(embedded, slow_page=ONE_STREAM).images("large"))
    assert [batch.throttled > 0 for batch in batches].count(True) == 1
    assert sorted(image.digest for batch in batches for image in batch.items) == sorted(digests)


@pytest.mark.parametrize("slow_page", [ONE_STREAM, TWO_STREAMS])
@pytest.mark.parametrize("fault", ["drop-before", "cut", "unavailable", "drop-after"])
def test_a_listing_continues_after_a_lost_connection(
    embedded: EmbeddedRegistry, faults: Faults, fault: str, slow_page: float
) -> None:
    digests = add_images(embedded, "large", 2500)
    faults.add(f"DescribeImages:{fault}:after=1:times=1")
    listing = catalog_of(embedded, slow_page=slow_page).images("large")
    errors: list[EcrTuiError] = []
    assert sorted(rest(listing, errors)) == sorted(digests)
    assert [error.retryable for error in errors] == [True]
    assert listing.complete


def test_access_denied_is_raised_on_each_attempt(embedded: EmbeddedRegistry, faults: Faults) -> None:
    add_images(embedded, "app", 1)
    denied = faults.add("DescribeImages:error:code=AccessDeniedException")
    listing = catalog_of(embedded).images("app")
    for _ in range(2):
        with pytest.raises(AccessDenied):
            next(listing)
    faults.remove(denied)
    assert len(rest(listing)) == 1


@pytest.mark.parametrize("slow_page", [ONE_STREAM, TWO_STREAMS])
def test_a_listing_whose_token_expires_is_still_complete(
    embedded: EmbeddedRegistry, faults: Faults, slow_page: float
) -> None:
    digests = add_images(embedded, "large", 3500)
    if slow_page == TWO_STREAMS:
        # The parts are read at the same time. Both first pages are requested before any page with a token,
        # so that the fourth request has one: without a token, the fault is no expired token.
        both = threading.Barrier(2)
        faults.add(Fault("DescribeImages", RunBefore(lambda: both.wait(120)), after=1, times=2))
    expired = faults.add("DescribeImages:error:code=InvalidParameterException:after=3:times=1")
    batches = list(catalog_of(embedded, slow_page=slow_page).images("large"))
    assert expired.hits == 1
    assert Counter(image.digest for batch in batches for image in batch.items) == Counter(digests)


@pytest.mark.parametrize("slow_page", [ONE_STREAM, TWO_STREAMS])
def test_a_repository_that_changes_meanwhile_is_listed_completely(embedded: EmbeddedRegistry, slow_page: float) -> None:
    digests = add_images(embedded, "busy", 3500)
    client = client_for(embedded)
    done = threading.Event()
    pushed: set[str] = set()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            pushed.add(push_image(client, "busy", f"new {number}", tag="latest").digest)
            client.batch_delete_image(repositoryName="busy", imageIds=[{"imageDigest": digests[number]}])

    listing = catalog_of(embedded, slow_page=slow_page).images("busy")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        listed = [image.digest for batch in listing for image in batch.items]
    finally:
        done.set()
        writer.join()
    assert len(listed) == len(set(listed))
    deleted = set(digests[1 : len(pushed) + 1])
    assert set(digests) - deleted <= set(listed) <= set(digests) | pushed


def test_a_deleted_repository_leaves_the_cache(embedded: EmbeddedRegistry, tmp_path: Path) -> None:
    catalog = catalog_of(embedded, tmp_path / "cache")
    add_images(embedded, "app", 3)
    rest(catalog.images("app"))
    assert cache_of(embedded, tmp_path / "cache").images("app") is not None
    client_for(embedded).delete_repository(repositoryName="app", force=True)
    with pytest.raises(NotFound):
        rest(catalog.images("app"))
    assert cache_of(embedded, tmp_path / "cache").images("app") is None


def test_a_complete_listing_is_cached(embedded: EmbeddedRegistry, tmp_path: Path) -> None:
    digests = add_images(embedded, "app", 1500)
    assert cache_of(embedded, tmp_path / "cache").images("app") is None
    catalog = catalog_of(embedded, tmp_path / "cache")
    rows = [image for batch in catalog.images("app") for image in batch.items]
    list(catalog.repositories())
    known = cache_of(embedded, tmp_path / "cache").images("app")
    assert known is not None
    assert [image.digest for image in known.items] == digests[::-1], "newest first"
    assert set(known.items) == set(rows)
    repositories = cache_of(embedded, tmp_path / "cache").repositories()
    assert repositories is not None
    assert [repository.name for repository in repositories.items] == ["app"]


def test_an_incomplete_listing_is_not_cached(embedded: EmbeddedRegistry, tmp_path: Path) -> None:
    add_images(embedded, "app", 1500)
    catalog = catalog_of(embedded, tmp_path / "cache")
    listing = catalog.images("app")
    next(listing)
    listing.close()
    assert list(listing) == []
    assert cache_of(embedded, tmp_path / "cache").images("app") is None


def test_a_stream_is_not_cached(embedded: EmbeddedRegistry, tmp_path: Path) -> None:
    digests = add_images(embedded, "app", 1500)
    catalog = catalog_of(embedded, tmp_path / "cache", slow_page=TWO_STREAMS)
    assert sorted(rest(catalog.images("app", stream=True))) == sorted(digests)
    assert cache_of(embedded, tmp_path / "cache").images("app") is None


def test_a_manifest_is_requested_once(embedded: EmbeddedRegistry, faults: Faults, tmp_path: Path) -> None:
    client = client_for(embedded)
    create_repository(client, "app")
    image = push_image(client, "app", tag="1")
    made = calls(faults, "BatchGetImage")
    catalog = catalog_of(embedded, tmp_path / "cache")
    assert catalog.known_manifest("app", image.digest) is None
    for _ in range(2):
        assert catalog.manifest("app", image.digest).text == image.manifest
    assert catalog.known_manifest("app", image.digest) is not None
    again = catalog_of(embedded, tmp_path / "cache")
    assert again.known_manifest("app", image.digest) is None, "the cache on disk is not read"
    assert again.manifest("app", image.digest).text == image.manifest
    assert len(made) == 1


def test_a_manifest_can_be_stored_after_it_was_read(embedded: EmbeddedRegistry, tmp_path: Path) -> None:
    client = client_for(embedded)
    create_repository(client, "app")
    images = [push_image(client, "app", tag) for tag in ("1", "2")]
    catalog, cache = catalog_of(embedded, tmp_path / "cache"), cache_of(embedded, tmp_path / "cache")
    for image in images:
        assert catalog.read_manifest("app", image.digest).text == image.manifest
    digests = [image.digest for image in images]
    assert not cache.manifests("app", digests)
    assert [known.digest for known in catalog.kept_manifests("app", digests)] == digests
    catalog.store_manifests()
    assert {known.digest for known in cache.manifests("app", digests)} == set(digests)


def test_prefetch_requests_only_missing_manifests(embedded: EmbeddedRegistry, faults: Faults) -> None:
    client = client_for(embedded)
    create_repository(client, "app")
    digests = [push_image(client, "app", f"n{number}").digest for number in range(130)]
    made = calls(faults, "BatchGetImage")
    catalog = catalog_of(embedded)
    unknown = "sha256:" + "0" * 64
    first = catalog.prefetch("app", [*digests[:30], unknown])
    assert [manifest.digest for manifest in first] == digests[:30]
    assert len(made) == 1
    assert [manifest.digest for manifest in catalog.prefetch("app", digests[::-1])] == digests[::-1]
    assert len(made) == 2, "one request for the hundred missing ones"
    catalog.prefetch("app", digests)
    assert len(made) == 2
    assert all(catalog.known_manifest("app", digest) for digest in digests)
    assert catalog.prefetch("app", []) == ()


def test_a_missing_manifest_raises_not_found(embedded: EmbeddedRegistry) -> None:
    create_repository(client_for(embedded), "app")
    with pytest.raises(NotFound):
        catalog_of(embedded).manifest("app", "sha256:" + "0" * 64)


def test_the_config_of_an_image_is_read(embedded: EmbeddedRegistry) -> None:
    client = client_for(embedded)
    create_repository(client, "app")
    image = push_image(client, "app", "checkout", platform="linux/arm64")
    descriptor = parse_manifest(image.manifest).config
    assert descriptor is not None
    config = catalog_of(embedded).config("app", descriptor)
    assert config.document["architecture"] == "arm64"
    assert config.document == json.loads(config.text)


def test_a_missing_config_raises_not_found(embedded: EmbeddedRegistry) -> None:
    create_repository(client_for(embedded), "app")
    with pytest.raises(NotFound):
        catalog_of(embedded).config("app", Descriptor(DescriptorRole.CONFIG, "sha256:" + "0" * 64))


def test_known_manifests_are_those_in_memory_and_in_the_cache(
    embedded: EmbeddedRegistry, faults: Faults, tmp_path: Path
) -> None:
    client = client_for(embedded)
    create_repository(client, "team/app")
    pushed = [push_image(client, "team/app", str(number)).digest for number in range(3)]
    before = catalog_of(embedded, tmp_path / "cache")
    for digest in pushed[:2]:
        before.manifest("team/app", digest)
    catalog = catalog_of(embedded, tmp_path / "cache")
    catalog.manifest("team/app", pushed[2])
    asked = calls(faults, "*")
    assert {manifest.digest for manifest in catalog.recent_manifests("team/app", 10)} == set(pushed)
    assert len(catalog.recent_manifests("team/app", 2)) == 2
    assert not catalog.recent_manifests("team/other", 10)
    assert not asked
