"""Turn the rows of a file into changes: look up the tags that they name as sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ecrtui.ecr.digest import is_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.reference import Reference, is_repository_name, parse_reference
from ecrtui.ecr.tag import stored_tag_error
from ecrtui.errors import AccessDenied, NotFound, Refused, UsageError
from ecrtui.registry.protocol import Registry
from ecrtui.retag.plan import TagChange
from ecrtui.retag.row_file import FileRow


def changes_of_rows(registry: Registry, rows: Iterable[FileRow]) -> list[TagChange]:
    """Return the change of each row. A row that names no image becomes a change with a problem.

    The source tags of a repository are read together.

    Raises:
        EcrTuiError: the registry cannot be reached, or does not accept the caller.
    """
    changes = [_unresolved_change(row, registry) for row in rows]
    sources: dict[str, list[str]] = {}
    for change in changes:
        if _has_source_tag(change):
            sources.setdefault(change.repository, []).append(change.digest)
    found = {name: _look_up(registry, name, tags) for name, tags in sources.items()}
    return [_resolved(change, *found[change.repository]) if _has_source_tag(change) else change for change in changes]


def _unresolved_change(row: FileRow, registry: Registry) -> TagChange:
    """Return the change of a row, with its source where the digest belongs: a digest or a tag."""
    reference, problem = _reference(row.repository), row.problem
    if not problem and reference.registry_id:
        problem = _location_problem(reference, registry.location())
    if not problem and row.source and not is_digest(row.source) and (wrong := stored_tag_error(row.source)):
        problem = f"the source {row.source!r} is neither a digest nor a tag: {wrong}"
    return TagChange(reference.repository, row.tag, row.source, row.expect, row=row.number, problem=problem)


def _reference(text: str) -> Reference:
    """Return the repository that a row names, by name or URI; other text as it is, for the plan to refuse."""
    try:
        reference = parse_reference(text)
    except UsageError:
        return Reference(text)
    return Reference(text) if reference.tag or reference.digest or not reference.repository else reference


def _location_problem(reference: Reference, here: RegistryLocation) -> str:
    if (reference.registry_id, reference.region) == (here.registry_id, here.region):
        return ""
    return (
        f"the row is for account {reference.registry_id} in {reference.region}; "
        f"this command writes to account {here.registry_id} in {here.region}"
    )


def _has_source_tag(change: TagChange) -> bool:
    return (
        bool(change.digest)
        and not is_digest(change.digest)
        and not change.problem
        and is_repository_name(change.repository)
    )


def _look_up(registry: Registry, repository: str, tags: Iterable[str]) -> tuple[Mapping[str, Image], str]:
    """Return the images of these tags, and why they could not be read; empty if they were."""
    try:
        return registry.images_by_tag(repository, list(dict.fromkeys(tags))), ""
    except (NotFound, AccessDenied, Refused) as error:
        return {}, f"could not look up the source: {error}"


def _resolved(change: TagChange, images: Mapping[str, Image], problem: str) -> TagChange:
    if change.digest in images:
        return replace(change, digest=images[change.digest].digest)
    return replace(change, problem=problem or f"{change.repository} has no tag {change.digest}, which is the source")
