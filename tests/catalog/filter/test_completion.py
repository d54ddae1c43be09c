"""The last word of a filter is completed to a field, a value of the field, or a text of the rows."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.catalog.filter import parse
from ecrtui.catalog.filter.completion import complete
from ecrtui.catalog.filter.images import image_schema
from ecrtui.catalog.filter.repositories import REPOSITORIES
from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.catalog.index_parts import KnownParts
from ecrtui.catalog.rows.rows import Rows
from ecrtui.ecr.image import Image
from ecrtui.ecr.repository import Repository
from ecrtui.inspect.findings_filter import FINDINGS


def image(number: int, *tags: str) -> Image:
    return Image(f"sha256:{number:064x}", tags, float(number), 1, "")


IMAGES = (
    image(1, "prod", "release-1"),
    image(2, "Prod-eu"),
    image(3),
    image(4, "odd*", "?", "size>1", "~a", "a:b", "odd\x1b[2J"),
)
KNOWN = KnownParts(listed=True, names={"linux/arm64": {"a"}, "linux/amd64": {"b"}, "attestation": {"c"}})


def completed(text: str, images: Sequence[Image] = IMAGES) -> list[str]:
    groups = ImageGroups()
    groups.known = KNOWN
    return [text + ending for ending in complete(text, image_schema(groups), [images])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tag", ["tag:", "tags>"]),
        ("TY", ["TYpe:"]),
        ("!sev", ["!severity>="]),
        ("is:image pul", ["is:image pulled<"]),
        ("pushed<1 d", []),  # the unit of the age
        ("pro", ["provenance", "prod", "prod-eu"]),
        ("rel", ["release-1"]),
        ("unta", ["untagged"]),
        ("is:im", ["is:image"]),
        ("!IS:IM", ["!IS:IMage"]),
        ("is!=un", ["is!=untagged", "is!=unscanned"]),
        ("severity>=h", ["severity>=high"]),
        ("severity>=n", []),
        ("severity:n", ["severity:none"]),
        ("pulled:", ["pulled:never"]),
        ("pulled<", []),
        ("status=", ["status=active", "status=archived", "status=activating"]),
        ("scan:i", ["scan:in-progress"]),
        ("tag:", ["tag:prod", "tag:release-1", "tag:Prod-eu", "tag:size>1", "tag:a:b"]),
        ("tag:PROD", ["tag:PROD-eu"]),
        ("tag=prod", []),
        ("tag=P", ["tag=Prod-eu"]),
        ("of:rel", ["of:release-1"]),
        ("platform:", ["platform:linux/arm64", "platform:linux/amd64", "platform:arm64", "platform:amd64"]),
        ("platform:ar", ["platform:arm64"]),
        ("is:image", []),
        ("release-1", []),
    ],
)
def test_a_word_is_completed(text: str, expected: list[str]) -> None:
    assert completed(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", " ", "rel ", "!", '"rel', '"rel"', "/rel", "~rel", "tag:/r", "nonsense:r", "(", "rel*", "sha256:0", ">1"],
)
def test_nothing_is_completed_where_no_word_is_begun(text: str) -> None:
    assert completed(text) == []


@given(st.text(max_size=30) | st.sampled_from(["is:", "tag:", "of:", "severity>="]), st.lists(st.text(max_size=6)))
def test_a_completed_value_is_a_valid_filter(text: str, tags: list[str]) -> None:
    for line in completed(text, [image(1, *tags)]):
        assert line.startswith(text)
        assert line[len(text) :].isprintable()
        if not line.endswith((":", "<", ">", "=")):
            parse(line)


def test_repositories_are_completed_by_name() -> None:
    rows = [[Repository(name, "") for name in ("team/app", "mutants")]]
    assert list(complete("te", REPOSITORIES, rows)) == ["am/app"]
    assert list(complete("name:TEAM/", REPOSITORIES, rows)) == ["app"]
    assert list(complete("mut", REPOSITORIES, rows)) == ["ability:", "able", "ants"]
    assert list(complete("encryption:a", REPOSITORIES, rows)) == ["ES256"]


def test_the_words_of_findings_are_completed() -> None:
    assert list(complete("fix:", FINDINGS, ())) == ["yes", "no", "partial", "unknown"]
    assert list(complete("exploit:u", FINDINGS, ())) == ["nknown"]
    assert list(complete("sc", FINDINGS, ())) == ["ore>"]


def test_the_first_rows_of_the_order_come_first_then_those_that_a_filter_has_read() -> None:
    rows: Rows[Image] = Rows(lambda image: image.digest, chunk_rows=2)
    rows.merge(image(number, f"tag-{number}") for number in range(7))
    groups = ImageGroups()

    def tags_after(line: str) -> list[str]:
        job = rows.start_sort_filter(lambda image: image.pushed_at, parse(line).matches)
        assert job.run()
        assert rows.apply(job)
        return list(complete("tag:tag-", image_schema(groups), rows.at_hand()))

    rows.set_descending(True)
    assert tags_after("digest:0") == ["6", "5"]  # no column of tags is at hand
    assert tags_after("!tag:tag") == ["6", "5", "0", "1", "2", "3", "4"]
