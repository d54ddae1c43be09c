"""Hits of a search as documents, CSV and Markdown, for the command line and for export."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ecrtui.catalog.find.result import Hit
from ecrtui.ecr.csv_cells import csv_lines
from ecrtui.ecr.documents import Document, image_document
from ecrtui.ecr.markdown_text import markdown_table
from ecrtui.ecr.text_formats import Texts, json_text
from ecrtui.ecr.units import format_iso_time


class RegistryHit(NamedTuple):
    """A hit and its registry."""

    registry_id: str
    region: str
    hit: Hit


COLUMNS = (
    "registryId",
    "region",
    "repositoryName",
    "imageDigest",
    "imageTags",
    "imagePushedAt",
    "imageSizeInBytes",
    "kind",
    "partOf",
    "part",
    "indexTags",
)
"""The columns of CSV and Markdown."""


def hit_document(found: RegistryHit) -> Document:
    """Return a hit as a JSON document: the image, its region, and the index that names it."""
    hit = found.hit
    document: Document = {"registryId": found.registry_id, "region": found.region, "repositoryName": hit.repository}
    if hit.image is None:
        return document
    document = document | dict(image_document(hit.repository, hit.image))
    if hit.part_of is not None:
        part = hit.part_of
        document["partOf"] = {"imageDigest": part.digest, "imageTags": list(part.tags), "part": part.part}
    return document


def hit_cells(found: RegistryHit) -> list[object]:
    """Return the cells of a hit; see :data:`COLUMNS`."""
    hit, image, part = found.hit, found.hit.image, found.hit.part_of
    cells: list[object] = [found.registry_id, found.region, hit.repository]
    if image is not None:
        pushed = format_iso_time(image.pushed_at)
        cells += [image.digest, " ".join(image.tags), pushed, image.size, image.kind.value]
    if part is not None:
        cells += [part.digest, part.part, " ".join(part.tags)]
    return cells + [""] * (len(COLUMNS) - len(cells))


def hit_texts(hits: Sequence[RegistryHit]) -> Texts:
    """Return what makes the texts of hits. Markdown leaves out the columns that are empty."""
    return {
        "CSV": lambda: "".join(csv_lines([list(COLUMNS), *map(hit_cells, hits)])),
        "JSON": lambda: json_text({"hits": list(map(hit_document, hits))}),
        "Markdown": lambda: _markdown(hits),
    }


def _markdown(hits: Iterable[RegistryHit]) -> str:
    rows = [["" if cell is None else str(cell) for cell in hit_cells(hit)] for hit in hits]
    used = [number for number in range(len(COLUMNS)) if any(row[number] for row in rows)]
    titles = [COLUMNS[number] for number in used]
    return "".join(markdown_table(titles, ([row[number] for number in used] for row in rows)))
