"""Each term of a filter on repositories matches the right repositories."""

from __future__ import annotations

import pytest

from ecrtui.catalog.filter import FilterError, parse_repositories
from ecrtui.catalog.totals.image_totals import ImageCounts
from ecrtui.catalog.totals.repository_totals import LifecycleRules, RepositoryTotals, with_totals
from ecrtui.ecr.findings import ImageScan
from ecrtui.ecr.mutability import TagMutability
from ecrtui.ecr.repository import Repository

NOW = 1_795_000_000.0
DAY = 86_400
URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/"
REPOSITORIES = [
    Repository("team/checkout", URI + "team/checkout", created_at=NOW - DAY),
    Repository("team/mutants", URI + "team/mutants", mutability=TagMutability("IMMUTABLE"), created_at=NOW - 90 * DAY),
    Repository(
        "base", URI + "base", mutability=TagMutability("IMMUTABLE_WITH_EXCLUSION", ("latest*",)), scan_on_push=True
    ),
    Repository("data/etl", URI + "data/etl", encryption="KMS", kms_key="arn:aws:kms:eu-west-1:123456789012:key/9"),
]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["team/checkout", "team/mutants", "base", "data/etl"]),
        ("team", ["team/checkout", "team/mutants"]),
        ("TEAM !mut", ["team/checkout"]),
        ("table", []),
        ("immutable", ["team/mutants", "base"]),
        ("muta", ["team/mutants"]),
        ("mutable", ["team/checkout", "data/etl"]),
        ("team/*", ["team/checkout", "team/mutants"]),
        ("~tmck", ["team/checkout"]),
        ("/^(team|data)\\//", ["team/checkout", "team/mutants", "data/etl"]),
        ("name=base", ["base"]),
        ("name:a", ["team/checkout", "team/mutants", "base", "data/etl"]),
        ("uri:eu-west", ["team/checkout", "team/mutants", "base", "data/etl"]),
        ("mutability:latest", ["base"]),
        ("is:mutable", ["team/checkout", "data/etl"]),
        ("is:immutable", ["team/mutants", "base"]),
        ("is:excluding", ["base"]),
        ("is:scanning", ["base"]),
        ("is:kms", ["data/etl"]),
        ("encryption=aes256", ["team/checkout", "team/mutants", "base"]),
        ("mutability=IMMUTABLE", ["team/mutants"]),
        ("encryption:aes", ["team/checkout", "team/mutants", "base"]),
        ("key:key/9", ["data/etl"]),
        ("created<7d", ["team/checkout"]),
        ("created>7d", ["team/mutants"]),
    ],
)
def test_a_filter_matches_the_right_repositories(text: str, names: list[str]) -> None:
    assert [repository.name for repository in parse_repositories(text, NOW).select(REPOSITORIES)] == names


@pytest.mark.parametrize(
    ("text", "names", "undecided"),
    [
        ("lifecycle:none", ["none"], ["denied", "not counted"]),
        ("lifecycle:no", ["none"], ["denied", "not counted"]),
        ("lifecycle=0", ["none"], ["denied", "not counted"]),
        ("!lifecycle:none", ["three"], ["denied", "not counted"]),
        ("lifecycle>2", ["three"], ["denied", "not counted"]),
        ("lifecycle>2 !not", ["three"], ["denied"]),
    ],
)
def test_a_lifecycle_policy_that_is_not_known_decides_nothing(
    text: str, names: list[str], undecided: list[str]
) -> None:
    counts = {"none": 0, "three": 3, "denied": None}
    known = [
        with_totals(
            Repository(name, ""),
            RepositoryTotals(
                ImageCounts(0, 0, 0, complete=True), 0, None, None, None, 0, NOW, LifecycleRules(count, NOW)
            ),
        )
        for name, count in counts.items()
    ]
    rows = [*known, Repository("not counted", "")]
    chosen = parse_repositories(text, NOW)
    assert [row.name for row in chosen.select(rows)] == names
    assert [rows[index].name for index in chosen.undecided(rows)] == undecided


HIGH = ImageScan("COMPLETE", (("HIGH", 1),))


@pytest.mark.parametrize(
    ("text", "names", "undecided"),
    [
        ("images>2", ["exact", "found"], ["parts", "none"]),
        ("images>1", ["exact", "parts", "found"], ["none"]),
        ("images=3", ["exact", "found"], ["parts", "none"]),
        ("tagged=2", ["exact", "parts"], ["none"]),
        ("parts=1", ["exact", "found"], ["parts", "none"]),
        ("orphans>0", ["exact", "found"], ["parts", "none"]),
        ("size>1kB", ["exact"], ["none"]),
        ("!size>1kB", ["parts", "found", "empty"], ["none"]),
        ("pushed<7d", ["exact"], ["none"]),
        ("pushed:never", ["empty"], ["none"]),
        ("pulled=never", ["parts", "found", "empty"], ["none"]),
        ("size=2 kB", ["exact"], ["none"]),
        ("pulled:never", ["parts", "found", "empty"], ["none"]),
        ("pulled>30d", ["exact"], ["none"]),
        ("counted>1h", ["parts"], ["none"]),
        ("severity>=high", ["exact", "found"], ["parts", "none"]),
        ("severity:high", ["exact", "found"], ["parts", "none"]),
        ("severity<high", [], ["parts", "none"]),
        ("severity<critical", ["exact"], ["parts", "found", "none"]),
        ("severity:none", [], ["parts", "none"]),
        ("!severity:none", ["exact", "found", "empty"], ["parts", "none"]),
    ],
)
def test_a_total_that_is_not_known_decides_nothing(text: str, names: list[str], undecided: list[str]) -> None:
    totals = {
        "exact": RepositoryTotals(
            ImageCounts(3, 2, 1, complete=True), 2_000, NOW - DAY, NOW - 40 * DAY, HIGH, 0, NOW - 60
        ),
        "parts": RepositoryTotals(
            ImageCounts(4, 2, 0, complete=False), 10, NOW - 9 * DAY, None, ImageScan("COMPLETE", ()), 3, NOW - DAY
        ),
        "found": RepositoryTotals(ImageCounts(3, 1, 1, complete=True), 10, NOW - 9 * DAY, None, HIGH, 2, NOW),
        "empty": RepositoryTotals(ImageCounts(0, 0, 0, complete=True), 0, None, None, None, 0, NOW),
        "none": None,
    }
    rows = [with_totals(Repository(name, ""), known) for name, known in totals.items()]
    chosen = parse_repositories(text, NOW)
    assert [row.name for row in chosen.select(rows)] == names
    assert [rows[index].name for index in chosen.undecided(rows)] == undecided


def test_the_column_of_findings_is_filtered_by_severity() -> None:
    with pytest.raises(FilterError) as caught:
        parse_repositories("findings>0")
    assert "Did you mean severity?" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("lifecycle>some", "'some' is not a number"),
        ("lifecycle:some", "'some' is not a value of lifecycle"),
        ("lifecycle:", "lifecycle: needs a value"),
        ("lifecycle:3", "lifecycle needs <, <=, =, >= or >"),
    ],
)
def test_the_number_of_rules_is_a_number_or_none(text: str, title: str) -> None:
    with pytest.raises(FilterError, match=title):
        parse_repositories(text)


def test_matches_in_the_name_are_highlighted() -> None:
    assert parse_repositories("check name:team").spans("team/checkout", "name") == ((0, 4), (5, 10))
