"""The platforms of two indexes are paired as a runtime would choose them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ecrtui.inspect.comparison.comparison import choose_platforms
from tests.inspect.comparison.images import CONFIG, changes, digest, image, index

A, B, C, D = (digest(name) for name in "abcd")


def short(value: str) -> str:
    return value.removeprefix("sha256:")[:12]


@pytest.mark.parametrize(
    ("before", "after", "pairs", "first"),
    [
        ([("linux/amd64", A)], [("linux/amd64", B)], ["linux/amd64"], "linux/amd64"),
        (
            [("linux/amd64", A), ("linux/arm64", B)],
            [("linux/arm64", C), ("linux/amd64", A)],
            ["linux/amd64", "linux/arm64"],
            "linux/amd64",
        ),
        ([("linux/arm64", A)], [("linux/arm64/v8", B)], ["linux/arm64 → linux/arm64/v8"], "linux/arm64"),
        ([("linux/arm", A)], [("linux/arm/v7", B)], ["linux/arm → linux/arm/v7"], "linux/arm"),
        ([("linux/arm/v6", A)], [("linux/arm/v7", B)], [], ""),
        ([("linux/amd64", A)], [("linux/s390x", B)], [], ""),
        (
            [("windows 10.0.17763.5329/amd64", A), ("windows 10.0.20348.2227/amd64", B)],
            [("windows 10.0.20348.2340/amd64", C), ("windows 10.0.17763.5458/amd64", D)],
            [
                "windows(10.0.17763.5329)/amd64 → windows(10.0.17763.5458)/amd64",
                "windows(10.0.20348.2227)/amd64 → windows(10.0.20348.2340)/amd64",
            ],
            "windows(10.0.17763.5329)/amd64",
        ),
        (
            [("linux/arm/v7", A), ("linux/arm", B)],
            [("linux/arm", C), ("linux/arm/v7", D)],
            ["linux/arm/v7", "linux/arm"],
            "linux/arm/v7",
        ),
    ],
)
def test_platforms_of_two_indexes_are_paired_by_name(
    before: list[tuple[str, str]], after: list[tuple[str, str]], pairs: list[str], first: str
) -> None:
    choice = choose_platforms(index(*before), index(*after))
    assert [pair.name for pair in choice.complete] == pairs
    if first:
        assert choice.first is not None
        assert choice.first.is_named(first)
        assert choice.named(first) == choice.first
    else:
        assert choice.first is None
        assert choice.notes == ("The indexes have no platform in common.",)


def test_platforms_of_one_index_and_another_order_are_rows() -> None:
    choice = choose_platforms(
        index(("linux/amd64", A), ("linux/arm64", B), ("linux/386", C)),
        index(("linux/arm64", B), ("linux/amd64", D), ("linux/s390x", C)),
    )
    assert changes(choice.rows) == [
        ("~", "platforms", "linux/amd64 linux/arm64", "linux/amd64 linux/arm64"),
        ("-", "platform linux/386", short(C), None),
        ("+", "platform linux/s390x", None, short(C)),
        ("~", "platforms, order", "linux/amd64 linux/arm64", "linux/arm64 linux/amd64"),
    ]
    assert choice.rows[0].note == "linux/amd64 differs"


@pytest.mark.parametrize(
    ("platform", "chosen", "note"),
    [
        ({}, "linux/amd64", "v1 (DIGEST) is one image, v1 is an index: compared with its platform linux/amd64."),
        (
            {"architecture": "arm64", "variant": "v8"},
            "linux/arm64",
            "v1 (DIGEST) is one image, v1 is an index: compared with its platform linux/arm64.",
        ),
        ({"architecture": "s390x"}, "", "v1 has no platform linux/s390x like v1 (DIGEST)."),
        ({"os": 7}, "", "v1 (DIGEST) has no platform"),
        ({"os": "unknown", "architecture": "unknown"}, "", "v1 (DIGEST) has no platform, so"),
    ],
)
def test_an_image_is_compared_with_the_platform_that_fits(platform: dict[str, object], chosen: str, note: str) -> None:
    single, parts = image({**CONFIG, **platform}), index(("linux/arm64", A), ("linux/amd64", B))
    for pair in ((single, parts), (parts, single)):
        choice = choose_platforms(*pair)
        assert [entry.name for entry in choice.complete] == ([chosen] if chosen else [])
        assert len(choice.pairs) == 2
        assert note.replace("DIGEST", short(single.image.digest))[:40] in choice.notes[0]


def test_a_part_of_an_index_is_compared_with_itself() -> None:
    single = image()
    parts = index(("linux/arm64", A), ("linux/amd64", single.image.digest))
    unread = replace(single, config=None)
    choice = choose_platforms(unread, parts)
    assert choice.first is not None
    assert not choice.first.differs
    assert choice.notes[0].endswith("is the platform linux/amd64 of v1.")
