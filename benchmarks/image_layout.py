"""An OCI image layout with one image of random layers, so that nothing can compress them."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def write_layout(folder: Path, layers: int, layer_size: int) -> Path:
    """Write a layout whose image has the tag ``v1``; return its folder.

    Args:
        folder: is created.
        layers: the number of layers.
        layer_size: bytes of each layer.
    """
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def write(content: bytes, media_type: str) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    written = [write(random.Random(number).randbytes(layer_size), _LAYER) for number in range(layers)]
    config = {
        "os": "linux",
        "architecture": "amd64",
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in written]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": write(json.dumps(config).encode(), _CONFIG),
        "layers": written,
    }
    entry = write(json.dumps(manifest).encode(), _MANIFEST)
    entry["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return folder
