"""Small images out of public bug reports, from ``tests/data/cases``; its README describes the files.

images = load_case(client, "team/app", "win-version")
assert images["list.json"].tag == "multi"
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.embedded import PushedImage, create_repository, put, upload_blob

CASES = Path(__file__).parents[1] / "data" / "cases"
CASE_NAMES = tuple(sorted(path.parent.name for path in CASES.glob("*/case.json")))


class RefusedManifest(NamedTuple):
    """A manifest that ECR refuses."""

    case: str
    file: Path
    tag: str

    @property
    def text(self) -> str:
        return self.file.read_text()


def load_case(client: Any, repository: str, name: str) -> Mapping[str, PushedImage]:
    """Put the images of a case into a new repository; return them by the name of their file.

    The manifests that ECR refuses are left out; their blobs are there.
    """
    folder = CASES / name
    case = json.loads((folder / "case.json").read_text())
    create_repository(client, repository)
    for blob in case["blobs"]:
        upload_blob(client, repository, (folder / blob).read_bytes())
    images = {}
    for entry in case["put"]:
        if not entry.get("refused"):
            manifest = (folder / entry["file"]).read_bytes().decode()
            images[entry["file"]] = put(client, repository, manifest, entry.get("tag", ""), entry.get("mediaType", ""))
    return images


def refused_manifests() -> list[RefusedManifest]:
    """Return the manifests of all cases that ECR refuses."""
    return [
        RefusedManifest(name, CASES / name / entry["file"], entry["tag"])
        for name in CASE_NAMES
        for entry in json.loads((CASES / name / "case.json").read_text())["put"]
        if entry.get("refused")
    ]
