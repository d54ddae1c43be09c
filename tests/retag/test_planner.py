"""Plans from changes and contexts, without a registry."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.image import Image
from ecrtui.ecr.lifecycle_document import parse_policy
from ecrtui.ecr.mutability import TagMutability
from ecrtui.ecr.units import DAY
from ecrtui.retag.plan import Plan, Step, StepAction, TagChange
from ecrtui.retag.planner import PlanContext, WritePolicy, make_plan
from ecrtui.retag.replicas import Replication

NOW = 1_800_000_000.0
DIGESTS = [f"sha256:{letter * 64}" for letter in "abcd"]
A, B, C, D = DIGESTS


def context_of(*images: Image, **members: Any) -> PlanContext:
    return PlanContext(
        mutability=members.pop("mutability", TagMutability()),
        tags={tag: image for image in images for tag in image.tags},
        images={image.digest: image for image in images},
        **members,
    )


def plan(context: PlanContext, *changes: tuple[str, str], write_policy: WritePolicy | None = None) -> Plan:
    tag_changes = [TagChange("team/app", tag, digest) for tag, digest in changes]
    return make_plan(tag_changes, {"team/app": context}, write_policy or WritePolicy(), plan_id="p", now=NOW)


def test_remaining_tags_are_those_after_the_whole_plan() -> None:
    context = context_of(Image(A, ("a", "b")), Image(B, ("c",)))
    first, second = plan(context, ("a", B), ("b", B)).steps
    assert (first.remaining_tags, first.becomes_untagged) == ((), True)
    assert second.becomes_untagged
    (back, _) = plan(context, ("a", B), ("new", A)).steps
    assert back.remaining_tags == ("b", "new")


def test_removals_come_last_and_keep_the_last_tag() -> None:
    context = context_of(Image(A, ("a",)))
    assert plan(context, ("a", "")).steps[0].action is StepAction.REFUSED
    steps = plan(context, ("a", ""), ("kept", A)).steps
    assert [(step.tag, step.action) for step in steps] == [("kept", StepAction.CREATE), ("a", StepAction.REMOVE)]


def test_an_image_that_is_being_restored_has_to_be_waited_for() -> None:
    context = context_of(Image(A, ("a", "b"), status="ACTIVATING"), Image(B, ("c",)))
    refused, removed = plan(context, ("new", A), ("a", "")).steps
    assert "wait until it is active" in refused.reason
    assert refused.reason == removed.reason
    (moved,) = plan(context, ("a", B)).steps
    assert moved.warnings == ()


def test_a_tag_occurs_once() -> None:
    context = context_of(Image(A, ("a",)), Image(B, ("b",)))
    steps = plan(context, ("new", A), ("new", B), ("new", A)).steps
    assert [step.action for step in steps] == [StepAction.CREATE, StepAction.REFUSED]


def test_a_swap_leaves_no_image_untagged() -> None:
    steps = plan(context_of(Image(A, ("a",)), Image(B, ("b",))), ("a", B), ("b", A)).steps
    assert [step.becomes_untagged for step in steps] == [False, False]


def test_protected_tags_match_patterns_of_steps_that_write() -> None:
    context = context_of(Image(A, ("prod-eu", "latest")), Image(B))
    result = plan(context, ("prod-eu", B), ("latest", A), ("fine", B), write_policy=WritePolicy(("prod*", "latest")))
    assert result.protected_tags == ("prod-eu",)


def test_a_tag_that_is_nearly_a_protected_one_is_named() -> None:
    context = context_of(Image(A, ("Latest",)), Image(B))
    changes = (("Prod-EU", B), ("Latest", B), ("staging", B), ("latest", B))
    result = plan(context, *changes, write_policy=WritePolicy(("prod*", "latest")))
    similar = "the tag is not protected: it differs from {} in capital letters"
    assert [step.warnings for step in result.steps] == [(similar.format("prod*"),), (similar.format("latest"),), (), ()]


def policy(*rules: tuple[str, int]) -> Any:
    return parse_policy(
        json.dumps(
            {
                "rules": [
                    {
                        "rulePriority": number,
                        "selection": {
                            "tagStatus": "tagged" if status else "untagged",
                            **({"tagPatternList": [status]} if status else {}),
                            "countType": "sinceImagePushed",
                            "countUnit": "days",
                            "countNumber": days,
                        },
                        "action": {"type": "expire"},
                    }
                    for number, (status, days) in enumerate(rules, 1)
                ]
            }
        )
    )


def test_an_expiry_is_a_warning_if_soon_and_else_a_note() -> None:
    old = Image(A, ("prod",), NOW - 3 * DAY)
    new = Image(B, ("rc",), NOW - 3 * DAY)
    soon = plan(context_of(old, new, policy=policy(("", 7))), ("prod", B)).steps[0]
    assert "would expire in 4 days" in soon.warnings[0]
    far = plan(context_of(old, new, policy=policy(("", 365))), ("prod", B)).steps[0]
    assert not far.warnings
    assert "would expire in 362 days" in far.notes[0]
    none = plan(context_of(old, new, policy=policy(("other*", 7))), ("prod", B)).steps[0]
    assert none.notes == ("the old image is kept: no lifecycle rule selects it",)
    removal = plan(context_of(Image(A, ("pr-1", "x"), NOW - 3 * DAY), policy=policy(("x", 7))), ("pr-1", "")).steps[0]
    assert "this image (pushed 3 days ago) would expire in 4 days" in removal.warnings[0]
    assert "push time" not in removal.warnings[0]


def test_a_plan_says_a_warning_once_for_all_tags_that_it_holds_for() -> None:
    image, old = Image(B, ("rc",), NOW - 3 * DAY), Image(A, ("prod",), NOW - 2 * DAY)
    context = context_of(old, image, policy=policy(("*", 7)))
    text = str(plan(context, ("next", B), ("canary", B)))
    assert text.splitlines()[:2] == [f"team/app:{tag} new → {B[7:19]}" for tag in ("next", "canary")]
    assert [line[:20] for line in text.splitlines()[2:]] == ["! lifecycle rule 1 e"]
    mixed = str(plan(context, ("next", B), ("prod", B), ("canary", A))).splitlines()
    assert [line.partition(": lifecycle")[0] for line in mixed if "this image (pushed 3 days" in line] == [
        "! team/app:next, team/app:prod"
    ]
    assert [line[:3] for line in mixed if "the old image (pushed 2 days" in line] == ["  !"]


def test_rules_of_replication_that_are_not_known_are_a_warning_about_what_is_written() -> None:
    context = context_of(Image(A, ("prod", "old")), replication=Replication(problem="Access denied"))
    start = "could not read the replication rules, so it is not known whether "
    removed = "removed tags are removed elsewhere too, where ECR deletes an image with its last tag"
    assert plan(context, ("next", A)).warnings == (f"{start}the tags replicate: Access denied",)
    assert plan(context, ("old", "")).warnings == (f"{start}{removed}: Access denied",)
    both = plan(context, ("next", A), ("old", "")).warnings
    assert both == (f"{start}the tags replicate and {removed}: Access denied",)
    assert plan(context, ("prod", A)).warnings == ()


def test_a_retagged_image_that_would_expire_is_a_warning() -> None:
    promoted = Image(B, (), NOW - 40 * DAY)
    (step,) = plan(context_of(promoted, policy=policy(("prod*", 30))), ("prod", B)).steps
    assert "would expire within 24 hours (a retag does not change the push time)" in step.warnings[0]


def newest(count: int, pattern: str, action: str = "expire") -> Any:
    selection = {
        "tagStatus": "tagged",
        "tagPatternList": [pattern],
        "countType": "imageCountMoreThan",
        "countNumber": count,
    }
    target = {"targetStorageClass": "archive"} if action == "transition" else {}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": action, **target}}
    return parse_policy(json.dumps({"rules": [rule]}))


def test_a_new_tag_that_pushes_other_images_out_of_a_rule_is_a_warning() -> None:
    kept = [Image(digest, (f"release-{age}",), NOW - age * DAY) for age, digest in enumerate((A, B), 1)]
    for age, rule, warned in (
        (0, newest(2, "release-*"), ["release-2"]),  # it is newer than both, so the older one goes
        (1.5, newest(2, "release-*"), ["release-2"]),
        (9, newest(2, "release-*"), []),  # it goes itself; that is a warning of its step
        (0, newest(3, "release-*"), []),
        (0, newest(2, "main-*"), []),
        (0, newest(2, "release-*", "transition"), ["release-2"]),
    ):
        added = Image(C, (), NOW - age * DAY)
        context = context_of(added, *kept, policy=rule, all_images=(added, *kept))
        warnings = plan(context, ("release-x", C)).warnings
        assert [words.rpartition(": ")[2] for words in warnings] == warned
        verb = rule.rules[0].verb
        assert all(f"1 other image would {verb} within 24 hours because of the new tags" in words for words in warnings)
    restored = Image(C, (), NOW - 9 * DAY, activated_at=NOW)  # it counts from its restore
    context = context_of(restored, *kept, policy=newest(2, "release-*"), all_images=(restored, *kept))
    assert "release-2" in plan(context, ("release-x", C)).warnings[0]
    assert plan(context, ("release-1", B)).warnings == ()  # a tag that moves between two that count


def test_an_image_of_an_index_does_not_expire() -> None:
    old = Image(A, ("prod",), NOW - 30 * DAY)
    context = context_of(old, Image(B, ("rc",)), policy=policy(("", 7)), indexes={C: {A: "linux/amd64"}})
    step = plan(context, ("prod", B)).steps[0]
    assert not step.warnings
    assert "refers to it" in step.notes[0]


def test_a_step_has_a_readable_text() -> None:
    context = context_of(Image(A, ("prod",)), Image(B, ("rc", "x")))
    result = plan(context, ("prod", B), ("new", B), ("rc", B), ("gone", ""), ("x", ""))
    assert [str(step) for step in result.steps] == [
        "team/app:prod moves aaaaaaaaaaaa → bbbbbbbbbbbb",
        "team/app:new new → bbbbbbbbbbbb",
        "team/app:rc already at bbbbbbbbbbbb",
        "team/app:gone not there",
        "team/app:x is removed from bbbbbbbbbbbb",
    ]


names = st.sampled_from(["a", "b", "c", "d", "-bad"])


@given(
    st.dictionaries(names, st.sampled_from(DIGESTS), max_size=5),
    st.lists(st.tuples(names, st.sampled_from([*DIGESTS, ""])), max_size=8),
    st.booleans(),
)
def test_steps_leave_every_image_with_its_remaining_tags(
    tags: dict[str, str], tag_changes: list[tuple[str, str]], immutable: bool
) -> None:
    images = [Image(digest, tuple(sorted(tag for tag, at in tags.items() if at == digest))) for digest in DIGESTS]
    result = plan(context_of(*images, mutability=TagMutability("IMMUTABLE" if immutable else "MUTABLE")), *tag_changes)
    now = dict(tags)
    for step in result.write_steps:
        assert now.get(step.tag, "") == step.before
        if step.action is StepAction.REMOVE:
            assert list(now.values()).count(step.before) > 1, "the last tag of an image"
            del now[step.tag]
        else:
            now[step.tag] = step.after
    for step in result.write_steps:
        if step.before:
            assert set(step.remaining_tags) == {tag for tag, at in now.items() if at == step.before}
            assert step.becomes_untagged == (not step.remaining_tags)
    assert len({step.key for step in result.write_steps}) == len(result.write_steps)
    assert not (immutable and any(step.action is StepAction.MOVE for step in result.steps))
    assert isinstance(str(result), str) and all(isinstance(step, Step) for step in result.steps)
