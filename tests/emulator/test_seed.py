"""Seeded repositories have the requested number of realistic images."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.emulator import manifests
from ecrtui.emulator.database import Database
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.seed import SeedError, SeedTarget, repository_names, seed
from ecrtui.emulator.seed_content import BuildPipeline, SeedStyle
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import (
    ALL_MEDIA_TYPES,
    OCI_INDEX,
    REGION,
    client_for,
    create_repository,
    digest_of,
    download,
    new_embedded,
    push_image,
    tags_of,
)

NOW = 1_790_000_000.0
REPOSITORY = "team/app"
TARGET = SeedTarget(region=REGION, now=NOW)


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedRegistry]:
    """Return a registry with one seeded repository. Its clock stands still, so a pull by a test is not later."""
    registry = new_embedded(clock=lambda: NOW)
    seed(registry.database, [REPOSITORY], SeedStyle(1500, configs=True), TARGET)
    yield registry
    registry.database.close()


@pytest.fixture(scope="module")
def ecr(embedded: EmbeddedRegistry) -> Any:
    """Return a client. DescribeImages carries scan results, so that a test need not ask for each image."""
    client = client_for(embedded)
    client.put_account_setting(name="BASIC_SCAN_TYPE_VERSION", value="CLAIR")
    return client


@pytest.fixture(scope="module")
def details(ecr: Any) -> list[dict[str, Any]]:
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=REPOSITORY)
    return [image for page in pages for image in page["imageDetails"]]


@pytest.fixture
def database() -> Iterator[Database]:
    with open_database(None) as opened:
        yield opened


def rows(database: Database, query: str, *values: object) -> list[sqlite3.Row]:
    with database.read() as connection:
        return connection.execute(query, values).fetchall()


def pipeline(images: int, *, random_seed: int = 0, name: str = REPOSITORY, **style: Any) -> list[Any]:
    return list(BuildPipeline(name, SeedStyle(images, **style), seed=random_seed, now=NOW).images())


@given(st.integers(1, 60), st.integers(0, 2**31), st.booleans())
def test_any_number_of_images_is_seeded_with_valid_manifests(images: int, number: int, configs: bool) -> None:
    made = pipeline(images, random_seed=number, configs=configs)
    assert len(made) == len({image.digest for image in made}) == images
    known: set[str] = set()
    for image in made:
        contents = manifests.parse_manifest(image.manifest)
        assert image.digest == digest_of(image.manifest)
        assert contents.media_type == image.media_type
        assert (contents.artifact_media_type or None) == image.artifact_media_type
        assert set(contents.children) == set(image.children) <= known
        assert contents.blobs == {digest: (size, media_type) for digest, size, media_type in image.layers}
        assert image.size == sum(blob.size for blob in contents.blobs.values()) or image.children
        known.add(image.digest)


def test_digests_match_and_manifests_are_returned_as_stored(ecr: Any, details: list[dict[str, Any]]) -> None:
    for chunk in (details[:100], details[-100:]):
        found = ecr.batch_get_image(
            repositoryName=REPOSITORY,
            imageIds=[{"imageDigest": image["imageDigest"]} for image in chunk],
            acceptedMediaTypes=ALL_MEDIA_TYPES,
        )
        assert not found["failures"]
        assert all(digest_of(image["imageManifest"]) == image["imageId"]["imageDigest"] for image in found["images"])


def test_a_seeded_image_can_be_retagged(embedded: EmbeddedRegistry) -> None:
    ecr = client_for(embedded)
    image = next(iter(tags_of(ecr, REPOSITORY).items()))
    found = ecr.batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": image[1]}])["images"][0]
    put = ecr.put_image(repositoryName=REPOSITORY, imageManifest=found["imageManifest"], imageTag="retagged")["image"]
    assert put["imageId"] == {"imageDigest": image[1], "imageTag": "retagged"}
    ecr.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": "retagged"}])


def test_tags_look_like_those_of_a_pipeline(details: list[dict[str, Any]]) -> None:
    counts = Counter(len(image.get("imageTags", ())) for image in details)
    tagged = len(details) - counts[0]
    assert 0.5 < tagged / len(details) < 0.8
    assert sum(counts[number] for number in (1, 2, 3)) > 0.9 * tagged
    assert max(counts) >= 20
    assert sum("latest" in image.get("imageTags", ()) for image in details) == 1


def test_indexes_have_their_platforms_and_some_have_attestations(ecr: Any, details: list[dict[str, Any]]) -> None:
    indexes = [image["imageDigest"] for image in details if image["imageManifestMediaType"] == OCI_INDEX]
    assert 0.05 < len(indexes) / len(details) < 0.25
    found = ecr.batch_get_image(
        repositoryName=REPOSITORY, imageIds=[{"imageDigest": digest} for digest in indexes[:50]]
    )["images"]
    platforms = Counter(
        entry["platform"]["architecture"]
        for image in found
        for entry in json.loads(image["imageManifest"])["manifests"]
    )
    assert platforms["amd64"] == platforms["arm64"] == len(found)
    assert 0 < platforms["unknown"] < 2 * len(found)
    children = {entry["digest"] for image in found for entry in json.loads(image["imageManifest"])["manifests"]}
    assert children <= {image["imageDigest"] for image in details}


def test_pushes_and_pulls_are_spread_over_time(details: list[dict[str, Any]]) -> None:
    pushed = [image["imagePushedAt"].timestamp() for image in details]
    assert max(pushed) <= NOW
    assert 700 < (max(pushed) - min(pushed)) / 86_400 <= 731
    pulled = [image for image in details if "lastRecordedPullTime" in image]
    assert 0.3 < len(pulled) / len(details) < 0.8
    assert all(image["imagePushedAt"] <= image["lastRecordedPullTime"] for image in pulled)
    assert all(image["lastRecordedPullTime"].timestamp() <= NOW for image in pulled)


def test_scans_have_as_many_findings_as_they_count(ecr: Any, details: list[dict[str, Any]]) -> None:
    scanned = [image for image in details if "imageScanFindingsSummary" in image]
    assert len(scanned) > 0.1 * len(details)
    for image in scanned[:20]:
        found = ecr.describe_image_scan_findings(
            repositoryName=REPOSITORY, imageId={"imageDigest": image["imageDigest"]}
        )["imageScanFindings"]
        counted = Counter(finding["severity"] for finding in found["findings"])
        assert counted == image["imageScanFindingsSummary"]["findingSeverityCounts"]


def test_configs_are_readable_when_requested(
    embedded: EmbeddedRegistry, ecr: Any, details: list[dict[str, Any]]
) -> None:
    singles = [image["imageDigest"] for image in details if image["imageManifestMediaType"] != OCI_INDEX][:60]
    found = ecr.batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": digest} for digest in singles])[
        "images"
    ]
    systems = set()
    for image in found:
        document = json.loads(image["imageManifest"])
        config = document["config"]["digest"]
        url = ecr.get_download_url_for_layer(repositoryName=REPOSITORY, layerDigest=config)["downloadUrl"]
        content = download(embedded, url)
        assert digest_of(content) == config
        assert len(json.loads(content)["rootfs"]["diff_ids"]) == len(document["layers"])
        systems.add(json.loads(content)["os"])
    assert systems == {"linux", "unknown"}


def test_the_database_is_consistent(embedded: EmbeddedRegistry) -> None:
    with embedded.database.read() as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        wrong = connection.execute(
            "SELECT count(*) FROM images i WHERE i.tagged <> EXISTS (SELECT 1 FROM tags t WHERE t.image_id = i.id)"
        )
        assert wrong.fetchone()[0] == 0


def test_the_same_seed_gives_the_same_images() -> None:
    assert [one.digest for one in pipeline(100)] == [one.digest for one in pipeline(100)]
    assert not {one.digest for one in pipeline(100)} & {one.digest for one in pipeline(100, random_seed=1)}
    assert not {one.digest for one in pipeline(100)} & {one.digest for one in pipeline(100, name="team/other")}


def test_digests_do_not_depend_on_the_time(database: Database) -> None:
    later = list(BuildPipeline(REPOSITORY, SeedStyle(50), seed=0, now=NOW + 1e6).images())
    assert [one.digest for one in later] == [one.digest for one in pipeline(50)]


def test_untagged_images_have_no_tags(database: Database) -> None:
    seed(database, [REPOSITORY], SeedStyle(200, untagged=True), TARGET)
    assert rows(database, "SELECT * FROM tags") == []
    assert rows(database, "SELECT count(*) AS n FROM images WHERE tagged = 0")[0]["n"] == 200


def test_one_image_can_have_a_thousand_tags(database: Database) -> None:
    seed(database, [REPOSITORY], SeedStyle(1, tags_per_push=1000), TARGET)
    assert len(rows(database, "SELECT * FROM tags")) == 1000


def test_every_push_has_the_requested_number_of_tags(database: Database) -> None:
    seed(database, [REPOSITORY], SeedStyle(300, tags_per_push=2), TARGET)
    found = rows(
        database,
        "SELECT i.media_type, (SELECT count(*) FROM tags t WHERE t.image_id = i.id) AS n,"
        " EXISTS (SELECT 1 FROM index_children c WHERE c.child_digest = i.digest) AS part FROM images i",
    )
    assert {row["n"] for row in found if not row["part"]} == {2}
    assert {row["n"] for row in found if row["part"]} == {0}


def test_each_of_many_repositories_gets_its_own_images(database: Database) -> None:
    names = repository_names(30)
    seed(database, names, SeedStyle(4), TARGET)
    found = client_for(EmbeddedRegistry(database, region=REGION)).describe_repositories()["repositories"]
    assert [one["repositoryName"] for one in found] == sorted(names)
    assert len(set(names)) == 30
    assert rows(database, "SELECT count(DISTINCT digest) AS n FROM images")[0]["n"] == 120


def test_an_empty_repository_is_filled_and_keeps_its_settings() -> None:
    embedded = new_embedded()
    ecr = client_for(embedded)
    create_repository(ecr, REPOSITORY, "IMMUTABLE")
    seed(embedded.database, [REPOSITORY], SeedStyle(5), TARGET)
    assert ecr.describe_repositories()["repositories"][0]["imageTagMutability"] == "IMMUTABLE"
    embedded.database.close()


def test_a_repository_with_images_stops_the_run_before_any_write() -> None:
    embedded = new_embedded()
    ecr = client_for(embedded)
    create_repository(ecr, REPOSITORY)
    push_image(ecr, REPOSITORY)
    with pytest.raises(SeedError, match="already has images"):
        seed(embedded.database, ["team/new", REPOSITORY], SeedStyle(5), TARGET)
    assert len(ecr.describe_repositories()["repositories"]) == 1
    embedded.database.close()


@pytest.mark.parametrize(
    ("style", "words"),
    [
        (SeedStyle(0), "must be from 1 to"),
        (SeedStyle(10_000_001), "must be from 1 to"),
        (SeedStyle(1, tags_per_push=1001), "between 0 and 1,000 tags"),
        (SeedStyle(1, tags_per_push=-1), "between 0 and 1,000 tags"),
    ],
)
def test_a_style_that_breaks_an_ecr_limit_is_refused(database: Database, style: SeedStyle, words: str) -> None:
    with pytest.raises(SeedError, match=words):
        seed(database, [REPOSITORY], style, TARGET)


def test_progress_reaches_the_total(database: Database) -> None:
    told: list[tuple[int, int]] = []
    seed(database, ["team/one", "team/two"], SeedStyle(2500), TARGET, lambda *numbers: told.append(numbers))
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1] == (5000, 5000)
