"""Everything that is known of a row, as text: the facts that ECR told, in its own words and order."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from ecrtui.ecr.findings import SEVERITIES, Finding
from ecrtui.ecr.image import Image
from ecrtui.ecr.image_config import ImageConfig
from ecrtui.ecr.manifest import DescriptorRole, ParsedManifest
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.units import format_iso_time
from ecrtui.retag.journal.entry import Entry


def image_facts(repository: Repository, image: Image) -> dict[str, Any]:
    """An image as ``ImageDetail`` names its members; what ECR did not tell is left out."""
    return _known(
        {
            "registryId": repository.registry_id,
            "repositoryName": repository.name,
            "imageDigest": image.digest,
            "imageTags": list(image.tags),
            "kind": str(image.kind),
            "imageSizeInBytes": image.size,
            "imagePushedAt": format_iso_time(image.pushed_at, "seconds"),
            "lastRecordedPullTime": format_iso_time(image.last_pulled_at, "seconds"),
            "imageManifestMediaType": image.media_type,
            "artifactMediaType": image.artifact_media_type,
            "imageStatus": image.status,
            "lastArchivedAt": format_iso_time(image.archived_at, "seconds"),
            "imageScanStatus": image.scan_status,
            "findingSeverityCounts": dict(image.findings or ()),
            "subjectManifestDigest": image.subject,
        }
    )


def repository_facts(
    repository: Repository, resource_tags: Sequence[tuple[str, str]] = (), lifecycle_policy: str = ""
) -> dict[str, Any]:
    """A repository as ``Repository`` names its members, with its tags and its lifecycle policy."""
    return _known(
        {
            "repositoryName": repository.name,
            "repositoryUri": repository.uri,
            "repositoryArn": repository.arn,
            "registryId": repository.registry_id,
            "createdAt": format_iso_time(repository.created_at, "seconds"),
            "imageTagMutability": repository.mutability.setting,
            "imageTagMutabilityExclusionFilters": list(repository.mutability.exclusions),
            "scanOnPush": repository.scan_on_push,
            "encryptionType": repository.encryption,
            "kmsKey": repository.kms_key,
            "tags": dict(resource_tags),
            "lifecyclePolicy": lifecycle_policy,
        }
    )


def entry_facts(entry: Entry) -> dict[str, Any]:
    """A journalled write, in the journal's own words."""
    return _known(
        {
            "number": entry.number,
            "plan": entry.plan,
            "kind": entry.kind,
            "action": str(entry.action),
            "outcome": str(entry.outcome or "unknown"),
            "repository": entry.repository,
            "tag": entry.tag,
            "digestBefore": entry.before,
            "digestAfter": entry.after,
            "mediaType": entry.media_type,
            "begunAt": format_iso_time(entry.begun_at, "seconds"),
            "finishedAt": format_iso_time(entry.finished_at, "seconds"),
            "who": entry.principal,
            "registryId": entry.location.registry_id,
            "region": entry.location.region,
            "endpoint": entry.location.endpoint,
            "requestId": entry.request_id,
            "detail": entry.detail,
            "undoes": entry.undoes or "",
            "undoneBy": entry.undone_by or "",
        }
    )


def config_text(config: ImageConfig) -> str:
    """An image's config for people: how it starts, what it was built for, its labels and its history."""
    if config.problem:
        return f"{config.problem}\n\n{config.text}"
    facts = _known(
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
    """What an image is made of, a fact a line, for people and for comparing two of them."""
    facts = {
        "media type": image.media_type,
        "size": image.size,
        "annotations": dict(structure.annotations),
        "manifests": [
            f"{part.platform or part.media_type} {part.digest}" for part in structure.with_role(DescriptorRole.MANIFEST)
        ],
        "layers": [f"{part.digest} {part.size}" for part in structure.with_role(DescriptorRole.LAYER)],
    }
    text = as_text(facts)
    return f"{text}\n{config_text(config)}" if config is not None else text


def difference(before: str, after: str, name_before: str, name_after: str) -> str:
    """How two texts differ, line by line."""
    import difflib

    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name_before, name_after, lineterm="")
    return "\n".join(lines) or "They are made of the same."


def findings_text(findings: Sequence[Finding]) -> str:
    """Findings for people, worst first, with what mends each."""
    order = {severity: number for number, severity in enumerate(SEVERITIES)}
    lines = []
    for finding in sorted(findings, key=lambda finding: (order.get(finding.severity, len(order)), finding.name)):
        fix = f", fixed in {finding.fixed_in}" if finding.fixed_in else ""
        package = f"{finding.package} {finding.version}".strip()
        lines.append(f"{finding.severity:<13}  {finding.name}  {package}{fix}")
        lines += [f"{'':<15}{line}" for line in (finding.description, finding.uri) if line]
    return "\n".join(lines) or "The scan has found nothing."


def as_text(facts: Mapping[str, Any]) -> str:
    """The facts side by side with their names, lists and tables below each other; what is empty is left out."""
    known = _known(facts)
    width = max(map(len, known), default=0)
    lines: list[str] = []
    for name, value in known.items():
        first, *rest = _lines(value)
        lines.append(f"{name:<{width}}  {first}")
        lines += [f"{'':<{width}}  {line}" for line in rest]
    return "\n".join(lines)


def as_yaml(facts: Mapping[str, Any]) -> str:
    """The facts as YAML."""
    from ruamel.yaml import YAML

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # typed as None in the library
    out = io.StringIO()
    writer.dump(dict(facts), out)
    return out.getvalue()


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{key}: {entry}" for key, entry in value.items()]
    if isinstance(value, list):
        return [str(entry) for entry in value]
    return str(value).splitlines() or [""]


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value not in (None, "", [], {})}
