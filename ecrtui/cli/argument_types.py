"""Types of options, for argparse."""

from __future__ import annotations

import argparse

MAX_COUNT = 2**63 - 1
"""The largest number that SQLite stores."""

MAX_SECONDS = 10**6
"""The longest timeout: more than eleven days. The system refuses much longer ones."""


def given_text(text: str) -> str:
    """Return a text that is not empty. An empty one is a variable of a script without a value.

    Raises:
        argparse.ArgumentTypeError: the text is empty.
    """
    if text:
        return text
    raise argparse.ArgumentTypeError("its value is empty; leave out the option, or give it a value")


def count(text: str) -> int:
    """Return a whole number from 0 to :data:`MAX_COUNT`.

    Raises:
        argparse.ArgumentTypeError: the text is not such a number.
    """
    return _number(text, MAX_COUNT)


def seconds(text: str) -> int:
    """Return a timeout in whole seconds, up to :data:`MAX_SECONDS`.

    Raises:
        argparse.ArgumentTypeError: the text is not such a number.
    """
    return _number(text, MAX_SECONDS)


def _number(text: str, largest: int) -> int:
    digits = text.strip()
    if digits.isascii() and digits.isdecimal() and len(digits) <= len(str(largest)) and int(digits) <= largest:
        return int(digits)
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    raise argparse.ArgumentTypeError(f"{shown!r} is not a whole number from 0 to {largest}")
