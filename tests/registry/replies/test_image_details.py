"""A page that is converted member by member has the same images as one that is converted image by image."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.registry.protocol import PageRows
from ecrtui.registry.replies import image_details
from ecrtui.registry.replies.validation import check_subject, read_rows
from tests.support.bad_replies import BAD_VALUES, json_paths, path_text, with_value

SUBJECT = {"registryId": "123456789012", "repositoryName": "team/app"}
FULL = {
    **SUBJECT,
    "imageDigest": "sha256:" + "1" * 64,
    "imageTags": ["b", "a"],
    "imageSizeInBytes": 5,
    "imagePushedAt": 1.5,
    "imageScanStatus": {"status": "COMPLETE", "description": "done"},
    "imageScanFindingsSummary": {"imageScanCompletedAt": 2, "findingSeverityCounts": {"HIGH": 1, "OTHER": 2}},
    "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
    "artifactMediaType": "application/vnd.oci.image.config.v1+json",
    "lastRecordedPullTime": 3,
    "subjectManifestDigest": "sha256:" + "2" * 64,
    "imageStatus": "ARCHIVED",
    "lastArchivedAt": 4.5,
    "lastActivatedAt": 4,
    "anotherMember": 5,
}
LEAST = {"imageDigest": "sha256:" + "3" * 64}
PATHS = [*json_paths(FULL), ("imageScanFindingsSummary", "findingSeverityCounts", "LOW")]


def convert(entry: Any) -> object:
    check_subject(entry, SUBJECT)
    return image_details.image(entry)


def assert_same_rows(entries: list[Any]) -> PageRows[object]:
    by_member = read_rows(entries, "imageDigest", convert, partial(image_details.images, subject=SUBJECT))
    by_image = read_rows(entries, "imageDigest", convert)
    assert by_member._replace(items=tuple(by_member.items)) == by_image
    return by_image


def test_all_members_and_no_members() -> None:
    assert list(image_details.images([FULL, LEAST], SUBJECT)) == [image_details.image(FULL), image_details.image(LEAST)]
    assert list(image_details.images([], SUBJECT)) == []


@pytest.mark.parametrize("path", PATHS, ids=path_text)
def test_any_value_of_any_member(path: tuple[str | int, ...]) -> None:
    for value in BAD_VALUES.values():
        assert_same_rows([LEAST, with_value(FULL, path, value), FULL])


@given(st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(sorted(BAD_VALUES))), max_size=4))
def test_any_values_of_several_images(changes: list[tuple[tuple[str | int, ...], str]]) -> None:
    assert_same_rows([FULL, *(with_value(FULL, path, BAD_VALUES[name]) for path, name in changes), LEAST])


def test_the_images_of_another_repository_are_named() -> None:
    rows = assert_same_rows([FULL, FULL | {"repositoryName": "team/other"}])
    assert len(tuple(rows.items)) == len(rows.problems) == 1
