"""Convert a page of DescribeImages member by member, not image by image: a long listing has a hundred pages.

To call a function for each member of each of a thousand images takes longer than to parse their JSON. Here, few calls
are for one image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from sys import intern
from types import NoneType
from typing import Any

from ecrtui.ecr.digest import DIGEST_PATTERN
from ecrtui.ecr.image import Image
from ecrtui.ecr.row_codec import IMAGE_CODEC, Column
from ecrtui.ecr.units import MAX_TIME
from ecrtui.registry.replies.conversion import counts_of_scan
from ecrtui.registry.replies.validation import (
    MAX_INTEGER,
    MAX_MEDIA_TYPE,
    MAX_NAME,
    MAX_TAG,
    BadValue,
    Reply,
    integer_map,
    text,
    texts,
)

_MEMBERS = (
    "registryId",
    "repositoryName",
    "imageDigest",
    "imageTags",
    "imagePushedAt",
    "imageSizeInBytes",
    "imageManifestMediaType",
    "artifactMediaType",
    "lastRecordedPullTime",
    "imageStatus",
    "lastArchivedAt",
    "imageScanStatus",
    "imageScanFindingsSummary",
    "subjectManifestDigest",
    "lastActivatedAt",
)
_NOTHING = dict.fromkeys(_MEMBERS)
_values_of = itemgetter(*_MEMBERS)


def images(entries: Sequence[Reply], subject: Mapping[str, str]) -> tuple[Image, ...]:
    """Convert each ``ImageDetail`` as :func:`ecrtui.registry.replies.conversion.image` does.

    Args:
        entries: the entries, each of which is an object.
        subject: what they must be about; see :func:`ecrtui.registry.replies.validation.check_subject`.

    Raises:
        BadValue: an entry has a bad value, or is about something else. The text does not say which entry.
    """
    if not entries:
        return ()
    columns = zip(*[_values_of({**_NOTHING, **entry}) for entry in entries], strict=True)
    members: dict[str, Column] = dict(zip(_MEMBERS, columns, strict=True))
    for member, wanted in subject.items():
        if wanted and not {None, wanted}.issuperset(_of_type(members[member], str)):
            raise BadValue(f"{member} has another value")
    states = _scan_states(members["imageScanStatus"])
    attributes: dict[str, Column] = {
        "digest": _required(_digests(members["imageDigest"])),
        "tags": _tags(members["imageTags"]),
        "pushed_at": _moments(members["imagePushedAt"]),
        "size": _integers(members["imageSizeInBytes"]),
        "media_type": _words(members["imageManifestMediaType"], MAX_MEDIA_TYPE),
        "artifact_media_type": _words(members["artifactMediaType"], MAX_MEDIA_TYPE),
        "last_pulled_at": _moments(members["lastRecordedPullTime"]),
        "status": _words(members["imageStatus"], MAX_NAME, "ACTIVE"),
        "archived_at": _moments(members["lastArchivedAt"]),
        "scan_status": states,
        "findings": _findings(states, members["imageScanFindingsSummary"]),
        "subject": [value or "" for value in _digests(members["subjectManifestDigest"])],
        "activated_at": _moments(members["lastActivatedAt"]),
    }
    return tuple(IMAGE_CODEC.rows(len(entries), [attributes[name] for name in IMAGE_CODEC.names]))


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


def _tags(column: Column) -> Column:
    """Return the tags of each image, sorted."""
    texts({"": list(chain.from_iterable(filter(None, _of_type(column, list))))}, "", MAX_TAG)
    return [() if not tags else tuple(tags) if len(tags) == 1 else tuple(sorted(tags)) for tags in column]


def _scan_states(column: Column) -> Column:
    return _words([None if scan is None else scan.get("status") for scan in _of_type(column, dict)], MAX_NAME)


def _findings(states: Column, column: Column) -> Column:
    """Return the counts of findings by severity; None without the summary of a scan."""
    return [
        None if summary is None else counts_of_scan(state, integer_map(summary, "findingSeverityCounts"))
        for state, summary in zip(states, _of_type(column, dict), strict=True)
    ]
