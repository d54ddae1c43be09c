"""``ecrtui promote`` of 1 GB that is killed again and again at random parts, and started again each time.

``python -m benchmarks.promote_kills [LAYER_SIZE [KILLS]]`` runs it alone, with 4 layers of this many bytes.
"""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.measurement import Measurement, duration, scaled
from benchmarks.promotions import promotion
from ecrtui.emulator.blobs import StoredBlob
from ecrtui.emulator.operations.layers import PART_SIZE
from ecrtui.emulator.service import EmbeddedRegistry

LAYERS = 4
LAYER_SIZE = scaled(250_000_000, 5_000_000)
KILLS = scaled(20, 2)

_POLL = 0.005
"""Seconds between two looks at the number of parts that arrived."""


def measure(layer_size: int = LAYER_SIZE, kills: int = KILLS) -> list[Measurement]:
    """Kill the command, run it to its end, and read every digest in the target."""
    parts = LAYERS * -(-layer_size // PART_SIZE) + 1  # the config too
    with promotion(LAYERS, layer_size) as job:
        killed = sum(_kill_at_a_part(job.target, job.start, parts, left) for left in range(kills, 0, -1))
        last = duration(lambda: job.run("--verify"))
        sent = job.target.calls["UploadLayerPart"]
        wrong = _wrong_digests(job.target)
    size = f"{LAYERS * layer_size / 1e9:g} GB in {LAYERS} layers, killed {killed} times"
    return [
        Measurement(
            f"{size}: digests that are wrong or missing in the target",
            wrong,
            0,
            unit="digests",
            note=f"kill -9 after a random part, then the same command again; the last run took {last:.1f} s",
        ),
        Measurement(
            f"{size}: parts sent again, and questions for the end of an upload, per kill",
            (sent - parts) / max(killed, 1),
            2 * LAYERS,
            unit="requests",
            note=f"{sent} UploadLayerPart in all, {parts} of them needed; each open layer costs one of both at most",
        ),
    ]


def _kill_at_a_part(
    target: EmbeddedRegistry, start: Callable[[], subprocess.Popen[bytes]], parts: int, left: int
) -> bool:
    """Start the command and kill it after a random number of parts; return False if it ended before.

    Args:
        target: counts the parts.
        start: starts the command.
        parts: the parts that the image needs.
        left: the kills that are left, this one included. Enough parts are kept for the others.
    """
    before = target.calls["UploadLayerPart"]
    wanted = before + random.randint(1, max(1, 2 * (parts - before) // (left + 1)))
    with start() as process:
        while process.poll() is None and target.calls["UploadLayerPart"] < wanted:
            time.sleep(_POLL)
        process.kill()
        return process.wait() != 0


def _wrong_digests(target: EmbeddedRegistry) -> int:
    """Return how many layers of the target's repository have other bytes than their digest says."""
    with target.database.read() as connection:
        rows = connection.execute("SELECT digest, size FROM layers").fetchall()
    contents = (StoredBlob(target.database, str(row["digest"]), int(row["size"])) for row in rows)
    wrong = sum(_digest_of(content) != content.digest for content in contents)
    return wrong + LAYERS + 1 - len(rows)


def _digest_of(content: StoredBlob) -> str:
    checksum = hashlib.sha256()
    for piece in content:
        checksum.update(piece)
    return f"sha256:{checksum.hexdigest()}"


if __name__ == "__main__":
    for row in measure(*map(int, sys.argv[1:])):
        print(row)
