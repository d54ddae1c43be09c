"""The manifest preview beside the list of images: what is shown, and what may be read ahead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ecrtui.catalog.read_ahead import may_read_ahead
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.documents import image_document
from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import DescriptorRole, Manifest, parse_manifest
from ecrtui.errors import EcrTuiError
from ecrtui.session import Session
from ecrtui.tui import blocking, details
from ecrtui.tui.bindings import press
from ecrtui.tui.manifest.document import EMPTY, ManifestDocument, prepare_manifest
from ecrtui.tui.manifest.view import ManifestView

PREVIEW_DELAY = 0.15
"""Seconds that the cursor rests on an image before its manifest is requested."""

PREFETCH_RADIUS = 25
"""Images above and below the cursor whose manifests are read ahead; one request takes 100."""


class ManifestPreview:
    """Shows the manifest of the selected image, and reads the manifests around it ahead.

    Args:
        repository: the repository of the images.
    """

    def __init__(self, repository: str) -> None:
        self.repository = repository
        self.platforms: dict[str, str] = {}
        """By digest: the platforms of each index that was read, and the index that each part belongs to."""
        self._shown_digest = ""
        self._may_read_ahead = False
        self._decided_for: str | None = None
        """The caller for whom that was found out. New credentials can be those of another role."""

    def is_showing(self, image: Image) -> bool:
        """Return True if the view has the manifest of this image."""
        return image.digest == self._shown_digest

    async def show(self, view: ManifestView, session: Session, image: Image) -> bool:
        """Show the manifest if it was read already; return False, and leave the view as it is, if not."""
        if not self.is_showing(image):
            manifest = session.catalog.known_manifest(self.repository, image.digest)
            if manifest is None:
                return False
            view.show(await blocking.run_blocking(prepare_manifest, manifest.text))
            self._shown_digest = image.digest
        return True

    def clear(self, view: ManifestView, image: Image | None) -> None:
        """Show the entry of the image in the listing, because its manifest was not read."""
        self._shown_digest = ""
        if image is None:
            view.show(EMPTY)
        else:
            facts = details.as_text(image_document(self.repository, image))
            note = f"The manifest was not read. {press(view, 'row.open', 'read it')}"
            view.show(prepare_manifest(f"{facts}\n\n{note}".rstrip()))

    def shown(self, view: ManifestView, image: Image) -> ManifestDocument | None:
        """Return the manifest of this image if the view has it."""
        return view.prepared if self.is_showing(image) else None

    async def read_ahead(self, session: Session, images: Iterable[Image]) -> bool:
        """Read the manifests of these images; return True if platforms were found.

        Ignore errors: prefetching is optional, and opening an image shows its error.
        """
        try:
            if not await self._is_reading_ahead_allowed(session):
                return False
            digests = [image.digest for image in images if not image.archived]
            manifests = await blocking.run_blocking(session.catalog.prefetch, self.repository, digests)
        except EcrTuiError:
            return False
        indexes = [manifest for manifest in manifests if manifest.is_index and manifest.digest not in self.platforms]
        if indexes:
            self.platforms |= await blocking.run_blocking(platforms_by_digest, indexes)
        return bool(indexes)

    async def _is_reading_ahead_allowed(self, session: Session) -> bool:
        caller = await blocking.run_blocking(session.registry.identity)
        if caller != self._decided_for:
            self._may_read_ahead = await blocking.run_blocking(
                may_read_ahead, session.registry, session.settings.prefetch, self.repository
            )
            self._decided_for = caller
        return self._may_read_ahead


def platforms_by_digest(indexes: Sequence[Manifest]) -> dict[str, str]:
    """Return the platforms of each index, and for each of its parts the index; ``linux/`` is left out."""
    found: dict[str, str] = {}
    for index in indexes:
        parsed = parse_manifest(index.text)
        names = parsed.platform_names
        found[index.digest] = " ".join(platform.removeprefix("linux/") for platform in parsed.platforms)
        for part in parsed.with_role(DescriptorRole.MANIFEST):
            name = names.get(part.digest, str(part.kind)).removeprefix("linux/")
            found.setdefault(part.digest, f"{name} of {short_digest(index.digest)}")
    return found
