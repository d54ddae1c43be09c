"""One run of ``put-image``: parse the command line, check it, call PutImage, print the response."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from ecrtui.cli.put_image import auto_prompt, skeleton
from ecrtui.cli.put_image.auto_prompt import FormOutcome, Prefill
from ecrtui.cli.put_image.error_reporting import (
    INTERRUPTED,
    PARAMETERS,
    ErrorReporter,
    describe_error,
    print_hint,
)
from ecrtui.cli.put_image.errors import CommandLineError, GeneralError
from ecrtui.cli.put_image.global_options import apply_globals
from ecrtui.cli.put_image.hints import hints
from ecrtui.cli.put_image.options import (
    AUTO_PROMPT,
    NO_AUTO_PROMPT,
    parse_first,
    parse_globals,
    parse_globals_leniently,
    parse_parameters,
    version_text,
)
from ecrtui.cli.put_image.parameters import call_parameters, manifest_digest
from ecrtui.cli.put_image.request_tracker import RequestTracker, read_back
from ecrtui.cli.put_image.response_printer import ResponsePrinter, expected_response, selected_pager
from ecrtui.cli.signals import interrupts
from ecrtui.cli.standard_streams import discard, is_closed
from ecrtui.errors import EcrTuiError
from ecrtui.registry.aws_cli.failures import as_client_error
from ecrtui.registry.aws_cli.operation_model import PutImageClient, load_model, sample_response
from ecrtui.registry.aws_cli.session import caller_account, new_client, new_session, setting, sign_in_hint
from ecrtui.settings import Connection

if TYPE_CHECKING:
    from ecrtui.registry.aws_cli.session import Session

READ_BACK_TIMEOUT = 15
"""Seconds to connect and to read when the tag is read back. The user has already waited for PutImage."""


def _open_form(prefill: Prefill) -> FormOutcome:
    from ecrtui.cli.put_image.form import open_form

    return open_form(prefill)


class PutImageCommand:
    """One run of the command. :meth:`run` returns the exit code and never raises.

    Args:
        words: the command line after ``put-image``.
        open_form: shows the Put image form.
        interactive: whether standard input and output are a terminal; None to find out.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        open_form: Callable[[Prefill], FormOutcome] = _open_form,
        interactive: bool | None = None,
    ) -> None:
        self.words = list(words)
        self.reporter = ErrorReporter()
        self.options: argparse.Namespace | None = None
        self.connection = Connection()
        self.parameters: dict[str, Any] = {}
        self.tracker: RequestTracker | None = None
        self.response: Mapping[str, Any] | None = None
        """The response of PutImage; once it is set, the image is put."""
        self.notes: list[str] = []
        """Hints to print after an error."""
        self._sign_in: Callable[[], str] | None = None
        self._open_form = open_form
        self._interactive = auto_prompt.is_interactive() if interactive is None else interactive
        if not {"--help", "-h"}.isdisjoint(self.words):  # the AWS CLI does not know them
            self.notes.append("Run `ecrtui put-image help` for help.")

    def run(self) -> int:
        """Run the command line and return the exit code."""
        try:
            code = self._run()
            sys.stdout.flush()
        except BrokenPipeError:  # the reader of the help has all that it wants
            discard(sys.stdout)
            return 0
        except SystemExit as done:  # --version has printed its text
            return int(done.code or 0)
        except KeyboardInterrupt:
            return self._report_interrupt()
        except Exception as problem:  # noqa: BLE001 - the one place that reports errors, whatever they are
            return self.reporter.report(problem, [*hints(problem, self.parameters, self._sign_in), *self.notes])
        return code

    def _run(self) -> int:
        if parse_first(self.words).debug:
            _log_to_stderr(self.words)
        session = new_session()
        mode = auto_prompt.prompt_mode(self.words, session, interactive=self._interactive)
        if mode == auto_prompt.ON:
            return self._run_form(session)
        if mode == auto_prompt.ON_PARTIAL:
            return self._run_or_open_form(session)
        return self._run_line(session)

    def _run_or_open_form(self, session: Session) -> int:
        """Run the command line; open the form if it is invalid."""
        try:
            return self._run_line(session)
        except Exception as problem:
            description = describe_error(problem)
            if description.code != PARAMETERS:
                raise
            return self._run_form(new_session(), description.message)

    def _run_form(self, session: Session, problem: str = "") -> int:
        prefill = auto_prompt.prefill_from(self.words, session, problem)
        printer = self._printer_of_form(session, lenient=bool(problem))
        if not self._interactive:
            raise CommandLineError(
                f"{AUTO_PROMPT}: the Put image form needs a terminal that can move its cursor.",
                "",
                f"Give all options on the command line, or {NO_AUTO_PROMPT}.",
            )
        try:
            outcome = self._open_form(prefill)
        except EcrTuiError as error:
            return self.reporter.report(as_client_error(error), [error.hint] if error.hint else [])
        if outcome.response is None:
            return outcome.code
        self.response = outcome.response
        return self._print_response(printer)

    def _printer_of_form(self, session: Session, *, lenient: bool) -> ResponsePrinter:
        """Return the printer of the response, before the form opens, so that its errors come before the write.

        Args:
            session: reads the configuration.
            lenient: whether to leave out invalid options, because the form opens to correct them.
        """
        words = auto_prompt.without_prompt_options(self.words)
        self.options = parse_globals_leniently(words)[0] if lenient else parse_globals(words)[0]
        self.reporter.error_format = lambda: _error_format(session, self.options)
        self.reporter.color = self.options.color
        try:
            apply_globals(session, self.options)
            return ResponsePrinter(session, self.options)
        except Exception:
            if not lenient:
                raise
            self.options.query, self.options.output = None, "json"
            return ResponsePrinter(session, self.options)

    def _run_line(self, session: Session) -> int:
        self.options = None
        self.reporter.error_format = lambda: _error_format(session, self.options)
        self.options, rest = parse_globals(self.words)
        self.reporter.color = self.options.color
        self.connection = apply_globals(session, self.options)
        self._sign_in = partial(sign_in_hint, session, self.connection)
        operation = load_model(session)
        given = parse_parameters(rest, operation)
        if given.help == "help":
            from ecrtui.cli.put_image.help_page import print_help

            print_help(operation, selected_pager(session, self.options))
            return 0
        self.parameters = call_parameters(given, operation)
        if given.generate_cli_skeleton in skeleton.PRINTERS:
            skeleton.PRINTERS[given.generate_cli_skeleton](operation)
            return 0
        from ecrtui.cli.put_image.write_guard import check_allowed

        client = new_client(session, self.connection)
        printer = ResponsePrinter(session, self.options)
        if given.generate_cli_skeleton:
            printer.print(sample_response(client, operation, self.parameters))
            return 0
        printer.check_encodable(self.parameters)
        profile = self.connection.used_profile(os.environ)
        check_allowed(self.parameters, partial(caller_account, session, self.connection, client), profile)
        with interrupts():
            self.response = self._put(client, session)
            return self._print_response(printer)

    def _put(self, client: PutImageClient, session: Session) -> Mapping[str, Any]:
        """Call PutImage and return the response; read the image back if the response was lost."""
        self.tracker = RequestTracker(client)
        try:
            response = client.put_image(**self.parameters)
            if "image" not in response:  # a truncated response was taken for an empty one
                self.tracker.lost = True
                raise GeneralError("The response was truncated")  # noqa: TRY301 - handled like the other errors
        except Exception as problem:
            found = self._read_back(session, problem)
            if found is None:
                raise
            print_hint(f"The response was lost. {self._image()} was read back: it was put as sent.")
            return found
        response.pop("ResponseMetadata", None)
        self._compare_digests(response)
        return response

    def _compare_digests(self, response: Mapping[str, Any]) -> None:
        sent, reported = manifest_digest(self.parameters), response["image"].get("imageId", {}).get("imageDigest")
        if reported != sent:
            print_hint(f"The registry reports the digest {reported}, but the digest of the sent bytes is {sent}.")

    def _read_back(self, session: Session, problem: Exception) -> Mapping[str, Any] | None:
        """Read the image back if the response was lost; None if it was not put or the response was not lost."""
        if self.tracker is None:
            return None
        if not self.tracker.may_be_applied(problem):
            if self.tracker.service_failed:
                self.notes.append(self._unknown("The service failed"))
            return None
        try:
            client = new_client(session, self.connection, seconds=READ_BACK_TIMEOUT, attempts=2)
            found = read_back(client, self.parameters)
        except Exception as second:  # noqa: BLE001 - whatever it is, the result stays unknown
            self.notes.append(self._unknown("The response was lost, and reading the image back failed"))
            self.notes.append(describe_error(second).message)
            return None
        if found is None:
            state = "it was not put so far, but ECR may still put it"
            self.notes.append(f"The response was lost. {self._image()} was read back: {state}.")
        return found

    def _print_response(self, printer: ResponsePrinter) -> int:
        """Print the response. The image is already put, so an error says that only printing failed."""
        try:
            printer.print(self.response)
        except BrokenPipeError:
            discard(sys.stdout)
            print_hint(f"{self._image()} was put; the reader closed the output before the response was printed.")
        except Exception as problem:  # noqa: BLE001 - it must not look like a failure of the call
            discard(sys.stdout)
            if isinstance(problem, OSError) and is_closed(problem):
                print_hint(f"{self._image()} was put; its response is not printed because standard output is closed.")
                return 0
            return self.reporter.report(problem, [f"{self._image()} was put; only printing its response failed."])
        return 0

    def _report_interrupt(self) -> int:
        with suppress(OSError, ValueError):
            print(flush=True)
        tracker = self.tracker
        if self.response is not None or (tracker is not None and tracker.applied):
            print_hint(f"{self._image()} was put.")
        elif tracker is not None and (tracker.in_flight or tracker.lost):
            print_hint(self._unknown("The request was in flight"))
        return INTERRUPTED

    def _unknown(self, reason: str) -> str:
        return (
            f"{reason}: it is unknown whether {self._image()} was put. To find out: aws ecr describe-images "
            f"--repository-name {shlex.quote(str(self.parameters.get('repositoryName', '')))} "
            f"--image-ids imageDigest={manifest_digest(self.parameters)}"
        )

    def _image(self) -> str:
        """Return the image as ``repository:tag@digest``."""
        image = (self.response or expected_response(self.parameters))["image"]
        tag, digest = image["imageId"].get("imageTag"), image["imageId"].get("imageDigest")
        return f"{image.get('repositoryName')}{f':{tag}' if tag else ''}@{digest}"


def _log_to_stderr(words: Sequence[str]) -> None:
    """Log everything to standard error, without secrets, beginning with version and command line."""
    import logging

    from ecrtui.registry.logs import log_to

    log_to(sys.stderr, debug=True)
    log = logging.getLogger(__name__)
    log.debug("Version: %s", version_text())
    log.debug("Arguments: %s", list(words))


def _error_format(session: Session, options: argparse.Namespace | None) -> str:
    """Return the error format: the option > ``AWS_CLI_ERROR_FORMAT`` > ``cli_error_format`` > enhanced."""
    from ecrtui.cli.put_image.options import ERROR_FORMATS

    given = options.cli_error_format if options is not None else None
    chosen = str(given or setting(session, "AWS_CLI_ERROR_FORMAT", "cli_error_format", "enhanced")).lower()
    return chosen if chosen in ERROR_FORMATS else "enhanced"
