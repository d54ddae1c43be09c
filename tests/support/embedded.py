"""The embedded registry for tests: made in a millisecond, with a boto3 client on it, in this process or over HTTP.

embedded = new_embedded()
client = client_for(embedded)
create_repository(client, "team/app")
image = push_image(client, "team/app", tag="1.0")
assert image.digest == digest_of(image.manifest)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from ecrtui.emulator.database import open_database
from ecrtui.emulator.http_server import serve
from ecrtui.emulator.in_process_transport import attach
from ecrtui.emulator.service import EmbeddedRegistry

REGION = "eu-west-1"
REGISTRY_ID = "123456789012"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
ALL_MEDIA_TYPES = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST]


def new_embedded(path: str | None = None, **options: Any) -> EmbeddedRegistry:
    """A registry of its own, in memory unless a path is given; the options are EmbeddedRegistry's."""
    return EmbeddedRegistry(open_database(path), registry_id=REGISTRY_ID, **{"region": REGION, **options})


def client_for(
    embedded: EmbeddedRegistry | str, *, service: str = "ecr", region: str = REGION, attempts: int = 1, **config: Any
) -> Any:
    """A boto3 client: on a registry in this process, or on the URL of a served one.

    Args:
        attempts: how often botocore tries in all; 1 is no retries, so that a fault is seen.
        config: further options of botocore's Config (``read_timeout``, ``retries`` …).
    """
    options = {"retries": {"mode": "standard", "total_max_attempts": attempts}, **config}
    served = isinstance(embedded, str)
    client = _session().client(
        service,
        region_name=region,
        endpoint_url=embedded if served else None,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(**options),
    )
    if not served:
        attach(client, embedded)
    return client


@contextmanager
def served(embedded: EmbeddedRegistry) -> Iterator[str]:
    """The URL of the registry, served on 127.0.0.1 while the block runs."""
    with serve(embedded) as url:
        yield url


@cache
def _session() -> boto3.Session:
    # Making a session and loading the service model is what takes the time; the session is shared, clients are not.
    return boto3.Session(botocore_session=botocore.session.Session())


def digest_of(content: str | bytes) -> str:
    """sha256 of the exact bytes."""
    return "sha256:" + hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


@dataclass(frozen=True)
class PushedImage:
    """An image that was put: its digest and the exact text of its manifest."""

    digest: str
    manifest: str
    media_type: str = OCI_MANIFEST
    tag: str = ""


def create_repository(
    client: Any, name: str, mutability: str = "MUTABLE", exclusions: Sequence[str] = ()
) -> dict[str, Any]:
    """Create a repository; what ECR answered about it."""
    options: dict[str, Any] = {"imageTagMutability": mutability}
    if exclusions:
        options["imageTagMutabilityExclusionFilters"] = [
            {"filterType": "WILDCARD", "filter": pattern} for pattern in exclusions
        ]
    return client.create_repository(repositoryName=name, **options)["repository"]


def upload_blob(client: Any, repository: str, content: bytes) -> dict[str, Any]:
    """Upload a config or a layer, unless the repository has it; its descriptor without a media type."""
    digest = digest_of(content)
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


def manifest_text(
    client: Any,
    repository: str,
    name: str = "one",
    *,
    platform: str = "linux/amd64",
    layers: Sequence[bytes] = (b"layer",),
    media_type: str | None = OCI_MANIFEST,
    config_media_type: str = OCI_CONFIG,
    indent: int | None = 2,
    **members: Any,
) -> str:
    """The text of a manifest whose config and layers have been uploaded; another name is another digest.

    Args:
        media_type: None leaves ``mediaType`` out.
        members: further members of the manifest (``subject``, ``annotations``, ``artifactType`` …).
    """
    system, _, architecture = platform.partition("/")
    config = {"os": system, "architecture": architecture, "config": {"Labels": {"name": name}}, "rootfs": {}}
    document = {
        "schemaVersion": 2,
        **({"mediaType": media_type} if media_type else {}),
        "config": {"mediaType": config_media_type, **upload_blob(client, repository, json.dumps(config).encode())},
        "layers": [{"mediaType": OCI_LAYER, **upload_blob(client, repository, layer)} for layer in layers],
        **members,
    }
    return json.dumps(document, indent=indent)


def put(client: Any, repository: str, manifest: str, tag: str = "", media_type: str = "") -> PushedImage:
    """PutImage of this exact text; the digest that ECR answered."""
    options = {
        **({"imageTag": tag} if tag else {}),
        **({"imageManifestMediaType": media_type} if media_type else {}),
    }
    image = client.put_image(repositoryName=repository, imageManifest=manifest, **options)["image"]
    return PushedImage(image["imageId"]["imageDigest"], manifest, image["imageManifestMediaType"], tag)


def push_image(client: Any, repository: str, name: str = "one", tag: str = "", **options: Any) -> PushedImage:
    """Upload what an image is made of and put it; the options are those of :func:`manifest_text`."""
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
    """Put an index over these images by platform; two of linux are made unless some are given."""
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
    """The block makes a call that the service refuses with this error code and the status that belongs to it."""
    with pytest.raises(ClientError) as caught:
        yield caught
    response = caught.value.response
    assert response["Error"]["Code"] == code, response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == (500 if code == "ServerException" else 400)


def error_message(caught: pytest.ExceptionInfo[ClientError]) -> str:
    """What the service said."""
    return caught.value.response["Error"]["Message"]


def tags_of(client: Any, repository: str) -> dict[str, str]:
    """Which digest every tag of a repository is at."""
    pages = client.get_paginator("list_images").paginate(
        repositoryName=repository, filter={"tagStatus": "TAGGED", "imageStatus": "ANY"}
    )
    return {entry["imageTag"]: entry["imageDigest"] for page in pages for entry in page["imageIds"]}


def digests_of(client: Any, repository: str) -> set[str]:
    """The digests of every image of a repository, archived ones too."""
    pages = client.get_paginator("describe_images").paginate(repositoryName=repository, filter={"imageStatus": "ANY"})
    return {image["imageDigest"] for page in pages for image in page["imageDetails"]}
