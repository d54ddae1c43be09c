"""A manifest on the screen: its lines, colors and digests.

A lexer colors the JSON line by line, because a JSON string cannot span lines. ``textual.highlight`` would take half a
second for 27,000 lines.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from ecrtui.ecr.exact_json import parse_exact, write_json
from ecrtui.tui import safe_text as text
from ecrtui.tui.text_document import Span, TextDocument, TextRange, find_all, wide_lines, widest

MAX_COLORED_LENGTH = 65_536
"""Lines with more characters than this have no colors: the lexer reads a line from its start."""

_TOKEN = re.compile(
    r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*"?)(?P<colon>\s*:)?'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<constant>\b(?:true|false|null)\b)"
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}(?![0-9a-f])")
_PLAIN = bytes(range(ord(" "), ord("~") + 1)) + b"\n"
"""Characters that need no escaping, and the line feed."""


@dataclass(frozen=True, slots=True)
class ManifestDocument(TextDocument):
    """A manifest, ready to be shown.

    Args:
        digests: The ranges of its digests, in order.
    """

    digests: tuple[TextRange, ...] = ()

    def spans(self, part: TextRange) -> Iterator[Span]:
        """Yield the colored tokens that overlap a range. They can start before it and end behind it."""
        line = self.lines[part.line]
        if len(line) > MAX_COLORED_LENGTH:
            return
        spans = _line_spans(line)
        for index in range(bisect_right(spans, part.start, key=itemgetter(1)), len(spans)):
            if spans[index][0] >= part.end:
                return
            yield spans[index]


def prepare_manifest(source: str) -> ManifestDocument:
    """Prepare a manifest for the screen. Takes about 20 ms for 4 MiB; safe in a thread."""
    lines = source.split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    plain = source.isascii() and not source.encode("ascii").translate(None, _PLAIN)
    if not plain:
        lines = [text.visible(line) for line in lines]
    wide = frozenset() if plain else wide_lines(lines)
    return ManifestDocument(
        text=source,
        lines=tuple(lines),
        wide=wide,
        width=widest(lines, wide),
        digests=tuple(find_all(lines, _DIGEST)),
    )


def pretty_manifest(source: str) -> ManifestDocument:
    """Return a manifest with each member on a line of its own. Its numbers and texts stay as they are written.

    Raises:
        ValueError: the text is not JSON, or names a member twice.
    """
    return prepare_manifest(write_json(parse_exact(source), indent=2))


@lru_cache(maxsize=8)
def _line_spans(line: str) -> tuple[Span, ...]:
    """Return the colored tokens of a line. Cached because each row of a wrapped line needs them."""
    return tuple(
        (token.start(), token.end("string"), "$json-key")
        if token.lastgroup == "colon"
        else (token.start(), token.end(), f"$json-{token.lastgroup}")
        for token in _TOKEN.finditer(line)
    )


EMPTY = prepare_manifest("")
"""The document without text."""
