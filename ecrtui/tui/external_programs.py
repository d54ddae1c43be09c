"""Show a text in the user's pager or editor, from a private file that is deleted afterwards."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ecrtui.tui import blocking
from ecrtui.tui.textual_fixes.terminal_app import TerminalApp

if TYPE_CHECKING:
    from ecrtui.tui import messages


class Program(Enum):
    """A program of the user, by the variables that name it, the first one first."""

    PAGER = ("PAGER",)
    EDITOR = ("VISUAL", "EDITOR")

    @property
    def variable(self) -> str:
        """The variable to set for another program."""
        return str(self.value[-1])

    def command(self, environment: Mapping[str, str]) -> str:
        """Return the command, for the shell; ``less`` or ``vi`` if no variable has one."""
        given = (environment.get(name, "").strip() for name in self.value)
        return next(filter(None, given), _DEFAULTS[self])


_GROUP = "program"
"""The workers that wait for the end of a program."""

_DEFAULTS = {Program.PAGER: "less", Program.EDITOR: "vi"}


class ProgramFailed(Exception):  # noqa: N818 - reads as what happened
    """A program could not be run; the text says why."""


def run_program(program: Program, name: str, content: bytes) -> bytes | None:
    """Run the program on a file with this content, and wait for its end. It blocks: call it in a thread.

    Args:
        program: the program.
        name: the name of the file. Characters that can matter to a shell or a terminal become "-".
        content: the content.

    Returns:
        The content of the file afterwards; None if the file is gone.

    Raises:
        ProgramFailed: the file could not be written, or the program failed.
    """
    import re  # the first frame does not need these
    import subprocess
    from tempfile import TemporaryDirectory

    command = program.command(os.environ)
    try:
        with TemporaryDirectory(prefix="ecrtui-") as folder:  # only the user can read it
            file = Path(folder) / re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip("-.")
            file.write_bytes(content)
            # The shell splits the command, as in git: PAGER can be "less -R". It waits for it also after Ctrl-C.
            code = subprocess.run(
                ["/bin/sh", "-c", f'trap : INT QUIT; {command} "$@"', command, str(file)], check=False
            ).returncode
            if code:
                raise ProgramFailed(
                    f"{command} failed with exit code {code}. Set {program.variable} to another program."
                )
            return file.read_bytes() if file.is_file() else None
    except OSError as problem:
        raise ProgramFailed(f"The file could not be written: {problem.strerror or problem}.") from None


class ProgramsApp(TerminalApp):
    """An application that shows texts in the programs of the user."""

    def on_open_in_program(self, message: messages.OpenInProgram) -> None:
        self._start(self._open(message))

    def on_edit_text(self, message: messages.EditText) -> None:
        self._start(self._edit(message))

    def _start(self, use: Coroutine[None, None, None]) -> None:
        """Start to use a program. While one runs, a second key for one does nothing: two would share the terminal."""
        if any(worker.group == _GROUP and not worker.is_finished for worker in self.workers):
            use.close()
        else:
            self.lend_keys()
            self.run_worker(use, group=_GROUP, exit_on_error=False)

    async def _edit(self, message: messages.EditText) -> None:
        """Let the user edit a copy of a text, and hand over the copy if it was changed."""
        before = message.text.encode("utf-8", "surrogatepass")
        after = await self._run(Program.EDITOR, message.name, before)
        if after is not None and after != before:
            message.done(after.decode("utf-8", "replace"))

    async def _run(self, program: Program, name: str, content: bytes) -> bytes | None:
        """Leave the screens, run the program, and return to the screens. Return the content afterwards."""
        driver = self.terminal_driver
        if driver is None:
            return content
        try:
            with self.suspend(), driver.ignoring_interrupts():
                try:
                    return await blocking.run_blocking(run_program, program, name, content)
                except ProgramFailed:
                    driver.drop_input()  # it may not have started, and what was typed is meant for it
                    raise
        except ProgramFailed as problem:
            self.notify(str(problem), severity="warning")
            return content

    async def _open(self, message: messages.OpenInProgram) -> None:
        """Show a text in a program."""
        before = message.text.encode("utf-8", "surrogatepass")
        if await self._run(message.program, message.name, before) != before:
            self.notify("The copy was changed. ecrtui has deleted it, and sends nothing.", severity="warning")
