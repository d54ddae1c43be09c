"""A layer of 1 GB in the embedded registry: the rate of the upload, its completion, other writers, the disk.

A plain HTTP client sends the same part again and again, so that it takes no time itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.dataset import serve_file
from benchmarks.measurement import Measurement, duration, scaled
from benchmarks.programs import REGION
from ecrtui.emulator.service import REGISTRY_ID, TARGET_PREFIX

PART = 10 * 1024 * 1024
PARTS = scaled(100, 5)
SIZE = PART * PARTS
MEGABYTE = 1e6

_AUTHORIZATION = f"AWS4-HMAC-SHA256 Credential=a/20260101/{REGION}/ecr/aws4_request"


@dataclass
class _Upload:
    """Durations in seconds, sizes in bytes."""

    parts: list[float] = field(default_factory=list)
    completion: float = 0.0
    waits: list[float] = field(default_factory=list)
    disk: int = 0


def measure() -> list[Measurement]:
    """Upload a layer while another client writes to the same registry."""
    found = _Upload()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.sqlite"
        with serve_file(path) as url:
            client = Client(url)
            for name in ("layers", "other"):
                client.call("CreateRepository", repositoryName=name)
            with _other_writer(url, found.waits):
                _upload(client, found)
        found.disk = sum(file.stat().st_size for file in path.parent.iterdir())
    part = statistics.median(found.parts)
    return [
        Measurement(
            "UploadLayerPart of 10 MiB, embedded registry in a file, over HTTP",
            part * 1000,
            PART / MEGABYTE / 100 * 1000,
            unit="ms",
            note=f"median of {PARTS} parts, {PART / MEGABYTE / part:.0f} MB/s; the target is 100 MB/s",
        ),
        Measurement(
            "CompleteLayerUpload of a layer of 1 GB",
            found.completion * 1000,
            2,
            unit="ms",
            baseline="UploadLayerPart of 10 MiB",
            theirs=part * 1000,
        ),
        Measurement(
            "longest wait of another writer while a layer of 1 GB is uploaded",
            max(found.waits) * 1000,
            300,
            unit="ms",
            note=f"TagResource in another repository, {len(found.waits)} times, whole requests over HTTP",
        ),
        Measurement(
            "disk for a layer of 1 GB",
            found.disk / MEGABYTE,
            1.1,
            unit="MB",
            baseline="the bytes of the layer",
            theirs=SIZE / MEGABYTE,
            note="after the registry stopped",
        ),
    ]


class Client:
    """A client of the API that sends any body as it is."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc)

    def call(self, operation: str, body: bytes = b"", **parameters: Any) -> dict[str, Any]:
        headers = {"X-Amz-Target": TARGET_PREFIX + operation, "Authorization": _AUTHORIZATION}
        self._connection.request("POST", "/", body or json.dumps(parameters).encode(), headers)
        response = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        assert response.status == 200, answer
        return answer


def _upload(client: Client, found: _Upload) -> None:
    content = os.urandom(PART)
    encoded = base64.b64encode(content)
    checksum = hashlib.sha256()
    for _ in range(PARTS):
        checksum.update(content)
    upload_id = client.call("InitiateLayerUpload", repositoryName="layers")["uploadId"]
    asked = {"repositoryName": "layers", "uploadId": upload_id}
    for first in range(0, SIZE, PART):
        members = json.dumps({**asked, "partFirstByte": first, "partLastByte": first + PART - 1}).encode()
        body = b'%b,"layerPartBlob":"%b"}' % (members.removesuffix(b"}"), encoded)
        found.parts.append(duration(partial(client.call, "UploadLayerPart", body)))
    digest = f"sha256:{checksum.hexdigest()}"
    found.completion = duration(lambda: client.call("CompleteLayerUpload", **asked, layerDigests=[digest]))


@contextmanager
def _other_writer(url: str, waits: list[float]) -> Iterator[None]:
    """Write a tag of another repository again and again while the block runs; add the duration of each write."""
    stopped = threading.Event()
    arn = f"arn:aws:ecr:{REGION}:{REGISTRY_ID}:repository/other"

    def write() -> None:
        client, number = Client(url), 0
        while not stopped.wait(0.01):
            number += 1
            tags = [{"Key": "number", "Value": str(number)}]
            waits.append(duration(partial(client.call, "TagResource", resourceArn=arn, tags=tags)))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
