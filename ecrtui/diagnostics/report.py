"""What ``ecrtui doctor`` finds out: checks in sections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from ecrtui.diagnostics.time_limit import run_with_limit
from ecrtui.errors import EcrTuiError, internal_error
from ecrtui.redaction import redact


class Status(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"
    """It works, but something is missing or unusual."""
    FAILED = "failed"
    """ecrtui cannot do its work."""
    UNKNOWN = "not known"
    """Nothing could answer the question."""


class Check(NamedTuple):
    """The result of one check.

    Args:
        name: what the check looked at.
        value: what it found; never a secret.
        status: whether it is as it should be.
        source: where the value comes from: an option, a variable, a file; empty if that says nothing.
        hint: the next step; empty if there is none.
        error: the error of a failed check.
    """

    name: str
    value: str
    status: Status = Status.OK
    source: str = ""
    hint: str = ""
    error: EcrTuiError | None = None

    def document(self) -> Mapping[str, Any]:
        """Return the check as a document for JSON, without secrets."""
        facts = (self.name, self.value, str(self.status), self.source, self.hint)
        return dict(zip(("name", "value", "status", "source", "hint"), map(redact, facts), strict=True))


def failed(name: str, error: EcrTuiError) -> Check:
    """Return a check that an error ended."""
    return Check(name, str(error), Status.FAILED, hint=error.hint, error=error)


class ReportSection(NamedTuple):
    """Checks that belong together."""

    title: str
    checks: tuple[Check, ...]


class Question(NamedTuple):
    """Something that takes time to find out.

    Args:
        section: the title of its section.
        name: the name of the check if there is no answer.
        ask: returns the checks; raises EcrTuiError if that fails.
    """

    section: str
    name: str
    ask: Callable[[], Iterable[Check]]


def ask_all(questions: Sequence[Question], limit: float) -> Iterator[ReportSection]:
    """Ask all questions at once, and yield the sections in their order, each as soon as it is complete.

    Args:
        questions: the questions; those of a section follow each other.
        limit: seconds for all of them. What has no answer until then is not known.
    """
    checks: list[Check] = []
    shown: set[str] = set()
    answers = run_with_limit([question.ask for question in questions], limit)
    for position, (question, answer) in enumerate(zip(questions, answers, strict=True)):
        checks += (_without_repetition(check, shown) for check in _checks_of(question, answer, limit))
        following = questions[position + 1 : position + 2]
        if not following or following[0].section != question.section:
            yield ReportSection(question.section, tuple(checks))
            checks = []


def _without_repetition(check: Check, shown: set[str]) -> Check:
    """Return a failed check with only the title of its error if another check had the same error before."""
    if check.error is None:
        return check
    if check.value in shown:
        return check._replace(value=f"{check.error.title} (see above)", hint="")
    shown.add(check.value)
    return check


def _checks_of(question: Question, answer: Iterable[Check] | BaseException | None, limit: float) -> Iterable[Check]:
    if answer is None:
        return [Check(question.name, f"no answer within {limit:g} seconds", Status.UNKNOWN)]
    if isinstance(answer, EcrTuiError):
        return [failed(question.name, answer)]
    if isinstance(answer, BaseException):
        return [failed(question.name, internal_error(answer))]
    return answer
