"""The content of the Put image form: the request, the exact manifest with its origin, and the AWS CLI command."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from ecrtui.ecr import units
from ecrtui.ecr.manifest import MAX_LENGTH
from ecrtui.ecr.put_image_request import (
    ManifestCheck,
    PutImageRequest,
    check_manifest,
    request_errors,
    with_line_ends,
)
from ecrtui.errors import UsageError, reason_of
from ecrtui.paths import expand
from ecrtui.tui.clipboard.copy_items import MANIFEST_FILE, get_manifest_line, put_image_command

_LINE_ENDING_NAMES = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}


class ManifestSource(NamedTuple):
    """The exact text of a manifest and where it came from.

    Args:
        text: the exact text.
        origin: where it came from, for the user: "from the file".
        file: the path of the file that has these bytes; empty if there is none.
    """

    text: str = ""
    origin: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class PutImageDocument:
    """Everything that the form knows. Replace it to change it."""

    request: PutImageRequest = field(default_factory=PutImageRequest)
    """The typed parameters, without the manifest."""
    manifest: ManifestCheck = field(default_factory=lambda: check_manifest(""))
    origin: str = ""
    """Where the manifest came from; see :class:`ManifestSource`."""
    file: str = ""
    """The file that has the bytes of the manifest; empty if there is none."""
    image: str = ""
    """The digest of the selected image while the form has its manifest; otherwise empty."""
    file_problem: str = ""
    """The reason why the named file could not be read."""

    @property
    def problems(self) -> Mapping[str, str]:
        """The problem of each invalid field."""
        found = dict(request_errors(self.request, self.manifest))
        if self.file_problem:
            found["file"] = self.file_problem
        return found

    @property
    def media_type(self) -> str:
        """The media type that is sent."""
        return self.request.media_type or self.manifest.media_type

    @property
    def digest(self) -> str:
        """The digest of the manifest; empty without one."""
        return self.manifest.digest if self.manifest.text else ""

    @property
    def summary(self) -> str:
        """The size, the line endings and the origin of the manifest."""
        endings = " and ".join(_LINE_ENDING_NAMES[ending] for ending in self.manifest.line_ends) or "no line endings"
        facts = (units.format_count(self.manifest.size_bytes, "byte"), endings, self.origin)
        return " · ".join(fact for fact in facts if fact)

    @property
    def warnings(self) -> Sequence[str]:
        """Warnings about the bytes, to be shown before they are sent."""
        return tuple(self._warnings())

    def _warnings(self) -> Iterable[str]:
        if self.manifest.text.startswith("\ufeff"):
            yield "starts with a byte order mark, which is part of the digest"
        if self.has_cr_endings:
            yield "has CR line endings: some terminals replace LF with CR in pasted text"
        elif "\r\n" in self.manifest.line_ends:
            yield "has CRLF line endings. ecrtui keeps them; the AWS CLI sends file:// with LF: a different digest"

    @property
    def has_cr_endings(self) -> bool:
        """Whether every line ends with CR, as terminals paste text."""
        return self.manifest.line_ends == ("\r",)

    def command(self, source_repository: str, common: Sequence[str]) -> str:
        """Return the equivalent AWS CLI command.

        For the manifest of a selected image, a first command that downloads the manifest precedes it.

        Args:
            source_repository: the repository of the selected image.
            common: the connection options of each command.
        """
        request = replace(self.request, digest=self.request.digest or self.digest)
        file = os.path.expandvars(expand(self.file)) if self.file else MANIFEST_FILE
        put = put_image_command(request, file, common)
        if not self.image:
            return put
        source = replace(request, digest=self.image, repository=source_repository, media_type=self.media_type)
        return f"{get_manifest_line(source, common)} && {put}"


def next_line_endings(original: ManifestSource, current: str) -> ManifestSource | None:
    """Return the manifest with the next line endings: original, LF, CRLF, and again from the start.

    Args:
        original: the manifest as it was given.
        current: the text in the form now, one of the three.

    Returns:
        The next text that differs from the current one; None if the manifest has no line endings.
    """
    variants = (
        original,
        ManifestSource(with_line_ends(original.text, "\n"), "with LF line endings"),
        ManifestSource(with_line_ends(original.text, "\r\n"), "with CRLF line endings"),
    )
    texts = [variant.text for variant in variants]
    if len(set(texts)) == 1:
        return None
    start = texts.index(current)
    following = (variants[(start + step) % len(variants)] for step in (1, 2))
    return next(variant for variant in following if variant.text != current)


def read_manifest_file(path: str) -> str:
    """Return the exact text of a file; ``~`` and variables in the path are expanded.

    Raises:
        UsageError: the file is missing, unreadable, too long or not UTF-8.
    """
    try:
        file = Path(os.path.expandvars(expand(path)))
        state = file.stat()
        if not stat.S_ISREG(state.st_mode):
            raise UsageError("not a file")
        if state.st_size > 4 * MAX_LENGTH:  # a character takes at most four bytes of UTF-8
            raise UsageError(f"{state.st_size:,} bytes are too many; PutImage accepts {MAX_LENGTH:,} characters")
        return file.read_bytes().decode()
    except UnicodeDecodeError as problem:
        raise UsageError(f"not UTF-8: {problem.reason} at byte {problem.start:,}") from problem
    except (OSError, ValueError) as problem:
        raise UsageError(f"cannot be read: {reason_of(problem)}") from problem
