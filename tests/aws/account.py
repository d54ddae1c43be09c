"""A real account for the contract tests: its clients, and the guard that keeps them inside scratch repositories."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ecrtui.emulator.service import EmbeddedRegistry
from tests.emulator.conftest import Caller
from tests.support.reply_shapes import check_replies

PROFILE = "ECRTUI_AWS_TESTS"
"""The variable with the AWS profile. The tests of this folder are skipped without it."""

ENDPOINT = "ECRTUI_AWS_ENDPOINT"
"""The variable with the URL of a registry on this machine, to try the tests themselves. Without it, AWS is called."""

READS = ("BatchCheck", "BatchGetRepository", "Describe", "Get", "List")
"""How the names of operations begin that change nothing. BatchGetImage is none of them: it records a pull."""


@dataclass
class Account:
    """The account of a profile. It stands in for the Transport of the embedded registry.

    Attributes:
        prefix: how the names of the scratch repositories begin; no repository of the account has it.
        created: the names of the repositories that clients created.
    """

    session: boto3.Session
    endpoint: str | None
    caller: Caller
    prefix: str = field(default_factory=lambda: f"ecrtui-test-{token_hex(6)}/")
    created: set[str] = field(default_factory=set)

    @property
    def embedded(self) -> EmbeddedRegistry:
        """Skip the test: it prepares the embedded registry past its API."""
        pytest.skip("needs the database of the embedded registry")

    def client(self, *, service: str = "ecr", region: str = "", **config: Any) -> Any:
        """Return a client that changes nothing outside the scratch repositories, and whose replies are checked."""
        if region not in ("", self.caller.region):
            pytest.skip("uses another region than that of the profile")
        client = new_client(self.session, self.endpoint, service, self.caller.region, **config)
        check_replies(client)
        client.meta.events.register("before-parameter-build.ecr", self._guard)
        client.meta.events.register("after-call.ecr.CreateRepository", self._remember)
        return client

    def delete_repositories(self) -> list[str]:
        """Delete what was created; return the repositories that could not be deleted, with the reason of each."""
        failures = []
        client = new_client(self.session, self.endpoint, "ecr", self.caller.region)
        for name in sorted(self.created):
            try:
                client.delete_repository(repositoryName=name, force=True)
            except client.exceptions.RepositoryNotFoundException:
                continue  # a test deleted it
            except (BotoCoreError, ClientError) as error:
                failures.append(f"{name} in {self.caller.region}: {error}")
        return failures

    def _guard(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        reason = refusal(model.name, params, self.caller.account, self.prefix)
        if reason:
            pytest.skip(reason)

    def _remember(self, parsed: Mapping[str, Any], **_: Any) -> None:
        if "repository" in parsed:
            self.created.add(parsed["repository"]["repositoryName"])


def refusal(operation: str, parameters: Mapping[str, Any], account: str, prefix: str) -> str:
    """Return why a request must not be sent to a real account; empty if it may be."""
    name, arn = parameters.get("repositoryName"), parameters.get("resourceArn")
    if operation.startswith(READS):
        return ""
    if name is None and arn is None:
        return f"{operation} changes settings of the whole registry"
    if parameters.get("registryId", account) != account:
        return f"{operation} would reach another account"
    if not (str(name).startswith(prefix) or f":{account}:repository/{prefix}" in str(arn)):
        return f"{operation} would change {str(name or arn)[:60]}, which is no scratch repository"
    if operation == "SetRepositoryPolicy" and parameters.get("force"):
        return "a policy set by force can make a scratch repository impossible to delete"
    return ""


def open_account() -> Account:
    """Return the account of the profile that the environment names.

    Raises:
        pytest.UsageError: the profile has no region.
    """
    session = boto3.Session(profile_name=os.environ[PROFILE])
    if not session.region_name:
        raise pytest.UsageError(f"the profile {os.environ[PROFILE]!r} has no region. Set one, or AWS_DEFAULT_REGION")
    endpoint = os.environ.get(ENDPOINT) or None
    identity = new_client(session, endpoint, "sts", session.region_name).get_caller_identity()
    return Account(session, endpoint, Caller(identity["Account"], session.region_name, identity["Arn"]))


def new_client(session: boto3.Session, endpoint: str | None, service: Any, region: str, **config: Any) -> Any:
    """Return a client that repeats throttled requests. PutImage has a quota of 10 a second."""
    # The mode "standard" also repeats LimitExceededException, which tests expect.
    options = {"retries": {"mode": "legacy", "max_attempts": 9}, **config}
    return session.client(service, region_name=region, endpoint_url=endpoint, config=Config(**options))
