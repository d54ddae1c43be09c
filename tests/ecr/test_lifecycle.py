"""The lifecycle evaluator: the cases of the user guide, and agreement with GetLifecyclePolicyPreview."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.ecr.image import Image
from ecrtui.ecr.lifecycle import LifecyclePolicy, evaluate, parse_policy, predict
from ecrtui.ecr.units import DAY
from ecrtui.registry.protocol import Registry
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.support.embedded import client_for, create_repository, manifest_text, new_embedded, put

NOW = 1_800_000_000.0


def image(name: str, days: float, *tags: str, **members: Any) -> Image:
    return Image(f"sha256:{name * 64}"[:71], tags, NOW - days * DAY, **members)


def policy(*rules: dict[str, Any], action: str = "expire") -> LifecyclePolicy:
    parsed = parse_policy(text_of([{"selection": rule, "action": {"type": action}} for rule in rules]))
    assert not parsed.problem
    return parsed


def text_of(rules: list[dict[str, Any]]) -> str:
    return json.dumps({"rules": [{"rulePriority": number, **rule} for number, rule in enumerate(rules, 1)]})


def taken(rules: LifecyclePolicy, *images: Image, **options: Any) -> dict[str, int]:
    return {digest: rule.priority for digest, rule in evaluate(rules, images, NOW, **options).items()}


def newest(count: int, **selection: Any) -> dict[str, Any]:
    return {"countType": "imageCountMoreThan", "countNumber": count, **selection}


def days(count: int, kind: str = "sinceImagePushed", **selection: Any) -> dict[str, Any]:
    return {"countType": kind, "countUnit": "days", "countNumber": count, **selection}


def test_an_image_that_a_higher_rule_selects_is_spared_by_a_lower_one() -> None:
    """The user guide's example with two tag patterns: the second image is not touched by the second rule."""
    a, b, c = image("a", 10, "beta-1", "prod-1"), image("b", 9, "beta-2", "prod-2"), image("c", 8, "beta-3")
    prod, beta = (newest(1, tagStatus="tagged", tagPatternList=[pattern]) for pattern in ("prod*", "beta*"))
    assert taken(policy(prod, beta), a, b, c) == {a.digest: 1}


def test_every_pattern_of_a_rule_has_to_match_some_tag() -> None:
    a, b = image("a", 20, "alpha", "beta"), image("b", 20, "alpha")
    rule = days(14, tagStatus="tagged", tagPatternList=["alpha", "be*"])
    assert taken(policy(rule), a, b) == {a.digest: 1}


def test_a_pattern_is_matched_as_a_whole_and_a_prefix_at_the_front() -> None:
    a = image("a", 20, "my-prod-1")
    assert not taken(policy(days(1, tagStatus="tagged", tagPatternList=["prod*"])), a)
    assert taken(policy(days(1, tagStatus="tagged", tagPatternList=["*prod*"])), a)
    assert not taken(policy(days(1, tagStatus="tagged", tagPrefixList=["prod"])), a)


def test_age_goes_by_the_push_or_by_the_pull() -> None:
    pulled, never = image("a", 30, last_pulled_at=NOW - 2 * DAY), image("b", 30)
    assert taken(policy(days(14, tagStatus="any")), pulled, never) == {pulled.digest: 1, never.digest: 1}
    assert taken(policy(days(14, "sinceImagePulled", tagStatus="any")), pulled, never) == {never.digest: 1}


def test_the_archive_has_rules_of_its_own() -> None:
    there, here = image("a", 300, status="ARCHIVED", archived_at=NOW - 100 * DAY), image("b", 300)
    rule = days(90, "sinceImageTransitioned", tagStatus="any", storageClass="archive")
    assert taken(policy(rule), there, here) == {there.digest: 1}
    assert taken(policy(days(1, tagStatus="any")), there, here) == {here.digest: 1}


def test_what_an_index_refers_to_stays() -> None:
    child = image("a", 30)
    rules = policy(days(1, tagStatus="untagged"))
    assert taken(rules, child)
    assert not taken(rules, child, referenced={child.digest})


def test_the_fate_of_an_image_is_told_with_its_time_and_its_rank() -> None:
    old, young = image("a", 30), image("b", 3)
    ages = policy(days(7, tagStatus="untagged"))
    assert predict(ages, young, None, NOW).due_at == NOW + 4 * DAY
    assert predict(ages, image("c", 3, "tagged"), None, NOW) is None
    counts = policy(newest(1, tagStatus="any"))
    assert predict(counts, old, None, NOW).known is False
    assert (predict(counts, old, [old, young], NOW).rank, predict(counts, old, [old, young], NOW).due_at) == (2, NOW)
    assert (predict(counts, young, [old, young], NOW).rank, predict(counts, young, [old, young], NOW).due_at) == (
        1,
        None,
    )


def test_a_rule_is_told_in_words() -> None:
    words = [str(rule) for rule in policy(days(1, tagStatus="untagged"), newest(5, tagStatus="any")).rules]
    assert words == [
        "lifecycle rule 1 expires untagged images 1 day after their push",
        "lifecycle rule 2 expires all images beyond the newest 5",
    ]


@pytest.mark.parametrize("text", ["{", "[]", '{"rules": 1}', '{"rules": [{"rulePriority": 1}]}', "[" * 100_000])
def test_a_policy_that_cannot_be_read_is_a_problem_not_an_error(text: str) -> None:
    assert "cannot be read" in parse_policy(text).problem
    assert parse_policy("") == LifecyclePolicy()


TAGS = ("prod-1", "prod-2", "beta-1", "beta", "x")
MAX_IMAGES = 6

_images = st.lists(
    st.tuples(
        st.integers(0, 60),  # days since the push
        st.sets(st.integers(0, len(TAGS) - 1), max_size=3),
        st.none() | st.integers(0, 40),  # days since the last pull
        st.none() | st.integers(0, 200),  # days in the archive
    ),
    min_size=1,
    max_size=MAX_IMAGES,
)
_lists = st.sampled_from([["prod*"], ["*-1"], ["prod-1", "be*"], ["beta"], ["*"]])
_selections = st.one_of(
    st.builds(lambda patterns: {"tagStatus": "tagged", "tagPatternList": patterns}, _lists),
    st.builds(lambda prefixes: {"tagStatus": "tagged", "tagPrefixList": prefixes}, st.sampled_from([["prod"], ["be"]])),
    st.just({"tagStatus": "untagged"}),
)
_measures = st.one_of(
    st.builds(newest, st.integers(1, 4)),
    st.builds(days, st.integers(1, 50), st.sampled_from(["sinceImagePushed", "sinceImagePulled"])),
)
_in_archive = days(90, "sinceImageTransitioned", tagStatus="any", storageClass="archive")


@st.composite
def _policies(draw: st.DrawFn) -> str:
    selections = draw(st.lists(_selections, max_size=4, unique_by=json.dumps))
    if draw(st.booleans()) or not selections:
        selections.append({"tagStatus": "any"})
    rules = []
    for selection in selections:
        transition = draw(st.booleans())
        action = {"type": "transition", "targetStorageClass": "archive"} if transition else {"type": "expire"}
        rules.append({"selection": {**selection, **draw(_measures)}, "action": action})
    if draw(st.booleans()):
        rules.append({"selection": _in_archive, "action": {"type": "expire"}})
    return text_of(rules)


@cache
def _server() -> tuple[Any, Any, Registry, list[str]]:
    embedded = new_embedded(clock=lambda: NOW)
    client = client_for(embedded)
    create_repository(client, "team/app")
    texts = [manifest_text(client, "team/app", f"image {number}") for number in range(MAX_IMAGES)]
    return embedded, client, open_registry(Connection(), embedded=embedded), texts


@settings(max_examples=120, deadline=None)
@given(_images, _policies())
def test_the_preview_of_the_registry_says_the_same(images: list[tuple[Any, ...]], text: str) -> None:
    embedded, client, registry, texts = _server()
    with embedded.database.write() as connection:
        connection.execute("DELETE FROM tags")
        connection.execute("DELETE FROM images")
    free = set(range(len(TAGS)))
    for (pushed, tags, pulled, archived), manifest in zip(images, texts, strict=False):
        digest = put(client, "team/app", manifest).digest
        for tag in sorted(tags & free):
            put(client, "team/app", manifest, TAGS[tag])
        free -= tags
        with embedded.database.write() as connection:
            connection.execute(
                "UPDATE images SET pushed_at = ?, last_pulled_at = ?, status = ?, last_archived_at = ?"
                " WHERE digest = ?",
                (
                    NOW - pushed * DAY - 1,
                    None if pulled is None else NOW - pulled * DAY - 1,
                    "ACTIVE" if archived is None else "ARCHIVED",
                    None if archived is None else NOW - archived * DAY - 1,
                    digest,
                ),
            )
    client.start_lifecycle_policy_preview(repositoryName="team/app", lifecyclePolicyText=text)
    preview = client.get_lifecycle_policy_preview(repositoryName="team/app")["previewResults"]
    told = {result["imageDigest"]: result["appliedRulePriority"] for result in preview}
    everything = [found for page in registry.images("team/app") for found in page.items]
    ours = {digest: rule.priority for digest, rule in evaluate(parse_policy(text), everything, NOW).items()}
    assert ours == told
    for found in everything:
        known = predict(parse_policy(text), found, everything, NOW)
        due = known is not None and known.due_at is not None and known.due_at <= NOW
        assert due == (found.digest in told)
