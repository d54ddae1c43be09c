"""What the overview of an image says of its artifacts, its lifecycle and its tags. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ecrtui.ecr import units
from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.lifecycle import LifecyclePolicy, LifecyclePrediction, LifecycleRule, predict
from ecrtui.ecr.manifest import DescriptorRole, ParsedManifest, predicate_types
from ecrtui.ecr.replication import Destination, Replica
from ecrtui.inspect.artifacts import Artifact, ArtifactOrigin, blob_kind, content_names
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import StepOutcome

SIGNATURE, SBOM, PROVENANCE = "signature", "sbom", "provenance"

_LABELS = {
    ImageKind.SIGNATURE: SIGNATURE,
    ImageKind.SBOM: SBOM,
    ImageKind.PROVENANCE: PROVENANCE,
    ImageKind.ATTESTATION: "attestation",
    ImageKind.VEX: "vex",
}
_BUNDLE = str(ImageKind.SIGSTORE_BUNDLE)
_STATEMENTS = (ImageKind.ATTESTATION, ImageKind.SIGSTORE_BUNDLE)
"""The kinds of contents that can be an SBOM, a provenance and others: an annotation or the content says which."""
_IN_INDEX = "attestation in the index"
_PLURALS = {_IN_INDEX: (_IN_INDEX, "attestations in the index")}
_ALWAYS = (SIGNATURE, SBOM, PROVENANCE)
"""The artifacts that the overview names also if there are none."""


class NotRead(NamedTuple):
    """Artifacts that may be there, but were not read."""

    what: str
    """``referrers not known``, or a sentence."""
    why: str = ""


class ArtifactLine(NamedTuple):
    """What is known of one kind of artifact; or what was not read, and why."""

    label: str
    text: str = ""
    not_read: tuple[NotRead, ...] = ()


def artifact_lines(
    artifacts: Iterable[Artifact], nothing: str, not_read: Sequence[NotRead] = (), read_hint: str = ""
) -> Sequence[ArtifactLine]:
    """Return a line for each kind of artifact. Nothing is verified, and the text says so.

    Args:
        artifacts: the known artifacts. An attestation in the index has contents once its manifest was read.
        nothing: the text for a kind that the image does not have.
        not_read: what was not read. An artifact of each kind may be there, so that each line says it; a line of its
            own says why.
        read_hint: says how to read what was not read.
    """
    found: dict[str, list[str]] = {}
    unread: Counter[str] = Counter()
    for artifact in artifacts:
        in_index = artifact.origin is ArtifactOrigin.INDEX and artifact.kind is ImageKind.ATTESTATION
        for kind, name, is_stated in _contents(artifact):
            if kind in _STATEMENTS and not is_stated:
                unread[_IN_INDEX if in_index else str(kind)] += 1
            if artifact.blobs is not None or not in_index:
                label = _LABELS.get(kind, "artifact")
                found.setdefault(label, []).append(name or artifact.artifact_type or str(kind))
    lines = []
    missing = [part.what.rstrip(".") for part in not_read]
    for label in dict.fromkeys((*_ALWAYS, *found)):
        known = ""
        # An attestation is no signature; a sigstore bundle can be one.
        possible = {what: number for what, number in unread.items() if label != SIGNATURE or what == _BUNDLE}
        if names := found.get(label):
            counts = {name: names.count(name) for name in dict.fromkeys(names)}
            text = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in counts.items())
            known = f"{text} · present, not verified"
        elif possible:
            counted = (units.format_count(number, *_PLURALS.get(what, (what,))) for what, number in possible.items())
            known = f"not known until read: {', '.join(counted)}"
            known = " · ".join(filter(None, (known, read_hint)))
        lines.append(ArtifactLine(label, "; ".join(filter(None, (known, *missing))) or nothing))
    if explained := tuple(part for part in not_read if part.why):
        lines.append(ArtifactLine("artifacts", not_read=explained))
    return lines


def _contents(artifact: Artifact) -> Sequence[tuple[ImageKind, str, bool]]:
    """Return kind and format of each content of an artifact, and whether an annotation says what it states.

    BuildKit puts SBOM and provenance into one attestation.
    """
    blobs = artifact.blobs or ()
    if len(blobs) > 1:
        named = zip(blobs, content_names(artifact, blobs), strict=True)
        return [(blob_kind(artifact, blob), name, _is_stated(artifact, blob.annotations)) for blob, name in named]
    return [(artifact.kind, artifact.format, artifact.was_read or bool(artifact.predicates))]


def _is_stated(artifact: Artifact, annotations: Mapping[str, str]) -> bool:
    return artifact.was_read or bool(predicate_types(annotations))


class LifecycleVerdict(NamedTuple):
    """What a lifecycle policy does to an image, and why.

    Args:
        text: the words.
        rules: the rules, if none of them selects the image.
        more: further words, behind the rules.
    """

    text: str
    rules: tuple[LifecycleRule, ...] = ()
    more: str = ""


def lifecycle_verdict(
    policy: LifecyclePolicy, image: Image, images: Sequence[Image] | None, in_index: bool | None, now: float
) -> LifecycleVerdict:
    """Return what the lifecycle policy does to an image.

    Args:
        policy: the policy of the repository.
        image: the image.
        images: all images of the repository; None if they are not known.
        in_index: True if an index holds the image; None if that is not known.
        now: seconds since the epoch.
    """
    if policy.problem:
        return LifecycleVerdict(f"not known: {policy.problem}")
    if not policy.rules:
        return LifecycleVerdict("stays: the repository has no lifecycle policy")
    if in_index:
        return LifecycleVerdict("stays as long as its index")
    subject = " · goes within 24 hours of its subject" if image.subject else ""
    others = None if images is None else [other for other in images if other.digest != image.digest]
    found = predict(policy, image, others, now)
    if found is None:
        return LifecycleVerdict("stays: no rule selects it", policy.rules, subject)
    number = f" · this image is number {units.format_number(found.rank)}" if found.known and found.rank else ""
    unknown = "" if in_index is False or image.tags or image.kind is ImageKind.INDEX else "; unless an index holds it"
    doubt = "; AWS does not document whether rules act on it before" if subject else ""
    return LifecycleVerdict(f"{_verdict(found, now)} · {found.rule}{number}{unknown}", more=f"{subject}{doubt}")


def _verdict(found: LifecyclePrediction, now: float) -> str:
    verb = "archived" if found.rule.action == "transition" else "expires"
    if not found.known:
        return "not known: it depends on images that are not listed"
    if found.due_at is None:
        return "stays for now"
    if found.is_due(now):
        return f"{verb} within 24 hours"
    return f"{verb} in {units.format_short_duration(found.due_at - now)}"


def all_replicas(destinations: Iterable[Destination], known: Iterable[Replica]) -> Sequence[Replica]:
    """Return a replica for each destination of the rules, then those of earlier rules.

    One without a status has an empty one: ECR does not replicate images that were pushed before the rule was there.
    """
    found = {replica.destination: replica for replica in known}
    return [found.get(one, Replica(one, "")) for one in dict.fromkeys((*destinations, *found))]


@dataclass(frozen=True, slots=True)
class TagOrigin:
    """Since when a tag is at an image, as far as the journal of this machine knows.

    Args:
        tag: the tag.
        write: the write that gave the tag to the image; None if the journal has none.
        moved_since: True if the newest write of the journal gave the tag to another image: someone else moved it.
    """

    tag: str
    write: JournalEntry | None = None
    moved_since: bool = False


def tag_origins(image: Image, entries: Iterable[JournalEntry]) -> Sequence[TagOrigin]:
    """Return the origin of each tag of an image.

    Args:
        image: the image.
        entries: the writes to its repository, newest first.
    """
    newest: dict[str, JournalEntry] = {}
    for entry in entries:
        if entry.outcome is StepOutcome.DONE and not entry.damaged:
            newest.setdefault(entry.tag, entry)
    origins = []
    for tag in image.tags:
        write = newest.get(tag)
        is_here = write is not None and write.after == image.digest
        origins.append(TagOrigin(tag, write if is_here else None, moved_since=write is not None and not is_here))
    return origins


def stored_size(structures: Mapping[str, ParsedManifest]) -> tuple[int, int] | None:
    """Return the bytes that the platforms of an index store, and how many of them they share.

    Args:
        structures: the manifest of each platform, by its digest.

    Returns:
        None if a manifest does not state its sizes, or if there is none.
    """
    sizes: dict[str, int] = {}
    total = 0
    for structure in structures.values():
        parts = [*structure.with_role(DescriptorRole.LAYER), *structure.with_role(DescriptorRole.CONFIG)]
        if not parts or any(part.size < 0 for part in parts):
            return None
        own = {part.digest: part.size for part in parts}
        total += sum(own.values())
        sizes |= own
    stored = sum(sizes.values())
    return (stored, total - stored) if structures else None
