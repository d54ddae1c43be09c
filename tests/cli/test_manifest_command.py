"""``ecrtui manifest``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ecrtui.cli.main import main
from tests.support.cli_env import CliEnv
from tests.support.embedded import OCI_MANIFEST, REGION, client_for, create_repository, manifest_text, new_embedded, put


@pytest.mark.parametrize("change", [str, lambda text: text + "\n", lambda text: text.replace("\n", "\r\n") + "\n\n"])
def test_the_printed_bytes_have_the_digest(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], change: Callable[[str], str]
) -> None:
    database = str(tmp_path / "registry.sqlite")
    client = client_for(new_embedded(database))
    create_repository(client, "team/app")
    text = manifest_text(client, "team/app", annotations={"name": "café 🚀", "escaped": "a/b"})
    image = put(client, "team/app", change(text), "1.0", OCI_MANIFEST)
    uri = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/team/app:1.0"
    for reference in ("team/app:1.0", f"team/app@{image.digest}", uri):
        region = [] if reference == uri else ["--region", REGION]
        assert main(["manifest", reference, "--db", database, *region]) == 0
        out, err = capfdbinary.readouterr()
        assert "sha256:" + hashlib.sha256(out).hexdigest() == image.digest
        assert out == image.manifest.encode()
        assert err == b""


@pytest.mark.parametrize(
    ("reference", "code", "message"),
    [
        ("team/app", 2, "names no image"),
        ("team/app:no/tag", 2, "not"),
        ("team/app:missing", 7, "no tag missing"),
        ("team/app@sha256:" + "0" * 64, 7, "not found"),
        ("nowhere:1", 7, "Repository not found"),
    ],
)
def test_a_missing_image_is_an_error(cli: CliEnv, reference: str, code: int, message: str) -> None:
    create_repository(cli.client, "team/app")
    result = cli.run("manifest", reference)
    assert (result.code, result.out) == (code, "")
    assert message in result.err
