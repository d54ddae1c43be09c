"""Layers: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import UUID

import pytest

from ecrtui.emulator import blobs, layer_downloads, storage, uploads
from ecrtui.emulator.service import EmbeddedRegistry
from tests.emulator.conftest import Caller, Transport
from tests.support.embedded import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    PushedImage,
    client_for,
    create_repository,
    digest_of,
    download,
    error_message,
    manifest_text,
    new_embedded,
    push_image,
    put,
    refused,
    upload_blob,
)

MEBIBYTE = 1024 * 1024


def send(client: Any, repository: str, upload_id: str, first: int, content: bytes) -> dict[str, Any]:
    """Call UploadLayerPart with bytes from this position."""
    result: dict[str, Any] = client.upload_layer_part(
        repositoryName=repository,
        uploadId=upload_id,
        partFirstByte=first,
        partLastByte=first + len(content) - 1,
        layerPartBlob=content,
    )
    return result


def start_upload(client: Any, repository: str) -> str:
    result: str = client.initiate_layer_upload(repositoryName=repository)["uploadId"]
    return result


def availability(client: Any, repository: str, digest: str) -> dict[str, Any]:
    layer: dict[str, Any]
    (layer,) = client.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])["layers"]
    return layer


def put_image_of(client: Any, repository: str, digest: str, media_type: str = OCI_LAYER) -> PushedImage:
    """Put an image whose only layer is this one, which the repository has."""
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, **upload_blob(client, repository, b"{}")},
        "layers": [{"mediaType": media_type, "digest": digest, "size": 1}],
    }
    return put(client, repository, json.dumps(document))


def content_of(transport: Transport, url: str) -> bytes:
    """Return the content of a download URL, read as a client of this transport reads it."""
    if url.startswith("http"):
        with urlopen(url, timeout=120) as response:  # noqa: S310 - on this machine
            result: bytes = response.read()
            return result
    return download(transport.embedded, url)


def test_an_uploaded_layer_is_available_by_its_sha256(ecr: Any, repository: str) -> None:
    """L01"""
    parts = [b"a" * 5 * MEBIBYTE, b"b" * 100]
    digest = digest_of(b"".join(parts))
    assert availability(ecr, repository, digest) == {"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}
    upload_id = start_upload(ecr, repository)
    send(ecr, repository, upload_id, 0, parts[0])
    send(ecr, repository, upload_id, len(parts[0]), parts[1])
    answer = ecr.complete_layer_upload(repositoryName=repository, uploadId=upload_id, layerDigests=[digest])
    assert answer["layerDigest"] == digest
    layer = availability(ecr, repository, digest)
    assert (layer["layerAvailability"], layer["layerSize"]) == ("AVAILABLE", 5 * MEBIBYTE + 100)


def test_a_malformed_layer_digest_fails_for_that_layer_only(ecr: Any, repository: str) -> None:
    """L01"""
    answer = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=["what", digest_of("absent")])
    assert [failure["failureCode"] for failure in answer["failures"]] == ["InvalidLayerDigest"]
    assert [layer["layerAvailability"] for layer in answer["layers"]] == ["UNAVAILABLE"]


def test_an_upload_with_a_wrong_digest_is_not_completed(ecr: Any, repository: str) -> None:
    """L02"""
    upload_id = start_upload(ecr, repository)
    send(ecr, repository, upload_id, 0, b"content")
    asked = {"repositoryName": repository, "uploadId": upload_id}
    with refused("InvalidLayerException") as caught:
        ecr.complete_layer_upload(**asked, layerDigests=[digest_of("other")])
    assert error_message(caught) == "None of the provided layer digests match the calculated layer digest"
    assert availability(ecr, repository, digest_of("content"))["layerAvailability"] == "UNAVAILABLE"
    assert ecr.complete_layer_upload(**asked, layerDigests=[digest_of("content")])["layerDigest"] == digest_of(
        "content"
    )


def test_uploading_a_part_returns_the_last_byte_received(ecr: Any, repository: str) -> None:
    """L03"""
    upload_id = start_upload(ecr, repository)
    assert send(ecr, repository, upload_id, 0, b"abc")["lastByteReceived"] == 2
    assert send(ecr, repository, upload_id, 3, b"de")["lastByteReceived"] == 4


def test_a_part_that_does_not_follow_the_last_is_rejected(ecr: Any, repository: str) -> None:
    """L03"""
    upload_id = start_upload(ecr, repository)
    send(ecr, repository, upload_id, 0, b"abc")
    with refused("InvalidLayerPartException") as caught:
        send(ecr, repository, upload_id, 4, b"late")
    response: Any = caught.value.response
    assert response["lastValidByteReceived"] == 2
    assert error_message(caught) == "First byte of the layer part is 4 instead of 3"
    with refused("InvalidLayerPartException"):
        ecr.upload_layer_part(
            repositoryName=repository, uploadId=upload_id, partFirstByte=3, partLastByte=9, layerPartBlob=b"short"
        )


def test_a_first_part_that_does_not_begin_at_0_names_the_upload(ecr: Any, repository: str, caller: Caller) -> None:
    """L10"""
    upload_id = start_upload(ecr, repository)
    with refused("InvalidLayerPartException") as caught:
        send(ecr, repository, upload_id, 5, b"late")
    response: Any = caught.value.response
    assert (response["registryId"], response["repositoryName"]) == (caller.account, repository)
    assert (response["uploadId"], response["lastValidByteReceived"]) == (upload_id, 0)
    assert error_message(caught) == "First byte of the layer part is 5 instead of 0"


def test_an_unknown_upload_is_not_found(ecr: Any, repository: str, name: str) -> None:
    """L04, L15"""
    with refused("UploadNotFoundException"):
        send(ecr, repository, "00000000-0000-0000-0000-000000000000", 0, b"abc")
    with refused("InvalidParameterException"):
        send(ecr, repository, "no-uuid", 0, b"abc")
    create_repository(ecr, f"{name}/other")
    with refused("UploadNotFoundException"):
        send(ecr, f"{name}/other", start_upload(ecr, repository), 0, b"abc")


def test_an_upload_is_completed_once(ecr: Any, repository: str, caller: Caller) -> None:
    """L04, L13, L15"""
    upload_id = start_upload(ecr, repository)
    asked = {"repositoryName": repository, "uploadId": upload_id, "layerDigests": [digest_of("abc")]}
    with refused("EmptyUploadException") as caught:
        ecr.complete_layer_upload(**asked)
    assert error_message(caught) == (
        f"The upload with id '{upload_id}' in the repository with name '{repository}' in registry with id"
        f" '{caller.account}' cannot be completed because it does not have any parts"
    )
    send(ecr, repository, upload_id, 0, b"abc")
    ecr.complete_layer_upload(**asked)
    with refused("UploadNotFoundException"):
        ecr.complete_layer_upload(**asked)


def test_an_upload_proposes_parts_of_10_mebibytes(ecr: Any, repository: str) -> None:
    """L11"""
    answer = ecr.initiate_layer_upload(repositoryName=repository)
    assert answer["partSize"] == 10_485_760
    assert str(UUID(answer["uploadId"])) == answer["uploadId"]


def test_an_existing_layer_cannot_be_uploaded_again(ecr: Any, repository: str) -> None:
    """L14"""
    upload_blob(ecr, repository, b"abc")
    upload_id = start_upload(ecr, repository)
    send(ecr, repository, upload_id, 0, b"abc")
    with refused("LayerAlreadyExistsException"):
        ecr.complete_layer_upload(repositoryName=repository, uploadId=upload_id, layerDigests=[digest_of("abc")])


def test_every_part_but_the_last_needs_5_mebibytes(ecr: Any, repository: str) -> None:
    """L12"""
    upload_id = start_upload(ecr, repository)
    send(ecr, repository, upload_id, 0, b"abc")
    send(ecr, repository, upload_id, 3, b"def")
    with refused("LayerPartTooSmallException") as caught:
        ecr.complete_layer_upload(repositoryName=repository, uploadId=upload_id, layerDigests=[digest_of("abcdef")])
    assert error_message(caught) == "All layer parts except the last part should be at least 5MB"


@pytest.mark.parametrize(
    ("received", "parts", "limit"),
    [
        (4_199, 4_199, ""),
        (4_200, 4_200, "4,200 parts"),
        (52_000 * MEBIBYTE - 3, 1, ""),
        (52_000 * MEBIBYTE - 2, 1, "52,000 MiB"),
    ],
)
def test_a_layer_has_limits(
    transport: Transport, ecr: Any, repository: str, received: int, parts: int, limit: str
) -> None:
    """L18"""
    upload_id = start_upload(ecr, repository)
    with transport.embedded.database.write() as connection:
        connection.execute("UPDATE blobs SET size = ? WHERE key = ?", (received, upload_id))
        connection.executemany(
            "INSERT INTO upload_parts (upload_id, first_byte, size) VALUES (?, ?, 1)",
            [(upload_id, number) for number in range(parts)],
        )
    if not limit:
        assert send(ecr, repository, upload_id, received, b"abc")["lastByteReceived"] == received + 2
        return
    with refused("LimitExceededException") as caught:
        send(ecr, repository, upload_id, received, b"abc")
    assert error_message(caught).endswith(f"has reached the limit of {limit}")


def test_an_upload_ends_after_a_day(ecr: Any, transport: Transport, repository: str) -> None:
    """L19"""
    upload_id = start_upload(ecr, repository)
    send(ecr, repository, upload_id, 0, b"abc")
    with transport.embedded.database.write() as connection:
        connection.execute("UPDATE uploads SET created_at = created_at - ? WHERE id = ?", (uploads.LIFETIME, upload_id))
    with refused("UploadNotFoundException"):
        send(ecr, repository, upload_id, 3, b"def")
    start_upload(ecr, repository)
    with transport.embedded.database.read() as connection:
        assert not connection.execute("SELECT 1 FROM blobs WHERE key = ?", (upload_id,)).fetchall()


def test_a_part_has_at_most_20_mebibytes(ecr: Any, repository: str) -> None:
    """L16"""
    upload_id = start_upload(ecr, repository)
    largest = b"x" * 20_971_520
    with refused("InvalidParameterException"):
        send(ecr, repository, upload_id, 0, largest + b"x")
    assert send(ecr, repository, upload_id, 0, largest)["lastByteReceived"] == len(largest) - 1


def test_a_download_url_returns_the_bytes_of_the_layer(transport: Transport, ecr: Any, repository: str) -> None:
    """L05"""
    content = bytes(range(256)) * 4
    push_image(ecr, repository, tag="1.0", layers=[content])
    answer = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of(content))
    assert answer["layerDigest"] == digest_of(content)
    assert content_of(transport, answer["downloadUrl"]) == content


def test_a_layer_of_several_chunks_is_returned_whole(transport: Transport, ecr: Any, repository: str) -> None:
    """L05"""
    database, digest = transport.embedded.database, digest_of("one two three")
    with database.read() as connection:
        (row,) = connection.execute("SELECT id FROM repositories WHERE name = ?", (repository,))
    assert uploads.upload_layer(database, row["id"], digest, [b"one ", b"", b"two ", b"three"], now=0) == 13
    put_image_of(ecr, repository, digest)
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)["downloadUrl"]
    assert content_of(transport, url) == b"one two three"


def test_a_large_part_is_kept_in_small_chunks(transport: Transport, ecr: Any, repository: str) -> None:
    content = bytes(range(251)) * 10_000
    assert len(content) > 2 * blobs.CHUNK_SIZE
    push_image(ecr, repository, layers=[content])
    with transport.embedded.database.read() as connection:
        rows = connection.execute(
            "SELECT length(content) AS size FROM blobs JOIN blob_chunks ON blob_key = key WHERE digest = ?",
            (digest_of(content),),
        ).fetchall()
    assert max(row["size"] for row in rows) == blobs.CHUNK_SIZE
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of(content))["downloadUrl"]
    assert content_of(transport, url) == content


RANGES = {
    "bytes=2-4": (206, 2, 5),
    "bytes=0-0": (206, 0, 1),
    "bytes=3-": (206, 3, 10),
    "bytes=-4": (206, 6, 10),
    "bytes=-99": (206, 0, 10),
    "bytes=8-99": (206, 8, 10),
    "bytes=4-2": (200, 0, 10),
    "bytes=0-1,3-4": (200, 0, 10),
    "bytes=-": (200, 0, 10),
    "lines=1-2": (200, 0, 10),
    "bytes=a-b": (200, 0, 10),
    "bytes=10-": (416, 0, 0),
    "bytes=-0": (416, 0, 0),
}


@pytest.mark.parametrize("chunk", [16, 3, 1])
def test_a_range_of_a_layer_can_be_downloaded(embedded: EmbeddedRegistry, url: str, name: str, chunk: int) -> None:
    """L17"""
    ecr, content = client_for(url), b"0123456789"
    create_repository(ecr, name)
    push_image(ecr, name, layers=[content])
    digest = digest_of(content)
    with embedded.database.write() as connection:
        (row,) = connection.execute("SELECT key FROM blobs WHERE digest = ?", (digest,))
        connection.execute("DELETE FROM blob_chunks WHERE blob_key = ?", (row["key"],))
        for first in range(0, len(content), chunk):
            connection.execute(
                "INSERT INTO blob_chunks (blob_key, first_byte, content) VALUES (?, ?, ?)",
                (row["key"], first, content[first : first + chunk]),
            )
    download_url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=digest)["downloadUrl"]
    for asked, (status, first, end) in RANGES.items():
        request = Request(download_url, headers={"Range": asked})  # noqa: S310 - on this machine
        answer: tuple[int, str | None, bytes]
        try:
            with urlopen(request, timeout=120) as response:  # noqa: S310 - on this machine
                answer = response.status, response.headers["Content-Range"], response.read()
        except HTTPError as refusal:
            answer = refusal.code, None, b""
        returned = f"bytes {first}-{end - 1}/10" if status == 206 else None
        assert answer == (status, returned, content[first:end]), asked


def test_an_empty_layer_can_be_downloaded(transport: Transport, ecr: Any, repository: str) -> None:
    with transport.embedded.database.write() as connection:
        (row,) = connection.execute("SELECT id FROM repositories WHERE name = ?", (repository,))
        digest = storage.store_layer(connection, row["id"], b"")
    put_image_of(ecr, repository, digest)
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)["downloadUrl"]
    assert content_of(transport, url) == b""


def test_a_download_url_expires() -> None:
    """L20"""
    now = 1_700_000_000.0
    embedded = new_embedded(clock=lambda: now)
    ecr = client_for(embedded)
    create_repository(ecr, "team/app")
    push_image(ecr, "team/app", layers=[b"abc"])

    def ask() -> str:
        url: str = ecr.get_download_url_for_layer(repositoryName="team/app", layerDigest=digest_of("abc"))[
            "downloadUrl"
        ]
        return url

    target = layer_downloads.download_target(ask())
    longer = target.replace("Expires=3600", "Expires=99999")
    for changed in (
        target.partition("?")[0],
        target.replace("Expires=3600", "Expires=" + "9" * 5000),
        target.replace("X-Amz-Expires", "Expires"),
        target.replace("Date=20231114", "Date=2023111x"),
        target + "&a=b" * 100,
    ):
        assert embedded.download(changed).status == 403
    now += layer_downloads.LIFETIME - 1
    for valid in (target, longer, target.replace(":", "%3A")):
        assert embedded.download(valid).status == 200
    now += 1
    for late in (target, longer):
        response = embedded.download(late)
        assert response.status == 403
        assert b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in response.body
    assert download(embedded, ask()) == b"abc"


def test_a_missing_layer_has_no_download_url(ecr: Any, repository: str) -> None:
    """L06"""
    with refused("LayersNotFoundException") as caught:
        ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of("absent"))
    assert digest_of("absent") in error_message(caught)


def test_a_layer_that_no_image_names_has_no_download_url(ecr: Any, repository: str) -> None:
    """L07"""
    digest = upload_blob(ecr, repository, b"abc")["digest"]
    asked = {"repositoryName": repository, "layerDigest": digest}
    with refused("LayerInaccessibleException") as caught:
        ecr.get_download_url_for_layer(**asked)
    assert digest in error_message(caught)
    image = put_image_of(ecr, repository, digest)
    for named in (digest, digest_of("{}")):
        assert ecr.get_download_url_for_layer(**asked | {"layerDigest": named})["downloadUrl"]
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": image.digest}])
    with refused("LayerInaccessibleException"):
        ecr.get_download_url_for_layer(**asked)
    # An image also names a layer that may be elsewhere.
    manifest = json.loads(manifest_text(ecr, repository, layers=[b"abc"]))
    manifest["layers"][0]["urls"] = ["https://example.com/layer"]
    put(ecr, repository, json.dumps(manifest), media_type=OCI_MANIFEST)
    assert ecr.get_download_url_for_layer(**asked)["downloadUrl"]


def test_a_layer_has_the_media_type_of_the_manifest_that_names_it(ecr: Any, repository: str) -> None:
    """L08"""
    first, second = (upload_blob(ecr, repository, content)["digest"] for content in (b"abc", b"def"))
    put_image_of(ecr, repository, first)
    put_image_of(ecr, repository, second, "application/vnd.example.data")
    expected = {first: OCI_LAYER, second: "application/vnd.example.data", digest_of("{}"): OCI_CONFIG}
    answer = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=list(expected))
    assert {layer["layerDigest"]: layer["mediaType"] for layer in answer["layers"]} == expected


def test_a_layer_is_archived_while_all_images_that_name_it_are(ecr: Any, repository: str) -> None:
    """L09"""
    shared, own, free = (upload_blob(ecr, repository, content)["digest"] for content in (b"abc", b"def", b"ghi"))
    image = put_image_of(ecr, repository, shared)
    other = push_image(ecr, repository, layers=[b"abc", b"def"])

    def states() -> list[str]:
        return [availability(ecr, repository, digest)["layerAvailability"] for digest in (shared, own, free)]

    def store(digest: str, storage_class: str) -> None:
        ecr.update_image_storage_class(
            repositoryName=repository, imageId={"imageDigest": digest}, targetStorageClass=storage_class
        )

    assert states() == ["AVAILABLE", "AVAILABLE", "AVAILABLE"]
    store(other.digest, "ARCHIVE")
    assert states() == ["AVAILABLE", "ARCHIVED", "AVAILABLE"]
    store(image.digest, "ARCHIVE")
    assert states() == ["ARCHIVED", "ARCHIVED", "AVAILABLE"]
    with refused("LayerInaccessibleException"):
        ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=own)
    store(other.digest, "STANDARD")
    assert states() == ["AVAILABLE", "AVAILABLE", "AVAILABLE"]


def test_a_layer_without_content_has_no_url_and_the_error_says_why(
    transport: Transport, ecr: Any, repository: str
) -> None:
    digest = digest_of("never kept")
    with transport.embedded.database.write() as connection:
        (row,) = connection.execute("SELECT id FROM repositories WHERE name = ?", (repository,))
        storage.declare_layer(connection, row["id"], digest, 12345)
    layer = availability(ecr, repository, digest)
    assert (layer["layerAvailability"], layer["layerSize"]) == ("AVAILABLE", 12345)
    put_image_of(ecr, repository, digest)
    with refused("LayerInaccessibleException") as caught:
        ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)
    assert "only declared" in error_message(caught)


def test_the_url_of_a_deleted_layer_fails(transport: Transport, ecr: Any, repository: str) -> None:
    push_image(ecr, repository, layers=[b"abc"])
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of("abc"))["downloadUrl"]
    ecr.delete_repository(repositoryName=repository, force=True)
    with pytest.raises(OSError):
        content_of(transport, url)


def test_content_is_kept_while_a_repository_has_the_layer(transport: Transport, ecr: Any, name: str) -> None:
    content = name.encode()
    digest = digest_of(content)
    for one in ("a", "b"):
        create_repository(ecr, f"{name}/{one}")
        push_image(ecr, f"{name}/{one}", layers=[content])
    ecr.delete_repository(repositoryName=f"{name}/a", force=True)
    url = ecr.get_download_url_for_layer(repositoryName=f"{name}/b", layerDigest=digest)["downloadUrl"]
    assert content_of(transport, url) == content
    ecr.delete_repository(repositoryName=f"{name}/b", force=True)
    with transport.embedded.database.read() as connection:
        assert not blobs.has_content(connection, digest)
