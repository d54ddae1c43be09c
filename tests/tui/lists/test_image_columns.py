"""The cells of a list of images: tags, kind, findings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.content import Content

from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.ecr.findings import ImageScan, severity_numbers
from ecrtui.ecr.image import Image
from ecrtui.retag.planner import WritePolicy
from ecrtui.tui.lists.image_columns import KIND_WIDTH, findings_cell, image_columns, short_kind
from ecrtui.tui.lists.tag_cell import TagCells, tag_cell
from ecrtui.tui.table.column_layout import layout_columns

DIGITS = "6c672ee7586a3e7400b38ff23949de484e831de9fef1d305e5556953b0c75106"
IMAGE = Image(f"sha256:{DIGITS}", media_type="application/vnd.oci.image.manifest.v1+json")
INDEX = Image("sha256:1", media_type="application/vnd.oci.image.index.v1+json")
SIGNATURE = replace(IMAGE, tags=(f"sha256-{DIGITS}.sig",))


@pytest.mark.parametrize(
    ("tags", "cell", "protected", "dim"),
    [
        ((), "", "", ""),
        (("v1", "v2"), "v1  v2", "", ""),
        (("main", "prod"), "◆prod  main", "◆prod", ""),
        (("z-prod", "prod-eu", "prod"), "◆prod-eu  ◆prod  z-prod", "◆prod-eu  ◆prod", ""),
        ((f"sha256-{DIGITS}.sig", "v1"), "v1  sha256-6c672e….sig", "", "sha256-6c672e….sig"),
        ((f"sha256-{DIGITS}",), "sha256-6c672e…", "", "sha256-6c672e…"),
        (("sha256-6c67.sig", "sha256-release"), "sha256-6c67.sig  sha256-release", "", ""),
        (("prod\x1b[31m",), "◆prod␛[31m", "◆prod␛[31m", ""),
    ],
)
def test_protected_tags_come_first_and_artifact_tags_last(
    tags: tuple[str, ...], cell: str, protected: str, dim: str
) -> None:
    found = tag_cell(tags, WritePolicy(("prod*",)).protects)
    assert (found if isinstance(found, str) else found.plain) == cell
    spans = found.spans if isinstance(found, Content) else []
    styled = {str(span.style): cell[span.start : span.end] for span in spans}
    assert (styled.get("bold $tag", ""), styled.get("dim", "")) == (protected, dim)


def test_tag_cells_follow_the_protected_tags_of_the_account() -> None:
    cells = TagCells()
    assert cells(("live",)) == "live"
    assert cells.protect(["live"])
    assert not cells.protect(["live"])
    assert str(cells(("live",))) == "◆live"


@pytest.mark.parametrize(
    ("image", "text", "kind"),
    [
        (IMAGE, "arm64", "arm64"),
        (IMAGE, "attestation", "att"),
        (INDEX, "index 2", "index 2"),
        (SIGNATURE, "signature", "sig"),
        (replace(IMAGE, artifact_media_type="application/vnd.cncf.helm.config.v1+json"), "helm chart", "helm"),
        (replace(INDEX, status="ARCHIVED"), "index 2", "archived"),
    ],
)
def test_the_kind_of_each_image_fits_its_column(image: Image, text: str, kind: str) -> None:
    assert short_kind(image, text) == kind
    assert len(kind) <= KIND_WIDTH


@pytest.mark.parametrize(
    ("scan", "cell"),
    [
        (ImageScan("COMPLETE", (("CRITICAL", 2), ("HIGH", 1), ("LOW", 9))), "2C 1H"),
        (ImageScan("COMPLETE", (("CRITICAL", 0), ("MEDIUM", 3))), "3M"),
        (ImageScan("ACTIVE", (("UNTRIAGED", 4),)), "4U"),
        (ImageScan("COMPLETE", ()), "✓"),
        (ImageScan("COMPLETE", (("HIGH", 0),)), "✓"),
        (ImageScan("NOT_SCANNED"), "·"),
        (ImageScan("IN_PROGRESS"), "scanning"),
        (ImageScan("PENDING"), "pending"),
        (ImageScan("FAILED"), "failed"),
        (ImageScan("UNSUPPORTED_IMAGE"), "unsupported"),
        (ImageScan("SCAN_ELIGIBILITY_EXPIRED"), "expired"),
        (ImageScan("SOMETHING_NEW"), "something new"),
    ],
)
def test_the_findings_cell_shows_the_worst_severities_or_the_state_of_the_scan(scan: ImageScan, cell: str) -> None:
    assert str(findings_cell(IMAGE.with_scan(scan))) == cell


def test_an_unknown_severity_sorts_as_undefined() -> None:
    counts = ((("LOW", 1),), (("UNTRIAGED", 4), ("NEW", 1)), (("UNDEFINED", 4),), ())
    numbers = [severity_numbers(each) for each in counts]
    assert numbers == sorted(set(numbers), reverse=True)


def test_archived_images_are_together_when_sorted_by_kind() -> None:
    kind = next(column for column in image_columns(str, ImageGroups(), str, str) if column.id == "kind")
    assert kind.sort_key is not None
    images = [replace(IMAGE, digest=name, status=status) for name, status in (("a", "ACTIVE"), ("b", "ARCHIVED"))]
    images.append(replace(INDEX, status="ARCHIVED"))
    cells = [kind.cell(image) for image in sorted(images, key=kind.sort_key)]
    assert cells == ["archived", "archived", "image"]


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (60, "tag pushed kind findings"),
        (79, "tag pushed size kind findings pulled"),
        (160, "tag digest pushed size kind findings pulled"),
    ],
)
def test_findings_and_kind_keep_their_place(width: int, columns: str) -> None:
    shown = [column for column in image_columns(str, ImageGroups(), str, str) if not column.extra]
    wanted = {"tag": 140, "kind": 30, "findings": 5, "size": 6, "digest": 12, "pushed": 10, "pulled": 5}
    placed = layout_columns(shown, wanted, width, 5)
    assert [entry.column.id for entry in placed] == columns.split()
    assert next(entry.width for entry in placed if entry.column.id == "tag") >= 18
