"""What is typed has its effect in the order in which it was typed.

A key goes to the widget with the focus and comes back up to the application before a binding of it is looked for, and
what the binding does takes messages of its own: to open a field, to move the focus. Whatever comes meanwhile overtakes
it (Textual 8.2.8, issue 6605): ``ab⌫c`` in one burst, as a slow line delivers it, becomes ``ab``, and letters typed
right behind the key that opens a field are commands. So the next key waits until the one before it has been dealt with.
"""

from __future__ import annotations

from collections import deque

from textual import events
from textual.app import App
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

PROBE_HOPS = 3
"""How often word is sent after a key: behind it, behind what it has set off, and behind what that has."""

POLL_INTERVAL = 0.03
"""Seconds between two looks whether word still comes, while a key waits: who should pass it on may be gone."""

GIVE_UP_AFTER = 1.0
"""Seconds after which a key waits no more."""


class KeyProcessed(Message):
    """Goes the way of a key, behind it: from the widget with the focus up to the application."""

    def __init__(self, number: int, rounds: int) -> None:
        super().__init__()
        self.number = number
        self.rounds = rounds


class OrderedKeysApp(App[None], inherit_bindings=False):
    """An application that deals with one key, or one paste, after the other."""

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Event] = deque()
        self._number = 0
        """Of the key that is being dealt with."""
        self._is_busy = False
        self._asked: Screen[object] | None = None
        """The screen that had the key."""
        self._carrier: Widget | None = None
        """The widget that was given the word behind it."""

    async def on_event(self, event: events.Event) -> None:
        """Textual's own, but what is typed waits for its turn."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._typed.append(event)
        if not self._is_busy or self._is_lost:
            await self._deal_with_next()
        elif len(self._typed) == 1:
            self._wait()

    async def _deal_with_next(self) -> None:
        self._is_busy = bool(self._typed and self.screen_stack)
        if not self._is_busy:
            return
        self._number += 1
        self._asked = self.screen
        self._carrier = self.focused or self.screen
        await super().on_event(self._typed.popleft())
        if not self._carrier.post_message(KeyProcessed(self._number, PROBE_HOPS)):
            await self._go_on(self._number)
        elif self._typed:
            self._wait()

    @property
    def _is_lost(self) -> bool:
        """Whether no word will come: the widget that had it is gone."""
        return self._carrier is not None and not self._carrier.is_attached

    def _wait(self, waited: float = 0.0) -> None:
        number = self._number
        self.set_timer(POLL_INTERVAL, lambda: self._look(number, waited + POLL_INTERVAL))

    async def _look(self, number: int, waited: float) -> None:
        if self._is_lost or waited >= GIVE_UP_AFTER:
            await self._go_on(number)
        elif self._is_busy and number == self._number:
            self._wait(waited)

    async def on_key_processed(self, message: KeyProcessed) -> None:
        """The key has come up; see what it has set off come up too."""
        left = message.rounds - 1
        if message.number != self._number or not self.screen_stack:  # there is none any more when it is being left
            return
        self._carrier = self.focused or self.screen
        if left and self._carrier.post_message(KeyProcessed(message.number, left)):
            return
        if self.screen is self._asked:
            self.call_later(self._go_on, message.number)  # behind what waits already: the focus is one of it
        else:
            self._carrier = self.screen
            self.screen.call_after_refresh(self._go_on, message.number)  # what it opens is seen first

    async def _go_on(self, number: int) -> None:
        if self._is_busy and number == self._number:
            await self._deal_with_next()
