"""Which tags have one scheme, and the order of their versions."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.tag_scheme import Version, tag_scheme

PREFIXES = ("", "v", "release-", "app_v", "x86_64-", "arm-v7-", "jdk21-", "main-")
VARIANTS = ("", "-alpine", "-alpine3.19", "-alpine3.20", "-arm64", "-arm32v7", "-arm-v6", "-arm-v7")
COUNTERS = ("", "-rc.{}", "-rc{}", "-RC-{}", "rc{}", "-beta.{}", "-build.{}", "-{}", "_{}")
NUMBERS = st.integers(0, 1_500)


class Example(NamedTuple):
    """A tag, how it is made, and the numbers of its version."""

    form: tuple[str, ...]
    version: Version
    tag: str


@st.composite
def versions(draw: st.DrawFn) -> tuple[str, Version, str]:
    """Return the kind, the numbers and the text of a version."""
    day = draw(st.dates(date(1990, 1, 1), date(2099, 12, 31)))
    more = draw(st.lists(NUMBERS, min_size=1, max_size=3))
    kind, version = draw(
        st.sampled_from((
            ("dotted", ((draw(NUMBERS), *more),)),
            ("year", ((day.year, *more),)),
            ("date", ((int(f"{day:%Y%m%d}"),),)),
            ("days", ((day.year,), (day.month,), (day.day,))),
            ("number", ((more[0],),)),
        ))
    )  # fmt: skip
    return kind, version, "-".join(".".join(map(str, numbers)) for numbers in version)


@st.composite
def examples(draw: st.DrawFn) -> Example:
    prefix, variant = draw(st.sampled_from(PREFIXES)), draw(st.sampled_from(VARIANTS))
    kind, version, text = draw(versions())
    counter = draw(st.sampled_from(COUNTERS)) if kind == "dotted" else ""
    count = draw(NUMBERS)
    numbers = (*version, (count,)) if counter else version
    return Example((prefix, kind, counter, variant), numbers, f"{prefix}{text}{counter.format(count)}{variant}")


@given(examples(), examples())
def test_tags_have_one_scheme_if_they_differ_in_nothing_but_their_version(one: Example, other: Example) -> None:
    first, second = tag_scheme(one.tag), tag_scheme(other.tag)
    assert first is not None
    assert first.version(one.tag) == one.version
    assert (first == second) == (one.form == other.form)
    assert first.version(other.tag) == (other.version if one.form == other.form else None)


@given(st.text("0123456789abcdefgrvxz.-_", min_size=1, max_size=12), st.text("019abr.-_", min_size=1, max_size=8))
def test_a_scheme_is_that_of_each_tag_that_it_matches(one: str, other: str) -> None:
    scheme = tag_scheme(one)
    if scheme is not None:
        assert scheme.version(one) is not None
        assert (scheme.version(other) is not None) == (tag_scheme(other) == scheme)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("main-59d512b", "main-77aa01c", True),
        ("sha-59d512b", "main-77aa01c", False),
        ("1.2.3-14-gabc1234", "1.2.3-9-g77aa01c", True),
        ("main-59d512b", "main-fix-77aa01c", False),
        ("main-59d512b", "main-1234567", True),
        ("1234567", "77aa01c", True),
        ("1234567", "123456", False),
        ("main-59d512b", "main-20261128", False),
        ("build-1234567", "build-9", True),
        ("python-3.12-1.5.0", "python-3.12-1.4.9", True),
        ("python-3.12-1.5.0", "python-3.11-1.5.0", False),
        ("1.2.3", "1.2", True),
        ("1.2.3.Final", "1.2.4.Final", True),
        ("1.2.3-SNAPSHOT", "1.2.4", False),
        ("1.2.3", "1.2.4-rc.1", False),
        ("20261128", "4711", False),
        ("20261128.1", "1.2", False),
        ("20261128134400", "20261128", False),
        ("2026.10", "1.27", False),
        ("1.2.3-cuda12.6", "1.2.3-cuda12.8", False),
        ("2019", "411", True),
        ("1.2.3-python-3.12", "1.2.4-python-3.12", True),
        ("1.2.3-python-3.12", "1.2.4-python-3.13", False),
        ("build-arm64-411", "build-arm64-412", True),
        ("pr-1-1.2.3", "pr-2-1.2.4", False),
    ],
)
def test_schemes_of_the_field(one: str, other: str, same: bool) -> None:
    scheme = tag_scheme(one)
    assert scheme is not None
    assert (scheme == tag_scheme(other)) == same


@pytest.mark.parametrize(
    "tag",
    [
        "latest",
        "latest-arm-v7",
        "latest-arm64",
        "deadbeef",
        "bookworm-slim",
        "_",
        "web-20-app-1.2.3",
        "python-3.12",
        "Ubuntu-22.04",
    ],
)
def test_a_tag_without_a_clear_version_has_no_scheme(tag: str) -> None:
    assert tag_scheme(tag) is None
