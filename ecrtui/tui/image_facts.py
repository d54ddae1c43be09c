"""What is at hand of the selected image, beside the list of images. No request is sent for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from textual import events

from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.manifest import ParsedManifest, parse_manifest
from ecrtui.ecr.reference import Reference
from ecrtui.errors import EcrTuiError, NotFound
from ecrtui.inspect.overview import TagOrigin, tag_origins
from ecrtui.retag.planner import WritePolicy
from ecrtui.session import Session, SessionSource
from ecrtui.tui import blocking
from ecrtui.tui.bindings import key_hint
from ecrtui.tui.inspector.inspected import Inspected, Known, ParentIndex
from ecrtui.tui.inspector.overview_data import OverviewData
from ecrtui.tui.inspector.overview_text import known_facts
from ecrtui.tui.text_document import EMPTY_TEXT
from ecrtui.tui.textual_fixes.bare_lines import BareLines
from ecrtui.tui.widgets.text_view import TextView

_NOT_READ = NotFound("its manifest was not read")


class ImageFacts(TextView, BareLines, can_focus=False):
    """The tags, platforms, findings and writes of an image, as far as they are at hand."""

    DEFAULT_CSS = "ImageFacts { padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__(id="facts")
        self._data: OverviewData | None = None

    def show_data(self, data: OverviewData | None) -> None:
        """Show these facts; None for no image. Facts without writes keep the writes that are shown of the image."""
        self._data = _with_shown_origins(data, self._data)
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        width = self.scrollable_content_region.width
        if self._data is None or not width:
            self.show(EMPTY_TEXT)
            return
        hints = (key_hint(self, "row.open", "opens it"), key_hint(self, "images.manifest", "its manifest"))
        self.revise(known_facts(self._data, width, time.time(), " · ".join(filter(None, hints))))
        self.action_top()


def _with_shown_origins(data: OverviewData | None, shown: OverviewData | None) -> OverviewData | None:
    """Return facts; those without writes get the ones that are shown of the same image with the same tags."""
    if data is None or shown is None or data.origins is not None:
        return data
    image, before = data.inspected.image, shown.inspected.image
    is_same = (image.digest, image.tags) == (before.digest, before.tags)
    return replace(data, origins=shown.origins) if is_same else data


class KnownImages:
    """Collects what is at hand of one image after the other of a repository.

    Args:
        source: the connection.
        groups: the parts of the indexes.
        find: returns a listed image by its digest.
    """

    def __init__(self, source: SessionSource, groups: ImageGroups, find: Callable[[str], Image | None]) -> None:
        self._source = source
        self._groups = groups
        self._find = find
        self._parsed: Mapping[str, ParsedManifest] = {}
        """The manifests of the last image and of its platforms. An index can be large, and is shown several times."""

    async def facts(self, session: Session, repository: str, image: Image, *, writes: bool) -> OverviewData:
        """Return what is at hand of an image.

        Args:
            session: the session.
            repository: the name of the repository.
            image: the image.
            writes: whether to look for the writes of its tags in the journal.
        """
        known = await blocking.run_blocking(_structures, session, repository, image.digest, self._parsed)
        self._parsed = known
        manifest = known.get(image.digest)
        unread = _NOT_READ if image.kind is ImageKind.INDEX else ParsedManifest()
        parts = (self._find(part.digest) for part in self._groups.platforms(image.digest))
        policy = WritePolicy(session.settings.protected_tags)
        inspected = Inspected(
            self._source,
            session,
            Reference(repository, digest=image.digest),
            known_image=replace(image, tags=policy.order_tags(image.tags)),
            known_manifest=manifest or unread,
            platform_images={part.digest: part for part in parts if part is not None},
            indexes=self._indexes(session, image.digest),
            listed_images=tuple,
        )
        return OverviewData(
            inspected,
            protected=frozenset(filter(policy.protects, image.tags)),
            structures={digest: parsed for digest, parsed in known.items() if digest != image.digest},
            origins=await _origins(session, repository, image) if writes else None,
            pull_times=session.registry.capabilities.pull_times,
        )

    def _indexes(self, session: Session, digest: str) -> tuple[ParentIndex, ...] | None:
        index = self._groups.index_of(digest)
        if not index:
            return None
        listed = self._find(index)
        return (ParentIndex(index, None if listed is None else session.order_tags(listed.tags)),)


def _structures(
    session: Session, repository: str, digest: str, parsed: Mapping[str, ParsedManifest]
) -> Mapping[str, ParsedManifest]:
    """Return the kept manifests of an image and of its platforms, by digest.

    Args:
        session: the session.
        repository: the name of the repository.
        digest: the image.
        parsed: manifests that were parsed before. They never change.
    """

    def kept(digests: Sequence[str]) -> Mapping[str, ParsedManifest]:
        found = {digest: parsed[digest] for digest in digests if digest in parsed}
        missing = [digest for digest in digests if digest not in found]
        manifests = session.catalog.kept_manifests(repository, missing)
        return found | {manifest.digest: parse_manifest(manifest.text) for manifest in manifests}

    own = kept([digest])
    platforms = [entry.digest for manifest in own.values() for entry in manifest.platform_entries]
    for manifest in own.values():
        _ = manifest.platform_names  # found here, and not in the thread that draws
    return {**own, **kept(platforms)}


async def _origins(session: Session, repository: str, image: Image) -> Known[Sequence[TagOrigin]]:
    try:
        return await blocking.run_blocking(
            lambda: tag_origins(image, session.engine.history.search(repository, tags=image.tags))
        )
    except EcrTuiError as error:
        return error
