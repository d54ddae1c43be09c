"""Lines of labels and texts, with their styles and what they open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from ecrtui.errors import AccessDenied, CredentialsError, EcrTuiError, ErrorKind
from ecrtui.inspect.overview import ArtifactLine
from ecrtui.tui.details import NOT_SUPPORTED
from ecrtui.tui.inspector.linked_text import Link
from ecrtui.tui.safe_text import visible
from ecrtui.tui.text_document import Span, TextDocument, prepare_text


class Styled(NamedTuple):
    """A text with styled ranges."""

    text: str
    styles: Sequence[Span] = ()


FactValue = str | Styled | EcrTuiError
"""The value of a label: a text, or why it is not known."""

LOADING = "…"
LABEL_WIDTH = 14
"""Cells of the labels at the left."""
_GAP = 3


class FactLines:
    """Collects lines, with their styles and what they open."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.texts: list[str] = []
        self.styles: dict[int, Sequence[Span]] = {}
        self.links: dict[int, Link] = {}
        self._reasons: set[str] = set()

    @property
    def document(self) -> TextDocument:
        """The lines as a document."""
        return prepare_text("\n".join(self.texts), self.styles)

    def add(self, text: str = "", link: Link | None = None, styles: Sequence[Span] = ()) -> None:
        number = len(self.texts)
        self.texts.append(text)
        if styles:
            self.styles[number] = styles
        if link is not None:
            self.links[number] = link

    def fact(self, label: str, value: FactValue, link: Link | None = None, hint: str = "") -> None:
        """Add a label, and a text or why it is not known beside it; a hint at the right end if there is room."""
        text = self._not_known("not known", value) if isinstance(value, EcrTuiError) else value
        shown = text if isinstance(text, Styled) else Styled(text)
        styles = [(LABEL_WIDTH + start, LABEL_WIDTH + end, style) for start, end, style in shown.styles]
        self.hinted(f"{label:<{LABEL_WIDTH}}{shown.text}", hint, link, [(0, len(label), "$text-muted"), *styles])

    def hinted(self, text: str, hint: str, link: Link | None = None, styles: Sequence[Span] = ()) -> None:
        """Add a text, and a hint at the right end of the line if there is room."""
        start = self.width - cell_len(hint)
        if hint and cell_len(text) + _GAP <= start:
            text += " " * (start - cell_len(text))
            styles = [*styles, (len(text), len(text) + len(hint), "$text-muted")]
            text += hint
        self.add(text, link, styles)

    def artifacts(self, line: ArtifactLine) -> None:
        """Add what is known of one kind of artifact."""
        texts = [line.text] if line.text else [self._explained(part.what, part.why) for part in line.not_read]
        self.fact(line.label, visible("; ".join(texts)), Link("artifacts"))

    def _not_known(self, words: str, error: EcrTuiError) -> str:
        if error.kind is ErrorKind.UNSUPPORTED:
            return NOT_SUPPORTED
        return visible(self._explained(words, error_with_remedy(error)))

    def _explained(self, words: str, why: str) -> str:
        """Return words with the reason; without it where a line above has it, so that a narrow screen has room."""
        if why in self._reasons:
            return f"{words}, as above"
        self._reasons.add(why)
        return f"{words}: {why}"

    def sides(self, left: str, right: str, style: str = "") -> None:
        """Add a text at the left and one at the right end of the line; below it if there is no room."""
        gap = self.width - cell_len(left) - cell_len(right)
        styles = [(0, len(left), style)] if style else []
        if gap >= 2:
            self.add(f"{left}{' ' * gap}{right}", styles=styles)
        else:
            self.add(left, styles=styles)
            self.add(right)


def error_with_remedy(error: EcrTuiError) -> str:
    """Return what happened, with the missing permission, or with how to sign in."""
    return error.with_hint() if isinstance(error, (AccessDenied, CredentialsError)) else str(error)
