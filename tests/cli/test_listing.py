"""``ecrtui images`` and ``ecrtui repositories``."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.cli.list_command import SortOrder, sort_and_limit
from ecrtui.cli.main import main
from ecrtui.emulator.faults import Faults
from tests.catalog.large import add_images, add_repositories
from tests.support.cli_env import CliEnv
from tests.support.embedded import REGION, client_for, create_repository, new_embedded, push_image, push_index, served


@pytest.fixture
def listing(cli: CliEnv) -> CliEnv:
    """The repository team/app with 6 images, 3 of them tagged, and two repositories without images."""
    add_images(cli.embedded, "team/app", 6)
    create_repository(cli.client, "team/base", "IMMUTABLE_WITH_EXCLUSION", ["latest*"])
    add_repositories(cli.embedded, ["other"])
    return cli


def test_images_are_printed_newest_first_in_the_layout_of_the_aws_cli(listing: CliEnv) -> None:
    result = listing.run("images", "team/app")
    assert result.code == 0
    document = result.json
    assert result.out == json.dumps(document, indent=4) + "\n"
    images = document["imageDetails"]
    assert [image.get("imageTags") for image in images] == [None, ["v4"], None, ["v2"], None, ["v0"]]
    assert images[1] == {
        "repositoryName": "team/app",
        "imageDigest": images[1]["imageDigest"],
        "imageTags": ["v4"],
        "imageSizeInBytes": 1004,
        "imagePushedAt": "2026-09-21T14:13:24+00:00",
        "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactMediaType": "application/vnd.oci.image.config.v1+json",
        "imageStatus": "ACTIVE",
        "kind": "image",
    }


@pytest.mark.parametrize("command", [["images"], ["lifecycle"], ["swap"], ["doctor"], ["history", "--repository"]])
@pytest.mark.parametrize("image", [":v4", "@sha256:" + "0" * 64])
def test_a_command_on_a_repository_refuses_an_image(listing: CliEnv, command: list[str], image: str) -> None:
    tags = ["a", "b"] if command == ["swap"] else []
    result = listing.run(*command, f"team/app{image}", *tags)
    assert result.code == 2
    assert "names an image" in result.err
    assert "Write the repository alone: team/app." in result.err


def test_a_repository_can_be_named_by_its_arn(listing: CliEnv) -> None:
    arn = listing.client.describe_repositories(repositoryNames=["team/app"])["repositories"][0]["repositoryArn"]
    assert len(listing.run("images", arn).json["imageDetails"]) == 6


@pytest.mark.parametrize(
    ("options", "tags"),
    [
        (["--filter", "is:tagged"], ["v4", "v2", "v0"]),
        (["--filter", "!v2 is:tagged size<1004"], ["v0"]),
        (["--filter", "is:tagged", "--sort", "tag"], ["v0", "v2", "v4"]),
        (["--filter", "is:tagged", "--sort", "tag", "--reverse"], ["v4", "v2", "v0"]),
        (["--filter", "is:tagged", "--reverse"], ["v0", "v2", "v4"]),
        (["--filter", "is:tagged", "--sort", "size"], ["v4", "v2", "v0"]),
        (["--filter", "is:tagged", "--limit", "2"], ["v4", "v2"]),
        (["--limit", "0"], []),
        (["--sort", "tag", "--limit", "4"], ["v0", "v2", "v4", None]),
        (["--sort", "tag", "--reverse", "--limit", "4"], ["v4", "v2", "v0", None]),
        (["--limit", "99"], [None, "v4", None, "v2", None, "v0"]),
    ],
)
def test_images_can_be_filtered_sorted_and_limited(listing: CliEnv, options: list[str], tags: list[str | None]) -> None:
    for output in ("json", "jsonl"):
        result = listing.run("images", "team/app", "--output", output, *options)
        assert result.code == 0
        rows = result.json["imageDetails"] if output == "json" else result.json_lines
        found = [row.get("imageTags", [None])[0] for row in rows]
        # JSON Lines come in the order of arrival unless one of these options is given.
        ordered = output == "json" or any(name in options for name in ("--sort", "--limit", "--reverse"))
        assert (found if ordered else sorted(found, key=str)) == (tags if ordered else sorted(tags, key=str))


@pytest.mark.parametrize("output", ["text", "table", "yaml", "yaml-stream", "csv", "jsonl", "json", "off"])
def test_images_can_be_printed_in_every_format(listing: CliEnv, output: str) -> None:
    result = listing.run("images", "team/app", "--output", output, "--sort", "pushed")
    assert result.code == 0
    assert ("v4" in result.out) is (output != "off")


def test_csv_has_a_line_for_each_image(listing: CliEnv) -> None:
    result = listing.run("images", "team/app", "--output", "csv", "--sort", "pushed")
    assert result.code == 0
    rows = result.csv_rows
    assert [row["imageTags"] for row in rows] == ["", "v4", "", "v2", "", "v0"]
    assert rows[1]["imageSizeInBytes"] == "1004"
    assert rows[1]["imagePushedAt"] == "2026-09-21T14:13:24+00:00"
    assert rows[1]["lastRecordedPullTime"] == ""


def test_a_query_applies_to_the_document_or_to_each_json_line(listing: CliEnv) -> None:
    result = listing.run("images", "team/app", "--query", "imageDetails[?imageTags].imageTags[0]", "--output", "text")
    assert (result.code, result.out.split()) == (0, ["v4", "v2", "v0"])
    query = ["--query", "[kind, imageSizeInBytes]", "--output", "jsonl", "--sort", "size"]
    result = listing.run("images", "team/app", *query)
    assert (result.code, result.out.splitlines()[0]) == (0, '["image",1005]')


def test_an_empty_repository_gives_an_empty_list(listing: CliEnv) -> None:
    result = listing.run("images", "team/base")
    assert (result.code, result.out) == (0, json.dumps({"imageDetails": []}, indent=4) + "\n")


def test_optional_members_of_an_image_are_printed(cli: CliEnv) -> None:
    create_repository(cli.client, "app")
    image = push_image(cli.client, "app", tag="1")
    push_index(cli.client, "app", tag="multi")
    cli.client.start_image_scan(repositoryName="app", imageId={"imageDigest": image.digest})
    scan = cli.client.describe_image_scan_findings(repositoryName="app", imageId={"imageDigest": image.digest})
    subject = "sha256:" + "0" * 64
    with cli.embedded.database.write() as connection:
        connection.execute(
            "UPDATE images SET last_pulled_at = 5, last_archived_at = 6, last_activated_at = 7, subject = ?", (subject,)
        )
    result = cli.run("images", "app", "--filter", "tag=1", "--findings", "--output", "jsonl")
    (document,) = result.json_lines
    assert result.code == 0
    counts = document["imageScanFindingsSummary"]["findingSeverityCounts"]
    assert counts == scan["imageScanFindings"]["findingSeverityCounts"]
    assert document["imageScanStatus"] == {"status": "COMPLETE"}
    assert document["lastRecordedPullTime"] == "1970-01-01T00:00:05+00:00"
    assert document["lastArchivedAt"] == "1970-01-01T00:00:06+00:00"
    assert document["lastActivatedAt"] == "1970-01-01T00:00:07+00:00"
    assert document["subjectManifestDigest"] == subject
    result = cli.run("images", "app", "--sort", "findings", "--output", "csv", "--limit", "1")
    (row,) = result.csv_rows
    assert (result.code, row["imageDigest"]) == (0, image.digest)
    assert dict(part.split("=") for part in row["findingSeverityCounts"].split()) == {
        name: str(count) for name, count in counts.items()
    }
    result = cli.run("images", "app", "--filter", "is:index", "--output", "jsonl")
    assert (result.code, [document["kind"] for document in result.json_lines]) == (0, ["index"])


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], ["other", "team/app", "team/base"]),
        (["team"], ["team/app", "team/base"]),
        (["team/*"], ["team/app", "team/base"]),
        (["*/a??"], ["team/app"]),
        (["app/*"], []),
        (["--filter", "is:immutable"], ["team/base"]),
        (["team", "--filter", "!base"], ["team/app"]),
        (["--reverse"], ["team/base", "team/app", "other"]),
        (["--sort", "created"], ["team/base", "other", "team/app"]),
        (["--limit", "1"], ["other"]),
    ],
)
def test_repositories_can_be_filtered_sorted_and_limited(listing: CliEnv, options: list[str], names: list[str]) -> None:
    result = listing.run("repositories", *options)
    assert result.code == 0
    assert [repository["repositoryName"] for repository in result.json["repositories"]] == names


def test_repositories_have_totals_if_asked_for(listing: CliEnv) -> None:
    result = listing.run("repositories", "--totals", "--sort", "images", "--limit", "1")
    assert result.code == 0
    (document,) = result.json["repositories"]
    totals = document["totals"]
    assert document["repositoryName"] == "team/app"
    assert (totals["imageCount"], totals["taggedImageCount"], totals["unknownScanCount"]) == (6, 3, 6)
    assert totals["worstFindingSeverityCounts"] is None

    lines = list(csv.DictReader(listing.run("repositories", "team", "--totals", "--output", "csv").out.splitlines()))
    assert {line["repositoryName"]: line["imageCount"] for line in lines} == {"team/app": "6", "team/base": "0"}
    assert lines[0]["worstFindingSeverityCounts"] == "?"

    assert listing.run("repositories", "--sort", "size").code == 2


def test_repositories_can_be_filtered_by_their_lifecycle_rules(
    capsys: pytest.CaptureFixture[str], no_sdk_retries: None
) -> None:
    embedded = new_embedded()
    add_repositories(embedded, ["app", "web"])
    client = client_for(embedded)
    selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 9}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    client.put_lifecycle_policy(repositoryName="web", lifecyclePolicyText=json.dumps({"rules": [rule]}))
    command = ["repositories", "--totals", "--output", "csv", "--filter"]
    with served(embedded) as url:
        assert main([*command, "lifecycle>0", "--endpoint-url", url]) == 0
        (line,) = csv.DictReader(capsys.readouterr().out.splitlines())
        assert (line["repositoryName"], line["lifecycleRuleCount"]) == ("web", "1")
        embedded.faults.add("GetLifecyclePolicy:error:code=AccessDeniedException:times=1")
        assert main([*command, "lifecycle:none name:app", "--limit", "5", "--endpoint-url", url]) == 11
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1
    assert "The filter cannot decide about 1 repository: too little is known of the totals." in captured.err
    assert main([command[0], "--filter", "lifecycle:none"]) == 2
    assert "Add --totals." in capsys.readouterr().err


def test_repositories_without_totals_make_the_answer_incomplete(
    capsys: pytest.CaptureFixture[str], no_sdk_retries: None
) -> None:
    embedded = new_embedded(faults=Faults("DescribeImages:error:code=AccessDeniedException"))
    add_repositories(embedded, ["app", "web"])
    with served(embedded) as url:
        assert main(["repositories", "--totals", "--endpoint-url", url, "--output", "jsonl"]) == 11
    captured = capsys.readouterr()
    assert [json.loads(line)["totals"] for line in captured.out.splitlines()] == [None, None]
    assert "The totals are not complete: 2 repositories could not be counted." in captured.err


def test_only_the_repositories_that_are_printed_are_counted(
    capsys: pytest.CaptureFixture[str], no_sdk_retries: None
) -> None:
    embedded = new_embedded(faults=Faults("DescribeImages:error:code=AccessDeniedException"))
    add_repositories(embedded, ["app", "web"])
    with served(embedded) as url:
        assert main(["repositories", "--totals", "--limit", "1", "--endpoint-url", url]) == 11
    captured = capsys.readouterr()
    assert [row["repositoryName"] for row in json.loads(captured.out)["repositories"]] == ["app"]
    assert "1 repository could not be counted." in captured.err


def test_a_repository_has_the_members_of_describe_repositories(listing: CliEnv) -> None:
    result = listing.run("repositories", "base", "--output", "jsonl")
    (document,) = result.json_lines
    assert result.code == 0
    assert document.pop("createdAt").endswith("+00:00")
    assert document == {
        "repositoryArn": f"arn:aws:ecr:{REGION}:123456789012:repository/team/base",
        "registryId": "123456789012",
        "repositoryName": "team/base",
        "repositoryUri": f"123456789012.dkr.ecr.{REGION}.amazonaws.com/team/base",
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest*"}],
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["images", "team/app", "--filter", "size>abc"], "  size>abc\n       ^^^\n"),
        (["images", "team/app", "--query", "[["], "--query"),
        (["images", "Team"], "'Team' is not a repository name"),
        (["images", "team/app", "--reverse", "--sort", "none"], "--reverse needs a sort order"),
        (["images", "team/app", "--output", "csv", "--query", "a"], "--query does not work with csv"),
        (["repositories", "--filter", "tag:x"], "'tag'"),
    ],
)
def test_invalid_options_are_reported_before_the_registry_is_opened(
    cli: CliEnv, arguments: list[str], message: str
) -> None:
    result = cli.run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert cli.database not in result.err  # the file does not exist


def test_an_error_of_the_registry_has_exit_code_7(listing: CliEnv) -> None:
    result = listing.run("images", "nope")
    assert (result.code, result.out) == (7, "")
    assert "Repository not found" in result.err


def test_rows_received_before_an_error_are_printed(capsys: pytest.CaptureFixture[str], no_sdk_retries: None) -> None:
    embedded = new_embedded(faults=Faults("DescribeImages:error:code=AccessDeniedException:after=1"))
    add_images(embedded, "app", 1500)
    with served(embedded) as url:
        assert main(["images", "app", "--endpoint-url", url, "--output", "jsonl"]) == 7
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1000
    assert "AccessDenied" in captured.err or "not allowed" in captured.err.lower()


def test_a_throttled_listing_says_so_and_continues(capsys: pytest.CaptureFixture[str], no_sdk_retries: None) -> None:
    embedded = new_embedded(faults=Faults("DescribeRepositories:throttle:times=1"))
    add_repositories(embedded, ["app"])
    with served(embedded) as url:
        assert main(["repositories", "--endpoint-url", url, "--output", "jsonl"]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1
    assert "throttled; continuing in" in captured.err


def test_a_reader_that_closes_the_output_early_is_no_error(cli: CliEnv) -> None:
    add_images(cli.embedded, "large", 3000)
    command = [sys.executable, "-m", "ecrtui", "images", "large", "--output", "jsonl", *cli.options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"COLUMNS": "80"}
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(120) == 0


KEYS = st.none() | st.integers(0, 5)


@given(st.lists(KEYS, max_size=12), st.none() | st.integers(0, 12), st.booleans())
def test_rows_without_a_key_come_last(rows: list[int | None], limit: int | None, descending: bool) -> None:
    found = list(sort_and_limit(rows, SortOrder(lambda row: row, descending), limit, lambda row: row))
    with_key = sorted((row for row in rows if row is not None), reverse=descending)
    assert found == [*with_key, *(row for row in rows if row is None)][:limit]
