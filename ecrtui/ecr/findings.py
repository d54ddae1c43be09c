"""What a scan found in an image."""

from __future__ import annotations

from dataclasses import dataclass

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
"""Finding severities, worst first (``FindingSeverity``; enhanced scanning says UNTRIAGED for UNDEFINED)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a scan, basic or enhanced."""

    name: str
    severity: str
    package: str = ""
    version: str = ""
    fixed_in: str = ""
    description: str = ""
    uri: str = ""
