"""The behaviours of the contract, the table in docs/embedded-registry-behaviour.md and the numbers in tests agree."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"\| (?P<number>[A-Z]\d\d) \| (?P<behaviour>.+) \| (?P<source>.+) \|")
NUMBERS = re.compile(r"[A-Z]\d\d(?:, [A-Z]\d\d)*(?=\b)")

LAST = ["A06", "C27", "D17", "E05", "F14", "G19", "K05", "L20", "P47", "R38", "S15", "T07", "V20", "X10"]
"""The last behaviour of each letter. None before it may be missing."""


def listed_rows() -> list[re.Match[str]]:
    """Return the rows of the page."""
    text = (ROOT / "docs" / "embedded-registry-behaviour.md").read_text(encoding="utf-8")
    return [row for line in text.splitlines() if (row := ROW.fullmatch(line))]


def numbers_in_tests() -> set[str]:
    """Return the numbers at the start of the docstrings of tests."""
    found: set[str] = set()
    for path in Path(__file__).parent.glob("test_contract_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                numbers = NUMBERS.match(ast.get_docstring(node) or "")
                found |= set(numbers[0].split(", ")) if numbers else set()
    return found


def test_each_behaviour_has_one_row_and_a_test() -> None:
    contract = {f"{last[0]}{number:02}" for last in LAST for number in range(1, int(last[1:]) + 1)}
    numbers = [row["number"] for row in listed_rows()]
    assert len(numbers) == len(set(numbers))
    assert contract == set(numbers) == numbers_in_tests()


def test_every_behaviour_names_its_sources() -> None:
    for row in listed_rows():
        assert all(re.fullmatch(r"[MI](?: \(.+\))?|[UO] .+", source) for source in split_sources(row["source"])), row[0]


def split_sources(text: str) -> list[str]:
    """Split a cell like "M, O one#1, two#2" where a new letter begins."""
    return re.split(r", (?=[MUOI]\b)", text)
