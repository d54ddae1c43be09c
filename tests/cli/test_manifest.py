"""``ecrtui manifest``: the exact bytes and nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ecrtui.cli.main import main
from tests.support.embedded import OCI_MANIFEST, client_for, create_repository, manifest_text, new_embedded, put


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "registry.sqlite")


@pytest.mark.parametrize("change", [str, lambda text: text + "\n", lambda text: text.replace("\n", "\r\n") + "\n\n"])
def test_the_bytes_have_the_digest(file: str, capfdbinary: pytest.CaptureFixture[bytes], change: object) -> None:
    embedded = new_embedded(file, region="us-east-1")
    client = client_for(embedded, region="us-east-1")
    create_repository(client, "team/app")
    text = manifest_text(client, "team/app", annotations={"name": "café 🚀", "escaped": "a/b"})
    image = put(client, "team/app", change(text), "1.0", OCI_MANIFEST)  # type: ignore[operator]
    embedded.database.close()
    uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:1.0"
    for reference in ("team/app:1.0", f"team/app@{image.digest}", uri):
        assert main(["manifest", reference, "--db", file]) == 0
        out, err = capfdbinary.readouterr()
        assert "sha256:" + hashlib.sha256(out).hexdigest() == image.digest
        assert out == image.manifest.encode()
        assert err == b""


@pytest.mark.parametrize(
    ("reference", "code", "told"),
    [
        ("team/app", 2, "names no image"),
        ("team/app:no/tag", 2, "not"),
        ("team/app:missing", 7, "no tag missing"),
        ("team/app@sha256:" + "0" * 64, 7, "not exist"),
        ("nowhere:1", 7, "does not exist"),
    ],
)
def test_what_is_not_there_is_told(
    file: str, capsys: pytest.CaptureFixture[str], reference: str, code: int, told: str
) -> None:
    embedded = new_embedded(file, region="us-east-1")
    create_repository(client_for(embedded, region="us-east-1"), "team/app")
    embedded.database.close()
    assert main(["manifest", reference, "--db", file]) == code
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""
