"""Every behaviour of the contract has a test that carries its number and its ground."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

BEHAVIOURS = {"R": 13, "P": 36, "G": 9, "D": 10, "X": 7, "L": 6, "S": 4, "C": 6}
"""How many behaviours each room has: repositories, PutImage, BatchGetImage, describe and list, delete, layers, scans
and referrers, everything else."""


def numbered_tests() -> Iterator[tuple[str, str]]:
    """The numbers of each test, and the ground that follows them."""
    for path in sorted(Path(__file__).parent.glob("test_contract_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found = re.match(r"((?:[A-Z]\d\d)(?:, [A-Z]\d\d)*) \((.+)", ast.get_docstring(node) or "")
                if found:
                    yield from ((number, found[2]) for number in found[1].split(", "))


def test_all_91_behaviours_are_tested() -> None:
    expected = {f"{room}{number:02}" for room, count in BEHAVIOURS.items() for number in range(1, count + 1)}
    assert len(expected) == 91
    assert {number for number, _ in numbered_tests()} == expected


def test_every_behaviour_names_its_ground() -> None:
    assert [number for number, ground in numbered_tests() if ground[0] not in "MUOI"] == []
