"""Images for comparisons, made of JSON documents; everything about them is known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.findings import Finding, ScanReport
from ecrtui.ecr.image import Image
from ecrtui.ecr.image_config import parse_config
from ecrtui.ecr.manifest import OCI_INDEX, OCI_MANIFEST, Manifest, parse_manifest
from ecrtui.inspect.artifacts import ArtifactTree, Subject
from ecrtui.inspect.comparison.compared_image import ComparedImage, ConfigBlob
from ecrtui.inspect.comparison.comparison import Comparison, PlatformChoice, choose_platforms, compare
from ecrtui.inspect.comparison.rows import ChangeKind, Row
from ecrtui.inspect.findings import PlatformScan, ScanTarget, join_findings
from ecrtui.inspect.packages import Package, PackageList

OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

CONFIG: Mapping[str, Any] = {
    "os": "linux",
    "architecture": "amd64",
    "created": "2026-11-17T09:01:00Z",
    "config": {"User": "1001", "Env": ["PATH=/bin", "A=1"], "Labels": {"team": "checkout"}, "Cmd": ["serve"]},
}


def digest(text: str) -> str:
    """Return a digest for a name."""
    return digest_of(text)


def image(
    config: Any = CONFIG,
    layers: Sequence[tuple[str, int]] = (("base", 90), ("app", 10)),
    *,
    tag: str = "v1",
    config_type: str = OCI_CONFIG,
    config_text: str | bytes = "",
    findings: Sequence[Finding] = (),
    packages: Sequence[Package] | None = (),
    **members: Any,
) -> ComparedImage:
    """Return an image with this config and these layers, each a name and a size."""
    content = config_text or json.dumps(config)
    blob = content.encode() if isinstance(content, str) else content
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": config_type, "digest": digest_of(blob.decode("latin-1")), "size": len(blob)},
        "layers": [{"mediaType": LAYER, "digest": digest(name), "size": size} for name, size in layers],
        **members,
    }
    return from_manifest(json.dumps(document), blob, tag=tag, findings=findings, packages=packages)


def from_manifest(
    text: str,
    config: bytes | None = None,
    *,
    tag: str = "v1",
    findings: Sequence[Finding] = (),
    packages: Sequence[Package] | None = (),
) -> ComparedImage:
    """Return an image with this manifest."""
    manifest = Manifest(text, digest_of(text), OCI_MANIFEST)
    descriptor = parse_manifest(text).config
    return ComparedImage(
        "team/app",
        Image(manifest.digest, (tag,), 1_000_000.0, len(text), manifest.media_type),
        manifest,
        manifest,
        ConfigBlob(descriptor, parse_config(config), config) if config is not None else None,
        join_findings([PlatformScan(ScanTarget(manifest.digest), ScanReport(tuple(findings)))]),
        ArtifactTree(Subject(manifest.digest, "image")),
        None if packages is None else PackageList("SPDX 2.3", tuple(packages)),
        (),
        (),
    )


def index(*platforms: tuple[str, str], annotations: Mapping[str, str] | None = None) -> ComparedImage:
    """Return an index of platforms, each a name and a digest. A name can have a version: ``windows 10.0.1.2/amd64``."""
    entries = []
    for name, value in platforms:
        system, architecture, *variant = name.split("/")
        system, _, version = system.partition(" ")
        platform = {"os": system, "architecture": architecture, **({"variant": variant[0]} if variant else {})}
        platform |= {"os.version": version} if version else {}
        entries.append({"mediaType": OCI_MANIFEST, "digest": value, "size": 7, "platform": platform})
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    text = json.dumps(document | ({"annotations": dict(annotations)} if annotations else {}))
    manifest = Manifest(text, digest_of(text), OCI_INDEX)
    whole = from_manifest(text)
    return replace(
        whole,
        image=replace(whole.image, media_type=OCI_INDEX, size=None),
        manifest=manifest,
        part=None,
        config=None,
    )


def compared(a: ComparedImage, b: ComparedImage) -> Comparison:
    """Compare two images; of indexes, the first platform, whose parts are not read."""
    choice: PlatformChoice = choose_platforms(a, b)
    return compare(a, b, choice, choice.first)


def swapped(row: Row) -> Row:
    """Return the row of the comparison in the other direction, without its note, which has a direction."""
    opposites = {ChangeKind.ADDED: ChangeKind.REMOVED, ChangeKind.REMOVED: ChangeKind.ADDED}
    return Row(row.label, row.after, row.before, opposites.get(row.change, row.change))


def changes(rows: Sequence[Row]) -> list[tuple[str, str, str | None, str | None]]:
    """Return sign, label and values of the rows that are not the same."""
    return [(row.change.sign, row.label, row.before, row.after) for row in rows if row.change is not ChangeKind.SAME]
