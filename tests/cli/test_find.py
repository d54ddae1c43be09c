"""``ecrtui find``."""

from __future__ import annotations

import json

from ecrtui.cli.exit_codes import ExitCode
from ecrtui.cli.main import main
from ecrtui.ecr.digest import short_digest
from tests.support.cli_env import CliEnv
from tests.support.embedded import REGION, create_repository, digest_of, push_image, push_index, served

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def test_each_hit_is_printed_and_the_exit_code_says_what_was_found(cli: CliEnv, no_sdk_retries: None) -> None:
    for name in ("team/app", "team/cart", "mirror/app"):
        create_repository(cli.client, name)
        push_image(cli.client, name, name, "own")
    digest = push_image(cli.client, "team/app", "shared", "prod").digest
    push_image(cli.client, "mirror/app", "shared", "copy")
    event = f'Failed to pull image "{HOST}/team/app:prod": not found'
    for words, names in (
        (["prod"], ["team/app"]),
        ([digest], ["mirror/app", "team/app"]),
        ([short_digest(digest)], ["mirror/app", "team/app"]),
        ([event], ["mirror/app", "team/app"]),
        (["prod", "copy"], ["mirror/app", "team/app"]),
        (["prod", "--missing"], ["mirror/app", "team/cart"]),
        (["missing:tag=prod", "own"], ["mirror/app", "team/cart"]),
        (["c*y"], ["mirror/app"]),
        (["prod", "c*y", "pr*"], ["mirror/app", "team/app"]),  # first asked for prod, then listed for the others
    ):
        result = cli.run("find", *words)
        assert result.out, (words, result.err)
        assert (result.code, [hit["repositoryName"] for hit in result.json["hits"]]) == (0, names), words
    hit = cli.run("find", "prod").json["hits"][0]
    assert (hit["imageDigest"], hit["imageTags"], hit["region"]) == (digest, ["prod"], "eu-west-1")
    assert [row["imageTags"] for row in cli.run("find", "prod", "--output", "csv").csv_rows] == ["prod"]
    assert cli.run("find", "prod", "--output", "jsonl", "--query", "imageTags").json_lines == [["prod"]]
    assert "team/app" in cli.run("find", "prod", "--output", "table").out

    platform = push_image(cli.client, "team/cart", "part", platform="linux/arm64")
    push_index(cli.client, "team/cart", {"linux/arm64": platform}, tag="multi")
    found = [cli.run("find", short_digest(platform.digest), *more) for more in ([], ["--read-indexes"])]
    assert [result.code for result in found] == [0, 0]
    parts = [(result.json["hits"][0].get("partOf") or {}).get("part") for result in found]
    assert parts == [None, "linux/arm64"]

    result = cli.run("find", "nothing")
    assert (result.code, result.json) == (ExitCode.REGISTRY_ERROR, {"hits": []})
    assert "No repository has nothing" in result.err
    assert "team/other:none was not found" in cli.run("find", "team/other:none").err
    assert cli.run("find", "sha256:12").code == ExitCode.USAGE

    with served(cli.embedded) as url:
        for operation, reference, hits, missing in (
            ("DescribeImages", "own", 2, "1 repository"),
            ("DescribeRepositories", "team/app:prod", 1, "the list of repositories"),
        ):
            cli.embedded.faults.add(f"{operation}:error:code=AccessDeniedException:message=no:times=1")
            code = main(["find", reference, "--endpoint-url", url, "--region", REGION])
            out, err = cli.capsys.readouterr()
            assert (code, len(json.loads(out)["hits"])) == (ExitCode.UNDECIDED, hits)
            assert f"The answer is not complete: {missing} could not be read" in err


def test_the_findings_of_what_was_found(cli: CliEnv) -> None:
    for name in ("team/app", "team/cart"):
        create_repository(cli.client, name)
    single = push_image(cli.client, "team/cart", "single", "v1")
    arm = push_image(cli.client, "team/app", "arm", platform="linux/arm64")
    push_index(cli.client, "team/app", {"linux/arm64": arm}, "v1")
    for name, image in (("team/cart", single), ("team/app", arm)):
        cli.client.start_image_scan(repositoryName=name, imageId={"imageDigest": image.digest})
    for options, scanned in (([], [False, False]), (["--findings"], [False, True])):
        hits = cli.run("find", "v1", *options).json["hits"]
        assert [hit.get("imageScanStatus") == {"status": "COMPLETE"} for hit in hits] == scanned
    rows = cli.run("find", "v1", "--findings", "--read-indexes", "--output", "csv").csv_rows
    assert [(row["imageScanStatus"], bool(row["findingSeverityCounts"])) for row in rows] == [("COMPLETE", True)] * 2


def test_findings_that_may_not_be_read_leave_the_answer_incomplete(cli: CliEnv) -> None:
    create_repository(cli.client, "team/app")
    push_image(cli.client, "team/app", "one", "v1")
    cli.embedded.faults.add("DescribeImageScanFindings:error:code=AccessDeniedException:message=no")
    with served(cli.embedded) as url:
        code = main(["find", "v1", "--findings", "--endpoint-url", url, "--region", REGION])
    out, err = cli.capsys.readouterr()
    assert (code, len(json.loads(out)["hits"])) == (ExitCode.UNDECIDED, 1)
    assert "team/app could not be read: Could not read the findings" in err


def test_a_layer_is_found_with_the_images_that_are_known_to_have_it(cli: CliEnv) -> None:
    for name in ("team/app", "team/cart"):
        create_repository(cli.client, name)
    image = push_image(cli.client, "team/app", "one", "v1", layers=[b"base"])
    push_image(cli.client, "team/app", "two", layers=[b"base"])
    push_image(cli.client, "team/cart", "other", "v9", layers=[b"other"])
    layer = json.loads(image.manifest)["layers"][0]["digest"]
    result = cli.run("find", layer)
    (hit,) = result.json["hits"]
    assert result.code == 0
    assert (hit["repositoryName"], hit["layerDigest"], hit["layerSize"], hit["images"]) == ("team/app", layer, 4, [])
    assert (hit["knownManifests"], hit["manifests"]) == (0, 2)
    assert (
        "No image has the digest, so ecrtui looked for layers and configs. 0 of 2 manifests are known. "
        "Add --read-indexes to read the others." in result.err
    )
    result = cli.run("find", layer, "--read-indexes")
    (hit,) = result.json["hits"]
    assert (hit["kind"], hit["knownManifests"]) == ("layer", 2)
    assert hit["images"][0] == {"imageDigest": image.digest, "imageTags": ["v1"]}
    assert "--read-indexes" not in result.err
    (row,) = cli.run("find", layer, "--read-indexes", "--output", "csv").csv_rows
    assert (row["imageTags"], row["kind"], row["layerDigest"], row["imageCount"]) == ("v1", "layer", layer, "2")
    result = cli.run("find", digest_of("nothing"))
    assert result.code == ExitCode.REGISTRY_ERROR
    assert "No image has the digest, so ecrtui looked for layers and configs.\n" in result.err
    assert f"No repository has {digest_of('nothing')}." in result.err
    assert "No image has 0123456. A layer or a config may have it." in cli.run("find", "0123456").err


def test_an_image_that_may_not_be_read_is_not_called_missing(cli: CliEnv, no_sdk_retries: None) -> None:
    create_repository(cli.client, "team/app")
    cli.embedded.faults.add("DescribeImages:error:code=AccessDeniedException:message=no")
    with served(cli.embedded) as url:
        code = main(["find", "team/app:prod", "--endpoint-url", url, "--region", REGION])
    err = cli.capsys.readouterr().err
    assert code == ExitCode.UNDECIDED
    assert "was not found" not in err
