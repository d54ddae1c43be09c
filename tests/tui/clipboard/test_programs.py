"""A copy counts as done only if its program succeeded and returns the same text."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecrtui.tui.clipboard import programs as clipboard_programs
from ecrtui.tui.clipboard.programs import OLD_TMUX, Copied
from tests.support.programs import add_clipboard, add_program

TEXT = "docker pull 'a b'\té\n\n"
DESKTOP = {"DISPLAY": ":0"}
FORWARDED = {"DISPLAY": "localhost:10.0", "SSH_TTY": "/dev/pts/9"}


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    return tmp_path / "bin"


def copy(programs: Path, text: str = TEXT, **variables: str) -> Copied:
    return clipboard_programs.copy_to_desktop(text, {"PATH": str(programs), **variables}, timeout=60)


@pytest.mark.parametrize("variables", [DESKTOP, FORWARDED])
def test_the_desktop_gets_the_exact_text(variables: dict[str, str], programs: Path) -> None:
    add_clipboard(programs, "xclip")
    assert copy(programs, **variables) == Copied("the clipboard")
    assert (programs / "stored").read_text() == TEXT


@pytest.mark.parametrize(
    "variables",
    [{}, {"SSH_TTY": "/dev/pts/9"}, {**DESKTOP, "SSH_CONNECTION": "1 2 3 4"}, {"DISPLAY": "", "SSH_TTY": "x"}],
)
def test_another_desktop_than_the_users_is_left_alone(variables: dict[str, str], programs: Path) -> None:
    add_clipboard(programs, "xclip")
    assert copy(programs, **variables) == Copied()
    assert not (programs / "stored").exists()


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ('{ echo "Error: Can\'t open display: :0" >&2; exit 1; }', "Error: Can't open display: :0"),
        ("exit 3", "the clipboard returned another text"),
        ("echo other", "the clipboard returned another text"),
        ("printf '\\377'", "codec can't decode"),
    ],
)
def test_a_program_that_fails_is_named_and_the_next_one_is_tried(stored: str, words: str, programs: Path) -> None:
    add_clipboard(programs, "xclip", stored=stored)
    add_clipboard(programs, "xsel")
    copied = copy(programs, **DESKTOP)
    assert copied.place == "the clipboard"
    (problem,) = copied.problems
    assert problem.startswith("xclip failed: ")
    assert words in problem


def test_a_program_that_does_not_end_is_killed(programs: Path) -> None:
    add_clipboard(programs, "xclip", stored="exec sleep 600")
    environment = {"PATH": str(programs), **DESKTOP}
    copied = clipboard_programs.copy_to_desktop(TEXT, environment, timeout=0.5)
    assert copied == Copied("", ("xclip did not end within 0.5 seconds",))


def test_wayland_comes_first(programs: Path) -> None:
    add_clipboard(programs, "xclip")
    add_program(programs, "wl-copy", f"cat > {programs}/wayland")
    add_program(programs, "wl-paste", f"cat {programs}/wayland")
    assert copy(programs, **DESKTOP, WAYLAND_DISPLAY="wayland-0") == Copied("the clipboard")
    assert not (programs / "stored").exists()


def test_a_program_may_stay_in_the_background_with_its_output_open(programs: Path) -> None:
    add_clipboard(programs, "xclip", stored="sleep 4 & cat")
    assert copy(programs, **DESKTOP) == Copied("the clipboard")


def test_a_program_that_cannot_start_is_named(programs: Path) -> None:
    add_program(programs, "xclip", "")
    (programs / "xclip").write_text("#!/nonexistent/interpreter\n")
    (problem,) = copy(programs, **DESKTOP).problems
    assert problem.startswith("xclip failed: ")
    assert "No such file or directory" in problem


@pytest.mark.parametrize(
    ("kept", "over_ssh", "display"),
    [
        ("SSH_CONNECTION=1 2 3 4\n-DISPLAY", True, None),  # the session was attached again, from elsewhere
        ("-SSH_CONNECTION\nDISPLAY=:1", False, ":1"),  # the session was attached again, at the desktop
        ("", False, ":0"),
    ],
)
def test_tmux_knows_the_current_terminal(
    kept: str, over_ssh: bool, display: str | None, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_program(programs, "tmux", f'printf "%s\\n" "{kept}"')
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("TMUX", "/tmp/tmux,1,0")
    monkeypatch.setenv("SSH_TTY", "/dev/pts/9")
    monkeypatch.setenv("DISPLAY", ":0")
    environment = clipboard_programs.current_environment()
    assert clipboard_programs.over_ssh(environment) is over_ssh
    assert environment.get("DISPLAY") == display


@pytest.mark.parametrize(
    ("option", "with_terminal", "problems"),
    [("-w", True, ()), ("-w", False, ()), ("no option", True, (OLD_TMUX,)), ("no option", False, ())],
)
def test_a_tmux_that_cannot_copy_to_its_terminal_gets_the_text_into_its_buffer(
    option: str, with_terminal: bool, problems: tuple[str, ...], programs: Path
) -> None:
    add_program(
        programs,
        "tmux",
        f'case "$*" in "load-buffer -" | "load-buffer {option} -") cat > {programs}/buffer;; '
        f"show-buffer) cat {programs}/buffer;; "
        '*) echo "usage: load-buffer [-b buffer-name] path" >&2; exit 1;; esac',
    )
    copied = clipboard_programs.copy_to_tmux(TEXT, {"PATH": str(programs)}, with_terminal=with_terminal)
    assert copied == Copied("the tmux buffer", problems)
    assert (programs / "buffer").read_text() == TEXT


def test_the_environment_stays_if_tmux_does_not_answer(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_program(programs, "tmux", "echo no server running >&2; exit 1")
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("TMUX", "/tmp/tmux,1,0")
    monkeypatch.setenv("SSH_TTY", "/dev/pts/9")
    environment = clipboard_programs.current_environment()
    assert clipboard_programs.over_ssh(environment)
    copied = clipboard_programs.copy_to_tmux("a", environment, with_terminal=True)
    assert copied == Copied("", ("tmux failed: no server running",))
