"""``promote``: options, documents, exit codes and messages, over two registries that are served."""

from __future__ import annotations

import io
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from ecrtui.cli.exit_codes import ExitCode
from ecrtui.cli.main import main
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.paths import journal_file
from tests.support.cli_env import CliEnv, CommandResult
from tests.support.embedded import REGION, client_for, create_repository, push_image, served, tags_of

DEV, PROD = "team/dev", "team/prod"


@dataclass
class TwoRegistries:
    """The repository team/dev of account 111111111111 and team/prod of account 222222222222."""

    source: EmbeddedRegistry
    target: EmbeddedRegistry
    source_url: str
    target_url: str
    capsys: pytest.CaptureFixture[str]

    @property
    def options(self) -> tuple[str, ...]:
        return ("--endpoint-url", self.source_url, "--to-endpoint-url", self.target_url)

    def run(self, *arguments: str) -> CommandResult:
        code = main(["promote", *arguments, *self.options])
        return CommandResult(code, *self.capsys.readouterr())

    def other(self, *arguments: str) -> CommandResult:
        """Run another command on the target."""
        return CommandResult(main([*arguments, "--endpoint-url", self.target_url]), *self.capsys.readouterr())


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[EmbeddedRegistry, EmbeddedRegistry, str, str]]:
    source, target = (
        EmbeddedRegistry(open_database(None), registry_id=account, region=REGION)
        for account in ("111111111111", "222222222222")
    )
    with served(source) as source_url, served(target) as target_url:
        yield source, target, source_url, target_url


@pytest.fixture
def two(
    servers: tuple[EmbeddedRegistry, EmbeddedRegistry, str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> TwoRegistries:
    monkeypatch.setenv("ECRTUI_WRITES_PER_SECOND", "100000")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    source, target, source_url, target_url = servers
    registries = TwoRegistries(source, target, source_url, target_url, capsys)
    for embedded, name in ((registries.source, DEV), (registries.target, PROD)):
        embedded.faults.clear()
        client = client_for(embedded)
        for known in client.describe_repositories()["repositories"]:
            client.delete_repository(repositoryName=known["repositoryName"], force=True)
        create_repository(client, name)
        embedded.calls.clear()
    return registries


def test_an_image_is_planned_copied_found_there_and_undone(two: TwoRegistries, tmp_path: Path) -> None:
    image = push_image(client_for(two.source), DEV, "app", "v1")
    old = push_image(client_for(two.target), PROD, "old", "v1")
    plan_file, result_file = tmp_path / "plan.csv", tmp_path / "result.md"
    planned = two.run(f"{DEV}:v1", PROD, "--dry-run", "--report", str(plan_file))
    assert planned.code == ExitCode.DONE
    assert f"{PROD},v1,move,{old.digest},{image.digest}" in plan_file.read_text()
    assert [step["digestAfter"] for step in planned.json["steps"]] == [image.digest]
    assert planned.json["transfer"]["bytesToCopy"] > 0
    assert {entry["digest"] for entry in planned.json["copies"]} == {image.digest}

    assert two.run(f"{DEV}:v1", PROD).code == ExitCode.REFUSED  # no --yes
    result = two.run(f"{DEV}:v1", PROD, "--yes", "--detailed-exit-code", "--verify", "--report", str(result_file))
    assert result.code == ExitCode.DONE
    assert result.json["verification"] == {"digests": 3, "missing": []}  # the manifest, its config and its layer
    assert "the target has 3 of 3 digests" in result.err
    record = result_file.read_text()
    assert f"source: {DEV}:v1@{image.digest} in 111111111111" in record
    assert f"| 222222222222 | {REGION} | {PROD} | {image.digest} | image |" in record
    assert [(row["imageTag"], row["digestAfter"], row["outcome"]) for row in result.json["results"]] == [
        ("v1", image.digest, "done")
    ]
    assert tags_of(client_for(two.target), PROD) == {"v1": image.digest}
    again = two.run(f"{DEV}:v1", PROD, "--yes", "--detailed-exit-code")
    assert (again.code, again.json["results"][0]["outcome"]) == (ExitCode.NOTHING_TO_DO, "already there")

    plan = result.json["planId"]
    (entry,) = two.other("history", "--plan", plan).json["entries"]
    assert (entry["digestBefore"], entry["digestAfter"]) == (old.digest, image.digest)
    assert two.other("undo", plan, "--yes").code == ExitCode.DONE
    assert tags_of(client_for(two.target), PROD) == {"v1": old.digest}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((f"{DEV}:v1", PROD, "--yes", "--expect", "none"), ExitCode.CONFLICT, "{old}; the source is {new}"),
        ((f"{DEV}:v1", PROD, "--yes", "--expect", "sha256:" + "1" * 64), ExitCode.CONFLICT, "1" * 12),
        ((f"{DEV}:v1", PROD, "--yes", "--read-only"), ExitCode.REFUSED, "hint: read_only was set by --read-only."),
        ((f"{DEV}:v1", f"{PROD}:prod", "--yes"), ExitCode.REFUSED, "--allow-protected"),
        ((f"{DEV}:v1", "team/none", "--yes"), ExitCode.REGISTRY_ERROR, "team/none"),
        ((f"{DEV}:none", PROD, "--yes"), ExitCode.REGISTRY_ERROR, "no tag none"),
        (("team/none:v1", PROD, "--yes"), ExitCode.REGISTRY_ERROR, "team/none"),
        ((f"{DEV}@sha256:{'0' * 64}", PROD, "--yes"), ExitCode.USAGE, "has no tag"),
        ((f"{DEV}:v1", f"{PROD}@sha256:{'0' * 64}", "--yes"), ExitCode.USAGE, "has a digest"),
        ((DEV, PROD, "--yes"), ExitCode.USAGE, "names no image"),
        ((f"{DEV}:v1", PROD, "--expect", "x"), ExitCode.USAGE, "not a digest"),
        ((f"{DEV}:v1", PROD, "--registry-id", "12"), ExitCode.USAGE, "12 digits"),
        ((f"{DEV}:v1", PROD, "--to-registry-id", "prod"), ExitCode.USAGE, "12 digits"),
    ],
)
def test_a_refused_promotion_sends_nothing(
    two: TwoRegistries, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: ExitCode, words: str
) -> None:
    monkeypatch.setenv("ECRTUI_PROTECTED_TAGS", "prod")
    new = push_image(client_for(two.source), DEV, "app", "v1").digest[7:19]
    old = push_image(client_for(two.target), PROD, "old", "v1").digest[7:19]
    words = words.format(old=old, new=new)
    before = two.target.calls["UploadLayerPart"] + two.target.calls["PutImage"]
    result = two.run(*arguments)
    assert (result.code, words in result.err) == (code, True), result.err
    assert two.target.calls["UploadLayerPart"] + two.target.calls["PutImage"] == before


def test_a_failure_says_what_is_there_and_how_to_continue(two: TwoRegistries) -> None:
    push_image(client_for(two.source), DEV, "app", "v1")
    two.target.faults.add("PutImage:error:code=AccessDeniedException:message=not you")
    result = two.run(f"{DEV}:v1", PROD, "--yes")
    assert result.code == ExitCode.REGISTRY_ERROR
    assert result.json["results"][0]["outcome"] == "failed"
    for words in ("not you", "ecr:PutImage", "no tag was changed", f"ecrtui promote {DEV}:v1 {PROD} --yes"):
        assert words in result.err
    two.target.faults.clear()
    plan = result.json["planId"]
    assert two.other("retag", "--resume", plan, "--yes").code == ExitCode.USAGE
    wrong = CommandResult(
        main(["promote", "--resume", plan, "--endpoint-url", two.target_url]), *two.capsys.readouterr()
    )
    assert (wrong.code, "another registry" in wrong.err) == (ExitCode.USAGE, True)
    resumed = two.run("--resume", plan, "--yes")
    assert (resumed.code, resumed.json["planId"]) == (ExitCode.DONE, plan)
    again = two.run("--resume", plan, "--yes", "--detailed-exit-code")
    assert again.code == ExitCode.NOTHING_TO_DO
    assert two.other("undo", plan, "--yes").code == ExitCode.REFUSED  # the only tag of its image
    assert two.run("--resume", "nothing").code == ExitCode.USAGE


@pytest.mark.parametrize("account", ["222222222222"])
def test_a_uri_sets_the_account_of_the_target(two: TwoRegistries, account: str) -> None:
    image = push_image(client_for(two.source), DEV, "app", "v1")
    result = two.run(f"{DEV}:v1", f"{account}.dkr.ecr.{REGION}.amazonaws.com/{PROD}:v2", "--yes")
    assert result.json["target"]["registryId"] == account
    assert tags_of(client_for(two.target), PROD) == {"v2": image.digest}


def test_targets_may_be_in_several_registries(two: TwoRegistries) -> None:
    image = push_image(client_for(two.source), DEV, "app", "v1")
    regions = ("eu-west-1", "us-east-1")
    create_repository(client_for(two.target, region="us-east-1"), PROD)
    targets = [f"222222222222.dkr.ecr.{region}.amazonaws.com/{PROD}" for region in regions]
    planned = two.run(f"{DEV}:v1", *targets, "--dry-run")
    assert [plan["target"]["region"] for plan in planned.json["promotions"]] == list(regions)
    result = two.run(f"{DEV}:v1", *targets, "--yes")
    assert result.code == ExitCode.DONE
    for region in regions:
        assert tags_of(client_for(two.target, region=region), PROD) == {"v1": image.digest}
    push_image(client_for(two.target), PROD, "old", "v1")
    refused = two.run(f"{DEV}:v1", *targets, "--yes", "--expect", "none")
    assert refused.code == ExitCode.PARTLY_DONE  # one is right already
    client_for(two.target, region="us-east-1").delete_repository(repositoryName=PROD, force=True)


def test_targets_of_one_registry_make_one_plan_however_they_are_named(two: TwoRegistries) -> None:
    image = push_image(client_for(two.source), DEV, "app", "v1", layers=[b"one", b"two"])
    uri = f"222222222222.dkr.ecr.{REGION}.amazonaws.com/{PROD}"
    result = two.run(f"{DEV}:v1", f"{PROD}:a", f"{uri}:b", f"{uri}:a", "--yes")
    assert (result.code, len(result.json["results"])) == (ExitCode.DONE, 2)
    assert tags_of(client_for(two.target), PROD) == {"a": image.digest, "b": image.digest}
    assert two.target.calls["CompleteLayerUpload"] == 3  # two layers and the config


def test_a_registry_that_fails_leaves_the_results_of_the_others(two: TwoRegistries) -> None:
    image = push_image(client_for(two.source), DEV, "app", "v1")
    client = client_for(two.target, region="us-east-1")
    create_repository(client, PROD)

    def break_journal() -> None:
        with closing(sqlite3.connect(journal_file())) as connection, connection:
            connection.execute("DROP TABLE transfers")

    two.target.faults.before("PutImage", break_journal)
    targets = [f"222222222222.dkr.ecr.{region}.amazonaws.com/{PROD}" for region in ("eu-west-1", "us-east-1")]
    result = two.run(f"{DEV}:v1", *targets, "--yes")
    assert [row["outcome"] for plan in result.json["promotions"] for row in plan["results"]] == ["done", "refused"]
    assert result.code == ExitCode.PARTLY_DONE
    assert "Could not write the journal" in result.err
    assert tags_of(client_for(two.target), PROD) == {"v1": image.digest}
    assert tags_of(client, PROD) == {}
    client.delete_repository(repositoryName=PROD, force=True)


def test_within_one_registry_no_option_is_needed(two: TwoRegistries) -> None:
    client = client_for(two.source)
    image = push_image(client, DEV, "app", "v1")
    for name in ("team/a", "team/b"):
        create_repository(client, name)
    code = main(["promote", f"{DEV}:v1", "team/a", "team/b:v2", "--yes", "--endpoint-url", two.source_url])
    assert code == ExitCode.DONE
    assert tags_of(client, "team/a") == {"v1": image.digest}
    assert tags_of(client, "team/b") == {"v2": image.digest}
    code = main(["promote", f"{DEV}:v1", f"{DEV}:v2", "--yes", "--endpoint-url", two.source_url])
    assert code == ExitCode.USAGE
    assert "ecrtui retag" in two.capsys.readouterr().err


@pytest.mark.parametrize(
    ("setting", "way", "code", "sent"),
    [
        ("ENABLED", "auto", ExitCode.DONE, False),
        ("ENABLED", "mount", ExitCode.DONE, False),
        ("ENABLED", "api", ExitCode.DONE, True),
        ("DISABLED", "auto", ExitCode.DONE, True),
        ("DISABLED", "mount", ExitCode.REGISTRY_ERROR, False),
    ],
)
def test_layers_are_mounted_within_a_registry_where_the_account_allows_it(
    two: TwoRegistries, setting: str, way: str, code: ExitCode, sent: bool
) -> None:
    client = client_for(two.source)
    client.put_account_setting(name="BLOB_MOUNTING", value=setting)
    image = push_image(client, DEV, "app", "v1", layers=[b"one", b"two"])
    create_repository(client, PROD)
    two.source.calls.clear()
    arguments = ["promote", f"{DEV}:v1", PROD, "--yes", "--way", way, "--endpoint-url", two.source_url]
    result = CommandResult(main(arguments), *two.capsys.readouterr())
    assert result.code == code, result.err
    assert bool(two.source.calls["UploadLayerPart"]) is sent
    if code == ExitCode.DONE:
        assert result.json["transfer"]["way"] == ("api" if sent else "mount")
        assert tags_of(client, PROD) == {"v1": image.digest}
        assert main(["manifest", f"{PROD}:v1", "--endpoint-url", two.source_url]) == ExitCode.DONE
    else:
        assert "BLOB_MOUNTING" in result.err


def test_layers_are_sent_whole_by_the_oci_api(two: TwoRegistries) -> None:
    image = push_image(client_for(two.source), DEV, "app", "v1", layers=[b"one" * 1_000_000, b"two"])
    options = (f"{DEV}:v1", PROD, "--yes", "--way", "oci", "--verify")
    two.source.faults.add("DownloadLayer:corrupt:times=1")
    broken = two.run(*options)
    assert (broken.code, "does not match its digest" in broken.err) == (ExitCode.REGISTRY_ERROR, True), broken.err
    two.target.faults.add("InitiateLayerUpload:error:code=AccessDeniedException:message=no")
    denied = two.run(*options)
    assert (denied.code, "ecr:InitiateLayerUpload" in denied.err, "--way oci" in denied.err) == (7, True, True), (
        denied.err
    )
    two.target.faults.clear()
    two.target.faults.add("CompleteLayerUpload:drop-after:times=1")
    result = two.run(*options)
    assert (result.code, result.json["transfer"]["way"]) == (ExitCode.DONE, "oci"), result.err
    assert result.json["verification"]["missing"] == []
    assert tags_of(client_for(two.target), PROD) == {"v1": image.digest}
    assert two.target.calls["UploadLayerPart"] == 0


@pytest.mark.parametrize("way", ["mount", "oci", "api"])
def test_a_registry_in_this_process_takes_layers_in_every_way(cli: CliEnv, way: str) -> None:
    cli.client.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    create_repository(cli.client, DEV)
    create_repository(cli.client, PROD)
    image = push_image(cli.client, DEV, "app", "v1", layers=[b"one" * 1_000_000, b"two"])
    result = cli.run("promote", f"{DEV}:v1", PROD, "--yes", "--way", way, "--verify")
    assert (result.code, result.json["transfer"]["way"]) == (ExitCode.DONE, way), result.err
    assert result.json["verification"]["missing"] == []
    assert cli.tags(PROD) == {"v1": image.digest}


def test_an_image_of_the_demo_can_be_promoted_though_its_layers_have_no_content(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--demo", "--create-repository", "--yes", "--verify"]
    code = main(["promote", "team/checkout:staging", "mirror/checkout:tried", *options])
    result = CommandResult(code, *capsys.readouterr())
    assert (result.code, result.json["transfer"]["way"]) == (ExitCode.DONE, "mount"), result.err
    assert result.json["verification"]["missing"] == []


def test_layers_are_not_mounted_between_registries(two: TwoRegistries) -> None:
    push_image(client_for(two.source), DEV, "app", "v1")
    result = two.run(f"{DEV}:v1", PROD, "--yes", "--way", "mount")
    assert (result.code, "different registries" in result.err) == (ExitCode.REGISTRY_ERROR, True)


def test_a_promotion_that_is_resumed_leaves_the_tags_that_its_plan_refused(two: TwoRegistries) -> None:
    push_image(client_for(two.source), DEV, "app", "v1")
    old = push_image(client_for(two.target), PROD, "old", "v1")
    targets = (f"{DEV}:v1", f"{PROD}:v1", f"{PROD}:v2")
    first = two.run(*targets, "--yes", "--expect", "none", "--on-conflict", "continue")
    assert [row["outcome"] for row in first.json["results"]] == ["conflict", "done"]
    again = two.run("--resume", first.json["planId"], "--yes")
    assert (again.code, [row["outcome"] for row in again.json["results"]]) == (
        ExitCode.CONFLICT,
        ["conflict", "already there"],
    )
    assert tags_of(client_for(two.target), PROD)["v1"] == old.digest


def test_a_run_that_is_stopped_or_killed_changes_no_tag_and_can_continue(two: TwoRegistries) -> None:
    layers = [b"one", b"two", b"three", b"four", b"five", b"six"]
    image = push_image(client_for(two.source), DEV, "app", "v1", layers=layers)

    def run_until(operation: str, count: int, number: signal.Signals) -> tuple[int, str]:
        """Start the command, send it a signal after so many calls of an operation; return exit code and messages."""
        arguments = [sys.executable, "-m", "ecrtui", "promote", f"{DEV}:v1", PROD, "--yes", *two.options]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while two.target.calls[operation] < count and process.poll() is None:
                threading.Event().wait(0.01)
            process.send_signal(number)
            return process.wait(60), process.stderr.read() if process.stderr else ""

    two.target.faults.add("UploadLayerPart:latency:seconds=1:after=2")  # the reply is late
    code, err = run_until("UploadLayerPart", 3, signal.SIGTERM)
    assert code == ExitCode.INTERRUPTED
    assert "no tag was changed" in err
    assert f"ecrtui promote {DEV}:v1 {PROD} --yes" in err
    two.target.faults.clear()
    two.target.faults.add("PutImage:throttle")
    assert run_until("PutImage", 1, signal.SIGKILL)[0] == -signal.SIGKILL
    assert tags_of(client_for(two.target), PROD) == {}
    two.target.faults.clear()
    assert two.run(f"{DEV}:v1", PROD, "--yes").code == ExitCode.DONE
    assert tags_of(client_for(two.target), PROD) == {"v1": image.digest}
    assert two.target.calls["CompleteLayerUpload"] == len(layers) + 1  # each once, the config too
