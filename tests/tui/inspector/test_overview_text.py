"""The overview as text: what is not known, and why."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ecrtui.ecr.image import Image
from ecrtui.ecr.manifest import Descriptor, DescriptorRole, ParsedManifest
from ecrtui.ecr.reference import Reference
from ecrtui.errors import AccessDenied
from ecrtui.tui.inspector.inspected import Inspected
from ecrtui.tui.inspector.overview_text import OverviewData, overview

NOWHERE = cast(Any, None)
"""No connection: the text needs none."""
DIGEST, PLATFORM = "sha256:" + "a" * 64, "sha256:" + "b" * 64
DENIED = AccessDenied("Access denied", "no", "Ask for the IAM permission ecr:X.")
WHY = "not known: Access denied: no. Ask for the IAM permission ecr:X."
PART = ParsedManifest(
    descriptors=(Descriptor(DescriptorRole.MANIFEST, PLATFORM, "application/vnd.oci.image.manifest.v1+json"),)
)


@pytest.mark.parametrize(
    ("known", "lines"),
    [
        ({"known_manifest": DENIED}, (f"platforms     {WHY}", f"stored        {WHY}")),
        ({"known_manifest": ParsedManifest()}, ("This index has no platforms.", "stored        not known")),
        ({"known_manifest": PART, "platform_error": DENIED}, (f"platforms     {WHY}", f"stored        {WHY}")),
        ({"known_manifest": PART, "scan_error": DENIED}, (f"findings      {WHY}", "stored        …")),
        (
            {"known_manifest": PART, "platform_images": {"other": Image("other")}},
            ("stored        not known: the size of 1 platform is not known",),
        ),
    ],
)
def test_each_line_of_an_index_says_why_it_is_not_known(known: dict[str, Any], lines: tuple[str, ...]) -> None:
    index = Image(DIGEST, media_type="application/vnd.oci.image.index.v1+json")
    inspected = Inspected(NOWHERE, NOWHERE, Reference("app", digest=DIGEST), known_image=index, **known)
    text = overview(OverviewData(inspected), 120, 0.0)[0].lines
    assert set(lines) <= set(text)
    assert sum(WHY in line for line in text) == sum(WHY in line for line in lines)
