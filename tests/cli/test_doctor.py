"""``ecrtui doctor``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ecrtui.cli.doctor import parser
from ecrtui.cli.exit_codes import ExitCode
from ecrtui.cli.main import main
from ecrtui.ecr.permissions import PERMISSIONS
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.aws_profiles import write_config
from tests.support.cli_env import CliEnv
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, served

SECTIONS = [
    *("Versions", "Settings", "Files", "Terminal", "Clipboard"),
    *("AWS configuration", "Sign-in", "Registry", "Permissions on team/app", "What you may do"),
]


@pytest.fixture
def embedded() -> EmbeddedRegistry:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "v1")
    return embedded


def report(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit code, and the checks by section and name."""
    code = main(["doctor", "--json", *words])
    document = json.loads(capsys.readouterr().out)
    return code, {
        section["title"]: {check["name"]: check for check in section["checks"]} for section in document["sections"]
    }


def signed(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Use a registry with an access key."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
        "AWS_SESSION_TOKEN": "session-token-text",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_ECR": url.replace("://", "://me:hunter2@"),
        "AWS_ENDPOINT_URL_STS": url,
        "HTTPS_PROXY": "http://me:hunter2@proxy:1",
    }.items():
        monkeypatch.setenv(name, value)


def test_everything_is_reported_and_no_secret(
    embedded: EmbeddedRegistry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(embedded) as url:
        signed(monkeypatch, url)
        code, sections = report(capsys)
        assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert code == 0
    assert list(sections) == SECTIONS
    assert sections["Sign-in"]["caller"]["value"].startswith("arn:aws:iam::123456789012:")
    assert sections["AWS configuration"]["region"] == {
        "name": "region",
        "value": "eu-west-1",
        "status": "ok",
        "source": "AWS_REGION",
        "hint": "",
    }
    assert sections["Registry"]["clock of this machine"]["status"] == "ok"
    assert set(sections["Permissions on team/app"]) == {permission.action for permission in PERMISSIONS}
    assert sections["What you may do"]["browse"]["value"] == "yes"
    for secret in ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI", "session-token-text", "hunter2"):
        assert secret not in out + json.dumps(sections)
    assert all(f"\n{title}\n" in f"\n{out}" for title in SECTIONS)


@pytest.mark.parametrize(
    ("fault", "code", "purposes"),
    [
        ("PutImage:error:code=AccessDeniedException", 0, {"browse": "ok", "retag": "not known", "untag": "not known"}),
        (
            "BatchDeleteImage:error:code=AccessDeniedException",
            0,
            {"browse": "ok", "retag": "not known", "untag": "warning"},
        ),
        (
            "DescribeImages:error:code=AccessDeniedException",
            7,
            {"browse": "failed", "retag": "warning", "untag": "warning"},
        ),
        (
            "DescribeRepositories:error:code=AccessDeniedException",
            7,
            {"browse": "failed", "retag": "warning", "untag": "warning"},
        ),
        ("ListTagsForResource:error:code=AccessDeniedException", 0, {"browse": "ok"}),
        ("BatchCheckLayerAvailability:error:code=AccessDeniedException", 0, {"browse": "ok", "promote": "warning"}),
        ("*:error:code=ExpiredTokenException", 7, {"browse": "not known"}),
        ("*:drop-before", 7, {"browse": "not known"}),
    ],
)
def test_the_exit_code_and_the_purposes_follow_the_permissions(
    embedded: EmbeddedRegistry,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: str,
    code: int,
    purposes: dict[str, str],
) -> None:
    embedded.faults.add(fault)
    with served(embedded) as url:
        signed(monkeypatch, url)
        found, sections = report(capsys, "team/app", "--timeout", "60")
    assert found == code
    assert purposes.items() <= {name: check["status"] for name, check in sections["What you may do"].items()}.items()


def test_read_only_settings_ask_for_no_permission_to_write(
    cli: CliEnv, monkeypatch: pytest.MonkeyPatch, own_home: Path
) -> None:
    create_repository(cli.client, "team/app")
    settings = own_home / "settings.toml"
    settings.write_text("[accounts.123456789012]\nread_only = true\n")
    monkeypatch.setenv("ECRTUI_SETTINGS", str(settings))
    found = {
        check["name"]: check for section in cli.run("doctor", "--json").json["sections"] for check in section["checks"]
    }
    for action in ("ecr:PutImage", "ecr:BatchDeleteImage"):
        assert (found[action]["status"], "read-only" in found[action]["value"]) == ("not known", True)
    assert found["ecr:DescribeImages"]["status"] == "ok"


@pytest.mark.parametrize(
    ("prepare", "code", "section", "words"),
    [
        ({"ECRTUI_READ_ONLY": "perhaps"}, 2, "Settings", "ECRTUI_READ_ONLY"),
        ({"AWS_PROFILE": "missing"}, 7, "AWS configuration", "missing"),
        ({"AWS_CA_BUNDLE": "/missing.pem"}, 2, "AWS configuration", "/missing.pem"),
        ({"AWS_CONFIG_FILE": __file__}, 7, "AWS configuration", "test_doctor.py"),
        ({"XDG_STATE_HOME": "/dev/null"}, 4, "Files", "/dev/null"),
    ],
    ids=str,
)
def test_what_fails_is_named_and_the_rest_is_still_reported(
    embedded: EmbeddedRegistry,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    prepare: dict[str, str],
    code: int,
    section: str,
    words: str,
) -> None:
    with served(embedded) as url:
        signed(monkeypatch, url)
        for name, value in prepare.items():
            monkeypatch.setenv(name, value)
        found, sections = report(capsys, "--timeout", "60")
    failed = [check for check in sections[section].values() if check["status"] == "failed"]
    assert found == code
    assert f"{code} {ExitCode(code).words}," in " ".join(parser().format_help().split())
    assert words in failed[0]["value"]
    assert set(SECTIONS) - {"Permissions on team/app"} <= set(sections)


def test_a_policy_is_printed_without_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["doctor", "--policy", "retag", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/team/app"]
    assert main(words) == 0
    policy = json.loads(capsys.readouterr().out)
    assert policy["Statement"][0]["Resource"] == "arn:aws-cn:ecr:cn-north-1:123456789012:repository/team/app"
    assert "ecr:PutImage" in policy["Statement"][0]["Action"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"AWS_REGION": "us-gov-west-1"}, "aws-us-gov"),
        ({"AWS_PROFILE": "china"}, "aws-cn"),
        ({"AWS_PROFILE": "none"}, "aws"),
    ],
)
def test_a_policy_is_for_the_partition_of_the_configured_region(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    own_home: Path,
    variables: dict[str, str],
    expected: str,
) -> None:
    write_config(own_home, "[profile china]\nregion = cn-north-1\n")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["doctor", "--policy", "browse"]) == 0
    policy = json.loads(capsys.readouterr().out)
    assert policy["Statement"][0]["Resource"] == f"arn:{expected}:ecr:*:*:repository/*"
