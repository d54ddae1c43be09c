"""The content of an artifact as text. Text of the registry stands behind a label or is indented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ecrtui.ecr.safe_text import visible, visible_lines
from ecrtui.ecr.units import format_count, format_size
from ecrtui.inspect.archives import ArchiveFile
from ecrtui.inspect.contents import BlobContent
from ecrtui.inspect.packages import PackageList
from ecrtui.tui.details import facts_text, indented

MAX_NAMED = 4
"""Types and licenses that are named in a line of totals."""


def content_text(content: BlobContent, *, exact: bool) -> str:
    """Return the content of a blob as text.

    Args:
        content: the content.
        exact: True for its text as it is stored, or its bytes; False for what it says.
    """
    if exact:
        return visible_lines(content.exact)
    return "\n\n".join(filter(None, _sections(content))) or visible_lines(content.exact)


def totals_text(packages: PackageList) -> str:
    """Return the totals of a package list: by type and by license."""
    types = totals(packages.types, "type not known")
    licenses = totals(packages.licenses, "none named")
    return f"{format_count(len(packages.packages), 'package')}: {types}\nlicenses: {licenses}"


def totals(counts: Sequence[tuple[str, int]], missing: str) -> str:
    """Return counts by name on one line: ``deb 148 · maven 61 · 4 others 9``."""
    named = [f"{visible(name, 40) or missing} {count:,}" for name, count in counts[:MAX_NAMED]]
    rest = counts[MAX_NAMED:]
    if rest:
        named.append(f"{format_count(len(rest), 'other')} {sum(count for _, count in rest):,}")
    return " · ".join(named) or "none"


def _sections(content: BlobContent) -> Iterator[str]:
    yield visible(content.problem)
    yield facts_text([(fact.label, [visible(line) for line in fact.lines]) for fact in content.facts])
    if content.packages is not None:
        yield visible(content.packages.problem)
    for file in content.files:
        yield _file_text(file)
    yield _indented(content.pretty)


def _file_text(file: ArchiveFile) -> str:
    """Return a file below its name."""
    note = visible(file.note) if file.note else format_size(file.size)
    return "\n".join(filter(None, [f"file {visible(file.path)}  {note}", _indented(file.text)]))


def _indented(text: str) -> str:
    return indented(text.rstrip("\n")) if text else ""
