"""The application of ``ecrtui put-image --cli-auto-prompt``: only the Put image form."""

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
    """The result of the form.

    Args:
        result: the PutImage response; None if no image was put.
        error: the error of the last attempt; None if it succeeded or nothing was attempted.
        code: the exit code of the application; not 0 after an internal error.
    """

    result: PutImageResult | None
    error: EcrTuiError | None
    code: int = 0


class PutImageApp(EcrTuiApp):
    """The application with the Put image form as its only screen.

    Args:
        connect: the source of the session.
        settings: the settings before the account is known.
        draft: the initial content of the form.
    """

    def __init__(self, connect: SessionSource, settings: Settings, draft: PutImageDraft) -> None:
        super().__init__(connect, settings)
        self.draft = draft
        self.put: messages.PutImageFinished | None = None
        """The last attempt."""

    def get_default_screen(self) -> Screen[None]:
        """Return the form; Esc on it quits."""
        return self.with_header(PutImageScreen(self.connect, self.draft))

    def fill_in(self) -> PutImageFormResult:
        """Run until an image is put or the user leaves the form."""
        self.run(mouse=self.settings.mouse)
        put = self.put or messages.PutImageFinished(None, None)
        return PutImageFormResult(put.result, put.error, self.return_code or 0)

    def on_put_image_finished(self, message: messages.PutImageFinished) -> None:
        self.put = message

    def on_go_back(self, message: messages.GoBack) -> None:
        if len(self.screen_stack) == 1:
            self.exit()
