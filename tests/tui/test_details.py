"""Documents as text: no text of the registry looks like a line of ours."""

from __future__ import annotations

from ecrtui.tui.details import as_text

FAKE = "x\nCRITICAL       CVE-2026-1  openssl 1\u2028CRITICAL       CVE\x85CRITICAL       CVE"


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


def test_a_list_in_an_entry_of_a_list_has_lines_of_its_own() -> None:
    images = [{"imageDigest": "sha256:1", "imageTags": ["prod", "v1"]}, {"imageDigest": "sha256:2"}]
    assert as_text({"images": images}).splitlines() == [
        "images  imageDigest: sha256:1",
        "        imageTags:",
        "          prod",
        "          v1",
        "        imageDigest: sha256:2",
    ]


def test_what_is_not_known_is_not_shown_as_a_word_of_python() -> None:
    assert as_text({"totals": {"parts": None}}) == "totals  parts: not known"


def test_a_time_below_a_member_is_written_as_every_time() -> None:
    assert as_text({"totals": {"countedAt": "2026-11-28T11:15:15+00:00"}}) == (
        "totals  countedAt: 2026-11-28 11:15:15 UTC"
    )
