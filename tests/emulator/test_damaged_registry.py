"""Exports and downloads from a registry file that somebody changed: the right bytes, or an error, inside the folder."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ecrtui.emulator.blobs import StoredBlob
from ecrtui.emulator.errors import LayoutError
from ecrtui.emulator.http.messages import Request
from ecrtui.emulator.layout.exporting import export_image
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import (
    REGION,
    client_for,
    create_repository,
    digest_of,
    download,
    error_message,
    new_embedded,
    push_image,
    refused,
    served,
)
from tests.support.layouts import files_of
from tests.support.raw_http import TARGET, exchange

REPOSITORY = "team/app"
LAYER = b"the content of the layer"


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedRegistry]:
    """Create a registry with one image."""
    registry = new_embedded(str(tmp_path / "ecr.db"))
    ecr = client_for(registry)
    create_repository(ecr, REPOSITORY)
    push_image(ecr, REPOSITORY, tag="1.0", layers=[LAYER])
    yield registry
    registry.database.close()


def change(embedded: EmbeddedRegistry, statement: str, *values: Any) -> None:
    with embedded.database.connection() as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        assert connection.execute(statement, values).rowcount > 0
        connection.execute("PRAGMA foreign_keys = ON")


def set_column(embedded: EmbeddedRegistry, column: str, value: object) -> None:
    """Set a column of every row; the rows of a table with a unique column keep their values but for the first one."""
    table, _, name = column.partition(".")
    change(embedded, f"UPDATE OR IGNORE {table} SET {name} = ?", value)  # noqa: S608 - the names are those below


ANY = ["", "x", "../../outside", "sha256:../../../outside", b"\xff\x00", 7, -1, 2**62, 1.5, float("inf"), "9" * 5000]
COLUMNS = [
    "images.digest",
    "images.media_type",
    "images.artifact_media_type",
    "images.size",
    "images.pushed_at",
    "manifests.manifest",
    "layers.digest",
    "layers.size",
    "blobs.key",
    "blobs.digest",
    "blobs.size",
    "blob_chunks.blob_key",
    "blob_chunks.first_byte",
    "blob_chunks.content",
]


@pytest.mark.parametrize("value", ANY, ids=range(len(ANY)))
@pytest.mark.parametrize("column", COLUMNS)
def test_an_export_has_the_right_bytes_or_fails(
    embedded: EmbeddedRegistry, tmp_path: Path, column: str, value: object
) -> None:
    out = tmp_path / "deep" / "er" / "out"
    set_column(embedded, column, value)
    try:
        export_image(embedded.database, REPOSITORY, str(out), tag="1.0", region=REGION)
    except (LayoutError, sqlite3.Error) as error:
        assert str(error)
        assert not (out / "index.json").exists()
    else:
        for path, content in files_of(out).items():
            folder, _, digest = path.rpartition("/")
            assert not folder or digest_of(content) == f"sha256:{digest}"
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and out not in path.parents]
    assert {path.name.removesuffix("-wal").removesuffix("-shm") for path in outside} == {"ecr.db"}


@pytest.mark.parametrize(
    ("statement", "values", "reason"),
    [
        ("UPDATE images SET digest = ?", ["sha256:../../x"], "the manifest of 'sha256:../../x' has other bytes"),
        ("UPDATE manifests SET manifest = manifest || ' '", [], "has other bytes"),
        ("UPDATE images SET media_type = ?", ["application/x"], "has the media type 'application/x'"),
        ("UPDATE blob_chunks SET content = ? WHERE length(content) > 20", [b"changed"], "has other bytes"),
        ("UPDATE layers SET size = 'many'", [], "not a number"),
        ("DELETE FROM layers", [], "not in this registry"),
        ("DELETE FROM manifests", [], "has other bytes"),
    ],
)
def test_what_is_wrong_with_the_file_is_named(
    embedded: EmbeddedRegistry, tmp_path: Path, statement: str, values: list[object], reason: str
) -> None:
    change(embedded, statement, *values)
    with pytest.raises(LayoutError, match=reason):
        export_image(embedded.database, REPOSITORY, str(tmp_path / "out"), tag="1.0", region=REGION)


@pytest.mark.parametrize("statement", ["DELETE FROM manifests", "UPDATE manifests SET manifest = x'ff'"])
def test_a_manifest_that_is_not_there_is_named(embedded: EmbeddedRegistry, statement: str) -> None:
    change(embedded, statement)
    with refused("ServerException") as caught:
        client_for(embedded).batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": "1.0"}])
    assert error_message(caught) == "The registry file is damaged: an image has no manifest."


@pytest.mark.parametrize("content", [b"", "text", 7, b"short"])
def test_a_download_of_changed_content_ends_early(embedded: EmbeddedRegistry, content: object) -> None:
    ecr = client_for(embedded)
    url = ecr.get_download_url_for_layer(repositoryName=REPOSITORY, layerDigest=digest_of(LAYER))["downloadUrl"]
    change(embedded, "UPDATE blob_chunks SET content = ? WHERE length(content) = ?", content, len(LAYER))
    with served(embedded) as endpoint:
        request = f"GET /{url.removeprefix('embedded://')} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with pytest.raises(ValueError, match="the body ends after"):
            exchange(endpoint, request.encode())
        (later,) = exchange(endpoint, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert later.status == 404


@pytest.mark.parametrize(
    "column",
    [
        "uploads.id",
        "uploads.repository_id",
        "uploads.created_at",
        "upload_parts.upload_id",
        "upload_parts.first_byte",
        "upload_parts.size",
        "blobs.key",
        "blobs.digest",
        "blobs.size",
        "blob_chunks.blob_key",
        "blob_chunks.first_byte",
        "blob_chunks.content",
    ],
)
def test_an_upload_in_a_changed_file_has_the_right_bytes_or_fails(
    embedded: EmbeddedRegistry, tmp_path: Path, column: str
) -> None:
    ecr = client_for(embedded)
    for number, value in enumerate(ANY[::2]):
        upload_id = ecr.initiate_layer_upload(repositoryName=REPOSITORY)["uploadId"]
        asked = {"repositoryName": REPOSITORY, "uploadId": upload_id}
        content = f"layer {number}".encode()
        ecr.upload_layer_part(**asked, partFirstByte=0, partLastByte=len(content) - 1, layerPartBlob=content)
        copy = tmp_path / f"{number}.db"
        with embedded.database.connection() as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
        changed = new_embedded(str(copy))  # as after a restart: no digest is known
        set_column(changed, column, value)
        complete = partial(client_for(changed).complete_layer_upload, layerDigests=[digest_of(content)])
        with suppress(ClientError):
            complete(**asked)
            assert b"".join(StoredBlob(changed.database, digest_of(content), len(content))) == content
        changed.database.close()


@pytest.mark.parametrize("column", [*COLUMNS, "images.status", "layers.media_type", "image_layers.layer_id"])
def test_a_registry_with_a_changed_file_answers(embedded: EmbeddedRegistry, column: str) -> None:
    requests: list[tuple[str, dict[str, Any]]] = [
        ("ListImages", {}),
        ("DescribeImages", {}),
        ("BatchGetImage", {"imageIds": [{"imageTag": "1.0"}]}),
        ("BatchCheckLayerAvailability", {"layerDigests": [digest_of(LAYER)]}),
        ("GetDownloadUrlForLayer", {"layerDigest": digest_of(LAYER)}),
    ]
    for value in ANY:
        set_column(embedded, column, value)
        for operation, parameters in requests:
            body = json.dumps({"repositoryName": REPOSITORY, **parameters}).encode()
            response = embedded.handle(Request(body, {"x-amz-target": TARGET + operation}))
            document = json.loads(response.body)
            assert response.status == 200 or document["message"]
            if "downloadUrl" in document:
                with suppress(ConnectionError):
                    download(embedded, document["downloadUrl"])
