"""The parts that the commands that write share: options, confirmation, progress and result."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecrtui.cli.aws_cli_output import write
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.console import ProgressLine, print_error, print_message
from ecrtui.cli.context import output_error
from ecrtui.cli.exit_codes import ExitCode, exit_code_for_report
from ecrtui.cli.output_options import add_output_options
from ecrtui.cli.signals import interrupts, stop_event
from ecrtui.cli.standard_streams import discard, write_stderr
from ecrtui.ecr.digest import is_digest
from ecrtui.ecr.safe_text import visible
from ecrtui.ecr.text_formats import SUFFIXES, Texts, by_suffix
from ecrtui.ecr.units import format_names
from ecrtui.errors import EcrTuiError, UsageError
from ecrtui.paths import expand
from ecrtui.retag.change_record import plan_texts, report_texts
from ecrtui.retag.plan import (
    OnConflict,
    Plan,
    Progress,
    Report,
    Step,
    StepOutcome,
    StepResult,
    unsent_report,
)
from ecrtui.retag.plan_file import NO_TAG, plan_document, report_document
from ecrtui.text_files import write_new

if TYPE_CHECKING:
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.retag.engine import Engine

MAX_NAME = 300
"""The number of characters of a name that a message shows; longer names are never valid."""

OTHER_STEPS = "nothing was sent; --on-conflict continue applies the other steps"
"""The message if a refused step keeps the others from being sent."""

PROGRESS_FROM = 6
"""The least number of writes that show a progress line."""


def add_write_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that writes, with those of output and connection."""
    group = parser.add_argument_group("writing")
    group.add_argument("--dry-run", action="store_true", help="print the plan and send nothing")
    group.add_argument("--yes", action="store_true", help="skip confirmation (required without a terminal)")
    group.add_argument(
        "--allow-protected",
        action="store_true",
        help="with --yes: write protected tags too (setting protected_tags)",
    )
    group.add_argument(
        "--on-conflict",
        choices=[str(choice) for choice in OnConflict],
        default=str(OnConflict.STOP),
        help="what to do with the other steps when one is refused or fails (default: stop)",
    )
    group.add_argument(
        "--detailed-exit-code",
        action="store_true",
        help="exit with 3 if there was nothing to do; with --dry-run, also with the code of a refused step",
    )
    group.add_argument(
        "--report",
        metavar="FILE",
        type=report_file,
        help="also save the result in a new file for a change ticket: FILE ends in .md, .csv or .json",
    )
    add_output_options(parser)
    add_connection_options(parser)


def expected_digest(options: argparse.Namespace) -> str | None:
    """Return the digest of ``--expect``: "" for a tag that must not exist, None if the option is not given.

    Raises:
        UsageError: the value is neither a digest nor :data:`ecrtui.retag.plan_file.NO_TAG`.
    """
    text: str | None = options.expect
    if text is None or is_digest(text):
        return text
    if text == NO_TAG:
        return ""
    raise UsageError(f"{text!r} is not a digest", "", f"Write sha256: and 64 hexadecimal digits, or {NO_TAG}.")


def apply_plan(plan: Plan, options: argparse.Namespace, engine: Engine, *, refused_is_final: bool = True) -> int:
    """Print the plan (``--dry-run``), or confirm it, apply it and print the result; return the exit code.

    Args:
        plan: the plan.
        options: the options of :func:`add_write_options`.
        engine: the engine that made the plan.
        refused_is_final: whether one refused step stops all others, unless ``--on-conflict continue`` is given. False
            for an undo, which reverts as much as it can.
    """
    if options.dry_run:
        save_report(plan_texts(plan), options)
        write(plan_document(plan), options.output, options.query, title="Plan")
        return dry_run_exit_code(unsent_report(plan, engine.location), options)
    on_conflict = OnConflict(options.on_conflict)
    if plan.refused_steps and refused_is_final and on_conflict is OnConflict.STOP:
        report = unsent_report(plan, engine.location)
        print_summary(report)
        print_read_only(engine)
        if report.counts.get(StepOutcome.SKIPPED):
            print_message(OTHER_STEPS)
        save_report(report_texts(report), options)
        print_result(report_document(report), options)
        return exit_code_for_report(report, detailed=options.detailed_exit_code)
    with interrupts():
        return _confirm_and_apply(plan, options, engine, on_conflict)


def _confirm_and_apply(plan: Plan, options: argparse.Namespace, engine: Engine, on_conflict: OnConflict) -> int:
    if not confirmed(plan, options, engine.location):
        return ExitCode.REFUSED
    try:
        report = _apply(plan, options, engine, on_conflict)
    except KeyboardInterrupt:
        return _report_interrupt(plan, engine)
    print_summary(report)
    save_report(report_texts(report), options)
    print_result(report_document(report), options)
    return exit_code_for_report(report, detailed=options.detailed_exit_code)


def dry_run_exit_code(unsent: Report, options: argparse.Namespace, *, has_work: bool | None = None) -> ExitCode:
    """Return the exit code of ``--dry-run``: with ``--detailed-exit-code``, what the plan alone decides.

    Args:
        unsent: the report of the plan that was printed.
        options: the options of :func:`add_write_options`.
        has_work: whether something would be sent; None if only tags decide that.
    """
    sends = bool(unsent.plan.write_steps) if has_work is None else has_work
    if not options.detailed_exit_code or (sends and not unsent.plan.refused_steps):
        return ExitCode.DONE
    return exit_code_for_report(unsent, detailed=True)


def report_file(name: str) -> Path:
    """Return the path of ``--report``, checked before anything is sent.

    Raises:
        argparse.ArgumentTypeError: the name does not end in a known format, the file exists, or its folder does not.
    """
    file = expand(name)
    if file.suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{name!r} does not end in {', '.join(SUFFIXES)}")
    if os.path.lexists(file):
        raise argparse.ArgumentTypeError(f"{name!r} exists and is not overwritten; name a new file")
    if not file.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{name!r} is in a folder that does not exist; create it first")
    return file


def save_report(texts: Texts, options: argparse.Namespace) -> None:
    """Save the texts for a change ticket, if asked to. A failure does not change the exit code."""
    file: Path | None = options.report
    if file is None:
        return
    try:
        write_new(file, by_suffix(texts)[file.suffix.lower()]().encode())
    except OSError as problem:
        print_message(f"could not write {file}: {problem.strerror}")


def print_result(document: Mapping[str, Any], options: argparse.Namespace) -> None:
    """Print the result. An error of the output does not change the exit code: what was written decides it."""
    try:
        write(document, options.output, options.query, title="Result")
    except BrokenPipeError:
        discard(sys.stdout)
    except OSError as problem:
        discard(sys.stdout)
        print_error(output_error(problem))
    except EcrTuiError as error:
        print_error(error)


def _apply(plan: Plan, options: argparse.Namespace, engine: Engine, on_conflict: OnConflict) -> Report:
    """Apply a confirmed plan; Ctrl-C, SIGTERM and SIGHUP stop between two steps."""
    allowed = plan.protected_tags if options.allow_protected or not options.yes else ()
    with (
        stop_event("stopping after the current step; press Ctrl-C again to leave at once") as stopped,
        ProgressLine(shown=len(plan.write_steps) >= PROGRESS_FROM) as line,
    ):

        def show(result: StepResult, progress: Progress) -> None:
            left = f", {progress.seconds_left:.0f} s left" if progress.seconds_left >= 1 else ""
            line.update(f"{progress.done}/{progress.total}{left}")

        return engine.apply(
            plan,
            on_result=show,
            on_retry=line.log_retry,
            stop=stopped.is_set,
            on_conflict=on_conflict,
            allow_protected=allowed,
        )


def _report_interrupt(plan: Plan, engine: Engine) -> int:
    """Say which writes were in flight when the user left, and return the exit code."""
    in_flight = engine.history.in_flight()
    for entry in in_flight:
        print_message(f"{entry.repository}:{entry.tag} unknown: its write was in flight when you left")
    if in_flight:
        print_message("resolve unknown writes with: ecrtui history --resolve-unknown")
    print_message(f"continue with: ecrtui retag --resume {plan.id}")
    return ExitCode.UNKNOWN if in_flight else ExitCode.INTERRUPTED


def confirmed(
    plan: Plan, options: argparse.Namespace, location: RegistryLocation, *, description: str = "", question: str = ""
) -> bool:
    """Return True if ``--yes`` or an answer on the terminal confirms the plan.

    Args:
        plan: the plan.
        options: the options of :func:`add_write_options`.
        location: the registry that the plan writes to.
        description: the text to show instead of the plan.
        question: the question; empty for the one about the number of tags, which needs no answer if there are none.
    """
    if not plan.write_steps and not question:
        return True
    if options.yes:
        if plan.protected_tags and not options.allow_protected:
            return _not_sent(
                f"protected: {format_names(plan.protected_tags)}. Use --allow-protected to write protected tags."
            )
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return _not_sent("confirmation needs a terminal. Use --yes to skip it.")
    for line in (description or str(plan)).split("\n"):
        print_message(line)
    where = f" in account {location.registry_id}, {location.region}"
    for tag in plan.protected_tags:
        if _ask(f"{tag!r} is protected{where}. Type it to confirm: ") != tag:
            return _not_sent("the tag was not confirmed.")
    if not plan.protected_tags:
        count = len(plan.write_steps)
        question = question or f"Write {count} {'tag' if count == 1 else 'tags'}?"
        if _ask(f"{question} [y/N] ").lower() not in ("y", "yes"):
            return _not_sent("not confirmed.")
    return True


def _not_sent(reason: str) -> bool:
    print_message(f"refused: {reason} Nothing was sent.")
    return False


def _ask(question: str) -> str:
    write_stderr(visible(question))
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):  # Ctrl-D ends no line
        write_stderr("\n")
    return answer.strip()


def print_summary(report: Report) -> None:
    """Print a line for each step that failed and one line of totals on standard error."""
    for result in report.results:
        if result.outcome not in (StepOutcome.DONE, StepOutcome.ALREADY, StepOutcome.SKIPPED):
            print_message(f"{_named(result.step)} {result.outcome}: {result.message}")
            if result.error is not None and (hint := result.error.hint or result.error.command):
                print_message(hint, prefix="hint: ")
    for drift in report.drifted:
        print_message(f"{drift.step.repository}: {drift.message}")
    if report.verification_error is not None:
        print_message(f"could not verify the tags: {report.verification_error}")
    done, skipped = report.counts.get(StepOutcome.DONE), report.counts.get(StepOutcome.SKIPPED)
    undo = f"; undo with: ecrtui undo {report.plan.id}" if done else ""
    resume = f"; continue with: ecrtui retag --resume {report.plan.id}" if done and skipped else ""
    print_message((report.counts_in_words or "nothing to do") + undo + resume)


def print_read_only(engine: Engine) -> None:
    """Say on standard error what set the read-only mode, if the engine is in it."""
    if engine.read_only:
        print_message(engine.read_only_hint(), prefix="hint: ")


def _named(step: Step) -> str:
    """Return the tag with its repository, and the row of the file that asks for it."""
    names = (visible(step.repository, MAX_NAME), visible(step.tag, MAX_NAME))
    return ": ".join(filter(None, (f"row {step.row}" if step.row else "", ":".join(names) if any(names) else "")))
