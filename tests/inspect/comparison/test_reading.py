"""What is read of two images, and with which platform a comparison starts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ecrtui.catalog.catalog import Catalog
from ecrtui.ecr.image import ImageKind
from ecrtui.ecr.reference import Reference
from ecrtui.inspect.artifacts import Artifact, ArtifactOrigin, ArtifactTree, Subject
from ecrtui.inspect.comparison.attachments import signatures
from ecrtui.inspect.comparison.comparison import PlatformChoice, choose_platforms
from ecrtui.inspect.comparison.reading import NO_PART, ImageReader, find_compared_image, pair_to_start_with, read_pair
from ecrtui.inspect.comparison.rows import READING
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.inspect.comparison.images import digest, image, index
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index

A, B, C = (digest(name) for name in "abc")


@pytest.mark.parametrize(("arm64", "first"), [(C, "linux/arm64"), (B, "linux/amd64")])
def test_a_comparison_starts_with_a_platform_that_differs(arm64: str, first: str) -> None:
    registry = open_registry(Connection(), embedded=new_embedded())
    reader = ImageReader(Catalog(registry), registry, "team/app")
    before = index(("linux/amd64", A), ("linux/arm64", B))
    pairs = choose_platforms(before, index(("linux/amd64", A), ("linux/arm64", arm64))).complete
    pair = pair_to_start_with([reader, reader], pairs)
    assert pair is not None
    assert pair.name == first


def test_an_image_that_is_no_index_keeps_its_config_for_every_platform() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", "single", "single", platform="linux/amd64")
    push_index(client, "team/app", tag="index")
    registry = open_registry(Connection(), embedded=embedded)
    reader = ImageReader(Catalog(registry), registry, "team/app")
    images = [
        find_compared_image(Catalog(registry), registry, Reference("team/app", tag), tuple)
        for tag in ("single", "index")
    ]
    single, _ = read_pair([reader, reader], images)
    embedded.calls.clear()
    known = reader.compared_part(single.without_part(), None)
    assert known.config == single.config
    assert embedded.calls["GetDownloadUrlForLayer"] == 0


def test_what_the_platforms_have_is_not_known_if_none_is_compared() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_index(client, "team/app", tag="index")
    registry = open_registry(Connection(), embedded=embedded)
    reader = ImageReader(Catalog(registry), registry, "team/app")
    found = find_compared_image(Catalog(registry), registry, Reference("team/app", "index"), tuple)
    whole, _ = read_pair([reader, reader], [found, found])
    known = reader.compared_part(whole, None)
    assert (known.packages, known.sources) == (NO_PART, NO_PART)
    platform = choose_platforms(whole, whole).complete[0].before
    known = reader.compared_part(whole, platform)
    assert (known.packages, known.sources) == (None, ())


@pytest.mark.parametrize(("name", "expected"), [("helm chart", ("Helm provenance",)), ("signature", ())])
def test_a_signature_is_not_signed_by_itself(name: str, expected: tuple[str, ...]) -> None:
    own = Artifact(A, ImageKind.SIGNATURE, ArtifactOrigin.OWN, "Helm provenance")
    assert signatures(ArtifactTree(Subject(A, name, (own,))), A) == expected


def test_nothing_is_said_of_platforms_while_the_config_that_names_one_is_read() -> None:
    single = replace(image(), config=READING)
    assert choose_platforms(single, index(("linux/amd64", A))) == PlatformChoice()
