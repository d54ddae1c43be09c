"""The actions on the image of the image screen, or on the part of it under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from textual import work
from textual.reactive import var

from ecrtui.catalog.image_lookup import find_image
from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Annotation, DescriptorRole, ParsedManifest, Part
from ecrtui.ecr.put_image_request import PutImageRequest
from ecrtui.ecr.reference import Reference
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.text_formats import Texts
from ecrtui.errors import EcrTuiError, ErrorKind, NotFound
from ecrtui.retag.write_history import WriteTarget
from ecrtui.tui import blocking, messages
from ecrtui.tui.clipboard.copy_items import copy_items_for_image, copy_words
from ecrtui.tui.comparison.actions import CompareMixin
from ecrtui.tui.inspector.inspected import Inspected
from ecrtui.tui.inspector.pane import OpenPart, Pane
from ecrtui.tui.lifecycle_action import LifecycleMixin
from ecrtui.tui.manifest import facts
from ecrtui.tui.promote.actions import PromoteMixin
from ecrtui.tui.retag.actions import RetagMixin
from ecrtui.tui.retag.undo import UndoMixin
from ecrtui.tui.saving import text_items

_OF_IMAGE = ("retag", "promote", "undo", "redo")
"""The actions that need the image; there is nothing to do if it does not exist."""


class PartActionsMixin(RetagMixin, UndoMixin, LifecycleMixin, PromoteMixin, CompareMixin):
    """A screen with one image whose panes let the user pick a part of it, such as a platform or a signature."""

    repository_name: str
    subject: str
    """The digest or the tag that was opened."""
    inspected: var[Inspected | None]
    """What is known of the image; None before there is a session."""

    @property
    def pane(self) -> Pane[Any] | None:
        """The pane on the screen; None while there is none."""
        raise NotImplementedError

    async def show_pane(self, pane_id: str, platform: str = "") -> None:
        """Show a pane. Before that, select the platform with this digest; an empty one keeps the selected one."""
        raise NotImplementedError

    @property
    def image(self) -> Image | None:
        """The image, if it is known."""
        known = self.inspected
        return known.known_image if known is not None and isinstance(known.known_image, Image) else None

    @property
    def no_image(self) -> str:
        return "The image is not read yet."

    def why_not(self, action: str) -> str:
        error = None if self.inspected is None else self.inspected.known_image
        needs_image = action in _OF_IMAGE or (action == "diff" and not self._selected_digest())
        if needs_image and isinstance(error, EcrTuiError):
            return f"{error.title}."
        return super().why_not(action)

    @property
    def structure(self) -> ParsedManifest:
        """The parsed manifest; an empty one while it is not known."""
        known = self.inspected
        if known is not None and isinstance(known.known_manifest, ParsedManifest):
            return known.known_manifest
        return ParsedManifest()

    @property
    def _picked(self) -> Part | None:
        return None if self.pane is None else self.pane.picked

    def _selected_digest(self) -> str:
        """Return the digest under the cursor unless it is that of a config or a layer; else that of the image.

        It is empty while the image is not known.
        """
        picked, image = self._picked, self.image
        if picked is not None and picked.digest and (isinstance(picked, Annotation) or picked.is_image):
            return picked.digest
        return image.digest if image is not None else ""

    def on_open_part(self, message: OpenPart) -> None:
        """Open the image that a part names, on its own screen."""
        part = message.part
        if isinstance(part, Annotation):
            self._with_named_image(part, self._open_image)
            return
        parent = self.image.digest if part.role is DescriptorRole.MANIFEST and self.image is not None else ""
        self.post_message(messages.OpenImage(self.connect, self.repository_name, part.digest, parent=parent))

    async def _open_image(self, image: Image) -> None:
        self.post_message(messages.OpenImage(self.connect, self.repository_name, image.digest))

    async def action_retag(self) -> None:
        """Tag the image under the cursor; without a part under the cursor, tag the image itself."""
        image, picked = self.image, self._picked
        if image is None:
            self.notify(self.no_image)
            return
        if picked is None or picked.digest == image.digest:
            await self.begin_retag(self.image_to_write(self.repository_name, image))
        elif isinstance(picked, Annotation) or picked.is_image:
            warning = facts.part_warning(image, self.structure, picked)
            self._with_named_image(picked, lambda found: self._retag_part(found, warning))
        else:
            self.notify(f"Only images can be tagged; this is a {picked.role}.", severity="warning")

    async def _retag_part(self, image: Image, warning: str) -> None:
        await self.begin_retag(self.image_to_write(self.repository_name, image, warning))

    @work(exclusive=True, group="named", exit_on_error=False)
    async def _with_named_image(self, part: Part, use: Callable[[Image], Coroutine[Any, Any, None]]) -> None:
        """Read the image with the digest of a part, and use it. Say so if the repository has no such image."""
        if not part.digest:
            self.notify("Only images can be tagged or opened; this is an annotation.", severity="warning")
            return
        try:
            session = await self.session()
            named = Reference(self.repository_name, digest=part.digest)
            image = await blocking.run_blocking(find_image, session.registry, named)
        except NotFound as error:
            if error.kind is ErrorKind.REPOSITORY_NOT_FOUND:
                self.notify_error(error)
            else:
                self.notify(f"No image of {self.repository_name} has the digest {part.digest}.", severity="warning")
            return
        except EcrTuiError as error:
            self.notify_error(error)
            return
        await use(image)

    def lifecycle_request(self) -> messages.OpenLifecycle:
        images = None if self.inspected is None else self.inspected.listed_images()
        digest = "" if self.image is None else self.image.digest
        return messages.OpenLifecycle(self.connect, self.repository_name, images, digest=digest)

    def undo_target(self) -> WriteTarget | None:
        return None if self.image is None else WriteTarget(self.repository_name, self.image.digest)

    async def action_promote(self) -> None:
        """Copy the image to another repository, with all its parts."""
        image = self.image
        if image is None:
            self.notify(self.no_image)
            return
        # A target without a tag gets the first one.
        source = self.image_to_write(self.repository_name, image)
        tags = tuple(sorted(source.tags, key=lambda tag: tag != self.subject))
        await self.begin_promotion(replace(source, tags=tags))

    def compared_image(self) -> Reference | None:
        digest = self._selected_digest()
        return Reference(self.repository_name, digest=digest) if digest else None

    def compared_platform(self) -> str:
        return self.inspected.platform_digest if self.inspected is not None else ""

    def action_put_image(self) -> None:
        """Open the Put image form with the selected image."""
        draft = messages.PutImageDraft(PutImageRequest(repository=self.repository_name), self._selected_digest())
        self.post_message(messages.OpenPutImage(self.connect, draft))

    async def action_copy_menu(self) -> None:
        """Copy a digest, a URI or a command of the image or the selected part, or the text of the pane."""
        known, image, pane = self.inspected, self.image, self.pane
        if known is None or image is None:
            self.post_message(messages.OfferCopies(copy_words(("reference", str(self.reference)))))
            return
        tag = self.subject if self.subject in image.tags else ""
        pane = pane if pane is not None and pane.shows_content else None
        texts: Texts = {} if pane is None else pane.texts()
        if isinstance(known.known_repository, Repository):
            part = () if pane is None else pane.copy_items()
            own = copy_items_for_image(known.known_repository, image, self.aws_options(), tag)
            items = (*part, *own)
        else:  # a URI needs the repository, which may be denied
            items = copy_words(("digest", image.digest), ("tag", tag))
        await self.offer_copies(lambda: (*items, *text_items(texts)))

    async def action_config(self) -> None:
        """Show the config of the selected platform, or of the image."""
        await self._show_pane_of_picked("config")

    async def action_findings(self) -> None:
        """Show the scan findings of the selected platform, or of the image."""
        await self._show_pane_of_picked("findings")

    async def _show_pane_of_picked(self, pane_id: str) -> None:
        """Show a pane of the part under the cursor: of a platform here, of another image on its own screen."""
        digest, known = self._selected_digest(), self.inspected
        platforms = () if known is None else [entry.digest for entry in known.platforms]
        if digest in platforms:
            await self.show_pane(pane_id, digest)
        elif self.image is not None and digest != self.image.digest:
            self.post_message(messages.OpenImage(self.connect, self.repository_name, digest, pane=pane_id))
        else:
            await self.show_pane(pane_id)
