"""The embedded registry for tests, with boto3 clients in this process or over HTTP. Creating one takes a millisecond.

embedded = new_embedded()
client = client_for(embedded)
create_repository(client, "team/app")
image = push_image(client, "team/app", tag="1.0")
assert image.digest == digest_of(image.manifest)
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock
from typing import Any
from weakref import WeakKeyDictionary

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from ecrtui.emulator import storage
from ecrtui.emulator.database import Database
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.http.server import serve
from ecrtui.emulator.in_process_transport import attach, send
from ecrtui.emulator.service import EmbeddedRegistry

REGION = "eu-west-1"
REGISTRY_ID = "123456789012"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
SMALL_BLOB = 64 * 1024
"""The size in bytes of a blob that needs no upload."""
ALL_MEDIA_TYPES = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST]


def new_embedded(path: str | None = None, **options: Any) -> EmbeddedRegistry:
    """Return a new registry, in memory unless a path is given. The options are those of EmbeddedRegistry."""
    defaults = {"region": REGION, "clock": distinct_times()}
    return EmbeddedRegistry(_new_database(path), registry_id=REGISTRY_ID, **{**defaults, **options})


def _new_database(path: str | None) -> Database:
    """Open a database. A new one is the copy of an empty one: to create its tables takes several times as long."""
    if path is not None:
        if not Path(path).exists():
            Path(path).write_bytes(_empty_file())
        return open_database(path)
    database = Database(None)
    with _empty_database().connection() as empty, database.connection() as connection:
        empty.backup(connection)
    return database


@cache
def _empty_database() -> Database:
    return open_database(None)


@cache
def _empty_file() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite"
        open_database(file).close()
        return file.read_bytes()


def distinct_times(days_ago: int = 0) -> Callable[[], float]:
    """Return a clock that returns no millisecond twice, so that the newer of two images is known in each run.

    Args:
        days_ago: how old images are. With a day or more, a screen shows the same age as long as a test runs.
    """
    latest, lock = 0, Lock()

    def clock() -> float:
        nonlocal latest
        with lock:
            latest = max(round((time.time() - days_ago * 86_400) * 1000), latest + 1)
            return latest / 1000

    return clock


def client_for(
    embedded: EmbeddedRegistry | str, *, service: str = "ecr", region: str = REGION, attempts: int = 1, **config: Any
) -> Any:
    """Return a boto3 client of a registry in this process, or of a served one by its URL.

    Args:
        attempts: the total number of attempts of botocore; 1 disables retries, so that the client sees a fault.
        config: further options of botocore's Config (``read_timeout``, ``retries`` …).
    """
    options = {"retries": {"mode": "standard", "total_max_attempts": attempts}, **config}
    session: Any = _session()  # the stubs want the service as a literal
    client = session.client(
        service,
        region_name=region,
        endpoint_url=embedded if isinstance(embedded, str) else None,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(**options),
    )
    if not isinstance(embedded, str):
        attach(client, embedded)
        _registries[client] = embedded
    return client


_registries: WeakKeyDictionary[Any, EmbeddedRegistry] = WeakKeyDictionary()
"""The registry of each client in this process."""


@contextmanager
def served(embedded: EmbeddedRegistry) -> Iterator[str]:
    """Serve the registry on 127.0.0.1 while the block runs; yield the URL."""
    with serve(embedded) as url:
        yield url


@cache
def _session() -> boto3.Session:
    # Creating a session and loading the service model take the time. The session is shared, clients are not.
    return boto3.Session(botocore_session=botocore.session.Session())


def download(embedded: EmbeddedRegistry, url: str) -> bytes:
    """Return the content behind a download URL, without a socket.

    Raises:
        ConnectionError: it has none, or the connection closed before all of it arrived.
    """
    try:
        response = send(embedded, None, "GET", url, {})
    except HTTPClientError as problem:
        raise ConnectionError(str(problem)) from problem
    content: bytes = response.content
    if response.status_code != 200 or len(content) < int(response.headers["Content-Length"]):
        raise ConnectionError(f"status {response.status_code}, {len(content)} bytes")
    return content


def digest_of(content: str | bytes) -> str:
    """Return the sha256 digest of the exact bytes."""
    return "sha256:" + hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


@dataclass(frozen=True)
class PushedImage:
    """A pushed image: its digest and the exact text of its manifest."""

    digest: str
    manifest: str
    media_type: str = OCI_MANIFEST
    tag: str = ""


def create_repository(
    client: Any, name: str, mutability: str = "MUTABLE", exclusions: Sequence[str] = ()
) -> dict[str, Any]:
    """Create a repository and return the response."""
    options: dict[str, Any] = {"imageTagMutability": mutability}
    if exclusions:
        options["imageTagMutabilityExclusionFilters"] = [
            {"filterType": "WILDCARD", "filter": pattern} for pattern in exclusions
        ]
    result: dict[str, Any] = client.create_repository(repositoryName=name, **options)["repository"]
    return result


def upload_blob(client: Any, repository: str, content: bytes) -> dict[str, Any]:
    """Upload a config or a layer unless the repository has it; return its descriptor without a media type.

    A registry in this process stores a small one without the four requests: they take most of the time of an image.
    """
    digest = digest_of(content)
    embedded = _registries.get(client) if len(content) <= SMALL_BLOB else None
    if embedded and _store_layer(embedded, client.meta.region_name, repository, content):
        return {"digest": digest, "size": len(content)}
    known = client.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])["layers"]
    if not known or known[0]["layerAvailability"] != "AVAILABLE":
        upload_id = client.initiate_layer_upload(repositoryName=repository)["uploadId"]
        client.upload_layer_part(
            repositoryName=repository,
            uploadId=upload_id,
            partFirstByte=0,
            partLastByte=len(content) - 1,
            layerPartBlob=content,
        )
        client.complete_layer_upload(repositoryName=repository, uploadId=upload_id, layerDigests=[digest])
    return {"digest": digest, "size": len(content)}


def _store_layer(embedded: EmbeddedRegistry, region: str, repository: str, content: bytes) -> bool:
    """Store a layer; return False if the caller has no such repository in the region."""
    with embedded.database.write() as connection:
        row = storage.find_repository(connection, embedded.registry_id, region, repository)
        if row:
            storage.store_layer(connection, row["id"], content)
    return row is not None


def manifest_text(
    client: Any,
    repository: str,
    name: str = "one",
    *,
    platform: str = "linux/amd64",
    layers: Sequence[bytes] = (b"layer",),
    media_type: str | None = OCI_MANIFEST,
    config_media_type: str = OCI_CONFIG,
    config_members: Mapping[str, Any] = {},
    indent: int | None = 2,
    **members: Any,
) -> str:
    """Upload config and layers and return the text of their manifest.

    Args:
        name: becomes a label in the config, so that another name makes another digest.
        media_type: None leaves ``mediaType`` out.
        config_members: members of the config; ``config`` in them replaces the labels.
        members: further members of the manifest (``subject``, ``annotations``, ``artifactType`` …).
    """
    system, _, architecture = platform.partition("/")
    config = {"os": system, "architecture": architecture, "config": {"Labels": {"name": name}}, "rootfs": {}}
    config |= config_members
    document = {
        "schemaVersion": 2,
        **({"mediaType": media_type} if media_type else {}),
        "config": {"mediaType": config_media_type, **upload_blob(client, repository, json.dumps(config).encode())},
        "layers": [{"mediaType": OCI_LAYER, **upload_blob(client, repository, layer)} for layer in layers],
        **members,
    }
    return json.dumps(document, indent=indent)


def put(client: Any, repository: str, manifest: str, tag: str = "", media_type: str = "") -> PushedImage:
    """Call PutImage with this exact text; return the image with the digest of the response."""
    options = {
        **({"imageTag": tag} if tag else {}),
        **({"imageManifestMediaType": media_type} if media_type else {}),
    }
    image = client.put_image(repositoryName=repository, imageManifest=manifest, **options)["image"]
    return PushedImage(image["imageId"]["imageDigest"], manifest, image["imageManifestMediaType"], tag)


def push_image(client: Any, repository: str, name: str = "one", tag: str = "", **options: Any) -> PushedImage:
    """Upload the blobs of an image and put it. The options are those of :func:`manifest_text`."""
    media_type = options.get("media_type", OCI_MANIFEST)
    text = manifest_text(client, repository, name, **options)
    return put(client, repository, text, tag, media_type or OCI_MANIFEST)


def push_index(
    client: Any,
    repository: str,
    children: Mapping[str, PushedImage] | None = None,
    tag: str = "",
    media_type: str = OCI_INDEX,
    **members: Any,
) -> PushedImage:
    """Put an index of these images by platform. The default is two new Linux images."""
    if children is None:
        children = {
            name: push_image(client, repository, name, platform=name) for name in ("linux/amd64", "linux/arm64")
        }
    entries = []
    for platform, child in children.items():
        system, _, architecture = platform.partition("/")
        entries.append(
            {
                "mediaType": child.media_type,
                "digest": child.digest,
                "size": len(child.manifest.encode()),
                "platform": {"os": system, "architecture": architecture},
            }
        )
    document = {"schemaVersion": 2, "mediaType": media_type, "manifests": entries, **members}
    return put(client, repository, json.dumps(document, indent=2), tag, media_type)


@contextmanager
def refused(code: str) -> Iterator[pytest.ExceptionInfo[ClientError]]:
    """Expect the block to fail with this error code of the service, and with the HTTP status of the code."""
    with pytest.raises(ClientError) as caught:
        yield caught
    response = caught.value.response
    assert response["Error"]["Code"] == code, response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == (500 if code == "ServerException" else 400)


def error_message(caught: pytest.ExceptionInfo[ClientError]) -> str:
    """Return the error message of the service."""
    return str(caught.value.response["Error"]["Message"])


def tags_of(client: Any, repository: str) -> dict[str, str]:
    """Return the digest of each tag of a repository."""
    pages = client.get_paginator("list_images").paginate(
        repositoryName=repository, filter={"tagStatus": "TAGGED", "imageStatus": "ANY"}
    )
    return {entry["imageTag"]: entry["imageDigest"] for page in pages for entry in page["imageIds"]}


def digests_of(client: Any, repository: str) -> set[str]:
    """Return the digests of all images of a repository, including archived ones."""
    pages = client.get_paginator("describe_images").paginate(repositoryName=repository, filter={"imageStatus": "ANY"})
    return {image["imageDigest"] for page in pages for image in page["imageDetails"]}


@contextmanager
def held(embedded: EmbeddedRegistry, operation: str) -> Iterator[Event]:
    """Hold the next request of an operation until the block ends. The event tells that the request has come."""
    reached, go = Event(), Event()

    def hold() -> None:
        reached.set()
        go.wait()

    embedded.faults.before(operation, hold)
    try:
        yield reached
    finally:
        go.set()
