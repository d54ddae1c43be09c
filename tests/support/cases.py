"""Small images out of public bug reports, from ``tests/data/cases``; its README describes the files.

images = load_case(client, "team/app", "win-version")
assert images["list.json"].tag == "multi"
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.embedded import PushedImage, create_repository, put, upload_blob

CASES = Path(__file__).parents[1] / "data" / "cases"
CASE_NAMES = tuple(sorted(path.parent.name for path in CASES.glob("*/case.json")))


def load_case(client: Any, repository: str, name: str) -> Mapping[str, PushedImage]:
    """Put the images of a case into a new repository; return them by the name of their file."""
    folder = CASES / name
    case = json.loads((folder / "case.json").read_text())
    create_repository(client, repository)
    for blob in case["blobs"]:
        upload_blob(client, repository, (folder / blob).read_bytes())
    images = {}
    for entry in case["put"]:
        manifest = (folder / entry["file"]).read_bytes().decode()
        images[entry["file"]] = put(client, repository, manifest, entry.get("tag", ""), entry.get("mediaType", ""))
    return images
