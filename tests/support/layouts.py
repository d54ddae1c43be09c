"""Build OCI image layouts for tests: any bytes as manifests, in a folder or a tar."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.embedded import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, digest_of

REF_NAME = "org.opencontainers.image.ref.name"


class LayoutFolder:
    """A layout in a folder. It writes valid and invalid content alike."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: list[dict[str, Any]] = []
        (folder / "blobs/sha256").mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self.write_index()

    def blob(self, content: bytes) -> dict[str, Any]:
        """Write a blob and return its descriptor, without a media type."""
        digest = digest_of(content)
        self.path(digest).write_bytes(content)
        return {"digest": digest, "size": len(content)}

    def manifest(self, text: str | bytes, media_type: str = OCI_MANIFEST, **members: Any) -> dict[str, Any]:
        """Write a manifest and return its descriptor."""
        content = text.encode() if isinstance(text, str) else text
        return {"mediaType": media_type, **self.blob(content), **members}

    def image(self, name: str = "one", layers: Sequence[bytes] = (b"layer",), **members: Any) -> dict[str, Any]:
        """Write an image and return its descriptor. ``members`` go into the manifest; None removes one."""
        config = json.dumps({"os": "linux", "architecture": "amd64", "config": {"Labels": {"name": name}}}).encode()
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, **self.blob(config)},
            "layers": [{"mediaType": OCI_LAYER, **self.blob(layer)} for layer in layers],
            **members,
        }
        return self.manifest(json.dumps({key: value for key, value in document.items() if value is not None}))

    def index(self, children: Sequence[Mapping[str, Any]], **members: Any) -> dict[str, Any]:
        """Write an index of these descriptors and return its descriptor."""
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(children), **members}
        return self.manifest(json.dumps(document, indent=2), OCI_INDEX)

    def write_index(self, *entries: Mapping[str, Any], **named: Mapping[str, Any]) -> LayoutFolder:
        """Write index.json with these entries. A keyword argument names its entry."""
        everything = [*entries, *({**entry, "annotations": {REF_NAME: name}} for name, entry in named.items())]
        document = {"schemaVersion": 2, "manifests": everything}
        (self.folder / "index.json").write_text(json.dumps(document))
        return self

    def path(self, digest: str) -> Path:
        """Return the path of a blob."""
        return self.folder / "blobs/sha256" / digest.removeprefix("sha256:")

    def __str__(self) -> str:
        return str(self.folder)


def write_tar(path: Path, members: Mapping[str, bytes], mode: str = "w") -> Path:
    """Write a tar with these files."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # any mode, also a wrong one
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the content of every file of a folder, by relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
