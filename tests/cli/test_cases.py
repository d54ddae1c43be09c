"""Images out of public bug reports, by command: what is listed, printed, tagged, refused and undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecrtui.cli.exit_codes import ExitCode
from ecrtui.cli.main import main
from tests.support.cases import CASE_NAMES, CASES, RefusedManifest, load_case, refused_manifests
from tests.support.cli_env import CliEnv
from tests.support.embedded import REGION, digests_of, served

KINDS = {
    "bad-tags": {"manifest.json": "image"},
    "base-digest": {"base.json": "image", "app.json": "image"},
    "compare-health": {"a.json": "image", "b.json": "image"},
    "compare-helm": {"a.json": "helm chart", "b.json": "helm chart"},
    "compare-layer-type": {"a.json": "image", "b.json": "image"},
    "compare-line-end": {"a.json": "image", "b.json": "image"},
    "config-unlisted": {"manifest.json": "image"},
    "helm-config": {"manifest.json": "helm chart"},
    "label-newline": {"manifest.json": "image"},
    "long-line": {"manifest.json": "image"},
    "no-layers": {},
    "schema1": {"plain.json": "image", "signed.json": "image"},
    "sigstore-bundle": {
        "image.json": "image",
        **dict.fromkeys(("sign.json", "slsa.json", "sbom.json", "vex.json"), "sigstore bundle"),
    },
    "sparse-layout": {},
    "surrogate": {},
    "tall-text": {"manifest.json": "image"},
    "undo-index": {
        **dict.fromkeys(("old-amd64.json", "old-arm64.json", "new-amd64.json", "new-arm64.json"), "image"),
        **dict.fromkeys(("old.json", "new.json"), "index"),
    },
    "win-version": {
        **dict.fromkeys(("10.0.17763.6414.json", "10.0.20348.2762.json"), "image"),
        "list.json": "index",
    },
}
"""The kind of each image, as DescribeImages tells it: the predicate of a sigstore bundle is in its manifest alone."""


LAYER = "application/vnd.oci.image.layer.v1.tar"
GZIP, ZSTD = f"{LAYER}+gzip", f"{LAYER}+zstd"


def test_the_table_has_every_case() -> None:
    assert set(KINDS) == set(CASE_NAMES)


@pytest.mark.parametrize("name", [name for name in CASE_NAMES if KINDS[name]])
def test_a_case_is_listed_printed_and_tagged_byte_for_byte(name: str, cli: CliEnv, tmp_path: Path) -> None:
    images = load_case(cli.client, name, name)
    listed = cli.run("images", name, "--output", "csv").csv_rows
    kinds = {row["imageDigest"]: row["kind"] for row in listed}
    assert kinds == {image.digest: KINDS[name][file] for file, image in images.items()}
    for image in images.values():
        reference = f"{name}:{image.tag}" if image.tag else f"{name}@{image.digest}"
        assert cli.run("manifest", reference).out == image.manifest
    rows = [f"{name},copy-{position},{image.digest}\n" for position, image in enumerate(images.values())]
    plan = tmp_path / "plan.csv"
    plan.write_text("repository,tag,source\n" + "".join(rows))
    result = cli.run("retag", "--from-file", str(plan), "--yes")
    assert result.code == ExitCode.DONE, result.err
    tags = cli.tags(name)
    assert [tags[f"copy-{position}"] for position in range(len(rows))] == [image.digest for image in images.values()]
    assert digests_of(cli.client, name) == set(kinds), "the bytes, and so the digests, are the same"


def test_an_invalid_tag_is_refused_and_named(cli: CliEnv) -> None:
    image = load_case(cli.client, "bad-tags", "bad-tags")["manifest.json"]
    for tag in ("", "1.0+build", "feature/x", "a b", "é"):
        result = cli.run("retag", "bad-tags:v1", tag, "--yes")
        assert (result.code, result.json["results"][0]["imageTag"]) == (ExitCode.REFUSED, tag)
        assert f"bad-tags:{tag} refused: " in result.err
    assert cli.tags("bad-tags") == {"v1": image.digest}


def test_a_plan_names_the_platform_of_windows_that_a_tag_would_lose(cli: CliEnv) -> None:
    images = load_case(cli.client, "win", "win-version")
    child = images["10.0.17763.6414.json"].digest
    result = cli.run("retag", f"win@{child}", "multi", "--dry-run")
    assert "would lose windows(10.0.20348.2762)/amd64" in str(result.json["steps"][0]["warnings"])


def test_an_index_that_a_clean_up_deleted_comes_back(cli: CliEnv) -> None:
    images = load_case(cli.client, "undo", "undo-index")
    assert cli.run("retag", "undo:rc", "main", "--yes").code == ExitCode.DONE
    for file in ("old.json", "old-amd64.json", "old-arm64.json"):
        cli.client.batch_delete_image(repositoryName="undo", imageIds=[{"imageDigest": images[file].digest}])
    result = cli.run("undo", "--last", "--yes")
    assert result.code == ExitCode.DONE, result.err
    assert cli.tags("undo")["main"] == images["old.json"].digest
    assert digests_of(cli.client, "undo") == {image.digest for image in images.values()}


@pytest.mark.parametrize("refused", refused_manifests(), ids=lambda refused: refused.file.stem)
def test_put_image_says_in_the_words_of_ecr_why_a_manifest_is_refused(refused: RefusedManifest, cli: CliEnv) -> None:
    load_case(cli.client, "team/app", refused.case)
    with served(cli.embedded) as url:
        words = ("--repository-name", "team/app", "--image-manifest", f"file://{refused.file}", "--image-tag", "x")
        code = main(["put-image", *words, "--endpoint-url", url, "--region", REGION])
    out, err = cli.capsys.readouterr()
    assert (code, out) == (254, "")
    assert "(InvalidParameterException)" in err
    assert "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'I" in err
    assert not digests_of(cli.client, "team/app")


def run_import(cli: CliEnv, layout: Path, *words: str) -> tuple[int, str, str]:
    code = main(["local", "import", str(layout), *words, "--db", cli.database, "--region", REGION])
    return code, *cli.capsys.readouterr()


def test_a_layout_with_half_a_surrogate_pair_is_refused(cli: CliEnv) -> None:
    code, out, err = run_import(cli, CASES / "surrogate" / "layout", "team/app:x")
    assert (code, out) == (ExitCode.USAGE, "")
    assert "would be refused by ECR: Invalid parameter at 'ImageManifest'" in err


def test_the_platform_that_a_sparse_layout_has_is_imported(cli: CliEnv) -> None:
    layout, present = CASES / "sparse-layout" / "layout", (CASES / "sparse-layout" / "present.txt").read_text().strip()
    code, out, err = run_import(cli, layout, "team/app:all")
    assert (code, out) == (ExitCode.USAGE, "")
    assert f"--platform linux/amd64, or --ref {present}" in err
    for words in (("--platform", "linux/amd64"), ("--ref", present)):
        code, out, err = run_import(cli, layout, f"team/app:{words[0][2:]}", *words)
        assert (code, out.split()[0]) == (ExitCode.DONE, present), err
    assert cli.tags("team/app") == {"platform": present, "ref": present}
    assert cli.run("retag", "team/app:ref", "release", "--yes").code == ExitCode.DONE


@pytest.mark.parametrize(
    ("name", "section", "label", "before", "after"),
    [
        ("compare-health", "config", "config.Healthcheck.Interval", "30000000000", "60000000000"),
        ("compare-helm", "config", "version", "1.4.0", "1.5.0"),
        ("compare-layer-type", "manifest", "manifest.layers[0].mediaType", GZIP, ZSTD),
        ("compare-line-end", "config", "label n", r'"a\nbb"', r'"a\rbb"'),
        ("base-digest", "config", "n", "1", "2"),
    ],
)
def test_diff_names_the_member_that_differs(
    name: str, section: str, label: str, before: str, after: str, cli: CliEnv
) -> None:
    one, other = load_case(cli.client, name, name).values()
    result = cli.run("diff", f"{name}@{one.digest}", f"{name}@{other.digest}", "--output", "json", "--exit-code")
    assert result.code == ExitCode.FOUND
    rows = result.json["platforms"][0]["sections"][section]["rows"]
    expected = {"name": label, "change": "changed", "before": before, "after": after}
    assert [row for row in rows if expected.items() <= row.items()]
