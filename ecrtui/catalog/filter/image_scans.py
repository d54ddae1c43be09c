"""The fields of a filter on images about the last scan: its findings and its state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ecrtui.catalog.filter.image_masks import known_only
from ecrtui.catalog.filter.language import Clock, Condition, Field, Knowledge, Mask, of_text
from ecrtui.catalog.filter.lexer import Term
from ecrtui.catalog.filter.matching import field_matcher
from ecrtui.catalog.filter.values import COMPARISONS, number_test, one_of, require_plain, value_error
from ecrtui.ecr.findings import FINISHED, NOT_SCANNED, PENDING, SEVERITIES
from ecrtui.ecr.image import Image

_RANKS = {severity: rank for rank, severity in enumerate(reversed(SEVERITIES), 1)}
"""By severity: 1 for the least."""
_RANKS["UNTRIAGED"] = _RANKS["UNDEFINED"]
_SEVERITY_WORDS = (*(severity.lower() for severity in SEVERITIES), "none")

SCAN_WORDS: dict[str, Mask[Image]] = {
    "scanned": lambda images: [image.findings is not None for image in images],
    "unscanned": lambda images: [image.scan_status == NOT_SCANNED for image in images],
}


_SCAN_STATES = (
    *FINISHED,
    *PENDING,
    NOT_SCANNED,
    *("FAILED", "UNSUPPORTED_IMAGE", "SCAN_ELIGIBILITY_EXPIRED", "FINDINGS_UNAVAILABLE", "LIMIT_EXCEEDED"),
)


def _findings(term: Term, clock: Clock) -> Condition[Image]:
    """Return the condition on the number of findings."""
    return _of_findings(
        known_only(
            number_test(term),
            lambda image: None if image.findings is None else sum([count for _, count in image.findings]),
        )
    )


def _severity(term: Term, clock: Clock) -> Condition[Image]:
    """Return the condition on the severities of the findings."""
    require_plain(term, *COMPARISONS, ":")
    word = one_of(term, _SEVERITY_WORDS)
    if word == "none" and term.operator not in (":", "="):
        raise value_error(term, "none cannot be compared", "Use severity:none.")
    if word == "none":
        return _of_findings(known_only(lambda worst: worst == 0, _worst))
    rank = _RANKS[word.upper()]
    if term.operator in (":", "="):
        return _of_findings(
            Condition(lambda images: [image.findings and rank in _ranks(image) for image in images], {})
        )
    compare = COMPARISONS[term.operator]
    return _of_findings(known_only(lambda worst: compare(worst, rank), _worst))


def _scan(term: Term, clock: Clock) -> Condition[Image]:
    """Return the condition on the state of the last scan."""
    found = field_matcher(term, any_case=True)
    return of_scan(of_text(lambda image: _state_word(image.scan_status), found))


def _state_word(status: str) -> str:
    return status.lower().replace("_", "-")


def of_scan(mask: Mask[Image]) -> Condition[Image]:
    """Return a condition that reads the state of the last scan."""
    return Condition(mask, {}, _with_unknown_scan, Knowledge.FINDINGS)


def _of_findings(condition: Condition[Image]) -> Condition[Image]:
    """Return a condition that reads findings: it is undecided about images without known findings."""
    return replace(condition, undecided=_without_findings, needs=Knowledge.FINDINGS)


def _without_findings(images: Sequence[Image]) -> list[bool]:
    return [image.findings is None for image in images]


def _with_unknown_scan(images: Sequence[Image]) -> list[bool]:
    return [not image.scan_known for image in images]


def _ranks(image: Image) -> list[int]:
    """Return the rank of each severity, 1 for the least. An unknown severity counts as undefined."""
    return [_RANKS.get(severity.upper(), 1) for severity, count in image.findings or () if count]


def _worst(image: Image) -> int | None:
    """Return the rank of the worst finding: 0 without findings, None if no findings are known."""
    return None if image.findings is None else max(_ranks(image), default=0)


FINDINGS = Field(_findings, ">")
SEVERITY = Field(_severity, ">=", _SEVERITY_WORDS)
SCAN = Field(_scan, words=tuple(map(_state_word, _SCAN_STATES)))
