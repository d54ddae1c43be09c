"""Read image scans with DescribeImageScanFindings: the state and the counts of a scan, or all of its findings.

DescribeImages reports neither for today's basic scanning, nor for enhanced scanning (its reference page says so).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ecrtui.ecr.findings import (
    ACTIVE,
    CLOSED,
    FINISHED,
    NOT_SCANNED,
    PENDING,
    SUPPRESSED,
    Finding,
    ImageScan,
    ScanReport,
)
from ecrtui.errors import EcrTuiError, ErrorKind, NotFound
from ecrtui.registry.errors import integrity_error
from ecrtui.registry.paging import PAGE_SIZE, RepetitionCheck
from ecrtui.registry.replies import finding_conversion
from ecrtui.registry.replies.finding_conversion import LISTS
from ecrtui.registry.replies.image_details import counts_of_scan
from ecrtui.registry.replies.validation import (
    MAX_NAME,
    BadValue,
    Reply,
    entries,
    integer_map,
    moment,
    required_text,
    shown,
    structure,
    structures,
    text,
    validate_reply,
)

OPERATION = "DescribeImageScanFindings"


class ScanFindings:
    """The scans of images.

    Args:
        replies: yields the replies of a listing, from the operation, a page token (empty for all) and its parameters.
    """

    def __init__(self, replies: Callable[..., Iterator[Reply]]) -> None:
        self._replies = replies

    def scan(self, repository: str, digest: str) -> ImageScan:
        """Return the last scan of an image.

        This is one request with one finding: each page has the counts of the whole scan. If the page has none, count
        all findings. If it has no findings either, the counts are not known.

        Raises:
            EcrTuiError: the scan is not known. An image without a scan is not an error.
        """
        try:
            reply = next(self._pages(repository, digest, 1))
        except NotFound as error:
            if error.kind is not ErrorKind.SCAN_NOT_FOUND:
                raise
            return ImageScan(NOT_SCANNED)
        with validate_reply(OPERATION):
            status, description = _status(reply)
            found = structure(reply, "imageScanFindings")
            counts: Mapping[str, int] | None = None
            if found.get("findingSeverityCounts") is not None:
                counts = integer_map(found, "findingSeverityCounts")
            elif LISTS & found.keys():
                counts = self._counted(repository, digest)
            known = None if counts is None else counts_of_scan(status, counts)
            return ImageScan(status, known, description, moment(found, "imageScanCompletedAt"))

    def findings(self, repository: str, digest: str) -> ScanReport:
        """Return the last scan with all its findings, basic or enhanced.

        Raises:
            NotFound: the image was not scanned, or the scan has no result; retryable if it has not finished.
        """
        found: list[Finding] = []
        with validate_reply(OPERATION):
            for reply in self._pages(repository, digest, PAGE_SIZE):
                status, description = _status(reply)
                if status not in FINISHED:
                    raise _no_result(status, description)
                result = structure(reply, "imageScanFindings")
                if not LISTS & result.keys():
                    raise BadValue("findings and enhancedFindings are missing")
                found += finding_conversion.findings(reply)
            return ScanReport(
                tuple(found),
                status == ACTIVE or result.get("findings") is None,  # an enhanced scan can have an empty list there
                description,
                moment(result, "imageScanCompletedAt"),
                moment(result, "vulnerabilitySourceUpdatedAt"),
            )

    def _counted(self, repository: str, digest: str) -> Mapping[str, int]:
        """Return the number of open findings by severity. A finding in two packages counts once, as in ECR's counts."""
        return Counter(
            text(finding, "severity")
            for reply in self._pages(repository, digest, PAGE_SIZE)
            for name in LISTS
            for finding in structures(structure(reply, "imageScanFindings"), name)
            if text(finding, "status") not in (SUPPRESSED, CLOSED)
        )

    def _pages(self, repository: str, digest: str, size: int) -> Iterator[Reply]:
        """Yield the pages of the last scan of this image and no other."""
        check = RepetitionCheck(OPERATION)
        known: set[int] = set()
        for reply in self._replies(
            OPERATION, "", repositoryName=repository, imageId={"imageDigest": digest}, maxResults=size
        ):
            with validate_reply(OPERATION):
                answered = reply.get("repositoryName"), structure(reply, "imageId").get("imageDigest")
                found = {hash(repr(finding)) for finding in _all(reply)}
            if answered != (repository, digest):
                received = f"{shown(answered[0])} and {shown(answered[1])}"
                raise integrity_error(
                    "The response is about another image",
                    f"requested {repository}@{digest}, received {received}",
                    OPERATION,
                )
            yield reply
            check.page(has_new_rows=not found <= known)
            known |= found


def _all(reply: Reply) -> Iterator[Any]:
    """Yield all findings of a page, unchecked."""
    result = structure(reply, "imageScanFindings")
    for name in sorted(LISTS):
        yield from entries(result, name)


def _status(reply: Reply) -> tuple[str, str]:
    """Return the status of the scan and its description; raise BadValue if the reply has no status."""
    status = structure(reply, "imageScanStatus")
    return required_text(status, "status", MAX_NAME), text(status, "description")


def _no_result(status: str, description: str) -> EcrTuiError:
    """Return the error for a scan that has not finished, or ended without findings."""
    pending = status in PENDING
    return NotFound(
        "The scan is in progress" if pending else "The scan has no findings",
        description or status,
        "Try again in a minute." if pending else "",
        retryable=pending,
        kind=ErrorKind.SCAN_PENDING if pending else ErrorKind.SCAN_NOT_FOUND,
        code=status,
        operation=OPERATION,
    )
