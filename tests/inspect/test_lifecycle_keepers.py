"""What would keep an image, against an evaluation of the policy with the other tags."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.image import Image
from ecrtui.ecr.lifecycle import LifecyclePolicy
from ecrtui.ecr.lifecycle_document import parse_policy
from ecrtui.ecr.units import DAY
from ecrtui.inspect.lifecycle import dry_run
from ecrtui.inspect.lifecycle_keepers import possible_keeper
from tests.ecr.lifecycle_oracle import evaluate

NOW = 1_800_000_000.0
TAGS = ("main-1", "main-2", "release-1", "prod", "x")
FREE = "unselected"

COUNTS = st.one_of(
    st.builds(lambda count: {"countType": "imageCountMoreThan", "countNumber": count}, st.integers(1, 4)),
    st.builds(
        lambda kind, count: {"countType": kind, "countUnit": "days", "countNumber": count},
        st.sampled_from(("sinceImagePushed", "sinceImagePulled")),
        st.integers(1, 20),
    ),
)
SELECTIONS = st.one_of(
    st.just({"tagStatus": "untagged"}),
    st.just({"tagStatus": "any"}),
    st.sampled_from((["main-*"], ["release-*"], ["prod"], ["*"], ["main-*", "prod"], ["*-1"])).map(
        lambda patterns: {"tagStatus": "tagged", "tagPatternList": patterns}
    ),
    st.sampled_from((["main"], ["main-", "rel"])).map(lambda names: {"tagStatus": "tagged", "tagPrefixList": names}),
)


@st.composite
def policies(draw: st.DrawFn) -> LifecyclePolicy:
    rules = [
        {"rulePriority": number, "selection": {**selection, **draw(COUNTS)}, "action": {"type": "expire"}}
        for number, selection in enumerate(draw(st.lists(SELECTIONS, min_size=1, max_size=4, unique_by=str)), 1)
    ]
    return parse_policy(json.dumps({"rules": rules}))


@st.composite
def repositories(draw: st.DrawFn) -> Sequence[Image]:
    return [
        Image(
            f"sha256:{number:064}",
            tuple(draw(st.lists(st.sampled_from(TAGS), max_size=3, unique=True))),
            NOW - draw(st.integers(0, 30)) * DAY - number - 1,
            last_pulled_at=draw(st.none() | st.just(NOW - DAY / 2)),
        )
        for number in range(draw(st.integers(1, 7)))
    ]


@given(policies(), repositories())
def test_an_image_stays_with_what_would_keep_it_and_goes_with_any_other_tag(
    policy: LifecyclePolicy, images: Sequence[Image]
) -> None:
    if policy.problem:
        return
    run = dry_run(policy, images, lambda digest: "", NOW)

    def goes(image: Image, tags: Iterable[str], **members: Any) -> bool:
        other = replace(image, tags=tuple(tags), **members)
        after = [other if one.digest == image.digest else one for one in images]
        return image.digest in evaluate(policy, after, NOW)

    for image, rule in run.acting.values():
        keeper = possible_keeper(run, rule, image)
        further = [goes(image, (*image.tags, tag)) for tag in (*TAGS, FREE)]
        if keeper == "a tag that no rule selects" or keeper.endswith(": any tag"):
            assert not goes(image, (*image.tags, FREE))
        elif found := re.fullmatch(r"rule \d+: a tag (.*)", keeper):
            tags = [pattern.replace("*", "1") for pattern in found[1].split(" and ")]
            assert not goes(image, (*image.tags, *tags))
        elif keeper.startswith("the removal of "):
            removed = keeper.removeprefix("the removal of ").split(", ")
            assert not goes(image, [tag for tag in image.tags if tag not in removed])
        elif keeper == "a pull":
            assert not goes(image, image.tags, last_pulled_at=NOW)
        else:
            assert keeper == "another policy"
            assert all(further)
