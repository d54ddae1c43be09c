"""The questions and messages of a sign-in.

The thread that signs in calls these functions and waits for the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ecrtui.ecr.safe_text import visible_lines
from ecrtui.errors import no_mfa_code
from ecrtui.tui import blocking
from ecrtui.tui.textual_fixes.terminal_app import TerminalApp

if TYPE_CHECKING:
    from ecrtui.ecr.sign_in_request import SignInRequest

Result = TypeVar("Result")

WAITING_SHOWN = 3600.0
"""Seconds that a message about a sign-in stays. It is removed when the sign-in ends."""


class SignInApp(TerminalApp):
    """An application that shows what a sign-in needs from the user."""

    def __init__(self) -> None:
        super().__init__()
        self._ended_sign_ins: set[SignInRequest] = set()

    def ask_for_code(self, question: str) -> str:
        """Ask the user for an MFA code.

        Raises:
            CredentialsError: the user entered none.
        """
        from ecrtui.tui.overlays.prompt import TextPrompt

        answer: Future[str | None] = Future()
        self.call_from_thread(self.push_screen, TextPrompt(question, "send"), answer.set_result)
        code = answer.result()
        if code is None:
            raise no_mfa_code()
        return code

    def show_waiting(self, text: str) -> None:
        """Show what the sign-in waits for; hide it with an empty text."""
        shown = (
            partial(self.notify, text, title="Signing in", timeout=WAITING_SHOWN) if text else self.clear_notifications
        )
        self.call_from_thread(shown)

    def lend_terminal(self, title: str, reason: str, work: Callable[[], Result]) -> Result | None:
        """Offer to leave the screens while a program uses the terminal. Return its result; None if the user declines.

        Args:
            title: what is to run.
            reason: why the program needs the terminal.
            work: runs the program and waits for it; may raise EcrTuiError.
        """
        from ecrtui.tui.overlays.confirmation import Confirmation

        answer: Future[bool | None] = Future()
        question = Confirmation(title, reason, yes="Run it on this terminal", no="Do not run it")

        def decide(accepted: bool | None) -> None:
            if accepted:
                self.lend_keys()  # what is typed next is meant for the program
            answer.set_result(accepted)

        self.call_from_thread(self.push_screen, question, decide)
        return self.call_from_thread(self._work_on_terminal, title, work) if answer.result() else None

    def show_sign_in(self, request: SignInRequest) -> bool:
        """Show the page of a sign-in. Return True when the user cancels, False after :meth:`end_sign_in`."""
        answer: Future[bool | None] = Future()
        self.call_from_thread(self._show_sign_in, request, answer)
        return answer.result() is None

    def _show_sign_in(self, request: SignInRequest, answer: Future[bool | None]) -> None:
        from ecrtui.tui.overlays.sign_in import SignInOverlay

        if request in self._ended_sign_ins:  # the end came first: each call has a thread
            answer.set_result(False)
        else:
            self.push_screen(SignInOverlay(request), answer.set_result)

    def end_sign_in(self, request: SignInRequest) -> None:
        """Remove the page of a sign-in."""
        self.call_from_thread(self._end_sign_in, request)

    def _end_sign_in(self, request: SignInRequest) -> None:
        from ecrtui.tui.overlays.sign_in import SignInOverlay

        self._ended_sign_ins.add(request)
        for screen in self.screen_stack:
            if isinstance(screen, SignInOverlay) and screen.request == request:
                screen.end()

    async def _work_on_terminal(self, title: str, work: Callable[[], Result]) -> Result:
        driver = self.terminal_driver
        if driver is None:
            return await blocking.run_blocking(work)
        with self.suspend(), driver.ignoring_interrupts():
            print(visible_lines(title), flush=True)
            return await blocking.run_blocking(work)
