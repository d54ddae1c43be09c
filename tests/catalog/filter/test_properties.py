"""Properties of the filter language for any text and any image."""

from __future__ import annotations

import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.catalog.filter import Filter, FilterError, parse, parse_repositories
from ecrtui.catalog.filter.matching import contains
from ecrtui.ecr.findings import SEVERITIES
from ecrtui.ecr.image import Image
from ecrtui.ecr.repository import Repository

NOW = 1_795_000_000.0
TAG_LETTERS = string.ascii_letters + string.digits + "._-"
tags = st.text(TAG_LETTERS, min_size=1, max_size=12)
moments = st.none() | st.floats(0, 2 * NOW)
images = st.builds(
    Image,
    digest=st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:".__add__),
    tags=st.lists(tags, max_size=3).map(tuple),
    pushed_at=moments,
    size=st.none() | st.integers(0, 10**11),
    media_type=st.sampled_from(
        ["", "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"]
    ),
    artifact_media_type=st.sampled_from(["", "application/vnd.cncf.helm.config.v1+json", "text/spdx"]),
    last_pulled_at=moments,
    status=st.sampled_from(["ACTIVE", "ARCHIVED", "ACTIVATING"]),
    scan_status=st.sampled_from(["", "NOT_SCANNED", "COMPLETE", "FAILED"]),
    findings=st.none()
    | st.lists(st.tuples(st.sampled_from([*SEVERITIES, "ODD"]), st.integers(0, 9)), max_size=3).map(tuple),
)
fields = st.sampled_from(
    [
        "tag",
        "digest",
        "size",
        "pushed",
        "pulled",
        "is",
        "severity",
        "findings",
        "scan",
        "tags",
        "type",
        "name",
        "created",
    ]
)
operators = st.sampled_from([":", "=", ">", "<", ">=", "<=", ":>"])
values = (
    tags
    | st.sampled_from(["7d", "1.5GB", "2026-01-31", "never", "untagged", "high", "0", '"a b"', "/a.c/", "~ab", "a*b"])
    | st.text("0123456789dwmoyhskKMGTiB.", max_size=8)
)
terms = st.builds("".join, st.tuples(st.sampled_from(["", "!"]), st.just(""), values)) | st.builds(
    "".join, st.tuples(st.sampled_from(["", "!"]), fields, operators, values)
)
texts = st.text() | st.text('!"/~:<>=*?\\()[]{}+|ab1 .-', max_size=20) | st.lists(terms, max_size=4).map(" ".join)


def parsed(text: str) -> Filter[Image] | None:
    try:
        return parse(text, NOW)
    except FilterError as error:
        assert 0 <= error.position <= error.end <= len(text)
        assert error.title
        return None


@given(texts, images)
def test_any_text_is_a_filter_or_a_filter_error(text: str, image: Image) -> None:
    chosen = parsed(text)
    if chosen:
        assert chosen.matches(image) in (True, False)
        for field in ("", "tag", "digest", "kind"):
            for shown in (*image.tags, image.digest, image.kind.value):
                spans = chosen.spans(shown, field)
                assert all(0 <= start < end <= len(shown) for start, end in spans)
                assert all(first[1] < second[0] for first, second in itertools.pairwise(spans))


@given(terms, st.lists(images, max_size=4))
def test_many_images_match_as_each_of_them_alone(text: str, some: list[Image]) -> None:
    chosen = parsed(text)
    if chosen:
        assert chosen.select(some) == [image for image in some if chosen.matches(image)]


@given(st.text("aςσΣİK\n\t", max_size=3), st.lists(st.text("aAςσΣİıKk\n\t", max_size=5), max_size=5))
def test_a_word_matches_many_texts_as_each_of_them(word: str, some: list[str]) -> None:
    assert [bool(flag) for flag in contains(word).match_many(some)] == [word.lower() in text.lower() for text in some]


@given(texts)
def test_any_text_is_a_repository_filter_or_an_error(text: str) -> None:
    repository = Repository("team/checkout", "uri", created_at=NOW)
    try:
        chosen = parse_repositories(text, NOW)
    except FilterError as error:
        assert 0 <= error.position <= error.end <= len(text)
    else:
        assert chosen.matches(repository) in (True, False)


@given(terms.map(lambda term: term.lstrip("!")), images)
def test_an_image_matches_a_term_or_its_negation_or_is_undecided(term: str, image: Image) -> None:
    chosen = parsed(term)
    if chosen:
        negated = parse("!" + term, NOW)
        assert chosen.undecided((image,)) == negated.undecided((image,))
        assert chosen.matches(image) + negated.matches(image) + len(chosen.undecided((image,))) == 1


@given(terms, terms, images)
def test_all_terms_must_match_in_any_order(one: str, other: str, image: Image) -> None:
    first, second = parsed(one), parsed(other)
    if first and second:
        both = first.matches(image) and second.matches(image)
        assert parse(f"{one}  {other}", NOW).matches(image) is both
        assert parse(f"{other} {one}", NOW).matches(image) is both


@given(images, st.data())
def test_each_part_of_a_tag_matches_and_is_highlighted(image: Image, data: st.DataObject) -> None:
    for tag in image.tags:
        start = data.draw(st.integers(0, len(tag) - 1))
        end = data.draw(st.integers(start + 1, len(tag)))
        for text in (f'"{tag[start:end]}"', f"tag:{tag[start:end]}", f"~{tag[start:end:2]}", f"tag={tag}"):
            chosen = parse(text.swapcase() if text[0] in '"~' else text, NOW)
            assert chosen.matches(image)
            assert chosen.spans(tag, "tag")


@given(images)
def test_any_beginning_of_a_digest_matches(image: Image) -> None:
    digits = image.digest.removeprefix("sha256:")
    for text in (image.digest, digits[:12], f"sha256:{digits[:3]}", f"digest:{digits[:1]}", f"digest={image.digest}"):
        assert parse(text, NOW).matches(image)


@given(images, st.integers(0, 10**11))
def test_comparisons_partition_known_sizes(image: Image, size: int) -> None:
    below, same, above = (parse(f"size{sign}{size}", NOW).matches(image) for sign in ("<", "=", ">"))
    assert below + same + above == (image.size is not None)
    assert parse(f"size>={size}", NOW).matches(image) is (same or above)
    assert parse(f"size<={size}", NOW).matches(image) is (same or below)


@given(images, st.integers(0, 5000))
def test_comparisons_partition_known_times(image: Image, days: int) -> None:
    younger, older = (parse(f"pushed{sign}{days}d", NOW).matches(image) for sign in ("<=", ">"))
    assert younger + older == (image.pushed_at is not None)


@pytest.mark.parametrize("count", [1, 2000])
def test_a_filter_can_have_thousands_of_terms(count: int) -> None:
    assert parse("a " * count, NOW).matches(Image("sha256:", ("a",)))
