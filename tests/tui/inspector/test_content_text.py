"""Contents, packages and the tree of artifacts as text and rows. No text of a registry looks like one of ours."""

from __future__ import annotations

import json

import pytest

from ecrtui.ecr.digest import digest_of, short_digest
from ecrtui.ecr.image import ImageKind
from ecrtui.ecr.manifest import Descriptor, DescriptorRole
from ecrtui.inspect.archives import ArchiveFile
from ecrtui.inspect.artifacts import Artifact, ArtifactOrigin, ArtifactTree, Subject, with_artifact
from ecrtui.inspect.contents import BlobContent, BlobContext, read_content
from ecrtui.inspect.facts import Fact
from ecrtui.inspect.packages import Package, PackageList
from ecrtui.inspect.packages_filter import parse_packages
from ecrtui.tui.inspector.artifact_rows import artifact_rows, row_text
from ecrtui.tui.inspector.content_text import content_text, totals_text
from ecrtui.tui.inspector.packages_pane import as_csv
from tests.support.hostile_text import HOSTILE
from tests.support.screen import unsafe_characters

A, B, C, D = (digest_of(name) for name in "abcd")


def test_the_text_of_a_content_has_problem_facts_files_and_text_in_this_order() -> None:
    files = (ArchiveFile("a/values.yaml", 9, "x: 1\ny: 2\n"), ArchiveFile("a/link", 0, note="a link to /etc"))
    content = BlobContent(
        "Helm chart", (Fact("signer", ("CN=a", "CN=b")),), None, files, '{\n  "a": 1\n}', "{}", "It is cut."
    )
    assert content_text(content, exact=False) == (
        "It is cut.\n\nsigner  CN=a\n        CN=b\n\nfile a/values.yaml  9 B\n  x: 1\n  y: 2\n\n"
        'file a/link  a link to /etc\n\n  {\n    "a": 1\n  }'
    )
    assert content_text(content, exact=True) == "{}"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_hostile_text_looks_like_a_line_of_ours(hostile: str) -> None:
    fake = f"{hostile}\nstatus  verified\nfile a  1 B"
    found = [
        BlobContent("text", pretty=fake, exact=fake, problem=fake),
        BlobContent(
            "text", (Fact("signer", (fake,)),), files=(ArchiveFile(fake, 1, fake, ""), ArchiveFile(fake, 1, "", fake))
        ),
        read_content(
            json.dumps({"_type": "https://in-toto.io/Statement/v1", "predicateType": fake}).encode(), BlobContext()
        ),
    ]
    for content in found:
        text = content_text(content, exact=False)
        assert unsafe_characters(text) == []
        assert not any(line.startswith(("status  verified", "file a  1")) for line in text.splitlines())
        assert unsafe_characters(content_text(content, exact=True)) == []


def test_totals_name_the_most_frequent() -> None:
    packages = [Package(str(number), type=kind) for number, kind in enumerate(["deb"] * 3 + list("abcde") + [""])]
    assert totals_text(PackageList("SPDX 2.3", tuple(packages))) == (
        "9 packages: deb 3 · type not known 1 · a 1 · b 1 · 3 others 3\nlicenses: none named 9"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", None),
        ("   ", None),
        ("curl", ["curl", "libcurl"]),
        ("CURL mit", ["libcurl"]),
        ("type:deb", ["curl"]),
        ("license:mit", ["libcurl"]),
        ("name:curl version:8", ["curl"]),
        ("pkg:deb", ["curl"]),
        ("nothing", []),
        ("!lib", ["curl"]),
        ('type:deb !license:"mit"', ["curl"]),
        ("pkg:deb/curl", ["curl"]),
    ],
)
def test_packages_are_found_by_words_and_by_members(words: str, expected: list[str] | None) -> None:
    packages = [Package("curl", "8.3.0", "deb", "curl", "pkg:deb/curl"), Package("libcurl", "7", "rpm", "MIT")]
    chosen = parse_packages(words)
    assert expected == ([package.name for package in chosen.select(packages)] if chosen else None)


def test_packages_are_exported_without_formulas() -> None:
    assert as_csv([Package("=cmd()", "1,2", "deb", "", "pkg:a")]) == (
        'name,version,type,license,purl\n\'=cmd(),"1,2",deb,,pkg:a\n'
    )


def blob(digest: str, media_type: str) -> Descriptor:
    return Descriptor(DescriptorRole.LAYER, digest, media_type, 5)


def rows(tree: ArtifactTree) -> list[str]:
    return [f"{row.branch}{row.name}|{row.format}|{row.note}" for row in artifact_rows(tree, ("prod", "rc"))]


def test_the_tree_has_lines_that_join_its_rows() -> None:
    inner = Artifact(C, ImageKind.SIGNATURE, ArtifactOrigin.REFERRER, "Notation")
    both = Artifact(
        B, ImageKind.ATTESTATION, ArtifactOrigin.INDEX,
        blobs=(blob(C, "application/spdx+json"), blob(D, "application/x")), artifacts=(inner,),
    )  # fmt: skip
    root = Subject(A, "index", (Artifact(C, ImageKind.SBOM, ArtifactOrigin.REFERRER, "SPDX", artifacts=(inner,)),))
    tree = ArtifactTree(root, (Subject(D, "linux/arm64"), Subject(C, "linux/amd64", (both,))))
    assert rows(tree) == [
        "index|prod  rc|",
        "├ sbom|SPDX|",
        "│ └ signature|Notation|not verified",
        "├ linux/amd64||",
        "│ └ attestation||",
        "│   ├ sbom|SPDX|",
        "│   ├ artifact|x|",
        "│   └ signature|Notation|not verified",
        "└ linux/arm64|no artifacts|",
    ]
    assert len({row.key for row in artifact_rows(tree)}) == 9


def test_all_that_is_known_of_a_row_of_the_tree_is_text() -> None:
    both = Artifact(
        B, ImageKind.ATTESTATION, ArtifactOrigin.INDEX, size=1_234, created=0,
        blobs=(blob(C, "application/spdx+json"), blob(D, "application/x")),
    )  # fmt: skip
    chart = Artifact(A, ImageKind.HELM, ArtifactOrigin.OWN, "Helm chart", blobs=(blob(B, "application/tar"),))
    broken = Artifact(C, ImageKind.SIGNATURE, ArtifactOrigin.TAG, tag="sha256-6c67.sig", problem="it is\x1b[2J gone")
    tree = ArtifactTree(Subject(A, "index", (both, chart, broken)), (Subject(D, "linux/arm64"),))
    root, attestation, sbom, _, own, signature, platform = map(row_text, artifact_rows(tree, ("prod", "rc")))
    assert root.splitlines()[1] == "tags    prod  rc"
    assert platform.splitlines()[1] == "artifacts  no artifacts"
    assert attestation.splitlines() == [
        "kind    attestation",
        f"digest  {B}",
        "from    in the index",
        "pushed  1970-01-01 00:00:00 UTC",
        "size    1.2 kB, 1,234 bytes",
    ]
    assert f"from        the attestation {short_digest(B)}" in sbom.splitlines()
    assert f"digest      {C}" in sbom.splitlines()
    assert own.splitlines()[:2] == ["kind        helm chart", f"digest      {B}"]
    assert "from     the tag sha256-6c67.sig" in signature.splitlines()
    assert "problem  it is␛[2J gone" in signature.splitlines()


def test_an_artifact_that_was_read_replaces_the_one_in_the_tree() -> None:
    nested = Artifact(B, ImageKind.ARTIFACT, ArtifactOrigin.REFERRER)
    tree = ArtifactTree(
        Subject(A, "image", (Artifact(C, ImageKind.SBOM, ArtifactOrigin.REFERRER, artifacts=(nested,)),))
    )
    known = Artifact(B, ImageKind.VEX, ArtifactOrigin.REFERRER, blobs=(blob(D, "a/b"),))
    found = with_artifact(tree, known)
    assert found.root.artifacts[0].artifacts == (known,)
    assert found.root.artifacts[0].kind is ImageKind.SBOM
