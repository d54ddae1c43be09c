"""A plan says where it replicates to, and a removal that replicates deletes no image there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ecrtui.ecr.replication import ReplicationRules
from ecrtui.errors import Refused
from ecrtui.retag.plan import StepAction, StepOutcome
from tests.support.embedded import REGISTRY_ID, client_for, create_repository, push_image, tags_of
from tests.support.retag_env import REPOSITORY, RetagEnv

REPLICA = "eu-central-1"
THERE = f"{REPLICA} of account {REGISTRY_ID}"


def replicate(env: RetagEnv, *, removals: bool, prefix: str = "team/") -> None:
    """Replicate the repository from now on."""
    rule: dict[str, Any] = {
        "destinations": [{"region": REPLICA, "registryId": REGISTRY_ID}],
        "repositoryFilters": [{"filter": prefix, "filterType": "PREFIX_MATCH"}],
    }
    if removals:
        rule["deleteReplication"] = {"enabled": True}
    env.client.put_replication_configuration(replicationConfiguration={"rules": [rule]})


@pytest.fixture
def replica(env: RetagEnv) -> Iterator[Any]:
    """A client of the region that images are replicated to; nothing is replicated before, or after the test."""
    client = client_for(env.embedded, region=REPLICA)
    yield client
    env.client.put_replication_configuration(replicationConfiguration={"rules": []})
    env.registry.replication(again=True)
    for repository in client.describe_repositories()["repositories"]:
        client.delete_repository(repositoryName=repository["repositoryName"], force=True)


def test_a_plan_names_where_its_tags_replicate_to(env: RetagEnv, replica: Any) -> None:
    replicate(env, removals=True)
    env.registry.replication(again=True)
    assert env.plan(("new", env.one)).warnings == (f"new tags of {REPOSITORY} replicate to {THERE}",)
    env.tag("extra", env.one)
    removal = env.engine.plan_untag(REPOSITORY, ["one"])
    assert removal.warnings == (f"removed tags of {REPOSITORY} are removed in {THERE} too",)
    replicate(env, removals=False)
    assert env.engine.plan_untag(REPOSITORY, ["one"]).warnings == ()
    replicate(env, removals=True, prefix="other/")
    assert env.engine.plan_untag(REPOSITORY, ["one"]).warnings == ()


def test_a_removal_is_refused_if_it_would_delete_the_image_in_the_destination(env: RetagEnv, replica: Any) -> None:
    """The tag "one" is older than the rule: the replica has "extra" alone."""
    replicate(env, removals=True)
    env.tag("extra", env.one)
    assert tags_of(replica, REPOSITORY) == {"extra": env.one}
    (step,) = env.engine.plan_untag(REPOSITORY, ["extra"]).steps
    assert (step.action, step.reason) == (
        StepAction.REFUSED,
        f"last tag of the image in {THERE}, where the removal replicates to; ECR would delete it there",
    )
    env.tag("more", env.one)
    both = env.engine.plan_untag(REPOSITORY, ["extra", "more"]).steps
    assert [step.action for step in both] == [StepAction.REMOVE, StepAction.REFUSED]
    one_tag_is_not_there = env.engine.plan_untag(REPOSITORY, ["one"])
    report = env.engine.apply(one_tag_is_not_there)
    assert [result.outcome for result in report.results] == [StepOutcome.DONE]
    assert tags_of(replica, REPOSITORY) == {"extra": env.one, "more": env.one}


def test_the_destination_is_read_again_before_the_removal(env: RetagEnv, replica: Any) -> None:
    replicate(env, removals=True)
    env.tag("extra", env.one)
    env.tag("more", env.one)
    plan = env.engine.plan_untag(REPOSITORY, ["extra"])
    replica.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": "more"}])
    (result,) = env.engine.apply(plan).results
    assert result.outcome is StepOutcome.REFUSED
    assert f"last tag of the image in {THERE}" in result.message
    assert tags_of(replica, REPOSITORY) == {"extra": env.one}


def test_the_rules_that_the_plan_could_read_count_if_they_cannot_be_read_again(env: RetagEnv, replica: Any) -> None:
    replicate(env, removals=True)
    env.tag("extra", env.one)
    env.tag("more", env.one)
    plan = env.engine.plan_untag(REPOSITORY, ["extra"])
    replica.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": "more"}])
    env.embedded.faults.add("DescribeRegistry:error:code=AccessDeniedException")
    (result,) = env.engine.apply(plan).results
    env.embedded.faults.clear()
    assert result.outcome is StepOutcome.REFUSED
    assert tags_of(replica, REPOSITORY) == {"extra": env.one}


def test_a_destination_that_cannot_be_read_refuses_the_removal(env: RetagEnv, replica: Any) -> None:
    replicate(env, removals=True)
    env.tag("extra", env.one)
    env.registry.images_by_tag(REPOSITORY, ["one"])
    reads = env.embedded.calls["DescribeImages"]
    env.engine.plan_untag(REPOSITORY, ["extra"])
    here = env.embedded.calls["DescribeImages"] - reads - 1
    env.embedded.faults.add(f"DescribeImages:error:code=AccessDeniedException:after={here}")
    (step,) = env.engine.plan_untag(REPOSITORY, ["extra"]).steps
    assert step.action is StepAction.REFUSED
    assert f"the removal replicates to {THERE}, and the tag there could not be checked: Access denied" in step.reason


def test_rules_that_cannot_be_read_are_reported(env: RetagEnv) -> None:
    env.embedded.faults.add("DescribeRegistry:error:code=AccessDeniedException")
    env.tag("extra", env.one)
    plan = env.engine.plan_untag(REPOSITORY, ["extra"])
    assert [step.action for step in plan.steps] == [StepAction.REMOVE]
    (warning,) = plan.warnings
    start = "could not read the replication rules, so it is not known whether "
    removed = "removed tags are removed elsewhere too, where ECR deletes an image with its last tag"
    assert warning.startswith(f"{start}{removed}: Access denied")
    env.embedded.faults.clear()


def test_rules_that_cannot_be_read_are_reported_once_for_several_repositories(env: RetagEnv) -> None:
    create_repository(env.client, "team/web")
    push_image(env.client, "team/web", "two", "two")
    plan = env.engine.plan_tag_in_repositories([REPOSITORY, "team/web"], "two", "next")
    env.engine.apply(plan)
    env.embedded.faults.add("DescribeRegistry:error:code=AccessDeniedException")
    undo = env.engine.plan_undo_of(plan.id)
    assert [step.action for step in undo.steps] == [StepAction.REMOVE] * 2
    assert len(undo.warnings) == 1
    env.embedded.faults.clear()


def test_only_the_rules_of_the_own_account_are_known(env: RetagEnv, replica: Any) -> None:
    replicate(env, removals=True)
    own = env.registry.of_account(REGISTRY_ID)
    assert own.replication(again=True) == env.registry.replication(again=True) != ReplicationRules()
    with pytest.raises(Refused, match="only the replication rules of the caller's account"):
        env.registry.of_account("210987654321").replication()
