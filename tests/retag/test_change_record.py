"""Change tickets: one document, three formats."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

from ecrtui.errors import EcrTuiError
from ecrtui.retag.change_record import MAX_TAGS, history_texts, plan_texts, report_texts
from ecrtui.retag.plan import OnConflict, TagChange
from tests.support.retag_env import REPOSITORY, RetagEnv

PRINCIPAL = "arn:aws:iam::123456789012:user/embedded"


def test_a_result_has_every_row_and_every_fact_in_each_format(env: RetagEnv) -> None:
    plan = env.plan(("two", env.one), ("moved", env.three), ("left", env.two), ("out", env.two))
    plan = plan.without({(REPOSITORY, "out")})
    env.embedded.faults.before("PutImage", lambda: env.tag("moved", env.two))
    report = env.engine.apply(plan, on_conflict=OnConflict.STOP)
    texts = {name: make() for name, make in report_texts(report).items()}
    document = json.loads(texts["JSON"])
    assert (document["registryId"], document["region"]) == ("123456789012", "eu-west-1")
    assert document["principal"] == PRINCIPAL
    assert document["finishedAt"].endswith("+00:00")
    rows = {row["imageTag"]: row for row in csv.DictReader(texts["CSV"].splitlines())}
    assert {tag: row["outcome"] for tag, row in rows.items()} == {
        "two": "done",
        "moved": "conflict",
        "left": "skipped",
        "out": "excluded",
    }
    two = rows["two"]
    assert (two["digestBefore"], two["digestAfter"], two["otherTags"]) == (env.two, env.one, "one")
    assert (two["planId"], two["principal"], two["region"]) == (plan.id, PRINCIPAL, "eu-west-1")
    assert two["requestId"] == document["results"][0]["requestId"] != ""
    assert rows["left"]["message"].startswith("not started: moved in")
    assert rows["out"]["message"] == "removed from the plan before it was applied"
    markdown = texts["Markdown"]
    assert f"- plan: {plan.id}" in markdown
    assert f"- user: {PRINCIPAL}" in markdown
    assert "- account: 123456789012" in markdown
    assert "- result: 1 done, 1 conflict, 1 skipped" in markdown
    for tag, row in rows.items():
        line = next(line for line in markdown.splitlines() if f"| {tag} |" in line)
        assert all(value in line for value in (row["digestAfter"], row["outcome"], row["requestId"]))
    assert f"| {env.one} (one) |" in markdown


def test_hostile_text_is_escaped_in_a_spreadsheet_and_in_markdown(env: RetagEnv) -> None:
    (result,) = env.retag(("two", env.one)).results
    report = env.retag(("two", env.one))
    for message in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "|x|"):
        hostile = replace(report, results=(replace(result, message=message),))
        (row,) = csv.DictReader(report_texts(hostile)["CSV"]().splitlines(keepends=True))
        assert row["message"] == (message if message[0] == "|" else f"'{message}")
        assert len(report_texts(hostile)["Markdown"]().splitlines()) == len(
            report_texts(report)["Markdown"]().splitlines()
        )
    assert "\\|x\\|" in report_texts(hostile)["Markdown"]()


def test_a_ticket_names_the_digest_that_the_tag_has_and_not_the_expected_one(env: RetagEnv) -> None:
    plan = env.engine.plan([TagChange(REPOSITORY, "two", env.one, expect=env.three)])
    text = plan_texts(plan)["Markdown"]()
    assert f"| {env.two} " in text
    assert f"| {env.three} " not in text


def test_a_failed_write_has_its_request_id(env: RetagEnv) -> None:
    env.embedded.faults.add("PutImage:error:code=AccessDeniedException")
    report = env.retag(("two", env.one))
    error = report.results[0].error
    assert isinstance(error, EcrTuiError)
    assert error.request_id
    assert all(error.request_id in make() for make in report_texts(report).values())


def test_a_cell_names_few_of_the_other_tags_and_json_has_all(env: RetagEnv) -> None:
    env.retag(*((f"t{number:03}", env.one) for number in range(100)))
    texts = {name: make() for name, make in history_texts(env.engine.history.search()).items()}
    for row in csv.DictReader(texts["CSV"].splitlines()):
        assert len(row["otherTags"].split()) == MAX_TAGS + 3
        assert row["otherTags"].endswith(" and 80 more")
    assert all(len(line) < 1_000 for line in texts["Markdown"].splitlines())
    assert {len(entry["otherTags"]) for entry in json.loads(texts["JSON"])["entries"]} == {100}


def test_a_removed_tag_that_does_not_exist_is_not_there_for_people(env: RetagEnv) -> None:
    plan = env.engine.plan_untag(REPOSITORY, ["none"])
    texts = {name: make() for name, make in report_texts(env.engine.apply(plan)).items()}
    assert json.loads(texts["JSON"])["results"][0]["outcome"] == "already there"
    assert "| none | not there |" in texts["Markdown"]
    assert "already there" not in texts["Markdown"]
    assert "not there" in str(plan)


def test_the_history_and_a_plan_have_the_same_formats(env: RetagEnv) -> None:
    report = env.retag(("two", env.one))
    env.engine.apply(env.engine.plan_undo_of(report.plan.id))
    texts = {name: make() for name, make in history_texts(env.engine.history.search()).items()}
    rows = list(csv.DictReader(texts["CSV"].splitlines()))
    assert [(row["kind"], row["undoneBy"]) for row in rows] == [("undo", ""), ("retag", "2")]
    assert all(row["finishedAt"] and row["registryId"] and row["requestId"] for row in rows)
    assert "done, undone by entry 2" in texts["Markdown"]
    assert len(json.loads(texts["JSON"])["entries"]) == 2
    plan = env.plan(("new", env.one))
    assert "| new | create |" in plan_texts(plan)["Markdown"]()
    assert plan_texts(plan)["CSV"]().startswith("repositoryName,imageTag,action,digestBefore,digestAfter\n")
