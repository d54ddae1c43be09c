"""The differences between two JSON documents, by the path of the members that differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ecrtui.ecr.exact_json import parse_exact, write_json
from ecrtui.ecr.manifest import ATTESTED, Platform

EXCERPT_LENGTH = 60
"""Characters that are shown around the first difference of two texts."""

MAX_PAIRS = 25_000_000
"""Pairs of entries of two sequences up to which they are aligned: 5,000 times 5,000 take some seconds."""

MAX_EQUAL_PAIRS = 1_000_000
"""The same for pairs of equal entries, which take longer."""

BLOCK = 4_096
"""Entries that are compared at once: one by one, the bytes of a large config take seconds."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Difference(NamedTuple):
    """A member that differs.

    Args:
        path: its names and positions, such as ``config.Labels."org.example"`` and ``layers[0].size``.
        before: its value as JSON; None if the member is new.
        after: its value as JSON; None if the member is gone.
    """

    path: str
    before: str | None
    after: str | None


def text_differences(before: str, after: str, path: str) -> Sequence[Difference]:
    """Return the differences of two texts that should be JSON; never empty for two different texts.

    Texts that are not JSON, or have the same members, differ at a character.
    """
    if before == after:
        return ()
    try:
        found = list(differences(parse_exact(before), parse_exact(after), path))
    except ValueError:
        found = []
    return found or (_first_character(before, after, path),)


def differences(before: Any, after: Any, path: str) -> Iterator[Difference]:
    """Yield the differences between two values of :func:`ecrtui.ecr.exact_json.parse_exact`.

    Equal entries of two arrays are aligned, so that an added entry is one difference. Manifests of an index are
    compared by their platform.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_members(before, after, lambda name: f"{path}{step(name)}")
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_arrays(before, after, path)
    elif write_json(before) != write_json(after):
        yield Difference(path, write_json(before), write_json(after))


def _of_members(before: Mapping[str, Any], after: Mapping[str, Any], path_of: Any) -> Iterator[Difference]:
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            yield Difference(path_of(name), write_json(before[name]), None)
        elif name not in before:
            yield Difference(path_of(name), None, write_json(after[name]))
        else:
            yield from differences(before[name], after[name], path_of(name))


def _of_arrays(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[Difference]:
    named_before, named_after = _by_platform(before), _by_platform(after)
    if named_before and named_after:
        yield from _of_members(named_before, named_after, lambda name: f"{path}[{name}]")
        orders = [
            [name for name in names if name in named_before and name in named_after]
            for names in (named_before, named_after)
        ]
        if orders[0] != orders[1]:
            yield Difference(f"{path}, order of the platforms", *(write_json(" ".join(order)) for order in orders))
        return
    old, new = ([write_json(entry) for entry in entries] for entries in (before, after))
    for kind, start, end, new_start, new_end in aligned(old, new):
        if kind == "equal":
            continue
        both = min(end - start, new_end - new_start)
        for number in range(both):
            position, new_position = start + number, new_start + number
            place = f"[{position}]" if position == new_position else f"[{position}→{new_position}]"
            yield from differences(before[position], after[new_position], path + place)
        for position in range(start + both, end):
            yield Difference(f"{path}[{position}]", old[position], None)
        for position in range(new_start + both, new_end):
            yield Difference(f"{path}[{position}]", None, new[position])


def aligned(before: Sequence[str], after: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    """Return how to turn one sequence into another, as :meth:`difflib.SequenceMatcher.get_opcodes` does.

    The other direction gives the same result, turned round. Sequences that would take minutes are not aligned: what is
    between their equal beginning and their equal end replaces each other.
    """
    from difflib import SequenceMatcher

    if _is_costly(before, after):
        return _aligned_ends(before, after)
    if list(before) <= list(after):
        return SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    opposite = {"insert": "delete", "delete": "insert"}
    return [
        (opposite.get(kind, kind), start, end, new_start, new_end)
        for kind, new_start, new_end, start, end in SequenceMatcher(None, after, before, autojunk=False).get_opcodes()
    ]


def _is_costly(before: Sequence[str], after: Sequence[str]) -> bool:
    if len(before) * len(after) > MAX_PAIRS:
        return True
    uses = Counter(after)
    return sum(number * uses[entry] for entry, number in Counter(before).items()) > MAX_EQUAL_PAIRS


def _aligned_ends(before: Sequence[str], after: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    """Return the equal beginning, what replaces the middle, and the equal end, as :func:`aligned` does."""
    start = first_difference(before, after)
    left = min(len(before), len(after)) - start
    end = next((number for number in range(left) if before[-1 - number] != after[-1 - number]), left)
    old, new = len(before) - end, len(after) - end
    middle = "replace" if start < old and start < new else "delete" if start < old else "insert"
    codes = (
        ("equal", 0, start, 0, start),
        (middle, start, old, start, new),
        ("equal", old, len(before), new, len(after)),
    )
    return [code for code in codes if code[1] < code[2] or code[3] < code[4]]


def first_difference(before: Sequence[Any], after: Sequence[Any]) -> int:
    """Return the position of the first entry, character or byte that differs; the shorter length if none does."""
    shorter = min(len(before), len(after))
    start = 0
    while start < shorter and before[start : start + BLOCK] == after[start : start + BLOCK]:
        start += BLOCK
    end = min(start + BLOCK, shorter)
    return next((number for number in range(start, end) if before[number] != after[number]), shorter)


def _by_platform(entries: Sequence[Any]) -> dict[str, Any]:
    """Return the manifests of an index by their platform, if each has a name of its own.

    The attestation manifests of BuildKit have no platform; their name is that of the platform that they are for.
    """
    members = [entry if isinstance(entry, dict) else {} for entry in entries]
    names = [_platform(entry.get("platform")) for entry in members]
    of_digest = {entry["digest"]: name for entry, name in zip(members, names, strict=True) if _is_text(entry, "digest")}
    for number, entry in enumerate(members):
        annotations = entry.get("annotations")
        if isinstance(annotations, dict) and _is_text(annotations, ATTESTED):
            subject = of_digest.get(annotations[ATTESTED])
            names[number] = f"attestation of {subject}" if subject else names[number]
    return dict(zip(names, entries, strict=True)) if all(names) and len(set(names)) == len(names) else {}


def _is_text(members: Mapping[str, Any], name: str) -> bool:
    return isinstance(members.get(name), str)


def _platform(value: Any) -> str:
    members = value if isinstance(value, dict) else {}
    parts = [members.get(name, "") for name in ("os", "architecture", "variant", "os.version")]
    return Platform(*parts).with_version if all(isinstance(part, str) for part in parts) else ""


def step(name: str) -> str:
    """Return the part of a path that leads to a member of an object."""
    return f".{name}" if _PLAIN_NAME.fullmatch(name) else f".{write_json(name)}"


def _first_character(before: str, after: str, path: str) -> Difference:
    start = max(first_difference(before, after) - EXCERPT_LENGTH // 2, 0)
    parts = [write_json(text[start : start + EXCERPT_LENGTH]) for text in (before, after)]
    return Difference(f"{path}, text from character {start + 1:,}", *parts)
