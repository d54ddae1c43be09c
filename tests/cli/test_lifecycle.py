"""``ecrtui lifecycle``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from ecrtui.cli.exit_codes import ExitCode
from tests.support.cli_env import CliEnv
from tests.support.embedded import create_repository, push_image, push_index

REPOSITORY = "team/app"


def policy(count: int, **selection: object) -> str:
    chosen = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count, **selection}
    rule = {"rulePriority": 1, "description": "x" * 60, "selection": chosen, "action": {"type": "expire"}}
    return json.dumps({"rules": [rule]}, indent=2)


def test_a_policy_is_evaluated_here_and_by_ecr_and_nothing_changes(cli: CliEnv, tmp_path: Path) -> None:
    create_repository(cli.client, REPOSITORY)
    index = push_index(cli.client, REPOSITORY, tag="index")
    old, new = (push_image(cli.client, REPOSITORY, name, name) for name in ("old", "new"))
    with cli.embedded.database.write() as connection:  # pushes of one moment have no order
        for digest in (new.digest, old.digest):
            connection.execute("UPDATE images SET pushed_at = pushed_at - 3600 WHERE digest <> ?", (digest,))
        connection.execute("UPDATE images SET pushed_at = pushed_at + 3600 WHERE digest = ?", (new.digest,))
    none = cli.run("lifecycle", REPOSITORY)
    assert (none.code, "no lifecycle policy" in none.err) == (ExitCode.DONE, True)

    cli.client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=policy(1))
    table = cli.run("lifecycle", REPOSITORY, "--read-indexes").out
    assert "1     any      newest 1  2" in table
    assert f"{old.digest[7:19]}  2" in table
    assert f"{index.digest[7:19]}  2" in table
    assert "2 images that an index refers to stay as long as the index." in table

    file = tmp_path / "policy.json"
    file.write_text(policy(3))
    result = cli.run("lifecycle", REPOSITORY, "--policy", str(file), "--preview", "--output", "json")
    assert (result.code, result.json["policy"]) == (ExitCode.DONE, "a changed copy")
    (rule,) = result.json["rules"]
    assert (rule["limit"], rule["imagesNow"]) == ("newest 3", 2)
    assert [image["mayBePart"] for image in rule["images"]] == [True, True]
    assert {one["ecrRule"] for one in result.json["differences"]} == {0}  # ECR knows that an index refers to them
    assert (
        "ECR would act on 0 images; 2 differences."
        in cli.run("lifecycle", REPOSITORY, "--policy", str(file), "--preview").out
    )
    rows = cli.run("lifecycle", REPOSITORY, "--output", "csv", "--read-indexes").csv_rows
    assert {row["imageTags"] for row in rows} == {"old", "index"}
    assert f"| {new.digest} |" not in cli.run("lifecycle", REPOSITORY, "--output", "markdown").out

    assert json.loads(cli.client.get_lifecycle_policy(repositoryName=REPOSITORY)["lifecyclePolicyText"]) == json.loads(
        policy(1)
    )
    assert len(cli.tags(REPOSITORY)) == 3
    for text, problem in (
        ("no policy", "ecrtui: Could not evaluate the policy: the lifecycle policy is invalid: Expecting value"),
        ("", "policy.json is empty"),
        (policy(0), "countNumber is 0"),
    ):
        file.write_text(text)
        refused = cli.run("lifecycle", REPOSITORY, "--policy", str(file))
        assert (refused.code, problem in refused.err) == (ExitCode.USAGE, True)
        assert "hint: Give a policy that ECR accepts with --policy FILE." in refused.err
    missing = tmp_path / "none"
    for command in (("lifecycle", REPOSITORY, "--policy"), ("retag", "--from-file")):
        refused = cli.run(*command, str(missing))
        assert (refused.code, refused.err.splitlines()) == (
            ExitCode.USAGE,
            [
                f"ecrtui: Could not read {missing}: No such file or directory",
                "hint: Name a file that you can read, or - for a pipe.",
            ],
        )


def test_the_table_says_what_keeps_an_image(cli: CliEnv) -> None:
    create_repository(cli.client, REPOSITORY)
    gone, stays, _ = (push_image(cli.client, REPOSITORY, tag, tag) for tag in ("x", "main-1", "y"))
    with cli.embedded.database.write() as connection:  # pushes of one moment have no order
        for image in (gone, stays):
            connection.execute("UPDATE images SET pushed_at = pushed_at - 3600 WHERE digest = ?", (image.digest,))
    selections = (
        {"tagStatus": "tagged", "tagPatternList": ["main-*"], "countType": "imageCountMoreThan", "countNumber": 2},
        {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
    )
    rules = [
        {"rulePriority": number, "selection": selection, "action": {"type": "expire"}}
        for number, selection in enumerate(selections, 1)
    ]
    cli.client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=json.dumps({"rules": rules}))
    table = cli.run("lifecycle", REPOSITORY).out
    assert re.search(r"DIGEST +PUSHED +SIZE +TAGS +KEPT INSTEAD BY\n", table)
    assert re.search(rf"{gone.digest[7:19]} .* x +rule 1: a tag main-\*\n", table)
    assert "Beyond the limit of rule 2, but a rule of higher priority keeps them:" in table
    assert re.search(rf"{stays.digest[7:19]} .* main-1 +rule 1: newest 2\n", table)

    (_, rule) = cli.run("lifecycle", REPOSITORY, "--output", "json").json["rules"]
    assert [image["keptInsteadBy"] for image in rule["images"]] == ["rule 1: a tag main-*"]
    assert [(image["imageTags"], image["keptBy"]) for image in rule["keptImages"]] == [(["main-1"], "rule 1: newest 2")]
    assert "| main-1 |" in cli.run("lifecycle", REPOSITORY, "--output", "markdown").out
    assert [row["imageTags"] for row in cli.run("lifecycle", REPOSITORY, "--output", "csv").csv_rows] == ["x"]


def test_a_policy_comes_through_a_pipe(cli: CliEnv) -> None:
    create_repository(cli.client, REPOSITORY)
    for name in ("-", "/dev/stdin"):
        words = ["lifecycle", REPOSITORY, "--policy", name, "--query", "policy", "--output", "text", *cli.options]
        done = subprocess.run(
            [sys.executable, "-m", "ecrtui", *words], input=policy(3), capture_output=True, text=True, check=False
        )
        assert done.stdout == "a changed copy\n", done.stderr


def test_an_empty_pipe_is_named(cli: CliEnv) -> None:
    create_repository(cli.client, REPOSITORY)
    words = ["lifecycle", REPOSITORY, "--policy", "-", *cli.options]
    done = subprocess.run([sys.executable, "-m", "ecrtui", *words], input=b"", capture_output=True, check=False)
    assert b"standard input is empty" in done.stderr


def test_referrers_that_go_and_those_that_a_rule_selects_are_told(cli: CliEnv) -> None:
    create_repository(cli.client, REPOSITORY)
    old, new = (push_image(cli.client, REPOSITORY, name, name) for name in ("old", "new"))
    subjects = [
        {"mediaType": image.media_type, "digest": image.digest, "size": len(image.manifest.encode())}
        for image in (old, new)
    ]
    signature, _ = (push_image(cli.client, REPOSITORY, f"signature {n}", subject=s) for n, s in enumerate(subjects))
    with cli.embedded.database.write() as connection:
        connection.execute("UPDATE images SET pushed_at = pushed_at - 3600 WHERE digest = ?", (old.digest,))
    text = policy(1, tagStatus="tagged", tagPatternList=["*"])
    cli.client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=text)
    assert "Not listed, but going within 24 hours of the subject: 1 referrer." in cli.run("lifecycle", REPOSITORY).out
    (rule,) = cli.run("lifecycle", REPOSITORY, "--output", "json").json["rules"]
    assert [(one["imageDigest"], one["subject"]) for one in rule["referrers"]] == [(signature.digest, old.digest)]

    text = policy(1, tagStatus="untagged")
    cli.client.put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=text)
    doubt = "! referrers whose subject stays: 1; AWS does not document whether rules act on them."
    assert doubt in cli.run("lifecycle", REPOSITORY).out
    assert doubt not in cli.run("lifecycle", REPOSITORY, "--preview").out
