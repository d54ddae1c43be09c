"""Rules that make new tags of old ones, for many images at once.

Two forms:

- a template with ``{tag}`` in it, and filters behind a bar: ``{tag}-rel``, ``{tag|strip:rc-}``, ``v{tag|before:-}``;
- ``/expression/replacement/``, a regular expression that has to match the whole tag, with groups: ``/rc-(.*)/v\\1/``.
  Any other character than a slash can stand in its place: ``#rc-(.*)#v\\1#``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ecrtui.errors import UsageError

_EXPRESSION_MARKS = "/#,!%"
_FIELD = re.compile(r"\{([^{}]*)\}")
_HINT = (
    "Write a template ({tag}-rel, {tag|strip:rc-}) or /regular expression/replacement/. "
    "Filters: strip, suffix, before, after, replace:old:new, lower, upper."
)


@dataclass(frozen=True, slots=True)
class RenameRule:
    """A rule as it was written, ready for use."""

    text: str
    _apply: Callable[[str], str]

    def __call__(self, tag: str) -> str:
        """The new tag for an old one; empty if the rule does not apply to it."""
        return self._apply(tag)


def parse_rename_rule(text: str) -> RenameRule:
    """Read a rule.

    Raises:
        UsageError: what is wrong with it, and which forms there are.
    """
    if text[:1] and text[0] in _EXPRESSION_MARKS:
        return RenameRule(text, _expression(text))
    if "{" not in text:
        raise UsageError(f"{text!r} makes the same tag of every tag", "There is no {tag} in it.", _HINT)
    return RenameRule(text, _template(text))


def _expression(text: str) -> Callable[[str], str]:
    parts = text[1:].split(text[0])
    if len(parts) != 3 or parts[2]:
        raise UsageError(f"{text!r} is not an expression and a replacement", "", _HINT)
    try:
        expression = re.compile(parts[0])
        replacement = parts[1]
        # Expanded once against a match that has every group, so that a bad reference is told now.
        re.compile(f"(?:{parts[0]})|").sub(replacement, "")
    except (re.error, IndexError) as problem:
        raise UsageError(f"{text!r} is not a regular expression with its replacement", str(problem), _HINT) from problem

    def apply(tag: str) -> str:
        match = expression.fullmatch(tag)
        return match.expand(replacement) if match else ""

    return apply


def _template(text: str) -> Callable[[str], str]:
    rest = _FIELD.sub("", text)
    if "{" in rest or "}" in rest:
        raise UsageError(f"{text!r} has a brace without its other half", "", _HINT)
    fields = [_field(match[1], text) for match in _FIELD.finditer(text)]
    literals = _FIELD.split(text)[::2]

    def apply(tag: str) -> str:
        made = literals[0]
        for field, literal in zip(fields, literals[1:], strict=True):
            value = field(tag)
            if not value:
                return ""
            made += value + literal
        return made

    return apply


def _field(text: str, whole: str) -> Callable[[str], str]:
    name, *filters = text.split("|")
    if name.strip() != "tag":
        raise UsageError(f"{whole!r} has {{{text}}}", "Only {tag} stands for something.", _HINT)
    steps = [_filter(entry, whole) for entry in filters]

    def apply(tag: str) -> str:
        for step in steps:
            tag = step(tag)
        return tag

    return apply


def _filter(text: str, whole: str) -> Callable[[str], str]:
    name, *arguments = text.split(":")
    name = name.strip()
    if name == "replace" and len(arguments) == 2 and arguments[0]:
        return lambda tag: tag.replace(arguments[0], arguments[1])
    if name in _ONE and len(arguments) == 1 and arguments[0]:
        return lambda tag: _ONE[name](tag, arguments[0])
    if name in _NONE and not arguments:
        return _NONE[name]
    raise UsageError(
        f"{whole!r} has the filter {text!r}", "There is no such filter, or it wants other arguments.", _HINT
    )


def _part(tag: str, mark: str, index: int) -> str:
    """The part of a tag on one side of a mark; empty if the mark is not in it, so that the rule does not apply."""
    before, found, after = tag.partition(mark)
    return (before, after)[index] if found else ""


_ONE: Mapping[str, Callable[[str, str], str]] = {
    "strip": str.removeprefix,
    "suffix": str.removesuffix,
    "before": lambda tag, mark: _part(tag, mark, 0),
    "after": lambda tag, mark: _part(tag, mark, 1),
}
_NONE: Mapping[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper}
