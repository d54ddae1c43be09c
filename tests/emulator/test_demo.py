"""The demo has an example of everything in ECR. Each test finds one through boto3."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.demo import load_demo
from ecrtui.emulator.service import REGION, EmbeddedRegistry
from tests.support.embedded import (
    ALL_MEDIA_TYPES,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    client_for,
    create_repository,
    digest_of,
    download,
    push_image,
    refused,
    tags_of,
)

NOW = 1_795_000_000.0
DAY = 86_400.0


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedRegistry]:
    with open_database(None) as database:
        assert load_demo(database, now=NOW)
        yield EmbeddedRegistry(database, clock=lambda: NOW)


@pytest.fixture(scope="module")
def ecr(embedded: EmbeddedRegistry) -> Any:
    return client_for(embedded, region=REGION)


@pytest.fixture(scope="module")
def repositories(ecr: Any) -> dict[str, dict[str, Any]]:
    pages = ecr.get_paginator("describe_repositories").paginate()
    return {one["repositoryName"]: one for page in pages for one in page["repositories"]}


@pytest.fixture(scope="module")
def images(ecr: Any, repositories: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return every image of every repository, archived ones included."""
    paginator = ecr.get_paginator("describe_images")
    return {
        name: [
            image
            for page in paginator.paginate(
                repositoryName=name, filter={"imageStatus": "ANY"}, PaginationConfig={"PageSize": 1000}
            )
            for image in page["imageDetails"]
        ]
        for name in repositories
    }


@pytest.fixture(scope="module")
def texts(embedded: EmbeddedRegistry) -> dict[tuple[str, str], tuple[str, str]]:
    """Return media type and text of every manifest, by repository and digest."""
    with embedded.database.read() as connection:
        return {
            (row["name"], row["digest"]): (row["media_type"], row["manifest"])
            for row in connection.execute(
                "SELECT r.name, i.digest, i.media_type, m.manifest FROM images i"
                " JOIN repositories r ON r.id = i.repository_id JOIN manifests m ON m.image_id = i.id"
            )
        }


def manifest(ecr: Any, repository: str, tag: str) -> tuple[str, dict[str, Any]]:
    """Return the digest and the document of the image with this tag."""
    found = ecr.batch_get_image(
        repositoryName=repository, imageIds=[{"imageTag": tag}], acceptedMediaTypes=ALL_MEDIA_TYPES
    )["images"][0]
    return found["imageId"]["imageDigest"], json.loads(found["imageManifest"])


def content(embedded: EmbeddedRegistry, ecr: Any, repository: str, digest: str) -> bytes:
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)["downloadUrl"]
    return download(embedded, url)


def tags_in(images: list[dict[str, Any]]) -> list[str]:
    return [tag for image in images for tag in image.get("imageTags", ())]


class TestRepositories:
    def test_several_namespaces_have_about_25_repositories(self, repositories: dict[str, dict[str, Any]]) -> None:
        assert 23 <= len(repositories) <= 30
        assert len({name.partition("/")[0] for name in repositories}) >= 6

    def test_every_tag_mutability_is_present(self, repositories: dict[str, dict[str, Any]]) -> None:
        found = Counter(one["imageTagMutability"] for one in repositories.values())
        assert set(found) == {"MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"}
        for one in repositories.values():
            excluded = one["imageTagMutability"].endswith("_WITH_EXCLUSION")
            assert bool(one.get("imageTagMutabilityExclusionFilters")) == excluded

    def test_some_repositories_scan_on_push(self, repositories: dict[str, dict[str, Any]]) -> None:
        assert {one["imageScanningConfiguration"]["scanOnPush"] for one in repositories.values()} == {True, False}

    def test_some_repositories_use_a_kms_key(self, repositories: dict[str, dict[str, Any]]) -> None:
        found = {one["encryptionConfiguration"]["encryptionType"] for one in repositories.values()}
        assert found == {"AES256", "KMS"}
        keys = [one["encryptionConfiguration"].get("kmsKey") for one in repositories.values()]
        assert any(key and key.startswith(f"arn:aws:kms:{REGION}:123456789012:key/") for key in keys)

    def test_ecr_accepts_the_settings(
        self, ecr: Any, embedded: EmbeddedRegistry, repositories: dict[str, dict[str, Any]]
    ) -> None:
        """Put each setting again through the API."""
        filters = "imageTagMutabilityExclusionFilters"
        for one in repositories.values():
            ecr.put_image_tag_mutability(
                repositoryName=one["repositoryName"],
                imageTagMutability=one["imageTagMutability"],
                **({filters: one[filters]} if filters in one else {}),
            )

    def test_ecr_accepts_the_lifecycle_policies(
        self, ecr: Any, embedded: EmbeddedRegistry, repositories: dict[str, dict[str, Any]]
    ) -> None:
        with embedded.database.read() as connection:
            policies = connection.execute(
                "SELECT name, lifecycle_policy FROM repositories WHERE lifecycle_policy IS NOT NULL"
            ).fetchall()
        assert len(policies) >= 5
        for row in policies:
            ecr.put_lifecycle_policy(repositoryName=row["name"], lifecyclePolicyText=row["lifecycle_policy"])
        text = ecr.get_lifecycle_policy(repositoryName="team/checkout")["lifecyclePolicyText"]
        assert "expire untagged after 7 days" in [rule["description"] for rule in json.loads(text)["rules"]]

    def test_a_lifecycle_preview_expires_images(self, ecr: Any) -> None:
        ecr.start_lifecycle_policy_preview(repositoryName="team/checkout")
        preview = ecr.get_lifecycle_policy_preview(repositoryName="team/checkout")
        assert preview["summary"]["expiringImageTotalCount"] > 0

    def test_repository_policies_and_resource_tags_are_present(
        self, ecr: Any, repositories: dict[str, dict[str, Any]]
    ) -> None:
        policy = json.loads(ecr.get_repository_policy(repositoryName="team/checkout")["policyText"])
        assert policy["Statement"][0]["Principal"]["AWS"][0].startswith("arn:aws:iam::")
        arn = repositories["team/checkout"]["repositoryArn"]
        tags = {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=arn)["tags"]}
        assert tags["team"] == "storefront"

    def test_one_repository_is_empty(self, images: dict[str, list[dict[str, Any]]]) -> None:
        assert [name for name, found in images.items() if not found] == ["sandbox/empty"]


class TestImages:
    def test_every_digest_matches_its_manifest(self, texts: dict[tuple[str, str], tuple[str, str]]) -> None:
        assert len(texts) > 4300
        assert all(digest_of(text) == digest for (_, digest), (_, text) in texts.items())

    def test_every_part_of_every_manifest_is_present(
        self, embedded: EmbeddedRegistry, texts: dict[tuple[str, str], tuple[str, str]]
    ) -> None:
        with embedded.database.read() as connection:
            layers = {
                (row["name"], row["digest"]): row["size"]
                for row in connection.execute(
                    "SELECT r.name, l.digest, l.size FROM layers l JOIN repositories r ON r.id = l.repository_id"
                )
            }
        for (repository, _), (_, text) in texts.items():
            document = json.loads(text)
            for part in [*document.get("layers", ()), *([document["config"]] if "config" in document else [])]:
                assert layers[repository, part["digest"]] == part["size"]
            for child in document.get("manifests", ()):
                media_type, child_text = texts[repository, child["digest"]]
                assert (media_type, len(child_text.encode())) == (child["mediaType"], child["size"])

    def test_every_config_is_readable(
        self, embedded: EmbeddedRegistry, texts: dict[tuple[str, str], tuple[str, str]]
    ) -> None:
        with embedded.database.read() as connection:
            kept = {row["digest"] for row in connection.execute("SELECT digest FROM blobs")}
        for _, text in texts.values():
            document = json.loads(text)
            if "config" in document:
                assert document["config"]["digest"] in kept

    def test_content_matches_its_digest(self, embedded: EmbeddedRegistry) -> None:
        with embedded.database.read() as connection:
            for row in connection.execute("SELECT digest, content FROM blobs JOIN blob_chunks ON blob_key = key"):
                assert row["digest"] == "sha256:" + hashlib.sha256(row["content"]).hexdigest()

    def test_the_database_is_consistent(self, embedded: EmbeddedRegistry) -> None:
        with embedded.database.read() as connection:
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []

    def test_ages_count_from_now(
        self, images: dict[str, list[dict[str, Any]]], repositories: dict[str, dict[str, Any]]
    ) -> None:
        for name, found in images.items():
            for image in found:
                pushed = image["imagePushedAt"].timestamp()
                assert repositories[name]["createdAt"].timestamp() < pushed < NOW
                pulled = image.get("lastRecordedPullTime")
                assert pulled is None or pushed <= pulled.timestamp() <= NOW

    def test_one_repository_has_four_thousand_images(self, images: dict[str, list[dict[str, Any]]]) -> None:
        assert [name for name, found in images.items() if len(found) >= 4000] == ["legacy/monolith"]

    def test_one_image_has_sixty_tags(self, images: dict[str, list[dict[str, Any]]]) -> None:
        assert max(len(image.get("imageTags", ())) for image in images["platform/ci-runner"]) == 60

    def test_some_images_are_untagged_and_one_repository_has_no_tags(
        self, images: dict[str, list[dict[str, Any]]]
    ) -> None:
        assert sum(not image.get("imageTags") for image in images["team/checkout"]) > 5
        assert tags_in(images["data/nightly"]) == []

    def test_one_image_is_archived(self, ecr: Any, images: dict[str, list[dict[str, Any]]]) -> None:
        archived = [image for image in images["team/checkout"] if image["imageStatus"] == "ARCHIVED"]
        assert [image["imageTags"] for image in archived] == [["release-2025.12"]]
        assert archived[0]["lastArchivedAt"] > archived[0]["imagePushedAt"]
        with refused("ImageNotFoundException"):
            ecr.describe_images(repositoryName="team/checkout", imageIds=[{"imageTag": "release-2025.12"}])

    def test_sizes_are_plausible(self, images: dict[str, list[dict[str, Any]]]) -> None:
        sizes = [image["imageSizeInBytes"] for image in images["team/checkout"] if "prod" in image.get("imageTags", ())]
        assert 90e6 < sizes[0] < 120e6
        assert max(image["imageSizeInBytes"] for image in images["payments/fraud-model"]) > 5e9


class TestManifests:
    def test_an_index_has_platforms_and_attestations_as_buildkit_writes_them(self, ecr: Any) -> None:
        _, index = manifest(ecr, "team/checkout", "prod")
        assert index["mediaType"] == OCI_INDEX
        platforms = [entry["platform"]["architecture"] for entry in index["manifests"]]
        assert platforms == ["amd64", "arm64", "unknown", "unknown"]
        images, attestations = index["manifests"][:2], index["manifests"][2:]
        for image, attestation in zip(images, attestations, strict=True):
            assert attestation["annotations"] == {
                "vnd.docker.reference.digest": image["digest"],
                "vnd.docker.reference.type": "attestation-manifest",
            }

    def test_attestations_name_their_subject(self, embedded: EmbeddedRegistry, ecr: Any) -> None:
        _, index = manifest(ecr, "team/checkout", "prod")
        image, attestation = index["manifests"][0], index["manifests"][2]
        found = ecr.batch_get_image(repositoryName="team/checkout", imageIds=[{"imageDigest": attestation["digest"]}])[
            "images"
        ][0]
        layer = json.loads(found["imageManifest"])["layers"][0]
        assert layer["mediaType"] == "application/vnd.in-toto+json"
        statement = json.loads(content(embedded, ecr, "team/checkout", layer["digest"]))
        assert "sha256:" + statement["subject"][0]["digest"]["sha256"] == image["digest"]

    def test_a_docker_manifest_list_has_docker_images(
        self, ecr: Any, texts: dict[tuple[str, str], tuple[str, str]]
    ) -> None:
        _, found = manifest(ecr, "payments/settlement", "latest")
        assert found["mediaType"] == DOCKER_LIST
        assert {entry["mediaType"] for entry in found["manifests"]} == {DOCKER_MANIFEST}

    def test_one_oci_manifest_has_no_media_type(self, ecr: Any, images: dict[str, list[dict[str, Any]]]) -> None:
        _, found = manifest(ecr, "data/feature-store", "2026.10")
        assert "mediaType" not in found
        assert {image["imageManifestMediaType"] for image in images["data/feature-store"]} == {OCI_MANIFEST}

    def test_helm_charts_are_present(
        self, embedded: EmbeddedRegistry, ecr: Any, images: dict[str, list[dict[str, Any]]]
    ) -> None:
        _, found = manifest(ecr, "charts/checkout", "1.1.0")
        assert found["config"]["mediaType"] == "application/vnd.cncf.helm.config.v1+json"
        assert found["layers"][0]["mediaType"] == "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
        chart = json.loads(content(embedded, ecr, "charts/checkout", found["config"]["digest"]))
        assert (chart["name"], chart["version"]) == ("checkout", "1.1.0")
        assert all("helm" in image["artifactMediaType"] for image in images["charts/checkout"])

    def test_a_cosign_signature_is_under_its_tag(self, embedded: EmbeddedRegistry, ecr: Any) -> None:
        digest, _ = manifest(ecr, "team/checkout", "prod")
        _, signature = manifest(ecr, "team/checkout", f"sha256-{digest[7:]}.sig")
        layer = signature["layers"][0]
        assert layer["mediaType"] == "application/vnd.dev.cosign.simplesigning.v1+json"
        assert layer["annotations"]["dev.cosignproject.cosign/signature"]
        payload = json.loads(content(embedded, ecr, "team/checkout", layer["digest"]))
        assert payload["critical"]["image"]["docker-manifest-digest"] == digest

    def test_referrers_are_present(self, embedded: EmbeddedRegistry, ecr: Any) -> None:
        digest, _ = manifest(ecr, "team/checkout", "prod")
        found = ecr.list_image_referrers(repositoryName="team/checkout", subjectId={"imageDigest": digest})
        types = {one["artifactType"] for one in found["referrers"]}
        assert types == {"application/spdx+json", "application/vnd.cncf.notary.signature"}

    def test_one_index_has_many_platforms(self, ecr: Any) -> None:
        _, found = manifest(ecr, "mirror/nginx", "latest")
        platforms = {
            (entry["platform"]["architecture"], entry["platform"].get("variant")) for entry in found["manifests"]
        }
        assert {("arm", "v5"), ("arm", "v7"), ("s390x", None)} <= platforms

    def test_configs_describe_the_image(self, embedded: EmbeddedRegistry, ecr: Any) -> None:
        _, index = manifest(ecr, "team/checkout", "prod")
        for entry in index["manifests"][:2]:
            found = ecr.batch_get_image(repositoryName="team/checkout", imageIds=[{"imageDigest": entry["digest"]}])[
                "images"
            ][0]
            document = json.loads(found["imageManifest"])
            assert document["config"]["mediaType"] == OCI_CONFIG
            config = json.loads(content(embedded, ecr, "team/checkout", document["config"]["digest"]))
            assert config["architecture"] == entry["platform"]["architecture"]
            assert config["config"]["Env"]
            assert f"--arch '{config['architecture']}'" in config["history"][0]["created_by"]
            assert config["config"]["Entrypoint"]
            assert config["config"]["Labels"]["org.opencontainers.image.version"] == "2026.11.0"
            assert len(config["rootfs"]["diff_ids"]) == len(document["layers"])
            assert sum(not step.get("empty_layer") for step in config["history"]) == len(document["layers"])


class TestScans:
    def test_basic_scans_have_findings(self, ecr: Any, images: dict[str, list[dict[str, Any]]]) -> None:
        self.counted(ecr, "team/checkout", images["team/checkout"], "findings", "COMPLETE")

    def test_enhanced_scans_have_findings(self, ecr: Any, images: dict[str, list[dict[str, Any]]]) -> None:
        self.counted(ecr, "payments/gateway", images["payments/gateway"], "enhancedFindings", "ACTIVE")

    def counted(self, ecr: Any, repository: str, images: list[dict[str, Any]], member: str, status: str) -> None:
        total = 0
        for answer in scan_results(ecr, repository, images):
            assert answer["imageScanStatus"]["status"] == status
            found = answer["imageScanFindings"]
            counts = found["findingSeverityCounts"]
            open_ones = [one for one in found.get(member, ()) if one.get("status", "ACTIVE") == "ACTIVE"]
            assert Counter(one["severity"].replace("UNTRIAGED", "UNDEFINED") for one in open_ones) == counts
            total += len(found.get(member, ()))
        assert total > 10

    def test_a_suppression_rule_hides_some_findings(self, ecr: Any, images: dict[str, list[dict[str, Any]]]) -> None:
        found = [
            one
            for answer in scan_results(ecr, "payments/gateway", images["payments/gateway"])
            for one in answer["imageScanFindings"].get("enhancedFindings", ())
        ]
        assert {one["status"] for one in found} == {"ACTIVE", "SUPPRESSED"}

    def test_one_scan_failed(self, ecr: Any, images: dict[str, list[dict[str, Any]]]) -> None:
        states = [
            answer["imageScanStatus"]
            for answer in scan_results(ecr, "data/feature-store", images["data/feature-store"])
        ]
        (failed,) = [state for state in states if state["status"] == "FAILED"]
        assert "UnsupportedImageError" in failed["description"]


def scan_results(ecr: Any, repository: str, images: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the answers of DescribeImageScanFindings for the images that were scanned."""
    for image in images:
        with suppress(ecr.exceptions.ScanNotFoundException):
            yield ecr.describe_image_scan_findings(
                repositoryName=repository, imageId={"imageDigest": image["imageDigest"]}
            )


class TestHostileText:
    """Text that must reach a terminal as text only."""

    def everything(self, ecr: Any, embedded: EmbeddedRegistry) -> tuple[dict[str, str], dict[str, str]]:
        _, found = manifest(ecr, "sandbox/hostile-text", "hostile")
        config = json.loads(content(embedded, ecr, "sandbox/hostile-text", found["config"]["digest"]))
        return found["annotations"], config["config"]["Labels"]

    def test_annotations_and_labels_contain_all_hostile_text(self, embedded: EmbeddedRegistry, ecr: Any) -> None:
        for texts in self.everything(ecr, embedded):
            text = "".join([*texts, *texts.values()])
            assert "[/]" in text
            assert "[@click=app.quit]" in text
            assert "\x1b]0;" in text
            assert "\x1b]52;" in text
            assert any(0x80 <= ord(character) <= 0x9F for character in text)
            assert any(character < " " and character not in "\t\r\n\x1b" for character in text)
            assert {"RLO", "LRI", "AL"} & {unicodedata.bidirectional(character) for character in text}
            assert "\u202e" in text
            assert "\u200b" in text
            assert "\U0001f469\u200d" in text
            assert "\u2028" in text
            assert max(len(value) for value in texts.values()) == 10_000

    def test_a_resource_tag_contains_hostile_text(self, ecr: Any, repositories: dict[str, dict[str, Any]]) -> None:
        arn = repositories["sandbox/hostile-text"]["repositoryArn"]
        tags = {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=arn)["tags"]}
        assert "[@click=app.quit]" in tags["owner"]
        assert "\x1b]0;" in tags["owner"]
        assert all(len(value) <= 256 for value in tags.values())

    def test_tags_are_as_unusual_as_the_grammar_allows(self, ecr: Any, images: dict[str, list[dict[str, Any]]]) -> None:
        tags = tags_in(images["sandbox/hostile-text"])
        assert max(map(len, tags)) == 128
        assert "_" in tags


class TestTheShowcase:
    def test_the_main_repository_has_releases_and_environments(self, ecr: Any) -> None:
        tags = tags_of(ecr, "team/checkout")
        assert tags["release-2026.11"] == tags["prod"] != tags["release-2026.10"] == tags["rollback"]

    def test_the_newest_push_is_two_hours_old(self, images: dict[str, list[dict[str, Any]]]) -> None:
        newest = max(image["imagePushedAt"].timestamp() for image in images["team/checkout"])
        assert 1 < (NOW - newest) / 3600 < 3

    def test_platforms_and_prod_can_be_tagged_but_releases_cannot_move(self) -> None:
        with open_database(None) as database:
            load_demo(database)
            ecr = client_for(EmbeddedRegistry(database), region=REGION)
            _, index = manifest(ecr, "team/checkout", "prod")
            text = ecr.batch_get_image(
                repositoryName="team/checkout", imageIds=[{"imageDigest": index["manifests"][0]["digest"]}]
            )["images"][0]["imageManifest"]
            ecr.put_image(repositoryName="team/checkout", imageManifest=text, imageTag="prod")
            assert tags_of(ecr, "team/checkout")["prod"] == index["manifests"][0]["digest"]
            with refused("ImageTagAlreadyExistsException"):
                ecr.put_image(repositoryName="team/checkout", imageManifest=text, imageTag="release-2026.10")

    def test_no_immutable_tag_moved(
        self, ecr: Any, images: dict[str, list[dict[str, Any]]], repositories: dict[str, dict[str, Any]]
    ) -> None:
        for name, one in repositories.items():
            if one["imageTagMutability"] == "IMMUTABLE":
                assert not {"prod", "latest", "staging"} & set(tags_in(images[name]))


class TestLoading:
    def test_the_demo_is_loaded_once(self, tmp_path: Path) -> None:
        path = str(tmp_path / "registry.sqlite")
        with open_database(path) as database:
            assert load_demo(database)
        with open_database(path) as database:
            assert not load_demo(database)

    def test_changes_to_the_demo_stay(self, tmp_path: Path) -> None:
        with open_database(None) as database:
            load_demo(database)
            ecr = client_for(EmbeddedRegistry(database), region=REGION)
            ecr.delete_repository(repositoryName="team/checkout", force=True)
            load_demo(database)
            with refused("RepositoryNotFoundException"):
                ecr.list_images(repositoryName="team/checkout")

    def test_an_existing_repository_stays_as_it_is(self) -> None:
        with open_database(None) as database:
            ecr = client_for(EmbeddedRegistry(database), region=REGION)
            create_repository(ecr, "team/checkout", "IMMUTABLE")
            mine = push_image(ecr, "team/checkout", tag="mine")
            assert load_demo(database)
            assert tags_of(ecr, "team/checkout") == {"mine": mine.digest}

    def test_digests_do_not_depend_on_the_time(
        self, embedded: EmbeddedRegistry, texts: dict[tuple[str, str], tuple[str, str]]
    ) -> None:
        with open_database(None) as database:
            load_demo(database, now=NOW + 123_456.789)
            with database.read() as connection:
                again = {row["digest"] for row in connection.execute("SELECT digest FROM images")}
        assert again == {digest for _, digest in texts}

    def test_the_demo_works_for_another_registry(self) -> None:
        with open_database(None) as database:
            load_demo(database, registry_id="210987654321", region="eu-west-1")
            embedded = EmbeddedRegistry(database, registry_id="210987654321")
            found = client_for(embedded, region="eu-west-1").describe_repositories(repositoryNames=["team/checkout"])
        assert found["repositories"][0]["repositoryUri"].startswith("210987654321.dkr.ecr.eu-west-1.")
