"""``ecrtui images`` on a registry whose listing tells nothing of scans, as on AWS today."""

from __future__ import annotations

from typing import Any

import pytest

from ecrtui.cli.main import main
from ecrtui.ecr.findings import NOT_SCANNED
from tests.support.cli_env import CliEnv, CommandResult
from tests.support.edited_replies import edited
from tests.support.embedded import REGION, create_repository, push_image, push_index, served

pytestmark = pytest.mark.usefixtures("no_sdk_retries")

OPERATION = "DescribeImageScanFindings"
UNDECIDED = 11


class ImagesFindingsEnv:
    """The repository ``app`` with images that were scanned, and images that were not."""

    def __init__(self, cli: CliEnv, kind: str) -> None:
        self.cli = cli
        create_repository(cli.client, "app")
        self.digests = {name: push_image(cli.client, "app", name, name).digest for name in ("bad", "worse", "clean")}
        if kind == "enhanced":
            everything = {"filter": "*", "filterType": "WILDCARD"}
            cli.client.put_registry_scanning_configuration(
                scanType="ENHANCED", rules=[{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [everything]}]
            )
            for name in self.digests:  # an image that is pushed again is not scanned again
                self.digests[name] = push_image(cli.client, "app", f"{name} 2", name).digest
        else:
            for name in self.digests:
                cli.client.start_image_scan(repositoryName="app", imageId={"imageTag": name})
        for name, counts in (("bad", '{"HIGH": 2}'), ("worse", '{"CRITICAL": 1}'), ("clean", "{}")):
            self.set_scan(name, severity_counts=counts)
        with cli.embedded.database.write() as connection:
            connection.execute("DELETE FROM images WHERE digest NOT IN (?, ?, ?)", tuple(self.digests.values()))

    def set_scan(self, name: str, **columns: object) -> None:
        """Change the result of the scan of an image."""
        assignments = ", ".join(f"{column} = ?" for column in columns)
        with self.cli.embedded.database.write() as connection:
            connection.execute(
                f"UPDATE scans SET {assignments} WHERE image_id = (SELECT id FROM images WHERE digest = ?)",  # noqa: S608
                (*columns.values(), self.digests[name]),
            )

    def images(self, *options: str, output: str = "jsonl") -> CommandResult:
        return self.cli.run("images", "app", "--output", output, *options)

    def tags(self, *options: str) -> list[str]:
        result = self.images(*options)
        assert result.code == 0, result.err
        return [document["imageTags"][0] for document in result.json_lines]

    @property
    def requests(self) -> int:
        calls: int = self.cli.embedded.calls[OPERATION]
        return calls


def endpoint(url: str) -> tuple[str, ...]:
    """Return the options for a served registry, whose calls and faults the test controls."""
    return ("--endpoint-url", url, "--region", REGION, "--no-sign-request")


@pytest.fixture(params=["basic", "enhanced"])
def env(cli: CliEnv, request: pytest.FixtureRequest) -> ImagesFindingsEnv:
    return ImagesFindingsEnv(cli, request.param)


@pytest.fixture
def basic(cli: CliEnv) -> ImagesFindingsEnv:
    return ImagesFindingsEnv(cli, "basic")


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("severity>=critical", ["worse"]),
        ("severity>=high", ["bad", "worse"]),
        ("!severity>=high", ["clean"]),
        ("severity:none", ["clean"]),
        ("findings>0", ["bad", "worse"]),
        ("is:scanned", ["bad", "clean", "worse"]),
        ("scan:complete", ["bad", "clean", "worse"]),
        ("scan:active", ["bad", "clean", "worse"]),
    ],
)
def test_a_filter_asks_for_the_findings_that_it_needs(env: ImagesFindingsEnv, text: str, tags: list[str]) -> None:
    if text.startswith("scan:"):
        states = {document["imageScanStatus"]["status"] for document in env.images("--findings").json_lines}
        text = f"scan:{states.pop().lower()}"
    assert env.tags("--filter", text, "--sort", "tag") == tags


def test_only_rows_that_the_other_terms_let_through_cost_a_request(basic: ImagesFindingsEnv) -> None:
    with served(basic.cli.embedded) as url:
        assert main(["images", "app", "--filter", "tag:b", *endpoint(url)]) == 0
        assert basic.requests == 0
        assert main(["images", "app", "--filter", "tag=bad severity>=high", *endpoint(url)]) == 0
        assert basic.requests == 1


def test_findings_can_be_sorted_by(env: ImagesFindingsEnv) -> None:
    push_index(env.cli.client, "app", {}, tag="multi")
    tags = env.tags("--sort", "findings")
    assert tags[:3] == ["worse", "bad", "clean"]
    assert tags[-1] == "multi"
    assert env.tags("--sort", "findings", "--limit", "1") == ["worse"]


def test_findings_are_printed_on_request_and_each_state_is_different(basic: ImagesFindingsEnv) -> None:
    push_image(basic.cli.client, "app", "new", "new")
    for name, status in (("slow", "IN_PROGRESS"), ("broken", "FAILED")):
        basic.digests[name] = push_image(basic.cli.client, "app", name, name).digest
        basic.cli.client.start_image_scan(repositoryName="app", imageId={"imageTag": name})
        basic.set_scan(name, status=status)
    documents = {entry["imageTags"][0]: entry for entry in basic.images("--findings").json_lines}
    assert documents["worse"]["imageScanFindingsSummary"] == {"findingSeverityCounts": {"CRITICAL": 1}}
    assert documents["clean"]["imageScanFindingsSummary"] == {"findingSeverityCounts": {}}
    states = {name: entry["imageScanStatus"]["status"] for name, entry in documents.items()}
    assert states["new"] == NOT_SCANNED
    assert (states["slow"], states["broken"]) == ("IN_PROGRESS", "FAILED")
    assert all("imageScanFindingsSummary" not in documents[name] for name in ("new", "slow", "broken"))
    for options, shown in (
        (("--findings",), {"worse": "CRITICAL=1", "clean": "none", "new": "", "slow": "", "broken": ""}),
        ((), dict.fromkeys(documents, "?")),
    ):
        rows = {row["imageTags"]: row["findingSeverityCounts"] for row in basic.images(*options, output="csv").csv_rows}
        assert {name: rows[name] for name in shown} == shown


@pytest.mark.parametrize("member", ["imageScanStatus.status", "imageScanFindingsSummary.findingSeverityCounts.HIGH"])
@pytest.mark.parametrize("output", ["json", "jsonl", "text"])
def test_a_query_asks_for_the_scans_that_it_reads(basic: ImagesFindingsEnv, member: str, output: str) -> None:
    query = member if output == "jsonl" else f"imageDetails[].{member}"
    result = basic.images("--query", query, output=output)
    assert result.code == 0
    assert ("COMPLETE" if "status" in member else "2") in result.out


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("error:code=AccessDeniedException", "ecr:DescribeImageScanFindings"),
        ("unavailable", "Could not read the findings"),
        ("drop-before", "Could not read the findings"),
        ("error:code=ExpiredTokenException", "Could not read the findings"),
    ],
)
@pytest.mark.parametrize("options", [("--filter", "severity>=critical"), ("--sort", "findings"), ("--findings",)])
def test_findings_that_cannot_be_read_fail_the_command(
    basic: ImagesFindingsEnv, fault: str, words: str, options: tuple[str, ...]
) -> None:
    with served(basic.cli.embedded) as url:
        basic.cli.embedded.faults.add(f"{OPERATION}:{fault}")

        code = main(["images", "app", *options, *endpoint(url)])
        out, err = basic.cli.capsys.readouterr()
    assert (code, out) == (7, "")
    assert words in err


def test_a_malformed_reply_fails_the_command(basic: ImagesFindingsEnv) -> None:

    def spoil(reply: dict[str, Any]) -> None:
        reply["imageScanFindings"]["findingSeverityCounts"] = {"CRITICAL": "none"}

    with served(basic.cli.embedded) as url:
        basic.cli.embedded.faults.add(edited(OPERATION, spoil))
        assert main(["images", "app", "--filter", "severity>=critical", *endpoint(url)]) == 7


def test_an_image_that_is_deleted_meanwhile_is_left_out(basic: ImagesFindingsEnv) -> None:

    def delete() -> None:
        with basic.cli.embedded.database.write() as connection:
            connection.execute("DELETE FROM images WHERE digest = ?", (basic.digests["bad"],))

    with served(basic.cli.embedded) as url:
        basic.cli.embedded.faults.before(OPERATION, delete)
        assert main(["images", "app", "--filter", "severity>=high", "--output", "jsonl", *endpoint(url)]) == 0
        out, err = basic.cli.capsys.readouterr()
    assert [line for line in out.splitlines() if '"worse"' in line]
    assert err == ""


@pytest.mark.parametrize("status", ["IN_PROGRESS", "PENDING", "FAILED", "UNSUPPORTED_IMAGE", "NEW_STATE"])
@pytest.mark.parametrize(
    "options",
    [
        ("--filter", "tag=bad severity>=critical"),
        ("--filter", "tag=bad !severity>=critical"),
        ("--filter", "tag=bad", "--query", "imageScanFindingsSummary.findingSeverityCounts.CRITICAL"),
    ],
)
def test_a_severity_filter_fails_if_findings_are_not_known(
    basic: ImagesFindingsEnv, status: str, options: tuple[str, ...]
) -> None:
    basic.set_scan("bad", status=status)
    result = basic.images(*options)
    assert result.code == UNDECIDED
    assert result.out in ("", "null\n")
    assert "1 image without findings" in result.err


@pytest.mark.parametrize("output", ["json", "yaml", "text", "table", "csv", "jsonl", "off"])
def test_a_severity_filter_fails_for_an_image_that_was_not_scanned(basic: ImagesFindingsEnv, output: str) -> None:
    push_image(basic.cli.client, "app", "new", "new")
    result = basic.images("--filter", "tag=new severity>=critical", output=output)
    assert result.code == UNDECIDED
    assert "1 image without findings: 1 not scanned" in result.err
    assert basic.images("--filter", "tag=new severity>=critical is:scanned", output=output).code == 0


def test_a_severity_filter_passes_on_a_scan_without_such_findings(env: ImagesFindingsEnv) -> None:
    result = env.images("--filter", "tag=bad severity>=critical", output="json")
    assert (result.code, result.json, result.err) == (0, {"imageDetails": []}, "")


@pytest.mark.parametrize("text", ["severity>=critical", "tag:e severity>=critical", "tag:e !severity>=critical"])
def test_found_images_are_printed_and_the_command_fails_if_others_are_undecided(
    basic: ImagesFindingsEnv, text: str
) -> None:
    push_image(basic.cli.client, "app", "new", "new")
    result = basic.images("--filter", text)
    assert (result.code, len(result.json_lines)) == (UNDECIDED, 1)
    assert "1 image without findings: 1 not scanned. Add is:scanned" in result.err


def test_findings_that_only_the_output_shows_may_be_unknown(basic: ImagesFindingsEnv) -> None:
    push_image(basic.cli.client, "app", "new", "new")
    result = basic.images("--findings")
    assert (result.code, len(result.json_lines)) == (0, 4)
    assert "1 image without findings: 1 not scanned." in result.err


def test_the_exit_codes_are_in_the_help(cli: CliEnv) -> None:
    with pytest.raises(SystemExit):
        cli.run("images", "--help")
    assert "11 undecided" in " ".join(cli.capsys.readouterr().out.split())
