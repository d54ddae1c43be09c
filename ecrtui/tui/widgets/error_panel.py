"""What stands where the data would be when there is none: an error in the service's words, or a state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from textual.app import RenderResult
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from ecrtui.errors import AccessDenied, ConnectionFailed, CredentialsError, EcrTuiError
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings

MAX_TEXT_LENGTH = 4_000
"""Characters of the service's words that are shown."""


class Severity(StrEnum):
    """How serious it is: a colour, and a sign for those who see none."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "state"


_SIGNS = {
    Severity.ERROR: ("✗", "$text-error"),
    Severity.WARNING: ("!", "$text-warning"),
    Severity.INFO: ("·", "$text-muted"),
}


class PanelMessage(NamedTuple):
    """What a notice says.

    Args:
        title: what it is, in a few words.
        detail: the cause, in the service's words where it has spoken; several lines are fine.
        hint: the next step.
        reference: what support asks for: operation, code, request id.
        retryable: whether trying again can help.
        tone: how serious it is.
    """

    title: str
    detail: str = ""
    hint: str = ""
    reference: str = ""
    retryable: bool = False
    severity: Severity = Severity.INFO

    @classmethod
    def from_error(cls, error: EcrTuiError) -> PanelMessage:
        """The words of an error."""
        request = f"request id {error.request_id}" if error.request_id else ""
        reference = " · ".join(part for part in (error.operation, error.code, request) if part)
        return cls(error.title, error.detail, error.hint, reference, _worth_a_retry(error), Severity.ERROR)


def _worth_a_retry(error: EcrTuiError) -> bool:
    """Whether to offer another try: what is mended elsewhere, by signing in or by a policy, can go well then too."""
    return error.retryable or isinstance(error, (CredentialsError, AccessDenied, ConnectionFailed))


class MessagePanel(Widget, can_focus=True):
    """Shows words, and nothing at all without them. ``r`` asks for another try when one can help.

    Args:
        words: what to say; None hides the notice.
        retry_key: what the notice says to press; the place that binds another key tells it here.
    """

    BINDINGS = bindings("message_panel")
    DEFAULT_CSS = """
    MessagePanel {
        width: 1fr;
        height: auto;
        max-height: 1fr;
        padding: 0 1;
        color: $foreground;
        border-left: outer $secondary;
        &.-error { border-left: outer $error; }
        &.-warning { border-left: outer $warning; }
        &:focus { background: $block-hover-background; }
    }
    """

    message: reactive[PanelMessage | None] = reactive(None, layout=True)

    @dataclass
    class RetryRequested(Message):
        """The user wants another try."""

        notice: MessagePanel

        @property
        def control(self) -> MessagePanel:
            return self.notice

    def __init__(
        self,
        words: PanelMessage | None = None,
        retry_key: str = "r",
        *,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.retry_key = retry_key
        self.display = False
        self.message = words

    def fail(self, error: EcrTuiError) -> None:
        """Show an error."""
        self.message = PanelMessage.from_error(error)

    def show_message(self, title: str, detail: str = "", hint: str = "", severity: Severity = Severity.INFO) -> None:
        """Show a state: nothing there, still loading, stopped."""
        self.message = PanelMessage(title, detail, hint, severity=severity)

    def hide(self) -> None:
        """There is data again."""
        self.message = None

    def watch_message(self, words: PanelMessage | None) -> None:
        self.display = words is not None
        for tone in Severity:
            self.set_class(words is not None and words.severity is tone, f"-{tone}")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No retry where it cannot help."""
        return action != "retry" or (self.message is not None and self.message.retryable)

    def action_retry(self) -> None:
        """Ask for another try."""
        self.post_message(self.RetryRequested(self))

    def render(self) -> RenderResult:
        words = self.message
        if words is None:
            return ""
        sign, style = _SIGNS[words.severity]
        lines = [Content.assemble((f"{sign} ", style), text.content(words.title, "bold"))]
        lines += [text.block(words.detail, limit=MAX_TEXT_LENGTH)] if words.detail else []
        lines += [text.block(words.hint, "$text-accent", MAX_TEXT_LENGTH)] if words.hint else []
        lines += [text.content(words.reference, "$text-muted")] if words.reference else []
        if words.retryable:
            lines.append(Content.assemble((self.retry_key, "bold $accent"), " tries again"))
        return Content("\n").join(lines)
