"""``ecrtui promote`` of 1 GB between two embedded registries, against skopeo between two docker-registry.

skopeo and docker-registry are not part of the project. Without them, the rows are left out. Debian has both
(``apt-get install skopeo docker-registry``; the service of the package need not run).
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.dataset import serve_file
from benchmarks.image_layout import write_layout
from benchmarks.measurement import Measurement, duration, scaled
from benchmarks.programs import aws_environment, ecrtui
from benchmarks.promotions import SOURCE, TARGET

LAYERS = 4
LAYER_SIZE = scaled(250_000_000, 5_000_000)
"""Bytes of each layer."""

_WITH_MEMORY = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs a program and prints its largest resident size in units of 1,024 bytes. Linux counts that of the process that
starts a program too, so a small one has to start it."""


def measure() -> list[Measurement]:
    """Compare one promotion with one copy of the same image. Measure the memory of the promotion."""
    if not (shutil.which("skopeo") and shutil.which("docker-registry")):
        return []
    with tempfile.TemporaryDirectory() as folder:
        layout = write_layout(Path(folder) / "layout", LAYERS, LAYER_SIZE)
        theirs = _skopeo(layout, Path(folder))
        ours, memory = _promote(layout, Path(folder))
    size = f"{LAYERS * LAYER_SIZE / 1e9:g} GB in {LAYERS} layers"
    return [
        Measurement(
            f"{size}: ecrtui promote, whole process",
            ours,
            4,
            baseline="skopeo copy between two docker-registry",
            theirs=theirs,
            note="one run each, one after the other, with two servers on 127.0.0.1 each",
        ),
        Measurement(
            f"{size}: ecrtui promote, memory",
            memory,
            200,
            unit="MB",
            note="the largest resident size of the process",
        ),
    ]


def _skopeo(layout: Path, folder: Path) -> float:
    """Copy the image between two docker-registry; return the seconds."""
    with _docker_registry(folder / "one") as one, _docker_registry(folder / "two") as two:
        copy = ["skopeo", "copy", "--quiet", "--all", "--preserve-digests"]
        insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"]
        subprocess.run([*copy, *insecure, f"oci:{layout}:v1", f"docker://{one}/{SOURCE}"], check=True)
        command = [*copy, *insecure, f"docker://{one}/{SOURCE}", f"docker://{two}/{TARGET}"]
        return duration(lambda: subprocess.run(command, check=True))


@contextmanager
def _docker_registry(folder: Path) -> Iterator[str]:
    """Run docker-registry on 127.0.0.1 with its data in a folder; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    folder.mkdir()
    config = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": address},
    }
    (folder / "config.yml").write_text(json.dumps(config))
    with _running(["docker-registry", "serve", str(folder / "config.yml")]):
        while True:
            try:
                urlopen(f"http://{address}/v2/").close()
                break
            except URLError:
                time.sleep(0.05)
        yield address


def _promote(layout: Path, folder: Path) -> tuple[float, float]:
    """Promote the image between two served embedded registries; return the seconds and the memory in MB."""
    source, target = folder / "source.sqlite", folder / "target.sqlite"
    subprocess.run(
        [ecrtui(), "local", "import", str(layout), SOURCE, "--db", str(source)], check=True, capture_output=True
    )
    with ExitStack() as stack:
        ours, theirs = (stack.enter_context(serve_file(file)) for file in (source, target))
        command = [ecrtui(), "promote", SOURCE, TARGET, "--yes", "--create-repository", "--to-endpoint-url", theirs]
        environment = aws_environment(ours) | {"XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _WITH_MEMORY, *command],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return time.perf_counter() - started, int(done.stdout) * 1024 / 1e6


@contextmanager
def _running(command: Sequence[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


if __name__ == "__main__":
    for row in measure():
        print(row)
