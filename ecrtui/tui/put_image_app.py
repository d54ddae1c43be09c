"""The Put image form by itself: what ``ecrtui put-image --cli-auto-prompt`` opens."""

from __future__ import annotations

from dataclasses import dataclass

from textual.screen import Screen

from ecrtui.ecr.put_image_request import PutImageResult
from ecrtui.errors import EcrTuiError
from ecrtui.session import SessionSource
from ecrtui.settings import Settings
from ecrtui.tui import messages
from ecrtui.tui.app import EcrTuiApp
from ecrtui.tui.messages import PutImageDraft
from ecrtui.tui.screens.put_image import PutImageScreen


@dataclass(frozen=True, slots=True)
class PutImageFormResult:
    """What became of the form.

    Args:
        result: what PutImage answered; None if no image was put.
        error: why the last try failed; None if none did, or if nothing was tried.
        code: the exit code of the application; not 0 if it broke.
    """

    result: PutImageResult | None
    error: EcrTuiError | None
    code: int = 0


class PutImageApp(EcrTuiApp):
    """The application with the form for its only place.

    Args:
        connect: gives the session.
        settings: the settings in force before the account is known.
        draft: what the form begins with.
    """

    def __init__(self, connect: SessionSource, settings: Settings, draft: PutImageDraft) -> None:
        super().__init__(connect, settings)
        self.draft = draft
        self.put: messages.PutImageFinished | None = None
        """What came of the last try."""

    def get_default_screen(self) -> Screen[None]:
        """The form; Esc ends there."""
        return self.with_header(PutImageScreen(self.connect, self.draft))

    def fill_in(self) -> PutImageFormResult:
        """Run until an image is put or the user leaves."""
        self.run()
        put = self.put or messages.PutImageFinished(None, None)
        return PutImageFormResult(put.result, put.error, self.return_code or 0)

    def on_put_image_finished(self, message: messages.PutImageFinished) -> None:
        self.put = message

    def on_go_back(self, message: messages.GoBack) -> None:
        if len(self.screen_stack) == 1:
            self.exit()
