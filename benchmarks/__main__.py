"""``python -m benchmarks [PART…]``: run the named parts, or all, and write their sections of README.md.

Each part writes its section when it is complete, so the next run can name those that are missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence

from benchmarks import (
    bulk_retags,
    find_digest,
    folded,
    interactive,
    layers,
    list_images,
    promote,
    promote_kills,
    promote_within,
    put_image,
    report,
    startup,
    terminal_bytes,
)
from benchmarks.dataset import ServedDataset, serve_dataset
from benchmarks.measurement import QUICK, Measurement

PARTS: dict[str, Callable[[ServedDataset], Iterable[Measurement]]] = {
    "startup": startup.measure,
    "list_images": list_images.measure,
    "folded": folded.measure,
    "interactive": interactive.measure,
    "terminal_bytes": terminal_bytes.measure,
    "put_image": lambda _: put_image.measure(),
    "bulk_retags": lambda _: bulk_retags.measure(),
    "find_digest": lambda _: find_digest.measure(),
    "promote": lambda _: promote.measure(),
    "promote_within": lambda _: promote_within.measure(),
    "promote_kills": lambda _: promote_kills.measure(),
    "layers": lambda _: layers.measure(),
}


def main(parts: Sequence[str]) -> None:
    """Run the named parts, or all parts. Write the section of each one."""
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        sys.exit(f"unknown part: {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    with serve_dataset() as dataset:
        for part in parts or PARTS:
            measurements = []
            for measurement in PARTS[part](dataset):
                print(_summary(measurement), flush=True)
                measurements.append(measurement)
            if not QUICK:
                report.write(part, measurements, PARTS)


def _summary(measurement: Measurement) -> str:
    ratio = f" {measurement.compared_value:.3g}x" if measurement.theirs else ""
    missed = " MISSED" if measurement.met is False else ""
    return f"{measurement.name}: {measurement.ours:.3g} {measurement.unit}{ratio}{missed}"


if __name__ == "__main__":
    main(sys.argv[1:])
