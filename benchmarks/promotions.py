"""The two registries of a promotion, served by this process, which counts their calls."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.image_layout import write_layout
from benchmarks.programs import REGION, ecrtui, ecrtui_environment
from ecrtui.emulator.database_file import open_database
from ecrtui.emulator.http.server import serve
from ecrtui.emulator.service import EmbeddedRegistry

SOURCE, TARGET = "team/dev:v1", "team/prod:v1"


@dataclass(frozen=True, slots=True)
class Promotion:
    """An image in one registry, and the command that copies it to another.

    Args:
        source: the registry with ``team/dev:v1``.
        target: the registry that gets ``team/prod:v1``.
        command: the words of the command.
        environment: the environment of the command; its journal is in a folder of its own.
    """

    source: EmbeddedRegistry
    target: EmbeddedRegistry
    command: list[str]
    environment: dict[str, str]

    def run(self, *options: str) -> None:
        """Run the command to its end.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        subprocess.run([*self.command, *options], env=self.environment, check=True, capture_output=True)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the command."""
        return subprocess.Popen(
            self.command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


@contextmanager
def promotion(layers: int, layer_size: int) -> Iterator[Promotion]:
    """Serve the registries while the block runs.

    Args:
        layers: the number of layers of the image.
        layer_size: bytes of each layer.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        layout = write_layout(folder / "layout", layers, layer_size)
        files = folder / "source.sqlite", folder / "target.sqlite"
        importing = [ecrtui(), "local", "import", str(layout), SOURCE, "--db", str(files[0])]
        subprocess.run(importing, check=True, capture_output=True)
        source, target = (EmbeddedRegistry(open_database(str(file)), region=REGION) for file in files)
        with serve(source) as url, serve(target) as target_url:
            command = [ecrtui(), "promote", SOURCE, TARGET, "--yes", "--create-repository"]
            yield Promotion(
                source, target, [*command, "--to-endpoint-url", target_url], ecrtui_environment(url, folder / "home")
            )
        for embedded in (source, target):
            embedded.database.close()
