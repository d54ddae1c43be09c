"""A change as a text for a change ticket: Markdown, CSV or JSON of a plan, of its result, or of the journal.

Every format is made from the document of :mod:`ecrtui.retag.plan_file` or :mod:`ecrtui.ecr.documents`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ecrtui.ecr.csv_cells import csv_lines
from ecrtui.ecr.documents import Document, entry_document
from ecrtui.ecr.markdown_text import markdown_table, markdown_text
from ecrtui.ecr.tag import join_tags
from ecrtui.ecr.text_formats import Texts, json_text
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import Plan, Report, counts_in_words, in_words
from ecrtui.retag.plan_file import NO_TAG, plan_csv, plan_document, report_document

MAX_TAGS = 20
"""Other tags of an image in a cell. A plan of 1,000 tags for one image would repeat nearly all of them in each row."""

_LISTS = ("entries", "results", "steps", "excluded")
"""The members of a document that hold its rows."""


class _Field(NamedTuple):
    """A value of a row: its name in CSV, its title in Markdown, and whether it is stated once if it is the same in all.

    A field without a title is in CSV only.
    """

    name: str
    title: str = ""
    shared: bool = False


_FIELDS = (
    _Field("repositoryName", "repository"),
    _Field("imageTag", "tag"),
    _Field("action", "action"),
    _Field("digestBefore", "before"),
    _Field("digestAfter", "after"),
    _Field("outcome", "outcome"),
    _Field("message", "message"),
    _Field("keepsTags"),
    _Field("otherTags"),
    _Field("finishedAt", "time"),
    _Field("requestId", "request id"),
    _Field("principal", "user", shared=True),
    _Field("registryId", "account", shared=True),
    _Field("region", "region", shared=True),
    _Field("endpoint", "endpoint", shared=True),
    _Field("planId", "plan", shared=True),
    _Field("kind", "command", shared=True),
    _Field("entry"),
    _Field("undoneBy"),
)
"""The fields of a row. ``keepsTags`` are the other tags of the old image, ``otherTags`` those of the new one.

JSON has all of these tags, a cell at most :data:`MAX_TAGS`.
"""


def report_texts(report: Report) -> Texts:
    """Return what makes the texts of the result of a plan."""
    return _texts("Result of a change of tags", lambda: report_document(report))


def plan_texts(plan: Plan) -> Texts:
    """Return what makes the texts of a plan. Its CSV is for :func:`ecrtui.retag.row_file.parse_rows`."""
    return {**_texts("Plan of a change of tags", lambda: plan_document(plan)), "CSV": lambda: plan_csv(plan)}


def history_texts(entries: Sequence[JournalEntry]) -> Texts:
    """Return what makes the texts of entries of the journal."""
    return _texts("Changes of tags", lambda: {"entries": [entry_document(entry) for entry in entries]})


def _texts(title: str, document: Callable[[], Document]) -> Texts:
    return {
        "Markdown": lambda: rows_markdown(title, [document()]),
        "CSV": lambda: rows_csv([document()]),
        "JSON": lambda: json_text(document()),
    }


def _rows(documents: Iterable[Document]) -> list[Document]:
    """Return the rows of documents, each with the values that its document has for all."""
    rows = []
    for document in documents:
        common = {name: value for name, value in document.items() if not isinstance(value, (list, dict))}
        rows += [{**common, **row} for name in _LISTS for row in document.get(name, ())]
    return rows


def _value(row: Mapping[str, Any], name: str) -> str:
    """Return a value as one text; empty if the row has none."""
    if name == "message":
        return str(row.get("message") or row.get("detail") or row.get("reason") or "")
    if name == "digestBefore":  # a file of a result can be a plan again, which expects what this one expected
        return _digest_before(row.get("digestExpected", row.get("digestBefore")))
    value = row.get(name)
    if isinstance(value, list):
        return join_tags(value, MAX_TAGS)
    return "" if value in (None, 0) else str(value)


def _digest_before(digest: str | None) -> str:
    """Return the digest that a tag had; empty if that is not known."""
    return "" if digest is None else digest or NO_TAG


def rows_csv(documents: Sequence[Document]) -> str:
    """Return the rows of documents as CSV with a header."""
    names = [field.name for field in _FIELDS]
    return "".join(csv_lines([names, *([_value(row, name) for name in names] for row in _rows(documents))]))


def rows_markdown(title: str, documents: Sequence[Document], remarks: Iterable[str] = ()) -> str:
    """Return a heading, a list of what is the same in all rows, and a table of the rest.

    Args:
        title: the heading, in Markdown.
        documents: documents with rows.
        remarks: further lines of the list, as plain text.
    """
    rows = [_readable(row) for row in _rows(documents)]
    values = {field: {row[field.name] for row in rows} for field in _FIELDS if field.title}
    head = [field for field, found in values.items() if field.shared and len(found) == 1]
    columns = [field for field, found in values.items() if field not in head and found != {""}]
    lines = [f"# {title}\n", "\n"]
    lines += [f"- {field.title}: {markdown_text(rows[0][field.name])}\n" for field in head if rows[0][field.name]]
    words = (*remarks, *(remark for document in documents for remark in _remarks(document)))
    lines += [f"- {remark}\n" for remark in map(markdown_text, words)]
    lines += [
        "\n",
        *markdown_table([field.title for field in columns], ([row[f.name] for f in columns] for row in rows)),
    ]
    return "".join(lines)


def _readable(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of a row in the words of Markdown: the tags of an image stand beside its digest."""
    values = {field.name: _value(row, field.name) for field in _FIELDS}
    values["digestBefore"] = _image(_digest_before(row.get("digestBefore")), values["keepsTags"])
    values["digestAfter"] = _image(values["digestAfter"], values["otherTags"])
    values |= {name: in_words(values[name], row.get("digestAfter") or "") for name in ("action", "outcome")}
    if not values["imageTag"]:
        values["imageTag"] = "?" if row.get("imageTag", "") is None else "<untagged>"
    values["finishedAt"] = values["finishedAt"] or str(row.get("begunAt") or "")
    if values["undoneBy"]:
        values["outcome"] += f", undone by entry {values['undoneBy']}"
    return values


def _image(digest: str, tags: str) -> str:
    return f"{digest} ({tags})" if digest and tags else digest


def _remarks(document: Document) -> Iterable[str]:
    """Yield what a document says of the change as a whole."""
    if document.get("finishedAt"):
        yield f"finished: {document['finishedAt']}"
    if document.get("counts"):
        states = ((row["outcome"], row.get("digestAfter") or "") for row in document["results"])
        yield f"result: {counts_in_words(states)}"
    yield from (f"warning: {warning}" for warning in document.get("warnings", ()))
    for moved in document.get("movedSince", ()):
        yield f"moved since: {moved['repositoryName']}:{moved['imageTag']} to {moved['digestFound'] or 'nothing'}"
