"""A lost response is not a failure: the image is read back, and the real result is reported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecrtui.emulator.faults import Faults
from tests.cli.put_image.conftest import PutImageRunner
from tests.support import embedded as support

LINE = ("--repository-name", "app", "--image-tag", "prod")


class FaultyRegistry:
    """A served registry with one image and faults."""

    def __init__(self, url: str, faults: Faults, client: Any) -> None:
        self.url, self.faults, self.client = url, faults, client
        support.create_repository(client, "app")
        self.image = support.push_image(client, "app", "one", tag="v1")

    def tags(self) -> dict[str, str]:
        return support.tags_of(self.client, "app")


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyRegistry]:
    faults = Faults()
    registry = support.new_embedded(faults=faults, region="us-east-1")
    with support.served(registry) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield FaultyRegistry(url, faults, support.client_for(registry, region="us-east-1"))


@pytest.fixture
def retag(put_image: PutImageRunner, site: FaultyRegistry) -> Any:
    (put_image.folder / "m.json").write_bytes(site.image.manifest.encode())
    base = ("--repository-name", "app", "--image-manifest", "file://m.json")
    return lambda *words: put_image(*base, *(words or ("--image-tag", "prod")))


@pytest.mark.parametrize("fault", ["drop-after", "cut", "reset"])
def test_a_response_lost_once_is_read_back(fault: str, retag: Any, site: FaultyRegistry) -> None:
    site.faults.add(f"PutImage:{fault}:times=1")
    result = retag()
    assert result.code == 0, result.err
    image = json.loads(result.out)["image"]
    assert image["imageId"] == {"imageDigest": site.image.digest, "imageTag": "prod"}
    assert image["imageManifest"] == site.image.manifest
    assert "read back" in result.err
    assert site.tags()["prod"] == site.image.digest


def test_a_response_lost_each_time_is_read_back(retag: Any, site: FaultyRegistry, no_sdk_retries: None) -> None:
    site.faults.add("PutImage:drop-after")
    result = retag("--image-tag", "prod", "--query", "image.imageId.imageTag", "--output", "text")
    assert (result.code, result.out) == (0, "prod\n")


def test_a_response_after_the_timeout_is_read_back(retag: Any, site: FaultyRegistry, no_sdk_retries: None) -> None:
    site.faults.add("PutImage:latency:seconds=1.5")
    result = retag("--image-tag", "prod", "--cli-read-timeout", "1")
    assert result.code == 0, result.err


def test_an_untagged_image_is_read_back_by_digest(put_image: PutImageRunner, site: FaultyRegistry) -> None:
    text = support.manifest_text(site.client, "app", "two")
    site.faults.add("PutImage:drop-after:times=1")
    result = put_image("--repository-name", "app", "--image-manifest", text)
    assert result.code == 0, result.err
    assert json.loads(result.out)["image"]["imageId"] == {"imageDigest": support.digest_of(text)}


def test_an_applied_first_attempt_is_found_in_an_immutable_repository(
    put_image: PutImageRunner, site: FaultyRegistry
) -> None:
    support.create_repository(site.client, "fixed", "IMMUTABLE")
    text = support.manifest_text(site.client, "fixed", "two")
    site.faults.add("PutImage:drop-after:times=1")
    result = put_image("--repository-name", "fixed", "--image-manifest", text, "--image-tag", "v1")
    assert result.code == 0, result.err


def test_a_lost_request_may_still_be_applied(retag: Any, site: FaultyRegistry, no_sdk_retries: None) -> None:
    site.faults.add("PutImage:drop-before")
    result = retag()
    assert (result.code, result.out) == (255, "")
    assert any("it was not put so far, but ECR may still put it" in hint for hint in result.hints)
    assert "prod" not in site.tags()


def test_a_result_that_cannot_be_read_back_is_unknown(retag: Any, site: FaultyRegistry, no_sdk_retries: None) -> None:
    site.faults.add("PutImage:drop-after")
    site.faults.add("BatchGetImage:error:code=AccessDeniedException:message=no")
    result = retag()
    assert (result.code, result.out) == (255, "")
    assert any(f"it is unknown whether app:prod@{site.image.digest} was put" in hint for hint in result.hints)


def test_a_tag_that_already_points_to_the_image_is_refused(retag: Any, site: FaultyRegistry) -> None:
    result = retag("--image-tag", "v1")
    assert result.code == 254
    assert "(ImageAlreadyExistsException)" in result.err
    assert result.hints == ["There is nothing to do."]


def test_a_refusal_after_throttling_is_not_read_back(retag: Any, site: FaultyRegistry) -> None:
    site.faults.add("PutImage:throttle:times=1")
    result = retag("--image-tag", "v1")
    assert result.code == 254
    assert "read back" not in result.err


def test_a_write_applied_before_a_service_failure_is_found(retag: Any, site: FaultyRegistry) -> None:
    # the service applies the write, returns 500, and refuses the retry because the tag already exists
    site.faults.add("PutImage:error:code=ServerException:status=500:times=1")
    site.faults.before("PutImage", lambda: support.put(site.client, "app", site.image.manifest, "prod"), times=1)
    result = retag()
    assert result.code == 0, result.err


def test_repeated_service_failures_leave_the_result_unknown(
    retag: Any, site: FaultyRegistry, no_sdk_retries: None
) -> None:
    site.faults.add("PutImage:error:code=ServerException:status=500")
    result = retag()
    assert result.code == 254
    assert any("it is unknown whether" in hint for hint in result.hints)


def test_the_error_of_a_gateway_is_checked_by_reading_back(
    retag: Any, site: FaultyRegistry, no_sdk_retries: None
) -> None:
    site.faults.add("PutImage:unavailable:status=502:times=1")
    site.faults.before("PutImage", lambda: support.put(site.client, "app", site.image.manifest, "prod"), times=1)
    assert retag().code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_request_reports_an_unknown_result(
    number: signal.Signals, put_image: PutImageRunner, site: FaultyRegistry
) -> None:
    site.faults.add("PutImage:latency:seconds=600")
    reached = site.faults.before("PutImage", lambda: None)
    running = subprocess.Popen(
        [sys.executable, "-m", "ecrtui", "put-image", *LINE, "--image-manifest", site.image.manifest],
        cwd=put_image.folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # a background shell ignores some
    )
    while not reached.hits and running.poll() is None:
        time.sleep(0.02)
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "\n")
    assert "The request was in flight: it is unknown whether app:prod@" in err
    assert "Traceback" not in err
