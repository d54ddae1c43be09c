"""``ecrtui promote``: copy an image into other repositories, with its signatures, and give it tags there."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ecrtui.cli.argument_types import given_text
from ecrtui.cli.aws_cli_output import write
from ecrtui.cli.connection_options import connection_from, connection_words
from ecrtui.cli.console import ProgressLine, print_message
from ecrtui.cli.context import IMAGE_FORMS, CommandContext, make_parser, parse_image, run_command
from ecrtui.cli.exit_codes import ExitCode, exit_code_for_report
from ecrtui.cli.signals import interrupts, stop_event
from ecrtui.cli.write_command import (
    OTHER_STEPS,
    add_write_options,
    confirmed,
    dry_run_exit_code,
    expected_digest,
    print_read_only,
    print_result,
    print_summary,
    save_report,
)
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.reference import Reference
from ecrtui.ecr.units import format_count, format_number, format_size
from ecrtui.errors import EcrTuiError, UsageError
from ecrtui.promote.apply import PromotionReport, PromotionRun, result_document
from ecrtui.promote.change_record import plan_texts, result_texts
from ecrtui.promote.document import joined, promotion_document
from ecrtui.promote.plan import KIND, Promotion, TagTarget, parse_target, targets_of
from ecrtui.promote.planning import PromotionPlanner
from ecrtui.promote.reading import read_source
from ecrtui.promote.target_connection import TARGET_OPTIONS, TargetOption, target_connection
from ecrtui.promote.transfer import copy_blobs
from ecrtui.redaction import redact_url
from ecrtui.retag.journal.transfers import TransferRecords
from ecrtui.retag.plan import OnConflict, Report, StepOutcome, unsent_report
from ecrtui.retag.plan_file import NO_TAG

if TYPE_CHECKING:
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.registry.gateway import EcrRegistry


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "promote",
        "[SOURCE TARGET ...]",
        "Copy an image into another repository, account or region: the same digest, with its signatures.",
        notes="To continue a transfer that stopped, run the same command again.",
    )
    parser.add_argument("reference", nargs="?", metavar="SOURCE", help=IMAGE_FORMS)
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help="team/prod, team/prod:tag or an image URI, which sets account and region; without a tag: that of SOURCE",
    )
    parser.add_argument("--resume", metavar="PLAN-ID", help="finish a promotion that was interrupted")
    group = parser.add_argument_group("copying")
    group.add_argument(
        "--referrers",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="copy referrers and the tags of cosign too: signatures, SBOMs, attestations (default: yes)",
    )
    group.add_argument(
        "--way",
        choices=("auto", "api", "mount", "oci"),
        default="auto",
        help="how layers reach the target: in parts by the ECR API, mounted within a registry, or whole by the OCI API,"
        " which is faster, but sends a layer again from its first byte if the connection breaks (default: auto, mount"
        " where possible, else api)",
    )
    group.add_argument(
        "--create-repository", action="store_true", help="create a repository of the target that does not exist"
    )
    group.add_argument(
        "--verify", action="store_true", help="at the end, look for every manifest and every blob in the target"
    )
    group.add_argument(
        "--expect",
        metavar="DIGEST",
        help=f"refuse a tag of the target that does not point to this digest now; with {NO_TAG}: a tag that exists",
    )
    group = parser.add_argument_group("connection of the target (default: that of the source)")
    for option in TARGET_OPTIONS:
        group.add_argument(option.name, metavar=option.metavar, type=given_text, dest=_dest(option), help=option.help)
    add_write_options(parser)
    return parser


def _dest(option: TargetOption) -> str:
    return f"to_{option.field}"


def _execute(options: argparse.Namespace) -> int:
    if bool(options.resume) == bool(options.reference) or bool(options.reference) != bool(options.targets):
        parser().error("give SOURCE and at least one TARGET, or --resume PLAN-ID")
    if options.expect is not None and options.resume:
        parser().error("--expect goes with TARGET; a resumed promotion is held to the digests of its plan")
    expect = expected_digest(options)
    if options.resume:
        return _resume(options)
    reference = parse_image(options.reference)
    references = [parse_target(text, reference.tag) for text in dict.fromkeys(options.targets)]
    source = CommandContext(options, reference)
    found = read_source(source.registry, reference, referrers=options.referrers)
    jobs = []
    for target, own in _by_registry(references, options, source):
        tags = [TagTarget(entry.repository, entry.tag, expect) for entry in own]
        jobs.append(_Job(_planner(options, source, target).plan(found, tags), target))
    return _apply(jobs, options, source)


def _by_registry(
    references: Sequence[Reference], options: argparse.Namespace, source: CommandContext
) -> Iterable[tuple[CommandContext, Sequence[Reference]]]:
    """Return the targets of each registry. A URI can name the registry of a target that has no account."""
    by_name: dict[tuple[str, str], list[Reference]] = {}
    for entry in references:
        by_name.setdefault((entry.registry_id, entry.region), []).append(entry)
    found: dict[RegistryLocation, tuple[CommandContext, list[Reference]]] = {}
    for own in by_name.values():
        target = _target_context(options, own[0], source)
        found.setdefault(target.engine.location, (target, []))[1].extend(own)
    return found.values()


def _resume(options: argparse.Namespace) -> int:
    """Plan the rest of a promotion of the journal, and apply it.

    Raises:
        UsageError: the journal has no such promotion, or not its source and tags, or the promotion is of other
            registries than the options select.
    """
    source = CommandContext(options)
    target = _target_context(options, Reference(), source)
    plan = target.engine.history.saved_plan(options.resume)
    transfer = TransferRecords(target.engine.journal, target.engine.location).find(options.resume)
    if transfer is None and plan.kind != KIND:
        raise UsageError(
            f"Plan {options.resume} is not a promotion", "", f"Continue it with: ecrtui retag --resume {options.resume}"
        )
    targets = targets_of(plan, transfer.digest) if transfer else ()
    if transfer is None or not targets:  # a run that was killed between its two records, or a damaged file
        raise UsageError(
            f"The journal does not say what promotion {options.resume} copies",
            "",
            "Run the first command again: ecrtui promote SOURCE TARGET",
        )
    if transfer.location != source.registry.location():
        raise UsageError(
            f"The source of plan {options.resume} is in another registry",
            f"It is for {transfer.location.in_words}.",
            "Give the connection options of the first run.",
        )
    reference = Reference(transfer.repository, digest=transfer.digest)
    promotion = _planner(options, source, target).plan(
        read_source(source.registry, reference, referrers=transfer.referrers), targets
    )
    resumed = replace(promotion, plan=replace(promotion.plan, id=plan.id))
    return _apply([_Job(resumed, target)], options, source)


def _planner(options: argparse.Namespace, source: CommandContext, target: CommandContext) -> PromotionPlanner:
    return PromotionPlanner(
        source.registry,
        target.registry,
        target.engine,
        create_repository=options.create_repository,
        way=None if options.way == "auto" else options.way,
    )


run = partial(run_command, parser, _execute)


class _Job(NamedTuple):
    """A promotion into one registry."""

    promotion: Promotion
    target: CommandContext

    def refused(self, reason: str = "") -> PromotionReport:
        """Return the result of a promotion that is not applied.

        Args:
            reason: why no step is applied; empty if its plan has refused steps, so that the others are skipped.
        """
        promotion = self.promotion.refuse(reason) if reason else self.promotion
        return PromotionReport(promotion, unsent_report(promotion.plan, self.target.engine.location))


def _target_context(options: argparse.Namespace, reference: Reference, source: CommandContext) -> CommandContext:
    """Return the registry and the engine of a target: those of the source, unless an option or a URI says otherwise."""
    given = {option.field: value for option in TARGET_OPTIONS if (value := getattr(options, _dest(option))) is not None}
    if not given and not reference.registry_id and not source.has_location:
        return source
    connection = target_connection(connection_from(options), given, reference)
    return CommandContext(argparse.Namespace(**vars(options) | connection._asdict()), reference)


def _apply(jobs: Sequence[_Job], options: argparse.Namespace, source: CommandContext) -> int:
    """Print the plans (``--dry-run``), or confirm them, apply them and print the results; return the exit code."""
    if options.dry_run:
        save_report(plan_texts([job.promotion for job in jobs]), options)
        write(joined(promotion_document(job.promotion) for job in jobs), options.output, options.query, title="Plan")
        return _exit_code([_dry_run_exit_code(job, options) for job in jobs])
    refused = any(job.promotion.plan.refused_steps for job in jobs)
    if refused and (options.on_conflict == OnConflict.STOP or not any(job.promotion.has_work for job in jobs)):
        results = [job.refused() for job in jobs]
        for job, result in zip(jobs, results, strict=True):
            print_summary(result.report)
            print_read_only(job.target.engine)
            _print_digests(result.report)
        if any(StepOutcome.SKIPPED in result.report.counts for result in results):
            print_message(OTHER_STEPS)
        return _print_results(results, options)
    with interrupts():
        return _confirm_and_apply(jobs, options, source)


def _confirm_and_apply(jobs: Sequence[_Job], options: argparse.Namespace, source: CommandContext) -> int:
    if not all(_is_confirmed(job.promotion, options) for job in jobs):
        return ExitCode.REFUSED
    try:
        results = _apply_all(jobs, options, source)
    except KeyboardInterrupt:
        print_message(f"continue with: {_command(options)}")
        in_flight = any(job.target.engine.history.in_flight() for job in jobs)
        return ExitCode.UNKNOWN if in_flight else ExitCode.INTERRUPTED
    return _print_results(results, options)


def _print_results(results: Sequence[PromotionReport], options: argparse.Namespace) -> int:
    """Print the results as a document, save the report, and return the exit code."""
    save_report(result_texts(results), options)
    print_result(joined(result_document(result) for result in results), options)
    return _exit_code([_exit_code_of(result, options) for result in results])


def _dry_run_exit_code(job: _Job, options: argparse.Namespace) -> ExitCode:
    return dry_run_exit_code(job.refused().report, options, has_work=job.promotion.has_work)


def _exit_code_of(result: PromotionReport, options: argparse.Namespace) -> ExitCode:
    """Return the exit code of a promotion into one registry. A target that is not complete is not success."""
    code = exit_code_for_report(result.report, detailed=options.detailed_exit_code)
    if code not in (ExitCode.DONE, ExitCode.NOTHING_TO_DO):
        return code
    if result.verification is not None and result.verification.missing:
        return ExitCode.PARTLY_DONE if result.tags_changed else ExitCode.REGISTRY_ERROR
    return code if result.verification_error is None else ExitCode.UNKNOWN


def _exit_code(codes: Sequence[ExitCode]) -> ExitCode:
    """Return the exit code of promotions into several registries; the least certain one decides."""
    failed = [code for code in codes if code not in (ExitCode.DONE, ExitCode.NOTHING_TO_DO)]
    if not failed or ExitCode.UNKNOWN in failed:
        return ExitCode.UNKNOWN if failed else min(codes)
    return failed[0] if len(failed) == len(codes) else ExitCode.PARTLY_DONE


def _is_confirmed(promotion: Promotion, options: argparse.Namespace) -> bool:
    question = _question(promotion) if promotion.has_work else ""
    return confirmed(promotion.plan, options, promotion.target, description=str(promotion), question=question)


def _apply_all(jobs: Sequence[_Job], options: argparse.Namespace, source: CommandContext) -> list[PromotionReport]:
    """Apply the promotions, one after the other. The rest is not started after one that has not finished."""
    results: list[PromotionReport] = []
    for job in jobs:
        if results and results[-1].unfinished and options.on_conflict == OnConflict.STOP:
            results.append(job.refused())
            continue
        for warning in job.promotion.plan.warnings:
            print_message(f"warning: {warning}")
        try:
            result = _apply_one(job.promotion, options, source.registry, job.target)
        except EcrTuiError as error:
            if not results:
                raise
            result = job.refused(str(error))  # the other registries have results to print
        print_summary(result.report)
        _print_digests(result.report)
        _print_verification(result)
        _print_rest(result, options)
        results.append(result)
    return results


def _apply_one(
    promotion: Promotion, options: argparse.Namespace, source: EcrRegistry, target: CommandContext
) -> PromotionReport:
    allowed = promotion.plan.protected_tags if options.allow_protected or not options.yes else ()
    with (
        stop_event("stopping after the current parts; press Ctrl-C again to leave at once") as stopped,
        ProgressLine(shown=bool(promotion.bytes_to_copy)) as line,
    ):
        return PromotionRun(
            promotion,
            target.registry,
            target.engine,
            partial(copy_blobs, source, target.registry),
            on_progress=lambda progress: line.update(str(progress)),
            on_retry=line.log_retry,
            stop=stopped.is_set,
            on_conflict=OnConflict(options.on_conflict),
            allow_protected=allowed,
            verifies=options.verify,
        ).apply()


def _question(promotion: Promotion) -> str:
    """Return the question that confirms a promotion."""
    copies = promotion.allowed_copies
    manifests = sum(len(copy.missing) for copy in copies)
    tags = len(promotion.plan.write_steps)
    size = format_size(promotion.bytes_to_copy)
    return f"Copy {format_count(manifests, 'manifest')} and {size}, and write {format_count(tags, 'tag')}?"


def _print_digests(report: Report) -> None:
    """Print both digests of each tag that stays at another image."""
    for result in report.results:
        step, there = result.step, result.found or result.step.before
        if result.outcome in (StepOutcome.CONFLICT, StepOutcome.REFUSED) and there:
            source, target = short_digest(step.after), short_digest(there)
            print_message(f"{step.repository}:{step.tag} stays at {target}; the source is {source}")


def _print_verification(result: PromotionReport) -> None:
    """Say whether the target has every digest, if the user asked."""
    if result.verification_error is not None:
        print_message(f"could not look for the digests in the target: {result.verification_error.with_hint()}")
    if result.verification is None:
        return
    for repository, digest in result.verification.missing:
        print_message(f"{repository} does not have {digest}")
    count, missing = result.verification.digests, len(result.verification.missing)
    print_message(f"the target has {format_number(count - missing)} of {format_count(count, 'digest')}")


def _print_rest(result: PromotionReport, options: argparse.Namespace) -> None:
    """Say what is in the target, and how to continue, after a promotion that has not finished."""
    if not result.unfinished:
        return
    print_message(result.in_target)
    print_message(f"continue with: {_command(options)}")


def _command(options: argparse.Namespace) -> str:
    """Return the command that continues, without the options of the output."""
    switches = ("create_repository", "verify", "allow_protected", "yes")
    targets = ((option.name, getattr(options, _dest(option))) for option in TARGET_OPTIONS)
    words = [
        *(
            "ecrtui",
            "promote",
            *(["--resume", options.resume] if options.resume else [options.reference, *options.targets]),
        ),
        *([] if options.referrers else ["--no-referrers"]),
        *(f"--{name.replace('_', '-')}" for name in switches if getattr(options, name)),
        *([] if options.way == "auto" else ["--way", options.way]),
        *(["--expect", options.expect] if options.expect else []),
        *(word for name, value in targets if value for word in (name, redact_url(value))),
        *connection_words(options),
    ]
    return shlex.join(words)
