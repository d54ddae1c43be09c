"""Documents, findings and configs as text for people."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from ecrtui.ecr.documents import without_empty
from ecrtui.ecr.findings import SEVERITIES, Finding
from ecrtui.ecr.image import Image
from ecrtui.ecr.image_config import ImageConfig
from ecrtui.ecr.manifest import DescriptorRole, ParsedManifest


def config_text(config: ImageConfig) -> str:
    """Return the config of an image as text: platform, start command, environment, labels, history."""
    if config.problem:
        return f"{config.problem}\n\n{config.text}"
    facts = without_empty(
        {
            "created": config.created,
            "author": config.author,
            "platform": "/".join(part for part in (config.os, config.architecture, config.variant) if part),
            "os version": config.os_version,
            "user": config.user,
            "working directory": config.working_directory,
            "entrypoint": list(config.entrypoint),
            "command": list(config.command),
            "environment": list(config.environment),
            "exposed ports": list(config.exposed_ports),
            "volumes": list(config.volumes),
            "stop signal": config.stop_signal,
            "labels": dict(config.labels),
            "history": [entry.created_by or entry.comment for entry in config.history],
        }
    )
    return as_text(facts)


def parts_text(image: Image, structure: ParsedManifest, config: ImageConfig | None) -> str:
    """Return the contents of an image as text, one fact per line, so that two images can be compared."""
    facts = {
        "media type": image.media_type,
        "size": image.size,
        "annotations": dict(structure.annotations),
        "manifests": [
            f"{part.platform.full or part.media_type} {part.digest}"
            for part in structure.with_role(DescriptorRole.MANIFEST)
        ],
        "layers": [f"{part.digest} {part.size}" for part in structure.with_role(DescriptorRole.LAYER)],
    }
    text = as_text(facts)
    return f"{text}\n{config_text(config)}" if config is not None else text


def difference(before: str, after: str, name_before: str, name_after: str) -> str:
    """Return the differences between two texts, line by line."""
    import difflib

    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name_before, name_after, lineterm="")
    return "\n".join(lines) or "No differences."


def findings_text(findings: Sequence[Finding]) -> str:
    """Return findings as text, worst first, each with the version that fixes it."""
    order = {severity: number for number, severity in enumerate(SEVERITIES)}
    lines = []
    for finding in sorted(findings, key=lambda finding: (order.get(finding.severity, len(order)), finding.name)):
        fix = f", fixed in {finding.fixed_in}" if finding.fixed_in else ""
        package = f"{finding.package} {finding.version}".strip()
        lines.append(f"{finding.severity:<13}  {finding.name}  {package}{fix}")
        lines += [f"{'':<15}{line}" for line in (finding.description, finding.uri) if line]
    return "\n".join(lines) or "No findings."


def as_text(document: Mapping[str, Any]) -> str:
    """Return a document as text: names on the left, values beside them; members without a value are left out."""
    known = without_empty(dict(document))
    width = max(map(len, known), default=0)
    lines: list[str] = []
    for name, value in known.items():
        first, *rest = _lines(value)
        lines.append(f"{name:<{width}}  {first}")
        lines += [f"{'':<{width}}  {line}" for line in rest]
    return "\n".join(lines)


def as_yaml(document: Mapping[str, Any]) -> str:
    """Return a document as YAML."""
    from ruamel.yaml import YAML

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # typed as None in the library
    out = io.StringIO()
    writer.dump(dict(document), out)
    return out.getvalue()


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [line for key, entry in value.items() for line in _member_lines(key, entry)]
    if isinstance(value, list):
        return [", ".join(_lines(entry)) for entry in value]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return str(value).splitlines() or [""]


def _member_lines(name: str, value: Any) -> list[str]:
    if isinstance(value, (dict, list)) and value:
        return [f"{name}:", *(f"  {line}" for line in _lines(value))]
    return [f"{name}: {' '.join(_lines(value))}"]
