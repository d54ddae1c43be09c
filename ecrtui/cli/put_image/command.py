"""One run of ``put-image``: the line, the checks, the call, the answer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ecrtui.cli.put_image import prompt, skeleton
from ecrtui.cli.put_image.call import RequestTracker, read_back
from ecrtui.cli.put_image.hints import digest_of, hints
from ecrtui.cli.put_image.model import PutImageClient, load_model
from ecrtui.cli.put_image.options import parse_first, parse_globals, parse_globals_leniently, parse_parameters
from ecrtui.cli.put_image.parameters import call_parameters
from ecrtui.cli.put_image.printing import ResponsePrinter, abandon_stdout, expected_response, selected_pager
from ecrtui.cli.put_image.problems import GeneralError
from ecrtui.cli.put_image.reporting import (
    INTERRUPTED,
    PARAMETERS,
    ErrorReporter,
    as_client_error,
    describe_error,
    print_hint,
)
from ecrtui.cli.put_image.session import apply_globals, new_client, new_session, setting
from ecrtui.errors import EcrTuiError

if TYPE_CHECKING:
    from botocore.session import Session

READ_BACK_SECONDS = 15
"""How long the tag is waited for when it is read back; the user has waited already."""


class PutImageCommand:
    """One run; :meth:`run` gives the exit code and never raises."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.reporter = ErrorReporter()
        self.options: argparse.Namespace | None = None
        self.parameters: dict[str, Any] = {}
        self.tracker: RequestTracker | None = None
        self.response: Mapping[str, Any] | None = None
        """What PutImage has answered: from here on the image is put."""
        self.notes: list[str] = []
        """What is told behind an error."""
        if not {"--help", "-h"}.isdisjoint(self.words):  # unknown to the AWS CLI
            self.notes.append("The help is `ecrtui put-image help`.")

    def run(self) -> int:
        """Do what the line says; the exit code."""
        try:
            return self._run()
        except SystemExit as done:  # --version has answered
            return int(done.code or 0)
        except KeyboardInterrupt:
            return self._interrupted()
        except Exception as problem:  # noqa: BLE001 - the one place that tells errors, whatever they are
            return self.reporter.report(problem, [*hints(problem, self.parameters), *self.notes])

    def _run(self) -> int:
        if parse_first(self.words).debug:
            from ecrtui.cli.put_image.debug import log_to_stderr

            log_to_stderr(self.words)
        session = new_session()
        mode = prompt.mode(self.words, session)
        if mode == prompt.ON:
            return self._prompted(session)
        if mode == prompt.ON_PARTIAL:
            return self._run_or_prompt(session)
        return self._run_line(self.words, session)

    def _run_or_prompt(self, session: Session) -> int:
        """Run the line; open the form if it cannot be used."""
        try:
            return self._run_line(self.words, session)
        except Exception as problem:
            failure = describe_error(problem)
            if failure.code != PARAMETERS:
                raise
            return self._prompted(new_session(), failure.message)

    def _prompted(self, session: Session, problem: str = "") -> int:
        filled_in = prompt.prefill(self.words, session, problem)
        printer = self._printer_of_form(session, lenient=bool(problem))
        try:
            outcome = prompt.open_form(filled_in)
        except EcrTuiError as error:
            return self.reporter.report(as_client_error(error), [error.hint] if error.hint else [])
        if outcome.words is not None:
            return self._run_line(prompt.without_prompt(outcome.words), new_session())
        if outcome.answer is not None:
            self.response = outcome.answer
            return self._print(printer)
        return outcome.code

    def _printer_of_form(self, session: Session, *, lenient: bool) -> ResponsePrinter:
        """What will print the answer of the form: made before it opens, so that nothing fails after the image is put.

        Lenient, where the form opens because of a mistake, it does without what is mistaken.
        """
        words = prompt.without_prompt(self.words)
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

    def _run_line(self, words: Sequence[str], session: Session) -> int:
        self.options = None
        self.reporter.error_format = lambda: _error_format(session, self.options)
        self.options, rest = parse_globals(words)
        self.reporter.color = self.options.color
        apply_globals(session, self.options)
        operation = load_model(session)
        given = parse_parameters(rest, operation)
        if given.help == "help":
            from ecrtui.cli.put_image.help import print_help

            print_help(operation, selected_pager(session, self.options))
            return 0
        self.parameters = call_parameters(given, operation)
        if given.generate_cli_skeleton in skeleton.PRINTERS:
            skeleton.PRINTERS[given.generate_cli_skeleton](operation)
            return 0
        client = new_client(session, self.options)
        printer = ResponsePrinter(session, self.options)
        if given.generate_cli_skeleton:
            printer.print(skeleton.output(client, operation, self.parameters))
            return 0
        printer.check_encodable(self.parameters)
        self.response = self._put(client, session)
        return self._print(printer)

    def _put(self, client: PutImageClient, session: Session) -> Mapping[str, Any]:
        """The answer of PutImage; read back if it was lost on its way."""
        self.tracker = RequestTracker(client)
        try:
            answer = client.put_image(**self.parameters)
            if "image" not in answer:  # botocore takes an answer that was cut short for an empty one
                self.tracker.lost = True
                raise GeneralError("The answer was cut short")  # noqa: TRY301 - it is handled like the others
        except Exception as problem:
            found = self._read_back(session, problem)
            if found is None:
                raise
            print_hint(f"The answer was lost on its way. Read back: {self._image()} is there, as it was sent.")
            return found
        answer.pop("ResponseMetadata", None)
        self._compare_digests(answer)
        return answer

    def _compare_digests(self, answer: Mapping[str, Any]) -> None:
        sent, reported = digest_of(self.parameters), answer["image"].get("imageId", {}).get("imageDigest")
        if reported != sent:
            print_hint(f"The registry answers with the digest {reported}, but the bytes that were sent have {sent}.")

    def _read_back(self, session: Session, problem: Exception) -> Mapping[str, Any] | None:
        """What became of a PutImage whose answer was lost; None if the image was not put, or nothing was lost."""
        if self.tracker is None or self.options is None:
            return None
        if not self.tracker.may_be_applied(problem):
            if self.tracker.service_failed:
                self.notes.append(self._unknown("The service failed in the middle"))
            return None
        from botocore.config import Config

        limits = Config(
            read_timeout=READ_BACK_SECONDS, connect_timeout=READ_BACK_SECONDS, retries={"total_max_attempts": 2}
        )
        try:
            found = read_back(new_client(session, self.options, limits), self.parameters)
        except Exception as second:  # noqa: BLE001 - whatever it is, the answer is that it is not known
            self.notes.append(self._unknown("The answer was lost on its way, and so was what was asked since"))
            self.notes.append(describe_error(second).message)
            return None
        if found is None:
            self.notes.append(f"The answer was lost on its way. Read back: {self._image()} is not there.")
        return found

    def _print(self, printer: ResponsePrinter) -> int:
        """Print the answer. The image is put by now, so an answer that cannot be printed is told as just that."""
        if sys.stdout is None:
            print_hint(f"{self._image()} was put; its answer is not printed because standard output is closed.")
            return 0
        try:
            printer.print(self.response)
        except BrokenPipeError:
            abandon_stdout()
            print_hint(f"{self._image()} was put; nobody was reading when its answer was to be printed.")
        except Exception as problem:  # noqa: BLE001 - it must not be taken for a failure of the call
            abandon_stdout()
            return self.reporter.report(problem, [f"{self._image()} was put; only its answer could not be printed."])
        return 0

    def _interrupted(self) -> int:
        with suppress(OSError, ValueError):
            print(flush=True)
        attempts = self.tracker
        if self.response is not None or (attempts is not None and attempts.applied):
            print_hint(f"{self._image()} was put.")
        elif attempts is not None and (attempts.in_flight or attempts.lost):
            print_hint(self._unknown("The request was under way"))
        return INTERRUPTED

    def _unknown(self, reason: str) -> str:
        return (
            f"{reason}: whether {self._image()} was put is unknown. Look: aws ecr describe-images "
            f"--repository-name {self.parameters.get('repositoryName', '')} "
            f"--image-ids imageDigest={digest_of(self.parameters)}"
        )

    def _image(self) -> str:
        """The image in the words of the field: repository, tag and digest."""
        image = (self.response or expected_response(self.parameters))["image"]
        tag, digest = image["imageId"].get("imageTag"), image["imageId"].get("imageDigest")
        return f"{image.get('repositoryName')}{f':{tag}' if tag else ''}@{digest}"


def _error_format(session: Session, options: argparse.Namespace | None) -> str:
    """The format of errors: the option > ``AWS_CLI_ERROR_FORMAT`` > ``cli_error_format`` > enhanced."""
    from ecrtui.cli.put_image.options import ERROR_FORMATS

    given = options.cli_error_format if options is not None else None
    chosen = str(given or setting(session, "AWS_CLI_ERROR_FORMAT", "cli_error_format", "enhanced")).lower()
    return chosen if chosen in ERROR_FORMATS else "enhanced"
