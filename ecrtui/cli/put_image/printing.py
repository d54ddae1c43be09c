"""How the answer is printed, and whether it can be: everything that can be known is checked before the call."""

from __future__ import annotations

import argparse
import locale
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ecrtui.cli.aws_cli_output import check_format, render, write
from ecrtui.cli.aws_cli_output.encoding import has_all_characters
from ecrtui.cli.aws_cli_output.pager import check_pager, configured_pager, paged
from ecrtui.cli.aws_cli_output.terminal import on_terminal
from ecrtui.cli.put_image.hints import digest_of
from ecrtui.cli.put_image.problems import GeneralError
from ecrtui.cli.put_image.session import setting

if TYPE_CHECKING:
    from botocore.session import Session

TITLE = "PutImage"
ENCODING_HINT = "Nothing was sent. Set AWS_CLI_OUTPUT_ENCODING=utf-8, or pick what is printed with --query."


class ResponsePrinter:
    """Prints an answer in the format, through the query and the pager that are in force.

    Raises:
        UsageError: the format does not exist.
        PagerError: the pager cannot be started.
    """

    def __init__(self, session: Session, options: argparse.Namespace) -> None:
        self.format = options.output or setting(session, "AWS_DEFAULT_OUTPUT", "output", "json")
        self.query = options.query
        self.color = options.color
        self.pager = selected_pager(session, options)
        check_format(self.format, self.query)
        if self.format != "off":
            check_pager(self.pager)

    def check_encodable(self, parameters: Mapping[str, Any]) -> None:
        """See whether the answer that is expected can be written in the encoding of standard output.

        Raises:
            GeneralProblem: it has characters that the encoding does not have.
        """
        encoding, errors = self._encoding()
        if has_all_characters(encoding) or self.format == "off":
            return
        try:
            text = render(expected_response(parameters), self.format, self.query, title=TITLE)
        except Exception:  # noqa: BLE001 - what is expected may not come; the query is tried on what does
            return
        try:
            text.encode(encoding, errors)
        except UnicodeEncodeError as problem:
            raise GeneralError(str(problem), "", ENCODING_HINT) from problem

    def print(self, answer: Any) -> None:
        """Print an answer.

        Raises:
            Exception: whatever keeps it from being printed; see :func:`ecrtui.cli.aws_cli_output.write`.
        """
        if self.format == "off":
            return
        with paged(self.pager) as stream:
            write(answer, self.format, self.query, stream, title=TITLE, color=self.color, terminal=on_terminal())

    def _encoding(self) -> tuple[str, str]:
        """In which encoding it will be written, and what is done about characters that it lacks."""
        if self.pager.strip() and on_terminal():
            return locale.getpreferredencoding(do_setlocale=False), "strict"
        return getattr(sys.stdout, "encoding", None) or "utf-8", getattr(sys.stdout, "errors", None) or "strict"


def selected_pager(session: Session, options: argparse.Namespace) -> str:
    """The pager in force; empty if there is to be none."""
    from botocore.exceptions import ProfileNotFound

    if options.no_cli_pager:
        return ""
    try:
        return configured_pager(session.get_scoped_config())
    except ProfileNotFound:  # the help can be had without it; for anything else it has been told before
        return configured_pager({})


def expected_response(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of PutImage if all goes well, but for the account."""
    image_id = {"imageDigest": digest_of(parameters)}
    if "imageTag" in parameters:
        image_id["imageTag"] = parameters["imageTag"]
    return {
        "image": {
            "registryId": parameters.get("registryId", "0" * 12),
            "repositoryName": parameters.get("repositoryName"),
            "imageId": image_id,
            "imageManifest": parameters.get("imageManifest"),
            "imageManifestMediaType": parameters.get("imageManifestMediaType", ""),
        }
    }


def abandon_stdout() -> None:
    """Send what is still to be written to standard output nowhere, so that the end of the process does not fail."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
