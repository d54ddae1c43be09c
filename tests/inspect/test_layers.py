"""Layers are beside the steps of the build that made them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.image import Image
from ecrtui.ecr.image_config import parse_config
from ecrtui.ecr.manifest import Manifest
from ecrtui.inspect.layers import LayerRow, image_names, layer_sharing, layer_table
from tests.ecr.test_exact_json import VALUES

A, B, C = (digest_of(name) for name in "abc")
RUN, COPY, ENTRYPOINT = {"created_by": "RUN a"}, {"created_by": "COPY b"}, {"created_by": "ENV c", "empty_layer": True}


def manifest(*layers: str, size: Any = 10) -> str:
    return json.dumps({"schemaVersion": 2, "config": {}, "layers": [{"digest": one, "size": size} for one in layers]})


def config(*history: Any, diff_ids: Any = ()) -> bytes:
    return json.dumps({"history": history, "rootfs": {"diff_ids": list(diff_ids)}}).encode()


@pytest.mark.parametrize(
    ("layers", "history", "expected"),
    [
        ((A, B), (RUN, ENTRYPOINT, COPY), [(1, A, "RUN a"), (0, "", "ENV c"), (2, B, "COPY b")]),
        ((A,), (ENTRYPOINT, RUN), [(0, "", "ENV c"), (1, A, "RUN a")]),
        ((A, B), (), [(1, A, ""), (2, B, "")]),
        ((), (RUN,), [(0, "", "RUN a")]),
        ((A,), ({"created_by": 1.5},), [(1, A, "1.5")]),
        ((A,), ({"created_by": {"a": [1]}},), [(1, A, '{"a": [1]}')]),
    ],
)
def test_each_layer_is_beside_its_step(layers: Any, history: Any, expected: Any) -> None:
    table = layer_table(manifest(*layers), parse_config(config(*history)))
    assert [(row.number, row.digest, row.command) for row in table.rows] == expected


def test_a_foreign_layer_need_not_be_in_the_registry() -> None:
    layers = [{"digest": A, "size": 1, "urls": ["https://example.com/windows"]}, {"digest": B, "size": 1}]
    table = layer_table(json.dumps({"schemaVersion": 2, "config": {}, "layers": layers}))
    assert [row.external for row in table.rows] == [True, False]


def test_as_many_layers_as_a_host_can_mount_are_beside_their_steps() -> None:
    digests = [digest_of(str(number)) for number in range(127)]
    steps = [{"created_by": f"RUN {number}"} for number in range(127)]
    table = layer_table(manifest(*digests), parse_config(config(*steps, diff_ids=digests)))
    assert (len(table.layers), table.problem) == (127, "")
    assert table.layers[-1].command == "RUN 126"


@pytest.mark.parametrize(
    ("history", "diff_ids", "problem"),
    [
        ((RUN, COPY), (), ""),
        ((RUN,), (), "The history has 1 step with a layer, the manifest has 2 layers."),
        ((RUN, COPY, RUN), (), "The history has 3 steps with a layer, the manifest has 2 layers."),
        ((), (A,), "The config names 1 layer, the manifest has 2 layers."),
        ((RUN, COPY), (A, B), ""),
    ],
)
def test_a_history_that_does_not_fit_is_reported(history: Any, diff_ids: Any, problem: str) -> None:
    table = layer_table(manifest(A, B), parse_config(config(*history, diff_ids=diff_ids)))
    assert table.problem.startswith(problem)
    assert bool(table.problem) == bool(problem)
    assert [row.digest for row in table.layers] == [A, B]


def test_the_share_of_a_layer_needs_all_sizes() -> None:
    table = layer_table(manifest(A, B, size=10))
    assert (table.size, table.share(table.rows[0])) == (20, 0.5)
    unknown = layer_table(manifest(A, B, size="large"))
    assert (unknown.size, unknown.share(unknown.rows[0])) == (None, None)
    assert layer_table(manifest(A, size=0)).share(LayerRow(1, A, 0)) is None


def test_docker_schema_1_has_its_newest_layer_first() -> None:
    steps = [
        {"container_config": {"Cmd": ["/bin/sh", "-c", "#(nop) CMD"]}, "throwaway": True},
        {"container_config": {"Cmd": ["/bin/sh", "-c", "make"]}, "created": "2015-01-01T00:00:00Z"},
        {"container_config": {"Cmd": ["/bin/sh", "-c", "#(nop) ADD"]}},
    ]
    document = {
        "schemaVersion": 1,
        "fsLayers": [{"blobSum": C}, {"blobSum": B}, {"blobSum": A}],
        "history": [{"v1Compatibility": json.dumps(step)} for step in steps],
    }
    table = layer_table(json.dumps(document))
    assert [(row.number, row.digest, row.command) for row in table.rows] == [
        (1, A, "/bin/sh -c #(nop) ADD"),
        (2, B, "/bin/sh -c make"),
        (0, C, "/bin/sh -c #(nop) CMD"),
    ]
    assert table.size is None
    document["history"] = [{"v1Compatibility": "{"}, {"v1Compatibility": 5}]
    assert [row.digest for row in layer_table(json.dumps(document)).layers] == [A, B, C]


def test_other_images_with_the_same_layer_are_found() -> None:
    own, first, second = (
        Manifest(manifest(*layers), digest_of(name), "")
        for name, layers in (("own", (A, B)), ("first", (A, B)), ("second", (A, C)))
    )
    index = Manifest('{"manifests": [{"digest": "' + A + '"}]}', digest_of("index"), "")
    found = layer_sharing([own, first, second, index], own.digest)
    assert found.known == 2
    assert found.images == {A: {first.digest, second.digest}, B: {first.digest}, C: {second.digest}}


@pytest.mark.parametrize("text", ["", "[]", "{", "5"])
def test_a_manifest_that_cannot_be_read_is_a_problem(text: str) -> None:
    assert layer_table(text).problem.startswith("The manifest cannot be read:")


def test_a_config_that_cannot_be_read_keeps_the_layers() -> None:
    table = layer_table(manifest(A), parse_config(b"\xff{"))
    assert table.problem.startswith("The config cannot be read:")
    assert table.layers[0].digest == A


@settings(max_examples=30)
@given(VALUES, VALUES, st.sampled_from([1, 2]))
def test_any_value_in_layers_and_history_gives_a_table(layers: Any, history: Any, version: int) -> None:
    text = json.dumps({"schemaVersion": version, "layers": layers, "fsLayers": layers, "history": history})
    layer_table(text, parse_config(json.dumps({"history": history, "rootfs": layers}).encode()))


def test_images_are_known_by_a_tag_or_as_a_platform_of_an_image_with_a_tag() -> None:
    oci_index = "application/vnd.oci.image.index.v1+json"
    oci = "application/vnd.oci.image.manifest.v1+json"
    platforms = [{"os": "linux", "architecture": name} for name in ("amd64", "arm64")]
    parts = zip((A, B), platforms, strict=True)
    entries = [{"mediaType": oci, "digest": one, "size": 2, "platform": platform} for one, platform in parts]
    text = json.dumps({"schemaVersion": 2, "mediaType": oci_index, "manifests": entries})
    index, own = digest_of(text), digest_of(manifest(C))
    kept = [Manifest(text, index, oci_index), Manifest(manifest(C), own, oci)]
    images = [Image(index, ("release",)), Image(own, ("v1", "v2")), Image(B, ("b",)), Image(digest_of("other"), ("x",))]
    names = image_names(kept, images, tuple)
    assert names == {index: "release", own: "v1", A: "linux/amd64 of release", B: "linux/arm64 of release"}
    assert image_names(kept, (), tuple) == {}
