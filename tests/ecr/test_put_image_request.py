"""What a user fills in for PutImage is examined to the byte, and what is wrong is said by field."""

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


def wrong(manifest: str = TEXT, **values: Any) -> dict[str, str]:
    return dict(request_errors(PutImageRequest(**{"repository": "team/app", **values}), check_manifest(manifest)))


@given(st.text())
def test_any_text_is_measured_to_the_byte(text: str) -> None:
    examined = check_manifest(text)
    assert (examined.text, examined.digest) == (text, digest_of(text))
    assert examined.size_bytes == len(text.encode("utf-8", "surrogatepass"))


def test_what_is_right_has_no_problem() -> None:
    assert wrong() == {}
    assert wrong(tag="v1", digest=digest_of(TEXT), media_type=OCI_MANIFEST, registry_id="123456789012") == {}


@pytest.mark.parametrize(
    ("field", "values", "words"),
    [
        ("repository", {"repository": ""}, "needed"),
        ("repository", {"repository": "Team"}, "lower-case"),
        ("registry_id", {"registry_id": "12"}, "twelve digits"),
        ("tag", {"tag": "a/b"}, "cannot contain '/'"),
        ("digest", {"digest": "sha256:12"}, "64 hexadecimal"),
        ("digest", {"digest": digest_of("other")}, f"have the digest {digest_of(TEXT)}"),
        ("digest", {"manifest": TEXT + "\n", "digest": digest_of(TEXT)}, "one newline too many"),
        ("digest", {"digest": digest_of(TEXT + "\n")}, "no newline at its end"),
        ("digest", {"manifest": with_line_ends(TEXT, "\r"), "digest": digest_of(TEXT)}, "with LF line ends"),
        ("digest", {"digest": digest_of(with_line_ends(TEXT, "\r\n"))}, "with CRLF line ends"),
        ("media_type", {"manifest": "{}"}, "needed here"),
        ("media_type", {"media_type": OCI_INDEX}, f"the manifest says {OCI_MANIFEST}"),
        ("manifest", {"manifest": ""}, "needed"),
        ("manifest", {"manifest": "{"}, "not JSON"),
        ("manifest", {"manifest": "[]"}, "not a JSON object"),
        ("manifest", {"manifest": '"\ud800"'}, "not UTF-8"),
        ("manifest", {"manifest": "[" * 100_000}, "nested too deeply"),
        ("manifest", {"manifest": json.dumps({"a": "x" * MAX_LENGTH})}, "4,194,304"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(field: str, values: dict[str, str], words: str) -> None:
    found = wrong(**values)
    assert list(found) == [field]
    assert words in found[field]


def test_a_manifest_that_does_not_tell_its_media_type_takes_the_one_that_is_given() -> None:
    assert wrong("{}", media_type=OCI_MANIFEST) == {}


@pytest.mark.parametrize(("members", "media_type"), [({}, DOCKER_SCHEMA1), ({"signatures": []}, DOCKER_SCHEMA1_SIGNED)])
def test_docker_schema_1_needs_no_media_type(members: dict[str, Any], media_type: str) -> None:
    text = json.dumps({"schemaVersion": 1, **members})
    assert check_manifest(text).media_type == media_type
    assert wrong(text) == {}


def test_a_byte_order_mark_counts_for_the_digest_and_not_for_the_json() -> None:
    examined = check_manifest("\ufeff" + TEXT)
    assert (examined.problem, examined.media_type) == ("", OCI_MANIFEST)
    assert examined.digest == digest_of("\ufeff" + TEXT)


def test_the_line_ends_are_told() -> None:
    assert check_manifest("a\r\nb\nc\rd").line_ends == ("\n", "\r", "\r\n")
