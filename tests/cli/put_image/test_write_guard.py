"""put-image refuses what the user's settings forbid, and asks for the account only if an account has settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from tests.cli.put_image.conftest import PutImageRunner
from tests.support.embedded import (
    REGION,
    REGISTRY_ID,
    client_for,
    create_repository,
    manifest_text,
    new_embedded,
    served,
)

OTHER = "210987654321"


@pytest.fixture
def embedded(put_image: PutImageRunner, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedRegistry]:
    """A served registry with a repository; the manifest of an image is in the file ``m``."""
    registry = new_embedded()
    client = client_for(registry)
    create_repository(client, "team/app")
    (put_image.folder / "m").write_text(manifest_text(client, "team/app"))
    registry.calls.clear()
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with served(registry) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield registry


def line(tag: str) -> tuple[str, ...]:
    return ("--repository-name", "team/app", "--image-manifest", "file://m", "--image-tag", tag)


REFUSED: list[tuple[str, dict[str, str], str, tuple[str, ...]]] = [
    ("read_only = true", {}, "v1", ()),
    ("", {"ECRTUI_READ_ONLY": "1"}, "v1", ()),
    ("read_only = false", {"ECRTUI_READ_ONLY": "yes"}, "v1", ()),
    (f"[accounts.{REGISTRY_ID}]\nread_only = true", {}, "v1", ()),
    (f"[accounts.{REGISTRY_ID}]\nread_only = true", {}, "v1", ("--registry-id", REGISTRY_ID)),
    (f"[accounts.{REGISTRY_ID}]\nread_only = false", {"ECRTUI_READ_ONLY": "1"}, "v1", ()),
    (f"read_only = true\n[accounts.{OTHER}]\nread_only = false", {}, "v1", ()),
    ('protected_tags = ["v*"]', {}, "v1", ()),
    ('protected_tags = ["latest"]', {}, "latest", ()),
    (f'[accounts.{REGISTRY_ID}]\nprotected_tags = ["v*"]', {}, "v1", ()),
]
ALLOWED: list[tuple[str, dict[str, str], str, tuple[str, ...]]] = [
    ("", {}, "latest", ()),
    ("", {}, "prod", ()),
    ("read_only = false", {}, "v1", ()),
    ('protected_tags = ["prod"]', {}, "latest", ()),
    ('protected_tags = []', {}, "prod", ()),
    (f"[accounts.{OTHER}]\nread_only = true", {}, "v1", ()),
    (f"read_only = true\n[accounts.{REGISTRY_ID}]\nread_only = false", {}, "v1", ()),
    (f'protected_tags = ["v*"]\n[accounts.{REGISTRY_ID}]\nprotected_tags = []', {}, "v1", ()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "environment", "tag", "options", "allowed"),
    [(*row, False) for row in REFUSED] + [(*row, True) for row in ALLOWED],
)
def test_read_only_and_protected_tags_of_the_settings_refuse_the_write(
    settings: str,
    environment: dict[str, str],
    tag: str,
    options: tuple[str, ...],
    allowed: bool,
    put_image: PutImageRunner,
    embedded: EmbeddedRegistry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "settings.toml").write_text(settings)
    monkeypatch.setenv("ECRTUI_SETTINGS", str(tmp_path / "settings.toml"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = put_image(*line(tag), *options)
    operations = embedded.calls
    if allowed:
        assert (result.code, operations["PutImage"]) == (0, 1), result.err
        assert json.loads(result.out)["image"]["imageId"]["imageTag"] == tag
    else:
        assert (result.code, result.out) == (255, "")
        assert "read-only mode" in result.err or f"The tag {tag} is protected" in result.err
        assert result.hints[0].startswith(("read_only was set by ", "protected_tags was set by "))
        assert "PutImage" not in operations
    assert ("DescribeRegistry" in operations) == ("accounts" in settings and not options)


def test_help_and_skeletons_work_in_read_only_mode(
    put_image: PutImageRunner, embedded: EmbeddedRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECRTUI_READ_ONLY", "1")
    assert put_image("help").code == 0
    assert put_image(*line("v1"), "--generate-cli-skeleton", "output").code == 0


def test_settings_that_cannot_be_read_refuse_the_write(
    put_image: PutImageRunner, embedded: EmbeddedRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text("read_only = maybe")
    monkeypatch.setenv("ECRTUI_SETTINGS", str(tmp_path / "settings.toml"))
    result = put_image(*line("v1"))
    assert (result.code, embedded.calls) == (253, {})
    assert "settings.toml" in result.err


def test_a_write_is_refused_if_its_account_is_not_known(
    put_image: PutImageRunner, embedded: EmbeddedRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text(f"[accounts.{REGISTRY_ID}]\nread_only = true")
    monkeypatch.setenv("ECRTUI_SETTINGS", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    embedded.faults.add("*:error:code=AccessDeniedException:message=no")
    result = put_image(*line("v1"))
    assert result.code != 0
    assert "PutImage" not in embedded.calls


@pytest.mark.parametrize("fault", ["", "PutImage:drop-after:times=1"])
def test_one_run_has_one_set_of_credentials(
    put_image: PutImageRunner,
    embedded: EmbeddedRegistry,
    own_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    """New credentials can be those of another account: of one that the settings protect, or without the image."""
    (tmp_path / "settings.toml").write_text(f"[accounts.{OTHER}]\nread_only = true")
    monkeypatch.setenv("ECRTUI_SETTINGS", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    if fault:
        embedded.faults.add(fault)
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()  # botocore would renew them before each request
    keys = {"AccessKeyId": "KEY", "SecretAccessKey": "secret", "SessionToken": "token", "Expiration": soon}
    (tmp_path / "keys.json").write_text(json.dumps({"Version": 1, **keys}))
    command = f"sh -c 'echo run >> {tmp_path}/runs; cat {tmp_path}/keys.json'"
    (own_home / "config").write_text(f"[default]\ncredential_process = {command}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(own_home / "config"))
    result = put_image(*line("v1"))
    assert (result.code, embedded.calls["PutImage"]) == (0, 1), result.err
    assert ("DescribeRegistry" in embedded.calls, "BatchGetImage" in embedded.calls) == (True, bool(fault))
    assert (tmp_path / "runs").read_text() == "run\nrun\n"  # to load them, and before the first request
