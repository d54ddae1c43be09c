"""``ecrtui findings``: a list of findings, and a gate for pipelines that never takes "not known" for "none"."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from ecrtui.cli.exit_codes import ExitCode
from ecrtui.cli.main import main
from ecrtui.emulator.operations import scans
from tests.support.cli_env import CliEnv
from tests.support.embedded import REGION, PushedImage, create_repository, push_image, push_index, served

pytestmark = pytest.mark.usefixtures("no_sdk_retries")

OPERATION = "DescribeImageScanFindings"


def finding(name: str, severity: str, package: str, score: str = "", fixed_in: str = "") -> Mapping[str, object]:
    """Return a finding of a basic scan."""
    attributes = {"package_name": package, "package_version": "1", "CVSS3_SCORE": score, "fixed_in_versions": fixed_in}
    pairs = [{"key": key, "value": value} for key, value in attributes.items() if value]
    return {"name": name, "severity": severity, "attributes": pairs, "uri": f"https://example.com/{name}"}


CURL = finding("CVE-1", "CRITICAL", "curl", "9.8", "2")
ZLIB = finding("CVE-2", "MEDIUM", "zlib", "5.0")


class FindingsEnv:
    """The index ``app:prod`` of two scanned platforms; ``app:new`` was not scanned, ``app:clean`` has no findings."""

    def __init__(self, cli: CliEnv) -> None:
        self.cli = cli
        create_repository(cli.client, "app")
        platforms = {
            name: push_image(cli.client, "app", name, platform=name) for name in ("linux/amd64", "linux/arm64")
        }
        self.amd, self.arm = platforms.values()
        push_index(cli.client, "app", platforms, tag="prod")
        push_image(cli.client, "app", "new", "new")
        self.store(push_image(cli.client, "app", "clean", "clean"))
        self.store(self.amd, ZLIB)
        self.store(self.arm, CURL, ZLIB)

    def store(self, image: PushedImage, *findings: Mapping[str, object]) -> None:
        """Give an image a finished basic scan with these findings."""
        with self.cli.embedded.database.write() as connection:
            (image_id,) = connection.execute("SELECT id FROM images WHERE digest = ?", (image.digest,)).fetchone()
            scans.store_scan(connection, image_id, findings, {}, at=1_700_000_000)


@pytest.fixture
def env(cli: CliEnv) -> FindingsEnv:
    return FindingsEnv(cli)


def test_one_row_for_each_vulnerability_with_its_platforms(env: FindingsEnv) -> None:
    result = env.cli.run("findings", "app:prod")
    assert result.code == ExitCode.DONE
    first, second = result.json["findings"]
    assert (first["vulnerabilityId"], first["platforms"], first["fixedInVersion"]) == ("CVE-1", "linux/arm64", "2")
    assert (second["vulnerabilityId"], second["platforms"]) == ("CVE-2", "linux/amd64, linux/arm64")
    assert {image["imageDigest"] for image in second["images"]} == {env.amd.digest, env.arm.digest}
    assert env.cli.run("findings", f"app@{env.amd.digest}", "--output", "jsonl").json_lines[0]["score"] == 5.0
    table = env.cli.run("findings", "app:prod", "--output", "table").out
    assert "linux/amd64, linux/arm64" in table
    assert "https://" not in table
    sorted_rows = env.cli.run("findings", "app:prod", "--sort", "package", "--reverse", "--output", "csv").csv_rows
    assert [row["packageName"] for row in sorted_rows] == ["zlib", "curl"]


@pytest.mark.parametrize(
    ("image", "text", "code", "said"),
    [
        ("app:prod", "severity>=high", ExitCode.FOUND, ""),
        ("app:prod", "severity>=high package:zlib", ExitCode.DONE, ""),
        ("app:prod", "fix:yes", ExitCode.FOUND, "cannot decide about 1 finding"),
        ("app:prod", "fix:yes severity<critical", ExitCode.UNDECIDED, "cannot decide about 1 finding"),
        ("app:prod", "fix:yes severity<critical !fix:unknown", ExitCode.DONE, ""),
        ("app:clean", "", ExitCode.DONE, ""),
        ("app:new", "", ExitCode.UNDECIDED, "findings of new are not known (not scanned): Start a scan"),
        ("app", "package:zlib", ExitCode.UNDECIDED, "the platforms of 1 index are not known. --read-indexes"),
        ("app", "severity>critical --read-indexes", ExitCode.UNDECIDED, "not scanned"),
        ("app:nothing", "", ExitCode.REGISTRY_ERROR, "app has no tag nothing"),
        ("app:prod", "severty:high", ExitCode.USAGE, "Did you mean severity:high?"),
    ],
)
def test_the_exit_code_is_0_only_if_it_is_known_that_nothing_matches(
    env: FindingsEnv, image: str, text: str, code: ExitCode, said: str
) -> None:
    text, _, option = text.partition(" --")
    result = env.cli.run("findings", image, "--exit-code", "--filter", text, *([f"--{option}"] if option else []))
    assert (result.code, said in result.err) == (code, True), result.err
    if not said:
        assert not result.err


@pytest.mark.parametrize(
    ("text", "code", "listed"),
    [
        ("", ExitCode.FOUND, "curl"),
        ("severity>=high package:zlib", ExitCode.DONE, ""),
        ("severity>=critical", ExitCode.FOUND, "curl"),
        ("status:suppressed", ExitCode.FOUND, "zlib"),
        ("!status:open", ExitCode.FOUND, "openssl zlib"),
    ],
)
def test_findings_that_are_not_open_are_listed_on_request_alone(
    env: FindingsEnv, text: str, code: ExitCode, listed: str
) -> None:
    def enhanced(name: str, severity: str, package: str, status: str) -> Mapping[str, object]:
        details = {"vulnerabilityId": name, "vulnerablePackages": [{"name": package, "version": "1"}]}
        return {"title": name, "severity": severity, "status": status, "packageVulnerabilityDetails": details}

    found = [
        enhanced("CVE-1", "CRITICAL", "curl", "ACTIVE"),
        enhanced("CVE-2", "HIGH", "zlib", "SUPPRESSED"),
        enhanced("CVE-3", "HIGH", "openssl", "CLOSED"),
    ]
    image = push_image(env.cli.client, "app", "enhanced", "enhanced")
    with env.cli.embedded.database.write() as connection:
        (image_id,) = connection.execute("SELECT id FROM images WHERE digest = ?", (image.digest,)).fetchone()
        scans.store_scan(connection, image_id, found, {"CRITICAL": 1}, kind=scans.ENHANCED, at=1_700_000_000)
    result = env.cli.run("findings", "app:enhanced", "--exit-code", "--filter", text)
    assert result.code == code, result.err
    assert " ".join(row["packageName"] for row in result.json["findings"]) == listed
    assert ("1 suppressed, 1 closed. Add status:suppressed" in result.err) is ("status" not in text)


@pytest.mark.parametrize(("status", "state"), [("IN_PROGRESS", "in progress"), ("FAILED", "failed")])
def test_a_platform_without_a_result_is_named_and_the_others_are_printed(
    env: FindingsEnv, status: str, state: str
) -> None:
    with env.cli.embedded.database.write() as connection:
        connection.execute(
            "UPDATE scans SET status = ?, description = 'no such OS' WHERE image_id ="
            " (SELECT id FROM images WHERE digest = ?)",
            (status, env.arm.digest),
        )
    result = env.cli.run("findings", "app:prod")
    assert result.code == ExitCode.UNDECIDED
    assert [row["vulnerabilityId"] for row in result.json["findings"]] == ["CVE-2"]
    assert f"findings of linux/arm64 are not known ({state}): " in result.err
    assert "no such OS" in result.err


def test_a_failure_of_the_registry_is_an_error_and_not_an_empty_list(env: FindingsEnv) -> None:
    where = ("--region", REGION, "--no-sign-request")
    with served(env.cli.embedded) as url:
        env.cli.embedded.faults.add(f"{OPERATION}:error:code=AccessDeniedException")
        code = main(["findings", "app:prod", "--exit-code", "--endpoint-url", url, *where])
        printed = env.cli.capsys.readouterr()
        assert code == ExitCode.REGISTRY_ERROR
        assert json.loads(printed.out) == {"findings": []}
        assert "ecr:DescribeImageScanFindings" in printed.err
        env.cli.embedded.calls.clear()
        assert main(["findings", "app:clean", "--endpoint-url", url, *where]) == ExitCode.REGISTRY_ERROR
        assert not env.cli.embedded.calls["BatchGetImage"], "an image without platforms needs no manifest"
