"""Rows keep their values as columns."""

from __future__ import annotations

import json
import marshal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.image import Image
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.row_codec import CODECS, IMAGE_CODEC, REPOSITORY_CODEC, Column
from tests.support.rows import images, repositories


def piped(columns: list[Column]) -> list[Column]:
    restored: list[Column] = marshal.loads(marshal.dumps(columns))  # noqa: S302 - dumped here
    return restored


@given(st.lists(images, max_size=5))
def test_images_survive_marshal_and_json(rows: list[Image]) -> None:
    columns = IMAGE_CODEC.to_columns(rows)
    assert list(IMAGE_CODEC.from_columns(piped(columns))) == rows
    assert list(IMAGE_CODEC.from_columns(json.loads(json.dumps(columns)))) == rows


@given(st.lists(repositories, max_size=5))
def test_repositories_survive_marshal_and_json(rows: list[Repository]) -> None:
    columns = REPOSITORY_CODEC.to_columns(rows)
    assert list(REPOSITORY_CODEC.from_columns(piped(columns))) == rows
    assert list(REPOSITORY_CODEC.from_columns(json.loads(json.dumps(columns)))) == rows


def test_equal_values_share_an_object() -> None:
    rows = [Image(str(number), media_type="a type of " + "media", findings=(("HIGH", 2),)) for number in range(3)]
    read = list(IMAGE_CODEC.from_columns(json.loads(json.dumps(IMAGE_CODEC.to_columns(rows)))))
    assert len({id(row.media_type) for row in read}) == len({id(row.findings) for row in read}) == 1


FIELDS = len(IMAGE_CODEC.names)


@pytest.mark.parametrize(
    "columns",
    [
        [["digest"]],
        [1] * FIELDS,
        [["digest"]] * (FIELDS + 1),
        [[None]] * FIELDS,
        [["digest", "digest"], *[["digest"]] * (FIELDS - 1)],
    ],
)
def test_other_columns_raise_value_error(columns: list[Column]) -> None:
    with pytest.raises(ValueError):
        list(CODECS["images"].from_columns(columns))
