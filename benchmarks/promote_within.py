"""Promotions that send no byte: layers that the registry mounts, and an image that is there already."""

from __future__ import annotations

import subprocess
from itertools import count

from benchmarks.measurement import Measurement, alternate, scaled, timed
from benchmarks.programs import REGION, ecrtui
from benchmarks.promotions import SOURCE, promotion
from ecrtui.emulator.service import REGISTRY_ID

LAYERS = 4
LAYER_SIZE = scaled(250_000_000, 5_000_000)
ROUNDS = scaled(9, 1)
MANY_LAYERS = 200

_WRITES = ("InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage", "CreateRepository")


def measure(layer_size: int = LAYER_SIZE) -> list[Measurement]:
    """Compare a promotion within a registry with a retag. Count the calls for an image that the target has."""
    return [_mounted(layer_size), *_calls_for_an_image_that_is_there()]


def _mounted(layer_size: int) -> Measurement:
    """Run both commands in turn. Every run has a repository or a tag of its own."""
    with promotion(LAYERS, layer_size) as job:

        def prepare(operation: str, **parameters: str) -> None:
            job.source.run(operation, parameters, caller=REGISTRY_ID, region=REGION, endpoint="")

        def run(*words: str) -> None:
            subprocess.run([ecrtui(), *words, "--yes"], env=job.environment, check=True, capture_output=True)

        prepare("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
        for number in range(ROUNDS + 1):
            prepare("CreateRepository", repositoryName=f"team/prod{number}")
        numbers, tags = count(), count()
        mounted = timed(lambda: run("promote", SOURCE, f"team/prod{next(numbers)}", "--way", "mount"))
        retagged = timed(lambda: run("retag", SOURCE, f"other{next(tags)}"))
        for warm_up in (mounted, retagged):
            warm_up()
        ours, theirs = alternate([mounted, retagged], ROUNDS)
        assert job.source.calls["UploadLayerPart"] == 0, "a layer was sent"
    return Measurement(
        f"{LAYERS * layer_size / 1e9:g} GB in {LAYERS} layers: ecrtui promote, mounted, whole process",
        ours * 1000,
        1.5,
        unit="ms",
        baseline="ecrtui retag of the same image",
        theirs=theirs * 1000,
        note=f"medians of {ROUNDS} runs each, in alternation, in one embedded registry on 127.0.0.1",
    )


def _calls_for_an_image_that_is_there() -> list[Measurement]:
    with promotion(MANY_LAYERS, 100) as job:
        job.run()
        for embedded in (job.source, job.target):
            embedded.calls.clear()
        job.run()
        calls = job.source.calls + job.target.calls
    name = f"an image of {MANY_LAYERS} layers that the target has"
    return [
        Measurement(f"{name}: calls", calls.total(), 8, unit="calls", note="to both registries together"),
        Measurement(f"{name}: writes", sum(calls[operation] for operation in _WRITES), 0, unit="calls"),
    ]


if __name__ == "__main__":
    for row in measure():
        print(row)
