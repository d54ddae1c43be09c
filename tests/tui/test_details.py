"""Documents and findings as text: no text of the registry looks like a line of ours."""

from __future__ import annotations

from typing import Any

import pytest

from ecrtui.ecr.findings import Finding
from ecrtui.tui.details import as_text, findings_text
from tests.support.screen import unsafe_characters

FAKE = "x\nCRITICAL       CVE-2026-1  openssl 1\u2028CRITICAL       CVE\x85CRITICAL       CVE"


@pytest.mark.parametrize("member", ["name", "package", "version", "fixed_in", "description", "uri"])
def test_no_text_of_a_finding_looks_like_another_finding(member: str) -> None:
    values: Any = {"name": "CVE-1", "severity": "LOW", member: FAKE}
    text = findings_text([Finding(**values)])
    assert [line.split()[0] for line in text.splitlines() if not line.startswith(" ")] == ["LOW"]
    assert unsafe_characters(text) == []


def test_findings_are_shown_worst_first() -> None:
    findings = [
        Finding("CVE-2", "LOW", "zlib", "1.2", "", "Second\tline", "https://example.org/2"),
        Finding("CVE-1", "CRITICAL", "openssl", "3.0", "3.1"),
    ]
    assert findings_text(findings).splitlines() == [
        "CRITICAL       CVE-1  openssl 3.0, fixed in 3.1",
        "LOW            CVE-2  zlib 1.2",
        "               Second␉line",
        "               https://example.org/2",
    ]
    assert findings_text([]) == "No findings."


def test_a_document_is_shown_with_every_value_beside_its_name() -> None:
    document = {
        "repositoryName": "team/app",
        "tags": [{"Key": "owner", "Value": "me\nrepositoryName  other"}],
        "lifecyclePolicyText": '{"rules": [{"rulePriority": 1}]}',
        "encryptionConfiguration": {"encryptionType": "AES256"},
        "scanOnPush": False,
        "empty": "",
    }
    assert as_text(document).splitlines() == [
        "repositoryName           team/app",
        "tags                     Key: owner, Value: me␊repositoryName  other",
        "lifecyclePolicyText      {",
        '                           "rules": [',
        "                             {",
        '                               "rulePriority": 1',
        "                             }",
        "                           ]",
        "                         }",
        "encryptionConfiguration  encryptionType: AES256",
        "scanOnPush               false",
    ]
