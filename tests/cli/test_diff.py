"""``ecrtui diff``: two images, two indexes, and what cannot be read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from ecrtui.cli.main import main
from ecrtui.ecr.digest import digest_of, short_digest
from ecrtui.inspect.comparison.attachments import MAX_CONTENTS
from ecrtui.inspect.envelopes import MAX_CONTENT
from tests.support.alike import push_alike
from tests.support.cli_env import CliEnv
from tests.support.embedded import REGION, create_repository, push_image, push_index, served

DIFFERENT = 1


@dataclass
class DiffEnv:
    """Two repositories: an index in both, with a platform that is the same, and a single image."""

    cli: CliEnv

    def __post_init__(self) -> None:
        client = self.cli.client
        for repository in ("team/app", "team/copy"):
            create_repository(client, repository)
        for tag, repository in (("v1", "team/app"), ("v2", "team/copy")):
            parts = {
                "linux/amd64": push_image(client, repository, "same", platform="linux/amd64"),
                "linux/arm64": push_image(client, repository, f"arm {tag}", platform="linux/arm64"),
            }
            push_index(client, repository, parts, tag)
        push_image(client, "team/app", "single", "single", platform="linux/arm64")

    def diff(self, *words: str, code: int = 0) -> Any:
        """Run the command; return the JSON document."""
        result = self.cli.run("diff", *words, "--output", "json")
        assert (result.code, result.err) == (code, "")
        return result.json


@pytest.fixture
def env(cli: CliEnv) -> DiffEnv:
    return DiffEnv(cli)


def test_indexes_are_compared_platform_by_platform(env: DiffEnv) -> None:
    pair = "team/app:v1", "team/copy:v2"
    document = env.diff(*pair)
    assert [entry["platform"] for entry in document["platforms"]] == ["linux/arm64"]
    assert (document["before"]["imageTags"], document["after"]["repositoryName"]) == (["v1"], "team/copy")
    assert document["same"] is False
    rows = document["platforms"][0]["sections"]["config"]["rows"]
    assert {"name": "label name", "change": "changed", "before": "arm v1", "after": "arm v2"} in rows
    assert all(row["change"] != "same" for row in rows)
    everything = env.diff(*pair, "--all")["platforms"][0]["sections"]["config"]["rows"]
    assert {"name": "os", "change": "same", "before": "linux", "after": "linux"} in everything

    env.diff(*pair, "--exit-code", code=DIFFERENT)
    (same,) = env.diff(*pair, "--platform", "linux/amd64", "--exit-code")["platforms"]
    assert same["sections"]["config"]["rows"] == []
    env.diff(*pair, "--platform", "linux/arm64", "--exit-code", code=DIFFERENT)
    assert env.diff("team/app:v1", "team/app:v1", "--exit-code")["same"] is True

    result = env.cli.run("diff", *pair, "--platform", "linux/s390x")
    assert result.code == 2
    assert "hint: Use one of linux/amd64, linux/arm64." in result.err


def test_an_image_is_compared_with_the_platform_that_fits(env: DiffEnv) -> None:
    result = env.cli.run("diff", "team/app:single", "team/app:v1")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].startswith("A team/app@sha256:")
    assert "linux/arm64" in lines
    assert any(line.endswith("compared with its platform linux/arm64.") for line in lines)
    assert "~ label name      single → arm v1" in lines
    assert [line for line in lines if line in ("summary", "config", "layers", "packages", "findings", "manifest")]

    markdown = env.cli.run("diff", "team/app:single", "team/app:v1", "--output", "markdown").out
    assert "| ~ | label name | single | arm v1 |  |" in markdown
    assert markdown.startswith("# single → v1\n")


def test_the_title_names_the_tags_of_the_command_line(env: DiffEnv) -> None:
    push_image(env.cli.client, "team/app", "single", "a-first-tag", platform="linux/arm64")
    markdown = env.cli.run("diff", "team/app:single", "team/copy:v2", "--output", "markdown").out
    assert markdown.startswith("# single → v2\n")


def test_the_first_digits_of_a_digest_name_an_image(env: DiffEnv) -> None:
    digest = env.diff("team/app:v1", "team/app:single")["before"]["imageDigest"]
    digits = short_digest(digest)[:6]
    for text in (f"team/app@{digits}", f"team/app:gone@sha256:{digits}"):
        assert env.diff(text, "team/app:single")["before"]["imageDigest"] == digest

    unknown = env.cli.run("diff", "team/app@000000", "team/app:single")
    assert unknown.code == 7
    assert "team/app has no image whose digest begins with 000000" in unknown.err
    assert "team/app has no tag" in env.cli.run("diff", f"team/app:{digits}", "team/app:single").err

    digits, images = push_alike(env.cli.client, "team/app", "one", "two")
    result = env.cli.run("diff", f"team/app@{digits}", "team/app:single")
    assert result.code == 2
    assert f"2 images of team/app begin with {digits}" in result.err
    assert all(f"{short_digest(image.digest)} {image.tag}" in result.err for image in images)


def test_what_may_not_be_read_is_not_known(env: DiffEnv, no_sdk_retries: None) -> None:
    env.cli.embedded.faults.add("GetDownloadUrlForLayer:error:code=AccessDeniedException:message=no")
    with served(env.cli.embedded) as url:
        main(["diff", "team/app:single", "team/app:v1", "--output", "json", "--endpoint-url", url, "--region", REGION])
    (entry,) = json.loads(env.cli.capsys.readouterr().out)["platforms"]
    config = entry["sections"]["config"]
    assert config["rows"] == []
    assert "The config of A is not known: not permitted: ecr:GetDownloadUrlForLayer." in config["notKnown"]


@pytest.mark.parametrize(("after", "code", "words"), [(2, DIFFERENT, ""), (0, 7, "The platforms of v1 are not known")])
def test_a_platform_that_may_not_be_read_is_not_the_same(
    env: DiffEnv, no_sdk_retries: None, after: int, code: int, words: str
) -> None:
    env.cli.embedded.faults.add(f"BatchGetImage:error:code=AccessDeniedException:message=no:after={after}")
    with served(env.cli.embedded) as url:
        options = ["--platform", "linux/arm64", "--exit-code", "--endpoint-url", url, "--region", REGION]
        assert main(["diff", "team/app:v1", "team/copy:v2", *options]) == code
    assert words in env.cli.capsys.readouterr().err


@pytest.mark.parametrize(
    ("operation", "names"),
    [("ListImageReferrers", ["signed", "provenance", "packages"]), ("BatchGetImage", ["signed", "packages"])],
)
def test_artifacts_that_may_not_be_listed_are_not_known(
    env: DiffEnv, no_sdk_retries: None, operation: str, names: list[str]
) -> None:
    fault = f"{operation}:error:code=AccessDeniedException:message=no"
    after = 2 if operation == "BatchGetImage" else 0  # the manifests of both images
    env.cli.embedded.faults.add(f"{fault}:after={after}")
    other = push_image(env.cli.client, "team/app", "other", "other", platform="linux/arm64")
    with served(env.cli.embedded) as url:
        words = ["team/app:single", f"team/app@{other.digest}", "--output", "json", "--all"]
        assert main(["diff", *words, "--endpoint-url", url, "--region", REGION]) == 0
    (entry,) = json.loads(env.cli.capsys.readouterr().out)["platforms"]
    rows = {row["name"]: row for row in entry["sections"]["summary"]["rows"]}
    for name in names:
        assert rows[name]["change"] == "not known"
        assert "not permitted: ecr:BatchGetImage" in rows[name]["before"]  # ListImageReferrers needs it, too
    assert any("The SBOM of A is not known: " in text for text in entry["sections"]["packages"]["notKnown"])


def push_artifact(client: Any, tag: str, layers: list[bytes]) -> None:
    push_image(client, "team/app", "model", tag, layers=layers, config_media_type="application/vnd.example")


def test_a_large_content_of_an_artifact_is_compared_by_its_digest(env: DiffEnv) -> None:
    for tag, letter in (("a", b"a"), ("b", b"b")):
        layers = [b"notes " + letter, letter * (MAX_CONTENT + 1)]
        push_artifact(env.cli.client, tag, layers)
    (entry,) = env.diff("team/app:a", "team/app:b")["platforms"]
    config = entry["sections"]["config"]
    assert config["notKnown"] == []
    changed = {row["name"]: (row["before"], row["after"]) for row in config["rows"]}
    digests = (digest_of(letter * (MAX_CONTENT + 1)) for letter in (b"a", b"b"))
    words = "4.2 MB not read; compared by its digest"
    assert changed["content 2"] == tuple(f"{words} {short_digest(digest)}" for digest in digests)
    assert changed["content 1, line 1"] == ("notes a", "notes b")


def test_no_content_of_an_artifact_with_many_is_left_out(env: DiffEnv) -> None:
    many = [b"same"] * MAX_CONTENTS
    for tag in ("a", "b"):
        layers = [*many, f"last {tag}".encode()]
        push_artifact(env.cli.client, tag, layers)
    (entry,) = env.diff("team/app:a", "team/app:b")["platforms"]
    changed = [row["name"] for row in entry["sections"]["config"]["rows"]]
    assert f"content {MAX_CONTENTS + 1}" in changed


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["team/app:v1", "team/app"], 2, "names no image"),
        (["team/app:v1", "team/app:none"], 7, "team/app has no tag none"),
        (["team/app:single", "team/app:single", "--platform", "linux/arm64"], 2, "--platform needs an index"),
        (["team/app:v1", "team/app:v1", "--query", "same", "--output", "text"], 2, "--query does not work with text"),
        (["team/app:v1", "team/app:v1", "--query", "same", "--output", "markdown"], 2, "hint: Use --output json.\n"),
    ],
)
def test_a_wrong_command_line_says_what_to_do(env: DiffEnv, words: list[str], code: int, message: str) -> None:
    result = env.cli.run("diff", *words)
    assert (result.code, result.out) == (code, "")
    assert message in result.err


def test_a_query_is_answered_in_json(env: DiffEnv) -> None:
    assert env.cli.run("diff", "team/app:v1", "team/app:v1", "--query", "same").out == "true\n"
