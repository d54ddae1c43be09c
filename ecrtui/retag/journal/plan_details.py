"""What the plans in the journal say of their writes: the other tags of both images, and the tags never sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ecrtui.ecr.json_values import to_list, to_mapping, to_text
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.plan import WRITES

_PLANS_AT_ONCE = 500
"""Plans of one query; SQLite limits the number of its values."""


class _SavedStep(NamedTuple):
    """A step of a plan in the journal."""

    key: tuple[str, str]
    """The repository and the tag."""
    writes: bool
    before_tags: tuple[str, ...]
    after_tags: tuple[str, ...]


def with_plan_details(journal: Journal, entries: Sequence[JournalEntry]) -> tuple[JournalEntry, ...]:
    """Return the entries with what their plans say. A plan that is missing or damaged says nothing.

    Raises:
        JournalError: the journal cannot be read.
    """
    plans = list(dict.fromkeys(entry.plan for entry in entries))
    tags: dict[tuple[str, str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {}
    unsent: dict[str, int] = {}
    for start in range(0, len(plans), _PLANS_AT_ONCE):
        some = plans[start : start + _PLANS_AT_ONCE]
        begun = journal.begun_tags(some)
        for plan, document in journal.plan_documents(some):
            steps = list(_steps_of(document))
            tags.update(((plan, *step.key), (step.before_tags, step.after_tags)) for step in steps)
            unsent[plan] = len({step.key for step in steps if step.writes} - begun.get(plan, set()))
    return tuple(
        entry.with_plan_details(
            *tags.get((entry.plan, entry.repository, entry.tag), ((), ())), unsent.get(entry.plan, 0)
        )
        for entry in entries
    )


def _steps_of(document: str) -> Iterable[_SavedStep]:
    try:
        steps = to_list(to_mapping(json.loads(document)).get("steps"))
    except (ValueError, RecursionError):
        return
    names: dict[str, str] = {}  # each step of a plan for one image names its 1,000 tags
    for step in map(to_mapping, steps):
        key = to_text(step.get("repositoryName")), to_text(step.get("imageTag"))
        kept, others = (
            tuple(names.setdefault(tag, tag) for tag in _texts(step, member)) for member in ("keepsTags", "otherTags")
        )
        yield _SavedStep(key, to_text(step.get("action")) in WRITES, kept, others)


def _texts(step: Mapping[str, Any], name: str) -> Iterable[str]:
    return map(to_text, to_list(step.get(name)))
