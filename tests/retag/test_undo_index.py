"""The undo of an index works as long as all layers exist: the journal has the manifests of its parts too."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from ecrtui.ecr.manifest import Manifest
from ecrtui.retag.index_parts import MAX_PARTS, part_manifests
from ecrtui.retag.plan import StepOutcome
from tests.support.embedded import DOCKER_LIST, OCI_INDEX, PushedImage, digests_of, push_image, push_index
from tests.support.retag_env import REPOSITORY, RetagEnv


@pytest.fixture
def env(tmp_path: Path) -> RetagEnv:
    return RetagEnv(tmp_path / "journal.sqlite")


def platforms(env: RetagEnv, prefix: str) -> dict[str, PushedImage]:
    return {
        name: push_image(env.client, REPOSITORY, f"{prefix} {name}", platform=name)
        for name in ("linux/amd64", "linux/arm64")
    }


def delete(env: RetagEnv, images: Sequence[PushedImage]) -> None:
    """Delete images one after the other, as a clean-up does: the index first, then what it refers to."""
    for image in images:
        reply = env.client.batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": image.digest}])
        assert not reply["failures"]


def undo_last(env: RetagEnv) -> list[tuple[str, StepOutcome, str]]:
    plan = env.engine.plan_undo_of(env.engine.history.last_undoable_plan())
    report = env.engine.apply(plan)
    return [(result.step.tag, result.outcome, result.message) for result in report.results]


def make_plain(env: RetagEnv, media_type: str) -> list[PushedImage]:
    children = platforms(env, "old")
    return [push_index(env.client, REPOSITORY, children, "main", media_type), *children.values()]


def make_nested(env: RetagEnv) -> list[PushedImage]:
    children = platforms(env, "old")
    inner = push_index(env.client, REPOSITORY, children)
    other = push_image(env.client, REPOSITORY, "beside", platform="linux/s390x")
    outer = push_index(env.client, REPOSITORY, {"linux/amd64": inner, "linux/s390x": other}, "main")
    return [outer, inner, other, *children.values()]


def make_attested(env: RetagEnv) -> list[PushedImage]:
    children = platforms(env, "old")
    subject = children["linux/amd64"].digest
    attestation = push_image(
        env.client,
        REPOSITORY,
        "attestation",
        platform="unknown/unknown",
        annotations={"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject},
    )
    index = push_index(env.client, REPOSITORY, {**children, "unknown/unknown": attestation}, "main")
    return [index, attestation, *children.values()]


KINDS = {
    "OCI index": lambda env: make_plain(env, OCI_INDEX),
    "Docker manifest list": lambda env: make_plain(env, DOCKER_LIST),
    "nested": make_nested,
    "with an attestation": make_attested,
}


@pytest.mark.parametrize("removal", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_an_index_comes_back_with_all_its_parts(kind: str, removal: bool, env: RetagEnv) -> None:
    images = KINDS[kind](env)
    if removal:
        env.retag(("kept", images[0].digest))
        env.engine.apply(env.engine.plan_untag(REPOSITORY, ["main"]))
    else:
        env.retag(("main", env.one))
    delete(env, images)
    assert undo_last(env) == [("main", StepOutcome.DONE, "")]
    assert env.tags()["main"] == images[0].digest
    assert {image.digest for image in images} <= digests_of(env.client, REPOSITORY)
    for image in images:
        assert env.registry.manifest(REPOSITORY, image.digest).text == image.manifest


def test_parts_that_still_exist_are_not_written_again(env: RetagEnv) -> None:
    images = make_nested(env)
    env.retag(("main", env.one))
    delete(env, images[:2])
    env.embedded.calls.clear()
    assert undo_last(env)[0][1] is StepOutcome.DONE
    assert env.embedded.calls["PutImage"] == 2


def test_every_part_that_is_put_back_is_journalled_and_stays_when_the_undo_is_undone(env: RetagEnv) -> None:
    images = make_plain(env, OCI_INDEX)
    env.retag(("main", env.one))
    delete(env, images)
    undo = env.engine.plan_undo_of(env.engine.history.last_undoable_plan())
    env.engine.apply(undo)
    entries = env.engine.history.search(plan=undo.id)
    assert [(entry.tag, entry.after) for entry in reversed(entries)] == [
        ("", images[1].digest),
        ("", images[2].digest),
        ("main", images[0].digest),
    ]
    redo = env.engine.plan_undo_of(undo.id)
    assert not redo.refused_steps
    assert env.engine.apply(redo).counts == {StepOutcome.DONE: 1}
    assert env.tags()["main"] == env.one


def test_a_part_without_its_layers_is_named(env: RetagEnv) -> None:
    images = make_plain(env, OCI_INDEX)
    env.retag(("main", env.one))
    delete(env, images)
    env.embedded.faults.add(
        "PutImage:error:code=LayersNotFoundException:message=The following layers with digests were not found:times=1"
    )
    [(_, outcome, message)] = undo_last(env)
    assert outcome in (StepOutcome.FAILED, StepOutcome.REFUSED)
    assert f"could not put back {images[1].digest[7:19]}, a part of the index: the image was deleted" in message
    assert "main" in env.tags()
    assert env.tags()["main"] == env.one
    assert undo_last(env)[0][1] is StepOutcome.DONE, "once the layers are back"


def test_missing_parts_are_named_but_not_all_of_many(env: RetagEnv) -> None:
    children = {f"linux/arm/v{number}": push_image(env.client, REPOSITORY, f"old {number}") for number in range(13)}
    index = push_index(env.client, REPOSITORY, children, "main")
    env.retag(("main", env.one))
    delete(env, [index, *children.values()])
    env.journal.close()
    known = ", ".join(f"'{image.digest}'" for image in children.values())
    with closing(sqlite3.connect(str(env.journal_file))) as connection, connection:
        connection.execute(f"DELETE FROM manifests WHERE digest IN ({known})")  # noqa: S608 - of this test
    [(_, outcome, message)] = undo_last(env)
    assert outcome in (StepOutcome.FAILED, StepOutcome.REFUSED)
    assert message.endswith(f", {list(children.values())[9].digest} and 3 more")
    assert message.partition("; missing: ")[2].count("sha256:") == 10


def test_a_platform_that_another_index_still_has_is_not_written_again(env: RetagEnv) -> None:
    children = platforms(env, "old")
    first = push_index(env.client, REPOSITORY, children, "main")
    push_index(env.client, REPOSITORY, {"linux/amd64": children["linux/amd64"]}, "other")
    env.retag(("main", env.one))
    delete(env, [first, children["linux/arm64"]])
    env.embedded.calls.clear()
    assert undo_last(env)[0][1] is StepOutcome.DONE
    assert env.embedded.calls["PutImage"] == 2
    assert {first.digest, *(child.digest for child in children.values())} <= digests_of(env.client, REPOSITORY)


def test_an_index_comes_back_without_the_referrers_that_were_deleted_with_it(env: RetagEnv) -> None:
    images = make_plain(env, OCI_INDEX)
    subject = {"mediaType": OCI_INDEX, "digest": images[0].digest, "size": len(images[0].manifest)}
    signature = push_image(env.client, REPOSITORY, "signature", subject=subject)
    env.retag(("main", env.one))
    delete(env, [signature, *images])
    assert undo_last(env) == [("main", StepOutcome.DONE, "")]
    assert signature.digest not in digests_of(env.client, REPOSITORY)
    assert {image.digest for image in images} <= digests_of(env.client, REPOSITORY)


@pytest.mark.parametrize("fault", ["throttle:times=2", "drop-after:times=1", "reset:times=1"])
def test_faults_while_parts_are_put_back_do_not_stop_the_undo(fault: str, env: RetagEnv) -> None:
    images = make_plain(env, OCI_INDEX)
    env.retag(("main", env.one))
    delete(env, images)
    env.embedded.faults.add(f"PutImage:{fault}")
    assert undo_last(env)[0][1] is StepOutcome.DONE
    assert env.tags()["main"] == images[0].digest


def test_the_journal_keeps_each_part_once_and_reads_it_once(env: RetagEnv) -> None:
    images = make_plain(env, OCI_INDEX)
    for tag in ("a", "b", "c", "d"):
        env.retag((tag, images[0].digest))
    env.embedded.calls.clear()
    env.retag(*((tag, env.one) for tag in ("a", "b")))
    assert env.embedded.calls["BatchGetImage"] == 5, "the plan, the manifests, their parts, and each tag"
    stored = env.journal.manifests([image.digest for image in images])
    assert stored == {image.digest for image in images}
    before = env.embedded.calls["BatchGetImage"]
    env.retag(*((tag, env.one) for tag in ("c", "d")))
    assert env.embedded.calls["BatchGetImage"] - before == 3, "the parts come from the journal"


def test_the_parts_of_a_hostile_index_are_bounded(env: RetagEnv) -> None:
    entries = ", ".join(f'{{"digest": "sha256:{number:064x}", "size": 1}}' for number in range(3 * MAX_PARTS))
    asked: list[str] = []
    manifest = Manifest(f'{{"schemaVersion": 2, "manifests": [{entries}, {{"digest": "x"}}]}}', env.one, OCI_INDEX)

    def read(digests: Sequence[str]) -> Sequence[Manifest]:
        asked.extend(digests)
        return [manifest]

    part_manifests([manifest], read)
    assert len(asked) == MAX_PARTS
