"""Manifests: their exact text, and the descriptors in it (OCI image spec, Docker image manifest v2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import chain
from typing import Any

from ecrtui.ecr.digest import digest_of, is_digest, short_digest
from ecrtui.ecr.image import ImageKind, image_kind, is_image_config, is_index
from ecrtui.ecr.json_values import parse_json, to_list, to_mapping, to_size, to_text

MAX_LENGTH = 4_194_304
"""Characters that PutImage accepts in a manifest (maximum of ``ImageManifest``)."""

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
MEDIA_TYPES = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST, DOCKER_SCHEMA1_SIGNED, DOCKER_SCHEMA1)
"""Every media type of a manifest. BatchGetImage returns a manifest unconverted only if its media type is named."""

OCI_EMPTY = "application/vnd.oci.empty.v1+json"
"""The media type of a blob that stands for no content: of a config, or of the only layer (OCI image spec)."""

ATTESTED = "vnd.docker.reference.digest"
"""The annotation of an attestation manifest with the digest of the manifest that it is about (BuildKit)."""

SOCI_IMAGE = "com.amazon.soci.image-manifest-digest"
"""The annotation of a SOCI index, as an entry of an index, with the digest of the image that it is about (SOCI v2)."""

_UNKNOWN = "unknown"
"""Operating system and architecture of an entry of an index that is not an image, as BuildKit writes it."""


class DescriptorRole(StrEnum):
    """The role of a descriptor in its manifest."""

    MANIFEST = "manifest"
    SUBJECT = "subject"
    CONFIG = "config"
    LAYER = "layer"
    REFERRER = "referrer"
    """Not in the manifest: the registry lists it (ListImageReferrers)."""


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform of a manifest in an index (OCI image index, ``platform``)."""

    os: str = ""
    architecture: str = ""
    variant: str = ""
    os_version: str = ""
    features: tuple[str, ...] = ()
    """``os.features``, and ``features`` of a Docker manifest list."""

    def __str__(self) -> str:
        return self._joined(self.os)

    def __bool__(self) -> bool:
        """Return True if the descriptor states a platform."""
        return bool(self.os or self.architecture or self.variant)

    @property
    def is_unknown(self) -> bool:
        """True for ``unknown/unknown``, the platform of an attestation or another artifact in an index."""
        return self.os == self.architecture == _UNKNOWN

    @property
    def with_version(self) -> str:
        """The platform with ``os.version``: ``windows(10.0.20348.2762)/amd64``, as containerd writes it."""
        return self._joined(f"{self.os}({self.os_version})" if self.os_version else self.os)

    @property
    def full(self) -> str:
        """The platform with ``os.version`` and ``os.features``: ``windows(10.0.20348.2762+win32k)/amd64``."""
        details = "".join([self.os_version, *(f"+{feature}" for feature in sorted(self.features))])
        return self._joined(f"{self.os}({details})" if details else self.os)

    def _joined(self, system: str) -> str:
        return "/".join(part for part in (system, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference from a manifest to content (OCI descriptor). The size is in bytes; -1 if it is unknown."""

    role: DescriptorRole
    digest: str
    media_type: str = ""
    size: int = -1
    platform: Platform = field(default_factory=Platform)
    """Empty if the descriptor has none."""
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    external: bool = False
    """True if the content can be elsewhere (``urls``): a registry need not have it."""

    @property
    def is_image(self) -> bool:
        """True if the descriptor refers to a manifest, which can be tagged, and not to a blob, which cannot."""
        return self.role in _ROLES_OF_IMAGES and is_digest(self.digest)

    @property
    def kind(self) -> ImageKind:
        """The kind of the manifest, as far as its descriptor says. A descriptor that is not of an image says little."""
        if self.is_attestation:
            return ImageKind.ATTESTATION
        kind = image_kind(self.media_type, self.artifact_type, (), predicate_types(self.annotations))
        is_other = self.platform.is_unknown or self.media_type not in ("", *MEDIA_TYPES)
        return ImageKind.ARTIFACT if kind is ImageKind.IMAGE and is_other else kind

    @property
    def is_attestation(self) -> bool:
        """True if this is an attestation manifest of BuildKit, not a platform of the image."""
        return self.annotations.get("vnd.docker.reference.type") == "attestation-manifest"

    @property
    def about(self) -> str:
        """The digest of the image in the same index that this attestation or artifact is about; empty if unknown."""
        return self.annotations.get(ATTESTED) or self.annotations.get(SOCI_IMAGE, "")

    @property
    def is_container(self) -> bool:
        """True for a container image or a nested index, as far as the entry of an index says."""
        return self.is_image and self.kind in (ImageKind.IMAGE, ImageKind.INDEX)


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation of a manifest. A digest in it says nothing about what it refers to."""

    name: str
    value: str
    digest: str = ""
    """The digest in the value; empty if it has none."""


Part = Descriptor | Annotation
"""A part of a manifest: a descriptor or an annotation."""

_ROLES_OF_IMAGES = (DescriptorRole.MANIFEST, DescriptorRole.SUBJECT, DescriptorRole.REFERRER)
PREDICATE_TYPE = "in-toto.io/predicate-type"
"""The annotation with which BuildKit names the type of a statement."""
MESSAGE_SIGNATURE = "message-signature"
"""What the annotations of a sigstore bundle call a signature without a statement."""
_PREDICATE_ANNOTATIONS = ("dev.sigstore.bundle.predicateType", PREDICATE_TYPE, "predicateType")
"""The annotations that name the type of a statement: of sigstore bundles, and of layers by BuildKit and cosign."""


@dataclass(frozen=True)
class ParsedManifest:
    """The content of a manifest."""

    schema_version: int = 2
    """1 for Docker schema 1, whose config is in the manifest itself."""
    media_type: str = ""
    artifact_type: str = ""
    descriptors: tuple[Descriptor, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    """The reason why the manifest could not be parsed; empty if it could."""

    def with_role(self, role: DescriptorRole) -> tuple[Descriptor, ...]:
        """Return the descriptors with this role, in the order of the manifest."""
        return tuple(descriptor for descriptor in self.descriptors if descriptor.role is role)

    @property
    def config(self) -> Descriptor | None:
        """The config of an image; None for an index."""
        return next(iter(self.with_role(DescriptorRole.CONFIG)), None)

    @cached_property
    def platform_names(self) -> Mapping[str, str]:
        """By digest: the platform of each entry of an index that states one, named as in :attr:`platforms`."""
        entries = self.platform_entries
        names: dict[str, dict[str, None]] = {}
        for entry, name in zip(entries, _platform_names(entries), strict=True):
            if entry.platform:
                names.setdefault(entry.digest, {})[name] = None  # an index can repeat an entry
        return {digest: ", ".join(own) for digest, own in names.items()}

    @property
    def platforms(self) -> tuple[str, ...]:
        """The names of :attr:`platform_entries`.

        A name has ``os.version`` and ``os.features`` where they distinguish it, and else a part of the digest. An entry
        that states no platform has the short digest as its name.
        """
        return tuple(_platform_names(self.platform_entries))

    @cached_property
    def platform_entries(self) -> Sequence[Descriptor]:
        """The entries of an index that a client chooses from: its images and nested indexes, in its order.

        They need not state a platform. All other entries are :attr:`artifact_entries`, even those with a platform: in
        SOCI v2 it is that of the image that the artifact is about. But where an index has artifacts alone, such as
        modules of WebAssembly, a client chooses from those that state a platform.
        """
        entries = [entry for entry in self.with_role(DescriptorRole.MANIFEST) if entry.is_image]
        return [entry for entry in entries if entry.is_container] or [
            entry for entry in entries if entry.platform and not entry.platform.is_unknown and not entry.is_attestation
        ]

    @cached_property
    def artifact_entries(self) -> Sequence[Descriptor]:
        """The entries of an index that are not platforms: attestations and other artifacts, in its order."""
        platforms = {entry.digest for entry in self.platform_entries}
        return [
            entry
            for entry in self.with_role(DescriptorRole.MANIFEST)
            if entry.is_image and entry.digest not in platforms
        ]

    @property
    def layers_size(self) -> int | None:
        """The stored size of all layers in bytes; None if the manifest does not state it (Docker schema 1)."""
        sizes = [descriptor.size for descriptor in self.with_role(DescriptorRole.LAYER)]
        return None if any(size < 0 for size in sizes) else sum(sizes)

    def kind(self, media_type: str = "", tags: tuple[str, ...] = ()) -> ImageKind:
        """Return the kind of the image: by its tags, then by what the manifest holds.

        Args:
            media_type: the media type that the registry has for it, for a manifest that does not name its own.
            tags: its tags.
        """
        layers = self.with_role(DescriptorRole.LAYER)
        own = self.media_type or media_type
        if not own and self.with_role(DescriptorRole.MANIFEST):
            own = OCI_INDEX
        config = self.config.media_type if self.config else ""
        has_files = any(_is_file_system(layer.media_type) for layer in layers)
        artifact = self.artifact_type or config
        known = [predicate for entries in self._all_annotations(layers) for predicate in predicate_types(entries)]
        kind = image_kind(own, artifact, tags, known)
        runs = has_files and is_image_config(config) and not self.with_role(DescriptorRole.SUBJECT)
        if kind is ImageKind.ARTIFACT and runs:  # a container image can have an artifact type of its own, too
            return image_kind(own, config, tags, known)
        if kind is not ImageKind.IMAGE or has_files or not layers:
            return kind
        return image_kind(own, layers[0].media_type, tags, known)

    def annotation_with(self, digest: str) -> Annotation:
        """Return the annotation of the manifest or of a descriptor that contains this digest, which no descriptor has.

        The name is empty if the digest is not in an annotation.
        """
        pairs = chain.from_iterable(entries.items() for entries in self._all_annotations(self.descriptors))
        name, value = next(((name, value) for name, value in pairs if digest in value), ("", digest))
        return Annotation(name, value, digest)

    def _all_annotations(self, parts: Iterable[Descriptor]) -> Iterable[Mapping[str, str]]:
        """Return the annotations of the manifest, then those of these parts."""
        return (self.annotations, *(part.annotations for part in parts))


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest with the exact text of the registry, never parsed and re-serialized."""

    text: str
    digest: str
    media_type: str

    @property
    def intact(self) -> bool:
        """True if the digest is the digest of the text."""
        return digest_of(self.text) == self.digest

    @property
    def is_index(self) -> bool:
        """True for an OCI index or a Docker manifest list."""
        return is_index(self.media_type)


def parse_manifest(text: str) -> ParsedManifest:
    """Parse a manifest. Return a manifest with a ``problem`` for any other text; never raise."""
    try:
        document = parse_json(text)
    except ValueError as problem:
        return ParsedManifest(problem=f"not JSON: {problem}")
    return _from_json(document) if isinstance(document, dict) else ParsedManifest(problem="not a JSON object")


def predicate_types(annotations: Mapping[str, str]) -> Sequence[str]:
    """Return the types of the statements that the annotations of a manifest, a layer or a referrer name.

    ``dev.sigstore.bundle.content`` has no predicate type where the bundle is a plain signature.
    """
    named = [annotations[name] for name in _PREDICATE_ANNOTATIONS if annotations.get(name)]
    content = annotations.get("dev.sigstore.bundle.content", "")
    return named or ([content] if content == MESSAGE_SIGNATURE else [])


def _platform_names(entries: Sequence[Descriptor]) -> Sequence[str]:
    """Return the name of each platform, longer where the short ones are not distinct."""
    names = [str(entry.platform) or short_digest(entry.digest) for entry in entries]
    for longer in (
        lambda entry: entry.platform.with_version,
        lambda entry: entry.platform.full,
        lambda entry: f"{entry.platform.full}@{short_digest(entry.digest)}",
    ):
        if len(set(names)) == len(names):
            break
        known = {(name, entry.digest, entry.platform) for name, entry in zip(names, entries, strict=True)}
        uses = Counter(name for name, _, _ in known)
        names = [
            longer(entry) if uses[name] > 1 and entry.platform else name
            for entry, name in zip(entries, names, strict=True)
        ]
    return names


def _is_file_system(media_type: str) -> bool:
    """Return True for a layer of a container image; also for one without a media type (Docker schema 1)."""
    return not media_type or ".image.layer." in media_type or ".image.rootfs." in media_type


def _from_json(document: Mapping[str, Any]) -> ParsedManifest:
    return ParsedManifest(
        schema_version=1 if document.get("schemaVersion") == 1 else 2,
        media_type=to_text(document.get("mediaType")),
        artifact_type=to_text(document.get("artifactType")),
        descriptors=tuple(_descriptors(document)),
        annotations=_annotations(document.get("annotations")),
    )


def _descriptors(document: Mapping[str, Any]) -> Iterator[Descriptor]:
    for key, role in (
        ("manifests", DescriptorRole.MANIFEST),
        ("config", DescriptorRole.CONFIG),
        ("layers", DescriptorRole.LAYER),
        ("subject", DescriptorRole.SUBJECT),
    ):
        value = document.get(key)
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, dict):
                yield _descriptor(role, entry)
    for entry in to_list(document.get("fsLayers")):  # Docker schema 1
        if isinstance(entry, dict):
            yield Descriptor(DescriptorRole.LAYER, to_text(entry.get("blobSum")))


def _descriptor(role: DescriptorRole, entry: Mapping[str, Any]) -> Descriptor:
    return Descriptor(
        role=role,
        digest=to_text(entry.get("digest")),
        media_type=to_text(entry.get("mediaType")),
        size=to_size(entry.get("size")),
        platform=_platform(entry.get("platform")),
        artifact_type=to_text(entry.get("artifactType")),
        annotations=_annotations(entry.get("annotations")),
        external=bool(to_list(entry.get("urls"))),
    )


def _platform(value: object) -> Platform:
    members = to_mapping(value)
    return Platform(
        to_text(members.get("os")),
        to_text(members.get("architecture")),
        to_text(members.get("variant")),
        to_text(members.get("os.version")),
        tuple(to_text(entry) for name in ("os.features", "features") for entry in to_list(members.get(name))),
    )


def _annotations(value: object) -> Mapping[str, str]:
    members = to_mapping(value)
    try:
        is_plain = "".join(members.values()).isascii()  # as fast as in to_mapping()
    except TypeError:  # some values are not texts
        is_plain = False
    return members if is_plain else {key: to_text(entry) for key, entry in members.items()}
