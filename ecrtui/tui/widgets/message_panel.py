"""A panel that shows a message in place of data: an error, a warning or a state."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ecrtui.errors import AccessDenied, ConnectionFailed, CredentialsError, EcrTuiError, ErrorKind
from ecrtui.tui import safe_text as text
from ecrtui.tui.bindings import bindings, key_hint, key_that_helps
from ecrtui.tui.fields_message import FieldsMessage

MAX_TEXT_LENGTH = 4_000
"""Longest text, in characters, that the panel shows of a detail or a hint."""


class Severity(StrEnum):
    """The severity of a message. It sets the color and the sign of the panel."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "state"


_SIGNS = {
    Severity.ERROR: ("✗", "$text-error"),
    Severity.WARNING: ("!", "$text-warning"),
    Severity.INFO: ("·", "$text-muted"),
}


class PanelMessage(NamedTuple):
    """The text of a message panel.

    Args:
        title: What happened, in a few words.
        detail: The cause, in the words of the service if there are any. It may have several lines.
        hint: The next step.
        reference: What support asks for: operation, error code, request id.
        retryable: True if trying again can help.
        severity: The severity.
        kind: The kind of an error, which decides what key can help; None if it is not an error.
    """

    title: str
    detail: str = ""
    hint: str = ""
    reference: str = ""
    retryable: bool = False
    severity: Severity = Severity.INFO
    kind: ErrorKind | None = None

    @classmethod
    def from_error(cls, error: EcrTuiError) -> PanelMessage:
        """Return the message for an error."""
        request = f"request id {error.request_id}" if error.request_id else ""
        reference = " · ".join(part for part in (error.operation, error.code, request) if part)
        return cls(error.title, error.detail, error.hint, reference, _can_retry(error), Severity.ERROR, error.kind)


def _can_retry(error: EcrTuiError) -> bool:
    """Return True if another try can succeed, perhaps after the user has signed in or changed a policy."""
    return error.retryable or isinstance(error, (CredentialsError, AccessDenied, ConnectionFailed))


class MessagePanel(Widget, can_focus=True):
    """Shows a message; hidden without one. ``r`` requests another try if that can help."""

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
    """The message; None hides the panel."""

    class RetryRequested(FieldsMessage):
        """The user wants to try again."""

        panel: MessagePanel

        @property
        def control(self) -> MessagePanel:
            return self.panel

    def __init__(self) -> None:
        super().__init__()
        self.display = False

    def allow_focus(self) -> bool:
        """Refuse the focus while the panel is hidden: Textual would first give it to the panel of a new screen."""
        return self.display and super().allow_focus()

    def show_message(self, title: str, detail: str = "", hint: str = "", severity: Severity = Severity.INFO) -> None:
        """Show a message that is not an error: no data, still loading, stopped."""
        self.message = PanelMessage(title, detail, hint, severity=severity)

    def hide(self) -> None:
        """Hide the panel."""
        self.message = None

    def watch_message(self, message: PanelMessage | None) -> None:
        self.display = message is not None
        for severity in Severity:
            self.set_class(message is not None and message.severity is severity, f"-{severity}")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the retry where it cannot help."""
        return action != "retry" or (self.message is not None and self.message.retryable)

    def action_retry(self) -> None:
        """Request another try."""
        self.post_message(self.RetryRequested(self))

    def render(self) -> RenderResult:
        message = self.message
        if message is None:
            return ""
        sign, style = _SIGNS[message.severity]
        lines = [Content.assemble((f"{sign} ", style), text.content(message.title, "bold"))]
        lines += [text.block(message.detail, limit=MAX_TEXT_LENGTH)] if message.detail else []
        hint = message.hint or key_that_helps(self, message.kind)
        lines += [text.block(hint, "$text-accent", MAX_TEXT_LENGTH)] if hint else []
        lines += [text.content(message.reference, "$text-muted")] if message.reference else []
        if message.retryable:
            from ecrtui.tui.key_line import key_line  # the first frame has no error

            lines.append(key_line([key_hint(self, "screen.retry", "try again")]))
        return Content("\n").join(lines)
