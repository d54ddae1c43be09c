"""The counts of findings as text in the cache file."""

from __future__ import annotations

import json

from ecrtui.ecr.findings import FindingCounts


def encode_counts(counts: FindingCounts | None) -> str | None:
    """Return the counts as JSON; None if they are not known."""
    return None if counts is None else json.dumps(counts)


def decode_counts(text: object) -> FindingCounts | None:
    """Return the counts of a text of :func:`encode_counts`; None if they are not known.

    Raises:
        ValueError, TypeError: it is another text.
    """
    if text is None:
        return None
    return tuple((str(severity), int(number)) for severity, number in json.loads(str(text)))
