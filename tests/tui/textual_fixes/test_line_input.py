"""A field takes what fits of a paste, and says what it drops."""

from __future__ import annotations

import pytest

from ecrtui.tui.textual_fixes.line_input import MAX_PASTE, clean_paste


@pytest.mark.parametrize(
    ("pasted", "join", "kept", "dropped"),
    [
        ("prod\nstable\n", True, "prod stable", ""),
        ("prod\r\nstable\rv1", True, "prod stable v1", ""),
        ("\n\n  prod \n\n\tstable", True, "prod stable", ""),
        ("a\u2028b\x85c\x0bd", True, "a b c d", ""),
        ("prod\nstable\nv1\n", False, "prod", "2 further lines"),
        ("\n/tmp/m.json\n", False, "/tmp/m.json", ""),
        (" is:untagged", False, " is:untagged", ""),
        ("a\tb", False, "a b", ""),
        ("a\x1b[31m\x07b", False, "a[31mb", "2 control characters"),
        ("a\u202eb\u200bc\nd", False, "abc", "1 further line, 2 control characters"),
        ("\x1b\x07", True, "", "2 control characters"),
        ("", True, "", ""),
        ("\r\n", False, "", ""),
        ("a" * 1_000_000, True, "a" * MAX_PASTE, "990,000 characters after the first 10,000"),
        ("a" * 1_000_000, False, "a" * MAX_PASTE, "990,000 characters after the first 10,000"),
        ("v1.2 " * 3_000, True, ("v1.2 " * 2_000).rstrip(), "5,001 characters after the first 9,999"),
        ("release\n" * 3_000, True, ("release " * 1_250).rstrip(), "14,000 characters after the first 9,999"),
        ("v1.25 " * 3_000, True, ("v1.25 " * 1_666).rstrip(), "8,005 characters after the first 9,995"),
    ],
)
def test_a_paste_becomes_one_line(pasted: str, join: bool, kept: str, dropped: str) -> None:
    assert clean_paste(pasted, join=join) == (kept, dropped)
