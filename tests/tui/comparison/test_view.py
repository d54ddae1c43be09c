"""The text of a section of a comparison."""

from __future__ import annotations

import pytest

from ecrtui.inspect.comparison.layout import section_lines
from ecrtui.inspect.comparison.rows import Section, row_of
from ecrtui.tui.comparison.view import comparison_text

BAD, GOOD = "$text-error", "$text-success"


@pytest.mark.parametrize(
    ("before", "after", "is_fault", "color"),
    [
        (None, "CRITICAL curl 8.3", True, BAD),
        ("CRITICAL curl 8.3", None, True, GOOD),
        (None, "1.2", False, GOOD),
        ("1.2", None, False, BAD),
    ],
)
def test_a_new_finding_has_the_color_of_a_loss(
    before: str | None, after: str | None, is_fault: bool, color: str
) -> None:
    section = Section("findings", (row_of("CVE-1", before, after, is_fault=is_fault),))
    shown = comparison_text(section_lines(section, 80, everything=False))
    (span,) = shown.document.styles[0]
    assert span[2] == color
