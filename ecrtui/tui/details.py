"""Documents as text for people.

Every value takes lines of its own to the right of a label of ours, and control characters in it are visible. So no
text of the registry can look like another fact.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ecrtui.ecr.documents import without_empty
from ecrtui.ecr.exact_json import parse_exact, write_json
from ecrtui.ecr.safe_text import visible, visible_json, visible_lines
from ecrtui.ecr.units import reformat_iso_time
from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.setting_values import DEFAULT, setting_values
from ecrtui.settings import Settings

Facts = list[tuple[str, list[str]]]
"""Labels, each with the lines of its value."""

NOT_SUPPORTED = "not supported by this registry"
"""The text in place of something that the registry does not have."""


def facts_text(facts: Facts) -> str:
    """Return facts as text: labels on the left, values beside them. Leave out facts without lines."""
    known = [(label, lines) for label, lines in facts if lines]
    width = max((len(label) for label, _ in known), default=0)
    shown: list[str] = []
    for label, (first, *rest) in known:
        shown.append(f"{label:<{width}}  {first}")
        shown += [f"{'':<{width}}  {line}" for line in rest]
    return "\n".join(shown)


def settings_text(settings: Settings) -> str:
    """Return every setting as text: its value, what sets it, and what it does."""
    facts: Facts = []
    for name, value, source, meaning in setting_values(settings):
        origin = "by default" if source == DEFAULT else f"set by {visible(source)}"
        facts.append((name, [visible(value), origin, meaning]))
    return facts_text(facts)


def as_text(document: Mapping[str, Any]) -> str:
    """Return a document as text: names on the left, values beside them; members without a value are left out.

    Times are written as everywhere in details.
    """
    return facts_text(
        [(visible(name), _lines(_dated(name, value))) for name, value in without_empty(dict(document)).items()]
    )


def as_yaml(document: Mapping[str, Any]) -> str:
    """Return a document as YAML."""
    from ruamel.yaml import YAML

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # typed as None in the library
    out = io.StringIO()
    writer.dump(dict(document), out)
    return out.getvalue()


def json_text(value: Any, indent: int | None = None) -> str:
    """Return a value of ``exact_json`` as JSON in which every character is visible."""
    return visible_lines(visible_json(write_json(value, indent)))


def why_not_known(error: EcrTuiError) -> str:
    """Return the text in place of something that could not be read, with the next step."""
    if error.kind is ErrorKind.UNSUPPORTED:
        return NOT_SUPPORTED
    return f"not known: {error.with_hint()}"


def reason_with_permission(error: EcrTuiError) -> str:
    """Return why something could not be read, with the missing permission if access was denied, on one line."""
    if error.kind is ErrorKind.UNSUPPORTED:
        return f"It is {NOT_SUPPORTED}."
    return visible(error.with_hint())


def indented(text: str) -> str:
    """Return the lines of a text of the registry, indented so that none looks like a line of ours."""
    return "\n".join(f"  {visible(line)}" for line in text.split("\n"))


def _dated(name: str, value: Any) -> Any:
    return reformat_iso_time(value) if isinstance(value, str) and name.endswith(("At", "Time")) else value


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [line for name, entry in value.items() for line in _member_lines(name, entry)]
    if isinstance(value, list):
        return [line for entry in value for line in _entry_lines(entry)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if value is None:
        return ["not known"]
    return _json_lines(value) if isinstance(value, str) and value.startswith("{") else [visible(str(value))]


def _entry_lines(value: Any) -> list[str]:
    """Return an entry of a list on one line, unless it has lists or objects itself."""
    lines = _lines(value)
    return lines if any(line.startswith("  ") for line in lines) else [", ".join(lines)]


def _json_lines(text: str) -> list[str]:
    """Return a JSON text, such as a lifecycle policy, one member a line; any other text on one line."""
    try:
        return json_text(parse_exact(text), indent=2).split("\n")
    except ValueError:
        return [visible(text)]


def _member_lines(name: str, value: Any) -> list[str]:
    if isinstance(value, (dict, list)) and value:
        return [f"{visible(name)}:", *(f"  {line}" for line in _lines(value))]
    return [f"{visible(name)}: {' '.join(_lines(_dated(name, value)))}"]
