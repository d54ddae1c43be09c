"""After new credentials, no request goes to another account than the one that the session began with."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from ecrtui.errors import ConnectionFailed, CredentialsError, EcrTuiError, ErrorKind
from ecrtui.registry.process.client import RegistryProcess, RemoteRegistry
from ecrtui.registry.protocol import Registry
from ecrtui.registry.rate_limiter import RateLimiter
from ecrtui.registry.user import User
from ecrtui.retag.engine import Engine
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.plan import Progress, StepOutcome, StepResult, TagChange
from ecrtui.settings import Connection, Settings
from ecrtui.wiring import open_registry
from tests.registry.conftest import RegistryEnv, WriteFile, failed
from tests.support.changing_credentials import ChangingCredentials
from tests.support.embedded import push_image
from tests.support.fake_sts import ACCOUNT, FakeSts

OTHER = "222222222222"


@pytest.fixture
def credentials(own_home: Path, monkeypatch: pytest.MonkeyPatch, sts: FakeSts) -> ChangingCredentials:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    return ChangingCredentials(own_home, sts)


@pytest.fixture
def registry(served: str, credentials: ChangingCredentials) -> Registry:
    """A registry whose account is known, with credentials that change."""
    registry = open_registry(Connection(profile="p", endpoint_url=served))
    registry.location()
    return registry


def check_changed(error: EcrTuiError) -> None:
    """Check that the error says which account the session has, and which one the credentials."""
    assert isinstance(error, CredentialsError)
    assert error.kind is ErrorKind.ACCOUNT_CHANGED
    assert ACCOUNT in error.detail
    assert OTHER in error.detail
    assert not error.ambiguous


def requests(env: RegistryEnv, operation: str) -> int:
    return env.embedded.calls[operation]


CALLS: dict[str, Callable[[Registry, Any], object]] = {
    "PutImage": lambda registry, manifest: registry.put_image("team/app", manifest, "prod"),
    "BatchDeleteImage": lambda registry, _: registry.untag("team/app", "one"),
    "DescribeImages": lambda registry, _: next(registry.images("team/app")),
    "DescribeRepositories": lambda registry, _: registry.repository("team/app"),
}


@pytest.mark.parametrize("operation", CALLS)
def test_credentials_of_another_account_send_nothing(
    env: RegistryEnv, registry: Registry, credentials: ChangingCredentials, operation: str
) -> None:
    pushed = push_image(env.client, "team/app", tag="one")
    manifest = registry.manifest("team/app", pushed.digest)
    before = requests(env, operation)
    credentials.become("SECOND", OTHER)
    for _ in range(2):  # a second try is refused, too
        check_changed(failed(CALLS[operation], registry, manifest))
    assert requests(env, operation) == before
    assert env.tags() == {"one": pushed.digest}
    credentials.become("THIRD")
    CALLS[operation](registry, manifest)  # signed in to the first account again


def test_each_new_key_is_asked_about_once(registry: Registry, credentials: ChangingCredentials, sts: FakeSts) -> None:
    for key in ("FIRST", "SECOND", "SECOND", "THIRD", "FIRST"):
        credentials.become(key)
        registry.repository("team/app")
    assert sts.asked_about() == ["SECOND", "THIRD"]


def test_keys_that_were_written_again_are_checked(
    served: str, env: RegistryEnv, profiles: WriteFile, sts: FakeSts
) -> None:
    keys = "[profile p]\naws_access_key_id = {}\naws_secret_access_key = s\n"
    profiles(keys.format("FIRST"))
    registry = open_registry(Connection(profile="p", endpoint_url=served))
    registry.location()
    profiles(keys.format("SECOND"))
    sts.accounts["SECOND"] = OTHER
    env.fault("DescribeRepositories:error:code=ExpiredTokenException:times=1")
    assert failed(registry.repository, "team/app").code == "ExpiredTokenException"
    check_changed(failed(registry.repository, "team/app"))


def test_a_replaced_file_in_the_credentials_cache_is_checked(
    served: str, profiles: WriteFile, sts: FakeSts, own_home: Path
) -> None:
    profiles(
        "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = s\n"
        f"[profile role]\nrole_arn = arn:aws:iam::{ACCOUNT}:role/deploy\nsource_profile = base\n"
    )
    sts.lifetime = timedelta(minutes=5)
    registry = open_registry(Connection(profile="role", endpoint_url=served))
    registry.location()
    (cached,) = (own_home / ".aws" / "cli" / "cache").iterdir()
    entry = json.loads(cached.read_text())
    entry["Credentials"] |= {
        "AccessKeyId": "SECOND",
        "Expiration": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }
    cached.write_text(json.dumps(entry))
    sts.accounts["SECOND"] = OTHER
    check_changed(failed(registry.repository, "team/app"))


def test_with_a_registry_id_the_account_of_the_caller_counts(
    served: str, credentials: ChangingCredentials, sts: FakeSts
) -> None:
    registry = open_registry(Connection(profile="p", endpoint_url=served, registry_id=ACCOUNT))
    sts.accounts["FIRST"] = "333333333333"
    assert registry.location().registry_id == ACCOUNT
    assert registry.identity() == "arn:aws:iam::333333333333:user/FIRST"
    credentials.become("SECOND", "333333333333")
    registry.repository("team/app")
    credentials.become("THIRD", OTHER)
    assert failed(registry.repository, "team/app").kind is ErrorKind.ACCOUNT_CHANGED


def test_ecr_is_asked_where_sts_does_not_answer(
    env: RegistryEnv, registry: Registry, credentials: ChangingCredentials, sts: FakeSts
) -> None:
    sts.error = "AccessDenied"
    credentials.become("SECOND")
    registry.repository("team/app")
    credentials.become("THIRD")
    env.fault("DescribeRegistry:error:code=AccessDeniedException")
    registry.repository("team/app")


def test_nothing_is_sent_while_the_account_is_unknown(
    env: RegistryEnv, registry: Registry, credentials: ChangingCredentials, sts: FakeSts
) -> None:
    pushed = push_image(env.client, "team/app", tag="one")
    manifest = registry.manifest("team/app", pushed.digest)
    sts.error = "InternalFailure"
    env.fault(
        "DescribeRegistry:error:code=AccessDeniedException", "DescribeRepositories:error:code=AccessDeniedException"
    )
    credentials.become("SECOND")
    error = failed(registry.put_image, "team/app", manifest, "prod")
    assert isinstance(error, ConnectionFailed)
    assert (error.retryable, error.ambiguous, requests(env, "PutImage")) == (True, False, 1)
    sts.error = ""
    registry.put_image("team/app", manifest, "prod")


def test_new_credentials_that_have_expired_say_so(
    registry: Registry, credentials: ChangingCredentials, sts: FakeSts
) -> None:
    sts.error = "ExpiredToken"
    credentials.become("SECOND")
    assert failed(registry.repository, "team/app").title == "The credentials have expired"


@pytest.mark.parametrize("in_a_process", [False, True])
def test_the_identity_follows_the_credentials_and_the_user_is_informed(
    served: str, credentials: ChangingCredentials, *, in_a_process: bool
) -> None:
    told: SimpleQueue[str] = SimpleQueue()
    user = User(on_new_credentials=lambda: told.put("new"))
    connection = Connection(profile="p", endpoint_url=served)
    opened = RegistryProcess().open(connection) if in_a_process else None
    registry: Registry = open_registry(connection, user=user)
    if opened is not None:
        opened.user = user
        registry = RemoteRegistry(opened)
    registry.location()
    assert registry.identity().endswith("user/FIRST")
    assert told.empty()
    credentials.become("SECOND")
    assert registry.repository("team/app").name == "team/app"
    assert told.get() == "new"
    assert registry.identity().endswith("user/SECOND")
    assert told.empty()
    if opened is not None:
        opened.process.close()


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("registry_id", ["", ACCOUNT])
def test_the_registry_process_checks_the_account(
    env: RegistryEnv, served: str, credentials: ChangingCredentials, registry_id: str, *, restarted: bool
) -> None:
    pushed = push_image(env.client, "team/app", tag="one")
    opened = RegistryProcess().open(Connection(profile="p", endpoint_url=served, registry_id=registry_id or None))
    registry = RemoteRegistry(opened, registry_id)
    registry.location()
    registry.identity()
    manifest = registry.manifest("team/app", pushed.digest)
    if restarted:
        os.kill(opened.process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, opened.process.pid, os.WEXITED | os.WNOWAIT)
    credentials.become("SECOND", OTHER)
    before = requests(env, "PutImage")
    error = failed(registry.put_image, "team/app", manifest, "prod")
    if error.ambiguous:  # the call reached the old process, which has ended
        error = failed(registry.put_image, "team/app", manifest, "prod")
    check_changed(error)
    assert requests(env, "PutImage") == before
    opened.process.close()


def test_a_long_plan_stops_when_the_account_changes(
    env: RegistryEnv, registry: Registry, credentials: ChangingCredentials, tmp_path: Path
) -> None:
    digest = push_image(env.client, "team/app", tag="one").digest
    journal = Journal(tmp_path / "journal.sqlite")
    engine = Engine(registry, journal, Settings(protected_tags=()), rate_limiter=RateLimiter(0))
    plan = engine.plan([TagChange("team/app", f"new-{number}", digest) for number in range(8)])

    def change_account(_: StepResult, progress: Progress) -> None:
        if progress.done == 3:
            credentials.become("SECOND", OTHER)

    report = engine.apply(plan, on_result=change_account)
    assert [result.outcome for result in report.results] == [
        *[StepOutcome.DONE] * 3,
        StepOutcome.FAILED,
        *[StepOutcome.SKIPPED] * 4,
    ]
    error = report.results[3].error
    assert error is not None
    check_changed(error)
    assert set(env.tags()) == {"one", "new-0", "new-1", "new-2"}
    credentials.become("THIRD")
    assert engine.apply(engine.plan_resume(plan.id)).counts == {StepOutcome.DONE: 5, StepOutcome.ALREADY: 3}
    assert {entry.principal for entry in journal.entries()} == {
        f"arn:aws:iam::{ACCOUNT}:user/FIRST",
        f"arn:aws:iam::{ACCOUNT}:user/THIRD",
    }
    journal.close()
