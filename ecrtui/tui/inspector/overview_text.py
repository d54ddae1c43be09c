"""The overview of an image as lines for the width of the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from rich.cells import cell_len

from ecrtui.ecr import units
from ecrtui.ecr.caller import resource_of
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.findings import ScanReport
from ecrtui.ecr.image import Image, is_image_config
from ecrtui.ecr.manifest import DescriptorRole, ParsedManifest
from ecrtui.ecr.replication import Replica
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.signing import FAILED, ImageSigning
from ecrtui.errors import EcrTuiError
from ecrtui.inspect.findings import PlatformScan, ScanTarget, scan_age
from ecrtui.inspect.overview import ArtifactLine, LifecycleVerdict, TagOrigin, stored_size
from ecrtui.tui.details import NOT_SUPPORTED
from ecrtui.tui.inspector.fact_lines import LABEL_WIDTH, LOADING, FactLines, FactValue, Styled
from ecrtui.tui.inspector.inspected import Inspected, Known, PlatformImage
from ecrtui.tui.inspector.linked_text import Link
from ecrtui.tui.inspector.overview_data import OverviewData
from ecrtui.tui.inspector.platform_rows import (
    MAX_USER,
    NOT_SET,
    add_platforms,
    count_styles,
    finding_counts,
)
from ecrtui.tui.lists.image_columns import severity_style
from ecrtui.tui.lists.tag_cell import PROTECTED, first_names
from ecrtui.tui.manifest import facts
from ecrtui.tui.safe_text import visible
from ecrtui.tui.text_document import TextDocument, prepare_text

Status = TypeVar("Status")

MAX_TAG_ROWS = 4
"""Rows of tags above the facts. All tags are at the end of the overview."""
MAX_TAGS_OF_OTHERS = 10
"""Tags of an index of the image, and of its subject. Each can have 1,000."""


def overview(data: OverviewData, width: int, now: float) -> tuple[TextDocument, Mapping[int, Link]]:
    """Return the overview and what its lines open.

    Args:
        data: what it shows.
        width: columns.
        now: seconds since the epoch.
    """
    lines = FactLines(width)
    inspected = data.inspected
    if not isinstance(inspected.known_image, Image) and not isinstance(inspected.known_manifest, ParsedManifest):
        return prepare_text(""), {}
    _head(lines, data, now)
    lines.add()
    if inspected.is_index:
        add_platforms(lines, data, now)
        lines.add()
    hints = {
        "artifact type": "" if inspected.is_index else data.content_hint,
        "contents": data.content_hint,
        "lifecycle": data.lifecycle_hint,
        "worst": _scan_time(data, now),
    }
    for section in _sections(data, width - LABEL_WIDTH, now):
        if isinstance(section, ArtifactLine):
            lines.artifacts(section)
        else:
            lines.fact(*section, hint=hints.get(section[0], ""))
    lines.add()
    _tags(lines, data, now)
    return lines.document, lines.links


def known_facts(data: OverviewData, width: int, now: float, hint: str) -> TextDocument:
    """Return what is at hand of an image, without the sections of the overview that need requests.

    Args:
        data: what is at hand.
        width: columns.
        now: seconds since the epoch.
        hint: the keys for more.
    """
    lines = FactLines(width)
    _head(lines, data, now)
    lines.add()
    if data.inspected.is_index:
        add_platforms(lines, data, now)
        lines.add()
    stored = [("stored", _stored(data, data.inspected.image), None)] if data.inspected.platforms else []
    for label, value, _ in (*_relations(data), *stored, *_worst_findings(data)):
        lines.fact(label, value)
    lines.add()
    _tags(lines, data, now)
    lines.add()
    lines.add(hint, styles=[(0, len(hint), "$text-muted")])
    return lines.document


def _text(known: Known[str]) -> FactValue:
    if isinstance(known, EcrTuiError):
        return known
    return LOADING if known is None else visible(known)


def _head(lines: FactLines, data: OverviewData, now: float) -> None:
    inspected = data.inspected
    image = inspected.known_image
    if not isinstance(image, Image):
        lines.add(inspected.reference.digest)
        return
    marked = [visible(f"{PROTECTED}{tag}" if tag in data.protected else tag) for tag in image.tags]
    shown = first_names(marked, MAX_TAG_ROWS * lines.width)
    more = [f"and {len(marked) - len(shown):,} more"] if len(shown) < len(marked) else []
    names = "   ".join([*shown, *more]) or "untagged"
    manifest = inspected.known_manifest
    kind = str(facts.kind_of(image, manifest if isinstance(manifest, ParsedManifest) else ParsedManifest()))
    if inspected.is_index and inspected.platforms:
        artifacts = sum(entry.is_listed_artifact for entry in inspected.platforms)
        counts = ((len(inspected.platforms) - artifacts, "platform"), (artifacts, "artifact"))
        kind = " · ".join([kind, *(units.format_count(number, what) for number, what in counts if number)])
    if image.archived:
        kind = f"{kind} · {image.status.lower()}"
    lines.sides(names, f"{kind} · pushed {units.format_age(image.pushed_at, now)}", "bold $tag")
    pulled = units.format_age(image.last_pulled_at, now, "never") if data.pull_times else NOT_SUPPORTED
    lines.sides(image.digest, f"last pulled {pulled}", "$digest")


def _sections(data: OverviewData, room: int, now: float) -> Iterator[tuple[str, FactValue, Link | None] | ArtifactLine]:
    """Yield the sections that are a label and a text: index, size, artifacts, findings, lifecycle, repository.

    Args:
        data: what the overview shows.
        room: cells of a text.
        now: seconds since the epoch.
    """
    inspected = data.inspected
    image = inspected.known_image
    yield from _relations(data)
    if isinstance(image, Image):
        yield "stored", _stored(data, image), Link("layers")
        if data.sharing is not None:
            yield "shared", visible(str(data.sharing)), Link("layers")
        yield from _config(data, now)
        if image.artifact_media_type and not is_image_config(image.artifact_media_type):
            yield "artifact type", visible(image.artifact_media_type), Link("artifacts")
        elif contents := _contents(inspected, image):
            yield "contents", visible(contents), Link("artifacts")
        if isinstance(data.artifacts, EcrTuiError) or data.artifacts is None:
            yield "artifacts", _text(data.artifacts), Link("artifacts")
        else:
            yield from data.artifacts
        yield from _statuses("signing", data.signings, _signing)
        yield from _statuses("replication", data.replicas, partial(_replica, data))
        yield "lifecycle", _lifecycle(data.lifecycle, room), None
    yield from _worst_findings(data)
    repository = inspected.known_repository
    if isinstance(repository, Repository):
        encryption = "KMS" if repository.kms_key else repository.encryption
        yield "repository", visible(f"{repository.mutability} · {encryption}"), None
    else:
        yield "repository", _text(repository), None


def _lifecycle(known: Known[LifecycleVerdict], room: int) -> FactValue:
    """Return what the lifecycle policy does, with as many of the rules that do not select the image as have room."""
    if not isinstance(known, LifecycleVerdict):
        return _text(known)
    if not known.rules:
        return visible(f"{known.text}{known.more}")
    rules = [f"rule {rule.priority} {rule.short_selection}" for rule in known.rules]
    choices = [
        ", ".join(f"rule {rule.priority} {rule.criterion}" for rule in known.rules),
        *(units.format_names(rules, number) for number in range(len(rules), 0, -1)),
        f"of {units.format_count(len(rules), 'rule')}",
    ]
    texts = [visible(f"{known.text} ({names}){known.more}") for names in choices]
    return next((text for text in texts if cell_len(text) <= room), texts[-1])


def _statuses(
    label: str, known: Known[Sequence[Status]], shown: Callable[[Status], Styled]
) -> Iterator[tuple[str, FactValue, None]]:
    """Yield a line for each status of what ECR does to a pushed image. Most images have none."""
    if isinstance(known, EcrTuiError):
        yield label, known, None
        return
    for number, status in enumerate(known or ()):
        yield "" if number else label, shown(status), None


def _signing(signing: ImageSigning) -> Styled:
    return _status(f"{signing.profile} of AWS Signer", signing.status, signing.failure)


def _replica(data: OverviewData, replica: Replica) -> Styled:
    destination, own = replica.destination, data.inspected.session.location
    name = destination.region if destination.registry_id == own.registry_id else str(destination)
    return _status(name, replica.status, replica.failure)


def _status(name: str, status: str, failure: str) -> Styled:
    state = status.lower().replace("_", " ") or "ECR has no status of it"
    text = visible(f"{name} · {': '.join(filter(None, (state, failure)))}")
    return Styled(text, [(0, len(text), "$text-error")] if status == FAILED else ())


def _relations(data: OverviewData) -> Iterator[tuple[str, str, Link | None]]:
    inspected = data.inspected
    for index in inspected.indexes or ():
        tags = _first_tags(index.tags or ()) or ("tags not known" if index.tags is None else "untagged")
        text = f"{index.platform or 'a part'} of {short_digest(index.digest)}  {tags}"
        yield "index", visible(text), Link("", index.digest)
    if inspected.may_be_part:
        yield "index", "not known: no index that was read names this image", None
    if subject := inspected.subject:
        known = data.tags_by_digest.get(subject)
        name = f"{short_digest(subject)}  {_first_tags(known)}" if known else subject
        yield "subject", visible(name), Link("", subject)


def _contents(inspected: Inspected, image: Image) -> str:
    """Return the types of what is in an artifact that has the config of an image, such as a signature of cosign."""
    manifest = inspected.known_manifest
    if not isinstance(manifest, ParsedManifest) or not facts.kind_of(image, manifest).is_artifact:
        return ""
    return units.format_names(dict.fromkeys(layer.media_type for layer in manifest.with_role(DescriptorRole.LAYER)), 3)


def _first_tags(tags: Sequence[str]) -> str:
    """Return the first tags of another image on one line, and how many more it has."""
    more = len(tags) - MAX_TAGS_OF_OTHERS
    return " ".join((*tags[:MAX_TAGS_OF_OTHERS], *([f"and {more:,} more"] if more > 0 else [])))


def _stored(data: OverviewData, image: Image) -> FactValue:
    inspected = data.inspected
    if not inspected.is_index:
        return units.format_size(image.size)
    if inspected.platform_error is not None:
        return inspected.platform_error
    if missing := inspected.missing_platforms:  # also if a manifest of them is still kept
        return f"not known: {units.format_count(len(missing), 'platform')} not in the repository"
    structures = data.structures or {}
    if len(structures) == len(inspected.platforms) and (sizes := stored_size(structures)):
        stored, shared = sizes
        return f"{units.format_size(stored)}, platforms share {units.format_size(shared)}"
    if isinstance(inspected.known_manifest, EcrTuiError):
        return inspected.known_manifest
    if not inspected.platform_images:
        return LOADING if inspected.platforms else "not known"
    known = [entry.image.size for entry in inspected.platforms if entry.image and entry.image.size is not None]
    if unknown := len(inspected.platforms) - len(known):
        return f"not known: the size of {units.format_count(unknown, 'platform')} is not known"
    return f"at most {units.format_size(sum(known))}: layers that platforms share are counted twice"


def _findings(inspected: Inspected, platform: PlatformImage | None) -> FactValue:
    image = None if platform is None else platform.image
    if image is None or not image.scan_known:
        return inspected.scan_error or "?"
    counts = finding_counts(image)
    return Styled(counts, count_styles(image, counts))


def _worst_findings(data: OverviewData) -> Iterator[tuple[str, FactValue, Link | None]]:
    """Yield the counts of an image that is not an index, and the worst findings of the selected platform."""
    inspected = data.inspected
    platform = inspected.platform
    if failure := _scan_failure(data):
        yield "findings", failure, Link("findings")
    elif not inspected.is_index:
        yield "findings", _findings(inspected, platform), Link("findings")
    elif inspected.scan_error is not None:
        yield "findings", inspected.scan_error, Link("findings")
    scan = data.worst
    if isinstance(scan, EcrTuiError):
        yield "worst", scan, Link("findings")
        return
    for number, finding in enumerate(scan.findings if scan is not None else ()):
        name = f"{visible(platform.name)}  " if platform is not None and platform.name else ""
        package = f"{finding.package} {finding.version}".strip()
        fix = f" → {finding.fixed_in}" if finding.fixed_in else ""
        text = visible(f"{name}{finding.severity:<8} {finding.name}  {package}{fix}")
        severity = (len(name), len(name) + len(finding.severity), severity_style(finding.severity))
        yield "worst" if number == 0 else "", Styled(text, [severity]), Link("findings")


def _scan_failure(data: OverviewData) -> str:
    """Return the state of a scan that ended without findings, and why; empty if there is none, or no reason."""
    entry, error = data.failed, data.scan_failure
    if entry is None or error is None:
        return ""
    scan = PlatformScan(ScanTarget(entry.digest, entry.name), error=error)
    reason = " ".join(scan.reason.split())
    where = f"{entry.name} " if entry.name else ""
    return visible(f"{where}{scan.state}: {reason}" if reason and reason != error.code else "")


def _scan_time(data: OverviewData, now: float) -> str:
    """Return when the selected platform was scanned, and by which kind of scan; empty if that is not known."""
    scan = data.worst
    if not isinstance(scan, ScanReport):
        return ""
    return scan_age([scan], now)


def _config(data: OverviewData, now: float) -> Iterator[tuple[str, FactValue, Link | None]]:
    """Yield what the config of an image says; of an index, why the configs of its platforms are not known."""
    inspected = data.inspected
    link = Link("config")
    if data.config_error is not None:
        yield "config", data.config_error, link
    elif not inspected.is_index:
        for entry in inspected.platforms:
            config = data.configs.get(entry.digest)
            if config is not None and config.problem:
                yield "config", visible(f"cannot be read: {config.problem}"), link
            elif config is not None:
                created = units.format_age(config.created_at, now, NOT_SET)
                yield "config", f"user {visible(config.user, MAX_USER) or NOT_SET} · created {created}", link
            if base := data.base_image_of(entry):
                yield "base image", visible(base), link
    elif inspected.platforms and data.structures == {}:
        words = f"not known: the manifests of {units.format_count(len(inspected.platforms), 'platform')} were not read"
        yield "config", " · ".join(filter(None, (words, data.config_hint))), link


def _tags(lines: FactLines, data: OverviewData, now: float) -> None:
    """Add a row for each tag: since when it is here, and what it was before."""
    image = data.inspected.known_image
    if not isinstance(image, Image) or not image.tags:
        return
    if isinstance(data.origins, EcrTuiError) or data.origins is None:
        lines.fact("tags", _text(data.origins))
        return
    width = min(max(len("tag"), *(cell_len(visible(tag)) for tag in image.tags)), lines.width // 3)
    head = f"{'tag':<{width}}   here since   before"
    lines.add(head, styles=[(0, len(head), "$text-muted")])
    writes = (origin.write for origin in data.origins if origin.write is not None)
    newest = max(writes, key=lambda write: write.number, default=None)
    for origin in data.origins:
        name = visible(origin.tag)
        shown = name + " " * max(width - cell_len(name), 0)
        link = Link("tags", tag=origin.tag)
        hint = data.undo_hint if newest is not None and origin.write is newest else ""
        lines.hinted(f"{shown}   {_origin(data, origin, now)}", hint, link, [(0, len(name), "$tag")])


def _origin(data: OverviewData, origin: TagOrigin, now: float) -> str:
    write = origin.write
    if write is None:
        why = "moved by someone else since the last write from here" if origin.moved_since else "not written from here"
        return f"{'not known':<11}  {why}"
    since = units.format_age(write.finished_at or write.begun_at, now)
    before = "the tag was new"
    if write.before:
        known = data.tags_by_digest.get(write.before) or write.before_tags
        names = [tag for tag in known if tag != origin.tag]  # the tag is not at that image any more
        before = " ".join((short_digest(write.before), *names[:2]))
    by = resource_of(write.principal) or "not known"
    return visible(f"{since:<11}  {before} · by {by}, from here")
