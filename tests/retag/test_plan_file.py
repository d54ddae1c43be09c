"""Plans as documents: ``--from-file`` accepts the output of a dry run."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.location import RegistryLocation
from ecrtui.errors import UsageError
from ecrtui.retag.plan import Plan, Report, Step, StepAction, StepOutcome, StepResult
from ecrtui.retag.plan_file import (
    PlanFileRow,
    parse_plan_document,
    parse_rows,
    plan_csv,
    plan_document,
    report_document,
    results_csv,
)

A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"

names = st.text(string.ascii_lowercase + "-/._", min_size=2, max_size=12)
texts = st.text(max_size=10)
digests = st.sampled_from([A, B])


@st.composite
def steps(draw: st.DrawFn) -> Step:
    action = draw(st.sampled_from([StepAction.CREATE, StepAction.MOVE, StepAction.REMOVE, StepAction.ALREADY]))
    return Step(
        repository=draw(names),
        tag=draw(names),
        action=action,
        before="" if action is StepAction.CREATE else draw(digests),
        after="" if action is StepAction.REMOVE else draw(digests),
        media_type=draw(texts),
        remaining_tags=tuple(draw(st.lists(names, max_size=2))),
        becomes_untagged=draw(st.booleans()),
        protected=draw(st.booleans()),
        reason=draw(texts),
        notes=tuple(draw(st.lists(texts, max_size=2))),
        warnings=tuple(draw(st.lists(texts, max_size=2))),
        undoes=draw(st.integers(0, 9)),
        expected=draw(st.none() | digests),
    )


@st.composite
def unread_steps(draw: st.DrawFn) -> Step:
    expected = draw(st.none() | st.just("") | digests)
    return Step(draw(names), draw(names), StepAction.REFUSED, after=draw(digests), expected=expected, unread=True)


plans = st.builds(
    Plan,
    texts,
    st.lists(steps() | unread_steps(), min_size=1, max_size=4).map(tuple),
    texts,
    st.just(("careful",)),
    texts,
)


@given(plans)
def test_a_plan_survives_a_round_trip_through_its_document(plan: Plan) -> None:
    assert parse_plan_document(json.loads(json.dumps(plan_document(plan)))) == plan


@given(plans)
def test_the_rows_of_a_plan_match_its_steps(plan: Plan) -> None:
    rows = [PlanFileRow(step.repository, step.tag, step.after, step.change.expect) for step in plan.steps]
    assert list(parse_rows(json.dumps(plan_document(plan)), "plan")) == rows
    assert list(parse_rows(plan_csv(plan), "plan")) == rows


def test_short_column_names_are_accepted() -> None:
    assert parse_rows("repository,tag,source\nteam/app, prod ,rc-1\n", "f") == (
        PlanFileRow("team/app", "prod", "rc-1"),
    )
    text = f"repository,tag,digest,expect\nteam/app,prod,{A},none\nteam/app,beta,{A},\nteam/app,x,{A},{B}\n"
    assert [row.expect for row in parse_rows(text, "f")] == ["", None, B]
    assert parse_rows('[{"repository": "team/app", "tag": "old", "action": "remove"}]', "f") == (
        PlanFileRow("team/app", "old", ""),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no rows"),
        ("repository,tag,source\n", "no rows"),
        ("repository,tag\nteam/app,prod\n", "To remove a tag, set action to remove"),
        ("repository,source\nteam/app,rc\n", "row 1 has no imageTag"),
        ('[{"tag": "prod", "source": "rc"}]', "row 1 has no repositoryName"),
        ("repository,tag,source\nteam/app,prod,rc,more\n", "row 1 has more or fewer cells"),
        ('repository,tag,source\nteam/app,prod,"rc\n', "is not valid CSV"),
        ("{", "is not valid JSON"),
        ('{"a": 1}', "has no steps"),
        ('[{"repository": 1}]', "repository is not a string"),
        (f'[{{"repository": "a/b", "tag": "t", "digest": "{A}", "expect": "prod"}}]', "is not a digest"),
    ],
)
def test_an_invalid_file_is_an_error_that_names_the_row(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_rows(text, "f")
    assert problem in f"{raised.value} {raised.value.hint}"


def test_results_have_a_csv_and_a_document() -> None:
    step = Step("team/app", "prod", StepAction.MOVE, A, B)
    results = (StepResult(step, StepOutcome.CONFLICT, "it moved, and how", found=A),)
    assert results_csv(results).splitlines()[1] == f'team/app,prod,move,{A},{B},conflict,"it moved, and how"'
    document = report_document(Report(Plan("p", (step,)), results, RegistryLocation("123456789012", "eu-west-1")))
    assert document["counts"] == {"conflict": 1}
    assert document["results"][0]["digestFound"] == A
