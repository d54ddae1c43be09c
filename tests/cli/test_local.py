"""``ecrtui local``: real processes, real signals, a real port."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from ecrtui.cli.main import main
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.faults import KINDS
from ecrtui.emulator.service import REGION, EmbeddedRegistry
from tests.support.cli_env import loaded_packages, run_on_terminal
from tests.support.embedded import client_for, create_repository, digests_of, push_image, tags_of
from tests.support.layouts import LayoutFolder, files_of, write_tar

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "ecrtui", "local")


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(tmp_path / "registry.sqlite")


@pytest.fixture
def layout(tmp_path: Path) -> LayoutFolder:
    layout = LayoutFolder(tmp_path / "layout")
    return layout.write_index(**{"1.0": layout.index([layout.image("amd64"), layout.image("arm64")])})


@contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve a registry in a process; yield the process and its first line of output."""
    process = subprocess.Popen(
        [*COMMAND, "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    try:
        assert process.stdout
        yield process, process.stdout.readline()
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=120)


def opened(path: str) -> Any:
    """Return a client of the registry in a file."""
    return client_for(EmbeddedRegistry(open_database(path)), region=REGION)


def run(*arguments: str) -> int:
    return main(["local", *arguments])


class TestServe:
    def test_the_first_line_is_a_url_that_boto3_can_use(self, database: str) -> None:
        with serving("--db", database) as (_, line):
            url = line.removesuffix("\n")
            assert url.startswith("http://127.0.0.1:")
            assert 0 < int(url.rpartition(":")[2]) < 65_536
            ecr = client_for(url, region=REGION)
            create_repository(ecr, "team/app")
            pushed = push_image(ecr, "team/app", tag="1.0")
            assert tags_of(ecr, "team/app") == {"1.0": pushed.digest}
        assert tags_of(opened(database), "team/app") == {"1.0": pushed.digest}

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_stops_the_server_with_exit_code_0(self, number: int) -> None:
        with serving() as (process, line):
            client_for(line.strip(), region=REGION).describe_repositories()  # this connection stays open
            process.send_signal(number)
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0
            assert out == ""
            assert "Traceback" not in err
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", int(line.strip().rpartition(":")[2])), timeout=60)

    def test_the_server_listens_on_loopback_only(self) -> None:
        with serving() as (process, line):
            port = int(line.strip().rpartition(":")[2])
            listening = [
                fields[1].split(":")[0]
                for table in ("/proc/net/tcp", "/proc/net/tcp6")
                if Path(table).exists()
                for fields in (row.split() for row in Path(table).read_text().splitlines()[1:])
                if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port
            ]
            assert listening in (["0100007F"], [])  # 127.0.0.1; empty without /proc
            assert process.poll() is None

    def test_the_demo_is_served_in_the_given_region(self) -> None:
        with serving("--demo", "--region", "eu-west-1", "--registry-id", "210987654321") as (_, line):
            found = client_for(line.strip(), region="eu-west-1").describe_repositories(
                repositoryNames=["team/checkout"]
            )
            assert found["repositories"][0]["registryId"] == "210987654321"

    def test_faults_are_injected(self) -> None:
        with serving("--fault", "DescribeRepositories:drop-before:times=1") as (_, line):
            ecr = client_for(line.strip(), region=REGION)
            with pytest.raises(ConnectionClosedError):
                ecr.describe_repositories()
            assert ecr.describe_repositories()["repositories"] == []

    def test_a_port_in_use_is_a_usage_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            assert run("serve", "--port", str(taken.getsockname()[1])) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "in use" in err
        assert "--port" in err

    @pytest.mark.parametrize(
        ("spec", "problem"),
        [
            ("PutImage:explode", "Invalid fault: 'PutImage:explode': 'explode' is not a kind of fault; use "),
            ("Putimage:throttle", "Invalid fault: 'Putimage' is not an operation of ECR; did you mean PutImage?\n"),
        ],
    )
    def test_an_invalid_fault_is_a_usage_error(
        self, spec: str, problem: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run("serve", "--fault", spec) == 2
        assert f"ecrtui: {problem}" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("--port", "65536"),
            ("--port", "http"),
            ("--port", "-1"),
            ("--port", "\u0663"),
            ("--port", "9" * 5000),
            ("--registry-id", "123"),
            ("--registry-id", "\u0661" * 12),
            ("--region", ""),
            ("--region", "us east"),
            ("--region", "../x"),
        ],
    )
    def test_an_invalid_value_is_a_usage_error(
        self, capsys: pytest.CaptureFixture[str], option: str, value: str
    ) -> None:
        with pytest.raises(SystemExit) as caught:
            run("serve", option, value)
        assert caught.value.code == 2
        assert value[:40] in capsys.readouterr().err  # of a long value, an error repeats the beginning


class TestImportAndExport:
    def test_an_imported_image_can_be_exported(
        self, database: str, layout: LayoutFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run("import", str(layout), "team/app:1.0", "--db", database) == 0
        digest = json.loads((layout.folder / "index.json").read_text())["manifests"][0]["digest"]
        out, err = capsys.readouterr()
        assert out == f"{digest}  team/app:1.0\n"
        assert "3 manifests" in err
        assert "\x1b" not in err
        assert run("export", "team/app:1.0", str(tmp_path / "out"), "--db", database) == 0
        out, err = capsys.readouterr()
        assert out == f"{digest}  {tmp_path / 'out'}\n"
        assert f"skopeo reads it as oci:{tmp_path / 'out'}:1.0\n" in err
        before, after = files_of(layout.folder), files_of(tmp_path / "out")
        before.pop("index.json")
        assert before.items() <= after.items()

    def test_an_image_can_be_imported_while_the_file_is_served(self, database: str, layout: LayoutFolder) -> None:
        with serving("--db", database) as (_, line):
            subprocess.run([*COMMAND, "import", str(layout), "team/app:1.0", "--db", database], check=True, cwd=ROOT)
            ecr = client_for(line.strip(), region=REGION)
            assert list(tags_of(ecr, "team/app")) == ["1.0"]
            assert len(digests_of(ecr, "team/app")) == 3

    def test_an_untagged_image_can_be_exported_by_digest(
        self, database: str, layout: LayoutFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run("import", str(layout), "team/app", "--db", database)
        out = capsys.readouterr().out
        assert out.endswith("  team/app, untagged\n")
        assert run("export", f"team/app@{out.split()[0]}", str(tmp_path / "out"), "--db", database) == 0

    def test_a_uri_sets_account_and_region(self, database: str, layout: LayoutFolder) -> None:
        uri = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.0"
        assert run("import", str(layout), uri, "--db", database) == 0
        embedded = EmbeddedRegistry(open_database(database), registry_id="210987654321")
        assert list(tags_of(client_for(embedded, region="eu-west-1"), "team/app")) == ["1.0"]

    def test_ref_selects_one_of_several_images(
        self, database: str, layout: LayoutFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        layout.write_index(**{"1.0": layout.image("one"), "2.0": layout.image("two")})
        assert run("import", str(layout), "team/app:x", "--db", database) == 2
        err = capsys.readouterr().err
        assert "'2.0'" in err
        assert "hint: " in err
        assert run("import", str(layout), "team/app:x", "--ref", "2.0", "--db", database) == 0

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["import", "LAYOUT", "team/app"], "--db FILE"),
            (["export", "team/app:1.0", "OUT"], "--db FILE"),
            (["seed", "--repository", "team/app", "--images", "1"], "--db FILE"),
            (["import", "LAYOUT", "team/app", "--db", ""], "--db FILE"),
            (["export", "team/app:1.0", "OUT", "--db", ":memory:"], "--db FILE"),
            (["serve", "--db", ""], "not the name of a file"),
            (["import", "", "team/app", "--db", "DB"], "an empty name"),
            (["import", "/dev/zero", "team/app", "--db", "DB"], "neither a folder nor a regular file"),
            (["import", "LAYOUT", "team/app", "--db", "/dev/zero"], "not a regular file"),
            (["import", "LAYOUT", "team/app", "--platform", "linux/s390x", "--db", "DB"], "no image for 'linux/s390x'"),
            (["seed", "--repositories", "0", "--images", "1", "--db", "DB"], "repositories must be from 1 to 100,000"),
            (["import", "/nonexistent", "team/app", "--db", "DB"], "No such file"),
            (["import", "LAYOUT", "Team/App", "--db", "DB"], "not a repository name"),
            (["import", "LAYOUT", "team/app:-x", "--db", "DB"], "cannot start with '-'"),
            (["import", "LAYOUT", f"team/app@sha256:{'0' * 64}", "--db", "DB"], "has a digest"),
            (["import", "LAYOUT", "team/app", "--db", "/nonexistent/registry.sqlite"], "/nonexistent"),
            (["export", "team/app", "OUT", "--db", "DB"], "names no image"),
            (["export", "team/app:1.0", "OUT", "--db", "DB"], "does not exist"),
            (["seed", "--repository", "team/app:x", "--images", "1", "--db", "DB"], "not the name of a repository"),
            (["seed", "--repository", "team/app", "--images", "0", "--db", "DB"], "from 1 to"),
        ],
    )
    def test_an_invalid_command_line_is_a_usage_error(
        self,
        database: str,
        layout: LayoutFolder,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        arguments: list[str],
        words: str,
    ) -> None:
        named = {"LAYOUT": str(layout), "OUT": str(tmp_path / "out"), "DB": database}
        assert run(*(named.get(argument, argument) for argument in arguments)) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("ecrtui: ")
        assert words in err
        assert "Traceback" not in err

    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"layers": []}, "Image has to have at least 1 layer"),
            ({"artifactType": "\ud800"}, "Invalid image manifest"),
            ({"config": {"mediaType": "application/vnd.example"}}, "Invalid image manifest"),
        ],
    )
    def test_what_ecr_refuses_is_not_imported(
        self, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], members: dict[str, Any], reason: str
    ) -> None:
        layout = LayoutFolder(tmp_path / "refused")
        layout.write_index(layout.image(**members))
        assert run("import", str(layout), "team/app:1.0", "--db", database) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert (
            f"would be refused by ECR: Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{reason}'"
            in err
        )
        assert opened(database).describe_repositories()["repositories"] == []

    def test_one_platform_of_an_index_is_imported(
        self, database: str, layout: LayoutFolder, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """As `docker save` writes it: the other platforms are not there."""
        arm, amd = (
            {**layout.image(name), "platform": {"os": "linux", "architecture": name}} for name in ("arm64", "amd64")
        )
        layout.write_index(layout.index([arm, amd]))
        layout.path(arm["digest"]).unlink()
        assert run("import", str(layout), "team/app:1.0", "--db", database) == 2
        assert "hint: Import one platform that is there: --platform linux/amd64" in capsys.readouterr().err
        assert run("import", str(layout), "team/app:1.0", "--platform", "linux/amd64", "--db", database) == 0
        assert tags_of(opened(database), "team/app") == {"1.0": amd["digest"]}

    def test_a_changed_registry_file_is_not_exported(
        self, database: str, layout: LayoutFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run("import", str(layout), "team/app:1.0", "--db", database)
        with sqlite3.connect(database) as connection:
            connection.execute("UPDATE images SET digest = '../../../outside' WHERE tagged")
        connection.close()
        assert run("export", "team/app:1.0", str(tmp_path / "out"), "--db", database) == 2
        assert "Could not export the image: the registry file is damaged" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()

    def test_a_missing_image_is_a_usage_error(
        self, database: str, layout: LayoutFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run("import", str(layout), "team/app:1.0", "--db", database)
        assert run("export", "team/other:1.0", str(tmp_path / "out"), "--db", database) == 2
        assert run("export", "team/app:2.0", str(tmp_path / "out"), "--db", database) == 2
        err = capsys.readouterr().err
        assert "no repository team/other" in err
        assert "team/app has no image 2.0" in err

    def test_a_file_of_another_program_is_not_changed(
        self, database: str, layout: LayoutFolder, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path(database).write_bytes(b"not a database" * 100)
        assert run("import", str(layout), "team/app", "--db", database) == 2
        assert "Could not open the registry file" in capsys.readouterr().err
        assert Path(database).read_bytes() == b"not a database" * 100

    def test_an_immutable_tag_is_refused_in_the_words_of_ecr(
        self, database: str, layout: LayoutFolder, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ecr = opened(database)
        create_repository(ecr, "team/app", "IMMUTABLE")
        push_image(ecr, "team/app", tag="1.0")
        assert run("import", str(layout), "team/app:1.0", "--db", database) == 2
        assert "because the tag is immutable" in capsys.readouterr().err

    def test_control_characters_of_a_layout_are_made_visible(
        self, database: str, layout: LayoutFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        evil = "\x1b]0;title\x07\u202e"
        layout.write_index({**layout.image("one"), "mediaType": evil}, **{evil: layout.image("two")})
        run("import", str(layout), "team/app", "--db", database)
        run("import", str(layout), "team/app", "--ref", "none", "--db", database)
        run("import", str(layout), "team/app", "--ref", layout.image("one")["digest"], "--db", database)
        layout.write_index(layout.image(annotations={"a": "b"}, mediaType=evil))
        run("import", str(layout), "team/app", "--db", database)
        run("import", str(write_tar(tmp_path / "a.tar", {f"../{evil}": b""})), "team/app", "--db", database)
        err = capsys.readouterr().err
        assert err.count("ecrtui: ") == 5
        assert not {"\x1b", "\x07", "\u202e"} & set(err)


class TestSeed:
    def test_a_repository_can_be_filled(self, database: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("seed", "--repository", "team/app", "--images", "40", "--db", database) == 0
        assert "40 images in team/app" in capsys.readouterr().err
        assert len(digests_of(opened(database), "team/app")) == 40

    def test_many_repositories_can_be_filled(self, database: str) -> None:
        assert run("seed", "--repositories", "12", "--images", "3", "--untagged-only", "--db", database) == 0
        found = opened(database).describe_repositories()["repositories"]
        assert len(found) == 12
        assert tags_of(opened(database), found[0]["repositoryName"]) == {}

    def test_one_image_can_get_many_tags(self, database: str) -> None:
        assert run("seed", "--repository", "one", "--images", "1", "--tags-per-image", "100", "--db", database) == 0
        assert len(tags_of(opened(database), "one")) == 100

    def test_a_repository_with_images_is_not_filled(self, database: str, capsys: pytest.CaptureFixture[str]) -> None:
        run("seed", "--repository", "team/app", "--images", "1", "--db", database)
        assert run("seed", "--repository", "team/app", "--images", "1", "--db", database) == 2
        assert "already has images" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["serve", "import", "export", "seed"])
def test_the_help_has_examples(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as caught:
        run(command, "--help")
    assert caught.value.code == 0
    assert f"\n  ecrtui local {command} " in capsys.readouterr().out


def test_the_help_of_serve_lists_every_kind_of_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("serve", "--help")
    out = capsys.readouterr().out
    assert all(f"\n  {kind:<13}" in out for kind in KINDS)


def test_seed_loads_neither_boto3_nor_textual(database: str) -> None:
    assert loaded_packages("local", "seed", "--repository", "one", "--images", "1", "--db", database) == set()


def test_progress_is_shown_on_a_terminal_and_removed(database: str) -> None:
    code, shown = run_on_terminal(["local", "seed", "--repository", "team/app", "--images", "40", "--db", database])
    progress, last_line = shown.rsplit("\r\x1b[K", 1)
    assert code == 0
    assert " of 40 images" in progress
    assert last_line.startswith("ecrtui: 40 images in team/app")


@pytest.mark.parametrize(
    "arguments",
    [["import", "LAYOUT", "team/app:1.0"], ["export", "team/app:1.0", "OUT"], ["serve"]],
    ids=["import", "export", "serve"],
)
def test_output_that_cannot_be_written_has_its_exit_code(
    database: str, layout: LayoutFolder, tmp_path: Path, arguments: list[str]
) -> None:
    run("import", str(layout), "team/app:1.0", "--db", database)
    named = {"LAYOUT": str(layout), "OUT": str(tmp_path / "out")}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, *(named.get(word, word) for word in arguments), "--db", database],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            timeout=60,
        )
    assert done.returncode == 9
    assert "Could not write the output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
