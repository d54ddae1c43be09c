import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    DescriptorRole,
    Manifest,
    ParsedManifest,
    parse_manifest,
)

A, B, C = (f"sha256:{character * 64}" for character in "abc")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = ["mediaType", "artifactType", "manifests", "config", "layers", "subject", "fsLayers", "annotations"]
ENTRIES = ["digest", "mediaType", "size", "platform", "annotations", "artifactType", "blobSum"]
DESCRIPTORS = st.dictionaries(st.sampled_from(ENTRIES), JSON)


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON | DESCRIPTORS | st.lists(DESCRIPTORS, max_size=3)))
def test_any_json_object_is_understood_as_far_as_it_goes(document):
    structure = parse_manifest(json.dumps(document))
    check(structure)
    assert structure.problem == ""


@given(st.text(max_size=200) | JSON.map(json.dumps))
def test_any_text_is_a_structure_or_a_problem_in_words(text):
    check(parse_manifest(text))


def check(structure: ParsedManifest) -> None:
    """Whatever it was made of, every value has the type that it promises."""
    assert isinstance(structure.media_type, str)
    assert all(isinstance(value, str) for pair in structure.annotations.items() for value in pair)
    assert structure.layers_size >= 0
    assert all(isinstance(platform, str) for platform in structure.platforms)
    for descriptor in structure.descriptors:
        assert isinstance(descriptor.digest, str)
        assert isinstance(descriptor.media_type, str)
        assert type(descriptor.size) is int
        assert descriptor.size >= -1
        assert all(isinstance(value, str) for value in descriptor.annotations.values())
        assert descriptor.is_image in (True, False)


@pytest.mark.parametrize(
    "text",
    [
        '{"fsLayers": 5}',
        '{"layers": 5, "config": [1, null]}',
        '{"manifests": {"digest": 3}}',
        '{"config": {"size": true}}',
        '{"layers": [{"size": 1e400}]}',
        '{"annotations": {"deep": ' + "[" * 900 + "]" * 900 + "}}",
    ],
)
def test_members_of_the_wrong_type_are_no_reason_to_fail(text):
    check(parse_manifest(text))


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '"text"', "[" * 100_000, "1" * 5000, "\ufeff{}"])
def test_what_is_no_manifest_is_told(text):
    structure = parse_manifest(text)
    assert structure.problem
    assert structure.descriptors == ()


def test_an_image_is_made_of_a_config_and_layers():
    structure = parse_manifest(
        json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": A, "size": 7},
                "layers": [{"digest": B, "size": 10}, {"digest": C, "size": 20}],
                "subject": {"digest": C, "mediaType": OCI_MANIFEST},
                "annotations": {"a": "b", "number": 1},
            }
        )
    )
    assert structure.config is not None
    assert (structure.config.digest, structure.config.size, structure.config.is_image) == (A, 7, False)
    assert [layer.digest for layer in structure.with_role(DescriptorRole.LAYER)] == [B, C]
    assert structure.layers_size == 30
    assert [subject.is_image for subject in structure.with_role(DescriptorRole.SUBJECT)] == [True]
    assert structure.annotations == {"a": "b", "number": "1"}


def test_the_platforms_of_an_index_are_told_without_its_attestations():
    structure = parse_manifest(
        json.dumps(
            {
                "mediaType": OCI_INDEX,
                "manifests": [
                    {"digest": A, "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
                    {
                        "digest": B,
                        "platform": {"os": "unknown", "architecture": "unknown"},
                        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
                    },
                    {"digest": C},
                ],
            }
        )
    )
    assert structure.platforms == ("linux/arm/v7",)
    assert [child.is_image for child in structure.with_role(DescriptorRole.MANIFEST)] == [True, True, True]
    assert structure.config is None


def test_the_layers_of_docker_schema_1_have_digests_and_no_sizes():
    layers = parse_manifest(json.dumps({"schemaVersion": 1, "fsLayers": [{"blobSum": A}, {"blobSum": B}]})).with_role(
        DescriptorRole.LAYER
    )
    assert [(layer.digest, layer.size) for layer in layers] == [(A, -1), (B, -1)]


@given(st.text(max_size=100))
def test_a_manifest_is_intact_when_its_exact_text_has_the_digest(text):
    manifest = Manifest(text, digest_of(text), OCI_MANIFEST)
    assert manifest.intact
    assert not Manifest(text + "\n", manifest.digest, OCI_MANIFEST).intact


def test_indexes_are_known_by_their_media_type():
    assert [Manifest("", "", kind).is_index for kind in (OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST)] == [
        True,
        True,
        False,
        False,
    ]
