"""``ecrtui wait``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ecrtui.catalog.awaited_image import INTERVAL, NotThere, OtherImage, wait_for_image
from ecrtui.cli.exit_codes import ExitCode
from ecrtui.ecr.reference import parse_reference
from ecrtui.errors import AccessDenied, ConnectionFailed
from tests.support.cli_env import CliEnv
from tests.support.embedded import create_repository, digest_of, push_image
from tests.support.retag_env import REPOSITORY, RetagEnv

AWAITED = parse_reference(f"{REPOSITORY}:awaited")


class FakeClock:
    """A clock whose sleep takes no time; ``events`` happen after so many sleeps."""

    def __init__(self, **events: Callable[[], object]) -> None:
        self.now = 0.0
        self.sleeps = 0
        self._events = events

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds
        self.sleeps += 1
        self._events.get(f"after_{self.sleeps}", lambda: None)()


@pytest.fixture
def env() -> RetagEnv:
    return RetagEnv()


def test_the_image_is_returned_when_the_tag_arrives(env: RetagEnv) -> None:
    clock = FakeClock(after_3=lambda: env.tag("awaited", env.two))
    seen: list[str] = []
    found = wait_for_image(env.registry, AWAITED, "", 60, clock=clock, on_look=seen.append)
    assert (found.digest, clock.sleeps, len(seen)) == (env.two, 3, 3)


def test_a_tag_must_reach_the_digest(env: RetagEnv) -> None:
    env.tag("awaited", env.one)
    clock = FakeClock(after_2=lambda: env.tag("awaited", env.two))
    assert wait_for_image(env.registry, AWAITED, env.two, 60, clock=clock).digest == env.two
    with pytest.raises(OtherImage, match=env.two):
        wait_for_image(env.registry, AWAITED, env.three, INTERVAL * 3, clock=FakeClock())


def test_a_repository_that_comes_later_is_awaited(env: RetagEnv) -> None:
    def create() -> None:
        create_repository(env.client, "later")
        push_image(env.client, "later", "one", "v1")

    clock = FakeClock(after_1=create)
    assert wait_for_image(env.registry, parse_reference("later:v1"), "", 60, clock=clock).tags == ("v1",)


def test_the_wait_ends_at_the_timeout(env: RetagEnv) -> None:
    clock = FakeClock()
    with pytest.raises(NotThere):
        wait_for_image(env.registry, AWAITED, "", 12, clock=clock)
    assert (clock.now, clock.sleeps) == (12, 3)
    missing = parse_reference(f"{REPOSITORY}@{digest_of('nothing')}")
    with pytest.raises(NotThere):
        wait_for_image(env.registry, missing, "", 0, clock=clock)


@pytest.mark.usefixtures("no_sdk_retries")
def test_the_wait_continues_after_a_temporary_failure_and_ends_at_another(env: RetagEnv) -> None:
    env.tag("awaited", env.one)
    fault = env.embedded.faults.add("DescribeImages:unavailable")
    clock = FakeClock(after_2=lambda: env.embedded.faults.remove(fault))
    assert wait_for_image(env.registry, AWAITED, "", 60, clock=clock).digest == env.one
    env.embedded.faults.add("DescribeImages:unavailable")
    with pytest.raises(ConnectionFailed):
        wait_for_image(env.registry, AWAITED, "", 6, clock=FakeClock())
    env.embedded.faults.clear()
    env.embedded.faults.add("DescribeImages:error:code=AccessDeniedException:message=no")
    clock = FakeClock()
    with pytest.raises(AccessDenied):
        wait_for_image(env.registry, AWAITED, "", 60, clock=clock)
    assert clock.sleeps == 0


def test_the_exit_code_says_if_the_image_came(cli: CliEnv) -> None:
    create_repository(cli.client, "team/app")
    digest = push_image(cli.client, "team/app", "one", "v1").digest
    other = digest_of("other")
    for words, code in (
        (["team/app:v1"], ExitCode.DONE),
        ([f"team/app@{digest}"], ExitCode.DONE),
        (["team/app:v1", "--digest", digest, "--output", "text"], ExitCode.DONE),
        (["team/app:v1", "--digest", other], ExitCode.CONFLICT),
        (["team/app:v2"], ExitCode.REGISTRY_ERROR),
        (["nothing:v1"], ExitCode.REGISTRY_ERROR),
        (["team/app"], ExitCode.USAGE),
        (["team/app:v1", "--digest", "x"], ExitCode.USAGE),
        ([f"team/app@{digest}", "--digest", digest], ExitCode.USAGE),
        (["team/app:v1", "--timeout", "soon"], ExitCode.USAGE),
    ):
        timeout = [] if "--timeout" in words else ["--timeout", "0s"]
        result = cli.run("wait", *words, *timeout)
        assert (result.code, bool(result.out)) == (code, code is ExitCode.DONE), words
    assert cli.run("wait", "team/app:v1", "--timeout", "0s").json["imageDigest"] == digest
