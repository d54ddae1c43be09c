"""The differences between two documents name every member that differs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.differences import BLOCK, Difference, aligned, first_difference, text_differences
from tests.ecr.test_exact_json import VALUES


def attestation(subject: str, digest: str) -> dict[str, Any]:
    """Return the entry of an attestation in an index, as BuildKit writes it."""
    annotations = {"vnd.docker.reference.digest": subject}
    return {"digest": digest, "platform": {"os": "unknown", "architecture": "unknown"}, "annotations": annotations}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("x.a.b", "1", "2")]),
        ({"a": 1}, {"b": 1}, [("x.a", "1", None), ("x.b", None, "1")]),
        ({"a": 1}, {"a": "1"}, [("x.a", "1", '"1"')]),
        ({"a": 1}, {"a": 1.0}, [("x.a", "1", "1.0")]),
        ({"a": True}, {"a": 1}, [("x.a", "true", "1")]),
        ({"a": None}, {}, [("x.a", "null", None)]),
        ({"a.b c": "\n"}, {"a.b c": "\r"}, [('x."a.b c"', r'"\n"', r'"\r"')]),
        ([1, 2, 3], [1, 3], [("x[1]", "2", None)]),
        ([1, 3], [1, 2, 3], [("x[1]", None, "2")]),
        ([{"size": 1, "type": "a"}], [{"size": 1, "type": "b"}], [("x[0].type", '"a"', '"b"')]),
        ([9, {"a": 1}], [{"a": 2}], [("x[0]", "9", '{"a": 2}'), ("x[1]", '{"a": 1}', None)]),
        ([1, 2], [2, 1], [("x[0]", None, "2"), ("x[1]", "2", None)]),
        (
            [{"platform": {"os": "linux"}, "digest": "a"}, {"platform": {"os": "windows"}, "digest": "b"}],
            [{"platform": {"os": "windows"}, "digest": "c"}, {"platform": {"os": "linux"}, "digest": "a"}],
            [("x[windows].digest", '"b"', '"c"'), ("x, order of the platforms", '"linux windows"', '"windows linux"')],
        ),
        (
            [{"platform": {"os": "linux"}, "digest": "a"}, attestation("a", "s")],
            [{"platform": {"os": "linux"}, "digest": "b"}, attestation("b", "t")],
            [
                ("x[linux].digest", '"a"', '"b"'),
                ("x[attestation of linux].digest", '"s"', '"t"'),
                ('x[attestation of linux].annotations."vnd.docker.reference.digest"', '"a"', '"b"'),
            ],
        ),
        ([], {}, [("x", "[]", "{}")]),
    ],
)
def test_members_that_differ_are_named(
    before: Any, after: Any, found: list[tuple[str, str | None, str | None]]
) -> None:
    assert text_differences(json.dumps(before), json.dumps(after), "x") == [Difference(*entry) for entry in found]


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ('{"a": 1}', '{"a":1}', "manifest, text from character 1"),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', "manifest, text from character 1"),
        ('{"a": 1, "a": 1}', '{"a": 1}', "manifest, text from character 1"),
        ("x" * 100 + "one", "x" * 100 + "two", "manifest, text from character 71"),
        ("{}", "{} ", "manifest, text from character 1"),
    ],
)
def test_texts_with_the_same_members_differ_at_a_character(before: str, after: str, path: str) -> None:
    (difference,) = text_differences(before, after, "manifest")
    assert difference.path == path
    assert difference.before != difference.after


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a" * 9_999, "a" * 5_000 + "b" + "a" * 4_998, [("replace", 5_000, 5_001, 5_000, 5_001)]),
        ("a" * 9_999, "a" * 10_000, [("insert", 9_999, 9_999, 9_999, 10_000)]),
        ("a" * 10_000, "a" * 9_999, [("delete", 9_999, 10_000, 9_999, 9_999)]),
        ("a" * 9_999, "b" * 9_999, [("replace", 0, 9_999, 0, 9_999)]),
        ("a" * 9_999, "a" * 9_999, []),
    ],
    ids=["replaced", "inserted", "removed", "all", "none"],
)
def test_long_sequences_are_aligned_at_their_ends(before: str, after: str, expected: Any) -> None:
    codes = aligned(before, after)
    assert [code for code in codes if code[0] != "equal"] == expected
    assert sum(code[2] - code[1] for code in codes) == len(before)
    assert sum(code[4] - code[3] for code in codes) == len(after)


@pytest.mark.parametrize("same", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
@pytest.mark.parametrize(("before", "after"), [("a", "b"), ("", "b"), ("", ""), ("ax", "bx")])
def test_the_first_difference_is_found_in_any_block(same: int, before: str, after: str) -> None:
    texts = "c" * same + before, "c" * same + after
    assert first_difference(*texts) == first_difference(*texts[::-1]) == same
    assert first_difference(*(text.encode() for text in texts)) == same
    assert first_difference(*map(list, texts)) == same


class CountedEntries(Sequence[str]):
    """Counts the entries that are read one by one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.read = 0

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, index: Any) -> str:
        self.read += not isinstance(index, slice)
        return self.text[index]


def test_only_the_entries_of_one_block_are_compared_one_by_one() -> None:
    before, after = CountedEntries("c" * 9 * BLOCK + "a"), CountedEntries("c" * 9 * BLOCK + "b")
    assert first_difference(before, after) == 9 * BLOCK
    assert max(before.read, after.read) <= BLOCK


@given(st.text(max_size=30) | VALUES.map(json.dumps), st.text(max_size=30) | VALUES.map(json.dumps))
def test_two_texts_never_have_no_difference(before: str, after: str) -> None:
    assert bool(text_differences(before, after, "x")) == (before != after)
