"""The overview as text: what is not known, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from ecrtui.ecr.findings import Finding, ScanReport
from ecrtui.ecr.image import Image
from ecrtui.ecr.image_config import parse_config
from ecrtui.ecr.lifecycle import CountType, LifecycleRule
from ecrtui.ecr.manifest import OCI_INDEX, Descriptor, DescriptorRole, ParsedManifest, Platform
from ecrtui.ecr.reference import Reference
from ecrtui.errors import AccessDenied, CredentialsError, EcrTuiError
from ecrtui.inspect.overview import LifecycleVerdict, NotRead, artifact_lines
from ecrtui.inspect.platform_facts import config_facts
from ecrtui.tui.inspector.inspected import Inspected, ParentIndex
from ecrtui.tui.inspector.overview_data import OverviewData
from ecrtui.tui.inspector.overview_text import overview

NOWHERE = cast(Any, None)
"""No connection: the text needs none."""
DIGEST, PLATFORM = "sha256:" + "a" * 64, "sha256:" + "b" * 64
DENIED = AccessDenied("Access denied", "no", "Ask for the IAM permission ecr:X.")
EXPIRED = CredentialsError("Expired", "too old", "Sign in.")
OTHER = EcrTuiError("Not reached")
WHY = "not known: Access denied: no. Ask for the IAM permission ecr:X."
PART = ParsedManifest(
    descriptors=(Descriptor(DescriptorRole.MANIFEST, PLATFORM, "application/vnd.oci.image.manifest.v1+json"),)
)


@pytest.mark.parametrize(
    ("known", "lines"),
    [
        ({"known_manifest": DENIED}, (f"platforms     {WHY}", "stored        not known, as above")),
        (
            {"known_manifest": DENIED, "scan_error": OTHER},
            (f"platforms     {WHY}", "stored        not known, as above", "findings      not known: Not reached"),
        ),
        ({"known_manifest": EXPIRED}, ("platforms     not known: Expired: too old. Sign in.",)),
        ({"known_manifest": ParsedManifest()}, ("This index has no platforms.", "stored        not known")),
        (
            {"known_manifest": PART, "platform_error": DENIED},
            (f"platforms     {WHY}", "stored        not known, as above"),
        ),
        ({"known_manifest": PART, "scan_error": DENIED}, (f"findings      {WHY}", "stored        …")),
        (
            {"known_manifest": PART, "platform_images": {"other": Image("other")}},
            ("stored        not known: the size of 1 platform is not known",),
        ),
        (
            {"known_manifest": PART, "missing_platforms": frozenset((PLATFORM,))},
            (
                "no platform   bbbbbbbbbbbb   missing        ?   ?          ?",
                "stored        not known: 1 platform not in the repository",
            ),
        ),
    ],
)
def test_the_first_line_of_an_index_that_is_not_known_says_why(known: dict[str, Any], lines: tuple[str, ...]) -> None:
    index = Image(DIGEST, media_type="application/vnd.oci.image.index.v1+json")
    inspected = Inspected(NOWHERE, NOWHERE, Reference("app", digest=DIGEST), known_image=index, **known)
    text = overview(OverviewData(inspected), 120, 0.0)[0].lines
    assert set(lines) <= set(text)
    assert sum(WHY in line for line in text) == sum(WHY in line for line in lines)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"{}", "config        user not set · created not set"),
        (b"no", "config        cannot be read: not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"[]", "config        cannot be read: not a JSON object"),
    ],
)
def test_what_a_config_sets_is_not_known_if_it_cannot_be_read(content: bytes, line: str) -> None:
    image = Inspected(
        NOWHERE, NOWHERE, Reference("app", digest=DIGEST), known_image=Image(DIGEST), known_manifest=ParsedManifest()
    )
    configs = {DIGEST: config_facts(parse_config(content))}
    assert line in overview(OverviewData(image, configs=configs), 120, 0.0)[0].lines
    index = replace(image, known_image=Image(DIGEST, media_type=OCI_INDEX), known_manifest=PART)
    text = overview(OverviewData(index, configs={PLATFORM: configs[DIGEST]}), 120, 0.0)[0].lines
    assert any(row.endswith("not set   not set" if content == b"{}" else "?      ?") for row in text)


def test_an_index_in_an_index_has_no_layers_of_its_own() -> None:
    nested = ParsedManifest(descriptors=(Descriptor(DescriptorRole.MANIFEST, PLATFORM, OCI_INDEX),))
    index = Image(DIGEST, media_type=OCI_INDEX, artifact_media_type="a/release")
    inspected = Inspected(NOWHERE, NOWHERE, Reference("app", digest=DIGEST), known_image=index, known_manifest=nested)
    data = OverviewData(inspected, structures={PLATFORM: PART}, content_hint="6 reads it")
    text = overview(data, 120, 0.0)[0].lines
    assert "an index   bbbbbbbbbbbb      ?        –   ?          ?" in text
    assert "artifact type a/release" in text


def test_a_chart_in_an_index_is_no_platform() -> None:
    index = Image(DIGEST, media_type=OCI_INDEX)
    chart = Image(PLATFORM, artifact_media_type="application/vnd.cncf.helm.config.v1+json")
    reference = Reference("app", digest=DIGEST)
    known = Inspected(NOWHERE, NOWHERE, reference, known_image=index, known_manifest=PART)
    text = overview(OverviewData(replace(known, platform_images={PLATFORM: chart})), 120, 0.0)[0].lines
    assert "index · 1 artifact · pushed" in text[0]
    assert any(line.startswith("helm chart   bbbbbbbbbbbb") for line in text)
    assert "index · 1 platform · pushed" in overview(OverviewData(known), 120, 0.0)[0].lines[0]  # it is not known yet


def test_an_index_with_many_tags_takes_one_line() -> None:
    tags = tuple(f"v{number}" for number in range(1_000))
    inspected = Inspected(
        NOWHERE,
        NOWHERE,
        Reference("app", digest=DIGEST),
        known_image=Image(DIGEST),
        indexes=(ParentIndex(PLATFORM, tags, "linux/amd64"),),
    )
    text = overview(OverviewData(inspected), 120, 0.0)[0].lines
    assert "index         linux/amd64 of bbbbbbbbbbbb  v0 v1 v2 v3 v4 v5 v6 v7 v8 v9 and 990 more" in text


def test_a_platform_that_was_deleted_is_not_counted_although_its_manifest_is_kept() -> None:
    index = Image(DIGEST, media_type="application/vnd.oci.image.index.v1+json")
    inspected = Inspected(
        NOWHERE,
        NOWHERE,
        Reference("app", digest=DIGEST),
        known_image=index,
        known_manifest=PART,
        missing_platforms=frozenset((PLATFORM,)),
    )
    layer = Descriptor(DescriptorRole.LAYER, "sha256:" + "c" * 64, size=7)
    kept = {PLATFORM: ParsedManifest(descriptors=(layer,))}
    text = overview(OverviewData(inspected, structures=kept), 120, 0.0)[0].lines
    assert "stored        not known: 1 platform not in the repository" in text


def test_the_reason_is_not_repeated_for_artifacts() -> None:
    index = Image(DIGEST, media_type="application/vnd.oci.image.index.v1+json")
    inspected = Inspected(NOWHERE, NOWHERE, Reference("app", digest=DIGEST), known_image=index, known_manifest=DENIED)
    not_read = (NotRead("manifest not known", WHY.removeprefix("not known: ")), NotRead("referrers not known", "Other"))
    data = OverviewData(inspected, artifacts=artifact_lines((), "none", not_read), lifecycle=DENIED)
    text = overview(data, 120, 0.0)[0].lines
    assert "artifacts     manifest not known, as above; referrers not known: Other" in text
    assert "lifecycle     not known, as above" in text


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (90, "(rule 1 main-* > 40 images, rule 2 untagged > 7 d)"),
        (89, "(rule 1 main-*, rule 2 untagged)"),
        (71, "(rule 1 main-* and 1 more)"),
        (65, "(of 2 rules)"),
        (96, "(of 2 rules) · goes within 24 hours of its subject"),
        (127, "(rule 1 main-*, rule 2 untagged) · goes within 24 hours of its subject"),
    ],
)
def test_the_rules_that_do_not_select_the_image_are_named_as_far_as_there_is_room(width: int, words: str) -> None:
    rules = (
        LifecycleRule(1, "tagged", CountType.MORE_THAN, 40, patterns=("main-*",)),
        LifecycleRule(2, "untagged", CountType.SINCE_PUSHED, 7),
    )
    inspected = Inspected(NOWHERE, NOWHERE, Reference("app", digest=DIGEST), known_image=Image(DIGEST))
    more = words[words.index(")") + 1 :]
    data = OverviewData(inspected, lifecycle=LifecycleVerdict("stays: no rule selects it", rules, more))
    text = overview(data, width, 0.0)[0].lines
    assert f"lifecycle     stays: no rule selects it {words}" in text


def test_a_large_index_takes_little_room() -> None:
    names = ("x" * 100_000, *(f"a{number}" for number in range(4_999)))
    entries = (
        Descriptor(DescriptorRole.MANIFEST, f"sha256:{number:064x}", platform=Platform("linux", name))
        for number, name in enumerate(names)
    )
    index = Image(DIGEST, media_type="application/vnd.oci.image.index.v1+json")
    manifest = ParsedManifest(descriptors=tuple(entries))
    inspected = Inspected(NOWHERE, NOWHERE, Reference("app"), known_image=index, known_manifest=manifest)
    text = overview(OverviewData(inspected), 120, 0.0)[0].lines
    assert "index · 5,000 platforms" in text[0]
    assert "and 4,900 platforms more" in text
    assert sum(map(len, text)) < 30_000


def test_severities_have_their_colors() -> None:
    counts = (("CRITICAL", 1), ("HIGH", 12), ("LOW", 0), ("UNDEFINED", 1))
    index = Image(DIGEST, media_type="application/vnd.oci.image.index.v1+json")
    platform = Image(PLATFORM, findings=counts, scan_status="COMPLETE")
    inspected = Inspected(
        NOWHERE,
        NOWHERE,
        Reference("app", digest=DIGEST),
        known_image=index,
        known_manifest=PART,
        platform_images={PLATFORM: platform},
    )
    report = ScanReport((Finding("CVE-1", "CRITICAL", "1C HIGH", "12H"),))
    document = overview(OverviewData(inspected, findings=report, findings_of=PLATFORM), 120, 0.0)[0]
    colored = [
        (document.lines[number][start:end], style)
        for number, spans in document.styles.items()
        for start, end, style in spans
        if style.startswith("$severity")
    ]
    assert colored == [
        ("1C", "$severity-critical"),
        ("12H", "$severity-high"),
        ("1U", "$severity-undefined"),
        ("CRITICAL", "$severity-critical"),
    ]
