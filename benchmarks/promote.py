"""``ecrtui promote`` of 1 GB between two embedded registries, against skopeo between two docker-registry.

By the OCI API, skopeo copies the same image between the same embedded registries.

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
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from benchmarks.dataset import serve_file
from benchmarks.image_layout import write_layout
from benchmarks.layers import Client
from benchmarks.measurement import Measurement, alternate, duration, scaled, timed
from benchmarks.programs import ecrtui, ecrtui_environment
from benchmarks.promotions import SOURCE, TARGET

LAYERS = 4
LAYER_SIZE = scaled(250_000_000, 5_000_000)
"""Bytes of each layer."""

ROUNDS = scaled(3, 1)

_WITH_MEMORY = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs a program and prints its largest resident size in units of 1,024 bytes. Linux counts that of the process that
starts a program too, so a small one has to start it."""


def measure(layer_size: int = LAYER_SIZE) -> list[Measurement]:
    """Compare promotions with copies of the same image by skopeo. Measure the memory of the promotion."""
    if not (shutil.which("skopeo") and shutil.which("docker-registry")):
        return []
    with tempfile.TemporaryDirectory() as folder:
        layout = write_layout(Path(folder) / "layout", LAYERS, layer_size)
        theirs = _skopeo(layout, Path(folder))
        files = [Path(folder) / name for name in ("source.sqlite", "target.sqlite")]
        importing = [ecrtui(), "local", "import", str(layout), SOURCE, "--db", str(files[0])]
        subprocess.run(importing, check=True, capture_output=True)
        with ExitStack() as stack:
            urls = [stack.enter_context(serve_file(file)) for file in files]
            ours, memory = _promote(urls, Path(folder))
            oci_ours, oci_theirs = _by_the_oci_api(urls, Path(folder))
    size = f"{LAYERS * layer_size / 1e9:g} GB in {LAYERS} layers"
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
        Measurement(
            f"{size}: ecrtui promote --way oci, whole process",
            oci_ours,
            1.2,
            baseline="skopeo copy between the same embedded registries",
            theirs=oci_theirs,
            note=f"medians of {ROUNDS} runs each, in alternation, with a repository of its own for each",
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
    with _running(["docker-registry", "serve", str(folder / "config.yml")]) as process:
        while not _answers(address):
            assert process.poll() is None, "docker-registry has ended"
            time.sleep(0.05)
        yield address


def _answers(address: str) -> bool:
    try:
        urlopen(f"http://{address}/v2/").close()
    except URLError:
        return False
    return True


def _promote(urls: Sequence[str], folder: Path, *options: str, target: str = TARGET) -> tuple[float, float]:
    """Promote the image between two served embedded registries; return the seconds and the memory in MB."""
    command = [ecrtui(), "promote", SOURCE, target, "--yes", "--create-repository", "--to-endpoint-url", urls[1]]
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _WITH_MEMORY, *command, *options],
        env=ecrtui_environment(urls[0], folder),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return time.perf_counter() - started, int(done.stdout) * 1024 / 1e6


def _by_the_oci_api(urls: Sequence[str], folder: Path) -> tuple[float, ...]:
    """Copy the image by the OCI API with both programs in turn; return the seconds of each."""
    numbers = count()
    source, target = map(Client, urls)
    names = [urlsplit(url).netloc for url in urls]
    credentials = [
        b64decode(client.call("GetAuthorizationToken")["authorizationData"][0]["authorizationToken"]).decode()
        for client in (source, target)
    ]

    def skopeo() -> None:
        repository = f"team/skopeo{next(numbers)}"
        target.call("CreateRepository", repositoryName=repository)
        command = ["skopeo", "copy", "--quiet", "--all", "--preserve-digests"]
        command += ["--src-tls-verify=false", "--dest-tls-verify=false"]
        command += ["--src-creds", credentials[0], "--dest-creds", credentials[1]]
        copied = [f"docker://{names[0]}/{SOURCE}", f"docker://{names[1]}/{repository}:v1"]
        subprocess.run([*command, *copied], check=True)

    def promote() -> float:
        return _promote(urls, folder, "--way", "oci", target=f"team/oci{next(numbers)}:v1")[0]

    return alternate([promote, timed(skopeo)], ROUNDS)


@contextmanager
def _running(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


if __name__ == "__main__":
    for row in measure():
        print(row)
