"""Any input gets an answer: an error in ECR's shape, never a failure of the registry or a dropped connection."""

from __future__ import annotations

import base64
import http.client
import json
from contextlib import suppress
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.emulator.http.messages import Request
from ecrtui.emulator.http.server import MAX_BODY
from ecrtui.emulator.service import OPERATIONS, TARGET_PREFIX, EmbeddedRegistry
from tests.support.embedded import (
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    client_for,
    create_repository,
    manifest_text,
    new_embedded,
    push_image,
    put,
    refused,
    served,
)
from tests.support.raw_http import exchange

REPOSITORY = "team/app"
MODEL: dict[str, Any] = json.loads(resources.files("ecrtui.emulator").joinpath("requests.json").read_text("utf-8"))
DEEP = "[" * 100_000
HUGE = 10**400
SURROGATE = "\ud800"


def call(embedded: EmbeddedRegistry, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Send a raw request; return status and document of the response."""
    response = embedded.handle(Request(body, {"x-amz-target": TARGET_PREFIX + operation}))
    return response.status, json.loads(response.body)


def lifecycle_policy(count: int) -> str:
    selection = {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": count}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def token(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.fixture(autouse=True)
def image(embedded: EmbeddedRegistry) -> None:
    """Create the repository anew, with one image: a test before may have changed anything."""
    client = client_for(embedded)
    with suppress(client.exceptions.RepositoryNotFoundException):
        client.delete_repository(repositoryName=REPOSITORY, force=True)
    create_repository(client, REPOSITORY)
    push_image(client, REPOSITORY, tag="1.0")


ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 1, 100, 10**30, HUGE, 0.5, float("nan"), float("inf")]),
    st.sampled_from(["", "1.0", "sha256:" + "0" * 64, SURROGATE, "a\0b", "[" * 30_000, "123456789012"]),
    st.sampled_from([token(kind, key) for kind in ("images", "findings", "preview") for key in ("", SURROGATE, HUGE)]),
    st.just([]),
    st.just({}),
)


def values_of(shape_name: str) -> st.SearchStrategy[Any]:
    """Values for a shape of the API: mostly of the right structure, with odd leaves."""
    shape = MODEL["shapes"][shape_name]
    if shape["type"] == "structure":
        members = {name: values_of(member) for name, member in shape.get("members", {}).items()}
        required = {name: members.pop(name) for name in shape.get("required", ())}
        valid: st.SearchStrategy[Any] = st.fixed_dictionaries(required, optional=members)
    elif shape["type"] == "list":
        valid = st.lists(values_of(shape["member"]), max_size=2)
    elif "enum" in shape:
        valid = st.sampled_from(shape["enum"])
    elif shape["type"] == "boolean":
        valid = st.booleans()
    elif shape_name == "RepositoryName":
        valid = st.just(REPOSITORY)
    else:
        return ODD_VALUES
    return st.one_of(valid, valid, valid, ODD_VALUES)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_operation_answers_any_parameters(embedded: EmbeddedRegistry, operation: str) -> None:
    @given(values_of(MODEL["operations"][operation]))
    def check(parameters: Any) -> None:
        status, document = call(embedded, operation, json.dumps(parameters).encode())
        assert status in (200, 400), document

    check()


def mutations(document: Any) -> st.SearchStrategy[Any]:
    """Copies of a document in which any node may have an odd value."""
    if isinstance(document, dict):
        same: st.SearchStrategy[Any] = st.fixed_dictionaries({key: mutations(value) for key, value in document.items()})
    elif isinstance(document, list):
        same = st.tuples(*map(mutations, document)).map(list)
    else:
        same = st.just(document)
    return st.integers(0, 9).flatmap(lambda chance: ODD_VALUES if chance == 0 else same)


@given(st.data())
def test_any_manifest_gets_an_answer(data: st.DataObject) -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, REPOSITORY)
    child = push_image(client, REPOSITORY)
    descriptor = {"mediaType": OCI_MANIFEST, "digest": child.digest, "size": 1, "urls": [], "annotations": {"a": "b"}}
    image = {**json.loads(child.manifest), "subject": descriptor, "artifactType": "a/b", "annotations": {"a": "b"}}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor], "subject": descriptor}
    schema_1 = {"schemaVersion": 1, "fsLayers": [{"blobSum": child.digest}]}
    text = json.dumps(data.draw(st.sampled_from([image, index, schema_1]).flatmap(mutations)))
    for operation, parameters in (
        ("PutImage", {"imageManifest": text, "imageTag": "odd"}),
        ("BatchGetImage", {"imageIds": [{"imageTag": "odd"}], "acceptedMediaTypes": [DOCKER_MANIFEST]}),
        ("DescribeImages", {}),
        ("ListImageReferrers", {"subjectId": {"imageDigest": child.digest}}),
    ):
        status, document = call(embedded, operation, json.dumps({"repositoryName": REPOSITORY, **parameters}).encode())
        assert status in (200, 400), document


@given(st.data())
def test_any_lifecycle_policy_gets_an_answer(data: st.DataObject) -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, REPOSITORY)
    push_image(client, REPOSITORY, tag="1.0")
    tagged = {"tagStatus": "tagged", "tagPatternList": ["*"], "countType": "imageCountMoreThan", "countNumber": 1}
    archived = {"tagStatus": "any", "storageClass": "archive", "countType": "sinceImageTransitioned"}
    rules = [
        {"rulePriority": 1, "selection": tagged, "action": {"type": "transition", "targetStorageClass": "archive"}},
        {
            "rulePriority": 2,
            "selection": {**archived, "countUnit": "days", "countNumber": 90},
            "action": {"type": "expire"},
        },
    ]
    text = json.dumps(data.draw(mutations({"rules": rules})))
    parameters = {"repositoryName": REPOSITORY, "lifecyclePolicyText": text.ljust(100)}
    for operation in ("StartLifecyclePolicyPreview", "PutLifecyclePolicy"):
        status, document = call(embedded, operation, json.dumps(parameters).encode())
        assert status in (200, 400), document


@pytest.mark.parametrize("body", [DEEP.encode(), b'{"a":' * 100_000, b"\xff\xfe", b"9" * 5000, b"\0"])
def test_a_body_that_is_not_a_json_object_is_a_serialization_error(embedded: EmbeddedRegistry, body: bytes) -> None:
    assert call(embedded, "DescribeRegistry", body)[1]["__type"] == "SerializationException"


TOKENS = {
    "ListImages surrogate": ("ListImages", token("image-ids", SURROGATE, "")),
    "DescribeImages surrogate": ("DescribeImages", token("images", SURROGATE)),
    "DescribeImages deep": ("DescribeImages", base64.urlsafe_b64encode(DEEP.encode()).decode()),
    "GetLifecyclePolicyPreview huge": ("GetLifecyclePolicyPreview", token("preview", 10**30)),
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_forged_token_is_rejected(embedded: EmbeddedRegistry, name: str) -> None:
    operation, forged = TOKENS[name]
    client_for(embedded).start_lifecycle_policy_preview(
        repositoryName=REPOSITORY, lifecyclePolicyText=lifecycle_policy(count=1)
    )
    status, document = call(
        embedded, operation, json.dumps({"repositoryName": REPOSITORY, "nextToken": forged}).encode()
    )
    assert (status, document["__type"]) == (400, "InvalidParameterException")


def test_a_media_type_that_is_not_valid_unicode_is_rejected(embedded: EmbeddedRegistry) -> None:
    client = client_for(embedded)
    for members in ({"artifactType": SURROGATE}, {"mediaType": SURROGATE}):
        text = json.dumps({**json.loads(manifest_text(client, REPOSITORY)), **members})
        with refused("InvalidParameterException"):
            put(client, REPOSITORY, text)


def test_a_referrer_whose_config_is_not_an_object_is_listed(embedded: EmbeddedRegistry) -> None:
    client, subject = client_for(embedded), "sha256:" + "1" * 64
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "config": 5, "subject": {"digest": subject}}
    put(client, REPOSITORY, json.dumps(index))
    answer = client.list_image_referrers(repositoryName=REPOSITORY, subjectId={"imageDigest": subject})
    assert [referrer["mediaType"] for referrer in answer["referrers"]] == [OCI_INDEX]


def test_an_image_whose_media_types_are_not_text_is_not_converted(embedded: EmbeddedRegistry) -> None:
    client = client_for(embedded)
    document = json.loads(manifest_text(client, REPOSITORY))
    document["config"]["mediaType"] = ["a"]
    put(client, REPOSITORY, json.dumps(document), "odd")
    answer = client.batch_get_image(
        repositoryName=REPOSITORY, imageIds=[{"imageTag": "odd"}], acceptedMediaTypes=[DOCKER_MANIFEST]
    )
    assert [failure["failureCode"] for failure in answer["failures"]] == ["ImageNotFound"]


@pytest.mark.parametrize("text", [DEEP[:30_000], lifecycle_policy(HUGE)], ids=["deep", "huge"])
def test_a_deep_or_huge_lifecycle_policy_is_rejected(embedded: EmbeddedRegistry, text: str) -> None:
    client = client_for(embedded)
    for operation in (client.put_lifecycle_policy, client.start_lifecycle_policy_preview):
        with refused("InvalidParameterException"):
            operation(repositoryName=REPOSITORY, lifecyclePolicyText=text.ljust(100))


def test_a_policy_that_is_nested_too_deeply_is_rejected(embedded: EmbeddedRegistry) -> None:
    client = client_for(embedded)
    with refused("InvalidParameterException"):
        client.set_repository_policy(repositoryName=REPOSITORY, policyText=DEEP[:10_000])
    with refused("InvalidParameterException"):
        client.put_registry_policy(policyText=DEEP[:10_000])


def test_a_defect_of_the_emulator_is_a_server_exception(embedded: EmbeddedRegistry) -> None:
    def defect() -> Any:
        raise LookupError("oops")

    response = embedded.respond("DescribeRegistry", defect)
    assert (response.status, json.loads(response.body)["__type"]) == (500, "ServerException")
    assert "LookupError: oops" in json.loads(response.body)["message"]


def test_a_client_that_sends_too_much_still_gets_the_response(url: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
    connection.request("POST", "/", b" " * (MAX_BODY + 1))
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["__type"]) == (413, "RequestEntityTooLarge")
    connection.close()


def test_a_database_failure_during_a_download_is_a_server_exception() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, REPOSITORY)
    with embedded.database.write() as connection:
        connection.execute("DROP TABLE layers")
    with served(embedded) as url:
        assert exchange(url, b"GET /layers/1/2/3/4 HTTP/1.1\r\nHost: localhost\r\n\r\n")[0].code == "ServerException"


def test_an_sts_error_with_control_characters_is_valid_xml(url: str, embedded: EmbeddedRegistry) -> None:
    fault = embedded.faults.add("GetCallerIdentity:error:code=ExpiredTokenException:message=\x1b[31m<red>")
    with refused("ExpiredTokenException"):
        client_for(url, service="sts").get_caller_identity()
    embedded.faults.remove(fault)
