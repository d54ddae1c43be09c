"""The overview of an image as lines for the width of the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

from rich.cells import cell_len

from ecrtui.ecr import units
from ecrtui.ecr.caller import resource_of
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.findings import ScanReport, scan_status_text
from ecrtui.ecr.image import Image, is_image_config, is_index
from ecrtui.ecr.manifest import DescriptorRole, ParsedManifest
from ecrtui.ecr.replication import Replica
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.signing import FAILED, ImageSigning
from ecrtui.errors import AccessDenied, CredentialsError, EcrTuiError, ErrorKind
from ecrtui.inspect.findings import PlatformScan, ScanTarget, scan_age
from ecrtui.inspect.overview import ArtifactLine, LifecycleVerdict, TagOrigin, stored_size
from ecrtui.inspect.platform_facts import ConfigFacts, base_image
from ecrtui.inspect.release_sharing import ReleaseSharing
from ecrtui.tui.details import NOT_SUPPORTED
from ecrtui.tui.inspector.inspected import Inspected, Known, PlatformImage
from ecrtui.tui.inspector.linked_text import Link
from ecrtui.tui.lists.image_columns import severity_style
from ecrtui.tui.lists.tag_cell import PROTECTED, first_names
from ecrtui.tui.manifest import facts
from ecrtui.tui.safe_text import visible
from ecrtui.tui.text_document import Span, TextDocument, prepare_text


class Styled(NamedTuple):
    """A text with styled ranges."""

    text: str
    styles: Sequence[Span] = ()


Status = TypeVar("Status")

FactValue = str | Styled | EcrTuiError
"""The value of a label: a text, or why it is not known."""

LOADING = "…"
LABEL_WIDTH = 14
"""Cells of the labels at the left."""
MAX_TAG_ROWS = 4
"""Rows of tags above the facts. All tags are at the end of the overview."""
MAX_TAGS_OF_OTHERS = 10
"""Tags of an index of the image, and of its subject. Each can have 1,000."""
MAX_PLATFORM_ROWS = 100
"""Platforms in the overview. Most images have one or two, but an index can have 40,000 entries."""
_COLUMNS = ("platform", "digest", "size", "layers", "findings", "pushed", "user", "created", "base image")
"""The columns of the platforms."""
_NUMBERS = frozenset(("size", "layers"))
"""The columns that are aligned to the right."""
_DROPPED = ("pushed", "base image", "created", "user", "layers")
"""The columns for which a narrow screen has no room, in the order in which they are left out."""
_GAP = 3
_MAX_USER = 32
"""Characters of the user of a config; all of it is in the pane of the config."""
_MAX_NAME = 100
"""Characters of a platform and of a base image in a column: each row gets as wide as the widest one."""
_NOT_SET = "not set"


@dataclass(frozen=True)
class OverviewData:
    """What the overview shows.

    Args:
        inspected: what is known of the image.
        protected: the tags of the image that are protected.
        structures: the parsed manifests of its platforms that are kept, by digest; None before they are looked for.
        content_hint: says how to read the content of an artifact.
        artifacts: the lines about its artifacts.
        configs: what the configs of its platforms say that are read, by digest of the platform.
        config_error: why a config could not be read; None if none failed.
        config_hint: says how to read a config.
        sharing: what it shares with the release before; None if that is not known.
        signings: the statuses of its managed signing, by profile.
        replicas: the statuses of its replication, by destination.
        lifecycle: what the lifecycle policy does to it.
        lifecycle_hint: says how to see what the policy does to all images.
        findings: the last scan of a platform, with the worst findings.
        findings_of: the digest of that platform.
        failed: a platform whose scan ended without findings.
        scan_failure: why.
        origins: since when it has its tags.
        tags_by_digest: the tags of images that are known, to name the images that tags were at before.
        undo_hint: says how to undo the newest write.
        pull_times: True if the registry records when an image was last pulled.
    """

    inspected: Inspected
    protected: frozenset[str] = frozenset()
    structures: Mapping[str, ParsedManifest] | None = None
    content_hint: str = ""
    artifacts: Known[Sequence[ArtifactLine]] = None
    configs: Mapping[str, ConfigFacts] = field(default_factory=dict)
    config_error: EcrTuiError | None = None
    config_hint: str = ""
    sharing: ReleaseSharing | None = None
    signings: Known[Sequence[ImageSigning]] = None
    replicas: Known[Sequence[Replica]] = None
    lifecycle: Known[LifecycleVerdict] = None
    lifecycle_hint: str = ""
    findings: Known[ScanReport] = None
    findings_of: str = ""
    failed: PlatformImage | None = None
    scan_failure: EcrTuiError | None = None
    origins: Known[Sequence[TagOrigin]] = None
    tags_by_digest: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    undo_hint: str = ""
    pull_times: bool = True

    def structure_of(self, digest: str) -> ParsedManifest | None:
        """Return the manifest of a platform; None if it is not known."""
        return None if self.structures is None else self.structures.get(digest)

    def read_config(self, digest: str) -> ConfigFacts | None:
        """Return what the config of a platform says; None if that is not known."""
        config = self.configs.get(digest)
        return None if config is None or config.problem else config

    @property
    def worst(self) -> Known[ScanReport]:
        """The worst findings of the selected platform; None if they are not read, or if it has none."""
        platform = self.inspected.platform
        if platform is None or platform.digest != self.findings_of or platform.image is None:
            return None
        return self.findings if platform.image.findings else None


class _Lines:
    """Collects lines, with their styles and what they open."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.texts: list[str] = []
        self.styles: dict[int, Sequence[Span]] = {}
        self.links: dict[int, Link] = {}
        self._reasons: set[str] = set()

    def add(self, text: str = "", link: Link | None = None, styles: Sequence[Span] = ()) -> None:
        number = len(self.texts)
        self.texts.append(text)
        if styles:
            self.styles[number] = styles
        if link is not None:
            self.links[number] = link

    def fact(self, label: str, value: FactValue, link: Link | None = None, hint: str = "") -> None:
        """Add a label, and a text or why it is not known beside it; a hint at the right end if there is room."""
        text = self._not_known("not known", value) if isinstance(value, EcrTuiError) else value
        shown = text if isinstance(text, Styled) else Styled(text)
        styles = [(LABEL_WIDTH + start, LABEL_WIDTH + end, style) for start, end, style in shown.styles]
        self.hinted(f"{label:<{LABEL_WIDTH}}{shown.text}", hint, link, [(0, len(label), "$text-muted"), *styles])

    def hinted(self, text: str, hint: str, link: Link | None = None, styles: Sequence[Span] = ()) -> None:
        """Add a text, and a hint at the right end of the line if there is room."""
        start = self.width - cell_len(hint)
        if hint and cell_len(text) + _GAP <= start:
            text += " " * (start - cell_len(text))
            styles = [*styles, (len(text), len(text) + len(hint), "$text-muted")]
            text += hint
        self.add(text, link, styles)

    def artifacts(self, line: ArtifactLine) -> None:
        """Add what is known of one kind of artifact."""
        texts = [line.text] if line.text else [self._explained(part.what, part.why) for part in line.not_read]
        self.fact(line.label, visible("; ".join(texts)), Link("artifacts"))

    def _not_known(self, words: str, error: EcrTuiError) -> str:
        if error.kind is ErrorKind.UNSUPPORTED:
            return NOT_SUPPORTED
        return visible(self._explained(words, error_with_remedy(error)))

    def _explained(self, words: str, why: str) -> str:
        """Return words with the reason; without it where a line above has it, so that a narrow screen has room."""
        if why in self._reasons:
            return f"{words}, as above"
        self._reasons.add(why)
        return f"{words}: {why}"

    def sides(self, left: str, right: str, style: str = "") -> None:
        """Add a text at the left and one at the right end of the line; below it if there is no room."""
        gap = self.width - cell_len(left) - cell_len(right)
        styles = [(0, len(left), style)] if style else []
        if gap >= 2:
            self.add(f"{left}{' ' * gap}{right}", styles=styles)
        else:
            self.add(left, styles=styles)
            self.add(right)


def overview(data: OverviewData, width: int, now: float) -> tuple[TextDocument, Mapping[int, Link]]:
    """Return the overview and what its lines open.

    Args:
        data: what it shows.
        width: columns.
        now: seconds since the epoch.
    """
    lines = _Lines(width)
    inspected = data.inspected
    if not isinstance(inspected.known_image, Image) and not isinstance(inspected.known_manifest, ParsedManifest):
        return prepare_text(""), {}
    _head(lines, data, now)
    lines.add()
    if inspected.is_index:
        _platforms(lines, data, now)
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
    return prepare_text("\n".join(lines.texts), lines.styles), lines.links


def known_facts(data: OverviewData, width: int, now: float, hint: str) -> TextDocument:
    """Return what is at hand of an image, without the sections of the overview that need requests.

    Args:
        data: what is at hand.
        width: columns.
        now: seconds since the epoch.
        hint: the keys for more.
    """
    lines = _Lines(width)
    _head(lines, data, now)
    lines.add()
    if data.inspected.is_index:
        _platforms(lines, data, now)
        lines.add()
    stored = [("stored", _stored(data, data.inspected.image), None)] if data.inspected.platforms else []
    for label, value, _ in (*_relations(data), *stored, *_worst_findings(data)):
        lines.fact(label, value)
    lines.add()
    _tags(lines, data, now)
    lines.add()
    lines.add(hint, styles=[(0, len(hint), "$text-muted")])
    return prepare_text("\n".join(lines.texts), lines.styles)


def error_with_remedy(error: EcrTuiError) -> str:
    """Return what happened, with the missing permission, or with how to sign in."""
    return error.with_hint() if isinstance(error, (AccessDenied, CredentialsError)) else str(error)


def _text(known: Known[str]) -> FactValue:
    if isinstance(known, EcrTuiError):
        return known
    return LOADING if known is None else visible(known)


def _head(lines: _Lines, data: OverviewData, now: float) -> None:
    inspected = data.inspected
    image = inspected.known_image
    if not isinstance(image, Image):
        lines.add(inspected.reference.digest)
        return
    tags = sorted(image.tags, key=lambda tag: tag not in data.protected)
    marked = [visible(f"{PROTECTED}{tag}" if tag in data.protected else tag) for tag in tags]
    shown = first_names(marked, 3, MAX_TAG_ROWS * lines.width)
    more = [f"and {len(marked) - len(shown):,} more"] if len(shown) < len(marked) else []
    names = "   ".join([*shown, *more]) or "untagged"
    manifest = inspected.known_manifest
    kind = str(facts.kind_of(image, manifest if isinstance(manifest, ParsedManifest) else ParsedManifest()))
    if inspected.is_index and inspected.platforms:
        kind = f"{kind} · {units.format_count(len(inspected.platforms), 'platform')}"
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
    counts = _finding_counts(image)
    return Styled(counts, _count_styles(image, counts))


def _finding_counts(image: Image) -> str:
    return units.format_finding_counts(image.findings, scan_status_text(image.scan_status))


def _count_styles(image: Image, text: str, start: int = 0) -> Sequence[Span]:
    """Return the colors of the numbers of findings in a text that has them behind ``start``."""
    styles: list[Span] = []
    for count in image.findings or ():
        if count[1]:
            number = units.format_finding_counts((count,))
            start = text.index(number, start)
            styles.append((start, start + len(number), severity_style(count[0])))
            start += len(number)
    return styles


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


def _platforms(lines: _Lines, data: OverviewData, now: float) -> None:
    """Add a row for each platform."""
    inspected = data.inspected
    if inspected.platform_error is not None:
        lines.fact("platforms", inspected.platform_error)
    if not inspected.platforms:
        manifest = inspected.known_manifest
        if isinstance(manifest, ParsedManifest):
            lines.add("This index has no platforms.")
        else:
            lines.fact("platforms", manifest or LOADING)
        return
    platforms = inspected.platforms[:MAX_PLATFORM_ROWS]
    bases = {entry.digest: base for entry in platforms if (base := _base(data, entry))}
    rows = [_platform_row(data, entry, bases, now) for entry in platforms]
    known = [name for name in _COLUMNS if name in rows[0]]
    widths = {name: max(cell_len(name), *(cell_len(row[name]) for row in rows)) for name in known}
    for name in _DROPPED:
        if sum(widths.values()) + _GAP * (len(widths) - 1) > lines.width:
            widths.pop(name, None)

    def joined(row: Mapping[str, str]) -> str:
        cells = (_padded(row[name], width, right=name in _NUMBERS) for name, width in widths.items())
        return (" " * _GAP).join(cells).rstrip()

    head = joined({name: name for name in known})
    lines.add(head, styles=[(0, len(head), "$text-muted")])
    own = inspected.known_image
    parent = own.digest if isinstance(own, Image) else inspected.reference.digest
    for entry, row in zip(platforms, rows, strict=True):
        text, image = joined(row), entry.image
        styles: Sequence[Span] = ()
        if image is not None and image.scan_known and "findings" in widths:
            styles = _count_styles(image, text, text.index(row["digest"]) + len(row["digest"]))
        lines.add(text, Link("", entry.digest, parent), styles)
    if more := len(inspected.platforms) - len(platforms):
        lines.add(f"and {units.format_count(more, 'platform')} more", Link("manifest"))
    if bases and "base image" not in widths:
        lines.fact("base image", visible(units.format_names(dict.fromkeys(bases.values()))), Link("config"))


def _padded(text: str, width: int, *, right: bool) -> str:
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks


def _platform_row(data: OverviewData, entry: PlatformImage, bases: Mapping[str, str], now: float) -> Mapping[str, str]:
    """Return the cells of a platform by column; without those of the config if no config is known."""
    image, structure = entry.image, data.structure_of(entry.digest)
    layers = "?" if structure is None else units.format_number(len(structure.with_role(DescriptorRole.LAYER)))
    is_nested = entry.descriptor is not None and is_index(entry.descriptor.media_type)
    size = "?" if image is None else units.format_size(image.size)
    row = {
        "platform": visible(entry.name, _MAX_NAME) or ("an index" if is_nested else "no platform"),
        "digest": short_digest(entry.digest),
        "size": "missing" if entry.digest in data.inspected.missing_platforms else size,
        "layers": "–" if is_nested else layers,
        "findings": "?" if image is None or not image.scan_known else _finding_counts(image),
        "pushed": "?" if image is None else units.format_age(image.pushed_at),
    }
    if data.configs:
        config = data.read_config(entry.digest)
        row |= {
            "user": "?" if config is None else visible(config.user, _MAX_USER) or _NOT_SET,
            "created": "?" if config is None else units.format_age(config.created_at, now, _NOT_SET),
        }
    if bases:
        unknown = _NOT_SET if data.read_config(entry.digest) is not None else "?"
        row["base image"] = visible(bases.get(entry.digest, ""), _MAX_NAME) or unknown
    return row


def _base(data: OverviewData, entry: PlatformImage) -> str:
    """Return the base image of a platform; empty if nothing that was read names it."""
    structure, config = data.structure_of(entry.digest), data.configs.get(entry.digest)
    index = data.inspected.known_manifest
    return base_image(
        *((structure.annotations,) if structure is not None else ()),
        *((entry.descriptor.annotations,) if entry.descriptor is not None else ()),
        *((config.labels,) if config is not None else ()),
        *((index.annotations,) if isinstance(index, ParsedManifest) else ()),
    )


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
                created = units.format_age(config.created_at, now, _NOT_SET)
                yield "config", f"user {visible(config.user, _MAX_USER) or _NOT_SET} · created {created}", link
            if base := _base(data, entry):
                yield "base image", visible(base), link
    elif inspected.platforms and data.structures == {}:
        words = f"not known: the manifests of {units.format_count(len(inspected.platforms), 'platform')} were not read"
        yield "config", " · ".join(filter(None, (words, data.config_hint))), link


def _tags(lines: _Lines, data: OverviewData, now: float) -> None:
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
        names = data.tags_by_digest.get(write.before) or write.before_tags
        before = " ".join((short_digest(write.before), *names[:2]))
    by = resource_of(write.principal) or "not known"
    return visible(f"{since:<11}  {before} · by {by}, from here")
