"""The bytes of each key, against another version of the application.

    python -m benchmarks.compare_bytes PROGRAM

PROGRAM is the ``ecrtui`` of the other version. Both run in turn against the same registry. The output is a table.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.dataset import ServedDataset, serve_dataset
from benchmarks.programs import ecrtui
from benchmarks.terminal_bytes import SIZES, key_costs

HEAD = """\
| key | size | other version | x smallest | this version | x smallest |
|---|---|---:|---:|---:|---:|"""


def main(program: str) -> None:
    """Print the table."""
    print(HEAD, flush=True)
    with serve_dataset() as dataset:
        for size in SIZES:
            for row in rows(dataset, program, size):
                print(row, flush=True)


def rows(dataset: ServedDataset, program: str, size: tuple[int, int]) -> Iterator[str]:
    """Yield the row of each key at one size. The smallest output is that of the same change in each version."""
    pairs = zip(key_costs(dataset, program, size), key_costs(dataset, ecrtui(), size), strict=True)
    for theirs, ours in pairs:
        cells = [ours.name, f"{size[0]}x{size[1]}"]
        for cost in (theirs, ours):
            cells += [f"{cost.written:,} B", f"{cost.written / cost.least:.1f}" if cost.least else ""]
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main(sys.argv[1])
