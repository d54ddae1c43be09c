"""Files of requested changes: each row is read alone, and a row that cannot be used says why."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.errors import UsageError
from ecrtui.retag.plan import Plan, Step, StepAction, TagChange
from ecrtui.retag.plan_file import plan_csv, plan_document
from ecrtui.retag.planner import PlanContext, WritePolicy, make_plan
from ecrtui.retag.row_file import FileRow, decode_text, parse_rows

A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
GOOD = {"repository": "team/app", "tag": "good", "source": "rc"}


def as_csv(*rows: dict[str, str]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return "\n".join(",".join(row.get(column, "") for column in columns) for row in ({c: c for c in columns}, *rows))


def test_short_column_names_are_accepted() -> None:
    assert parse_rows("repository,tag,source\nteam/app, prod ,rc-1\n", "f") == (FileRow("team/app", "prod", "rc-1"),)
    text = f"repository,tag,digest,expect\nteam/app,prod,{A},none\nteam/app,beta,{A},\nteam/app,x,{A},{B}\n"
    assert [row.expect for row in parse_rows(text, "f")] == ["", None, B]
    records = [{**GOOD, "expect": expect} for expect in ("none", "", None, B)]
    assert [row.expect for row in parse_rows(json.dumps(records), "f")] == ["", None, None, B]
    assert parse_rows('[{"repository": "team/app", "tag": "old", "action": "remove"}]', "f") == (
        FileRow("team/app", "old", ""),
    )
    assert parse_rows(f"repository,tag,digest,source\nteam/app,a,,rc\nteam/app,b,{A},\n", "f") == (
        FileRow("team/app", "a", "rc"),
        FileRow("team/app", "b", A),
    )


BAD_ROWS: dict[str, tuple[dict[str, object], str]] = {
    "no source": (
        {"repository": "team/app", "tag": "t"},
        "the row has no source (digestAfter or",
    ),
    "an empty source": ({**GOOD, "tag": "t", "source": ""}, "to remove a tag, set action to remove"),
    "no tag": ({"repository": "team/app", "source": "rc"}, "the row has no imageTag or tag"),
    "no repository": ({"tag": "t", "source": "rc"}, "the row has no repositoryName or repository"),
    "an expected tag": ({**GOOD, "tag": "t", "expect": "prod"}, "the expected digest 'prod' is not a digest"),
    "an expected cut digest": ({**GOOD, "tag": "t", "expect": A[:-1]}, "is not a digest"),
    "an unknown action": ({**GOOD, "tag": "t", "action": "delete"}, "the action 'delete' is not known"),
    "an action in capitals": ({**GOOD, "tag": "t", "source": "", "action": "Remove"}, "the action 'Remove' is not"),
    "a removal with a source": ({**GOOD, "tag": "t", "action": "remove"}, "but the row has the source 'rc'"),
    "two sources": ({**GOOD, "tag": "t", "digest": A}, "the row has 2 different values of"),
    "two tags": ({**GOOD, "tag": "t", "imageTag": "u"}, "the row has 2 different values of imageTag or tag"),
    "a refused row without a source": (
        {**GOOD, "tag": "t", "source": "", "action": "refused"},
        "has no source",
    ),
    "a number": ({**GOOD, "tag": 1}, "tag is not a string"),
    "a list": ({**GOOD, "tag": "t", "source": ["rc"]}, "source is not a string"),
    "an object": ({**GOOD, "tag": "t", "expect": {"a": 1}}, "expect is not a string"),
    "a list of actions": ({**GOOD, "tag": "t", "action": ["remove"]}, "the action ['remove'] is not known"),
}


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_row_that_cannot_be_used_does_not_hide_the_others(kind: str) -> None:
    bad, problem = BAD_ROWS[kind]
    texts = [json.dumps([GOOD, bad, GOOD])]
    cells = {name: value for name, value in bad.items() if isinstance(value, str)}
    if len(cells) == len(bad) and len({"tag", "repository"} & set(bad)) == 2:
        texts.append(as_csv(GOOD, cells, GOOD))
    for text in texts:
        first, row, last = parse_rows(text, "f")
        assert (first, last) == (FileRow("team/app", "good", "rc"),) * 2
        assert problem in row.problem
        assert (row.number, row.source, row.expect) == (2, "", None)
        assert row.tag in ("t", "u", "")


@pytest.mark.parametrize("cells", ["team/app,t", "team/app,t,rc,more", "team/app", "team/app,t,rc,"])
def test_a_row_of_another_length_does_not_hide_the_others(cells: str) -> None:
    rows = parse_rows(f"repository,tag,source\nteam/app,a,rc\n{cells}\nteam/app,b,rc\n", "f")
    assert [row.problem for row in rows] == ["", f"the row has {cells.count(',') + 1} cells, but the header has 3", ""]


def test_a_member_of_a_list_that_is_no_object_does_not_hide_the_others() -> None:
    rows = parse_rows(json.dumps([1, GOOD, None]), "f")
    assert [bool(row.problem) for row in rows] == [True, False, True]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no rows"),
        ("\n \n", "no column repository"),
        ("repository,tag,source\n", "no rows"),
        ("repository,tag,source\n,,\n", "no rows"),
        ("repository,tag\nteam/app,prod\n", "no column source"),
        ("repository,source\nteam/app,rc\n", "no column tag"),
        ("team/app,prod,rc\n", "no column repository"),
        ("repository,tag,source,tag\nteam/app,prod,rc,dev\n", "the column tag twice"),
        ("repository,tag,source,expected\nteam/app,prod,rc,absent\n", "the column expected Did you mean expect?"),
        ("repository,tag,source,digestbefore\nteam/app,prod,rc,absent\n", "Did you mean digestBefore?"),
        ('repository,tag,source\nteam/app,prod,"rc\n', "is not valid CSV"),
        ("{", "is not valid JSON"),
        ('[{"repository": "a", "tag": "b", "source": "c", "source": "d"}]', '"source" occurs twice'),
        ("[" * 100_000, "is not valid JSON"),
        ("[" + "9" * 5000 + "]", "is not valid JSON"),
        ('{"a": 1}', "has no steps"),
        ("[]", "no rows"),
        ("r\0e\0p\0", "no column"),
    ],
)
def test_a_file_that_cannot_be_divided_into_rows_is_an_error(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_rows(text, "f")
    assert problem in f"{raised.value} {raised.value.hint}"
    assert raised.value.hint


def test_a_json_row_with_a_misspelt_guard_is_refused() -> None:
    (row,) = parse_rows('[{"repository": "a", "tag": "b", "source": "c", "Expect": "absent"}]', "f")
    assert row.problem == "the row has the member Expect; did you mean expect?"


def test_other_unknown_columns_are_ignored() -> None:
    (row,) = parse_rows("repository,tag,source,reason,outcome,expiresAt\nteam/app,prod,rc,,done,\n", "f")
    assert not row.problem


@given(st.binary(max_size=40) | st.text("repositoytagsuc,;\t\r\n\"'\0{}[]:", max_size=60).map(str.encode))
def test_any_content_has_rows_or_an_error(content: bytes) -> None:
    try:
        parse_rows(decode_text(content, "f"), "f")
    except UsageError as error:
        assert str(error).startswith(("f ", "The header of f "))


names = st.text(string.printable, max_size=4)
asked = st.builds(TagChange, st.just("team/app"), names, st.sampled_from(["", A]), problem=st.sampled_from(["", "no"]))


@given(st.lists(asked, min_size=1, max_size=3))
def test_a_plan_that_is_read_again_removes_no_tag_that_it_did_not_remove(changes: list[TagChange]) -> None:
    plan = make_plan(changes, {"team/app": PlanContext()}, WritePolicy(), plan_id="p", now=0)
    removals = {step.tag for step in plan.steps if step.action in (StepAction.REMOVE, StepAction.ALREADY)}
    for text in (plan_csv(plan), json.dumps(plan_document(plan))):
        for step, row in zip(plan.steps, parse_rows(text, "f"), strict=True):
            assert row.problem or (row.tag, row.source) == (step.tag, step.after)
            assert row.source or row.problem or row.tag in removals


def test_a_refused_removal_of_a_plan_is_planned_again() -> None:
    step = Step("team/app", "last", StepAction.REFUSED, before=A, reason="last tag of this image")
    plan = Plan("p", (step,))
    for text in (plan_csv(plan), json.dumps(plan_document(plan))):
        assert parse_rows(text, "f") == (FileRow("team/app", "last", "", A),)


def test_many_rows_are_read_once_each() -> None:
    lines = "".join(f"team/app,t{number},rc\n" for number in range(20_000))
    rows = parse_rows(f"repository,tag,source\n{lines}", "f")
    assert (len(rows), rows[-1].number) == (20_000, 20_000)
