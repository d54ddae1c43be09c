"""Findings of image scans."""

from __future__ import annotations

from dataclasses import dataclass

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
"""Finding severities, worst first (``FindingSeverity``; enhanced scanning has UNTRIAGED instead of UNDEFINED)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of a basic or an enhanced scan."""

    name: str
    severity: str
    package: str = ""
    version: str = ""
    fixed_in: str = ""
    description: str = ""
    uri: str = ""
