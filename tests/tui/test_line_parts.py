"""Lines that are too long for their place: short texts first, then fewer parts, and no cut number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.catalog.totals.image_totals import ImageCounts
from ecrtui.tui.line_parts import (
    SEPARATOR,
    Drop,
    LinePart,
    fit_parts,
    full_line,
    line_part,
    line_width,
    parts_in_order,
    throttled_part,
)
from ecrtui.tui.lists.part_loading import count_parts

GAP = len(SEPARATOR)


def shown(parts: list[LinePart], room: int) -> str:
    return SEPARATOR.join(filter(None, fit_parts(parts, room, GAP)))


@pytest.mark.parametrize(
    ("room", "line"),
    [
        (99, "3 marked · throttled by the service, 4 s · 60 images · 29 tagged · 31 orphans or parts · 4.5 GB"),
        (90, "3 marked · throttled, 4 s · 60 images · 29 tagged · 31 orphans or parts · 4.5 GB"),
        (78, "3 marked · throttled, 4 s · 60 images · 29 tagged · 31 orphans/parts · 4.5 GB"),
        (70, "3 marked · throttled, 4 s · 60 images · 29 tagged · 31 orphans/parts"),
        (66, "3 marked · throttled, 4 s · 60 images · 31 orphans or parts"),
        (56, "3 marked · throttled, 4 s · 60 images · 31 orphans/parts"),
        (40, "3 marked · throttled, 4 s · 60 images"),
        (8, "3 marked"),
        (5, "3 marked"),
    ],
)
def test_a_narrow_status_keeps_the_numbers_that_matter_most(room: int, line: str) -> None:
    counts = count_parts(ImageCounts(60, 29, 0, False))
    parts = [line_part("3 marked"), throttled_part(4), *counts, line_part("4.5 GB", drop=Drop.FIRST)]
    assert shown(parts, room) == line


def test_the_first_parts_of_a_text_matter_most() -> None:
    parts = list(parts_in_order("changed copy · 60 images · by ecrtui"))
    assert full_line(parts) == "changed copy · 60 images · by ecrtui"
    assert [shown(parts, room) for room in (30, 12)] == ["changed copy · 60 images", "changed copy"]
    assert not parts_in_order("")


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (ImageCounts(32, 29, 28, True), "32 images · 29 tagged · 3 orphans · 28 parts"),
        (ImageCounts(1, 0, 0, True), "1 image · 0 tagged · 1 orphan"),
        (ImageCounts(1, 1, 1, False), "1 image · 1 tagged · 1 part"),
        (ImageCounts(1_057, 29, 3, False), "1,057 images · 29 tagged · 1,028 orphans or parts · 3 parts"),
    ],
)
def test_the_counts_name_tagged_images_parts_and_orphans(counts: ImageCounts, words: str) -> None:
    assert full_line(count_parts(counts)) == words


TEXTS = st.text("abc", min_size=1, max_size=9)
PARTS = st.builds(
    lambda forms, drop: LinePart(tuple(sorted(forms, key=len, reverse=True)), drop),
    st.lists(TEXTS, min_size=1, max_size=3),
    st.integers(0, 3),
)


@given(st.lists(PARTS, max_size=6), st.integers(0, 80))
def test_a_line_fits_if_its_needed_parts_do_and_keeps_what_is_left_out_last(parts: list[LinePart], room: int) -> None:
    texts = fit_parts(parts, room, GAP)
    needed = [part.forms[-1] for part in parts if not part.drop]
    assert line_width(texts, GAP) <= room or texts == [part.forms[-1] if not part.drop else "" for part in parts]
    assert line_width(needed, GAP) > room or line_width(texts, GAP) <= room
    dropped = [part.drop for part, text in zip(parts, texts, strict=True) if not text]
    kept = [part.drop for part, text in zip(parts, texts, strict=True) if text]
    assert max(kept, default=0) <= min(dropped, default=3)
    assert all(text in ("", *part.forms) for part, text in zip(parts, texts, strict=True))
