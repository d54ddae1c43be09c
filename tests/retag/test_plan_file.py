"""Plans as documents: ``--from-file`` accepts the output of a dry run."""

from __future__ import annotations

import json
import string

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.location import RegistryLocation
from ecrtui.retag.change_record import report_texts
from ecrtui.retag.plan import Plan, Report, Step, StepAction, StepOutcome, StepResult
from ecrtui.retag.plan_file import (
    parse_plan_document,
    plan_csv,
    plan_document,
    report_document,
)
from ecrtui.retag.row_file import FileRow, parse_rows

A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"

names = st.text(string.ascii_lowercase + "-/._", min_size=2, max_size=12)
hostile_names = names | st.text("'=+-@\t\r\n\0,;\" ab", min_size=1, max_size=6)
texts = st.text(max_size=10)
digests = st.sampled_from([A, B])


@st.composite
def steps(draw: st.DrawFn) -> Step:
    action = draw(st.sampled_from([StepAction.CREATE, StepAction.MOVE, StepAction.REMOVE, StepAction.ALREADY]))
    return Step(
        repository=draw(hostile_names),
        tag=draw(hostile_names),
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
    return Step(
        draw(names), draw(hostile_names), StepAction.REFUSED, after=draw(digests), expected=expected, unread=True
    )


plans = st.builds(
    Plan,
    texts,
    st.lists(steps() | unread_steps(), min_size=1, max_size=4).map(tuple),
    texts,
    st.just(("careful",)),
    undoes=texts,
)


@given(plans)
def test_a_plan_survives_a_round_trip_through_its_document(plan: Plan) -> None:
    assert parse_plan_document(json.loads(json.dumps(plan_document(plan)))) == plan


@given(plans)
def test_the_rows_of_a_plan_match_its_steps(plan: Plan) -> None:
    rows = [FileRow(step.repository, step.tag, step.after, step.change.expect) for step in plan.steps]
    assert list(parse_rows(json.dumps(plan_document(plan)), "plan")) == rows
    assert list(parse_rows(plan_csv(plan), "plan")) == rows


def test_results_have_a_csv_and_a_document() -> None:
    step = Step("team/app", "prod", StepAction.MOVE, A, B)
    results = (StepResult(step, StepOutcome.CONFLICT, "=it moved, and how", found=A),)
    report = Report(Plan("p", (step,)), results, RegistryLocation("123456789012", "eu-west-1"))
    text = report_texts(report)["CSV"]()
    assert text.splitlines()[1].startswith(f'team/app,prod,move,{A},{B},conflict,"\'=it moved, and how"')
    assert parse_rows(text, "f") == (FileRow("team/app", "prod", B, A),)
    document = report_document(report)
    assert document["counts"] == {"conflict": 1}
    assert document["results"][0]["digestFound"] == A
