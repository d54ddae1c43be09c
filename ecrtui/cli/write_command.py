"""What the commands that write have in common: their options, the question, the progress, the result."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

from ecrtui.cli.connection_options import add_connection_options, connection_from
from ecrtui.cli.exit_codes import ExitCode, of_error, of_report
from ecrtui.cli.main import report as tell_error
from ecrtui.cli.output import FORMATS, check, write
from ecrtui.ecr.reference import Reference, parse_reference
from ecrtui.ecr.safe_text import visible, visible_lines
from ecrtui.errors import EcrTuiError, UsageError
from ecrtui.retag.plan import OnConflict, Plan, Progress, Report, StepAction, StepOutcome, StepResult
from ecrtui.retag.plan_file import plan_document, report_document

if TYPE_CHECKING:
    from ecrtui.registry.protocol import Registry
    from ecrtui.retag.engine import Engine


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What a command works with."""

    registry: Registry
    engine: Engine


def make_parser(name: str, description: str, **options: Any) -> argparse.ArgumentParser:
    """A parser for a command, with its epilog of exit codes."""
    codes = ", ".join(f"{code.value} {code.name.lower().replace('_', ' ')}" for code in ExitCode)
    return argparse.ArgumentParser(
        prog=f"ecrtui {name}", description=description, epilog=f"exit codes: {codes}", **options
    )


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add how the result is printed."""
    group = parser.add_argument_group("output")
    group.add_argument("--output", choices=FORMATS, default="json", help="format of the result; json if not given")
    group.add_argument("--query", metavar="JMESPATH", help="print this part of the result")


def add_writing_options(parser: argparse.ArgumentParser) -> None:
    """Add what decides whether and how a plan is carried out."""
    group = parser.add_argument_group("writing")
    group.add_argument("--dry-run", action="store_true", help="print the plan, for retag --from-file; send nothing")
    group.add_argument("--yes", action="store_true", help="do not ask; needed where there is no terminal to ask on")
    group.add_argument(
        "--allow-protected", action="store_true", help="with --yes: write protected tags too (see the settings)"
    )
    group.add_argument(
        "--on-conflict",
        choices=[str(choice) for choice in OnConflict],
        default=str(OnConflict.STOP),
        help="whether the rest goes on when a step does not come out as planned; stop if not given",
    )
    group.add_argument(
        "--detailed-exit-code", action="store_true", help="exit with 3, not 0, if there was nothing to do"
    )
    group.add_argument("--read-only", action="store_true", default=None, help="refuse every write")
    add_output_options(parser)
    add_connection_options(parser)


def run_command(command: Callable[[], int]) -> int:
    """Run it; an error is told on standard error and becomes its exit code."""
    try:
        return command()
    except EcrTuiError as error:
        tell_error(error)
        return of_error(error)


def open_context(options: argparse.Namespace, reference: Reference | None = None) -> CommandContext:
    """Registry and engine for the options; a reference that is a whole URI sets account and region."""
    from ecrtui import settings as all_settings
    from ecrtui.wiring import open_engine, open_registry

    check(options.output, options.query)
    registry = open_registry(connection_from(options, reference))
    settings = all_settings.load({"read_only": getattr(options, "read_only", None)})
    in_force = settings.for_account(registry.location().registry_id)
    return CommandContext(registry, open_engine(registry, in_force))


def repository_of(text: str) -> Reference:
    """A reference that has to name a repository; tag or digest may be there."""
    reference = parse_reference(text)
    if not reference.repository:
        raise UsageError(f"{text!r} names no repository")
    return reference


def resolve_digest(registry: Registry, reference: Reference) -> str:
    """The digest that a reference stands for now.

    Raises:
        UsageError: it has neither tag nor digest.
        NotFound: there is no such tag.
    """
    if reference.digest:
        return reference.digest
    if not reference.tag:
        raise UsageError(f"{reference} names no image", "", f"Write {reference}:TAG or {reference}@sha256:….")
    return digest_of_tag(registry, reference.repository, reference.tag)


def digest_of_tag(registry: Registry, repository: str, tag: str) -> str:
    """The digest that a tag is at now; raises NotFound if there is no such tag."""
    from ecrtui.errors import NotFound

    holder = registry.images_by_tag(repository, [tag]).get(tag)
    if holder is None:
        raise NotFound("The tag does not exist", f"{repository} has no tag {tag}.")
    return holder.digest


def apply_plan(plan: Plan, options: argparse.Namespace, engine: Engine, *, refused_is_final: bool = True) -> int:
    """Print the plan, or ask, apply it and print what became of it; the exit code.

    Args:
        plan: what to do.
        options: with those of :func:`add_writing_options`.
        engine: that made the plan.
        refused_is_final: whether, unless the user chose to continue, one step that is refused keeps the others from
            being sent; an undo takes back what it can.
    """
    query = check(options.output, options.query)
    if options.dry_run:
        write(plan_document(plan), options.output, query, title="Plan")
        return ExitCode.DONE
    on_conflict = OnConflict(options.on_conflict)
    if plan.refused_steps and refused_is_final and on_conflict is OnConflict.STOP:
        return _refuse_all(plan, options, engine)
    if not _confirmed(plan, options):
        return ExitCode.REFUSED
    allowed = plan.protected_tags if options.allow_protected or not options.yes else ()
    with _stop_between_steps() as stopped:
        result = engine.apply(
            plan,
            on_result=_progress(len(plan.write_steps)),
            stop=stopped.is_set,
            on_conflict=on_conflict,
            allow_protected=allowed,
        )
    print_summary(result)
    write(report_document(result), options.output, query, title="Result")
    return of_report(result, detailed=options.detailed_exit_code)


def _refuse_all(plan: Plan, options: argparse.Namespace, engine: Engine) -> int:
    """Nothing is sent: every step has its reason."""
    results = tuple(
        StepResult(step, StepOutcome.CONFLICT if step.conflict else StepOutcome.REFUSED, step.reason)
        if step.action is StepAction.REFUSED
        else StepResult(step, StepOutcome.SKIPPED if step.writes else StepOutcome.ALREADY, step.reason)
        for step in plan.steps
    )
    result = Report(plan, results, engine.location)
    print_summary(result)
    if result.counts.get(StepOutcome.SKIPPED):
        say("nothing was sent; --on-conflict continue does the rest")
    write(report_document(result), options.output, options.query, title="Result")
    return of_report(result)


def _confirmed(plan: Plan, options: argparse.Namespace) -> bool:
    """Whether the user wants it: --yes, or an answer on the terminal."""
    if not plan.write_steps:
        return True
    if options.yes:
        if plan.protected_tags and not options.allow_protected:
            tags = ", ".join(plan.protected_tags)
            say(f"refused: protected: {tags}. --allow-protected writes protected tags. Nothing was sent.")
            return False
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        say("refused: there is no terminal to ask on, and --yes was not given. Nothing was sent.")
        return False
    say(str(plan))
    for tag in plan.protected_tags:
        if _asked(f"{tag} is protected. Type it to go on: ") != tag:
            say("refused. Nothing was sent.")
            return False
    if not plan.protected_tags and _asked(f"Write {len(plan.write_steps)} tag(s)? [y/N] ").lower() not in ("y", "yes"):
        say("refused. Nothing was sent.")
        return False
    return True


def _asked(question: str) -> str:
    print(visible(question), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _progress(total: int) -> Callable[[StepResult, Progress], None]:
    """Told after each step; a line on standard error that is rewritten, on a terminal and for more than a few."""
    shown = total > 5 and sys.stderr.isatty()

    def tell(result: StepResult, progress: Progress) -> None:
        if shown:
            end = "\n" if progress.done == progress.total else ""
            left = f", {progress.seconds_left:.0f} s left" if progress.seconds_left >= 1 else ""
            print(f"\r\x1b[K{progress.done}/{progress.total}{left}", end=end, file=sys.stderr, flush=True)

    return tell


def print_summary(result: Report) -> None:
    """On standard error, in a line for each step that did not come out as planned, and one for all."""
    for row in result.results:
        if row.outcome not in (StepOutcome.DONE, StepOutcome.ALREADY, StepOutcome.SKIPPED):
            say(f"{row.step.repository}:{row.step.tag} {row.outcome}: {row.message}")
            if row.error is not None and row.error.hint:
                say(f"hint: {row.error.hint}", prefix="")
    for moved in result.drifted:
        say(f"{moved.step.repository}:{moved.step.tag} is {moved.found or 'gone'} by now: {moved.message}")
    if result.verification_error is not None:
        say(f"the tags could not be read back: {result.verification_error}")
    counts = ", ".join(f"{count} {outcome}" for outcome, count in result.counts.items())
    undo = f"; undo with: ecrtui undo {result.plan.id}" if result.counts.get(StepOutcome.DONE) else ""
    left = result.counts.get(StepOutcome.SKIPPED)
    resume = (
        f"; go on with: ecrtui retag --resume {result.plan.id}" if left and result.counts.get(StepOutcome.DONE) else ""
    )
    say((counts or "nothing to do") + undo + resume)


def say(text: str, *, prefix: str = "ecrtui: ") -> None:
    """Print text on standard error, a prefix on each line, every character visible."""
    print("\n".join(prefix + line for line in visible_lines(text).split("\n")), file=sys.stderr)


@contextmanager
def _stop_between_steps() -> Iterator[Event]:
    """Set by Ctrl-C or SIGTERM: the step under way is finished, the others are not begun. A second one ends it."""
    stopped = Event()
    before: dict[signal.Signals, Any] = {}

    def stop(number: int, frame: object) -> None:
        say("stopping after the step under way")
        stopped.set()
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, stop)
    try:
        yield stopped
    finally:
        restore()
