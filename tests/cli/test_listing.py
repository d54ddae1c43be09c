"""``ecrtui images`` and ``ecrtui repositories`` on the embedded registry."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.cli.list_command import Order, sort_and_limit
from ecrtui.cli.main import main
from ecrtui.emulator.faults import Faults
from tests.catalog.large import add_images, add_repositories
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index, served

Run = Callable[..., list[dict]]


@pytest.fixture
def database(tmp_path: Path) -> str:
    """A registry in a file: the repository app with 6 images, 3 of them tagged, and two more repositories."""
    file = str(tmp_path / "registry.sqlite")
    embedded = new_embedded(file, region="us-east-1")
    add_images(embedded, "team/app", 6)
    create_repository(client_for(embedded, region="us-east-1"), "team/base", "IMMUTABLE_WITH_EXCLUSION", ["latest*"])
    add_repositories(embedded, ["other"])
    embedded.database.close()
    return file


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_images_are_printed_newest_first_as_describe_images_has_them(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["images", "team/app", "--db", database]) == 0
    out = capsys.readouterr().out
    document = json.loads(out)
    assert out == json.dumps(document, indent=4) + "\n", "the layout of all commands"
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
def test_filter_order_and_limit(
    database: str, capsys: pytest.CaptureFixture[str], options: list[str], tags: list[str | None]
) -> None:
    for output in ("json", "jsonl"):
        assert main(["images", "team/app", "--db", database, "--output", output, *options]) == 0
        out = capsys.readouterr().out
        rows = json.loads(out)["imageDetails"] if output == "json" else [json.loads(line) for line in out.splitlines()]
        found = [row.get("imageTags", [None])[0] for row in rows]
        # Without an order or a limit, JSON Lines come as they are listed.
        ordered = output == "json" or any(name in options for name in ("--sort", "--limit", "--reverse"))
        assert (found if ordered else sorted(found, key=str)) == (tags if ordered else sorted(tags, key=str))


@pytest.mark.parametrize("output", ["text", "table", "yaml", "yaml-stream", "csv", "jsonl", "json", "off"])
def test_every_format(database: str, capsys: pytest.CaptureFixture[str], output: str) -> None:
    assert main(["images", "team/app", "--db", database, "--output", output, "--sort", "pushed"]) == 0
    out = capsys.readouterr().out
    assert ("v4" in out) is (output != "off")


def test_csv_has_a_line_for_each_image(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["images", "team/app", "--db", database, "--output", "csv", "--sort", "pushed"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["imageTags"] for row in rows] == ["", "v4", "", "v2", "", "v0"]
    assert rows[1]["imageSizeInBytes"] == "1004"
    assert rows[1]["imagePushedAt"] == "2026-09-21T14:13:24+00:00"
    assert rows[1]["lastRecordedPullTime"] == ""


def test_a_query_picks_from_the_whole_and_with_json_lines_from_each(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    query = ["--query", "imageDetails[?imageTags].imageTags[0]", "--output", "text"]
    assert main(["images", "team/app", "--db", database, *query]) == 0
    assert capsys.readouterr().out.split() == ["v4", "v2", "v0"]
    query = ["--query", "[kind, imageSizeInBytes]", "--output", "jsonl", "--sort", "size"]
    assert main(["images", "team/app", "--db", database, *query]) == 0
    assert capsys.readouterr().out.splitlines()[0] == '["image",1005]'


def test_an_empty_repository_is_an_empty_list(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["images", "team/base", "--db", database]) == 0
    assert capsys.readouterr().out == json.dumps({"imageDetails": []}, indent=4) + "\n"


def test_everything_that_is_known_of_an_image_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "registry.sqlite")
    embedded = new_embedded(file, region="us-east-1")
    client = client_for(embedded, region="us-east-1")
    create_repository(client, "app")
    image = push_image(client, "app", tag="1")
    push_index(client, "app", tag="multi")
    client.start_image_scan(repositoryName="app", imageId={"imageDigest": image.digest})
    client.describe_image_scan_findings(repositoryName="app", imageId={"imageDigest": image.digest})
    with embedded.database.write() as connection:
        connection.execute("UPDATE images SET last_pulled_at = 5, last_archived_at = 6, subject = 'sha256:0' WHERE 1")
    expected = client.describe_images(repositoryName="app", imageIds=[{"imageDigest": image.digest}])["imageDetails"][0]
    embedded.database.close()
    assert main(["images", "app", "--db", file, "--filter", "tag=1", "--output", "jsonl"]) == 0
    (document,) = lines(capsys)
    assert (
        document["imageScanFindingsSummary"]["findingSeverityCounts"]
        == (expected["imageScanFindingsSummary"]["findingSeverityCounts"])
    )
    assert document["imageScanStatus"] == {"status": "COMPLETE"}
    assert document["lastRecordedPullTime"] == "1970-01-01T00:00:05+00:00"
    assert document["lastArchivedAt"] == "1970-01-01T00:00:06+00:00"
    assert document["subjectManifestDigest"] == "sha256:0"
    assert main(["images", "app", "--db", file, "--sort", "findings", "--output", "csv", "--limit", "1"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["imageDigest"] == image.digest
    assert dict(part.split("=") for part in row["findingSeverityCounts"].split()) == {
        name: str(count) for name, count in document["imageScanFindingsSummary"]["findingSeverityCounts"].items()
    }
    assert main(["images", "app", "--db", file, "--filter", "is:index", "--output", "jsonl"]) == 0
    assert [document["kind"] for document in lines(capsys)] == ["index"]


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
def test_repositories(database: str, capsys: pytest.CaptureFixture[str], options: list[str], names: list[str]) -> None:
    assert main(["repositories", "--db", database, *options]) == 0
    found = [repository["repositoryName"] for repository in json.loads(capsys.readouterr().out)["repositories"]]
    assert found == names


def test_a_repository_is_printed_as_describe_repositories_has_it(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["repositories", "base", "--db", database, "--output", "jsonl"]) == 0
    (document,) = lines(capsys)
    assert document.pop("createdAt").endswith("+00:00")
    assert document == {
        "repositoryArn": "arn:aws:ecr:us-east-1:123456789012:repository/team/base",
        "registryId": "123456789012",
        "repositoryName": "team/base",
        "repositoryUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/base",
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest*"}],
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["images", "team/app", "--filter", "size>abc"], "  size>abc\n       ^^^\n"),
        (["images", "team/app", "--query", "[["], "--query"),
        (["images", "Team"], "'Team' is not a repository name"),
        (["images", "team/app", "--reverse", "--sort", "none"], "--reverse needs an order"),
        (["images", "team/app", "--output", "csv", "--query", "a"], "--query does not go with csv"),
        (["repositories", "--filter", "tag:x"], "there is no field 'tag'"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_asked(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str, tmp_path: Path
) -> None:
    assert main([*arguments, "--db", str(tmp_path)]) == 2, "a folder is no database: nobody has opened it"
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""


def test_an_error_of_the_registry_has_an_exit_code_of_its_own(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["images", "nope", "--db", database]) == 7
    captured = capsys.readouterr()
    assert "Repository not found" in captured.err
    assert captured.out == ""


def test_rows_that_came_before_an_error_are_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    embedded = new_embedded(faults=Faults("DescribeImages:error:code=AccessDeniedException:after=1"))
    add_images(embedded, "app", 1500)
    with served(embedded) as url:
        assert main(["images", "app", "--endpoint-url", url, "--output", "jsonl"]) == 7
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1000
    assert "AccessDenied" in captured.err or "not allowed" in captured.err.lower()


def test_throttling_is_told_and_the_listing_goes_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    embedded = new_embedded(faults=Faults("DescribeRepositories:throttle:times=1"))
    add_repositories(embedded, ["app"])
    with served(embedded) as url:
        assert main(["repositories", "--endpoint-url", url, "--output", "jsonl"]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1
    assert "throttled; going on in" in captured.err


def test_a_reader_that_leaves_is_no_error(database: str) -> None:
    embedded = new_embedded(database, region="us-east-1")
    add_images(embedded, "large", 3000)
    embedded.database.close()
    command = [sys.executable, "-m", "ecrtui", "images", "large", "--output", "jsonl", "--db", database]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"COLUMNS": "80"}
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) == 0


def test_the_help_loads_neither_boto_nor_textual() -> None:
    program = (
        "import sys\nfrom ecrtui.cli.main import main\n"
        "for command in ('images', 'repositories', 'manifest'):\n"
        "    try: main([command, '--help'])\n"
        "    except SystemExit: pass\n"
        "print(sorted({'boto3', 'botocore', 'textual', 'rich'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"


values = st.none() | st.integers(0, 5)


@given(st.lists(values, max_size=12), st.none() | st.integers(0, 12), st.booleans())
def test_an_order_puts_what_is_not_known_at_the_end(
    rows: list[int | None], limit: int | None, descending: bool
) -> None:
    found = list(sort_and_limit(rows, Order(lambda row: row, descending), limit, lambda row: row))
    known = sorted((row for row in rows if row is not None), reverse=descending)
    assert found == [*known, *(row for row in rows if row is None)][:limit]
