"""How a copied text reaches the clipboard of the user."""

from __future__ import annotations

from collections.abc import Iterator

from ecrtui.diagnostics.report import Check, Status
from ecrtui.tui.clipboard import programs as clipboard_programs


def clipboard() -> Iterator[Check]:
    """Yield where the user is, and what a copy goes through first. Nothing is copied."""
    environment = clipboard_programs.current_environment()
    over_ssh = clipboard_programs.over_ssh(environment)
    yield Check("user", "on another machine, over SSH" if over_ssh else "on this machine")
    if program := clipboard_programs.desktop_program(environment):
        yield Check("copies with", program.name, source=program.variable)
        return
    if environment.get("TMUX"):
        yield Check("copies with", "the buffer of tmux, which copies to its own terminal", source="TMUX")
        yield _tmux_setting(environment)
        return
    wrapped = ", wrapped for GNU screen" if "STY" in environment else ""
    source = "STY" if wrapped else ""
    hint = "A terminal can be set to refuse it: see docs/terminal.md. The key p in the copied text prints it instead."
    yield Check("copies with", f"the control sequence OSC 52{wrapped}", Status.OK, source, hint)


def _tmux_setting(environment: clipboard_programs.Environment) -> Check:
    name = "set-clipboard of tmux"
    value = clipboard_programs.tmux_option("set-clipboard", environment)
    if not value:
        return Check(name, "tmux did not answer", Status.UNKNOWN)
    if value == "off":
        hint = "tmux does not copy to its terminal. Run tmux set -g set-clipboard external."
        return Check(name, value, Status.WARNING, hint=hint)
    return Check(name, value)
