"""What the exit code of a writing command tells; the codes do not change between versions."""

from __future__ import annotations

from enum import IntEnum

from ecrtui.errors import EcrTuiError, UsageError
from ecrtui.retag.journal.journal import JournalError
from ecrtui.retag.plan import Report, StepOutcome


class ExitCode(IntEnum):
    """The codes of ``retag``, ``untag``, ``swap``, ``undo`` and ``history``."""

    DONE = 0
    """Every tag is where it was asked to be (with ``--detailed-exit-code``: and something was changed)."""
    USAGE = 2
    """The command line or a file cannot be used; nothing was sent."""
    NOTHING_TO_DO = 3
    """Every tag was there already. Only with ``--detailed-exit-code``; 0 without it."""
    REFUSED = 4
    """A guard or the registry refused: protected or immutable tag, last tag, read-only, no confirmation, no journal."""
    CONFLICT = 5
    """A tag was not where the plan saw it: somebody else moved it."""
    PARTLY_DONE = 6
    """Some tags were changed, others were not."""
    REGISTRY_ERROR = 7
    """The registry, the network or the credentials failed; no tag was changed."""
    UNKNOWN = 8
    """What became of a write could not be found out; ``ecrtui history --find-out`` looks again."""
    INTERRUPTED = 130


def of_report(report: Report, *, detailed: bool = False) -> ExitCode:
    """The code for what became of a plan; the least certain outcome decides."""
    counts = report.counts
    done = counts.get(StepOutcome.DONE, 0)
    short_of = sum(counts.values()) - done - counts.get(StepOutcome.ALREADY, 0)
    if StepOutcome.UNKNOWN in counts:
        return ExitCode.UNKNOWN
    if report.drifted:
        return ExitCode.CONFLICT
    if not short_of:
        return ExitCode.DONE if done or not detailed else ExitCode.NOTHING_TO_DO
    if done:
        return ExitCode.PARTLY_DONE
    for outcome, code in (
        (StepOutcome.CONFLICT, ExitCode.CONFLICT),
        (StepOutcome.FAILED, ExitCode.REGISTRY_ERROR),
        (StepOutcome.REFUSED, ExitCode.REFUSED),
    ):
        if outcome in counts:
            return code
    return ExitCode.INTERRUPTED


def of_error(error: EcrTuiError) -> ExitCode:
    """The code for an error before anything was sent."""
    if isinstance(error, UsageError):
        return ExitCode.USAGE
    return ExitCode.REFUSED if isinstance(error, JournalError) else ExitCode.REGISTRY_ERROR
