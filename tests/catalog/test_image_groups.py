"""Which images are in no group, for a whole page at once."""

from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.catalog.index_parts import KnownParts, Part
from ecrtui.ecr.image import Image, ImageKind

DIGITS = ["1" * 64, "2" * 64, "3" * 64, "4" * 64]
DIGESTS = [f"sha256:{digits}" for digits in DIGITS]
some_digests = st.lists(st.sampled_from(DIGESTS), max_size=2, unique=True)
tags = st.sampled_from(["1.0", "a-sha256-b", "sha256-x", *(f"sha256-{digits}.sig" for digits in DIGITS)])
images = st.builds(
    Image,
    digest=st.sampled_from(DIGESTS),
    tags=st.lists(tags, max_size=2, unique=True).map(tuple),
    subject=st.sampled_from(["", "", *DIGESTS]),
)


@given(
    st.lists(images, max_size=4, unique_by=lambda image: image.digest),
    st.lists(images, max_size=2),
    st.dictionaries(st.sampled_from(DIGESTS), some_digests, max_size=2),
)
def test_an_unrelated_image_has_neither_owners_nor_children(
    page: list[Image], earlier: list[Image], parts: dict[str, list[str]]
) -> None:
    groups = ImageGroups({image.digest: image for image in [*earlier, *page]}.get)
    groups.known = KnownParts(
        {index: [Part(digest, ImageKind.IMAGE) for digest in digests] for index, digests in parts.items()},
        {digest: [index for index in parts if digest in parts[index]] for digest in chain(*parts.values())},
    )
    groups.add(earlier)
    groups.add(page)
    for image, alone in zip(page, groups.unrelated(page), strict=True):
        if alone is not None:
            assert not groups.owners(image)
            assert not groups.children(image.digest)
            assert alone is groups.stands_alone(image)


def test_images_of_no_group_are_unrelated() -> None:
    groups = ImageGroups()
    page = [Image(DIGESTS[0], ("1.0",)), Image(DIGESTS[1]), Image(DIGESTS[2], subject=DIGESTS[3])]
    groups.add(page)
    assert groups.unrelated(page) == [True, False, None]


def test_a_chart_in_an_index_is_not_one_of_its_platforms() -> None:
    chart = Image(DIGESTS[1], artifact_media_type="application/vnd.cncf.helm.config.v1+json")
    index = Image(DIGESTS[0], ("1.0",), media_type="application/vnd.oci.image.index.v1+json")
    groups = ImageGroups({chart.digest: chart}.get)
    parts = [Part(digest, ImageKind.IMAGE, "", True) for digest in DIGESTS[1:3]]
    groups.known = KnownParts({index.digest: parts}, {part.digest: [index.digest] for part in parts})
    assert groups.kind_text(index) == "index 1"
    assert groups.kind_text(chart) == "helm chart"
