"""No spreadsheet runs a cell of our CSV."""

from __future__ import annotations

import pytest

from ecrtui.ecr.csv_cells import csv_cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "=", "=HYPERLINK(A1)"])
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    assert csv_cell(text) == "'" + text


@pytest.mark.parametrize("value", ["", "a=1", " =1", "'=1", "sha256:0", 5, -5, 0.5, None])
def test_other_values_are_unchanged(value: object) -> None:
    assert csv_cell(value) == value
