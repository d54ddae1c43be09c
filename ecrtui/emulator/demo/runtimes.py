"""The applications of the demo organization, and their runtimes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Runtime:
    """A base image. Sizes are in bytes; each history step has one layer."""

    base_sizes: tuple[float, ...]
    steps: tuple[str, ...]
    install: str
    environment: tuple[str, ...] = (_PATH,)
    entrypoint: tuple[str, ...] = ()
    user: str = ""
    base: str = ""
    """The name of the base image that the builder writes into the config; empty for a builder that writes none."""
    created: str = "2026-01-13T00:00:00Z"
    platform_steps: Mapping[str, tuple[tuple[str, float], ...]] = field(default_factory=dict)
    """By platform: steps that only its images have, each with the size of its layer."""

    def history(self, platform: str) -> tuple[str, ...]:
        """Return the steps of the base image for a platform, such as ``linux/arm64``."""
        architecture = platform.partition("/")[2]
        name = _DEBIAN_NAMES.get(architecture, architecture)
        own = (step for step, _ in self.platform_steps.get(platform, ()))
        return (*(step.replace(_ARCHITECTURE, name) for step in self.steps), *own)


@dataclass(frozen=True, slots=True)
class Application:
    """An application that is built into images. Sizes are in bytes.

    Args:
        repository: the repository of its images.
        runtime: its key in :data:`RUNTIMES`.
    """

    repository: str
    runtime: str
    command: str
    port: int = 0
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    size: float = 4e6
    dependencies_size: float = 20e6

    @property
    def name(self) -> str:
        """The last part of the repository name."""
        return self.repository.rpartition("/")[2]


_ARCHITECTURE = "{architecture}"
"""What stands in a step for the architecture, as Debian names it."""

_DEBIAN = f"# debian.sh --arch '{_ARCHITECTURE}' out/ 'bookworm' '@1768176000'"

_DEBIAN_NAMES = {"386": "i386", "arm/v5": "armel", "arm/v7": "armhf", "arm64/v8": "arm64", "ppc64le": "ppc64el"}
"""Architectures that Debian names otherwise (https://wiki.debian.org/ArchitectureSpecificsMemo)."""

RUNTIMES: Mapping[str, Runtime] = {
    "go": Runtime(
        (310e3, 1.9e6),
        ("bazel build //static", "bazel build //common:cacerts_debian12"),
        "COPY /etc/mime.types /etc/",
        (_PATH, "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"),
        user="65532",
    ),
    "python": Runtime(
        (28.2e6, 3.5e6, 12.1e6),
        (
            _DEBIAN,
            "RUN /bin/sh -c set -eux; apt-get update; apt-get install -y ca-certificates tzdata",
            "RUN /bin/sh -c set -eux; ./configure --enable-optimizations; make -j $(nproc)",
        ),
        "RUN pip install --no-cache-dir --require-hashes -r requirements.txt",
        (_PATH, "LANG=C.UTF-8", "PYTHON_VERSION=3.13.1", "PYTHONUNBUFFERED=1"),
        ("python", "-m"),
        user="app",
        base="docker.io/library/python:3.13.1-bookworm",
    ),
    "node": Runtime(
        (28.2e6, 44.6e6, 2.1e6),
        (
            _DEBIAN,
            "RUN /bin/sh -c ARCH= && dpkgArch=\"$(dpkg --print-architecture)\" && curl -fsSLO --compressed node.tar.xz",
            "RUN /bin/sh -c set -ex && curl -fsSLO --compressed yarn.tar.gz",
        ),
        "RUN npm ci --omit=dev",
        (_PATH, "NODE_VERSION=22.12.0", "NODE_ENV=production"),
        ("node",),
        "node",
    ),
    "java": Runtime(
        (28.2e6, 9.4e6, 41.8e6),
        (
            _DEBIAN,
            "RUN /bin/sh -c apt-get update && apt-get install -y fontconfig ca-certificates p11-kit",
            "RUN /bin/sh -c set -eux; ARCH=\"$(dpkg --print-architecture)\"; tar --extract --file /tmp/openjdk.tar.gz",
        ),
        "COPY dependencies/ ./",
        (_PATH, "JAVA_HOME=/opt/java/openjdk", "JAVA_VERSION=jdk-21.0.5+11"),
        ("java", "-jar"),
        "1001",
        platform_steps={"linux/arm64": (("RUN /bin/sh -c apt-get update && apt-get install -y libatomic1", 0.3e6),)},
    ),
    "scratch": Runtime((), (), "COPY /etc/ssl/certs /etc/ssl/certs", user="65532"),
    "debian": Runtime((48.5e6,), (_DEBIAN,), "RUN /bin/sh -c apt-get update && apt-get upgrade -y"),
    "cuda": Runtime(
        (29.5e6, 1.27e9, 2.4e9),
        (
            "/bin/sh -c #(nop) ADD file:d5da92199726e42da09 in /",
            "RUN /bin/sh -c apt-get update && apt-get install -y cuda-libraries-12-6",
            "RUN /bin/sh -c apt-get update && apt-get install -y libcudnn9-cuda-12",
        ),
        "RUN pip install --no-cache-dir torch==2.5.1",
        (_PATH, "NVIDIA_VISIBLE_DEVICES=all", "CUDA_VERSION=12.6.3"),
        ("python3", "-m"),
    ),
}  # fmt: skip
