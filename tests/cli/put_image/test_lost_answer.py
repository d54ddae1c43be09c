"""A lost answer is not a failure: the tag is read back, and what is told is what is so."""

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
from tests.cli.put_image.conftest import PutImage
from tests.support import embedded as support

LINE = ("--repository-name", "app", "--image-tag", "prod")


class Site:
    """A served registry with one image, and the faults that strike it."""

    def __init__(self, url: str, faults: Faults, client: Any) -> None:
        self.url, self.faults, self.client = url, faults, client
        support.create_repository(client, "app")
        self.image = support.push_image(client, "app", "one", tag="v1")

    def tags(self) -> dict[str, str]:
        return support.tags_of(self.client, "app")


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    faults = Faults()
    registry = support.new_embedded(faults=faults, region="us-east-1")
    with support.served(registry) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield Site(url, faults, support.client_for(registry, region="us-east-1"))


@pytest.fixture
def retag(put_image: PutImage, site: Site) -> Any:
    (put_image.folder / "m.json").write_bytes(site.image.manifest.encode())
    base = ("--repository-name", "app", "--image-manifest", "file://m.json")
    return lambda *words: put_image(*base, *(words or ("--image-tag", "prod")))


@pytest.mark.parametrize("fault", ["drop-after", "cut", "reset"])
def test_an_answer_that_was_lost_once_is_read_back(fault: str, retag: Any, site: Site) -> None:
    site.faults.add(f"PutImage:{fault}:times=1")
    ran = retag()
    assert ran.code == 0, ran.err
    image = json.loads(ran.out)["image"]
    assert image["imageId"] == {"imageDigest": site.image.digest, "imageTag": "prod"}
    assert image["imageManifest"] == site.image.manifest
    assert "Read back" in ran.err
    assert site.tags()["prod"] == site.image.digest


def test_an_answer_that_is_always_lost_is_read_back(retag: Any, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    site.faults.add("PutImage:drop-after")
    ran = retag("--image-tag", "prod", "--query", "image.imageId.imageTag", "--output", "text")
    assert (ran.code, ran.out) == (0, "prod\n")


def test_an_answer_that_comes_too_late_is_read_back(retag: Any, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    site.faults.add("PutImage:latency:seconds=1.5")
    ran = retag("--image-tag", "prod", "--cli-read-timeout", "1")
    assert ran.code == 0, ran.err


def test_an_image_without_a_tag_is_read_back_by_its_digest(put_image: PutImage, site: Site) -> None:
    text = support.manifest_text(site.client, "app", "two")
    site.faults.add("PutImage:drop-after:times=1")
    ran = put_image("--repository-name", "app", "--image-manifest", text)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["image"]["imageId"] == {"imageDigest": support.digest_of(text)}


def test_an_immutable_repository_does_not_hide_that_the_first_attempt_was_applied(
    put_image: PutImage, site: Site
) -> None:
    support.create_repository(site.client, "fixed", "IMMUTABLE")
    text = support.manifest_text(site.client, "fixed", "two")
    site.faults.add("PutImage:drop-after:times=1")
    ran = put_image("--repository-name", "fixed", "--image-manifest", text, "--image-tag", "v1")
    assert ran.code == 0, ran.err


def test_a_request_that_never_was_applied_stays_a_failure(
    retag: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    site.faults.add("PutImage:drop-before")
    ran = retag()
    assert (ran.code, ran.out) == (255, "")
    assert any("is not there" in hint for hint in ran.hints)
    assert "prod" not in site.tags()


def test_what_cannot_be_read_back_is_told_as_unknown(retag: Any, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    site.faults.add("PutImage:drop-after")
    site.faults.add("BatchGetImage:error:code=AccessDeniedException:message=no")
    ran = retag()
    assert (ran.code, ran.out) == (255, "")
    assert any(f"whether app:prod@{site.image.digest} was put is unknown" in hint for hint in ran.hints)


def test_the_same_tag_on_the_same_image_is_refused_as_ever(retag: Any, site: Site) -> None:
    ran = retag("--image-tag", "v1")
    assert ran.code == 254
    assert "(ImageAlreadyExistsException)" in ran.err
    assert ran.hints == ["There is nothing to do."]


def test_throttling_in_between_does_not_excuse_a_refusal(retag: Any, site: Site) -> None:
    site.faults.add("PutImage:throttle:times=1")
    ran = retag("--image-tag", "v1")
    assert ran.code == 254
    assert "Read back" not in ran.err


def test_a_failure_inside_the_service_that_was_applied_is_found_out(retag: Any, site: Site) -> None:
    # the service applies the write, says 500, and refuses the second attempt: the tag is there already
    site.faults.add("PutImage:error:code=ServerException:status=500:times=1")
    site.faults.before("PutImage", lambda: support.put(site.client, "app", site.image.manifest, "prod"), times=1)
    ran = retag()
    assert ran.code == 0, ran.err


def test_a_service_that_fails_each_time_leaves_the_outcome_unknown(
    retag: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    site.faults.add("PutImage:error:code=ServerException:status=500")
    ran = retag()
    assert ran.code == 254
    assert any("was put is unknown" in hint for hint in ran.hints)


def test_a_gateway_that_answers_instead_is_not_believed(
    retag: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    site.faults.add("PutImage:unavailable:status=502:times=1")
    site.faults.before("PutImage", lambda: support.put(site.client, "app", site.image.manifest, "prod"), times=1)
    assert retag().code == 0


def test_ctrl_c_while_the_request_is_under_way_says_that_the_outcome_is_unknown(
    put_image: PutImage, site: Site
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
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored if the tests run in the background
    )
    while not reached.hits and running.poll() is None:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "\n")
    assert "The request was under way: whether app:prod@" in err
    assert "Traceback" not in err
