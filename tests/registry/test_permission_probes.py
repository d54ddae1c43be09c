"""Permissions are found with requests that change nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ecrtui.ecr.permissions import PERMISSIONS, Permission, Purpose, permissions_for
from ecrtui.emulator.service import EmbeddedRegistry
from ecrtui.registry.diagnosis import Diagnosis
from ecrtui.registry.permission_probes import Access, ProbeTarget
from ecrtui.retag.plan import TagChange
from ecrtui.settings import Connection, Settings
from ecrtui.wiring import open_diagnosis, open_engine, open_registry
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, served

NOT_ASKED = {"InitiateLayerUpload", "CreateRepository", "StartLifecyclePolicyPreview"}
ASKED = [permission for permission in PERMISSIONS if permission.operation not in NOT_ASKED]
ALL = [pytest.param(permission, id=permission.operation) for permission in ASKED]


@pytest.fixture(scope="module")
def embedded() -> EmbeddedRegistry:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    push_image(client, "team/app", "one", "v1")
    push_image(client, "team/app", "two")
    return embedded


@pytest.fixture(scope="module")
def opened(embedded: EmbeddedRegistry) -> Diagnosis:
    return open_diagnosis(Connection(), embedded=embedded)


@pytest.fixture
def diagnosis(embedded: EmbeddedRegistry, opened: Diagnosis) -> Diagnosis:
    embedded.faults.clear()
    return opened


def subject(diagnosis: Diagnosis) -> ProbeTarget:
    return diagnosis.subject("", diagnosis.answer())


def state(embedded: EmbeddedRegistry) -> Any:
    """Return all that a client can see of the images."""
    return client_for(embedded).describe_images(repositoryName="team/app")["imageDetails"]


@pytest.mark.parametrize("permission", ALL)
def test_a_permission_is_allowed_and_asking_changes_nothing(
    embedded: EmbeddedRegistry, diagnosis: Diagnosis, permission: Permission
) -> None:
    before, asked = state(embedded), subject(diagnosis)
    embedded.calls.clear()
    assert diagnosis.permission(permission, asked) == (Access.ALLOWED, "", "")
    assert embedded.calls[permission.operation] == 1
    assert state(embedded) == before


@pytest.mark.parametrize("permission", ALL)
def test_a_permission_is_denied(embedded: EmbeddedRegistry, diagnosis: Diagnosis, permission: Permission) -> None:
    asked = subject(diagnosis)
    embedded.faults.add(f"{permission.operation}:error:code=AccessDeniedException:message=not authorized")
    answer = diagnosis.permission(permission, asked)
    assert (answer.access, answer.reason) == (Access.DENIED, "not authorized")
    assert permission.action in answer.hint


@pytest.mark.parametrize("permission", ALL)
@pytest.mark.parametrize(
    "fault", ["throttle", "unavailable", "error:code=InvalidParameterException:message=no", "drop-before"]
)
def test_any_other_answer_leaves_the_permission_unknown(
    embedded: EmbeddedRegistry, diagnosis: Diagnosis, permission: Permission, fault: str
) -> None:
    asked = subject(diagnosis)
    embedded.faults.add(f"{permission.operation}:{fault}")
    answer = diagnosis.permission(permission, asked)
    assert answer.access is Access.UNKNOWN
    assert answer.reason


def test_a_request_that_always_has_an_effect_is_not_sent(embedded: EmbeddedRegistry, diagnosis: Diagnosis) -> None:
    asked = subject(diagnosis)
    embedded.calls.clear()
    answers = [diagnosis.permission(p, asked) for p in PERMISSIONS if p.operation in NOT_ASKED]
    assert {answer.access for answer in answers} == {Access.UNKNOWN}
    assert not embedded.calls


def test_without_a_repository_only_the_permissions_of_the_registry_are_known(diagnosis: Diagnosis) -> None:
    known = {permission.operation for permission in PERMISSIONS if _is_known(diagnosis, permission, ProbeTarget())}
    of_the_account = {permission.operation for permission in PERMISSIONS if not permission.on_repository}
    assert known == of_the_account | {"DescribeRepositories"}


def test_no_permission_is_known_from_a_repository_that_does_not_exist(diagnosis: Diagnosis) -> None:
    missing = diagnosis.subject("team/missing", diagnosis.answer())
    assert missing.arn.endswith(":repository/team/missing")
    assert not _is_known(diagnosis, next(p for p in PERMISSIONS if p.operation == "DescribeImages"), missing)


def _is_known(diagnosis: Diagnosis, permission: Permission, asked: ProbeTarget) -> bool:
    return diagnosis.permission(permission, asked).access is not Access.UNKNOWN


def test_put_image_is_not_sent_to_a_service_that_could_store_it(embedded: EmbeddedRegistry) -> None:
    embedded.faults.clear()
    with served(embedded) as url:
        diagnosis = open_diagnosis(Connection(endpoint_url=url, region="eu-west-1", sign_request=False))
        asked = subject(diagnosis)
        embedded.calls.clear()
        answers = {p.operation: diagnosis.permission(p, asked) for p in ASKED}
    assert embedded.calls["PutImage"] == 0
    assert answers.pop("PutImage").access is Access.UNKNOWN
    assert {answer.access for answer in answers.values()} == {Access.ALLOWED}


def test_the_clock_is_compared(embedded: EmbeddedRegistry) -> None:
    with served(embedded) as url:
        connection = Connection(endpoint_url=url, region="eu-west-1", sign_request=False)
        exact = open_diagnosis(connection).answer().clock
        clients = open_diagnosis(connection)._clients
        late = Diagnosis(clients, connection, now=lambda: time.time() - 3600).answer().clock
        early = Diagnosis(clients, connection, now=lambda: time.time() + 3600).answer().clock
    assert exact == pytest.approx(0, abs=60), "the header has whole seconds, and the machine is slow"
    assert [late, early] == [pytest.approx(3600, abs=60), pytest.approx(-3600, abs=60)]


def test_the_policy_for_retagging_is_enough_to_retag() -> None:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    digest = push_image(client, "team/app", "one", "v1").digest
    allowed = {permission.operation for permission in permissions_for(Purpose.RETAG)}
    for permission in PERMISSIONS:
        if permission.operation not in allowed:
            embedded.faults.add(f"{permission.operation}:error:code=AccessDeniedException:message=no")
    engine = open_engine(open_registry(Connection(), embedded=embedded), Settings())
    embedded.calls.clear()
    report = engine.apply(engine.plan([TagChange("team/app", "v2", digest)]))
    assert [str(result.outcome) for result in report.results] == ["done"]
    assert embedded.calls["PutImage"] == 1
