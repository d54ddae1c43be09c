"""Turn the bytes of a terminal into messages. No bytes raise an exception.

Defect: Textual's driver decodes strictly, so one byte that is not UTF-8 ends the application. Its parser raises an
exception for key releases and malformed numbers, takes late answers of the terminal for keys, and waits 0.1 seconds
for the rest of an escape sequence, which a slow connection exceeds.
Upstream: https://github.com/Textualize/textual/issues/6456 for the byte; no issue known for the rest.
Delete this module when Textual's driver ignores what it does not understand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from textual import events, messages
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._xterm_parser import XTermParser
from textual.keys import Keys
from textual.message import Message

PASTE_START, PASTE_END = b"\x1b[200~", b"\x1b[201~"
PASTE_LIMIT: Final = 1 << 20
"""Bytes of a paste to keep. The rest is read and dropped, because it must not run as keys."""

INTERRUPTS: Final = (b"\x03", b"\x1b[99;5u", b"\x1b[27;5;99~")
"""Ctrl-C. It also ends a paste whose end a connection dropped."""

LONGEST_MARK: Final = max(map(len, (PASTE_END, *INTERRUPTS)))
"""Bytes of the longest end of a paste."""

SEQUENCE_LIMIT: Final = 256
"""Bytes of a control sequence to wait for. A longer one is noise."""

STRING_LIMIT: Final = 1 << 16
"""Bytes of an answer to wait for, such as a color or the clipboard."""

ESC: Final = 0x1B
STRINGS: Final = {b"\x1b]": b"0123456789", b"\x1bP": b"0123456789>!+$|", b"\x1b_": b"G"}
"""OSC, DCS and APC begin answers of a terminal. The byte that follows tells them from keys with Alt."""

_CSI: Final = rb"\x1b\[([0-?]*)([ -/]*)([@-~])"
_CONSOLE_KEY: Final = rb"\x1b\[(?:\[[A-E]|\d{1,2}\$)"
"""Keys that are no control sequences: F1 to F5 of the Linux console, and keys with Shift in rxvt."""
_SS3_KEY: Final = rb"\x1bO(?:1;)?(\d{1,2})([A-DFHP-S])"
"""A cursor or function key with modifiers, as older terminals send it."""
_CSI_BEGIN: Final = rb"\x1b\[[0-?]*[ -/]*"
_STRING_END: Final = rb"\x07|\x1b\\|\x9c"
_MODE_REPORT: Final = r"\x1b\[\?2026;([1-4])\$y"
_KITTY_KEY: Final = r"\x1b\[(\d{1,7})(?::\d*){0,2}(?:;(\d{0,3})(?::(\d))?)?(?:;([\d:]*))?([u~ABCDEFHPQRS])"
_OTHER_KEY: Final = r"\x1b\[27;(\d{1,3});(\d{1,7})~"
"""A key of xterm's ``modifyOtherKeys``: its modifiers and its character."""
_ATTRIBUTES: Final = r"\x1b\[\?([0-9;]{1,99})c"
_GNU_SCREEN: Final = r"\x1b\[>83;[0-9;]{1,99}c"
_MOUSE: Final = r"\x1b\[<\d{1,3};-?\d{1,5};-?\d{1,5}[Mm]"
_UTF8_LENGTH = ((0xC2, 0xDF, 2), (0xE0, 0xEF, 3), (0xF0, 0xF4, 4))
KEY_RELEASE: Final = "3"
SHIFT: Final = 1
"""Shift among the modifiers, which are sent as their sum and 1."""
LOCKS: Final = 64 | 128
"""Caps Lock and Num Lock among the modifiers."""


class DeviceAttributes(Message):
    """The terminal answered ``CSI c`` (DA1).

    Args:
        attributes: the numbers of its answer.
    """

    def __init__(self, attributes: frozenset[int]) -> None:
        super().__init__()
        self.attributes = attributes


class GnuScreenFound(Message):
    """The terminal answered ``CSI > c`` (DA2), and is GNU screen."""


class PastedLineEnd(events.Key):
    """An Enter among text that arrived at once: a paste of several lines into a terminal without bracketed paste."""

    def __init__(self) -> None:
        super().__init__("enter", "\r")


PastedLineEnd.handler_name = events.Key.handler_name  # it is Enter for everything that does not ask


class PasteTruncated(Message):
    """A paste was longer than :data:`PASTE_LIMIT`."""


class PasteDropped(Message):
    """Ctrl-C ended a paste whose end did not arrive."""


class TerminalInput:
    """Parses the input of a terminal.

    Feed it all bytes in order. When :attr:`is_waiting` is true and no more bytes arrive for the escape delay, call
    :meth:`finish`.

    Args:
        marks_pastes: True if the terminal marks what is pasted (bracketed paste). Otherwise a line end among text that
            arrives at once counts as pasted. A slow connection can deliver typed keys in that way too.
    """

    def __init__(self, *, marks_pastes: bool = True) -> None:
        self._data = b""
        self._marks_pastes = marks_pastes
        self._drops_paste = False
        """Whether the rest of a paste that is too long is dropped."""
        self._in_lines = False
        """Whether the bytes that arrived together have text after a line end."""
        self._parser = XTermParser()

    @property
    def is_waiting(self) -> bool:
        """True if the input ends inside a sequence, or with an escape that may begin one."""
        return bool(self._data)

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the messages of all complete keys, reports and pastes."""
        self._data += data
        self._in_lines = False
        yield from self._parse(final=False)

    def finish(self) -> Iterator[Message]:
        """Yield the messages of the bytes that wait for more. An escape alone is the Escape key."""
        if self._data.startswith(PASTE_START) and self._data.endswith(INTERRUPTS):
            self._data = b""
            yield PasteDropped()
        yield from self._parse(final=True)

    def _parse(self, final: bool) -> Iterator[Message]:
        while self._data:
            if self._drops_paste and not self._drop_paste():
                return
            size = self._token_size(final)
            if size == 0:
                return
            token, self._data = self._data[:size], self._data[size:]
            yield from self._messages(token)

    def _token_size(self, final: bool) -> int:
        """Return the size of the first token; 0 if more bytes are needed."""
        data = self._data
        if data[0] != ESC:
            return _character_size(data, final)
        if data.startswith(PASTE_START):
            return self._paste_size()
        if len(data) == 1:
            return 1 if final else 0
        if data[1] == ord("["):
            return _csi_size(data, final)
        if data[:2] in STRINGS and (len(data) == 2 or data[2] in STRINGS[data[:2]]):
            return _string_size(data, final)
        if data[1] == ord("O"):
            return _ss3_size(data, final)
        if data[1] == ESC:
            return 1
        rest = _character_size(data[1:], final)
        return rest and 1 + rest

    def _paste_size(self) -> int:
        end = self._data.find(PASTE_END)
        if end >= 0:
            return end + len(PASTE_END)
        return len(self._data) if len(self._data) > PASTE_LIMIT else 0

    def _drop_paste(self) -> bool:
        """Drop bytes up to the end of the paste. Return True if it ended and bytes are left."""
        ends = [self._data.find(mark) + len(mark) for mark in (PASTE_END, *INTERRUPTS) if mark in self._data]
        self._drops_paste = not ends
        self._data = self._data[min(ends) :] if ends else self._data[-LONGEST_MARK + 1 :]
        return bool(ends and self._data)

    def _messages(self, token: bytes) -> Iterator[Message]:
        if token.startswith(PASTE_START):
            self._marks_pastes = True
            if not token.endswith(PASTE_END):
                self._drops_paste = True
                yield PasteTruncated()
            text = token[len(PASTE_START) :].removesuffix(PASTE_END).decode("utf-8", "replace")
            yield events.Paste(text.replace("\x00", ""))
        elif token[:1] != b"\x1b":
            yield from self._text_keys(token)
        elif len(token) == 1:
            yield events.Key("escape", "\x1b")
        elif token[1:2] == b"[" and len(token) > 2:
            yield from self._control_sequence(token)
        elif key := re.fullmatch(_SS3_KEY, token):
            yield from self._control_sequence(b"\x1b[1;%s%s" % key.groups())
        elif token[:2] not in STRINGS or len(token) == 2:
            yield from self._alt_keys(token)

    def _text_keys(self, token: bytes) -> Iterator[Message]:
        if token == b"\r" and not self._marks_pastes:
            self._in_lines = self._in_lines or self._data.lstrip(b"\r\n")[:1].isalnum()
            if self._in_lines:
                yield PastedLineEnd()
                return
        yield from self._keys(token.decode("utf-8", "ignore"))

    def _keys(self, text: str) -> Iterator[Message]:
        if not text or "\x80" <= text <= "\x9f":  # C1 controls are noise
            return
        for key in self._parser._sequence_to_key_events(text):
            if key.key != Keys.Ignore:
                yield key

    def _alt_keys(self, token: bytes) -> Iterator[Message]:
        sequence = token.decode("utf-8", "ignore")
        known = list(self._keys(sequence))
        if known:
            yield from known
        elif len(sequence) == 2:
            yield from self._parser._sequence_to_key_events(sequence[1], alt=True)

    def _control_sequence(self, token: bytes) -> Iterator[Message]:
        if re.fullmatch(_CSI, token) is None and re.fullmatch(_CONSOLE_KEY, token) is None:
            return
        sequence = token.decode("ascii")
        if sequence == "\x1b[I":
            yield events.AppFocus()
        elif sequence == "\x1b[O":
            yield events.AppBlur()
        elif re.fullmatch(_MODE_REPORT, sequence):
            yield messages.TerminalSupportsSynchronizedOutput()
        elif answer := re.fullmatch(_ATTRIBUTES, sequence):
            yield DeviceAttributes(frozenset(int(number) for number in answer[1].split(";") if number))
        elif re.fullmatch(_GNU_SCREEN, sequence):
            yield GnuScreenFound()
        elif re.fullmatch(_MOUSE, sequence):
            event = self._parser.parse_mouse_code(sequence)
            if event is not None:
                yield event
        elif (key := re.fullmatch(_OTHER_KEY, sequence)) and _is_character(int(key[2])):
            unshifted = ord(chr(int(key[2])).lower()[0])
            yield from self._control_sequence(b"\x1b[%d;%du" % (unshifted, int(key[1])))
        elif key := re.fullmatch(_KITTY_KEY, sequence):
            yield from self._kitty_keys(sequence, key)
        elif sequence in ANSI_SEQUENCES_KEYS:
            yield from self._keys(sequence)

    def _kitty_keys(self, sequence: str, key: re.Match[str]) -> Iterator[Message]:
        """Yield a key of the kitty keyboard protocol, which includes the usual cursor and function keys.

        https://sw.kovidgoyal.net/kitty/keyboard-protocol/
        """
        codepoint, modifiers, event, text, end = key.groups()
        if event == KEY_RELEASE or not _is_character(int(codepoint)):
            return
        if end != "u" and f"{codepoint}{end}" not in FUNCTIONAL_KEYS:
            return
        characters = [code for code in (text or "").split(":") if code]
        if not all(len(code) < 8 and _is_character(int(code)) and int(code) >= ord(" ") for code in characters):
            return
        if end == "u" and not characters:
            characters = _shifted(int(codepoint), int(modifiers or 1) - 1)
        if event is None and not characters and ":" not in sequence:
            yield from self._keys(sequence)
            return
        parameters = ";".join([codepoint, modifiers or "1", *([":".join(characters)] if characters else [])])
        yield from self._keys(f"\x1b[{parameters}{end}")


def _is_character(codepoint: int) -> bool:
    return codepoint <= 0x10FFFF and not 0xD800 <= codepoint <= 0xDFFF


def _shifted(codepoint: int, modifiers: int) -> list[str]:
    """Return the character of a key that is pressed with Shift alone, if the terminal does not send it."""
    character = chr(codepoint)
    if modifiers & ~LOCKS != SHIFT or not character.isprintable():
        return []
    return [str(ord(shifted)) for shifted in character.upper()]


def _character_size(data: bytes, final: bool) -> int:
    """Return the size of the first character; 0 if more bytes are needed. A byte that is not UTF-8 counts alone."""
    first = data[0]
    for lowest, highest, length in _UTF8_LENGTH:
        if lowest <= first <= highest:
            tail = data[1:length]
            if not all(0x80 <= byte <= 0xBF for byte in tail):
                return 1
            if len(tail) == length - 1:
                return length
            return 1 if final else 0
    return 1


def _csi_size(data: bytes, final: bool) -> int:
    """Return the size of a control sequence, or of the part that shows that it is none."""
    if data.startswith(b"\x1b[M"):  # an X10 mouse report: three more bytes, which need not be characters
        return 6 if len(data) >= 6 else len(data) if final else 0
    if data == b"\x1b[[":
        return 3 if final else 0
    whole = re.match(_CONSOLE_KEY, data) or re.match(_CSI, data)
    if whole is not None:
        return whole.end()
    begun = re.match(_CSI_BEGIN, data)
    size = begun.end() if begun is not None else 2
    is_open = size == len(data) and size < SEQUENCE_LIMIT and not final
    return 0 if is_open else size


def _ss3_size(data: bytes, final: bool) -> int:
    """Return the size of ESC O, the numbers that can follow it, and the letter that ends it; 2 without the letter."""
    size = len(data) - len(data[2:].lstrip(b"0123456789;"))
    if size == len(data):
        return size if final else 0
    return size + 1 if ord("@") <= data[size] <= ord("~") else 2


def _string_size(data: bytes, final: bool) -> int:
    if len(data) == 2:
        return 2 if final else 0
    end = re.compile(_STRING_END).search(data, 2)
    if end is not None:
        return end.end()
    return len(data) if final or len(data) > STRING_LIMIT else 0
