"""Read an image for its screen: first what every pane needs, then the platforms, their scans and the indexes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import replace

from ecrtui.catalog.image_lookup import find_image
from ecrtui.catalog.kept_indexes import kept_indexes_of
from ecrtui.ecr.findings import PENDING
from ecrtui.ecr.image import Image
from ecrtui.errors import EcrTuiError
from ecrtui.session import Session
from ecrtui.tui import blocking
from ecrtui.tui.inspector.inspected import Inspected, ParentIndex, SharedReads, parse_for_screen, tags_by_digest
from ecrtui.tui.manifest.document import ManifestDocument, prepare_manifest


class ImageLoader:
    """Reads an image, and publishes what is known after each read.

    What cannot be read is published as its error, so that one refusal does not hide the rest.

    Args:
        inspected: what is known at first.
        publish: shows what :attr:`inspected` has now.
        draw: waits until the screen has drawn what was published. Work on a long text delays the drawing.
        parent: the digest of the index that the image was found in; empty if it is not known.
    """

    def __init__(
        self,
        inspected: Inspected,
        publish: Callable[[], None],
        draw: Callable[[], Awaitable[None]],
        parent: str,
    ) -> None:
        self.inspected = inspected
        self._publish = publish
        self._draw = draw
        self._parent = parent
        self._requested = self._answered = 0
        """The numbers of the last request for the image, and of the last one whose answer is published."""
        self._described: Image | None = None
        """The last answer, with its scan if that needs no request; None before there is one."""

    async def load(self) -> None:
        """Read everything once."""
        reads = asyncio.gather(self._read_repository(), self._read_image_and_relations())
        await asyncio.sleep(0)  # the requests leave before the screen builds what will show the replies
        self._publish()
        await reads

    async def load_image(self) -> None:
        """Read the image again; its tags may have changed."""
        await self._read_image()

    async def read_pending_scans(self) -> bool:
        """Read again the scans that had not finished. Return True if one has finished since.

        Raises EcrTuiError.
        """
        own = self.inspected.known_image
        images = [*self.inspected.platform_images.values(), *([own] if isinstance(own, Image) else [])]
        pending = [image.digest for image in images if image.scan_status in PENDING]
        if not pending:
            return False
        has_finished = False
        with closing(self._session.catalog.scans(self.inspected.repository_name, pending)) as reading:
            async for batch in blocking.iterate_blocking(reading):
                finished = {digest: scan for digest, scan in batch.scans.items() if scan.status not in PENDING}
                if finished:
                    has_finished = True
                    self.inspected = self.inspected.with_scans(finished)
                    self._publish()
        return has_finished

    def choose_platform(self, digest: str) -> None:
        """Select a platform."""
        self._publish_change(platform_digest=digest)

    def _publish_change(self, **changes: object) -> None:
        self.inspected = replace(self.inspected, **changes)  # type: ignore[arg-type]  # the callers name its members
        self._publish()

    @property
    def _session(self) -> Session:
        return self.inspected.session

    async def _read_repository(self) -> None:
        name = self.inspected.repository_name
        try:
            repository = await blocking.run_blocking(self._session.registry.repository, name)
        except EcrTuiError as error:
            self._publish_change(known_repository=error)
        else:
            self._publish_change(known_repository=repository)

    async def _read_image_and_relations(self) -> None:
        await self._read_image_and_manifest()
        await asyncio.gather(self._read_platforms_and_scans(), self._find_indexes())

    async def _read_image_and_manifest(self) -> None:
        if self.inspected.reference.digest:
            image = asyncio.ensure_future(self._read_image())
            try:
                await self._read_manifest()
                await image
            finally:
                image.cancel()  # after a refresh, its result would be old
            return
        await self._read_image()
        if isinstance(self.inspected.known_image, EcrTuiError):
            error = self.inspected.known_image
            self._publish_change(known_document=error, known_manifest=error)
        else:
            await self._read_manifest()

    async def _read_image(self) -> None:
        reference = self.inspected.reference
        self._requested = number = self._requested + 1
        found: Image | EcrTuiError
        try:
            found = await blocking.run_blocking(find_image, self._session.registry, reference)
        except EcrTuiError as error:
            found = error
        if number < self._answered:  # a write or a watch has asked again, and has its answer
            return
        self._answered = number
        if isinstance(found, EcrTuiError):
            self._publish_change(known_image=found)
            return
        (self._described,) = self._session.catalog.known_scans.add_to(reference.repository, [found])
        self.inspected = self.inspected.with_image(self._described)
        self._publish()

    async def _read_manifest(self) -> None:
        """Read the manifest and parse it; then prepare its text for the screen, unless that is there already."""
        document = self.inspected.known_document
        if isinstance(document, ManifestDocument):
            await self._draw()
            self._publish_change(known_manifest=await blocking.run_blocking(parse_for_screen, document.text))
            return
        try:
            read = await asyncio.shield(self.inspected.start_manifest_of(self.inspected.digest))
        except EcrTuiError as error:
            self._publish_change(known_document=error, known_manifest=error)
            return
        try:
            self._publish_change(known_manifest=read.content)
            await self._draw()
            self._publish_change(known_document=await blocking.run_blocking(prepare_manifest, read.manifest.text))
        finally:
            blocking.start_blocking(self._session.catalog.store_manifests)

    async def _read_platforms_and_scans(self) -> None:
        inspected = self.inspected
        if not inspected.platforms:
            return
        images: Sequence[Image] = () if self._described is None else (self._described,)
        if inspected.is_index:
            digests = [entry.digest for entry in inspected.platforms]
            try:
                images = await inspected.reads.once(
                    "platforms", self._session.registry.images_by_digest, inspected.repository_name, digests
                )
            except EcrTuiError as error:
                self._publish_change(platform_error=error)
                return
            images = self._session.catalog.known_scans.add_to(inspected.repository_name, images)
            missing = frozenset(digests).difference(image.digest for image in images)
            self.inspected = replace(self.inspected.with_platform_images(images), missing_platforms=missing)
            self._publish()
        await self._read_scans([image for image in images if not image.scan_known])

    async def _read_scans(self, images: Sequence[Image]) -> None:
        """Read the last scans that are not known."""
        if not images:
            return
        name, digests = self.inspected.repository_name, [image.digest for image in images]
        try:
            with closing(self._session.catalog.scans(name, digests)) as reading:
                async for batch in blocking.iterate_blocking(reading):
                    self.inspected = self.inspected.with_scans(batch.scans)
                    self._publish()
        except EcrTuiError as error:
            self._publish_change(scan_error=error)

    async def _find_indexes(self) -> None:
        """Find the indexes that hold the image: the one it was opened from, and those whose manifests are kept."""
        inspected = self.inspected
        if inspected.is_index or isinstance(inspected.known_image, EcrTuiError):
            return
        name, digest = inspected.repository_name, inspected.digest
        listed = inspected.listed_images()
        if listed is None:
            listed = await blocking.run_blocking(_cached_images, inspected)
        found = await blocking.run_blocking(
            kept_indexes_of, self._session.catalog, name, digest, listed, (self._parent,) if self._parent else ()
        )
        tags = await blocking.run_blocking(tags_by_digest, self._session, listed)
        missing = [index for index in found if index not in tags]
        if missing:
            try:
                images = await blocking.run_blocking(self._session.registry.images_by_digest, name, missing)
            except EcrTuiError:
                images = ()  # the indexes are shown without their tags
            tags = {**tags, **tags_by_digest(self._session, images)}
        indexes = (ParentIndex(index, tags.get(index), platform) for index, platform in found.items())
        self._publish_change(indexes=tuple(indexes) or None)


def _cached_images(inspected: Inspected) -> Sequence[Image]:
    cache = inspected.source.cached_snapshot()
    known = None if cache is None else cache.images(inspected.repository_name)
    return () if known is None else tuple(known.items)


def without_errors(inspected: Inspected) -> Inspected:
    """Return what is known, without what could not be read, to read it again."""
    errors = {
        name: None
        for name in ("known_repository", "known_image", "known_document", "known_manifest")
        if isinstance(getattr(inspected, name), EcrTuiError)
    }
    return replace(inspected, **errors, scan_error=None, platform_error=None, reads=SharedReads())  # type: ignore[arg-type]
