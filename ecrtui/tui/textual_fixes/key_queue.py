"""Handle keys and pastes one after the other, in the order they were typed.

Defect: Textual sends a key to the focused widget, lets it bubble to the application and only then runs its binding.
What the binding does (open a field, move the focus) takes further messages. Later keys overtake it: ``ab⌫c``, typed
in one burst or delivered by a slow connection, becomes ``ab``, and letters typed right after the key that opens a field
run as commands.
Upstream: https://github.com/Textualize/textual/issues/6605 (its pull request 6631 covers only the keys of ``Input``
and ``TextArea``).
Delete this module when Textual handles each key completely before the next one.
"""

from __future__ import annotations

from collections import deque

from textual import events
from textual.app import App
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

PROBE_HOPS = 3
"""Number of probe messages posted after a key. Each one lets one level of follow-up messages drain."""

POLL_INTERVAL = 0.03
"""Seconds between two checks, while keys wait, whether the widget that holds the probe still exists."""

GIVE_UP_AFTER = 5.0
"""Seconds after which the next key is handled even if the probe has not come back. On a busy machine a key that opens a
screen can take more than a second; the letters typed for its field must not run as commands."""


class KeyProcessed(Message):
    """A probe that bubbles behind a key from the focused widget to the application.

    Args:
        number: The number of the key.
        hops: Number of probes left, with this one.
    """

    def __init__(self, number: int, hops: int) -> None:
        super().__init__()
        self.number = number
        self.hops = hops


class OrderedKeysApp(App[None], inherit_bindings=False):
    """An application that handles one key or paste at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[events.Event] = deque()
        self._number = 0
        """Number of the key that is being handled."""
        self.typed_at = 0.0
        """Time on the monotonic clock, in seconds, when the key that is being handled arrived."""
        self._is_busy = False
        self._key_screen: Screen[object] | None = None
        """The screen that was active when the key was sent, or when a new one was drawn after that."""
        self._probe_target: Widget | None = None
        """The widget that received the probe."""

    async def on_event(self, event: events.Event) -> None:
        """Queue keys and pastes from the terminal; pass all other events to Textual at once."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._waiting.append(event)
        if not self._is_busy:
            await self._handle_next()
            return
        if self._is_probe_lost:
            await self._probe_again(self._number)
        if len(self._waiting) == 1:
            self._poll_later()

    def drops(self, event: events.Event) -> bool:
        """Return True for a key or a paste that acts on nothing."""
        return False

    async def _handle_next(self) -> None:
        while self._waiting and self.drops(self._waiting[0]):
            self._waiting.popleft()
        self._is_busy = bool(self._waiting and self.screen_stack)
        if not self._is_busy:
            return
        self._number += 1
        self._key_screen = self.screen
        self._probe_target = self.focused or self.screen
        event = self._waiting.popleft()
        self.typed_at = event.time
        await super().on_event(event)
        if not self._probe_target.post_message(KeyProcessed(self._number, PROBE_HOPS)):
            await self._probe_again(self._number)
        if self._waiting:
            self._poll_later()

    @property
    def _is_probe_lost(self) -> bool:
        """True if the widget that received the probe is gone, so that the probe never comes back."""
        return self._probe_target is not None and not self._probe_target.is_attached

    def _poll_later(self, waited: float = 0.0) -> None:
        number = self._number
        self.set_timer(POLL_INTERVAL, lambda: self._poll(number, waited + POLL_INTERVAL))

    async def _poll(self, number: int, waited: float) -> None:
        if waited >= GIVE_UP_AFTER:
            await self._finish(number)
        elif self._is_busy and number == self._number:
            if self._is_probe_lost:
                await self._probe_again(number)
            self._poll_later(waited)

    async def on_key_processed(self, message: KeyProcessed) -> None:
        """Send the next probe; after the last one, handle the next key."""
        hops = message.hops - 1
        if message.number != self._number or not self.screen_stack:  # the stack is empty while the application exits
            return
        self._probe_target = self.focused or self.screen
        if hops and self._probe_target.post_message(KeyProcessed(message.number, hops)):
            return
        if self.screen is self._key_screen:
            self.call_later(self._finish, message.number)  # after the messages already queued, such as a focus change
        else:
            self._key_screen = self._probe_target = self.screen
            self.screen.call_after_refresh(self._probe_again, message.number)  # draw the new screen first

    async def _probe_again(self, number: int) -> None:
        """Send a probe to where the keys go now.

        The one before is lost if its widget is gone. After a new screen, another one can follow: the command palette
        closes, and its command opens a screen.
        """
        if self._is_busy and number == self._number and self.screen_stack:
            self._probe_target = self.focused or self.screen
            if not self._probe_target.post_message(KeyProcessed(number, PROBE_HOPS)):
                await self._finish(number)

    async def _finish(self, number: int) -> None:
        if self._is_busy and number == self._number:
            await self._handle_next()
