"""``ecrtui images`` never lists a part of an index as an unused image."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from ecrtui.cli.main import main
from ecrtui.ecr.manifest import DOCKER_LIST, OCI_MANIFEST
from tests.support.cli_env import CliEnv, CommandResult
from tests.support.edited_replies import edited
from tests.support.embedded import REGION, create_repository, manifest_text, push_image, push_index, put, served

UNDECIDED = 11
CALLER = "arn:aws:iam::123456789012:user/embedded"


@dataclass
class ImagesPartsEnv:
    """The repository ``app``: an index with a tag, its parts, an attached signature, and an image of no use."""

    cli: CliEnv

    def __post_init__(self) -> None:
        client = self.cli.client
        create_repository(client, "app")
        self.index = push_index(client, "app", tag="v1").digest
        self.loose = push_image(client, "app", "loose").digest
        subject = {"mediaType": OCI_MANIFEST, "digest": self.loose, "size": 1}
        put(client, "app", manifest_text(client, "app", "sig", subject=subject, artifactType="a/signature"))

    def images(self, text: str, *options: str) -> CommandResult:
        return self.cli.run("images", "app", "--filter", text, "--output", "jsonl", *options)

    def digests(self, text: str, *options: str) -> set[str]:
        result = self.images(text, *options)
        assert (result.code, result.err) == (0, "")
        return {row["imageDigest"] for row in result.json_lines}

    def pulled(self, digest: str) -> bool:
        ids = [{"imageDigest": digest}]
        (detail,) = self.cli.client.describe_images(repositoryName="app", imageIds=ids)["imageDetails"]
        return "lastRecordedPullTime" in detail


@pytest.fixture
def env(cli: CliEnv) -> ImagesPartsEnv:
    return ImagesPartsEnv(cli)


@pytest.mark.parametrize("text", ["is:untagged", "is:orphan pushed<1d", "is:platform", "untagged", "of:v1"])
def test_nothing_is_said_of_images_whose_index_was_not_read(env: ImagesPartsEnv, text: str) -> None:
    result = env.images(text)
    assert (result.code, result.out) == (UNDECIDED, "")
    assert "may be in use as a part of an index. Add --read-indexes to read 1 index" in result.err
    assert not env.pulled(env.index)


def test_the_images_that_are_decided_are_printed(env: ImagesPartsEnv) -> None:
    result = env.images("!is:untagged")
    assert (result.code, len(result.json_lines)) == (UNDECIDED, 2)
    assert "3 images may be in use as a part of an index" in result.err


def test_parts_are_apart_once_the_indexes_are_read(env: ImagesPartsEnv) -> None:
    assert env.digests("is:untagged", "--read-indexes") == {env.loose}
    assert env.pulled(env.index)
    assert len(env.digests("is:platform", "--read-indexes")) == 2
    assert env.digests("of:v1", "--read-indexes") == env.digests("is:platform", "--read-indexes")
    assert len(env.digests("is:part", "--read-indexes")) == 3
    assert len(env.digests("tags=0")) == 4


def test_the_output_says_what_an_image_is_part_of(env: ImagesPartsEnv) -> None:
    rows = {row["imageDigest"]: row.get("partOf") for row in env.images("", "--read-indexes").json_lines}
    assert (rows.pop(env.index), rows.pop(env.loose)) == ([], [])
    assert sorted(map(str, rows.values())) == sorted(map(str, [[env.index], [env.index], [env.loose]]))
    unknown = {row["imageDigest"]: row.get("partOf") for row in env.images("is:tagged !platform:arm").json_lines}
    assert unknown == {}
    assert all("partOf" not in row for row in env.images("").json_lines)
    table = env.cli.run("images", "app", "--output", "csv").out.splitlines()
    assert {line.rpartition(",")[2] for line in table[1:]} == {"?"}


def test_the_platform_of_an_image_that_is_in_no_index_is_not_known(env: ImagesPartsEnv) -> None:
    result = env.images("platform:linux !is:index", "--read-indexes")
    assert (result.code, len(result.json_lines)) == (UNDECIDED, 2)
    assert "The platform of 1 image is not known: it is in no index" in result.err


def test_a_caller_whose_pulls_are_not_recorded_reads_them_unasked(env: ImagesPartsEnv) -> None:
    env.cli.client.register_pull_time_update_exclusion(principalArn=CALLER)
    assert env.digests("is:untagged") == {env.loose}
    assert not env.pulled(env.index)


def test_a_repository_without_indexes_has_no_parts(cli: CliEnv) -> None:
    create_repository(cli.client, "app")
    loose = push_image(cli.client, "app", "loose").digest
    result = cli.run("images", "app", "--filter", "is:untagged", "--output", "jsonl")
    assert (result.code, [row["imageDigest"] for row in result.json_lines], result.err) == (0, [loose], "")


def test_every_kind_of_index_has_parts(env: ImagesPartsEnv) -> None:
    client = env.cli.client
    inner = push_index(client, "app", {"linux/s390x": push_image(client, "app", "s390x")})
    push_index(client, "app", {"linux/s390x": inner}, tag="nested")
    push_index(client, "app", {"linux/arm64": push_image(client, "app", "d")}, "docker", DOCKER_LIST)
    orphan = push_index(client, "app", {"linux/arm64": push_image(client, "app", "e")})
    assert env.digests("is:untagged", "--read-indexes") == {env.loose, orphan.digest}
    assert len(env.digests("is:platform", "--read-indexes")) == 6


def test_an_archived_index_leaves_its_parts_unknown(env: ImagesPartsEnv) -> None:
    env.cli.client.update_image_storage_class(
        repositoryName="app", imageId={"imageTag": "v1"}, targetStorageClass="ARCHIVE"
    )
    result = env.images("is:untagged", "--read-indexes")
    assert (result.code, result.out) == (UNDECIDED, "")
    assert "1 index could not be read: archived" in result.err


def test_indexes_that_cannot_be_read_fail_the_command(env: ImagesPartsEnv) -> None:
    env.cli.embedded.faults.add("BatchGetImage:error:code=AccessDeniedException")
    with served(env.cli.embedded) as url:
        endpoint = ("--endpoint-url", url, "--region", REGION, "--no-sign-request")
        code = main(["images", "app", "--filter", "is:untagged", "--read-indexes", *endpoint])
    out, err = env.cli.capsys.readouterr()
    assert (code, out) == (7, "")
    assert "Could not read the indexes" in err


def test_a_row_that_cannot_be_read_may_be_an_index(env: ImagesPartsEnv) -> None:
    def spoil(reply: dict[str, Any]) -> None:
        for row in reply["imageDetails"]:
            if row["imageDigest"] == env.index:
                row["imageDigest"] = 5

    env.cli.embedded.faults.add(edited("DescribeImages", spoil))
    with served(env.cli.embedded) as url:
        endpoint = ("--endpoint-url", url, "--region", REGION, "--no-sign-request")
        code = main(["images", "app", "--filter", "is:untagged", "--read-indexes", "--output", "csv", *endpoint])
    out, err = env.cli.capsys.readouterr()
    assert (code, len(out.splitlines())) == (7, 1)
    assert "1 row of the response could not be read" in err


def test_totals_do_not_count_parts_of_an_index_that_was_read_before(env: ImagesPartsEnv) -> None:
    with served(env.cli.embedded) as url:  # an embedded registry has no cache
        place = ("--endpoint-url", url, "--region", REGION, "--output", "jsonl")

        def counts() -> list[int | None]:
            assert main(["repositories", "app", "--totals", *place]) == 0
            out, err = env.cli.capsys.readouterr()
            totals = json.loads(out)["totals"]
            is_told = "In 1 repository, imageCount may include parts of indexes" in err
            assert is_told is (totals["partCount"] is None)
            names = ("imageCount", "taggedImageCount", "partCount", "orphanCount", "listedImageCount")
            return [totals[name] for name in names]

        assert counts() == [4, 1, None, None, 5]
        assert main(["find", env.loose, "--read-indexes", *place]) == 0
        env.cli.capsys.readouterr()
        assert counts() == [2, 1, 3, 1, 5]
