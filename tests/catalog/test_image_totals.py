"""The totals of a list: they follow its rows, and count the images without tags by what is known of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.catalog.image_totals import ImageTotals, UntaggedTotals
from ecrtui.catalog.index_parts import IndexParts, KnownParts
from ecrtui.catalog.rows import Rows
from ecrtui.ecr.image import Image

IMAGES = st.builds(
    Image,
    digest=st.sampled_from("abcdef"),
    tags=st.sampled_from([(), ("v1",), ("v1", "v2")]),
    size=st.sampled_from([None, 0, 7, 10**12]),
    subject=st.sampled_from(["", "a"]),
)
KNOWN = st.builds(
    KnownParts,
    indexes=st.dictionaries(st.sampled_from("abcdefgh"), st.just("index"), max_size=4),
    unread=st.integers(0, 1),
    listed=st.booleans(),
)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["merge", "update", "amend", "remove", "clear", "reload"]), st.lists(IMAGES, max_size=4)),
    max_size=8,
)


def change(rows: Rows[Image], name: str, images: list[Image]) -> None:
    if name == "clear":
        rows.clear()
    elif name == "remove":
        rows.remove([image.digest for image in images])
    elif name == "reload":
        rows.begin()
        rows.merge(images)
        rows.finish()
    else:
        getattr(rows, name)(images)


@settings(max_examples=25)
@given(CHANGES, KNOWN)
def test_the_totals_are_those_of_the_rows(changes: list[tuple[str, list[Image]]], known: KnownParts) -> None:
    totals, parts = ImageTotals(), IndexParts()
    parts.known = known
    rows = Rows(lambda image: image.digest, totals)
    for name, images in changes:
        change(rows, name, images)
        left = list(rows.everything())
        assert totals.images == len(left)
        assert totals.tagged == sum(bool(image.tags) for image in left)
        assert totals.size == sum(image.size or 0 for image in left)
        untagged = [image for image in left if not image.tags]
        used = [parts.index_of(image.digest) for image in untagged if not image.subject]
        assert totals.untagged(known) == UntaggedTotals(
            unused=used.count(""),
            unknown=used.count(None),
            in_indexes=used.count("index"),
            referrers=len(untagged) - len(used),
        )


def test_the_totals_follow_what_becomes_known_of_the_indexes() -> None:
    totals = ImageTotals()
    totals.add([Image("sha256:a"), Image("sha256:b")])
    assert totals.untagged(KnownParts(unread=1, listed=True)).unknown == 2
    assert totals.untagged(KnownParts({"sha256:a": "sha256:i"}, listed=True)) == UntaggedTotals(1, 0, 1, 0)
