"""The parameters of PutImage are checked, and each error belongs to a field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.manifest import DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, MAX_LENGTH, OCI_INDEX, OCI_MANIFEST
from ecrtui.ecr.put_image_request import PutImageRequest, check_manifest, request_errors, with_line_ends

TEXT = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST}, indent=2)


def errors(manifest: str = TEXT, **values: Any) -> dict[str, str]:
    return dict(request_errors(PutImageRequest(**{"repository": "team/app", **values}), check_manifest(manifest)))


@given(st.text())
def test_any_text_is_measured_in_bytes(text: str) -> None:
    checked = check_manifest(text)
    assert (checked.text, checked.digest) == (text, digest_of(text))
    assert checked.size_bytes == len(text.encode("utf-8", "surrogatepass"))


def test_a_valid_request_has_no_errors() -> None:
    assert errors() == {}
    assert errors(tag="v1", digest=digest_of(TEXT), media_type=OCI_MANIFEST, registry_id="123456789012") == {}


@pytest.mark.parametrize(
    ("field", "values", "words"),
    [
        ("repository", {"repository": ""}, "required"),
        ("repository", {"repository": "Team"}, "lower-case"),
        ("registry_id", {"registry_id": "12"}, "twelve digits"),
        ("tag", {"tag": "a/b"}, "cannot contain '/'"),
        ("digest", {"digest": "sha256:12"}, "64 hexadecimal"),
        ("digest", {"digest": digest_of("other")}, f"digest of this manifest is {digest_of(TEXT)}"),
        ("digest", {"manifest": TEXT + "\n", "digest": digest_of(TEXT)}, "an extra newline"),
        ("digest", {"digest": digest_of(TEXT + "\n")}, "lacks the newline"),
        ("digest", {"manifest": with_line_ends(TEXT, "\r"), "digest": digest_of(TEXT)}, "with LF line endings"),
        ("digest", {"digest": digest_of(with_line_ends(TEXT, "\r\n"))}, "with CRLF line endings"),
        ("media_type", {"manifest": "{}"}, "required"),
        ("media_type", {"media_type": OCI_INDEX}, f"the manifest says {OCI_MANIFEST}"),
        ("manifest", {"manifest": ""}, "required"),
        ("manifest", {"manifest": "{"}, "not JSON"),
        ("manifest", {"manifest": "[]"}, "not a JSON object"),
        ("manifest", {"manifest": '"\ud800"'}, "not UTF-8"),
        ("manifest", {"manifest": "[" * 100_000}, "nested too deeply"),
        ("manifest", {"manifest": json.dumps({"a": "x" * MAX_LENGTH})}, "4,194,304"),
    ],
)
def test_an_error_belongs_to_its_field(field: str, values: dict[str, str], words: str) -> None:
    found = errors(**values)
    assert list(found) == [field]
    assert words in found[field]


def test_a_manifest_without_a_media_type_takes_the_given_one() -> None:
    assert errors("{}", media_type=OCI_MANIFEST) == {}


@pytest.mark.parametrize(("members", "media_type"), [({}, DOCKER_SCHEMA1), ({"signatures": []}, DOCKER_SCHEMA1_SIGNED)])
def test_docker_schema_1_needs_no_media_type(members: dict[str, Any], media_type: str) -> None:
    text = json.dumps({"schemaVersion": 1, **members})
    assert check_manifest(text).media_type == media_type
    assert errors(text) == {}


def test_a_byte_order_mark_is_part_of_the_digest_but_not_of_the_json() -> None:
    checked = check_manifest("\ufeff" + TEXT)
    assert (checked.problem, checked.media_type) == ("", OCI_MANIFEST)
    assert checked.digest == digest_of("\ufeff" + TEXT)


def test_the_kinds_of_line_endings_are_known() -> None:
    assert check_manifest("a\r\nb\nc\rd").line_ends == ("\n", "\r", "\r\n")
