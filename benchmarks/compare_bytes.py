"""The bytes of each key, against another version of the application: writes the section of terminal.md.

    python -m benchmarks.compare_bytes PROGRAM

PROGRAM is the ``ecrtui`` of the other version. Both run in turn against the same registry.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.dataset import ServedDataset, serve_dataset
from benchmarks.palettes import OTHERS
from benchmarks.programs import ecrtui
from benchmarks.terminal_bytes import SIZES, KeyCost, key_costs, new_key_costs

FILE = Path(__file__).with_name("terminal.md")
SECTION, NEXT_SECTION = "## Bytes of a key\n", "\n## A session over 9600 baud\n"

HEAD = """
`python -m benchmarks.compare_bytes PROGRAM` writes this section for the `ecrtui` of another version: true color, a
repository with 10,000 images, the keys in this order. The smallest output is computed from the cells before and after:
8 bytes for a move of the cursor, 18 for a color, 4 for an attribute, and the characters. After a resize, that is all
cells of the new screen. A key without numbers of the older version was not pressed there: it has no folded
list, no panes and fewer screens.

| key | size | other version | x smallest | this version | x smallest |
|---|---|---:|---:|---:|---:|
"""
PALETTES_HEAD = """
In other palettes, as multiples of the smallest output:

| colors | size | Enter into a repository | the key that costs most |
|---|---|---:|---|
"""


def main(program: str) -> None:
    """Measure, and replace the section of the page."""
    with serve_dataset() as dataset:
        keys = [row for size in SIZES for row in key_rows(dataset, program, size)]
        palettes = list(palette_rows(dataset))
    section = HEAD + "\n".join(keys) + "\n" + PALETTES_HEAD + "\n".join(palettes) + "\n"
    before, _, rest = FILE.read_text("utf-8").partition(SECTION)
    _, _, after = rest.partition(NEXT_SECTION)
    FILE.write_text(before + SECTION + section + NEXT_SECTION + after, "utf-8")


def key_rows(dataset: ServedDataset, program: str, size: tuple[int, int]) -> Iterator[str]:
    """Yield the row of each key at one size. The smallest output is that of the same change in each version."""
    pairs = zip(key_costs(dataset, program, size), key_costs(dataset, ecrtui(), size), strict=True)
    for theirs, ours in pairs:
        yield _row(size, ours, theirs)
    for ours in new_key_costs(dataset, size):
        yield _row(size, ours, None)


def _row(size: tuple[int, int], ours: KeyCost, theirs: KeyCost | None) -> str:
    cells = [ours.name, f"{size[0]}x{size[1]}"]
    for cost in (theirs, ours):
        cells += ["", ""] if cost is None else [f"{cost.written:,} B", f"{cost.ratio:.1f}" if cost.least else ""]
    return f"| {' | '.join(cells)} |"


def palette_rows(dataset: ServedDataset) -> Iterator[str]:
    """Yield a row for each palette and size."""
    for palette in OTHERS:
        for size in SIZES:
            first, *others = key_costs(dataset, ecrtui(), size, palette)
            worst = max([first, *others, *new_key_costs(dataset, size, palette)], key=lambda cost: cost.ratio)
            most = f"{worst.name}: {worst.written:,} B, {worst.ratio:.1f}"
            yield f"| {palette.name} | {size[0]}x{size[1]} | {first.ratio:.1f} | {most} |"


if __name__ == "__main__":
    main(sys.argv[1])
