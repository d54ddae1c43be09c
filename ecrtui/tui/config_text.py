"""The config of an image as text for people.

Every member of the config is shown. Each value takes one line, with control characters visible, and is to the
right of a label of ours. So no text of the registry can look like another fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecrtui.ecr.image import is_image_config
from ecrtui.ecr.image_config import ImageConfig
from ecrtui.ecr.safe_text import visible
from ecrtui.tui.details import Facts, facts_text, indented, json_text

NOT_UTF8 = "Some bytes of the config are not UTF-8. They are shown as \ufffd."


def config_text(config: ImageConfig, media_type: str) -> str:
    """Return a config as text: the config of a container image as facts, any other document as JSON.

    Args:
        config: the config.
        media_type: its media type.
    """
    head = "" if config.is_utf8 else f"{NOT_UTF8}\n\n"
    if config.problem:
        return f"{head}Could not read the config: {visible(config.problem)}\n\n{indented(config.text)}"
    if is_image_config(media_type) and isinstance(config.document, dict):
        return head + facts_text(_facts(config.document))
    return head + json_text(config.document, indent=2)


def _facts(document: Mapping[str, Any]) -> Facts:
    own = dict(document)
    inner = dict(own.pop("config")) if isinstance(own.get("config"), dict) else {}
    facts: Facts = []
    parts = [own.pop(name) for name in ("os", "architecture", "variant") if isinstance(own.get(name), str)]
    if any(parts):
        facts.append(("platform", [visible("/".join(filter(None, parts)))]))
    for label, members, name, render in (
        ("os version", own, "os.version", _text),
        ("os features", own, "os.features", _json),
        ("created", own, "created", _text),
        ("author", own, "author", _text),
        ("user", inner, "User", _text),
        ("working directory", inner, "WorkingDir", _text),
        ("entrypoint", inner, "Entrypoint", _array),
        ("command", inner, "Cmd", _array),
        ("shell", inner, "Shell", _array),
        ("health check", inner, "Healthcheck", _json),
        ("stop signal", inner, "StopSignal", _text),
        ("environment", inner, "Env", _entries),
        ("exposed ports", inner, "ExposedPorts", _names),
        ("volumes", inner, "Volumes", _names),
        ("labels", inner, "Labels", _members),
        ("on build", inner, "OnBuild", _entries),
        ("history", own, "history", _history),
        ("layers", own, "rootfs", _unpacked_layers),
    ):
        lines = render(members[name]) if members.get(name) is not None else []
        if lines:
            facts.append((label, lines))
            del members[name]
    for label, members in (("other, in config", inner), ("other", own)):
        facts.append((label, [f"{json_text(name)}: {json_text(value)}" for name, value in members.items()]))
    return facts


# Each function returns the lines of a value, or none if the value has another type than the specification says.


def _json(value: Any) -> list[str]:
    return [json_text(value)]


def _unpacked_layers(value: Any) -> list[str]:
    """Return the digests of the unpacked layers, one a line; another value as JSON."""
    if not isinstance(value, dict) or set(value) != {"type", "diff_ids"} or not isinstance(value["diff_ids"], list):
        return _json(value)
    return [f"type: {_one_line(value['type'])}", *(_one_line(digest) for digest in value["diff_ids"])]


def _text(value: Any) -> list[str]:
    return [visible(value)] if isinstance(value, str) and value else []


def _array(value: Any) -> list[str]:
    return [json_text(value)] if isinstance(value, list) and value else []


def _entries(value: Any) -> list[str]:
    return [_one_line(entry) for entry in value] if isinstance(value, list) else []


def _members(value: Any) -> list[str]:
    return [f"{visible(name)}: {_one_line(entry)}" for name, entry in value.items()] if isinstance(value, dict) else []


def _names(value: Any) -> list[str]:
    """Return the names of a set, which Go writes as an object with empty objects."""
    return [visible(name) for name in value] if isinstance(value, dict) and not any(value.values()) else []


def _history(value: Any) -> list[str]:
    """Return the steps of the build. The members besides ``created_by`` follow on a line of their own."""
    lines = []
    for number, step in enumerate(value if isinstance(value, list) else (), 1):
        rest = dict(step) if isinstance(step, dict) else {}
        command = rest.pop("created_by", None) if isinstance(rest.get("created_by"), str) else None
        lines.append(f"{number:>2}  {json_text(step) if command is None else visible(command)}")
        if command is not None and rest:
            lines.append(f"      {json_text(rest)}")
    return lines


def _one_line(value: Any) -> str:
    return visible(value) if isinstance(value, str) else json_text(value)
