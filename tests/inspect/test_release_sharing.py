"""What an image shares with the release before it."""

from __future__ import annotations

import pytest

from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, DescriptorRole, ParsedManifest
from ecrtui.inspect.release_sharing import layers_shared_with, previous_release

OWN = Image("sha256:own", ("prod", "release-2026.11"), 100.0, media_type=OCI_MANIFEST)


def other(name: str, *tags: str, at: float, media_type: str = OCI_MANIFEST) -> Image:
    return Image(f"sha256:{name}", tags, at, media_type=media_type)


@pytest.mark.parametrize(
    ("images", "tag"),
    [
        ([], ""),
        ([other("a", "release-2026.09", at=80), other("b", "release-2026.10", at=90)], "release-2026.10"),
        ([other("a", "release-2026.10", at=90), other("b", "release-2026.12", at=110)], "release-2026.10"),
        ([other("a", "main-1", at=90)], ""),
        ([other("a", "release-2026.10", at=90, media_type=OCI_INDEX)], ""),
        ([other("a", at=90), OWN], ""),
        ([other("a", "2026.10", at=90)], ""),
    ],
)
def test_the_release_before_is_an_older_image_with_such_a_tag(images: list[Image], tag: str) -> None:
    found = previous_release(OWN, images)
    assert (found.tag if found else "") == tag


@pytest.mark.parametrize(
    ("own", "others", "tag"),
    [
        ("1.10.0", ["1.9.3", "1.8.12", "1.11.0", "latest", "2026.10"], "1.9.3"),
        ("v1.10.0", ["v1.9.3", "1.9.4"], "v1.9.3"),
        ("1.10.0-alpine", ["1.9.3-alpine", "1.9.4", "1.9.4-arm64"], "1.9.3-alpine"),
        ("1.10.0-arm64", ["1.9.4", "1.9.3-amd64"], ""),
        ("1.26.9", ["1.27.2", "1.26.8"], "1.26.8"),
        ("412", ["411", "20261128", "1.0.0"], "411"),
        ("2026.10", ["2026.09", "3.1"], "2026.09"),
        ("2026.10.1 main-59d512b", ["main-77aa01c", "2026.10"], "2026.10"),
        ("main-59d512b", ["main-77aa01c", "main-1234abc"], "main-77aa01c"),
        ("latest", ["prod"], ""),
    ],
)
def test_the_release_before_has_the_version_before_in_the_same_scheme(own: str, others: list[str], tag: str) -> None:
    image = Image("sha256:own", tuple(own.split()), 100.0, media_type=OCI_MANIFEST)
    newest_first = [other(name, name, at=90 - age) for age, name in enumerate(others)]
    for images in (newest_first, newest_first[::-1]):
        found = previous_release(image, images)
        assert (found.tag if found else "") == tag


def manifest(**layers: int) -> ParsedManifest:
    return ParsedManifest(
        descriptors=tuple(Descriptor(DescriptorRole.LAYER, name, "", size) for name, size in layers.items())
    )


def test_shared_layers_count_once_and_only_of_platforms_that_are_known() -> None:
    own = {"amd64": manifest(a=1_000, b=20), "arm64": manifest(a=1_000, c=7), "arm": None}
    earlier = {"amd64": manifest(a=1_000), "arm64": manifest(a=1_000, c=7)}
    assert str(layers_shared_with("v1", own, earlier)) == "1.0 kB in 2 layers with v1, 2 of 3 platforms known"
    assert str(layers_shared_with("v1", {"": manifest(a=5)}, {"": manifest(a=5)})) == "5 B in 1 layer with v1"
    assert str(layers_shared_with("v1", {"": manifest(a=-1)}, {"": manifest(a=-1)})) == "– in 1 layer with v1"
    assert str(layers_shared_with("v1", {"": manifest(a=5)}, {"": manifest(b=5)})) == "no layer with v1"
    assert layers_shared_with("v1", own, {}) is None
