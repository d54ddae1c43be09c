"""The order of two values is said where it is certain."""

from __future__ import annotations

import pytest

from ecrtui.ecr.exact_json import parse_exact
from ecrtui.inspect.comparison.order import order_note, order_of_versions
from ecrtui.inspect.comparison.rows import value_row


@pytest.mark.parametrize(
    ("kind", "versions"),
    [
        ("", "8.3.0 8.4.0 8.10 v9.0 10"),
        ("", "1.0.1f 1.0.1g 1.0.2"),
        ("", "1.1.1k-1+deb11u1 1.1.1k-1+deb11u2 1.1.1l-1"),
        ("", f"{'1' * 5_000} {'2' * 5_000}"),
        ("deb", "3.0-1~deb12u1 3.0-1 3.0-1+deb12u1 3.0+dfsg-1 3.0.1-1 1:0.5"),
        ("rpm", "1.2~rc1 1.2-3.el9 1.2-4.el9 1.2.1-1.el9"),
        ("apk", "1.2_rc1-r0 1.2-r0 1.2-r1 1.2a-r0"),
        ("npm", "1.0.0-alpha.1 1.0.0-beta.1 1.0.0-rc.1 1.0.0 1.0.1-rc.1"),
        ("pypi", "1.0a1 1.0b2 1.0rc1 1.0 1.0.1"),
        ("golang", "v0.0.0-20200101000000-5b9e77cabcde v0.0.0-20210101000000-3b9e77cabcde v0.1.0"),
    ],
)
def test_versions_in_their_order(kind: str, versions: str) -> None:
    ordered = versions.split()
    for number, low in enumerate(ordered):
        for high in ordered[number + 1 :]:
            assert (order_of_versions(low, high, kind), order_of_versions(high, low, kind)) == (1, -1), (low, high)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("", "1.2", "1.2-1"),  # Debian: a later revision; Semantic Versioning: before the release
        ("", "3b9e77c", "5a17c41"),
        ("golang", "v0.0.0-20200101000000-3b9e77cabcde", "v0.0.0-20200101000000-5b9e77cabcde"),
        ("npm", "1.0.0+build1", "1.0.0+build2"),
        ("maven", "1.0", "1.0.0"),
        ("maven", "33.0-jre", "33.0-android"),
        ("", "01", "1"),
        ("", "", "1"),
        ("", "no version", "1.2"),
        ("", "\N{SUPERSCRIPT TWO}", "1"),
    ],
)
def test_an_order_that_schemes_do_not_agree_on_is_not_known(kind: str, before: str, after: str) -> None:
    assert order_of_versions(before, after, kind) is None
    assert order_of_versions(after, before, kind) is None


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        ("1200", "3400", "+2,200"),
        ("3400", "1200", "-2,200"),
        ("7", "7", ""),
        ("1.5", "2", ""),
        ("1e999", "2", ""),
        ('"2026-11-17T09:00:00Z"', '"2026-11-26T19:13:00.5+01:00"', "9 d newer"),
        ('"2026-11-17T09:00:00Z"', '"2026-11-17T10:00:00+01:00"', ""),
        ('"2026-11-17T09:00:00Z"', '"2026-11-17T09:00:00.9Z"', "less than 1 s newer"),
        ('"2026-11-17T09:00:01Z"', '"2026-11-17T09:00:00Z"', "1 s older"),
        ('"2026-11-17"', '"2026-11-18"', ""),
        ('"a"', "1", ""),
    ],
)
def test_the_note_of_two_values_is_their_difference(before: str, after: str, note: str) -> None:
    values = parse_exact(before), parse_exact(after)
    assert order_note(*values) == value_row("x", *values).note == note
