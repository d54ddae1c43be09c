"""The action that compares an image with another one, for every screen with an image."""

from __future__ import annotations

from collections.abc import Sequence

from textual import work

from ecrtui.ecr.digest import MIN_DIGITS, digest_prefix, short_digest
from ecrtui.ecr.reference import Reference, names_repository, parse_reference
from ecrtui.ecr.tag import tag_error
from ecrtui.errors import UsageError
from ecrtui.tui import messages
from ecrtui.tui.base_screen import AppScreen

_FORMS = "Write a tag, a digest or repository:tag."
QUESTION = "Compare {} with:\na tag, a digest or its first digits, or repository:tag"


class CompareMixin(AppScreen):
    """A screen with an image that can be compared."""

    def compared_image(self) -> Reference | None:
        """Return the image under the cursor, by digest; None if there is none. Screens override it."""
        return None

    def compared_platform(self) -> str:
        """Return the digest of the platform that the user looks at; empty if none is chosen. Screens override it."""
        return ""

    def marked_images(self) -> Sequence[Reference]:
        """Return the marked images, by digest. Screens with marks override it."""
        return ()

    def action_diff(self) -> None:
        """Compare the image with the marked one, two marked images, or an image that the user names."""
        current, own = self.compared_image(), self.marked_images()
        if len(own) == 2:
            self._compare(*own)
        elif len(own) > 2:
            self.notify(f"{len(own):,} images are marked. Mark one or two to compare them.", severity="warning")
        elif current is not None:
            others = [reference for reference in own or self._marks_below() if reference != current]
            if len(others) == 1:
                self._compare(others[0], current)
            else:
                self._ask(current)
        else:
            self.notify(self.no_image)

    def _marks_below(self) -> Sequence[Reference]:
        """Return the marks of the lists that this screen was opened from."""
        screens = (
            screen for screen in self.app.screen_stack if screen is not self and isinstance(screen, CompareMixin)
        )
        return [mark for screen in screens if screen.connect is self.connect for mark in screen.marked_images()]

    @work(exclusive=True, group="compare", exit_on_error=False)
    async def _ask(self, current: Reference) -> None:
        from ecrtui.tui.overlays.prompt import TextPrompt

        question = QUESTION.format(short_digest(current.digest))
        prompt = TextPrompt(question, "compare", lambda line: self._reference(line, current.repository))
        answer = await self.app.push_screen_wait(prompt)
        if answer is not None:
            self._compare(current, self._reference(answer, current.repository))

    def _reference(self, text: str, repository: str) -> Reference:
        """Return the image that a user named. A word of hexadecimal digits can be a tag, or the beginning of a digest.

        Raises:
            UsageError: the text names no image, or one of another registry.
        """
        text = text.strip()
        if digest := digest_prefix(text.removeprefix("@")):
            return Reference(repository, "" if tag_error(text) else text, digest)
        if text.lower().startswith(("@", "sha256:")):
            problem = f"A digest needs {MIN_DIGITS} hexadecimal digits or more, and has 64 at most."
            raise UsageError(f"{text!r} names no image", problem, _FORMS)
        if not names_repository(text, short_digest=True):
            if problem := tag_error(text):
                raise UsageError(f"{text!r} names no image", problem, _FORMS)
            return Reference(repository, text)
        found = parse_reference(text, short_digest=True)
        if not (found.tag or found.digest):
            raise UsageError(f"{text!r} names no image", "", f"Write {found.repository}:TAG.")
        own = self.header_state
        if found.registry_id and (found.registry_id, found.region) != (own.registry_id, own.region):
            raise UsageError(
                f"{text!r} is in another registry",
                f"This connection is to {own.registry_id} in {own.region}.",
                "Use ecrtui diff, which compares images of two registries.",
            )
        return found

    def _compare(self, one: Reference, other: Reference) -> None:
        self.post_message(messages.OpenComparison(self.connect, one, other, self.compared_platform()))
