from __future__ import annotations

import json
import marshal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.image import Image
from ecrtui.ecr.row_codec import CODECS, IMAGE_CODEC, REPOSITORY_CODEC
from tests.support.rows import images, repositories


def piped(columns):
    return marshal.loads(marshal.dumps(columns))  # noqa: S302 - what was dumped just now


@given(st.lists(images, max_size=5))
def test_images_are_what_they_were_behind_a_pipe_and_out_of_a_file(rows):
    columns = IMAGE_CODEC.to_columns(rows)
    assert list(IMAGE_CODEC.from_columns(piped(columns))) == rows
    assert list(IMAGE_CODEC.from_columns(json.loads(json.dumps(columns)))) == rows


@given(st.lists(repositories, max_size=5))
def test_repositories_are_what_they_were_behind_a_pipe_and_out_of_a_file(rows):
    columns = REPOSITORY_CODEC.to_columns(rows)
    assert list(REPOSITORY_CODEC.from_columns(piped(columns))) == rows
    assert list(REPOSITORY_CODEC.from_columns(json.loads(json.dumps(columns)))) == rows


def test_what_stands_in_many_rows_is_kept_once():
    rows = [Image(str(number), media_type="a type of " + "media", findings=(("HIGH", 2),)) for number in range(3)]
    read = list(IMAGE_CODEC.from_columns(json.loads(json.dumps(IMAGE_CODEC.to_columns(rows)))))
    assert len({id(row.media_type) for row in read}) == len({id(row.findings) for row in read}) == 1


@pytest.mark.parametrize("columns", [[["digest"]], [1] * 12, [["digest"]] * 13, [["a"]] * 11 + [[None]]])
def test_what_are_no_columns_of_images_is_told(columns):
    with pytest.raises(ValueError):
        list(CODECS["images"].from_columns(columns))
