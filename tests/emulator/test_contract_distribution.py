"""The OCI distribution API (``/v2/``), over plain HTTP.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.distribution import Answer, DistributionClient, credentials, token_for
from tests.support.embedded import (
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    REGION,
    REGISTRY_ID,
    client_for,
    create_repository,
    digest_of,
    manifest_text,
    new_embedded,
    push_image,
    push_index,
    served,
)

OTHER_ACCOUNT = "210987654321"
MISSING = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Served:
    """A served registry, a boto3 client in its process, and a client of its distribution API."""

    embedded: EmbeddedRegistry
    url: str
    ecr: Any
    v2: DistributionClient


@pytest.fixture(scope="module")
def registry() -> Iterator[Served]:
    """Serve a registry in memory."""
    embedded = new_embedded()
    with served(embedded) as url:
        client = DistributionClient(url, token_for())
        yield Served(embedded, url, client_for(embedded), client)
        client.close()
    embedded.database.close()


@pytest.fixture
def repository(registry: Served, name: str) -> str:
    """Create a mutable repository for one test."""
    create_repository(registry.ecr, name)
    return name


def put(registry: Served, path: str, text: str, media_type: str = OCI_MANIFEST) -> Answer:
    return registry.v2.send("PUT", f"/v2/{path}", text.encode(), {"Content-Type": media_type})


def test_a_client_sends_a_token(registry: Served) -> None:
    """V01"""
    (data,) = registry.ecr.get_authorization_token()["authorizationData"]
    answers = [
        DistributionClient(registry.url, token).send("GET", "/v2/")
        for token in (data["authorizationToken"], "", credentials("AWS2", "x"), "no base64")
    ]
    assert [answer.status for answer in answers] == [200, 401, 401, 401]
    assert all(answer.headers["docker-distribution-api-version"] == "registry/2.0" for answer in answers)
    assert answers[1].headers["www-authenticate"] == f'Basic realm="{registry.url}/",service="ecr.amazonaws.com"'
    assert answers[1].error == (401, "UNAUTHORIZED", "Not Authorized")


def test_a_token_must_be_valid(registry: Served) -> None:
    """V02"""
    wrong = DistributionClient(registry.url, credentials("AWS", "guessed")).send("GET", "/v2/team/app/tags/list")
    assert wrong.error[:2] == (400, "DENIED")
    expired = DistributionClient(registry.url, token_for(expires_at=1.0)).send("GET", "/v2/")
    assert expired.error == (
        403,
        "DENIED",
        "Your authorization token has expired. Reauthenticate and try again.",
    )


def test_a_manifest_comes_as_it_was_put(registry: Served, repository: str) -> None:
    """V03"""
    image = push_image(registry.ecr, repository, tag="1.0", indent=7)
    for reference in ("1.0", image.digest, image.digest.replace(":", "%3A")):
        got = registry.v2.send("GET", f"/v2/{repository}/manifests/{reference}")
        head = registry.v2.send("HEAD", f"/v2/{repository}/manifests/{reference}")
        assert (got.status, got.body.decode()) == (200, image.manifest)
        assert got.headers["content-type"] == head.headers["content-type"] == OCI_MANIFEST
        assert got.headers["content-length"] == head.headers["content-length"]
        assert head.headers["docker-content-digest"] == image.digest
        assert "docker-content-digest" not in got.headers


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (DOCKER_MANIFEST, DOCKER_MANIFEST),
        (f"{DOCKER_MANIFEST};q=0.5, {OCI_MANIFEST}", OCI_MANIFEST),
        ("*/*", OCI_MANIFEST),
        ("application/*", OCI_MANIFEST),
        (" , ", OCI_MANIFEST),
    ],
)
def test_a_client_gets_a_format_that_it_accepts(
    registry: Served, repository: str, accept: str, media_type: str
) -> None:
    """V04"""
    layers = [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": MISSING, "size": 1, "urls": ["x"]}]
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": MISSING, "size": 1, "urls": ["x"]}
    text = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers})
    assert put(registry, f"{repository}/manifests/1.0", text).status == 201
    got = registry.v2.send("GET", f"/v2/{repository}/manifests/1.0", headers={"Accept": accept})
    assert (got.status, got.headers["content-type"]) == (200, media_type)
    assert got.document["mediaType"] == media_type


def test_putting_a_manifest_tags_an_image(registry: Served, repository: str) -> None:
    """V05"""
    text = manifest_text(registry.ecr, repository)
    digest = digest_of(text)
    for reference in ("1.0", "1.0", "2.0", digest, digest):
        answer = put(registry, f"{repository}/manifests/{reference}", text)
        assert answer.status == 201
        assert answer.headers["docker-content-digest"] == digest
        assert answer.headers["location"] == f"/v2/{repository}/manifests/{digest}"
        assert "oci-subject" not in answer.headers
    (image,) = registry.ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert (image["imageDigest"], image["imageTags"]) == (digest, ["1.0", "2.0"])
    subject = {"mediaType": OCI_MANIFEST, "digest": digest, "size": len(text)}
    signature = manifest_text(registry.ecr, repository, "signature", subject=subject)
    assert put(registry, f"{repository}/manifests/{digest_of(signature)}", signature).headers["oci-subject"] == digest


INDEX = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [{"digest": MISSING}]})
BAD_MANIFESTS: dict[str, tuple[str, str, str, int, str]] = {
    "no JSON": ("new", "{", OCI_MANIFEST, 405, "UNSUPPORTED"),
    "an unknown media type": ("new", "{}", "text/plain", 405, "UNSUPPORTED"),
    "no media type": ("new", "{}", "", 405, "UNSUPPORTED"),
    "a bad tag": ("-new", "{}", OCI_MANIFEST, 405, "UNSUPPORTED"),
    "another digest": (MISSING, INDEX, OCI_INDEX, 400, "DIGEST_INVALID"),
    "children that are missing": ("new", INDEX, OCI_INDEX, 400, "MANIFEST_BLOB_UNKNOWN"),
    "layers that are missing": (
        "new",
        json.dumps({"schemaVersion": 2, "config": {"digest": MISSING}, "layers": [{"digest": MISSING}]}),
        OCI_MANIFEST,
        400,
        "MANIFEST_BLOB_UNKNOWN",
    ),
}


@pytest.mark.parametrize("case", BAD_MANIFESTS)
def test_a_manifest_that_ecr_refuses(registry: Served, repository: str, case: str) -> None:
    """V06"""
    reference, text, media_type, *error = BAD_MANIFESTS[case]
    assert list(put(registry, f"{repository}/manifests/{reference}", text, media_type).error[:2]) == error


def test_an_immutable_tag_stays(registry: Served, name: str) -> None:
    """V07"""
    create_repository(registry.ecr, name, "IMMUTABLE")
    image = push_image(registry.ecr, name, tag="1.0")
    assert put(registry, f"{name}/manifests/2.0", image.manifest).status == 201
    assert put(registry, f"{name}/manifests/1.0", manifest_text(registry.ecr, name, "two")).error == (
        400,
        "TAG_INVALID",
        f"The image tag '1.0' already exists in the '{name}' repository and cannot be overwritten because the tag is"
        " immutable.",
    )


def test_what_is_not_there(registry: Served, repository: str) -> None:
    """V08"""
    unknown = f"The repository with name 'no/such' does not exist in the registry with id '{REGISTRY_ID}'"
    for method, path in {
        "GET": "manifests/1.0",
        "PUT": "manifests/1.0",
        "DELETE": "manifests/1.0",
    }.items():
        body = INDEX.encode() if method == "PUT" else b""
        assert registry.v2.send(method, f"/v2/no/such/{path}", body).error == (404, "NAME_UNKNOWN", unknown), method
    for path in ("tags/list", f"referrers/{MISSING}", f"blobs/{MISSING}"):
        assert registry.v2.send("GET", f"/v2/no/such/{path}").error == (404, "NAME_UNKNOWN", unknown), path
    missing = registry.v2.send("GET", f"/v2/{repository}/manifests/1.0")
    assert missing.error == (404, "MANIFEST_UNKNOWN", "Requested image not found")
    assert registry.v2.send("HEAD", f"/v2/{repository}/blobs/{MISSING}").status == 404
    assert registry.v2.send("GET", f"/v2/{repository}/blobs/{MISSING}").error[:2] == (404, "BLOB_UNKNOWN")


def test_deleting_a_manifest(registry: Served, repository: str) -> None:
    """V09"""
    image = push_image(registry.ecr, repository, tag="1.0")
    put(registry, f"{repository}/manifests/2.0", image.manifest)
    index = push_index(registry.ecr, repository, {"linux/amd64": push_image(registry.ecr, repository, "child")})
    (child,) = json.loads(index.manifest)["manifests"]
    paths = ["manifests/1.0", "manifests/1.0", f"manifests/{image.digest}", f"manifests/{child['digest']}"]
    answers = [registry.v2.send("DELETE", f"/v2/{repository}/{path}") for path in paths]
    assert [answer.status for answer in answers] == [202, 404, 202, 405]
    assert index.digest in answers[3].error[2]
    layer = json.loads(image.manifest)["layers"][0]["digest"]
    assert registry.v2.send("DELETE", f"/v2/{repository}/blobs/{layer}").error[:2] == (405, "UNSUPPORTED")


def test_tags_come_in_pages(registry: Served, repository: str) -> None:
    """V10"""
    empty = registry.v2.send("GET", f"/v2/{repository}/tags/list")
    assert (empty.document, empty.headers["content-type"]) == (
        {"name": repository, "tags": []},
        "text/plain; charset=utf-8",
    )
    text = push_image(registry.ecr, repository).manifest
    for tag in ("a", "b", "c"):
        put(registry, f"{repository}/manifests/{tag}", text)
    tags: list[str] = []
    path = f"/v2/{repository}/tags/list?n=2"
    while path:
        page = registry.v2.send("GET", path)
        tags += page.document["tags"]
        path, _, rest = page.headers.get("link", "").removeprefix("<").partition(">")
        assert rest in ("", '; rel="next"')
    assert sorted(tags) == ["a", "b", "c"]
    too_many = registry.v2.send("GET", f"/v2/{repository}/tags/list?n=1001")
    assert too_many.error == (
        405,
        "UNSUPPORTED",
        "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or equal to"
        " 1000'",
    )
    for bad in ("n=0", "n=x", "n=", "n=" + "9" * 5_000, "last=a"):
        assert registry.v2.send("GET", f"/v2/{repository}/tags/list?{bad}").error[:2] == (405, "UNSUPPORTED"), bad


def test_referrers_come_as_an_index(registry: Served, repository: str) -> None:
    """V11"""
    image = push_image(registry.ecr, repository, tag="1.0")
    subject = {"mediaType": OCI_MANIFEST, "digest": image.digest, "size": len(image.manifest)}
    for kind in ("a", "b"):
        push_image(
            registry.ecr, repository, kind, subject=subject, artifactType=f"text/{kind}", annotations={"kind": kind}
        )
    every = registry.v2.send("GET", f"/v2/{repository}/referrers/{image.digest}")
    assert (every.status, every.headers["content-type"]) == (200, OCI_INDEX)
    assert "oci-filters-applied" not in every.headers
    assert sorted(entry["artifactType"] for entry in every.document["manifests"]) == ["text/a", "text/b"]
    one = registry.v2.send("GET", f"/v2/{repository}/referrers/{image.digest}?artifactType=text%2Fa")
    assert one.headers["oci-filters-applied"] == "artifactType"
    (referrer,) = one.document["manifests"]
    assert referrer["annotations"] == {"kind": "a"}
    stored = registry.v2.send("GET", f"/v2/{repository}/manifests/{referrer['digest']}")
    assert (len(stored.body), stored.headers["content-type"]) == (referrer["size"], referrer["mediaType"])
    assert registry.v2.send("GET", f"/v2/{repository}/referrers/{MISSING}").document["manifests"] == []


def test_a_blob_comes_from_its_download_url(registry: Served, repository: str) -> None:
    """V12"""
    image = push_image(registry.ecr, repository, layers=[b"content"])
    layer = json.loads(image.manifest)["layers"][0]["digest"]
    head = registry.v2.send("HEAD", f"/v2/{repository}/blobs/{layer}")
    assert (head.status, head.headers["content-length"], head.headers["docker-content-digest"]) == (200, "7", layer)
    redirect = registry.v2.send("GET", f"/v2/{repository}/blobs/{layer}")
    assert redirect.status == 307
    location = redirect.headers["location"]
    assert location.startswith(registry.url)
    assert DistributionClient(registry.url, "").send("GET", location.removeprefix(registry.url)).body == b"content"


def test_the_catalog_lists_repositories(registry: Served, repository: str) -> None:
    """V13"""
    names = registry.v2.send("GET", "/v2/_catalog?n=1000").document["repositories"]
    assert repository in names
    assert registry.v2.send("GET", "/v2/_catalog?n=1").document["repositories"] == names[:1]


def policy(*actions: str) -> str:
    principal = {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": [f"ecr:{action}" for action in actions]}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def test_the_policy_of_a_repository_lets_another_account_in(registry: Served, repository: str) -> None:
    """V14"""
    image = push_image(registry.ecr, repository, tag="1.0")
    other = DistributionClient(registry.url, token_for(OTHER_ACCOUNT))
    arn = f"arn:aws:ecr:{REGION}:{REGISTRY_ID}:repository"
    for path, operation, resource in [
        (f"{repository}/manifests/1.0", "BatchGetImage", repository),
        (f"{repository}/tags/list", "ListImages", repository),
        (f"{repository}/blobs/{MISSING}", "GetDownloadUrlForLayer", repository),
        ("no/such/manifests/1.0", "BatchGetImage", "no/such"),
        ("_catalog", "DescribeRepositories", "*"),
    ]:
        assert other.send("GET", f"/v2/{path}").error == (
            403,
            "DENIED",
            f"User: arn:aws:iam::{OTHER_ACCOUNT}:user/embedded is not authorized to perform: ecr:{operation} on"
            f" resource: {arn}/{resource} because no resource-based policy allows the ecr:{operation} action",
        )
    registry.ecr.set_repository_policy(repositoryName=repository, policyText=policy("BatchGetImage"))
    assert other.send("GET", f"/v2/{repository}/manifests/1.0").body.decode() == image.manifest
    for method, path in [("PUT", "manifests/2.0"), ("DELETE", "manifests/1.0"), ("GET", "tags/list")]:
        body = image.manifest.encode() if method == "PUT" else b""
        assert other.send(method, f"/v2/{repository}/{path}", body).error[:2] == (403, "DENIED"), method


def test_faults_affect_the_distribution_api_too(registry: Served, repository: str) -> None:
    """V15"""
    push_image(registry.ecr, repository, tag="1.0")
    path = f"/v2/{repository}/manifests/1.0"
    specs = [
        "BatchGetImage:throttle:times=1",
        "BatchGetImage:error:times=1:code=KmsException:message=no key",
        "BatchGetImage:error:times=1:code=ServerException:status=500",
        "BatchGetImage:unavailable:times=1",
    ]
    answers = []
    for spec in specs:
        fault = registry.embedded.faults.add(spec)
        answers.append(registry.v2.send("GET", path))
        assert fault.hits == 1
    assert answers[0].error == (429, "TOOMANYREQUESTS", "Rate exceeded")
    assert answers[1].error == (400, "UNSUPPORTED", "no key")
    assert answers[2].error[:2] == (500, "UNKNOWN")
    assert (answers[3].status, answers[3].headers["content-type"]) == (503, "text/html")
    assert registry.v2.send("GET", path).status == 200
