"""Compare the contents of two artifacts that are not images: the files of charts, and documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.inspect.comparison.attachments import NamedContent
from ecrtui.inspect.comparison.members import text_rows
from ecrtui.inspect.comparison.rows import ChangeKind, Row, possibly_in_both, row_of


def content_rows(before: Sequence[NamedContent], after: Sequence[NamedContent]) -> Iterator[Row]:
    """Yield the rows of the contents of two artifacts, file by file."""
    named = [dict(_files(contents)) for contents in (before, after)]
    incomplete = [any(incomplete_archives(contents, "")) for contents in (before, after)]
    for name in dict.fromkeys((*named[0], *named[1])):
        old, new = (files.get(name) for files in named)
        if old is not None and new is not None:
            yield from _file_rows(name, old, new)
        else:
            row = row_of(name, *(None if file is None else file.in_words for file in (old, new)))
            yield possibly_in_both(row) if incomplete[old is not None] else row


def incomplete_archives(contents: Iterable[NamedContent], side: str) -> Sequence[str]:
    """Return a sentence for each archive that was not read to its end."""
    return [f"{side}: {one.content.problem}" for one in contents if one.content.files and one.content.problem]


def _file_rows(name: str, old: _File, new: _File) -> Sequence[Row]:
    rows = () if old.text is None or new.text is None else text_rows(old.text, new.text, name)
    return rows or [_whole_row(name, old, new)]


def _whole_row(name: str, old: _File, new: _File) -> Row:
    """Return the row of two files with the same text, or of which not both have a text."""
    texts = [old.in_words, new.in_words]
    if texts[0] == texts[1] and old.size != new.size:
        texts = [units.format_count(file.size, "byte") for file in (old, new)]
    elif texts[0] == texts[1] and old.digest and new.digest and old.digest != new.digest:
        texts = [f"{file.in_words} {short_digest(file.digest)}" for file in (old, new)]
    row = row_of(name, *texts)
    has_same_bytes = (old.digest and old.digest == new.digest) or (old.blob and old.blob == new.blob)
    if row.differs or has_same_bytes or (old.text is not None and new.text is not None):
        return row
    return replace(row, change=ChangeKind.NOT_KNOWN)


class _File(NamedTuple):
    text: str | None
    """None if it is not text, or was not read."""
    size: int
    note: str
    digest: str
    """The digest of its bytes; empty if it is not known."""
    blob: str
    """The digest of the blob that it is in."""

    @property
    def in_words(self) -> str:
        return f"{units.format_size(self.size)} {self.note}".strip()


def _files(contents: Iterable[NamedContent]) -> Iterator[tuple[str, _File]]:
    """Yield the files of archives by path, and other contents by name, as text."""
    for name, content, digest, size in contents:
        for file in content.files:
            text = file.text if file.text or not file.size else None
            yield file.path, _File(text, file.size, file.note, file.digest, digest)
        if not content.files:
            yield name, _File(content.pretty or content.exact, size, "", digest, digest)
