"""The fields of a filter on the writes in Activity.

=====================  ===============================================================================================
``word`` ``"a word"``  part of any text below, or of a digest
``repository:``        part of the name of the repository; ``account:``, ``region:``, ``endpoint:`` of its registry
``tag:``               part of the tag
``digest:``            beginning or part of the digest before or after
``before:``            part of the digest before, or of another tag of that image; ``after:`` of the one after
``outcome:``           what the list shows: done, undone, unknown, refused, conflict, failed, skipped, in flight …
``command:``           part of the command (retag, untag, undo …); ``plan:`` of the id of the plan
``user:``              part of the ARN of the caller
``detail:``            part of the message of the result
``when<7d``            written within seven days; ``when>2026-01-31``: after that day
=====================  ===============================================================================================
"""

from __future__ import annotations

from ecrtui.catalog.filter.text_lists import text_field, text_schema, time_field
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import NOT_THERE, StepOutcome, in_words

UNDONE = "undone"
IN_FLIGHT = "in flight"
DAMAGED = "damaged"


def outcome_word(entry: JournalEntry) -> str:
    """Return the outcome of a write as Activity shows it."""
    if entry.damaged:
        return DAMAGED
    if entry.in_flight:
        return IN_FLIGHT
    if entry.outcome is None:
        return StepOutcome.UNKNOWN
    return UNDONE if entry.undone_by else in_words(entry.outcome, entry.after)


_OUTCOMES = (*StepOutcome, NOT_THERE, UNDONE, IN_FLIGHT, DAMAGED)

ACTIVITY = text_schema(
    {
        "repository": lambda entry: (entry.repository,),
        "tag": lambda entry: (entry.tag,),
        "outcome": lambda entry: (outcome_word(entry),),
        "command": lambda entry: (entry.kind,),
        "user": lambda entry: (entry.principal,),
        "plan": lambda entry: (entry.plan,),
        "account": lambda entry: (entry.location.registry_id,),
        "region": lambda entry: (entry.location.region,),
        "endpoint": lambda entry: (entry.location.endpoint,),
        "detail": lambda entry: (entry.detail,),
    },
    {"digest": lambda entry: (entry.before, entry.after)},
    {
        "before": text_field(lambda entry: (entry.before, *entry.before_tags)),
        "after": text_field(lambda entry: (entry.after, *entry.after_tags)),
        "outcome": text_field(lambda entry: (outcome_word(entry),), _OUTCOMES),
        "when": time_field(lambda entry: entry.begun_at),
    },
    columns={"registry": "account"},
    further=lambda entry: (*entry.before_tags, *entry.after_tags),
)
