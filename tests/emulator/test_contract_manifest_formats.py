"""The formats in which manifests are read: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.conftest import Transport
from tests.emulator.test_contract_images import codes, get
from tests.support.embedded import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    PushedImage,
    digest_of,
    error_message,
    manifest_text,
    push_image,
    push_index,
    put,
    refused,
)

DOCKER_V1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"


def push_docker(client: Any, repository: str, tag: str = "docker", **options: Any) -> PushedImage:
    """Push a Docker image of version 2 schema 2."""
    options = {"media_type": DOCKER_MANIFEST, "config_media_type": DOCKER_CONFIG, **options}
    text = manifest_text(client, repository, **options).replace(OCI_LAYER, DOCKER_LAYER)
    return put(client, repository, text, tag)


def test_an_oci_image_read_by_tag_is_converted_for_a_docker_client(ecr: Any, repository: str) -> None:
    """G05, G12: only for a tag, and only if there is an equivalent media type."""
    image = push_image(ecr, repository, tag="1.0")
    (found,) = get(ecr, repository, {"imageTag": "1.0"}, accepted=[DOCKER_MANIFEST])["images"]
    assert found["imageManifest"] != image.manifest
    assert found["imageManifestMediaType"] == DOCKER_MANIFEST
    converted = json.loads(found["imageManifest"])
    assert converted["mediaType"] == DOCKER_MANIFEST
    assert converted["config"]["mediaType"] == "application/vnd.docker.container.image.v1+json"
    assert [layer["digest"] for layer in converted["layers"]] == [digest_of("layer")]
    (by_digest,) = get(ecr, repository, {"imageDigest": image.digest}, accepted=[DOCKER_MANIFEST])["images"]
    assert by_digest["imageManifest"] == image.manifest


def test_an_image_that_cannot_be_converted_is_not_returned_by_tag(ecr: Any, repository: str) -> None:
    """G05"""
    push_index(ecr, repository, tag="multi")
    push_image(ecr, repository, tag="chart", config_media_type="application/vnd.cncf.helm.config.v1+json")
    answer = get(ecr, repository, {"imageTag": "multi"}, {"imageTag": "chart"}, accepted=[DOCKER_MANIFEST])
    assert (answer["images"], codes(answer)) == ([], ["ImageNotFound", "ImageNotFound"])


@pytest.mark.parametrize("kind", [OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST, HELM_CONFIG])
def test_without_accepted_media_types_the_stored_manifest_is_returned(ecr: Any, repository: str, kind: str) -> None:
    """G06, G18: for an index no report was found."""
    if kind in (OCI_INDEX, DOCKER_LIST):
        image = push_index(ecr, repository, tag="1.0", media_type=kind)
    elif kind == DOCKER_MANIFEST:
        image = push_docker(ecr, repository, "1.0")
    else:
        config = {"config_media_type": kind} if kind == HELM_CONFIG else {}
        image = push_image(ecr, repository, tag="1.0", **config)
    for image_id in ({"imageTag": "1.0"}, {"imageDigest": image.digest}):
        (found,) = ecr.batch_get_image(repositoryName=repository, imageIds=[image_id])["images"]
        assert (found["imageManifest"], found["imageManifestMediaType"]) == (image.manifest, image.media_type)


def test_the_recipe_for_a_retag_works_with_the_media_type_in_the_request(ecr: Any, repository: str) -> None:
    """G19"""
    chart = push_image(ecr, repository, tag="1.0", media_type=None, config_media_type=HELM_CONFIG)
    (found,) = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "1.0"}])["images"]
    assert found["imageManifest"] == chart.manifest
    again = {"repositoryName": repository, "imageManifest": found["imageManifest"], "imageTag": "stable"}
    with refused("InvalidParameterException") as caught:
        ecr.put_image(**again)
    assert error_message(caught).endswith("'Invalid JSON syntax'")
    answer = ecr.put_image(**again, imageManifestMediaType=found["imageManifestMediaType"])
    assert answer["image"]["imageId"] == {"imageDigest": chart.digest, "imageTag": "stable"}


def test_with_a_digest_nothing_is_converted(ecr: Any, repository: str) -> None:
    """G10"""
    image = push_docker(ecr, repository)
    both = {"imageTag": "docker", "imageDigest": image.digest}
    (found,) = get(ecr, repository, both, accepted=[DOCKER_V1])["images"]
    assert (found["imageManifest"], found["imageManifestMediaType"]) == (image.manifest, DOCKER_MANIFEST)


def test_a_docker_image_is_converted_to_schema_1(ecr: Any, repository: str) -> None:
    """G11"""
    image = push_docker(ecr, repository, layers=[b"base", b"top"])
    (found,) = get(ecr, repository, {"imageTag": "docker"}, accepted=[DOCKER_V1])["images"]
    assert found["imageManifestMediaType"] == DOCKER_V1
    assert found["imageId"] == {"imageDigest": image.digest, "imageTag": "docker"}
    converted = json.loads(found["imageManifest"])
    assert (converted["schemaVersion"], converted["name"], converted["tag"]) == (1, repository, "docker")
    assert [layer["blobSum"] for layer in converted["fsLayers"]] == [digest_of("top"), digest_of("base")]
    newest, oldest = (json.loads(entry["v1Compatibility"]) for entry in converted["history"])
    assert newest["config"]["Labels"] == {"name": "one"}
    assert (newest["os"], newest["parent"], oldest.get("parent")) == ("linux", oldest["id"], None)
    assert {"rootfs", "history"}.isdisjoint(newest)


def test_an_image_whose_config_is_no_json_is_not_converted_to_schema_1(transport: Transport, repository: str) -> None:
    """G11"""
    ecr = transport.client()
    image = push_docker(ecr, repository, name="damaged")  # other tests share the blobs of the usual name
    config = json.loads(image.manifest)["config"]["digest"]
    with transport.embedded.database.write() as connection:
        connection.execute(
            "UPDATE blob_chunks SET content = x'ff' WHERE blob_key = (SELECT key FROM blobs WHERE digest = ?)",
            (config,),
        )
    assert codes(get(ecr, repository, {"imageTag": "docker"}, accepted=[DOCKER_V1])) == ["ImageNotFound"]


def test_a_docker_image_is_converted_for_an_oci_client(ecr: Any, repository: str) -> None:
    """G05, G13"""
    push_docker(ecr, repository)
    (found,) = get(ecr, repository, {"imageTag": "docker"}, accepted=[OCI_MANIFEST])["images"]
    converted = json.loads(found["imageManifest"])
    assert found["imageManifestMediaType"] == converted["mediaType"] == OCI_MANIFEST
    assert converted["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    assert [layer["mediaType"] for layer in converted["layers"]] == [OCI_LAYER]
