"""The rows of a comparison as lines of text."""

from __future__ import annotations

from ecrtui.inspect.comparison.layout import section_lines
from ecrtui.inspect.comparison.rows import ChangeKind, Row, Section

SHORT, LONG = "LOW apt 2.6.1", "CRITICAL xz-utils 5.6.1, fixed in 5.6.1+really5.4.5"


def test_rows_of_one_kind_that_one_image_has_are_laid_out_alike() -> None:
    rows = (
        Row("finding CVE-1", None, SHORT, ChangeKind.ADDED, "new"),
        Row("finding CVE-2", None, LONG, ChangeKind.ADDED, "new"),
        Row("platform linux/arm64", None, "e739e4d6aeb3", ChangeKind.ADDED, ""),
    )
    lines = [line.text for line in section_lines(Section("x", rows), 120, everything=False)]
    assert lines[:2] == [f"+ finding CVE-1         {SHORT}  new", f"+ finding CVE-2         {LONG}  new"]
    assert lines[2].index("e739e4d6aeb3") > 40  # the column of B
    (alone,) = section_lines(Section("x", rows[:1]), 120, everything=False)
    assert alone.text.index(SHORT) > 40


def test_a_row_with_words_and_no_values_begins_where_the_values_begin() -> None:
    rows = (
        Row("size", "100 MB", "98 MB", ChangeKind.CHANGED),
        Row("other config", None, None, ChangeKind.CHANGED, "2 members: rootfs, history"),
    )
    size, other = (line.text for line in section_lines(Section("x", rows), 120, everything=False))
    assert other.index("2 members") == size.index("100 MB")
