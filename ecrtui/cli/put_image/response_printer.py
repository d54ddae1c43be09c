"""Print the response. As much as possible is checked before the call."""

from __future__ import annotations

import argparse
import locale
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ecrtui.cli.aws_cli_output import check_format, render, write
from ecrtui.cli.aws_cli_output.encoding import has_all_characters
from ecrtui.cli.aws_cli_output.pager import check_pager, configured_pager, paged
from ecrtui.cli.aws_cli_output.terminal import on_terminal
from ecrtui.cli.put_image.errors import GeneralError
from ecrtui.cli.put_image.parameters import manifest_digest
from ecrtui.registry.aws_cli.session import profile_settings, setting

if TYPE_CHECKING:
    from ecrtui.registry.aws_cli.session import Session

TITLE = "PutImage"
ENCODING_HINT = "Nothing was sent. Set AWS_CLI_OUTPUT_ENCODING=utf-8, or print less with --query."


class ResponsePrinter:
    """Prints responses in the selected format, with the selected query and pager.

    Raises:
        UsageError: the format is unknown.
        PagerError: the pager could not be started.
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
        """Check that the encoding of standard output has all characters of the expected response.

        Raises:
            GeneralError: the encoding lacks a character.
        """
        encoding, errors = self._encoding()
        if has_all_characters(encoding) or self.format == "off":
            return
        try:
            text = render(expected_response(parameters), self.format, self.query, title=TITLE)
        except Exception:  # noqa: BLE001 - the query may fit the real response
            return
        try:
            text.encode(encoding, errors)
        except UnicodeEncodeError as problem:
            raise GeneralError(str(problem), "", ENCODING_HINT) from problem

    def print(self, response: Any) -> None:
        """Print a response.

        Raises:
            Exception: the response cannot be printed; see :func:`ecrtui.cli.aws_cli_output.write`.
        """
        if self.format == "off":
            return
        with paged(self.pager) as stream:
            write(response, self.format, self.query, stream, title=TITLE, color=self.color, terminal=on_terminal())

    def _encoding(self) -> tuple[str, str]:
        """Return the encoding of the output, and the error handler for characters that it lacks."""
        if self.pager.strip() and on_terminal():
            return locale.getpreferredencoding(do_setlocale=False), "strict"
        return getattr(sys.stdout, "encoding", None) or "utf-8", getattr(sys.stdout, "errors", None) or "strict"


def selected_pager(session: Session, options: argparse.Namespace) -> str:
    """Return the command of the pager; empty for none."""
    if options.no_cli_pager:
        return ""
    return configured_pager(profile_settings(session) or {})  # only the help comes here without a profile


def expected_response(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response of PutImage after success; the account may differ."""
    image_id = {"imageDigest": manifest_digest(parameters)}
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
