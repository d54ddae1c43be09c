"""``ecrtui doctor``: find out what works and what does not."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from ecrtui.cli.argument_types import seconds
from ecrtui.cli.aws_cli_output import for_display
from ecrtui.cli.connection_options import add_connection_options, connection_from
from ecrtui.cli.context import make_parser, parse_repository, run_command
from ecrtui.cli.exit_codes import READ_CODES, ExitCode, exit_code_for_error
from ecrtui.cli.screen_terminal import missing_terminal
from ecrtui.ecr.permissions import Purpose, policy_document
from ecrtui.ecr.reference import Reference
from ecrtui.ecr.safe_text import visible
from ecrtui.errors import SettingsError
from ecrtui.redaction import redact

if TYPE_CHECKING:
    from ecrtui.diagnostics.report import Check, Question, ReportSection
    from ecrtui.ecr.permissions import Permission
    from ecrtui.registry.permission_probes import ProbeResult
    from ecrtui.settings import Connection

TIME_LIMIT = 10
"""Seconds to wait for the answers, twice: once for this machine and the registry, once for the permissions."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "doctor",
        "[REPOSITORY]",
        "Show versions, settings, sign-in, connection, terminal and files, and which permissions you have. "
        "Nothing is changed, and no secret is shown.",
        (*READ_CODES, ExitCode.REFUSED),
        notes="The exit code is that of the first failed check, and 0 if no check failed.",
    )
    parser.add_argument(
        "repository", nargs="?", metavar="REPOSITORY", help="ask for permissions on it (default: the first one listed)"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON document")
    parser.add_argument(
        "--policy",
        choices=[str(purpose) for purpose in Purpose],
        help="print the smallest IAM policy for this instead, and send nothing",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=TIME_LIMIT,
        metavar="SECONDS",
        help=f"wait at most this long for the answers, and again for the permissions (default: {TIME_LIMIT})",
    )
    add_connection_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    reference = parse_repository(options.repository) if options.repository else Reference()
    connection = connection_from(options, reference)
    if options.policy:
        _print_json(_policy(Purpose(options.policy), connection, reference.repository))
        return ExitCode.DONE
    sections = _sections(connection, reference.repository, options.timeout, read_only=options.read_only)
    checks = _print_document(sections) if options.json else _print_text(sections)
    errors = [check.error for check in checks if check.error is not None]
    return exit_code_for_error(errors[0]) if errors else ExitCode.DONE


def _policy(purpose: Purpose, connection: Connection, repository: str) -> object:
    from ecrtui.registry.configuration.region_names import partition_of
    from ecrtui.registry.configuration.session import configured_region

    region = connection.region or ""
    return policy_document(
        purpose,
        partition=partition_of(region or configured_region(connection.profile)),
        region=region,
        registry_id=connection.registry_id or "",
        repository=repository,
    )


def _sections(
    connection: Connection, repository: str, limit: float, *, read_only: bool | None
) -> Iterator[ReportSection]:
    """Yield the sections of the report, each as soon as it is complete."""
    from ecrtui.diagnostics import connection as checks
    from ecrtui.diagnostics.report import ask_all
    from ecrtui.wiring import open_diagnosis

    diagnosis = open_diagnosis(connection)
    registry = checks.RegistryCheck(diagnosis)
    questions = [*_questions_about_this_machine(), *checks.connection_questions(diagnosis, registry)]
    yield from ask_all(questions, limit)
    answers: dict[Permission, ProbeResult] = {}
    if registry.reached:
        subject = registry.subject(repository)
        refused = _is_read_only(subject.registry_id, connection.used_profile(os.environ), read_only)
        yield from ask_all(checks.permission_questions(diagnosis, subject, answers, read_only=refused), limit)
    yield checks.summary(dict(answers))


def _questions_about_this_machine() -> list[Question]:
    from ecrtui import paths
    from ecrtui.diagnostics import clipboard, files, machine
    from ecrtui.diagnostics.report import Question
    from ecrtui.diagnostics.settings import settings

    missing = missing_terminal()
    return [
        Question("Versions", "versions", machine.versions),
        Question("Settings", "settings", settings),
        Question("Files", "journal", partial(files.journal, paths.journal_file())),
        Question("Files", "cache", partial(files.cache, paths.cache_file())),
        Question("Files", "log", partial(files.log, paths.log_file())),
        Question("Terminal", "terminal", partial(machine.terminal, os.environ, missing)),
        Question("Clipboard", "clipboard", clipboard.clipboard),
    ]


def _is_read_only(account: str, profile: str, read_only: bool | None) -> bool:
    """Return whether the option or the settings of an account refuse writes. Settings that cannot be read do."""
    from ecrtui.settings import load

    try:
        return load({"read_only": read_only}).for_account(account, profile).read_only
    except SettingsError:
        return True


def _print_document(sections: Iterable[ReportSection]) -> list[Check]:
    found = list(sections)
    checks = [check for section in found for check in section.checks]
    document = {
        "sections": [
            {"title": section.title, "checks": [check.document() for check in section.checks]} for section in found
        ]
    }
    _print_json(document)
    return checks


def _print_json(document: object) -> None:
    for_display(sys.stdout, "json").write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _print_text(sections: Iterable[ReportSection]) -> list[Check]:
    checks: list[Check] = []
    for section in sections:
        print(visible(section.title))
        width = max((len(check.name) for check in section.checks), default=0)
        for check in section.checks:
            print("\n".join(_lines(check, width)))
        print()
        sys.stdout.flush()
        checks += section.checks
    return checks


def _lines(check: Check, width: int) -> Iterator[str]:
    source = f"  [{check.source}]" if check.source else ""
    yield _safe(f"  {check.status:<9}  {check.name:<{width}}  {check.value}{source}")
    if check.hint:
        yield _safe(f"  {'':<9}  {'':<{width}}  {check.hint}")


def _safe(line: str) -> str:
    return visible(redact(line))


run = partial(run_command, parser, _execute)
