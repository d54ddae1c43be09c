"""``python -m benchmarks [NAME…]``: measure everything and write README.md; with names, only these parts are told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from benchmarks import interactive, listing, put_image, report, retags, start
from benchmarks.ground import Ground, ground
from benchmarks.measure import Row

PARTS: dict[str, Callable[[Ground], list[Row]]] = {
    "start": start.rows,
    "listing": listing.rows,
    "interactive": interactive.rows,
    "put_image": lambda _: put_image.rows(),
    "retags": lambda _: retags.rows(),
}


def main(names: Sequence[str]) -> None:
    """Measure the parts that are named, or all."""
    rows = []
    with ground() as place:
        for name in names or PARTS:
            for row in PARTS[name](place):
                ratio = f"{row.measured:.2f}x" if row.theirs else ""
                print(
                    f"{row.what}: {row.ours:.3g} {row.unit} {ratio} {'MISSED' if row.met is False else ''}", flush=True
                )
                rows.append(row)
    if not names:
        report.write(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
