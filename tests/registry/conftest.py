from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ecrtui.ecr.manifest import Descriptor, parse_manifest
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.errors import EcrTuiError
from ecrtui.registry.gateway import EcrRegistry
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.support import embedded as support
from tests.support.aws_profiles import write_config
from tests.support.fake_sts import FakeSts

WriteFile = Callable[..., None]
"""Writes an AWS configuration file."""


def failed(call: Callable[..., object], *arguments: Any, **options: Any) -> EcrTuiError:
    """Call, and return the error that it raises."""
    with pytest.raises(EcrTuiError) as caught:
        call(*arguments, **options)
    return caught.value


def config_of(manifest: str) -> Descriptor:
    """Return the descriptor of the config that a manifest names."""
    config = parse_manifest(manifest).config
    assert config is not None
    return config


@dataclass
class RegistryEnv:
    """An embedded registry, a boto3 client on it to prepare and inspect it, and the registry under test."""

    embedded: EmbeddedRegistry
    client: Any
    registry: EcrRegistry

    def fault(self, *specs: str) -> None:
        for spec in specs:
            self.embedded.faults.add(spec)

    def tags(self, repository: str = "team/app") -> dict[str, str]:
        return support.tags_of(self.client, repository)


@pytest.fixture
def env() -> RegistryEnv:
    """An embedded registry in this process with the repository ``team/app``."""
    embedded = support.new_embedded()
    client = support.client_for(embedded)
    support.create_repository(client, "team/app")
    return RegistryEnv(embedded, client, open_registry(Connection(), embedded=embedded))


@pytest.fixture
def unreachable() -> Iterator[str]:
    """A URL whose port is taken but does not accept connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 and its key in one file."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out certificate.pem"
        " -days 2 -subj /CN=ecrtui -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "certificate.pem").read_text())
    return both


@pytest.fixture
def served(env: RegistryEnv) -> Iterator[str]:
    """The URL of the embedded registry over HTTP."""
    with support.served(env.embedded) as url:
        yield url


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSts]:
    """A fake of STS that the clients use."""
    with FakeSts() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", fake.url)
        yield fake


@pytest.fixture
def profiles(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> WriteFile:
    """Writes ~/.aws/config. Removes the credentials from the environment."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    def write(text: str) -> None:
        write_config(own_home, text)

    return write
