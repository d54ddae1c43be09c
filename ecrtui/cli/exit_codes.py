"""The exit codes of the commands. They do not change between versions."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.retag.plan import Report, StepOutcome


class ExitCode(IntEnum):
    """The exit codes of every command but ``put-image``, which has those of the AWS CLI."""

    DONE = 0
    """Success: every tag points where requested. With ``--detailed-exit-code``: and something was changed."""
    FOUND = 1
    """Only with ``--exit-code``: a finding matches, or two images differ."""
    USAGE = 2
    """The command line, a file or the settings cannot be used; nothing was sent."""
    NOTHING_TO_DO = 3
    """Every tag already pointed where requested. Only with ``--detailed-exit-code``; otherwise 0."""
    REFUSED = 4
    """A guard or the registry refused: protected or immutable tag, last tag, read-only, no confirmation, no journal."""
    CONFLICT = 5
    """A tag no longer points where the plan saw it: someone else moved it."""
    PARTLY_DONE = 6
    """Some tags were changed, others were not."""
    REGISTRY_ERROR = 7
    """The registry, the network or the credentials failed; no tag was changed."""
    UNKNOWN = 8
    """The result of a write could not be confirmed; ``ecrtui history --resolve-unknown`` checks again."""
    OUTPUT_ERROR = 9
    """The output could not be written. After a write, the code of the write comes first."""
    INTERNAL_ERROR = 10
    """An error of ecrtui itself. Please report it."""
    UNDECIDED = 11
    """The answer is not complete: a filter cannot decide about some images, because their findings or the indexes are
    not known, or a repository could not be asked. What is known is printed."""
    INTERRUPTED = 130
    """Ctrl-C, or SIGTERM or SIGHUP while a command writes."""

    @property
    def words(self) -> str:
        """The name in lower case with blanks ("nothing to do")."""
        return self.name.lower().replace("_", " ")


FAILURE_CODES = (ExitCode.REGISTRY_ERROR, ExitCode.OUTPUT_ERROR, ExitCode.INTERNAL_ERROR, ExitCode.INTERRUPTED)

READ_CODES = (ExitCode.DONE, ExitCode.USAGE, *FAILURE_CODES)
"""The codes of commands that only read."""

WRITE_CODES = tuple(code for code in ExitCode if code not in (ExitCode.FOUND, ExitCode.UNDECIDED))
"""The codes of commands that write."""


LOCAL_CODES = tuple(code for code in READ_CODES if code is not ExitCode.REGISTRY_ERROR)
"""The codes of commands that reach no registry, but files of this machine."""


def list_codes(codes: Iterable[ExitCode]) -> str:
    """Return a sentence with the numbers and the names of these codes, in their order, for a help text."""
    return f"Exit codes: {', '.join(f'{code.value} {code.words}' for code in sorted(codes))}."


class OutputError(EcrTuiError):
    """Standard output could not be written."""


def exit_code_for_report(report: Report, *, detailed: bool = False) -> ExitCode:
    """Return the code for the result of a plan; the least certain outcome decides.

    Args:
        report: the result of every step.
        detailed: whether "nothing to do" has a code of its own.
    """
    counts = report.counts
    done = counts.get(StepOutcome.DONE, 0)
    not_done = sum(counts.values()) - done - counts.get(StepOutcome.ALREADY, 0)
    if StepOutcome.UNKNOWN in counts:
        return ExitCode.UNKNOWN
    if report.drifted:
        return ExitCode.CONFLICT
    if not not_done:
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


def exit_code_for_error(error: EcrTuiError) -> ExitCode:
    """Return the code for an error that ended a command."""
    from ecrtui.retag.journal.file import JournalError

    if error.kind in (ErrorKind.USAGE, ErrorKind.NO_WRITE):
        return ExitCode.USAGE
    if isinstance(error, JournalError):
        return ExitCode.REFUSED
    if isinstance(error, OutputError):
        return ExitCode.OUTPUT_ERROR
    return ExitCode.INTERNAL_ERROR if error.kind is ErrorKind.INTERNAL else ExitCode.REGISTRY_ERROR
