"""Finding images in all repositories: hits, parts, refusals, throttling, the cache, and stopping."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from ecrtui.catalog.batch_queue import MAX_FAILURES
from ecrtui.catalog.cache.store import Cache
from ecrtui.catalog.catalog import Catalog
from ecrtui.catalog.find.query import parse_query
from ecrtui.catalog.find.reading import CONCURRENT_REQUESTS, FindReading
from ecrtui.catalog.find.references import resolve_references
from ecrtui.catalog.find.result import BlobCounts, FindAnswer, Hit, PartOf
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.errors import AccessDenied, ConnectionFailed, CredentialsError, EcrTuiError
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.support.embedded import (
    PushedImage,
    client_for,
    create_repository,
    digest_of,
    new_embedded,
    push_image,
    push_index,
)

pytestmark = pytest.mark.usefixtures("no_sdk_retries")

NAMES = [f"team/app-{number}" for number in range(12)]


class FindEnv:
    """Twelve repositories. ``app-3`` and ``app-7`` have the same image, tagged ``prod``; ``app-5`` has an index."""

    def __init__(self) -> None:
        self.embedded: EmbeddedRegistry = new_embedded()
        self.client = client_for(self.embedded)
        for name in NAMES:
            create_repository(self.client, name)
            push_image(self.client, name, name, "own")
        self.shared = push_image(self.client, NAMES[3], "shared", "prod").digest
        push_image(self.client, NAMES[7], "shared", "prod")
        push_image(self.client, NAMES[7], "other", "release-1")
        self.children = {
            name: push_image(self.client, NAMES[5], name, platform=name) for name in ("linux/amd64", "linux/arm64")
        }
        self.index = push_index(self.client, NAMES[5], self.children, "prod").digest
        self.registry: Registry = open_registry(Connection(), embedded=self.embedded)
        self.waited: list[float] = []
        self.catalog = Catalog(self.registry)
        self.embedded.calls.clear()

    def reading(
        self, text: str, *, missing: bool = False, catalog: Catalog | None = None, read: str = ""
    ) -> FindReading:
        limiter = RateLimiter(0, sleep=self.waited.append, random_share=lambda: 0.0)
        query = resolve_references(parse_query(text, missing=missing), [(self.registry.location(), self.registry)])
        return FindReading(
            catalog or self.catalog, self.registry, query, limiter, may_read=lambda name: name == read, interval=0.0
        )

    def find(self, text: str, *, missing: bool = False) -> dict[str, FindAnswer]:
        """Return the final answers with hits or errors, by repository."""
        answers = [answer for batch in self.reading(text, missing=missing) for answer in batch.answers]
        final = {answer.repository: answer for answer in answers if answer.final}
        return {name: answer for name, answer in final.items() if answer.hits or answer.error}

    def found(self, text: str, *, missing: bool = False) -> list[str]:
        return sorted(self.find(text, missing=missing))


@pytest.fixture
def env() -> FindEnv:
    return FindEnv()


def test_each_query_finds_its_images_in_the_right_repositories(env: FindEnv) -> None:
    app_3, app_5, app_7 = NAMES[3], NAMES[5], NAMES[7]
    for text, names in (
        ("prod", [app_3, app_5, app_7]),
        (env.shared, [app_3, app_7]),
        (env.shared[7:15], [app_3, app_7]),
        (f"x/copy@{env.shared}", [app_3, app_7]),
        (f"{app_3}:prod", [app_3, app_7]),  # the image that the tag points to, under any tag
        ("x/copy:prod", [app_3, app_5, app_7]),  # no such repository: the tag
        ("release-*", [app_7]),
        ("team/app-3*:prod", [app_3]),
        ("nothing", []),
        ("missing:tag=own", []),
        ("missing:tag=prod has:tag=own", sorted({*NAMES} - {app_3, app_5, app_7})),
        ("missing:tag=release-* prod", [app_3, app_5]),
        ("missing:tag=other prod release-1 0ff1ce", [app_3, app_5, app_7]),  # asked for tags, then listed for a digest
    ):
        assert env.found(text) == names, text
    assert env.found("prod", missing=True) == sorted({*NAMES} - {app_3, app_5, app_7})
    hits = env.find("missing:tag=prod")
    assert all(answer.hits[0].image is None for answer in hits.values())
    assert env.embedded.calls["BatchGetImage"] == 0


def test_a_uri_of_a_registry_that_is_not_connected_is_named(env: FindEnv) -> None:
    location = env.registry.location()

    def notes(account: str, region: str) -> tuple[str, ...]:
        text = f'Failed to pull image "{account}.dkr.ecr.{region}.amazonaws.com/{NAMES[3]}:prod": not found'
        return resolve_references(parse_query(text), [(location, env.registry)]).notes

    assert notes(location.registry_id, location.region) == ()
    for account, region in ((location.registry_id, "eu-south-2"), ("999988887777", location.region)):
        (note,) = notes(account, region)
        assert note == f"account {account}, region {region}, was not searched"


def test_a_digest_costs_one_request_for_each_repository(env: FindEnv) -> None:
    batches = list(env.reading(env.shared))
    assert env.embedded.calls["DescribeImages"] == len(NAMES)
    assert (batches[-1].asked, batches[-1].total) == (len(NAMES), len(NAMES))
    counts = [batch.asked for batch in batches]
    assert counts == sorted(counts)
    env.embedded.calls.clear()
    assert env.found("0123456789ab") == []  # may be a tag: asked for first, then every repository is listed
    assert env.embedded.calls["DescribeImages"] == 2 * len(NAMES)


def test_requests_run_at_the_same_time(env: FindEnv) -> None:
    meeting = threading.Barrier(CONCURRENT_REQUESTS)
    env.embedded.faults.before("DescribeImages", lambda: meeting.wait(60), times=CONCURRENT_REQUESTS)
    assert env.found("prod")
    assert not meeting.broken


def test_a_part_is_resolved_to_its_index_without_a_pull(env: FindEnv) -> None:
    arm = env.children["linux/arm64"].digest
    assert env.find(arm)[NAMES[5]].hits[0].part_of is None  # nothing tells
    env.catalog.manifest(NAMES[5], env.index)  # the user opens the index
    pulls = env.embedded.calls["BatchGetImage"]
    part = env.find(arm)[NAMES[5]].hits[0].part_of
    assert part is not None
    assert (part.digest, part.tags, part.part) == (env.index, ("prod",), "linux/arm64")
    assert env.embedded.calls["BatchGetImage"] == pulls


def blob_of(image: PushedImage, role: str) -> str:
    """Return the digest of the config, or of the first layer, of an image."""
    manifest = json.loads(image.manifest)
    entry = manifest["config"] if role == "config" else manifest["layers"][0]
    return str(entry["digest"])


def test_a_digest_that_no_image_has_is_that_of_a_layer_or_a_config(env: FindEnv) -> None:
    base = [push_image(env.client, NAMES[2], str(number), f"v{number}", layers=[b"base"]) for number in range(3)]
    push_image(env.client, NAMES[9], "other", "v9", layers=[b"base"])
    layer, config = (blob_of(base[1], role) for role in ("layer", "config"))
    env.embedded.calls.clear()
    answers = env.find(layer)
    assert {name: [hit.blob and hit.blob.images for hit in answer.hits] for name, answer in answers.items()} == {
        NAMES[2]: [()],  # ECR says that it is there, and no manifest is known
        NAMES[9]: [()],
    }
    blob = answers[NAMES[2]].hits[0].blob
    assert blob is not None
    assert (blob.digest, blob.role, blob.size, blob.known, blob.total) == (layer, "", len(b"base"), 0, 4)
    assert env.embedded.calls["BatchCheckLayerAvailability"] == len(NAMES)
    assert env.embedded.calls["BatchGetImage"] == 0

    for image in base[:2]:
        env.catalog.manifest(NAMES[2], image.digest)  # the user opens two of them
    env.embedded.calls.clear()
    blob = env.find(layer)[NAMES[2]].hits[0].blob
    assert blob is not None
    assert [found.tags for found in blob.images] == [("v1",), ("v0",)]
    assert (blob.role, blob.known, blob.total) == ("layer", 2, 4)
    answers = env.find(config)
    assert [(name, answer.hits[0].blob and answer.hits[0].blob.role) for name, answer in answers.items()] == [
        (NAMES[2], "config")
    ]
    assert env.found(config[7:19]) == [NAMES[2]]  # its beginning, too
    assert env.found(layer[7:19]) == [NAMES[2]]  # only manifests can tell
    assert env.embedded.calls["BatchGetImage"] == 0


def test_manifests_of_a_repository_with_a_layer_are_read_where_the_caller_allows_it(env: FindEnv) -> None:
    layer = blob_of(env.children["linux/arm64"], "layer")
    config = blob_of(env.children["linux/arm64"], "config")
    env.embedded.calls.clear()
    batches = list(env.reading(config, read=NAMES[5]))
    (hit,) = [hit for batch in batches for answer in batch.answers if answer.final for hit in answer.hits]
    assert hit.blob is not None
    assert [(found.image.digest, found.tags) for found in hit.blob.images] == [
        (env.children["linux/arm64"].digest, ("prod",))  # the tag of its index
    ]
    assert (hit.blob.known, hit.blob.total) == (3, 3)
    assert batches[-1].blobs == BlobCounts(3, 3)
    assert env.embedded.calls["BatchGetImage"] == 2  # the images, then the index
    env.client.batch_delete_image(repositoryName=NAMES[5], imageIds=[{"imageTag": NAMES[5]}, {"imageTag": "own"}])
    batches = list(env.reading(layer, read=NAMES[5]))
    found = {
        answer.repository: answer.hits[0].blob.known
        for batch in batches
        for answer in batch.answers
        if answer.final and answer.hits and answer.hits[0].blob
    }
    assert found[NAMES[5]] == 2  # the manifest of the deleted image does not count


def test_a_search_for_layers_says_what_it_could_not_ask(env: FindEnv) -> None:
    config = blob_of(env.children["linux/arm64"], "config")
    env.catalog.manifest(NAMES[5], env.children["linux/arm64"].digest)
    env.embedded.faults.add("BatchCheckLayerAvailability:error:code=AccessDeniedException:message=no")
    batches = list(env.reading(config))
    (hit,) = [hit for batch in batches for answer in batch.answers if answer.final for hit in answer.hits]
    assert (hit.repository, hit.blob and hit.blob.role) == (NAMES[5], "config")  # the manifest was read before
    assert batches[-1].blobs == BlobCounts(1, 3, denied=len(NAMES))
    assert batches[-1].blobs.words == (
        "looked for layers and configs",
        "1 of 3 manifests are known",
        "ecr:BatchCheckLayerAvailability is not permitted in 12 repositories",
    )
    assert all(answer.error is None for batch in batches for answer in batch.answers)
    assert list(env.reading("prod"))[-1].blobs is None
    assert list(env.reading(env.shared))[-1].blobs is None

    env.embedded.faults.clear()
    env.embedded.faults.before(
        "BatchCheckLayerAvailability",
        lambda: env.embedded.faults.add("DescribeImages:error:code=AccessDeniedException:message=no"),
    )
    answer = env.find(config)[NAMES[5]]  # the repository has it, its images cannot be listed
    assert isinstance(answer.error, AccessDenied)
    assert [hit.digest for hit in answer.hits] == [config]


def test_a_repository_that_could_not_be_asked_for_images_stays_an_error(env: FindEnv) -> None:
    env.embedded.faults.add("DescribeImages:error:code=AccessDeniedException:message=no:times=1")
    answers = env.find(digest_of("nothing"))
    assert [type(answer.error) for answer in answers.values()] == [AccessDenied]


def test_indexes_are_read_where_the_caller_allows_it(env: FindEnv) -> None:
    arm = env.children["linux/arm64"].digest
    answers = [answer for batch in env.reading(arm, read=NAMES[5]) for answer in batch.answers]
    parts = [hit.part_of for answer in answers for hit in answer.hits]
    assert [(part and part.digest, part and part.part) for part in parts] == [(env.index, "linux/arm64")]
    assert env.embedded.calls["BatchGetImage"] == 1
    lonely = push_image(env.client, NAMES[5], "lonely").digest
    for name, known in ((NAMES[5], True), ("", False)):
        answers = [answer for batch in env.reading(lonely, read=name) for answer in batch.answers]
        assert [hit.in_no_index for answer in answers for hit in answer.hits] == [known]


def test_indexes_that_cannot_be_read_are_reported(env: FindEnv) -> None:
    arm, lonely = env.children["linux/arm64"].digest, push_image(env.client, NAMES[5], "lonely").digest
    refusal = "error:code=AccessDeniedException:message=no"

    def found() -> tuple[dict[str, Hit], EcrTuiError | None]:
        env.catalog = Catalog(env.registry)  # it has read no index
        answers = [answer for batch in env.reading(f"{arm} {lonely}", read=NAMES[5]) for answer in batch.answers]
        (answer,) = (each for each in answers if each.repository == NAMES[5])
        return {hit.image.digest: hit for hit in answer.hits if hit.image}, answer.error

    env.embedded.faults.add(f"BatchGetImage:{refusal}")
    hits, error = found()
    assert isinstance(error, AccessDenied)
    assert [(hit.part_of, hit.in_no_index) for hit in hits.values()] == [(None, False), (None, False)]
    env.embedded.faults.clear()
    env.embedded.faults.before("BatchGetImage", lambda: env.embedded.faults.add(f"DescribeImages:{refusal}"))
    hits, error = found()  # the indexes are known, their tags are not
    assert isinstance(error, AccessDenied)
    assert (hits[arm].part_of, hits[arm].in_no_index) == (PartOf(env.index, (), "linux/arm64"), False)
    assert (hits[lonely].part_of, hits[lonely].in_no_index) == (None, True)
    env.embedded.faults.clear()
    env.client.batch_delete_image(repositoryName=NAMES[5], imageIds=[{"imageDigest": env.index}])
    answer = env.find(arm)[NAMES[5]]  # the manifest of the index is kept, the index is gone
    assert (answer.hits[0].part_of, answer.error) == (None, None)


def test_indexes_in_the_cache_count_too(env: FindEnv, tmp_path: Path) -> None:
    def catalog() -> Catalog:
        return Catalog(env.registry, Cache(tmp_path / "cache.sqlite", env.registry.location()))

    catalog().manifest(NAMES[5], env.index)
    catalog().manifest(NAMES[5], env.children["linux/amd64"].digest)
    assert [index.digest for index in catalog().kept_indexes(NAMES[5])] == [env.index]
    for _ in catalog().images(NAMES[7]):
        pass
    answers = [answer for batch in env.reading("release-*", catalog=catalog()) for answer in batch.answers]
    first, last = (next(each for each in answers if each.hits and each.final is final) for final in (False, True))
    assert first.hits[0].age is not None
    assert (first.repository, last.repository, last.hits[0].age) == (NAMES[7], NAMES[7], None)


def test_what_is_not_permitted_is_an_answer(env: FindEnv) -> None:
    env.embedded.faults.add("DescribeImages:error:code=AccessDeniedException:message=no:times=4")
    answers = env.find("own")
    denied = [answer for answer in answers.values() if answer.error]
    assert (len(denied), len(answers)) == (4, len(NAMES))
    assert all(isinstance(answer.error, AccessDenied) for answer in denied)
    env.embedded.faults.clear()
    env.embedded.faults.add("DescribeRepositories:error:code=AccessDeniedException:message=no")
    answers = env.find(f"{NAMES[3]}:prod")  # the named repository can still be asked
    assert isinstance(answers[""].error, AccessDenied)
    assert answers[NAMES[3]].hits


def test_throttled_requests_are_sent_again_and_other_failures_end_the_search(env: FindEnv) -> None:
    env.embedded.faults.add("DescribeImages:throttle:times=3")
    batches = list(env.reading("prod"))
    assert sum(bool(batch.throttled) for batch in batches) == 3
    assert sum(len(answer.hits) for batch in batches for answer in batch.answers) == 3
    for fault, error in (
        ("DescribeImages:unavailable", ConnectionFailed),
        ("DescribeImages:error:code=ExpiredTokenException:message=old", CredentialsError),
    ):
        env.embedded.faults.clear()
        env.embedded.calls.clear()
        env.embedded.faults.add(fault)
        with pytest.raises(error):
            env.find("prod")
        # Refused credentials are read again once for each lane.
        assert env.embedded.calls["DescribeImages"] <= max(MAX_FAILURES + CONCURRENT_REQUESTS, 2 * CONCURRENT_REQUESTS)


def test_a_search_can_be_stopped(env: FindEnv) -> None:
    reading = env.reading("prod")
    next(reading)
    reading.close()
    assert list(reading) == []
