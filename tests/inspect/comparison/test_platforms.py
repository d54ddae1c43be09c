"""The platforms of two indexes are paired as a runtime would choose them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ecrtui.inspect.comparison.comparison import choose_platforms
from ecrtui.inspect.comparison.sections import NO_PLATFORM
from tests.inspect.comparison.images import CONFIG, changes, compared, digest, image, index

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
    assert [pair.name for pair in choice.common] == pairs
    if first:
        assert choice.first is not None
        assert choice.first.is_named(first)
        assert choice.named(first) == choice.first
    else:
        names = [", ".join(entry.name for pair in choice.pairs if (entry := pair[side])) for side in (0, 1)]
        assert choice.notes[0] == (
            f"The indexes have no platform in common: A has {names[0] or 'no platform'}; "
            f"B has {names[1] or 'no platform'}."
        )
        assert (choice.first is None) is (not all(names))


def test_without_a_common_platform_two_of_the_same_system_are_compared() -> None:
    before = index(("windows/amd64", A), ("linux/amd64", B))
    after = index(("linux/arm64", C), ("windows/arm64", D))
    choice = choose_platforms(before, after)
    assert [pair.name for pair in choice.complete] == ["windows/amd64 → windows/arm64"]
    assert choice.notes[1] == "Compared: windows/amd64 → windows/arm64."
    assert choice.named("windows/amd64") is None  # not both images have it
    assert [row.label for row in choice.rows] == [
        *("platform windows/amd64", "platform linux/amd64", "platform linux/arm64", "platform windows/arm64")
    ]


def test_no_config_is_said_to_be_missing_of_indexes_that_are_not_compared() -> None:
    comparison = compared(index(), index(("linux/amd64", A)))
    assert comparison.section("config").problems == (NO_PLATFORM,)


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
        (
            {"architecture": "s390x"},
            "linux/s390x → linux/arm64",
            "v1 has no platform linux/s390x like v1 (DIGEST): it has linux/arm64, linux/amd64, so it is compared with",
        ),
        ({"os": 7}, "", "v1 (DIGEST) has no platform"),
        ({"os": "unknown", "architecture": "unknown"}, "", "v1 (DIGEST) has no platform, so"),
    ],
)
def test_an_image_is_compared_with_the_platform_that_fits(platform: dict[str, object], chosen: str, note: str) -> None:
    single, parts = image({**CONFIG, **platform}), index(("linux/arm64", A), ("linux/amd64", B))
    for pair in ((single, parts), (parts, single)):
        choice = choose_platforms(*pair)
        wanted = chosen if pair[0] is single else " → ".join(reversed(chosen.split(" → ")))
        assert [entry.name for entry in choice.complete] == ([wanted] if wanted else [])
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
