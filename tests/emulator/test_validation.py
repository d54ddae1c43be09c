"""Requests are validated against the shapes of the API."""

from __future__ import annotations

import base64
import json
import re
import time
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.emulator.errors import ServiceError
from ecrtui.emulator.service import OPERATIONS
from ecrtui.emulator.validation import _LINEAR, validate_request
from tests.support.request_shapes import reduced_model, service_model


@pytest.fixture(scope="module")
def bundled_model() -> dict[str, Any]:
    result: dict[str, Any] = json.loads(
        resources.files("ecrtui.emulator").joinpath("requests.json").read_text(encoding="utf-8")
    )
    return result


def test_requests_json_matches_the_service_model(bundled_model: dict[str, Any]) -> None:
    """A later botocore may add operations and members, but must not change a constraint."""
    theirs = reduced_model()
    assert bundled_model["operations"].items() <= theirs["operations"].items()
    for name, shape in bundled_model["shapes"].items():
        members = shape.pop("members", {})
        assert members.items() <= theirs["shapes"][name].get("members", {}).items(), name
        assert shape.items() <= theirs["shapes"][name].items(), name


def test_every_operation_of_the_api_is_supported(bundled_model: dict[str, Any]) -> None:
    assert set(OPERATIONS) == set(bundled_model["operations"]) <= set(service_model()["operations"])


def refusal(operation: str, parameters: dict[str, Any]) -> str:
    with pytest.raises(ServiceError) as caught:
        validate_request(operation, parameters)
    return f"{caught.value.code}: {caught.value.message}"


def test_a_constraint_violation_names_the_path_of_the_value() -> None:
    invalid = "InvalidParameterException: Invalid parameter at"
    assert refusal("ListImages", {}) == (
        f"{invalid} 'repositoryName' failed to satisfy constraint: 'Member must not be null'"
    )
    assert refusal("ListImages", {"repositoryName": "ab", "filter": {"tagStatus": "NO"}}) == (
        f"{invalid} 'filter.tagStatus' failed to satisfy constraint:"
        " 'Member must satisfy enum value set: [TAGGED, UNTAGGED, ANY]'"
    )
    assert refusal("ListImages", {"repositoryName": "a" * 257}) == (
        f"{invalid} 'repositoryName' failed to satisfy constraint: 'Member must have length less than or equal to 256'"
    )
    assert refusal("ListImages", {"repositoryName": "ab", "maxResults": 0}) == (
        f"{invalid} 'maxResults' failed to satisfy constraint: 'Member must have value greater than or equal to 1'"
    )


def test_blobs_are_decoded_and_other_values_are_unchanged() -> None:
    upload = {
        "repositoryName": "team/app",
        "uploadId": "00000000-0000-0000-0000-000000000000",
        "partFirstByte": 0,
        "partLastByte": 2,
        "layerPartBlob": base64.b64encode(b"\x00\xff\x01").decode(),
    }
    assert validate_request("UploadLayerPart", upload) == {**upload, "layerPartBlob": b"\x00\xff\x01"}
    assert refusal("UploadLayerPart", {**upload, "layerPartBlob": "!"}).startswith("SerializationException")


def test_null_and_unknown_members_are_dropped() -> None:
    assert validate_request("ListImages", {"repositoryName": "ab", "nextToken": None, "colour": "red"}) == {
        "repositoryName": "ab"
    }


def test_no_pattern_takes_exponential_time() -> None:
    """The pattern of the API takes half a minute for this filter. Python answers no other request meanwhile."""
    rule = {"scanFrequency": "MANUAL", "repositoryFilters": [{"filter": "a" * 24 + "!", "filterType": "WILDCARD"}]}
    start = time.thread_time()
    message = refusal("PutRegistryScanningConfiguration", {"rules": [rule]})
    assert time.thread_time() - start < 5
    assert "must satisfy regular expression '^[a-z0-9*](?:" in message


@given(st.text("a0*._-/!A\n", max_size=8))
def test_the_faster_patterns_match_the_same_texts(text: str) -> None:
    for slow, fast in _LINEAR.items():
        assert bool(re.fullmatch(fast, text, re.ASCII)) is bool(re.fullmatch(slow, text, re.ASCII))
