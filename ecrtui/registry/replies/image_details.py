"""Convert the images in replies of ECR (``ImageDetail``): one, or all of a page.

A long listing has a hundred pages. To call a function for each member of each of a thousand images takes longer than to
parse their JSON, so a page is converted member by member: few calls are for one image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from sys import intern
from types import NoneType
from typing import Any, NamedTuple

from ecrtui.ecr.digest import DIGEST_PATTERN
from ecrtui.ecr.findings import FINISHED, SEVERITIES, FindingCounts
from ecrtui.ecr.image import Image
from ecrtui.ecr.row_codec import IMAGE_CODEC, Column, ColumnRows
from ecrtui.ecr.units import MAX_TIME
from ecrtui.registry.replies.validation import (
    MAX_INTEGER,
    MAX_MEDIA_TYPE,
    MAX_NAME,
    MAX_TAG,
    MAX_TEXT,
    BadValue,
    Reply,
    digest,
    integer,
    integer_map,
    moment,
    required_digest,
    structure,
    text,
    texts,
)

_KNOWN_SEVERITIES = SEVERITIES[:-1]
_WITH_COUNTS = ("", *FINISHED)
"""The states of a scan whose counts are those of the whole scan; empty in a reply without a state."""


def image(entry: Reply) -> Image:
    """Convert an ``ImageDetail``.

    Raises:
        BadValue: it has a bad value. The text names the member.
    """
    values = {name: read(entry, member) for name, (member, read, _) in _ATTRIBUTES.items()}
    if values["findings"] is not None:
        values["findings"] = counts_of_scan(values["scan_status"], values["findings"])
    return Image(**values)


def images(entries: Sequence[Reply], subject: Mapping[str, str]) -> Iterable[Image]:
    """Convert each ``ImageDetail`` of a page as :func:`image` does.

    Args:
        entries: the entries, each of which is an object.
        subject: what they must be about; see :func:`ecrtui.registry.replies.validation.check_subject`.

    Raises:
        BadValue: an entry has a bad value, or is about something else. The text does not say which entry.
    """
    if not entries:
        return ()
    for member, wanted in subject.items():
        if wanted and not {None, wanted}.issuperset(_of_type(_values(entries, member), str)):
            raise BadValue(f"{member} has another value")
    columns = {name: read_all(_values(entries, member)) for name, (member, _, read_all) in _ATTRIBUTES.items()}
    columns["findings"] = [
        None if counts is None else counts_of_scan(status, counts)
        for status, counts in zip(columns["scan_status"], columns["findings"], strict=True)
    ]
    return ColumnRows(IMAGE_CODEC, [columns[name] for name in IMAGE_CODEC.names])


def read_tags(entry: Reply, member: str = "imageTags") -> tuple[str, ...]:
    """Return the tags of an image, sorted: ECR has them in no order."""
    tags = texts(entry, member, MAX_TAG)
    return tags if len(tags) < 2 else tuple(sorted(tags))


def counts_of_scan(status: str, counts: Mapping[str, int]) -> FindingCounts | None:
    """Return the counts of a finished scan by severity; None for a scan in another state, which has no result."""
    if status not in _WITH_COUNTS:
        return None
    known = [(severity, counts[severity]) for severity in _KNOWN_SEVERITIES if severity in counts]
    if len(known) == len(counts):
        return tuple(known)
    rest = sum(number for severity, number in counts.items() if severity not in _KNOWN_SEVERITIES)
    return tuple([*known, (SEVERITIES[-1], rest)] if rest else known)


# One image


def _word(entry: Reply, member: str, limit: int, default: str = "") -> str:
    return intern(text(entry, member, limit) or default)


def _scan_status(entry: Reply, member: str) -> str:
    return _word(structure(entry, member), "status", MAX_NAME)


def _counts(entry: Reply, member: str) -> Mapping[str, int] | None:
    """Return the counts by severity in the summary of a scan; None without a summary."""
    summary = structure(entry, member)
    return None if entry.get(member) is None else integer_map(summary, "findingSeverityCounts")


# All images of a page


def _values(entries: Sequence[Reply], member: str) -> Column:
    return [entry.get(member) for entry in entries]


def _of_type(column: Column, *kinds: type) -> Column:
    """Return the column, whose values have one of these types or are None."""
    if not {NoneType, *kinds}.issuperset(map(type, column)):
        raise BadValue("a value has another type")
    return column


def _checked(column: Column, is_good: Callable[[Any], object]) -> Column:
    """Return the column, whose values are good or None."""
    if not all(map(is_good, [value for value in column if value is not None])):
        raise BadValue("a value is not good")
    return column


def _required(column: Column) -> Column:
    if None in column:
        raise BadValue("a value is missing")
    return column


def _digests(column: Column) -> Column:
    return _checked(_of_type(column, str), DIGEST_PATTERN.fullmatch)


def _moments(column: Column) -> Column:
    return _checked(_of_type(column, float, int), lambda value: 0 <= value <= MAX_TIME)


def _integers(column: Column) -> Column:
    return _checked(_of_type(column, int), lambda value: 0 <= value <= MAX_INTEGER)


def _words(column: Column, limit: int, default: str = "") -> Column:
    """Return texts of which few are different: each is checked and kept once."""
    known = {value: intern(text({"": value}, "", limit) or default) for value in set(_of_type(column, str))}
    return [known[value] for value in column]


def _all_tags(column: Column) -> Column:
    """Return the tags of each image, sorted."""
    texts({"": list(chain.from_iterable(filter(None, _of_type(column, list))))}, "", MAX_TAG)
    return [() if not tags else tuple(tags) if len(tags) == 1 else tuple(sorted(tags)) for tags in column]


def _scan_statuses(column: Column) -> Column:
    return _words([None if scan is None else scan.get("status") for scan in _of_type(column, dict)], MAX_NAME)


def _all_counts(column: Column) -> Column:
    """Return the counts of each image by severity; None without the summary of a scan."""
    found = [None if summary is None else summary.get("findingSeverityCounts") for summary in _of_type(column, dict)]
    counts = [each for each in _of_type(found, dict) if each]
    _words(list(chain.from_iterable(counts)), MAX_TEXT)
    _required(_integers(list(chain.from_iterable(map(dict.values, counts)))))
    return [None if summary is None else each or {} for summary, each in zip(column, found, strict=True)]


class _Attribute(NamedTuple):
    """How an attribute of an image is read."""

    member: str
    """The member of ``ImageDetail``."""
    read: Callable[[Reply, str], Any]
    """Returns the value of an entry; raises :class:`BadValue`, which names the member."""
    read_all: Callable[[Column], Column]
    """Returns the values of all entries in less time; raises :class:`BadValue`."""


def _text_attribute(member: str, limit: int, default: str = "") -> _Attribute:
    return _Attribute(
        member, partial(_word, limit=limit, default=default), partial(_words, limit=limit, default=default)
    )


_ATTRIBUTES = {
    "digest": _Attribute("imageDigest", required_digest, lambda column: _required(_digests(column))),
    "tags": _Attribute("imageTags", read_tags, _all_tags),
    "pushed_at": _Attribute("imagePushedAt", moment, _moments),
    "size": _Attribute("imageSizeInBytes", integer, _integers),
    "media_type": _text_attribute("imageManifestMediaType", MAX_MEDIA_TYPE),
    "artifact_media_type": _text_attribute("artifactMediaType", MAX_MEDIA_TYPE),
    "last_pulled_at": _Attribute("lastRecordedPullTime", moment, _moments),
    "status": _text_attribute("imageStatus", MAX_NAME, "ACTIVE"),
    "archived_at": _Attribute("lastArchivedAt", moment, _moments),
    "scan_status": _Attribute("imageScanStatus", _scan_status, _scan_statuses),
    "findings": _Attribute("imageScanFindingsSummary", _counts, _all_counts),
    "subject": _Attribute("subjectManifestDigest", digest, lambda column: [value or "" for value in _digests(column)]),
    "activated_at": _Attribute("lastActivatedAt", moment, _moments),
}
"""By attribute of :class:`ecrtui.ecr.image.Image`."""
