"""Any value in any member of any reply: an error that names it or a good result, never a traceback."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, NamedTuple

import pytest

from ecrtui.catalog.catalog import Catalog
from ecrtui.catalog.listing.listing import Listing
from ecrtui.ecr.manifest import OCI_MANIFEST, Manifest
from ecrtui.emulator.faults import Fault
from ecrtui.errors import ConnectionFailed, EcrTuiError, IncompleteListing, IntegrityError
from ecrtui.registry.exception_table import UNEXPECTED
from ecrtui.registry.gateway import EcrRegistry
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.registry.conftest import failed
from tests.support.bad_replies import BAD_VALUES, MISSING, Path, assert_good, member_paths, path_text, with_value
from tests.support.edited_replies import ErrorBody, answered, edited, replied
from tests.support.embedded import (
    client_for,
    create_repository,
    manifest_text,
    new_embedded,
    push_image,
    put,
)

REPOSITORY = "team/app"
TAGS = ("1.0", "2.0", "old", "none", "no")
"""Tags that are looked up together: of two images, of an archived one, and two that do not exist."""


PROFILE = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/ci_release"
DESTINATION = {"region": "eu-central-1", "registryId": "123456789012"}
_STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [_STATEMENT]})


class FullEnv:
    """A registry with one of everything that the application reads."""

    def __init__(self) -> None:
        self.embedded = new_embedded()
        client = self.client = client_for(self.embedded)
        create_repository(client, REPOSITORY, "IMMUTABLE_WITH_EXCLUSION", ["dev-*"])
        create_repository(client, "team/other")
        arn = client.describe_repositories(repositoryNames=[REPOSITORY])["repositories"][0]["repositoryArn"]
        client.tag_resource(resourceArn=arn, tags=[{"Key": "owner", "Value": "x"}])
        selection = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 900}
        rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
        client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=json.dumps({"rules": [rule]}))
        client.set_repository_policy(repositoryName=REPOSITORY, policyText=POLICY)
        of_registry = {"Version": "2012-10-17", "Statement": [{**_STATEMENT, "Resource": "*"}]}
        client.put_registry_policy(policyText=json.dumps(of_registry))
        client.put_replication_configuration(replicationConfiguration={"rules": [{"destinations": [DESTINATION]}]})
        client.put_signing_configuration(signingConfiguration={"rules": [{"signingProfileArn": PROFILE}]})
        self.image = push_image(client, REPOSITORY, "one", "1.0")
        client.delete_signing_configuration()
        self.other = push_image(client, REPOSITORY, "two", "2.0")
        archived = push_image(client, REPOSITORY, "three", "old")
        client.update_image_storage_class(
            repositoryName=REPOSITORY, imageId={"imageDigest": archived.digest}, targetStorageClass="ARCHIVE"
        )
        put(client, REPOSITORY, self.image.manifest, "dev-1")
        subject = {"mediaType": OCI_MANIFEST, "digest": self.image.digest, "size": len(self.image.manifest)}
        signed = manifest_text(client, REPOSITORY, "sig", subject=subject, artifactType="a/b", annotations={"a": "b"})
        put(client, REPOSITORY, signed)
        client.start_image_scan(repositoryName=REPOSITORY, imageId={"imageDigest": self.image.digest})
        scanning = {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}
        client.put_registry_scanning_configuration(scanType="BASIC", rules=[scanning])
        client.start_lifecycle_policy_preview(repositoryName=REPOSITORY)
        self.layer = json.loads(self.image.manifest)["layers"][0]["digest"]
        self.registry = self.open()
        self.catalog = Catalog(self.registry)
        self.recorded: dict[object, tuple[object, dict[str, Any]]] = {}

    def open(self) -> EcrRegistry:
        return open_registry(Connection(), embedded=self.embedded)


class Case(NamedTuple):
    """A call of the gateway, and the operation whose first reply is changed."""

    operation: str
    call: Callable[[FullEnv], object]


class Listed(NamedTuple):
    """The keys of the rows that a listing returned, and the error at its end."""

    keys: frozenset[str]
    error: EcrTuiError | None = None


def listed(rows: Iterable[Any], key: str) -> Listed:
    found: set[str] = set()
    earlier = set(threading.enumerate())
    try:
        for batch in rows:
            found |= {getattr(row, key) for row in batch.items}
            assert_good(batch.items)
    except EcrTuiError as error:
        return Listed(frozenset(found), error)
    finally:
        end_reading(rows, earlier)
    return Listed(frozenset(found))


def end_reading(rows: object, earlier: set[threading.Thread]) -> None:
    """Close a listing and wait for its threads: a request that they still send would get the reply of the next test."""
    if isinstance(rows, Listing):
        rows.close()
    for thread in threading.enumerate():
        if thread.name == "listing" and thread not in earlier:
            thread.join(120)


CASES = {
    "repositories": Case("DescribeRepositories", lambda env: listed(env.catalog.repositories(), "name")),
    "repository": Case("DescribeRepositories", lambda env: env.registry.repository(REPOSITORY)),
    "images": Case("DescribeImages", lambda env: listed(env.catalog.images(REPOSITORY), "digest")),
    "images by digest": Case(
        "DescribeImages", lambda env: env.registry.images_by_digest(REPOSITORY, [env.image.digest])
    ),
    "images by tag": Case("DescribeImages", lambda env: env.registry.images_by_tag(REPOSITORY, ["1.0"])),
    "images by many tags": Case("BatchGetImage", lambda env: env.registry.images_by_tag(REPOSITORY, TAGS)),
    "archived images": Case("ListImages", lambda env: env.registry.images_by_tag(REPOSITORY, TAGS)),
    "tag is at": Case("BatchGetImage", lambda env: env.registry.tag_is_at(REPOSITORY, "1.0", env.image.digest)),
    "tag is not at": Case("BatchGetImage", lambda env: env.registry.tag_is_at(REPOSITORY, "1.0", env.other.digest)),
    "manifest": Case("BatchGetImage", lambda env: env.registry.manifest(REPOSITORY, env.image.digest)),
    "manifests": Case(
        "BatchGetImage",
        lambda env: env.registry.manifests(REPOSITORY, [env.image.digest, env.other.digest]),
    ),
    "blob": Case("GetDownloadUrlForLayer", lambda env: env.registry.blob(REPOSITORY, env.layer, 1_000_000)),
    "put image": Case(
        "PutImage",
        lambda env: env.registry.put_image(
            REPOSITORY, Manifest(env.image.manifest, env.image.digest, OCI_MANIFEST), "dev-2"
        ),
    ),
    "untag": Case("BatchDeleteImage", lambda env: env.registry.untag(REPOSITORY, "dev-1")),
    "lifecycle policy": Case("GetLifecyclePolicy", lambda env: env.registry.lifecycle_policy(REPOSITORY)),
    "lifecycle preview": Case("GetLifecyclePolicyPreview", lambda env: env.registry.lifecycle_preview(REPOSITORY)),
    "repository policy": Case("GetRepositoryPolicy", lambda env: env.registry.repository_policy(REPOSITORY)),
    "registry policy": Case("GetRegistryPolicy", lambda env: env.registry.registry_policy()),
    "repository scanning": Case(
        "BatchGetRepositoryScanningConfiguration", lambda env: env.registry.repository_scanning(REPOSITORY)
    ),
    "replicas": Case("DescribeImageReplicationStatus", lambda env: env.registry.replicas(REPOSITORY, env.image.digest)),
    "signings": Case("DescribeImageSigningStatus", lambda env: env.registry.signings(REPOSITORY, env.image.digest)),
    "layers": Case("BatchCheckLayerAvailability", lambda env: env.registry.layers(REPOSITORY, [env.layer])),
    "replication": Case("DescribeRegistry", lambda env: env.registry.replication(again=True)),
    "pull time exclusions": Case("ListPullTimeUpdateExclusions", lambda env: env.registry.pull_time_exclusions()),
    "resource tags": Case(
        "ListTagsForResource",
        lambda env: env.registry.resource_tags(env.registry.repository(REPOSITORY)),
    ),
    "scan": Case("DescribeImageScanFindings", lambda env: env.registry.scan(REPOSITORY, env.image.digest)),
    "findings": Case("DescribeImageScanFindings", lambda env: env.registry.findings(REPOSITORY, env.image.digest)),
    "referrers": Case("ListImageReferrers", lambda env: env.registry.referrers(REPOSITORY, env.image.digest)),
    "location": Case("DescribeRegistry", lambda env: env.open().location()),
}


@pytest.fixture(scope="module")
def env() -> FullEnv:
    return FullEnv()


def record(env: FullEnv, case: Case) -> tuple[object, dict[str, Any]]:
    """Return the result of a call and the first reply that it gets. Writes are done once."""
    if (case.operation, case.call) in env.recorded:
        return env.recorded[case.operation, case.call]
    replies: list[dict[str, Any]] = []
    fault = env.embedded.faults.add(edited(case.operation, lambda document: replies.append(copy.deepcopy(document))))
    try:
        env.recorded[case.operation, case.call] = case.call(env), replies[0]
    finally:
        env.embedded.faults.remove(fault)
    return env.recorded[case.operation, case.call]


@pytest.mark.parametrize("name", CASES)
def test_any_value_of_any_member_is_an_error_or_a_good_result(env: FullEnv, name: str) -> None:
    case = CASES[name]
    good, reply = record(env, case)
    paths = member_paths(case.operation, reply)
    assert paths
    for path in paths:
        for label, value in BAD_VALUES.items():
            if value is MISSING and isinstance(path[-1], int):
                continue  # that is a shorter list
            changed = with_value(reply, path, value)
            fault = env.embedded.faults.add(replied(case.operation, changed))
            try:
                check(env, case, good, path)
            except Exception as problem:
                raise AssertionError(f"{path_text(path)} is {label}: {problem!r}") from problem
            finally:
                env.embedded.faults.remove(fault)


def check(env: FullEnv, case: Case, good: object, path: Path) -> None:
    """Call, and check the result or the error."""
    try:
        result = case.call(env)
    except EcrTuiError as error:
        assert_named(error)
        return
    assert_good(result)
    if isinstance(result, Listed) and isinstance(good, Listed):
        if result.error is not None:
            assert_named(result.error)
        if len(path) > 1:  # a bad value in the first row leaves the others
            assert len(good.keys - result.keys) <= 1
            assert len(result.keys) == len(good.keys) or isinstance(result.error, IncompleteListing)


def assert_named(error: EcrTuiError) -> None:
    """Check that the error says what is wrong, in text that can be written anywhere."""
    assert error.title != UNEXPECTED.title, error.detail
    assert error.detail
    assert len(error.detail) < 5_000
    assert_good([error.title, error.detail, error.hint])


OTHER_DIGEST = "sha256:" + "e" * 64
OTHERS: dict[str, Any] = {
    "registryId": "999999999999",
    "repositoryName": "team/wrong",
    "imageDigest": OTHER_DIGEST,
    "imageTag": "wrong",
    "imageTags": ["wrong"],
    "imageManifest": "{}",
    "layerDigest": OTHER_DIGEST,
}
"""Good values that are about something else than the request."""

REGISTRY = ("registryId", "repositoryName")
IDENTITIES = {
    "repository": REGISTRY,
    "images by digest": (*REGISTRY, "imageDigest"),
    "images by tag": (*REGISTRY, "imageTags"),
    "images by many tags": (*REGISTRY, "imageTag"),
    "tag is at": (*REGISTRY, "imageTag", "imageDigest"),
    "tag is not at": ("imageTag", "imageDigest"),
    "manifest": (*REGISTRY, "imageDigest"),
    "manifests": (*REGISTRY, "imageDigest"),
    "blob": ("layerDigest",),
    "put image": (*REGISTRY, "imageTag", "imageDigest", "imageManifest"),
    "untag": ("imageTag",),
    "lifecycle policy": REGISTRY,
    "lifecycle preview": REGISTRY,
    "repository policy": REGISTRY,
    "scan": (*REGISTRY, "imageDigest"),
    "findings": (*REGISTRY, "imageDigest"),
    "registry policy": ("registryId",),
    "repository scanning": ("repositoryName",),
    "replicas": ("repositoryName", "imageDigest"),
    "signings": (*REGISTRY, "imageDigest"),
}
"""For each case, the members of the reply that the request determines."""


@pytest.mark.parametrize(("name", "member"), [(name, member) for name in IDENTITIES for member in IDENTITIES[name]])
def test_a_reply_about_something_else_is_refused(env: FullEnv, name: str, member: str) -> None:
    """The wrong image must never get the tag."""
    case = CASES[name]
    _, reply = record(env, case)
    env.registry.location()
    path = next(path for path in member_paths(case.operation, reply) if path[-1] == member)
    fault = env.embedded.faults.add(replied(case.operation, with_value(reply, path, OTHERS[member])))
    error = failed(case.call, env)
    env.embedded.faults.remove(fault)
    assert isinstance(error, (IntegrityError, ConnectionFailed))
    assert error.ambiguous == (case.operation in ("PutImage", "BatchDeleteImage"))
    assert_named(error)


@pytest.mark.parametrize(
    ("name", "key"), [("repositories", "registryId"), ("images", "registryId"), ("images", "repositoryName")]
)
def test_a_row_of_another_registry_or_repository_is_named_and_left_out(env: FullEnv, name: str, key: str) -> None:
    case = CASES[name]
    good, reply = record(env, case)
    env.registry.location()
    member, _ = next((member, rows) for member, rows in reply.items() if isinstance(rows, list))
    fault = env.embedded.faults.add(replied(case.operation, with_value(reply, (member, 0, key), OTHERS[key])))
    result = case.call(env)
    env.embedded.faults.remove(fault)
    assert isinstance(good, Listed)
    assert isinstance(result, Listed)
    assert len(good.keys - result.keys) == 1
    assert isinstance(result.error, IncompleteListing)
    assert OTHERS[key] in result.error.detail


@pytest.mark.parametrize("details", [[], ["other"], ["asked", "other"], ["asked", "asked"]], ids=str)
@pytest.mark.parametrize("name", ["images by tag", "images by digest"])
def test_only_the_images_that_were_asked_for_are_taken(env: FullEnv, name: str, details: list[str]) -> None:
    """A service that ignores ``imageIds`` answers with other images, or with all of them."""
    case = CASES[name]
    _, reply = record(env, case)
    (asked,) = reply["imageDetails"]
    rows = {"asked": asked, "other": {**asked, "imageDigest": OTHER_DIGEST, "imageTags": ["other"]}}
    fault = replied(case.operation, {"imageDetails": [rows[row] for row in details]})
    env.embedded.faults.add(fault)
    error = failed(case.call, env)
    env.embedded.faults.remove(fault)
    assert isinstance(error, (IntegrityError, ConnectionFailed))
    assert_named(error)


def test_a_reply_that_leaves_out_a_tag_is_an_error_and_not_a_missing_tag(env: FullEnv) -> None:
    fault = env.embedded.faults.add(replied("BatchGetImage", {"images": [], "failures": []}))
    error = failed(env.registry.images_by_tag, REPOSITORY, TAGS)
    env.embedded.faults.remove(fault)
    assert "nothing about" in error.detail


TOKENS: dict[str, Callable[[int], str]] = {
    "the same": lambda number: "a",
    "two in turn": lambda number: "ab"[number % 2],
    "a circle of 50": lambda number: f"t{number % 50}",
    "always new": lambda number: f"t{number}",
}
PAGED = {
    "repositories": "repositories",
    "images": "imageDetails",
    "archived images": "imageIds",
    "findings": "imageScanFindings",
    "referrers": "referrers",
}


def arranged(rows: list[Any], order: str, number: int) -> list[Any]:
    """Return the rows of a page by its number; the first page has the same in every order."""
    if order == "reversed rows" and number % 2:
        return rows[::-1]
    return [] if order == "no rows" and number else rows


@pytest.mark.parametrize("tokens", TOKENS)
@pytest.mark.parametrize("order", ["same rows", "reversed rows", "no rows"])
@pytest.mark.parametrize("name", PAGED)
def test_endless_pages_are_an_error_that_keeps_the_rows(env: FullEnv, name: str, order: str, tokens: str) -> None:
    case, member = CASES[name], PAGED[name]
    good, reply = record(env, case)
    numbers = count()

    def page() -> dict[str, Any]:
        number = next(numbers)
        rows = reply[member]
        if isinstance(rows, dict):
            rows = {"findings": arranged(rows["findings"], order, number)}
        else:
            rows = arranged(rows, order, number)
        return {**reply, member: rows, "nextToken": TOKENS[tokens](number)}

    fault = env.embedded.faults.add(answered(case.operation, page))
    try:
        result = case.call(env)
    except EcrTuiError as problem:
        error: EcrTuiError | None = problem
    else:
        assert isinstance(result, Listed)
        assert isinstance(good, Listed)
        assert result.keys == good.keys
        error = result.error
    finally:
        env.embedded.faults.remove(fault)
    assert isinstance(error, IncompleteListing)


ERRORS: dict[str, bytes] = {
    "code is a number": b'{"__type": 5, "message": "m"}',
    "code is null": b'{"__type": null, "message": "m"}',
    "code is a megabyte": json.dumps({"__type": "x" * 1_000_000, "message": "m"}).encode(),
    "message is a number": b'{"__type": "AccessDeniedException", "message": 7}',
    "message is null": b'{"__type": "AccessDeniedException", "message": null}',
    "message is an object": b'{"__type": "AccessDeniedException", "message": {"a": [1]}}',
    "message is not Unicode": b'{"__type": "AccessDeniedException", "message": "\\ud800"}',
    "message is 200,000 digests": json.dumps(
        {"__type": "LayersNotFoundException", "message": f"Layers with digests '{[OTHER_DIGEST] * 200_000}'"}
    ).encode(),
    "a list": b"[1, 2]",
    "a text": b'"no"',
    "a number": b"9" * 5_000,
    "nested too deeply": b"[" * 100_000,
    "nothing": b"",
    "not UTF-8": b"\xff\xfe",
    "a web page": b"<html>" + b"x" * 1_000_000,
}
"""Bodies of error replies."""


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
@pytest.mark.parametrize("label", ERRORS)
def test_any_error_reply_is_an_error_in_few_words(env: FullEnv, label: str, status: int) -> None:
    for operation, call in (("DescribeRepositories", CASES["repository"].call), ("PutImage", CASES["put image"].call)):
        fault = env.embedded.faults.add(Fault(operation, ErrorBody(status, ERRORS[label])))
        error = failed(call, env)
        env.embedded.faults.remove(fault)
        assert error.title != UNEXPECTED.title
        assert len(str(error)) < 5_000
        assert_good([error.title, error.detail, error.hint, error.code])


def test_failures_without_end_are_an_error_in_few_words(env: FullEnv) -> None:
    failures = [{"imageId": {"imageDigest": OTHER_DIGEST}, "failureCode": "ImageNotFound"}] * 20_000
    for name in ("manifest", "untag"):
        fault = env.embedded.faults.add(replied(CASES[name].operation, {"failures": failures}))
        error = failed(CASES[name].call, env)
        env.embedded.faults.remove(fault)
        assert_named(error)
