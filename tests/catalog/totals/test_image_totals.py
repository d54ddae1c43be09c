"""The totals of a list: bytes that follow its rows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.catalog.rows.rows import Rows
from ecrtui.catalog.totals.image_totals import ImageTotals
from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import OCI_INDEX

IMAGES = st.builds(
    Image,
    digest=st.sampled_from("abcdef"),
    size=st.sampled_from([None, 0, 7, 10**12]),
    media_type=st.sampled_from(["", OCI_INDEX]),
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
@given(CHANGES)
def test_the_size_is_that_of_the_images_without_indexes(changes: list[tuple[str, list[Image]]]) -> None:
    totals = ImageTotals()
    rows = Rows(lambda image: image.digest, totals)
    for name, images in changes:
        change(rows, name, images)
        assert totals.size == sum(image.size or 0 for image in rows.everything() if not image.media_type)
