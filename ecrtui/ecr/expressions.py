"""Regular expressions that users type: compile them, and refuse those that may never finish."""

from __future__ import annotations

import re
import warnings


class ExpressionError(ValueError):
    """A text is not a regular expression, or could take exponential time.

    Args:
        problem: what is wrong.
        hint: the next step.
        position: the index of the first wrong character; None if it is not known.
    """

    def __init__(self, problem: str, hint: str, position: int | None = None) -> None:
        super().__init__(problem)
        self.hint = hint
        self.position = position


def compile_expression(text: str, flags: int = 0) -> re.Pattern[str]:
    """Compile a regular expression.

    Raises:
        ExpressionError: the text is not one, or could take exponential time.
    """
    if problem := _may_backtrack(text):
        raise ExpressionError(problem, "Use one repeat: (ab)+ instead of (a+b+)+.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the user sees the effect of a doubtful set like [[a]
            return re.compile(text, flags)
    except (re.error, OverflowError, RecursionError) as error:
        problem = f"not a regular expression: {getattr(error, 'msg', error)}"
        hint = "Escape special characters with \\."
        raise ExpressionError(problem, hint, getattr(error, "pos", None)) from None


_ATOMS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_GROUP = re.compile(r"\(([^()]*)\)(?P<repeat>[*+]|\{\d*(?P<open>,)?(?P<most>\d*)\})?")
_MAX_NESTED_REPEATS = 4
"""A repeat may be repeated at most this often."""


def _may_backtrack(pattern: str) -> str:
    """Return why the expression could take exponential time on a short text; empty if it cannot.

    Python's engine tries every way to divide a text between a repeat and the repeat around it, and it holds the
    interpreter meanwhile: ``(a+)+b`` takes years on thirty characters.
    """
    rest = _ATOMS.sub("x", pattern)
    while group := _GROUP.search(rest):
        inner = group[1]
        varies = any(mark in inner for mark in "*+|{")
        if varies and group["repeat"] and not _is_bounded(group):
            return "a repeat or choice inside a repeat may never finish"
        kept = "x*" if varies or group["repeat"] else "x"
        rest = rest[: group.start()] + kept + rest[group.end() :]
    return ""


def _is_bounded(group: re.Match[str]) -> bool:
    if group["repeat"] in ("*", "+") or (group["open"] and not group["most"]):
        return False
    most = (group["most"] or group["repeat"].strip("{,}")).lstrip("0")
    return len(most) < 2 and int(most or 0) <= _MAX_NESTED_REPEATS
