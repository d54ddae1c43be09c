"""The engine is killed at random moments, and runs beside another process that moves the same tags."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from subprocess import PIPE, Popen

from ecrtui.retag.plan import OnConflict, StepOutcome, TagChange
from tests.retag import kill9
from tests.support.embedded import client_for, new_embedded, push_image, tags_of

OTHER = """
import random, sys
from tests.support.embedded import client_for, new_embedded
client = client_for(new_embedded(sys.argv[1]))
found = client.batch_get_image(
    repositoryName="team/app",
    imageIds=[{"imageTag": "mine"}, {"imageTag": "mine-too"}],
    acceptedMediaTypes=["application/vnd.oci.image.manifest.v1+json"],
)
texts = [image["imageManifest"] for image in found["images"]]
chance = random.Random(7)
print("ready", flush=True)
while True:
    try:
        tag = f"t{chance.randrange(60)}"
        client.put_image(repositoryName="team/app", imageManifest=chance.choice(texts), imageTag=tag)
    except client.exceptions.ImageAlreadyExistsException:
        pass
"""

AUDIT = """
CREATE TABLE moves (tag TEXT, old TEXT, new TEXT);
CREATE TRIGGER moved AFTER UPDATE ON tags BEGIN
  INSERT INTO moves SELECT NEW.tag, before.digest, now.digest FROM images before, images now
  WHERE before.id = OLD.image_id AND now.id = NEW.image_id;
END;
CREATE TRIGGER made AFTER INSERT ON tags BEGIN
  INSERT INTO moves SELECT NEW.tag, '', digest FROM images WHERE id = NEW.image_id;
END;
"""


def test_a_plan_killed_at_random_moments_finishes_after_resume() -> None:
    assert kill9.run(6, rows=60, seed=3) >= 1


def test_conflicts_with_another_process_are_reported(tmp_path: Path) -> None:
    kill9.prepare(tmp_path, 60)
    database = str(tmp_path / "registry.sqlite")
    client = client_for(new_embedded(database))
    theirs = {push_image(client, "team/app", name, name).digest for name in ("mine", "mine-too")}
    audit = sqlite3.connect(database)
    audit.executescript(AUDIT)
    registry, engine = kill9.open_folder(tmp_path)
    (ours,) = {image.digest for image in registry.images_by_tag("team/app", ["new"]).values()}
    root = Path(__file__).parents[2]
    with Popen([sys.executable, "-c", OTHER, database], cwd=root, stdout=PIPE, text=True) as other:
        try:
            assert other.stdout is not None and other.stdout.readline() == "ready\n"
            reports = []
            for _ in range(4):
                plan = engine.plan(TagChange("team/app", f"t{number}", ours) for number in range(60))
                reports.append(engine.apply(plan, on_conflict=OnConflict.CONTINUE))
        finally:
            other.kill()
    counts = {outcome: sum(report.counts.get(outcome, 0) for report in reports) for outcome in StepOutcome}
    assert counts[StepOutcome.CONFLICT] > 0
    assert counts[StepOutcome.UNKNOWN] == counts[StepOutcome.SKIPPED] == 0
    tags = tags_of(client, "team/app")
    drifted = {row.step.tag for row in reports[-1].drifted}
    for result in reports[-1].results:
        # A done step has our digest, or was reported as drifted, or drifted after the final check.
        if result.outcome is StepOutcome.DONE and result.step.tag not in drifted:
            assert tags[result.step.tag] in {ours, *theirs}
        if result.outcome is StepOutcome.CONFLICT:
            assert result.found in theirs
    # ECR has no compare-and-set, so a move between our check and our write cannot be prevented.
    planned = {(step.tag, step.before) for report in reports for step in report.plan.steps}
    writes = audit.execute("SELECT tag, old FROM moves WHERE new = ?", (ours,)).fetchall()
    audit.close()
    overwritten = [move for move in writes if move not in planned]
    assert len(writes) == counts[StepOutcome.DONE]
    assert len(overwritten) < counts[StepOutcome.CONFLICT], "the check before the write detects most moves"
    print(f"{counts[StepOutcome.CONFLICT]} conflicts reported, {len(overwritten)} of {len(writes)} writes missed one")
    entries = {entry.number: entry for entry in engine.history.search()}
    for report in reports:
        for result in report.results:
            assert not result.entry or entries[result.entry].outcome is result.outcome
