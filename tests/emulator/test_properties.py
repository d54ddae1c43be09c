"""Invariants of the registry: exact bytes, page tokens, and tags compared with a model of dictionaries."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ecrtui.emulator import pagination
from tests.support.embedded import (
    ALL_MEDIA_TYPES,
    OCI_MANIFEST,
    client_for,
    create_repository,
    digest_of,
    manifest_text,
    new_embedded,
    put,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(
    json_values,
    st.sampled_from([None, 0, 1, 3, "\t"]),
    st.booleans(),
    st.text(alphabet=" \t\r\n", max_size=3),
    st.text(alphabet=" \t\r\n", max_size=3),
)
def test_any_manifest_is_returned_unchanged(
    extra: Any, indent: int | str | None, ascii_only: bool, before: str, after: str
) -> None:
    client = client_for(new_embedded())
    create_repository(client, "team/app")
    document = {**json.loads(manifest_text(client, "team/app")), "annotations": {"extra": extra}}
    text = before + json.dumps(document, indent=indent, ensure_ascii=ascii_only) + after
    digest = put(client, "team/app", text, "tag", OCI_MANIFEST).digest
    assert digest == digest_of(text)
    for image_id in ({"imageDigest": digest}, {"imageTag": "tag"}):
        answer = client.batch_get_image(
            repositoryName="team/app", imageIds=[image_id], acceptedMediaTypes=ALL_MEDIA_TYPES
        )
        assert answer["images"][0]["imageManifest"] == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.integers(0, 10**9))
def test_a_decoded_token_equals_its_key(text: str, number: int) -> None:
    token = pagination.encode_token("images", text, number)
    assert pagination.decode_token("images", token, ("", 0)) == (text, number)


TAGS = ["a", "b", "keep-1", "keep-2"]
IMAGES = range(4)


class Repository(RuleBasedStateMachine):
    """A repository whose ``keep-`` tags are immutable, next to a model of its contents."""

    def __init__(self) -> None:
        super().__init__()
        self.client = client_for(new_embedded())
        create_repository(self.client, "team/app", "MUTABLE_WITH_EXCLUSION", ["keep-*"])
        self.texts = [manifest_text(self.client, "team/app", str(number)) for number in IMAGES]
        self.digests = [digest_of(text) for text in self.texts]
        self.images: set[str] = set()
        self.tags: dict[str, str] = {}

    def outcome(self, operation: str, **parameters: Any) -> tuple[str, Any]:
        """Return the error code (empty if none) and the response."""
        try:
            return "", getattr(self.client, operation)(repositoryName="team/app", **parameters)
        except ClientError as error:
            return error.response["Error"]["Code"], None

    @rule(number=st.sampled_from(IMAGES), tag=st.sampled_from(TAGS))
    def put_with_tag(self, number: int, tag: str) -> None:
        digest = self.digests[number]
        code, _ = self.outcome("put_image", imageManifest=self.texts[number], imageTag=tag)
        if tag in self.tags and tag.startswith("keep-"):
            assert code == "ImageTagAlreadyExistsException"
        elif self.tags.get(tag) == digest:
            assert code == "ImageAlreadyExistsException"
        else:
            assert code == ""
            self.images.add(digest)
            self.tags[tag] = digest

    @rule(number=st.sampled_from(IMAGES))
    def put_without_tag(self, number: int) -> None:
        code, _ = self.outcome("put_image", imageManifest=self.texts[number])
        assert code == ("ImageAlreadyExistsException" if self.digests[number] in self.images else "")
        self.images.add(self.digests[number])

    @rule(tag=st.sampled_from(TAGS))
    def delete_tag(self, tag: str) -> None:
        _, answer = self.outcome("batch_delete_image", imageIds=[{"imageTag": tag}])
        digest = self.tags.pop(tag, None)
        if digest is None:
            assert [failure["failureCode"] for failure in answer["failures"]] == ["ImageNotFound"]
        else:
            assert answer["imageIds"] == [{"imageDigest": digest, "imageTag": tag}]
            if digest not in self.tags.values():
                self.images.remove(digest)

    @rule(number=st.sampled_from(IMAGES))
    def delete_image(self, number: int) -> None:
        digest = self.digests[number]
        _, answer = self.outcome("batch_delete_image", imageIds=[{"imageDigest": digest}])
        assert bool(answer["failures"]) is (digest not in self.images)
        self.images.discard(digest)
        self.tags = {tag: holder for tag, holder in self.tags.items() if holder != digest}

    @invariant()
    def contents_match_the_model(self) -> None:
        _, described = self.outcome("describe_images")
        found = {detail["imageDigest"]: detail.get("imageTags", []) for detail in described["imageDetails"]}
        expected = {
            digest: sorted(tag for tag, holder in self.tags.items() if holder == digest) for digest in self.images
        }
        assert found == expected
        for status, images in (("TAGGED", set(self.tags.values())), ("UNTAGGED", self.images - {*self.tags.values()})):
            _, listed = self.outcome("list_images", filter={"tagStatus": status})
            assert {entry["imageDigest"] for entry in listed["imageIds"]} == images


Repository.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
test_tags_and_images_follow_the_model = Repository.TestCase
