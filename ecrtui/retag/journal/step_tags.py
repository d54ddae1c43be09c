"""The other tags of both images of each write, from the plans in the journal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ecrtui.ecr.json_values import to_list, to_mapping, to_text
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.journal.journal import Journal

_PLANS_AT_ONCE = 500
"""Plans of one query; SQLite limits the number of its values."""


class StepTags(NamedTuple):
    """The tags of the images of a step after its plan, without the tag of the step."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def with_tags(journal: Journal, entries: Sequence[JournalEntry]) -> tuple[JournalEntry, ...]:
    """Return the entries with the tags that their plans name. A plan that is missing or damaged names none.

    Raises:
        JournalError: the journal cannot be read.
    """
    plans = list(dict.fromkeys(entry.plan for entry in entries))
    known: dict[tuple[str, str, str], StepTags] = {}
    for start in range(0, len(plans), _PLANS_AT_ONCE):
        for plan, document in journal.plan_documents(plans[start : start + _PLANS_AT_ONCE]):
            known.update(((plan, *key), tags) for key, tags in _tags_of(document))
    found = (known.get((entry.plan, entry.repository, entry.tag), StepTags()) for entry in entries)
    return tuple(entry.with_tags(*tags) for entry, tags in zip(entries, found, strict=True))


def _tags_of(document: str) -> Iterable[tuple[tuple[str, str], StepTags]]:
    try:
        steps = to_list(to_mapping(json.loads(document)).get("steps"))
    except (ValueError, RecursionError):
        return
    for step in map(to_mapping, steps):
        key = to_text(step.get("repositoryName")), to_text(step.get("imageTag"))
        yield key, StepTags(_texts(step, "keepsTags"), _texts(step, "otherTags"))


def _texts(step: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(map(to_text, to_list(step.get(name))))
