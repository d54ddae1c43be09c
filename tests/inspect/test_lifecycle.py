"""The dry run of a lifecycle policy, against values and against the preview of the embedded registry."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from ecrtui.ecr.image import Image
from ecrtui.ecr.lifecycle import LifecyclePreview, PreviewedImage
from ecrtui.ecr.lifecycle_document import parse_policy
from ecrtui.ecr.units import DAY
from ecrtui.errors import EcrTuiError, ErrorKind, Refused
from ecrtui.inspect.lifecycle import DryRun, dry_run, outcome_words, rule_differences
from ecrtui.inspect.lifecycle_export import dry_run_document, dry_run_texts
from ecrtui.inspect.lifecycle_keepers import keeping_rule, possible_keeper
from ecrtui.inspect.lifecycle_preview import LONGEST_PAUSE, TIMEOUT, preview_policy
from ecrtui.registry.protocol import Registry
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index

NOW = 1_700_000_000.0


def image(name: str, *tags: str, age: float, size: int = 10, **members: Any) -> Image:
    return Image(f"sha256:{name:0>64}", tags, NOW - age * DAY, size, **members)


ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}


def rule(priority: int, status: str, count: int, days: bool = True, action: Any = None, **selection: Any) -> Any:
    kind = {"countType": "sinceImagePushed", "countUnit": "days"} if days else {"countType": "imageCountMoreThan"}
    return {
        "rulePriority": priority,
        "selection": {"tagStatus": status, **selection, **kind, "countNumber": count},
        "action": action or {"type": "expire"},
    }


def policy_text(*rules: Any) -> str:
    return json.dumps({"rules": rules}, indent=4)


def evaluated(images: Sequence[Image], *rules: Any, parts: Mapping[str, str | None] | None = None) -> DryRun:
    index_of: Callable[[str], str | None] = lambda digest: (parts or {}).get(digest, "")  # noqa: E731
    return dry_run(parse_policy(policy_text(*rules)), images, index_of, NOW)


def acting(run: DryRun) -> list[list[str]]:
    return [[image.digest[-2:].lstrip("0") for image in outlook.acting] for outlook in run.outlooks]


MAIN = rule(1, "tagged", 2, days=False, tagPrefixList=["main-"])
UNTAGGED = rule(2, "untagged", 7)
PR = rule(3, "tagged", 14, tagPatternList=["pr-*"])


def test_each_rule_says_what_it_selects_keeps_and_does() -> None:
    images = [
        image("a", "main-1", age=3),
        image("b", "main-2", age=2),
        image("c", "main-3", "pr-9", age=90),  # the first rule that selects an image decides
        image("d", age=9, size=216),
        image("e", age=30, size=100),
        image("f", age=1),
        image("g", "nightly", "pr-4711", age=9),
        image("h", "prod", age=900),
    ]
    run = evaluated(images, MAIN, UNTAGGED, PR)
    assert acting(run) == [["c"], ["e", "d"], []]  # oldest first
    assert [outlook.rule.selection for outlook in run.outlooks] == ["tagged main-*", "untagged", "tagged pr-*"]
    assert [outlook.rule.limit for outlook in run.outlooks] == ["newest 2", "7 d since push", "14 d since push"]
    assert [outlook.selected for outlook in run.outlooks] == [3, 3, 2]
    assert run.outlooks[1].bytes == 316
    assert [outcome_words(outlook, NOW) for outlook in run.outlooks] == [
        "expire 1 now, then main-1 with the next push",
        "expire 2 now, then 000000000000 in 6 d",
        "expire pr-4711 in 5 d",
    ]


@pytest.mark.parametrize(
    ("images", "one_rule", "words"),
    [
        ([], UNTAGGED, "selects no image"),
        ([image("a", "main-1", age=1)], MAIN, "nothing: 1 of 2"),
        ([image("a", "main-1", age=1), image("b", "main-2", age=2)], MAIN, "expire main-2 with the next push"),
        ([Image("sha256:a")], UNTAGGED, "1 image of unknown age"),
        ([image("a", age=8)], rule(1, "untagged", 7, action=ARCHIVE), "archive 1 now"),
        ([image("a", age=7)], UNTAGGED, "expire 000000000000 in 0 s"),  # ECR: older than 7 days
    ],
)
def test_the_outcome_of_a_rule_is_a_sentence(images: list[Image], one_rule: Any, words: str) -> None:
    (outlook,) = evaluated(images, one_rule).outlooks
    assert outcome_words(outlook, NOW) == words


def test_the_referrers_of_images_that_go_go_with_them() -> None:
    main, kept = image("a", "main-1", age=9), image("b", "main-2", age=2)
    sbom = image("c", "sbom", age=9, size=100, subject=main.digest)
    signature = image("d", "sig", age=9, size=20, subject=sbom.digest)  # of the SBOM
    held = image("e", "main-3", age=3, subject=main.digest)  # a rule keeps it, but it goes with its subject
    part = image("f", "part", age=3, subject=main.digest)
    run = evaluated(
        [main, kept, sbom, signature, held, part],
        rule(1, "tagged", 2, days=False, tagPrefixList=["main-"]),
        parts={part.digest: "sha256:index"},
    )
    (outlook,) = run.outlooks
    assert [one.digest for one in outlook.acting] == [main.digest]
    assert {one.digest for one in outlook.referrers} == {sbom.digest, signature.digest, held.digest}
    assert (outlook.bytes, run.referrers, run.acting_referrers) == (140, 3, 0)
    document = dry_run_document("app", run, NOW)
    assert document["referrersThatGo"] == 3
    assert document["rules"][0]["referrers"][0]["subject"] == main.digest


def test_a_referrer_that_a_rule_selects_depends_on_its_subject() -> None:
    stays, goes = image("a", "prod", age=90), image("b", age=90)
    signatures = [image(name, age=90, subject=subject.digest) for name, subject in (("c", stays), ("d", goes))]
    run = evaluated([stays, goes, *signatures], UNTAGGED)
    assert acting(run) == [["b", "c", "d"]]
    assert (run.referrers, run.acting_referrers) == (0, 1)
    keepers = [possible_keeper(run, run.outlooks[0].rule, one) for one in signatures]
    assert keepers == ["a tag that no rule selects", "its subject"]


def test_a_restored_image_counts_from_its_restore() -> None:
    restored = image("a", age=100, activated_at=NOW - DAY)
    newer = [image(name, "main-x", age=2) for name in "bc"]
    run = evaluated([restored, *newer], UNTAGGED)
    assert acting(run) == [[]]
    back = image("d", "main-y", age=100, activated_at=NOW)
    assert acting(evaluated([back, *newer], MAIN)) == [["c"]]


def test_parts_of_an_index_stay_and_are_counted_apart() -> None:
    images = [image("a", age=9), image("b", age=9), image("c", age=9)]
    parts = {images[0].digest: "sha256:index", images[1].digest: None}
    run = evaluated(images, UNTAGGED, parts=parts)
    assert acting(run) == [["b", "c"]]
    assert (run.kept_parts, run.keeping_indexes) == (1, 1)
    assert run.possible_parts == {images[1].digest}
    texts = dry_run_texts(lambda: dry_run_document("team/app", run, NOW))
    rows = list(csv.DictReader(texts["CSV"]().splitlines()))
    assert [(row["rulePriority"], row["mayBePart"]) for row in rows] == [("2", "yes"), ("2", "no")]
    assert {row["keptInsteadBy"] for row in rows} == {"a tag that no rule selects"}
    assert "| 2 | untagged | 7 d since push | 3 | 2 | 20 | expire 2 now |" in texts["Markdown"]()
    assert json.loads(texts["JSON"]())["partsThatStay"] == 1


ANY = rule(9, "any", 5)
RELEASES = rule(1, "tagged", 30, tagPrefixList=["release-"])
BUILDS = rule(2, "tagged", 2, days=False, tagPatternList=["main-*"])
PULLED = {**rule(3, "any", 5), "selection": {"tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days"}}
PULLED["selection"]["countNumber"] = 5
ARCHIVED = rule(4, "any", 90, storageClass="archive")
ARCHIVED["selection"]["countType"] = "sinceImageTransitioned"


def test_the_images_that_a_rule_of_higher_priority_keeps_are_told_apart() -> None:
    images = [
        image("a", "release-1", age=9),
        image("b", "release-2", age=40),
        image("c", "main-1", age=9),
        image("d", age=9),
    ]
    run = evaluated(images, RELEASES, rule(2, "any", 5), parts={images[3].digest: "sha256:index"})
    assert acting(run) == [["b"], ["c"]]
    assert [one.digest for outlook in run.outlooks for one in outlook.kept] == [images[0].digest]
    assert keeping_rule(run, images[0]) == "rule 1: 30 d since push"


@pytest.mark.parametrize(
    ("tags", "rules", "members", "keeper"),
    [
        ((), (BUILDS, rule(3, "untagged", 5)), {}, "a tag that no rule selects"),
        ((), (rule(3, "untagged", 5), rule(9, "any", 99)), {}, "rule 9: any tag"),
        ((), (rule(3, "untagged", 5), ANY), {}, "another policy"),
        (("x",), (RELEASES, ANY), {}, "rule 1: a tag release-*"),
        (("x",), (rule(1, "tagged", 5, tagPrefixList=["release-"]), ANY), {}, "another policy"),
        (("x",), (BUILDS, ANY), {}, "rule 2: a tag main-*"),  # it counts two, and would be the second
        (("main-0",), (BUILDS,), {}, "another policy"),  # a further tag does not help
        (("main-0", "prod"), (BUILDS,), {}, "the removal of main-0"),
        (("x",), (PULLED,), {}, "a pull"),
        (("x",), (ARCHIVED,), {"status": "ARCHIVED", "archived_at": NOW - 100 * DAY}, "a restore from the archive"),
    ],
)
def test_what_would_keep_an_image_follows_the_rules(
    tags: tuple[str, ...], rules: tuple[Any, ...], members: dict[str, Any], keeper: str
) -> None:
    count = 2 if "main-0" in tags else 1
    newer = [image(f"f{number}", f"main-{number + 1}", age=1) for number in range(count)]
    subject = image("a", *tags, age=9, **members)
    run = evaluated([subject, *newer], *rules)
    found, by = run.acting[subject.digest]
    assert possible_keeper(run, by, found) == keeper


def test_images_on_which_the_preview_of_ecr_disagrees_are_listed() -> None:
    images = [image("a", age=9), image("b", age=9), image("c", age=9)]
    run = evaluated(images, UNTAGGED)
    seen = (PreviewedImage(images[0].digest, priority=2), PreviewedImage(images[1].digest, priority=5))
    preview = LifecyclePreview("COMPLETE", "", (*seen, PreviewedImage("sha256:z", ("prod",), priority=1)))
    assert [(one.digest[-1], one.tags, one.here, one.ecr) for one in rule_differences(run, preview)] == [
        ("b", (), 2, 5),
        ("c", (), 2, 0),
        ("z", ("prod",), 0, 1),
    ]


class SlowRegistry:
    """A registry whose previews take some requests, and of which another preview may be in progress.

    The embedded registry completes a preview at once.
    """

    def __init__(self, others: int = 0, requests: int = 0, last: LifecyclePreview | None = None) -> None:
        self.others, self.requests, self.last = others, requests, last
        self.policy = ""

    def start_lifecycle_preview(self, repository: str, policy: str) -> None:
        self.others -= 1
        if self.others >= 0:
            raise Refused("in progress", "", kind=ErrorKind.PREVIEW_IN_PROGRESS)
        self.policy = policy

    def lifecycle_preview(self, repository: str) -> LifecyclePreview:
        self.requests -= 1
        if self.requests >= 0:
            return LifecyclePreview("IN_PROGRESS", self.policy)
        return self.last or LifecyclePreview("COMPLETE", self.policy, (PreviewedImage("sha256:a"),))


def test_the_pauses_between_requests_for_a_preview_get_longer() -> None:
    pauses: list[float] = []
    *states, preview = preview_policy(SlowRegistry(others=2, requests=7), "team/app", "{}", wait=pauses.append)
    assert states == [None] * 9
    assert preview is not None
    assert [one.digest for one in preview.images] == ["sha256:a"]
    assert pauses == [0.5, 1, 0.5, 1, 2, 4, 8, 8, 8]
    assert max(pauses) == LONGEST_PAUSE


@pytest.mark.parametrize(
    ("registry", "words"),
    [
        (SlowRegistry(others=10_000), "did not end in"),
        (SlowRegistry(requests=10_000), "did not end in"),
        (SlowRegistry(last=LifecyclePreview("FAILED", "{}")), "as FAILED"),
        (SlowRegistry(last=LifecyclePreview("COMPLETE", '{"rules": []}')), "Another preview has replaced this one"),
        (SlowRegistry(last=LifecyclePreview("COMPLETE", "")), "Another preview has replaced this one"),
    ],
)
def test_a_preview_that_does_not_complete_is_an_error(registry: SlowRegistry, words: str) -> None:
    pauses: list[float] = []
    with pytest.raises(EcrTuiError, match=words):
        list(preview_policy(registry, "team/app", "{}", wait=pauses.append))
    assert sum(pauses) <= TIMEOUT + LONGEST_PAUSE


@pytest.fixture(scope="module")
def registry() -> Registry:
    embedded = new_embedded()
    client = client_for(embedded)
    create_repository(client, "team/app")
    for number in range(103):
        push_image(client, "team/app", f"n{number}", f"main-{number}")
    push_index(client, "team/app", tag="index")
    return open_registry(Connection(), embedded=embedded)


def test_our_evaluation_is_that_of_the_preview_with_all_its_pages(registry: Registry) -> None:
    text = policy_text(MAIN, rule(2, "any", 1, days=False))
    images = [found for page in registry.images("team/app") for found in page.items]
    (index,) = (found for found in images if "index" in found.tags)
    children = {part["digest"] for part in json.loads(registry.manifest("team/app", index.digest).text)["manifests"]}
    *_, preview = preview_policy(registry, "team/app", text)
    assert preview is not None
    run = dry_run(parse_policy(text), images, lambda digest: index.digest if digest in children else "", NOW * 2)
    assert len(preview.images) == len(run.acting) > 100
    assert rule_differences(run, preview) == ()
    assert run.kept_parts == len(children)
    assert preview.policy == text


def test_a_policy_that_ecr_does_not_accept_is_refused_with_its_words(registry: Registry) -> None:
    with pytest.raises(EcrTuiError, match="Lifecycle policy validation failure"):
        list(preview_policy(registry, "team/app", policy_text(UNTAGGED, UNTAGGED)))
