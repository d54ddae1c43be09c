"""Any value in any member of a manifest, a config or a lifecycle policy is read without an exception."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ecrtui.ecr.exact_json import write_json
from ecrtui.ecr.image import Image
from ecrtui.ecr.image_config import parse_config
from ecrtui.ecr.lifecycle import predict
from ecrtui.ecr.lifecycle_document import parse_policy
from ecrtui.ecr.manifest import OCI_MANIFEST, parse_manifest
from ecrtui.ecr.safe_text import visible
from ecrtui.ecr.units import format_date, format_size
from tests.support.bad_replies import BAD_VALUES, assert_good, json_paths, path_text, with_value

DIGEST = "sha256:" + "0" * 64
DESCRIPTOR: dict[str, Any] = {
    "mediaType": OCI_MANIFEST,
    "digest": DIGEST,
    "size": 5,
    "artifactType": "a/b",
    "annotations": {"a": "b"},
    "platform": {"os": "windows", "architecture": "amd64", "variant": "v1", "os.version": "10", "os.features": ["a"]},
}
MANIFEST: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": OCI_MANIFEST,
    "artifactType": "a/b",
    "config": DESCRIPTOR,
    "layers": [DESCRIPTOR],
    "manifests": [DESCRIPTOR],
    "subject": DESCRIPTOR,
    "fsLayers": [{"blobSum": DIGEST}],
    "annotations": {"a": "b"},
}
CONFIG: dict[str, Any] = {
    "created": "2026-01-01T00:00:00Z",
    "author": "a",
    "os": "linux",
    "os.version": "1",
    "architecture": "amd64",
    "variant": "v8",
    "config": {
        "Env": ["A=b"],
        "Entrypoint": ["a"],
        "Cmd": ["b"],
        "User": "root",
        "WorkingDir": "/",
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {}},
        "StopSignal": "SIGTERM",
        "Labels": {"a": "b"},
    },
    "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "a", "comment": "b"}],
    "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
}
POLICY: dict[str, Any] = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "a",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["*"],
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
                "storageClass": "standard",
            },
            "action": {"type": "expire"},
        }
    ]
}
TEXTS = {
    "5,000 digits": "9" * 5_000,
    "minus 5,000 digits": "-" + "9" * 5_000,
    "1e400": "1e400",
    "deep list": "[" * 90_000 + "]" * 90_000,
    "deep object": '{"a":' * 900 + "1" + "}" * 900,
}
"""Values that the JSON module of Python does not write."""


def use_manifest(text: str) -> None:
    manifest = parse_manifest(text)
    assert_good(manifest)
    assert_good([format_size(manifest.layers_size), *manifest.platforms, manifest.kind(), manifest.config])
    for descriptor in manifest.descriptors:
        assert_good([format_size(descriptor.size), str(descriptor.platform), descriptor.is_image])


def use_config(text: str) -> None:
    config = parse_config(text.encode())
    assert_good([config.text, config.problem])
    assert config.problem or visible(write_json(config.document)).encode()


def use_policy(text: str) -> None:
    policy = parse_policy(text)
    assert_good([policy.problem, policy.rules, *map(str, policy.rules)])
    prediction = predict(policy, Image(DIGEST, ("v1",), pushed_at=1.7e9), (), 1.8e9)
    assert_good([prediction and format_date(prediction.due_at)])


@pytest.mark.parametrize(
    ("document", "use"),
    [(MANIFEST, use_manifest), (CONFIG, use_config), (POLICY, use_policy)],
    ids=["manifest", "config", "policy"],
)
def test_any_value_is_read(document: dict[str, Any], use: Any) -> None:
    for path in json_paths(document):
        texts = {label: json.dumps(with_value(document, path, value)) for label, value in BAD_VALUES.items()}
        place = json.dumps(with_value(document, path, "PLACE"))
        texts |= {label: place.replace('"PLACE"', text) for label, text in TEXTS.items()}
        for label, text in texts.items():
            try:
                use(text)
            except Exception as problem:
                raise AssertionError(f"{path_text(path)} is {label}: {problem!r}") from problem


@pytest.mark.parametrize("size", [-1, 2**63, 10**400, 1.5, 1e3, True, "5", None, [5]])
def test_a_size_that_is_none_is_not_known(size: object) -> None:
    manifest = parse_manifest(json.dumps({"layers": [{"digest": DIGEST, "size": size}, {"digest": DIGEST, "size": 5}]}))
    assert [descriptor.size for descriptor in manifest.descriptors] == [-1, 5]
    assert manifest.layers_size is None
