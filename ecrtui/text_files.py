"""Read text files that the user writes, say where one is wrong, and write a file as a whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tomllib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Any

from ecrtui.errors import reason_of

MAX_SIZE = 1 << 20
"""The largest file that is read, in bytes."""

_POSITION = r" \(at (?:line (\d+), column \d+|end of document)\)$"
"""How a message of tomllib ends."""


class UnreadableFile(Exception):  # noqa: N818 - reads as what happened
    """A file cannot be read.

    Args:
        reason: what is wrong with it, without a full stop.
        line: the line that is wrong; 0 if it is unknown or does not matter.
    """

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def read_text(path: Path, *, pipes: bool = False) -> str:
    """Return the text of a file without its byte order mark.

    Args:
        path: the file.
        pipes: whether to read a pipe, which blocks until its writer ends.

    Raises:
        FileNotFoundError: there is no such file.
        UnreadableFile: it is not a text file in UTF-8, is too large, or cannot be read.
    """
    try:
        mode = path.stat().st_mode
        if not pipes and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
            raise UnreadableFile("This is not a regular file")
        with path.open("rb") as file:
            content = file.read(MAX_SIZE + 1)
    except FileNotFoundError:
        raise
    except NotADirectoryError as problem:  # as with HOME=/dev/null
        raise FileNotFoundError(*problem.args) from None
    except OSError as problem:
        raise UnreadableFile(reason_of(problem)) from None
    if len(content) > MAX_SIZE:
        raise UnreadableFile(f"The file has more than {MAX_SIZE:,} bytes")
    content = content.removeprefix(BOM_UTF8)
    if wrong := encoding_fault(content):
        raise wrong
    return content.decode()


def replace_text(path: Path, text: str) -> None:
    """Write the text into a new file, which then takes the place of the old one and its mode.

    Other processes read the old text or the new one, but never a part. A new file is for the user only.

    Raises:
        OSError: the folder does not exist, or cannot be written.
        UnicodeEncodeError: the text has half a surrogate pair.
    """
    import tempfile  # the first frame does not need it

    descriptor, draft = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as new:
            new.write(text)
        if path.exists():
            shutil.copymode(path, draft)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink()
        raise


def write_new(path: Path, content: bytes) -> None:
    """Write a new file. A file that cannot be written to its end, as on a full disk, is removed.

    Raises:
        OSError: the file exists, its folder does not, or it cannot be written.
    """
    new = path.open("xb")
    try:
        with new:
            new.write(content)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def encoding_fault(content: bytes) -> UnreadableFile | None:
    """Return where and why the content of a file is not UTF-8; None if it is."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return UnreadableFile("The file is UTF-16. Save it as UTF-8", 1)
    try:
        content.decode()
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        return UnreadableFile(f"Byte 0x{content[problem.start]:02x} is not UTF-8. Save the file as UTF-8", line)
    return None


def parse_toml(text: str) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises:
        UnreadableFile: it is not valid TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        reason, place = str(problem), re.search(_POSITION, str(problem))
        if place is None:
            raise UnreadableFile(reason) from None
        raise UnreadableFile(reason[: place.start()], int(place[1] or text.rstrip().count("\n") + 1)) from None
    except RecursionError:
        raise UnreadableFile("Its tables or lists are nested too deeply") from None
    except ValueError:  # from int(), which limits the digits
        raise UnreadableFile("A number in it has too many digits") from None
