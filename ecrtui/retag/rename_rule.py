"""Rules that derive new tags from existing ones, for many images at once.

A rule has one of two forms:

- a template with ``{tag}`` and optional filters: ``{tag}-rel``, ``{tag|strip:rc-}``, ``v{tag|before:-}``;
- ``/expression/replacement/``, a regular expression that must match the whole tag, with groups: ``/rc-(.*)/v\\1/``.
  The delimiter may also be one of ``#,!%``: ``#rc-(.*)#v\\1#``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ecrtui.ecr.expressions import ExpressionError, compile_expression
from ecrtui.errors import UsageError

_DELIMITERS = "/#,!%"
_FIELD = re.compile(r"\{([^{}]*)\}")
_HINT = (
    "Write a template ({tag}-rel, {tag|strip:rc-}) or /regular expression/replacement/. "
    "Filters: strip, suffix, before, after, replace:old:new, lower, upper."
)


@dataclass(frozen=True, slots=True)
class RenameRule:
    """A parsed rule."""

    text: str
    _apply: Callable[[str], str]

    def __call__(self, tag: str) -> str:
        """Return the new tag for an existing one; an empty text if the rule does not apply."""
        return self._apply(tag)


def parse_rename_rule(text: str) -> RenameRule:
    """Parse a rule.

    Raises:
        UsageError: the rule is not valid; the hint shows the forms.
    """
    if text[:1] and text[0] in _DELIMITERS:
        return RenameRule(text, _expression(text))
    if "{" not in text:
        raise UsageError(f"{text!r} gives every image the same tag", "It does not contain {tag}.", _HINT)
    return RenameRule(text, _template(text))


def _expression(text: str) -> Callable[[str], str]:
    parts = text[1:].split(text[0])
    if len(parts) != 3 or parts[2]:
        raise UsageError(f"{text!r} is not of the form /expression/replacement/", "", _HINT)
    replacement = parts[1]
    try:
        expression = compile_expression(parts[0])
        expression.sub(replacement, "")  # a bad group reference fails now
    except ExpressionError as problem:
        raise UsageError(f"{text!r} has an invalid expression", str(problem), problem.hint) from None
    except (re.error, IndexError) as problem:
        raise UsageError(f"{text!r} has an invalid replacement", str(problem), _HINT) from problem

    def apply(tag: str) -> str:
        match = expression.fullmatch(tag)
        return match.expand(replacement) if match else ""

    return apply


def _template(text: str) -> Callable[[str], str]:
    rest = _FIELD.sub("", text)
    if "{" in rest or "}" in rest:
        raise UsageError(f"{text!r} has an unmatched brace", "", _HINT)
    fields = [_field(match[1], text) for match in _FIELD.finditer(text)]
    literals = _FIELD.split(text)[::2]

    def apply(tag: str) -> str:
        result = literals[0]
        for field, literal in zip(fields, literals[1:], strict=True):
            value = field(tag)
            if not value:
                return ""
            result += value + literal
        return result

    return apply


def _field(text: str, whole: str) -> Callable[[str], str]:
    name, *filters = text.split("|")
    if name.strip() != "tag":
        raise UsageError(f"{whole!r} has the unknown field {{{text}}}", "Only {tag} is known.", _HINT)
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
    if name in _FILTERS_WITH_ARGUMENT and len(arguments) == 1 and arguments[0]:
        return lambda tag: _FILTERS_WITH_ARGUMENT[name](tag, arguments[0])
    if name in _FILTERS and not arguments:
        return _FILTERS[name]
    raise UsageError(
        f"{whole!r} has the invalid filter {text!r}", "Unknown filter or wrong number of arguments.", _HINT
    )


def _part(tag: str, separator: str, index: int) -> str:
    """Return the part of a tag before or after a separator; an empty text if the separator is not in the tag."""
    before, found, after = tag.partition(separator)
    return (before, after)[index] if found else ""


_FILTERS_WITH_ARGUMENT: Mapping[str, Callable[[str, str], str]] = {
    "strip": str.removeprefix,
    "suffix": str.removesuffix,
    "before": lambda tag, separator: _part(tag, separator, 0),
    "after": lambda tag, separator: _part(tag, separator, 1),
}
_FILTERS: Mapping[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper}
