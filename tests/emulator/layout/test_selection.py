"""Imports of one image out of several: names, digests, platforms, and layouts that lack the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ecrtui.emulator.errors import LayoutError
from ecrtui.emulator.layout.importing import ImportResult, import_image
from ecrtui.emulator.layout.layout import open_layout
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import DOCKER_LIST, REGION, client_for, digests_of, tags_of
from tests.support.layouts import LayoutFolder

REPOSITORY = "team/app"


def taken(empty: EmbeddedRegistry, source: object, *, ref: str = "", platform: str = "") -> ImportResult:
    with open_layout(str(source)) as opened:
        return import_image(empty.database, opened, REPOSITORY, "1", ref=ref, platform=platform, region=REGION)


PLATFORMS = ("linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8", "unknown/unknown")


def for_platform(descriptor: dict[str, Any], platform: str, **members: str) -> dict[str, Any]:
    keys = ("os", "architecture", "variant")
    return {**descriptor, "platform": {**dict(zip(keys, platform.split("/"), strict=False)), **members}}


class Sparse:
    """A layout as `docker save` writes it: an index of an index, with one platform of five."""

    def __init__(self, folder: Path, present: str = "linux/amd64") -> None:
        self.layout = LayoutFolder(folder)
        self.images = {name: for_platform(self.layout.image(name), name) for name in PLATFORMS}
        self.index = self.layout.index(list(self.images.values()))
        annotations = {
            "io.containerd.image.name": "docker.io/team/app:1",
            "org.opencontainers.image.ref.name": "1",
        }
        self.layout.write_index({**self.index, "annotations": annotations})
        for name, image in self.images.items():
            if name != present:
                self.layout.path(image["digest"]).unlink()

    def digest(self, platform: str) -> str:
        return str(self.images[platform]["digest"])


@pytest.fixture
def sparse(tmp_path: Path) -> Sparse:
    return Sparse(tmp_path / "layout")


@pytest.mark.parametrize("platform", ["linux/amd64", ""])
@pytest.mark.parametrize("ref", ["", "1", "docker.io/team/app:1", "index", "image"])
def test_the_platform_that_is_there_can_be_imported(
    empty: EmbeddedRegistry, sparse: Sparse, ref: str, platform: str
) -> None:
    selected = {"index": sparse.index["digest"], "image": sparse.digest("linux/amd64")}.get(ref, ref)
    if not platform and ref != "image":
        with pytest.raises(LayoutError, match="incomplete"):
            taken(empty, sparse.layout, ref=selected)
        return
    imported = taken(empty, sparse.layout, ref=selected, platform=platform)
    assert (imported.digest, imported.manifests) == (sparse.digest("linux/amd64"), 1)
    ecr = client_for(empty)
    assert tags_of(ecr, REPOSITORY) == {"1": imported.digest}
    assert digests_of(ecr, REPOSITORY) == {imported.digest}


def test_an_incomplete_index_names_a_platform_that_is_there(empty: EmbeddedRegistry, sparse: Sparse) -> None:
    with pytest.raises(LayoutError, match="incomplete; nothing was stored") as caught:
        taken(empty, sparse.layout)
    assert "for 'linux/arm/v7'" in caught.value.problem
    assert f"--platform linux/amd64, or --ref {sparse.digest('linux/amd64')}" in caught.value.hint


def test_no_platform_is_named_if_its_layers_are_not_there(empty: EmbeddedRegistry, sparse: Sparse) -> None:
    manifest = json.loads(sparse.layout.path(sparse.digest("linux/amd64")).read_bytes())
    sparse.layout.path(manifest["layers"][0]["digest"]).unlink()
    with pytest.raises(LayoutError, match="layer or config") as caught:
        taken(empty, sparse.layout)
    assert "--platform" not in caught.value.hint


def test_a_platform_that_is_not_there_is_named(empty: EmbeddedRegistry, sparse: Sparse) -> None:
    with pytest.raises(LayoutError, match=f"Missing:\n  manifest {sparse.digest('linux/arm/v7')}"):
        taken(empty, sparse.layout, platform="linux/arm/v7")


@pytest.mark.parametrize(
    "platform", ["linux/s390x", "windows/amd64", "linux", "amd64", "linux/amd64/v2", "/", "\ud800"]
)
def test_an_unknown_platform_is_reported_with_the_known_ones(
    empty: EmbeddedRegistry, sparse: Sparse, platform: str
) -> None:
    with pytest.raises(LayoutError) as caught:
        taken(empty, sparse.layout, platform=platform)
    if platform == "linux":  # a prefix of several
        assert "has 4 images for 'linux'" in caught.value.problem
    else:
        assert f"no image for {platform!r}; it has\n  {sparse.digest('linux/amd64')}" in caught.value.problem
        assert "for 'linux/arm64/v8'" in caught.value.problem
    assert "--ref" in caught.value.hint


@pytest.mark.parametrize(
    ("platform", "found"),
    [("linux/arm64", "linux/arm64/v8"), ("linux/arm64/v8", "linux/arm64/v8"), ("linux/arm", None)],
)
def test_a_variant_can_be_left_out_if_there_is_one(
    empty: EmbeddedRegistry, tmp_path: Path, platform: str, found: str | None
) -> None:
    sparse = Sparse(tmp_path / "layout", present="linux/arm64/v8")
    if found:
        assert taken(empty, sparse.layout, platform=platform).digest == sparse.digest(found)
    else:
        with pytest.raises(LayoutError, match=r"has 2 images for 'linux/arm'(?s:.)*linux/arm/v6(?s:.)*linux/arm/v7"):
            taken(empty, sparse.layout, platform=platform)


def test_versions_of_windows_are_distinguished_by_digest(empty: EmbeddedRegistry, tmp_path: Path) -> None:
    layout = LayoutFolder(tmp_path / "layout")
    images = [
        for_platform(layout.image(version), "windows/amd64", **{"os.version": version})
        for version in ("10.0.17763.1", "10.0.20348.1")
    ]
    layout.write_index(layout.index(images))
    with pytest.raises(LayoutError, match=r"for 'windows/amd64 10\.0\.20348\.1'") as caught:
        taken(empty, layout, platform="windows/amd64")
    assert images[1]["digest"] in caught.value.problem
    assert taken(empty, layout, ref=images[1]["digest"]).digest == images[1]["digest"]


def test_a_platform_selects_among_the_entries_of_a_layout(empty: EmbeddedRegistry, tmp_path: Path) -> None:
    layout = LayoutFolder(tmp_path / "layout")
    images = [for_platform(layout.image(name), name) for name in PLATFORMS]
    layout.write_index(*images)
    assert taken(empty, layout, platform="linux/arm/v6").digest == images[1]["digest"]


def test_a_platform_selects_in_a_docker_list(empty: EmbeddedRegistry, tmp_path: Path) -> None:
    layout = LayoutFolder(tmp_path / "layout")
    image = for_platform(layout.image(), "linux/amd64")
    text = json.dumps({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": [image]})
    layout.write_index(layout.manifest(text, DOCKER_LIST))
    assert taken(empty, layout, platform="linux/amd64").digest == image["digest"]


def test_a_platform_of_a_single_image_is_not_known(empty: EmbeddedRegistry, tmp_path: Path) -> None:
    layout = LayoutFolder(tmp_path / "layout")
    layout.write_index(layout.image())
    with pytest.raises(LayoutError, match="no image for 'linux/amd64'"):
        taken(empty, layout, platform="linux/amd64")


def test_the_same_image_at_two_places_is_one_image(empty: EmbeddedRegistry, tmp_path: Path) -> None:
    layout = LayoutFolder(tmp_path / "layout")
    image = for_platform(layout.image(), "linux/amd64")
    layout.write_index(layout.index([image, image]), layout.index([image], annotations={"second": "yes"}), image)
    assert taken(empty, layout, platform="linux/amd64").manifests == 1
    assert taken(empty, layout, ref=image["digest"]).manifests == 1


def test_one_name_for_two_images_is_reported(empty: EmbeddedRegistry, tmp_path: Path) -> None:
    """`docker save a:latest b:latest` names both entries latest; the whole names differ."""
    layout = LayoutFolder(tmp_path / "layout")
    one, two = layout.image("one"), layout.image("two")

    def entry(image: dict[str, Any], name: str) -> dict[str, Any]:
        annotations = {"org.opencontainers.image.ref.name": "latest", "io.containerd.image.name": name}
        return {**image, "annotations": annotations}

    layout.write_index(entry(one, "docker.io/team/a:latest"), entry(two, "docker.io/team/b:latest"))
    with pytest.raises(LayoutError, match=r"has 2 images 'latest':\n  'docker.io/team/a:latest' sha256:"):
        taken(empty, layout, ref="latest")
    assert taken(empty, layout, ref="docker.io/team/b:latest").digest == two["digest"]


def test_an_error_lists_some_of_many_images(empty: EmbeddedRegistry, tmp_path: Path) -> None:
    layout = LayoutFolder(tmp_path / "layout")
    image = layout.image()
    layout.write_index(*({**image, "digest": f"sha256:{number:064x}"} for number in range(20_000)))
    with pytest.raises(LayoutError, match=r"has 20,000 images") as caught:
        taken(empty, layout)
    assert len(caught.value.problem) < 2000
    assert "and 19,995 more" in caught.value.problem
