"""What the image screen knows about its image. Every pane gets it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeAlias, TypeVar, cast

from ecrtui.ecr.cosign_tags import subject_of_tag
from ecrtui.ecr.digest import is_digest, short_digest
from ecrtui.ecr.findings import FindingCounts, ImageScan, worst_of
from ecrtui.ecr.image import COSIGN_TAG_PREFIX, Image
from ecrtui.ecr.manifest import Descriptor, DescriptorRole, Manifest, ParsedManifest, parse_manifest
from ecrtui.ecr.reference import Reference
from ecrtui.errors import EcrTuiError, NotFound
from ecrtui.tui import blocking

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog
    from ecrtui.ecr.image_config import ImageConfig
    from ecrtui.ecr.referrer import Referrer
    from ecrtui.ecr.repository import Repository
    from ecrtui.session import Session, SessionSource
    from ecrtui.tui.manifest.document import ManifestDocument

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Known: TypeAlias = Result | EcrTuiError | None
"""Something that was read, why it could not be read, or None while it was not read."""


class SharedReads:
    """Reads that several panes need. Each is done once; errors are not kept."""

    def __init__(self) -> None:
        self._futures: dict[Hashable, asyncio.Future[Any]] = {}

    async def once(
        self,
        key: Hashable,
        function: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Return what a blocking function returns; see :meth:`start`."""
        return await asyncio.shield(self.start(key, function, *args, **kwargs))

    def start(
        self,
        key: Hashable,
        function: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> asyncio.Future[Result]:
        """Run a blocking function in a thread, the first time only; return the future of what it returns.

        Args:
            key: names the read.
            function: the function.
            args: its arguments.
            kwargs: its named arguments.
        """
        future = self._futures.get(key)
        if future is None or (future.done() and not self.is_read(key)):
            future = blocking.start_blocking(function, *args, **kwargs)
            self._futures[key] = future
            future.add_done_callback(_take_exception)
        return cast("asyncio.Future[Result]", future)

    @property
    def keys(self) -> frozenset[Hashable]:
        """The keys of what :meth:`once` has read."""
        return frozenset(filter(self.is_read, self._futures))

    def replace(self, key: Hashable, value: object) -> None:
        """Keep a value in place of the one that was read."""
        future = asyncio.get_running_loop().create_future()
        future.set_result(value)
        self._futures[key] = future

    def version_of(self, key: Hashable) -> Hashable:
        """Return an object that stands for what was read: another one for another value, and None before it is read."""
        return self._futures[key] if self.is_read(key) else None

    def is_read(self, key: Hashable) -> bool:
        """Return whether :meth:`once` has read this, so that it returns at once."""
        future = self._futures.get(key)
        return future is not None and future.done() and not future.cancelled() and future.exception() is None


def _take_exception(future: asyncio.Future[Any]) -> None:
    """Take the error of a read that no pane waits for any more; asyncio would print it."""
    if not future.cancelled():
        future.exception()


class PlatformImage(NamedTuple):
    """A platform of an index; or the image itself, if it is not an index.

    Args:
        digest: its digest.
        name: its platform, as in :attr:`ParsedManifest.platforms`; empty for the image itself.
        descriptor: its descriptor in the index; None for the image itself.
        image: its entry of DescribeImages, with its last scan; None if that is not known.
    """

    digest: str
    name: str = ""
    descriptor: Descriptor | None = None
    image: Image | None = None

    @property
    def is_artifact(self) -> bool:
        """True if it is known to be an artifact; see :attr:`ImageKind.is_artifact`."""
        return self.image is not None and self.image.kind.is_artifact

    @property
    def is_listed_artifact(self) -> bool:
        """True for an artifact whose entry in the index does not say that it is one: a chart, a model."""
        return not self.name and self.is_artifact


class ReadManifest(NamedTuple):
    """A manifest that was read, with its exact text, and what it holds."""

    manifest: Manifest
    content: ParsedManifest


@dataclass(frozen=True, slots=True)
class ParentIndex:
    """An index that holds the image.

    Args:
        digest: its digest.
        tags: its tags; None if they are not known.
        platform: the name of the image in it, such as ``linux/amd64``; empty if it has none.
    """

    digest: str
    tags: tuple[str, ...] | None = None
    platform: str = ""


@dataclass(frozen=True)
class Inspected:
    """What is known of an image.

    The properties :attr:`repository`, :attr:`image`, :attr:`text` and :attr:`manifest` raise the EcrTuiError that says
    why they are not known.
    """

    source: SessionSource
    session: Session
    reference: Reference
    """The repository, and the tag or digest that was opened."""
    known_repository: Known[Repository] = None
    known_image: Known[Image] = None
    known_document: Known[ManifestDocument] = None
    """The manifest as text for the screen."""
    known_manifest: Known[ParsedManifest] = None
    """The manifest as it was parsed."""
    platform_images: Mapping[str, Image] = field(default_factory=dict)
    """The platforms of an index by digest: their entries of DescribeImages, with their last scans."""
    missing_platforms: frozenset[str] = frozenset()
    """The digests of the platforms that the repository does not have. They cannot be pulled."""
    platform_digest: str = ""
    """The digest of the platform that the user chose; empty for the one with the worst findings."""
    indexes: tuple[ParentIndex, ...] | None = None
    """The indexes that hold this image; None if none is known."""
    platform_error: EcrTuiError | None = None
    """Why DescribeImages returned nothing about the platforms."""
    scan_error: EcrTuiError | None = None
    """Why the last scans could not be read."""
    listed_images: Callable[[], Sequence[Image] | None] = field(default=lambda: None, compare=False)
    """Returns all images of the repository, if a screen has listed them."""
    reads: SharedReads = field(default_factory=SharedReads, compare=False)
    statements: dict[str, str] = field(default_factory=dict, compare=False)
    """The types of the statements in the contents that were read, by digest. They never change."""

    @property
    def repository_name(self) -> str:
        """The name of the repository."""
        return self.reference.repository

    @property
    def repository(self) -> Repository:
        """The repository. Raises EcrTuiError."""
        return _value(self.known_repository)

    @property
    def image(self) -> Image:
        """The image of the screen, with its last scan if that is known. Raises EcrTuiError."""
        return _value(self.known_image)

    @property
    def digest(self) -> str:
        """The digest of the image of the screen. Raises EcrTuiError."""
        return self.reference.digest or self.image.digest

    @property
    def document(self) -> ManifestDocument:
        """The manifest as text for the screen. Raises EcrTuiError."""
        return _value(self.known_document)

    @property
    def text(self) -> str:
        """The exact text of the manifest. Raises EcrTuiError."""
        return self.document.text

    @property
    def manifest(self) -> ParsedManifest:
        """The parsed manifest. Raises EcrTuiError."""
        return _value(self.known_manifest)

    @property
    def is_read(self) -> bool:
        """True once image and manifest were read, or could not be read."""
        return self.known_image is not None and self.known_manifest is not None

    @property
    def has_error(self) -> bool:
        """True if the repository, the image or its manifest could not be read."""
        known = (self.known_repository, self.known_image, self.known_document)
        return any(isinstance(entry, EcrTuiError) for entry in known)

    @property
    def is_index(self) -> bool:
        """True if the image is an index, as far as that is known."""
        if isinstance(self.known_image, Image) and self.known_image.media_type:
            return self.known_image.kind == "index"
        known = self.known_manifest
        return isinstance(known, ParsedManifest) and bool(known.with_role(DescriptorRole.MANIFEST))

    @property
    def subject(self) -> str:
        """The digest of the image that this one is about: by its manifest, its entry, or a tag of cosign.

        It is empty if there is none.
        """
        image, manifest = self.known_image, self.known_manifest
        found: list[str] = []
        if isinstance(manifest, ParsedManifest):
            found += [entry.digest for entry in manifest.with_role(DescriptorRole.SUBJECT)]
        if isinstance(image, Image):
            found += [image.subject, *(subject_of_tag(tag) for tag in image.tags if tag.startswith(COSIGN_TAG_PREFIX))]
        return next(filter(is_digest, found), "")

    @property
    def may_be_part(self) -> bool:
        """True if an index that is not known can hold the image: it has no tag and no subject."""
        image = self.known_image
        is_bare = isinstance(image, Image) and not image.tags and not image.subject
        return is_bare and not self.indexes and not self.is_index

    @cached_property
    def platforms(self) -> tuple[PlatformImage, ...]:
        """The platforms of an index, in its order, without attestations. The image itself, if it is not an index.

        It is empty until image and manifest were read.
        """
        image, manifest = self.known_image, self.known_manifest
        if not self.is_read or (isinstance(image, EcrTuiError) and isinstance(manifest, EcrTuiError)):
            return ()
        entries = inspected_platforms(
            manifest if isinstance(manifest, ParsedManifest) else ParsedManifest(),
            image if isinstance(image, Image) else None,
            self.digest,
        )
        known = self.platform_images
        return tuple(entry._replace(image=known[entry.digest]) if entry.digest in known else entry for entry in entries)

    @cached_property
    def platform(self) -> PlatformImage | None:
        """The selected platform; None if the image is an index without platforms, or not known."""
        chosen = (entry for entry in self.platforms if entry.digest == self.platform_digest)
        found = [entry for entry in self.platforms if _findings_of(entry)]
        return next(chosen, None) or worst_of(found or self.platforms[:1], _findings_of)

    def require_platform(self) -> PlatformImage:
        """Return the selected platform.

        Raises:
            EcrTuiError: the index has no platforms, or it is not known which.
        """
        if self.platform is not None:
            return self.platform
        if not isinstance(self.known_manifest, ParsedManifest):
            self.manifest  # noqa: B018 - raises the error that says why it is not known
        raise NotFound(
            "This index has no platforms", "No image in it can run.", "Open one of its entries in the manifest pane."
        )

    def with_image(self, image: Image) -> Inspected:
        """Return this with a newer entry of the image, from DescribeImages."""
        before = self.known_image
        known = image.with_scan_of(before) if isinstance(before, Image) else image
        known = replace(known, tags=self.session.order_tags(known.tags))
        return replace(self, known_image=known, reference=self.reference._replace(digest=image.digest))

    def with_platform_images(self, images: Iterable[Image]) -> Inspected:
        """Return this with newer entries of the platforms, from DescribeImages."""
        known = dict(self.platform_images)
        for image in images:
            known[image.digest] = image.with_scan_of(known.get(image.digest))
        return replace(self, platform_images=known)

    def with_scans(self, scans: Mapping[str, ImageScan]) -> Inspected:
        """Return this with newer scans of the image and its platforms, by digest."""
        known, own = self.platform_images, self.known_image
        scanned = {digest: known[digest].with_scan(scan) for digest, scan in scans.items() if digest in known}
        if isinstance(own, Image) and own.digest in scans:
            own = own.with_scan(scans[own.digest])
        return replace(self, platform_images={**known, **scanned}, known_image=own)

    async def manifest_of(self, digest: str) -> ReadManifest:
        """Return the manifest of an image of the repository. Call it only for what the user asked for.

        ECR records it as a pull, unless the manifest is kept. Raises EcrTuiError.
        """
        read = await asyncio.shield(self.start_manifest_of(digest))
        blocking.start_blocking(self.session.catalog.store_manifests)
        return read

    def start_manifest_of(self, digest: str) -> asyncio.Future[ReadManifest]:
        """Start to read a manifest and parse it; see :meth:`manifest_of`.

        One thread does both, so that parsing does not wait for the thread that draws. The caller stores the manifest in
        the cache (``store_manifests``) after it is on the screen: for a large manifest, that takes 10 ms.
        """
        key = ("manifest", digest)
        return self.reads.start(key, _read_manifest, self.session.catalog, self.repository_name, digest)

    async def config_of(self, descriptor: Descriptor) -> ImageConfig:
        """Return the config that a manifest of the repository names. ECR records no pull. Raises EcrTuiError."""
        read = self.session.catalog.config
        return await self.reads.once(("config", descriptor.digest), read, self.repository_name, descriptor)

    @property
    def read_manifests(self) -> frozenset[Hashable]:
        """What names the manifests that :meth:`manifest_of` has read."""
        return frozenset(key for key in self.reads.keys if isinstance(key, tuple) and key[0] == "manifest")

    async def referrers_of(self, digest: str) -> tuple[Referrer, ...]:
        """Return the referrers of an image of the repository. Raises EcrTuiError."""
        registry = self.session.registry
        registry.capabilities.require("referrers")
        return await self.reads.once(("referrers", digest), registry.referrers, self.repository_name, digest)


def _read_manifest(catalog: Catalog, repository: str, digest: str) -> ReadManifest:
    manifest = catalog.read_manifest(repository, digest)
    return ReadManifest(manifest, parse_for_screen(manifest.text))


def parse_for_screen(text: str) -> ParsedManifest:
    """Parse a manifest, and find its platforms and artifacts here, not in the thread that draws."""
    parsed = parse_manifest(text)
    _ = parsed.platform_names, parsed.artifact_entries
    return parsed


def index_in_index(what: str, digest: str) -> NotFound:
    """Return the error for what an index in the index does not have itself, such as ``config``."""
    return NotFound(f"No {what}", f"{short_digest(digest)} is an index in the index.", "Open it first.")


def inspected_platforms(manifest: ParsedManifest, image: Image | None, digest: str) -> tuple[PlatformImage, ...]:
    """Return the platforms of an index; the image itself, if it is none.

    Args:
        manifest: the manifest; an empty one if it is not known.
        image: its entry of DescribeImages; None if that is not known.
        digest: the digest of the image.
    """
    if not manifest.with_role(DescriptorRole.MANIFEST) and not (image is not None and image.kind == "index"):
        return (PlatformImage(digest, image=image),)
    names = manifest.platform_names
    entries = {
        entry.digest: PlatformImage(entry.digest, names.get(entry.digest, ""), entry)
        for entry in manifest.platform_entries
    }
    return tuple(entries.values())


def tags_by_digest(session: Session, images: Iterable[Image]) -> Mapping[str, tuple[str, ...]]:
    """Return the tags of images by their digests, in the order in which they are shown.

    Run it in a thread: there can be 100,000 images.
    """
    return {image.digest: session.order_tags(image.tags) for image in images}


def _findings_of(entry: PlatformImage) -> FindingCounts | None:
    return None if entry.image is None else entry.image.findings


def _value(known: Known[Result]) -> Result:
    if isinstance(known, EcrTuiError):
        raise known
    if known is None:
        raise EcrTuiError("This was not read yet")
    return known
