"""Input of a terminal becomes messages, whatever its bytes are and however they are split."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.message import Message

from ecrtui.tui.textual_fixes.terminal_features import is_gnu_screen, marks_pastes
from ecrtui.tui.textual_fixes.terminal_input import PASTE_LIMIT, PastedLineEnd, PasteTruncated, TerminalInput

ARROW_DOWN = b"\x1b[B"


def shown(messages: Iterable[Message]) -> list[str]:
    return [
        message.key
        if isinstance(message, events.Key)
        else f"paste {message.text!r}"
        if isinstance(message, events.Paste)
        else type(message).__name__
        for message in messages
    ]


def read(data: bytes) -> list[str]:
    """Return the messages of an input that ends after these bytes."""
    parser = TerminalInput()
    return [*shown(parser.feed(data)), *shown(parser.finish())]


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (b"ab", ["a", "b"]),
        ("é漢".encode(), ["é", "漢"]),
        (b"\r\t\x7f", ["enter", "tab", "backspace"]),
        (b"\x1b", ["escape"]),
        (b"\x1b\x1b[A", ["escape", "up"]),
        (b"\x1b[A\x1bOB\x1b[1;5C\x1b[5~\x1b[3~", ["up", "down", "ctrl+right", "pageup", "delete"]),
        (b"\x1ba\x1bA", ["alt+a", "alt+shift+a"]),
        (b"\x1b[[A\x1b[[Bj", ["f1", "f2", "j"]),  # the Linux console
        (b"\x1b[7$j", ["shift+home", "j"]),  # rxvt
        (b"\x1bO5P\x1bO2C\x1bO1;3B", ["ctrl+f1", "shift+right", "alt+down"]),  # older terminals
        (b"\x1bO\x1b[Bj", ["alt+shift+o", "down", "j"]),
        (b"\x1b[27;2;63~\x1b[27;2;65~\x1b[27;5;99~", ["question_mark", "A", "ctrl+c"]),  # modifyOtherKeys
        (b"\x1b[27;5;9~\x1b[27;2;13~\x1b[27;4;65~", ["ctrl+tab", "shift+enter", "alt+shift+a"]),
        (b"\x1b[63;2u\x1b[97;2u\x1b[97;66u", ["question_mark", "A", "A"]),  # without the text of the key
        (b"\x1b[97;5u", ["ctrl+a"]),
        (b"\x1b[97;1:1u\x1b[97;1:2u", ["a", "a"]),
        (b"\x1b[97:65;2;65u", ["A"]),
        (b"\x1b[I\x1b[O", ["AppFocus", "AppBlur"]),
        (b"\x1b[<0;3;4M", ["MouseDown"]),
        (b"\x1b[?2026;2$y", ["TerminalSupportsSynchronizedOutput"]),
        (b"\x1b[?62;22;52c\x1b[?6c", ["DeviceAttributes", "DeviceAttributes"]),
        (b"\x1b[>83;40900;0c\x1b[>84;0;0c", ["GnuScreenFound"]),
        (b"\x1b[200~a\x1b[A\r\x00b\x1b[201~c", ["paste 'a\\x1b[A\\rb'", "c"]),
        (b"\x1b[200~\xff\x1b[201~", ["paste '\ufffd'"]),
    ],
)
def test_bytes_become_keys_reports_and_pastes(data: bytes, messages: list[str]) -> None:
    assert read(data) == messages


@pytest.mark.parametrize(
    "noise",
    [
        b"\xe1",
        b"\xff\xfe",
        b"\xed\xa0\x80",  # a surrogate
        b"\xc2\x9b",  # a C1 control
        b"\x1b[97;1:3u",  # a key release
        b"\x1b[1;1:3B",
        b"\x1b[99999999u",
        b"\x1b[1114112u",
        b"\x1b[97;1;55296u",
        b"\x1b[97;1;27u",  # the text of the key is a control
        b"\x1b[M \xf0\x81",  # an X10 mouse report
        b"\x1b[<99999999999999999999;1;1M",
        b"\x1b[<;;M",
        b"\x1b[12;40R",  # the position of the cursor
        b"\x1b[?" + b"9" * 100 + b"c",
        b"\x1b[>41;354;0c",
        b"\x1b[8;24;80t",
        b"\x1b[999~",
        b"\x1b[201~",
        b"\x1b]11;rgb:ffff/ffff/ffff\x07",
        b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
        b"\x1bP>|XTerm(380)\x1b\\",
        b"\x1b_Gi=31;OK\x1b\\",
        b"\x1b[1;2",  # the rest never comes
        b"\x1b[[",
        b"\x1bO5",
        b"\x1bO999P",
        b"\x1b[27;2;9999999~",
    ],
)
def test_noise_and_answers_of_the_terminal_are_ignored(noise: bytes) -> None:
    assert read(noise) == []
    parser = TerminalInput()
    assert shown(parser.feed(noise)) + shown(parser.finish()) + shown(parser.feed(b"x")) == ["x"]


def test_an_escape_sequence_may_arrive_in_parts() -> None:
    parser = TerminalInput()
    assert shown(parser.feed(b"\x1b")) == []
    assert parser.is_waiting
    assert shown(parser.feed(b"[B")) == ["down"]
    assert not parser.is_waiting


def test_a_paste_that_never_ends_is_bounded() -> None:
    parser = TerminalInput()
    messages = shown(parser.feed(b"\x1b[200~" + b"x" * (2 << 20)))
    assert [message[:8] for message in messages] == ["PasteTru", "paste 'x"]
    assert not parser.is_waiting


OLD_KEYS = [b"\x1b[[A", b"\x1bO5P", b"\x1b[7$"]
tokens = st.sampled_from(
    [*OLD_KEYS, b"a", b"\x1b[A", b"\x1b[1;5C", "é".encode(), b"\x1b[200~p\x1b[201~", b"\x1b[<0;3;4M", b"\r"]
)


@given(st.lists(tokens, min_size=1, max_size=8), st.data())
def test_the_split_of_the_input_does_not_matter(parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(parts)
    cut = data.draw(st.integers(0, len(whole)))
    parser = TerminalInput()
    messages = shown(parser.feed(whole[:cut])) + shown(parser.feed(whole[cut:]))
    assert messages + shown(parser.finish()) == read(whole)


pieces = st.binary(max_size=6) | st.sampled_from(
    [b"\x1b[", b"\x1b]", b"\x1bO", b"\x1b", b";", b":", b"9", b"u", b"M", b"<"]
)


@given(st.lists(pieces, max_size=20))
def test_no_bytes_raise_or_block(parts: list[bytes]) -> None:
    parser = TerminalInput()
    for part in parts:
        shown(parser.feed(part))
    shown(parser.finish())
    shown(parser.feed(b"\x1b[201~\x07\x1b\\\x18" * 3))
    shown(parser.finish())
    assert shown(parser.feed(ARROW_DOWN)) == ["down"]


@pytest.mark.parametrize(
    ("data", "line_ends"),
    [
        (b"prod\rstable\r", 2),
        (b"prod\r\nstable", 1),
        (b"a\rb\rc\r", 3),
        (b"\ra", 1),
        (b"prod\r", 0),  # Enter
        (b"\r\r", 0),
        (b"prod\r\x1b[A", 0),
        (b"\x1b[13u", 0),  # Enter in the kitty protocol, in which a carriage return is text
    ],
)
def test_without_bracketed_paste_a_line_end_among_text_is_not_enter(data: bytes, line_ends: int) -> None:
    assert not any(isinstance(message, PastedLineEnd) for message in TerminalInput().feed(data))
    parser = TerminalInput(marks_pastes=False)
    assert sum(isinstance(message, PastedLineEnd) for message in parser.feed(data)) == line_ends
    assert not any(isinstance(message, PastedLineEnd) for message in parser.feed(b"\r"))


def test_a_terminal_that_has_marked_a_paste_marks_pastes() -> None:
    parser = TerminalInput(marks_pastes=False)
    list(parser.feed(b"\x1b[200~a\x1b[201~"))
    assert not any(isinstance(message, PastedLineEnd) for message in parser.feed(b"a\rb\r"))


@pytest.mark.parametrize(
    ("variables", "marked", "is_screen"),
    [
        ({"TERM": "xterm-256color"}, True, False),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x,1,0"}, True, False),
        ({"TERM": "screen-256color", "TMUX": "/tmp/x,1,0"}, True, False),
        ({"TERM": "screen", "STY": "1.pts"}, False, True),
        ({"TERM": "screen.xterm-256color"}, True, None),
        ({"TERM": "linux"}, False, False),
        ({"TERM": "linux-16color"}, False, False),
        ({}, True, False),
    ],
)
def test_some_terminals_do_not_mark_pastes_or_are_gnu_screen(
    variables: dict[str, str], marked: bool, is_screen: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "STY", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert marks_pastes() is marked
    assert is_gnu_screen() is is_screen


INTERRUPTS = (b"\x03", b"\x1b[99;5u", b"\x1b[27;5;99~")


@pytest.mark.parametrize("interrupt", INTERRUPTS)
def test_ctrl_c_ends_a_paste_whose_end_did_not_arrive(interrupt: bytes) -> None:
    parser = TerminalInput()
    assert shown(parser.feed(b"\x1b[200~prod\x1b[20")) == shown(parser.finish()) == []
    assert shown(parser.feed(b"q" + interrupt)) == []
    assert shown(parser.finish()) == ["PasteDropped"]
    assert shown(parser.feed(b"j")) == ["j"]


@pytest.mark.parametrize(
    ("end", "after"), [(b"\x1b[201~", ["x"]), *((interrupt, ["x"]) for interrupt in INTERRUPTS), (b"", [])]
)
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_the_rest_of_a_paste_that_is_too_long_is_not_taken_for_keys(end: bytes, after: list[str], size: int) -> None:
    parser = TerminalInput()
    messages = list(parser.feed(b"\x1b[200~" + b"q" * PASTE_LIMIT))
    assert shown(messages)[1].startswith("paste")
    assert isinstance(messages[0], PasteTruncated)
    rest = b"qqq\rqqq" + end + b"x"
    later = [message for at in range(0, len(rest), size) for message in parser.feed(rest[at : at + size])]
    assert shown([*later, *parser.finish()]) == after
