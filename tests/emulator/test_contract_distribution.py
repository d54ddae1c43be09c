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
    error_message,
    manifest_text,
    new_embedded,
    push_image,
    push_index,
    refused,
    served,
)
from tests.support.raw_http import exchange

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


def test_a_missing_repository_manifest_or_blob_is_named(registry: Served, repository: str) -> None:
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


def test_a_manifest_with_an_invalid_name_is_a_bad_request(registry: Served, repository: str) -> None:
    """V20"""
    for reference, code in (("2024.42+8f9dd69", "TAG_INVALID"), ("sha256:xyz", "DIGEST_INVALID")):
        path = f"/v2/{repository}/manifests/{reference}"
        assert registry.v2.send("HEAD", path).status == 400
        for method in ("GET", "DELETE"):
            assert registry.v2.send(method, path).error[:2] == (400, code)


def test_a_manifest_is_deleted_by_tag_or_digest_unless_an_index_refers_to_it(registry: Served, repository: str) -> None:
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


MEBIBYTE = 1024 * 1024


def begin(registry: Served, repository: str) -> str:
    """Begin an upload; return its path."""
    answer = registry.v2.send("POST", f"/v2/{repository}/blobs/uploads/")
    assert (answer.status, answer.headers["range"]) == (202, "0-0")
    path = answer.headers["location"]
    assert path == f"/v2/{repository}/blobs/uploads/{answer.headers['docker-upload-uuid']}"
    return path


def has(registry: Served, repository: str, content: bytes) -> bool:
    """Return True if the repository has this blob, with the right size."""
    head = registry.v2.send("HEAD", f"/v2/{repository}/blobs/{digest_of(content)}")
    assert head.status == 404 or int(head.headers["content-length"]) == len(content)
    return head.status == 200


def check_completed(registry: Served, repository: str, content: bytes, answer: Answer) -> None:
    digest = digest_of(content)
    assert (answer.status, answer.headers["location"]) == (201, f"/v2/{repository}/blobs/{digest}")
    assert answer.headers["docker-content-digest"] == digest
    assert has(registry, repository, content)


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_a_blob_is_uploaded(registry: Served, repository: str, chunked: bool) -> None:
    """V16"""

    def body(content: bytes) -> bytes | Iterator[bytes]:
        return iter([content[:7], content[7:]]) if chunked else content

    content = b"posted at once"
    done = registry.v2.send("POST", f"/v2/{repository}/blobs/uploads?digest={digest_of(content)}", body(content))
    check_completed(registry, repository, content, done)

    content = b"begun, then put at once"
    done = registry.v2.send("PUT", f"{begin(registry, repository)}?digest={digest_of(content)}", body(content))
    check_completed(registry, repository, content, done)

    content = b"begun, patched, then put"
    path = begin(registry, repository)
    part = registry.v2.send("PATCH", path, body(content), {"Content-Range": f"0-{len(content) - 1}"})
    assert (part.status, part.headers["range"]) == (201, f"0-{len(content) - 1}")
    assert part.headers["location"] == path
    progress = registry.v2.send("GET", path)
    assert (progress.status, progress.headers["range"]) == (204, f"0-{len(content) - 1}")
    done = registry.v2.send("PUT", f"{path}?digest={digest_of(content)}")
    check_completed(registry, repository, content, done)
    assert registry.v2.send("GET", path).error[:2] == (404, "BLOB_UPLOAD_UNKNOWN")

    again = begin(registry, repository)  # LayerAlreadyExistsException in the ECR API
    done = registry.v2.send("PUT", f"{again}?digest={digest_of(content)}", content)
    check_completed(registry, repository, content, done)


def test_a_part_of_an_upload_begins_where_the_last_one_ended(registry: Served, repository: str) -> None:
    """V17"""
    first, second, third = b"a" * 5 * MEBIBYTE, b"b" * 5 * MEBIBYTE, b"c"
    path = begin(registry, repository)
    ranges = [registry.v2.send("PATCH", path, part).headers["range"] for part in (first, second)]
    assert ranges == [f"0-{len(first) - 1}"] * 2
    repeated = registry.v2.send("PATCH", path, first, {"Content-Range": f"0-{len(first) - 1}"})
    assert repeated.error == (
        416,
        "BLOB_UPLOAD_INVALID",
        f"First byte of the layer part is 0 instead of {len(first) * 2}",
    )
    for bad in ("5-1", "x", "0-1", ""):
        assert registry.v2.send("PATCH", path, b"c", {"Content-Range": bad}).error[:2] == (416, "BLOB_UPLOAD_INVALID")
    whole = first + second + third
    at_end = {"Content-Range": f"{len(whole) - 1}-{len(whole) - 1}"}
    check_completed(
        registry, repository, whole, registry.v2.send("PUT", f"{path}?digest={digest_of(whole)}", third, at_end)
    )
    small = begin(registry, repository)
    assert [registry.v2.send("PATCH", small, b"a").status for _ in range(2)] == [201, 201]
    too_small = registry.v2.send("PUT", f"{small}?digest={digest_of(b'aa')}")
    assert too_small.error == (
        400,
        "BLOB_UPLOAD_INVALID",
        "All layer parts except the last part should be at least 5MB",
    )


def test_an_upload_must_have_the_digest(registry: Served, repository: str) -> None:
    """V18"""
    wrong = (
        400,
        "BLOB_UPLOAD_INVALID",
        "None of the provided layer digests match the calculated layer digest",
    )
    path = begin(registry, repository)
    assert registry.v2.send("PUT", f"{path}?digest={MISSING}", b"x").error == wrong
    assert registry.v2.send("POST", f"/v2/{repository}/blobs/uploads/?digest={MISSING}", b"x").error == wrong
    assert registry.v2.send("PUT", path, b"y").error[:2] == (405, "UNSUPPORTED")
    assert registry.v2.send("PUT", f"{begin(registry, repository)}?digest={digest_of(b'')}").error[:2] == (
        400,
        "BLOB_UPLOAD_INVALID",
    )
    assert registry.v2.send("DELETE", path).status == 204
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        answer = registry.v2.send(method, path)
        assert answer.error[:2] == (404, "BLOB_UPLOAD_UNKNOWN"), method
    other = f"/v2/{repository}/blobs/uploads/no-uuid"
    assert registry.v2.send("PATCH", other, b"x").error[:2] == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_missing_repository_takes_no_blob(registry: Served) -> None:
    """V08"""
    for path in ("uploads/", f"uploads/?mount={MISSING}&from=team/app", "uploads/some-id"):
        method = "PATCH" if path.endswith("id") else "POST"
        assert registry.v2.send(method, f"/v2/no/such/blobs/{path}").error[:2] == (404, "NAME_UNKNOWN"), path


def test_a_push_creates_a_repository_with_the_settings_of_a_template(registry: Served, name: str) -> None:
    """F14"""
    registry.ecr.create_repository_creation_template(prefix="pushed", appliedFor=["CREATE_ON_PUSH"])
    for number, query in enumerate((f"?mount={MISSING}&from=team/app", f"?digest={digest_of(b'x')}", "")):
        path = f"/v2/pushed/app-{number}"
        assert registry.v2.send("HEAD", f"{path}/blobs/{MISSING}").status == 404
        assert registry.v2.send("POST", f"{path}/blobs/uploads/{query}", b"x").status in (201, 202)
        assert registry.v2.send("GET", f"{path}/tags/list").document["tags"] == []


def mount(registry: Served, target: str, layer: str, rest: str, client: DistributionClient | None = None) -> int:
    return (client or registry.v2).send("POST", f"/v2/{target}/blobs/uploads/?mount={layer}{rest}").status


def test_a_blob_is_mounted(registry: Served, name: str) -> None:
    """V19"""
    target, encrypted = f"{name}-target", f"{name}-encrypted"
    create_repository(registry.ecr, name)
    create_repository(registry.ecr, target)
    registry.ecr.create_repository(repositoryName=encrypted, encryptionConfiguration={"encryptionType": "KMS"})
    image = push_image(registry.ecr, name, layers=[b"mounted"])
    layer = json.loads(image.manifest)["layers"][0]["digest"]
    registry.v2.send("POST", f"/v2/{name}/blobs/uploads/?digest={digest_of(b'unnamed')}", b"unnamed")
    assert mount(registry, target, layer, f"&from={name}") == 202  # the setting is off
    registry.ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    try:
        for case in (
            mount(registry, target, layer, ""),
            mount(registry, target, layer, "&from=no/such&origin=other.example"),
            mount(registry, target, layer, "&from=Not%20A%20Name"),
            mount(registry, target, MISSING, f"&from={name}"),
            mount(registry, target, "no-digest", f"&from={name}"),
            mount(registry, target, digest_of(b"unnamed"), f"&from={name}"),
            mount(registry, encrypted, layer, f"&from={name}"),
        ):
            assert case == 202
        other = DistributionClient(registry.url, token_for(OTHER_ACCOUNT))
        assert mount(registry, target, layer, f"&from={name}", other) == 403
        registry.ecr.set_repository_policy(repositoryName=target, policyText=policy("InitiateLayerUpload"))
        assert mount(registry, target, layer, f"&from={name}", other) == 202
        assert not has(registry, target, b"mounted")
        mounted = registry.v2.send("POST", f"/v2/{target}/blobs/uploads/?mount={layer}&from={name}&origin=x")
        check_completed(registry, target, b"mounted", mounted)
        registry.ecr.delete_repository(repositoryName=name, force=True)
        config = json.loads(image.manifest)["config"]["digest"]
        text = image.manifest.replace(config, layer)
        assert put(registry, f"{target}/manifests/1.0", text).status == 201
        location = registry.v2.send("GET", f"/v2/{target}/blobs/{layer}").headers["location"]
        content = DistributionClient(registry.url, "").send("GET", location.removeprefix(registry.url))
        assert content.body == b"mounted"
    finally:
        registry.ecr.put_account_setting(name="BLOB_MOUNTING", value="DISABLED")


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
    registry.ecr.set_repository_policy(repositoryName=repository, policyText=policy("CompleteLayerUpload"))
    assert other.send("PUT", f"/v2/{repository}/blobs/uploads/none").error[:2] == (404, "BLOB_UPLOAD_UNKNOWN")


def test_one_file_serves_two_accounts(registry: Served, repository: str) -> None:
    """V14"""
    image = push_image(registry.ecr, repository, tag="1.0")
    path = f"/v2/{repository}/manifests/1.0"
    other = EmbeddedRegistry(registry.embedded.database, registry_id=OTHER_ACCOUNT, region=REGION)
    with served(other) as url:
        ecr = client_for(url)
        (data,) = ecr.get_authorization_token()["authorizationData"]
        client = DistributionClient(registry.url, data["authorizationToken"])
        asked = {"registryId": REGISTRY_ID, "repositoryName": repository, "imageIds": [{"imageTag": "1.0"}]}
        with refused("AccessDeniedException") as caught:
            ecr.batch_get_image(**asked)
        assert client.send("GET", path).error == (403, "DENIED", error_message(caught))
        registry.ecr.set_repository_policy(repositoryName=repository, policyText=policy("BatchGetImage"))
        assert ecr.batch_get_image(**asked)["images"][0]["imageManifest"] == image.manifest
        assert client.send("GET", path).body.decode() == image.manifest
        assert DistributionClient(url, data["authorizationToken"]).send("GET", path).error[1] == "NAME_UNKNOWN"


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


def test_a_lost_reply_leaves_the_part_in_the_upload(registry: Served, repository: str) -> None:
    """V15"""
    path = begin(registry, repository)
    for spec, received in [("UploadLayerPart:drop-before:times=1", 0), ("UploadLayerPart:drop-after:times=1", 7)]:
        registry.embedded.faults.add(spec)
        with pytest.raises(ConnectionError):
            registry.v2.send("PATCH", path, b"content")
        registry.v2.close()
        assert registry.v2.send("GET", path).headers["range"] == f"0-{max(received - 1, 0)}"
    done = registry.v2.send("PUT", f"{path}?digest={digest_of(b'content')}")
    check_completed(registry, repository, b"content", done)


def test_half_a_small_part_is_not_stored(registry: Served, repository: str) -> None:
    """V16"""
    path = begin(registry, repository)
    head = f"PATCH {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {token_for()}\r\n"
    (answer,) = exchange(registry.url, f"{head}Content-Length: 9\r\n\r\nhalf".encode())
    assert answer.document["errors"][0]["message"] == "The request ends after 4 of 9 bytes."
    for method, query in (("PATCH", ""), ("PUT", f"?digest={digest_of(b'half')}")):  # no last chunk
        cut = head.replace("PATCH", method).replace(" HTTP", f"{query} HTTP")
        (answer,) = exchange(registry.url, f"{cut}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n".encode())
        assert (answer.status, "ends early" in answer.document["errors"][0]["message"]) == (400, True)
    assert registry.v2.send("GET", path).headers["range"] == "0-0"
    content = b"half and the rest"
    done = registry.v2.send("PUT", f"{path}?digest={digest_of(content)}", content, {"Content-Range": "0-16"})
    check_completed(registry, repository, content, done)


def test_an_archived_image_is_not_pulled(registry: Served, repository: str) -> None:
    """V08"""
    image = push_image(registry.ecr, repository, tag="1.0")
    layer = json.loads(image.manifest)["layers"][0]["digest"]
    registry.ecr.update_image_storage_class(
        repositoryName=repository, imageId={"imageTag": "1.0"}, targetStorageClass="ARCHIVE"
    )
    for path, code in [("manifests/1.0", "MANIFEST_UNKNOWN"), (f"blobs/{layer}", "BLOB_UNKNOWN")]:
        answer = registry.v2.send("GET", f"/v2/{repository}/{path}")
        assert answer.error[:2] == (404, code)
        assert "archived" in answer.error[2]
    assert registry.v2.send("HEAD", f"/v2/{repository}/blobs/{layer}").status == 404
