"""No spreadsheet runs a cell of our CSV, and a cell is read back as it was."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecrtui.ecr.csv_cells import csv_cell, csv_text


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "=", "=HYPERLINK(A1)", "＝1", "'=1", "''-1", " x", "x ", "' x"],
)
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    assert csv_cell(text) == "'" + text


@pytest.mark.parametrize("value", ["", "a=1", "'", "'x", "it's", "sha256:0", 5, -5, 0.5, None])
def test_other_values_are_unchanged(value: object) -> None:
    assert csv_cell(value) == value


def test_half_of_a_surrogate_pair_is_replaced() -> None:
    """No file can hold it."""
    assert csv_cell("a\ud800") == "a\ufffd"


@given(st.text("'=+-@\t\r\n ab\x1f\u00a0", max_size=5))
@example("'=1")
@example("'")
def test_a_cell_is_read_back(text: str) -> None:
    assert csv_text(str(csv_cell(text))) == text


@pytest.mark.parametrize(("cell", "text"), [(" -x ", "-x"), ("=1", "=1"), ("'x", "'x"), (" x", "x"), ("'-x", "-x")])
def test_a_cell_that_a_person_typed_is_read(cell: str, text: str) -> None:
    assert csv_text(cell) == text
