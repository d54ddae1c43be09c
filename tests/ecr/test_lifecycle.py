"""Lifecycle policies: the cases of the user guide, and agreement with GetLifecyclePolicyPreview."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.image import Image
from ecrtui.ecr.lifecycle import LifecyclePolicy, LifecyclePrediction, predict
from ecrtui.ecr.lifecycle_document import parse_policy
from ecrtui.ecr.units import DAY
from ecrtui.registry.protocol import Registry
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.ecr.lifecycle_oracle import evaluate
from tests.support.embedded import client_for, create_repository, manifest_text, new_embedded, put

NOW = 1_800_000_000.0


def image(name: str, days: float, *tags: str, **members: Any) -> Image:
    return Image(f"sha256:{name * 64}"[:71], tags, NOW - days * DAY, **members)


def policy(*rules: dict[str, Any], action: str = "expire") -> LifecyclePolicy:
    parsed = parse_policy(policy_text([{"selection": rule, "action": {"type": action}} for rule in rules]))
    assert not parsed.problem
    return parsed


def policy_text(rules: list[dict[str, Any]]) -> str:
    return json.dumps({"rules": [{"rulePriority": number, **rule} for number, rule in enumerate(rules, 1)]})


def removed(rules: LifecyclePolicy, *images: Image, **options: Any) -> dict[str, int]:
    return {digest: rule.priority for digest, rule in evaluate(rules, images, NOW, **options).items()}


def predicted(rules: LifecyclePolicy, subject: Image, images: list[Image] | None = None) -> LifecyclePrediction:
    prediction = predict(rules, subject, images, NOW)
    assert prediction is not None
    return prediction


def newest(count: int, **selection: Any) -> dict[str, Any]:
    return {"countType": "imageCountMoreThan", "countNumber": count, **selection}


def days(count: int, kind: str = "sinceImagePushed", **selection: Any) -> dict[str, Any]:
    return {"countType": kind, "countUnit": "days", "countNumber": count, **selection}


def test_a_rule_spares_images_that_a_rule_of_higher_priority_selects() -> None:
    """The example of the user guide with two tag patterns: the second rule does not apply to the second image."""
    a, b, c = image("a", 10, "beta-1", "prod-1"), image("b", 9, "beta-2", "prod-2"), image("c", 8, "beta-3")
    prod, beta = (newest(1, tagStatus="tagged", tagPatternList=[pattern]) for pattern in ("prod*", "beta*"))
    assert removed(policy(prod, beta), a, b, c) == {a.digest: 1}


def test_every_pattern_of_a_rule_must_match_a_tag() -> None:
    a, b = image("a", 20, "alpha", "beta"), image("b", 20, "alpha")
    rule = days(14, tagStatus="tagged", tagPatternList=["alpha", "be*"])
    assert removed(policy(rule), a, b) == {a.digest: 1}


def test_a_pattern_matches_the_whole_tag_and_a_prefix_its_start() -> None:
    a = image("a", 20, "my-prod-1")
    assert not removed(policy(days(1, tagStatus="tagged", tagPatternList=["prod*"])), a)
    assert removed(policy(days(1, tagStatus="tagged", tagPatternList=["*prod*"])), a)
    assert not removed(policy(days(1, tagStatus="tagged", tagPrefixList=["prod"])), a)


def test_the_age_is_measured_from_the_push_or_the_last_pull() -> None:
    pulled, never = image("a", 30, last_pulled_at=NOW - 2 * DAY), image("b", 30)
    assert removed(policy(days(14, tagStatus="any")), pulled, never) == {pulled.digest: 1, never.digest: 1}
    assert removed(policy(days(14, "sinceImagePulled", tagStatus="any")), pulled, never) == {never.digest: 1}


def test_the_age_of_a_restored_image_starts_at_its_restore() -> None:
    """User guide: "the image's last_activated_at is used instead of pushed_at_time"."""
    restored, pushed = image("a", 100, activated_at=NOW - DAY), image("b", 50)
    for rule in (days(30), days(30, "sinceImagePulled"), newest(1)):
        assert removed(policy({**rule, "tagStatus": "any"}), restored, pushed) == {pushed.digest: 1}
    assert predicted(policy(days(30, tagStatus="any")), restored).due_at == NOW + 29 * DAY
    pulled = image("a", 100, last_pulled_at=NOW - 40 * DAY, activated_at=NOW - DAY)
    assert predicted(policy(days(30, "sinceImagePulled", tagStatus="any")), pulled).due_at == NOW + 29 * DAY
    ranks = [predicted(policy(newest(1, tagStatus="any")), one, [restored, pushed]).rank for one in (restored, pushed)]
    assert ranks == [1, 2]


def test_only_rules_for_the_archive_apply_to_archived_images() -> None:
    archived, active = image("a", 300, status="ARCHIVED", archived_at=NOW - 100 * DAY), image("b", 300)
    rule = days(90, "sinceImageTransitioned", tagStatus="any", storageClass="archive")
    assert removed(policy(rule), archived, active) == {archived.digest: 1}
    assert removed(policy(days(1, tagStatus="any")), archived, active) == {active.digest: 1}


def test_images_that_an_index_refers_to_are_kept() -> None:
    child = image("a", 30)
    rules = policy(days(1, tagStatus="untagged"))
    assert removed(rules, child)
    assert not removed(rules, child, referenced={child.digest})


def test_a_prediction_has_a_time_and_a_rank() -> None:
    old, young = image("a", 30), image("b", 3)
    ages = policy(days(7, tagStatus="untagged"))
    assert predicted(ages, young).due_at == NOW + 4 * DAY
    assert predict(ages, image("c", 3, "tagged"), None, NOW) is None
    counts = policy(newest(1, tagStatus="any"))
    assert predicted(counts, old).known is False
    second, first = predicted(counts, old, [old, young]), predicted(counts, young, [old, young])
    assert (second.rank, second.due_at) == (2, NOW)
    assert (first.rank, first.due_at) == (1, None)


def test_a_rule_reads_as_a_sentence() -> None:
    words = [str(rule) for rule in policy(days(1, tagStatus="untagged"), newest(5, tagStatus="any")).rules]
    assert words == [
        "lifecycle rule 1 expires untagged images 1 day after their push",
        "lifecycle rule 2 expires all images beyond the newest 5",
    ]


TAGS = ("prod-1", "prod-2", "beta-1", "beta", "x")
MAX_IMAGES = 6

_images = st.lists(
    st.tuples(
        st.integers(0, 60),  # days since the push
        st.sets(st.integers(0, len(TAGS) - 1), max_size=3),
        st.none() | st.integers(0, 40),  # days since the last pull
        st.none() | st.integers(0, 200),  # days in the archive
        st.none() | st.integers(0, 60),  # days since the last restore from the archive
    ),
    min_size=1,
    max_size=MAX_IMAGES,
)
_patterns = st.sampled_from([["prod*"], ["*-1"], ["prod-1", "be*"], ["beta"], ["*"]])
_selections = st.one_of(
    st.builds(lambda patterns: {"tagStatus": "tagged", "tagPatternList": patterns}, _patterns),
    st.builds(lambda prefixes: {"tagStatus": "tagged", "tagPrefixList": prefixes}, st.sampled_from([["prod"], ["be"]])),
    st.just({"tagStatus": "untagged"}),
)
_criteria = st.one_of(
    st.builds(newest, st.integers(1, 4)),
    st.builds(days, st.integers(1, 50), st.sampled_from(["sinceImagePushed", "sinceImagePulled"])),
)
_archive_rule = days(90, "sinceImageTransitioned", tagStatus="any", storageClass="archive")


@st.composite
def _policies(draw: st.DrawFn) -> str:
    selections = draw(st.lists(_selections, max_size=4, unique_by=json.dumps))
    if draw(st.booleans()) or not selections:
        selections.append({"tagStatus": "any"})
    rules = []
    for selection in selections:
        transition = draw(st.booleans())
        action = {"type": "transition", "targetStorageClass": "archive"} if transition else {"type": "expire"}
        rules.append({"selection": {**selection, **draw(_criteria)}, "action": action})
    if draw(st.booleans()):
        rules.append({"selection": _archive_rule, "action": {"type": "expire"}})
    return policy_text(rules)


@cache
def _server() -> tuple[Any, Any, Registry, list[str]]:
    embedded = new_embedded(clock=lambda: NOW)
    client = client_for(embedded)
    create_repository(client, "team/app")
    texts = [manifest_text(client, "team/app", f"image {number}") for number in range(MAX_IMAGES)]
    return embedded, client, open_registry(Connection(), embedded=embedded), texts


@given(_images, _policies())
def test_predictions_agree_with_the_preview_of_the_registry(images: list[tuple[Any, ...]], text: str) -> None:
    embedded, client, registry, texts = _server()
    with embedded.database.write() as connection:
        connection.execute("DELETE FROM tags")
        connection.execute("DELETE FROM images")
    free = set(range(len(TAGS)))
    for (pushed, tags, pulled, archived, restored), manifest in zip(images, texts, strict=False):
        digest = put(client, "team/app", manifest).digest
        for tag in sorted(tags & free):
            put(client, "team/app", manifest, TAGS[tag])
        free -= tags
        with embedded.database.write() as connection:
            connection.execute(
                "UPDATE images SET pushed_at = ?, last_pulled_at = ?, status = ?, last_archived_at = ?,"
                " last_activated_at = ? WHERE digest = ?",
                (
                    NOW - pushed * DAY - 1,
                    None if pulled is None else NOW - pulled * DAY - 1,
                    "ACTIVE" if archived is None else "ARCHIVED",
                    None if archived is None else NOW - archived * DAY - 1,
                    None if restored is None else NOW - restored * DAY - 1,
                    digest,
                ),
            )
    client.start_lifecycle_policy_preview(repositoryName="team/app", lifecyclePolicyText=text)
    preview = client.get_lifecycle_policy_preview(repositoryName="team/app")["previewResults"]
    previewed = {result["imageDigest"]: result["appliedRulePriority"] for result in preview}
    everything = [found for page in registry.images("team/app") for found in page.items]
    evaluated = {digest: rule.priority for digest, rule in evaluate(parse_policy(text), everything, NOW).items()}
    assert evaluated == previewed
    for found in everything:
        prediction = predict(parse_policy(text), found, everything, NOW)
        due = prediction is not None and prediction.due_at is not None and prediction.due_at <= NOW
        assert due == (found.digest in previewed)
