"""Two images are compared section by section. Two digests are never the same, and what is not known is never equal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecrtui.ecr.findings import UNREADABLE, Finding
from ecrtui.inspect.archives import ArchiveFile
from ecrtui.inspect.comparison.attachments import NamedContent
from ecrtui.inspect.comparison.compared_image import ComparedImage
from ecrtui.inspect.comparison.comparison import SECTIONS
from ecrtui.inspect.comparison.export import comparison_document, comparison_markdown, image_line
from ecrtui.inspect.comparison.reading import PARTS
from ecrtui.inspect.comparison.rows import READING, ChangeKind, NotKnown, Row
from ecrtui.inspect.contents import BlobContent
from ecrtui.inspect.findings import worst_first
from ecrtui.inspect.packages import Package
from tests.inspect.comparison.images import CONFIG, changes, compared, digest, from_manifest, image, index, swapped


def config_with(**members: Any) -> dict[str, Any]:
    """Return the usual config with other settings; None removes one."""
    settings = {**CONFIG["config"], **members}
    return {**CONFIG, "config": {name: value for name, value in settings.items() if value is not None}}


NULLS = {**CONFIG, "config": {**CONFIG["config"], "Env": None, "Labels": None}}


@pytest.mark.parametrize(
    ("config", "rows"),
    [
        (config_with(Env=["PATH=/bin", "A=2", "B=x"]), [("~", "env A", "1", "2"), ("+", "env B", None, "x")]),
        (config_with(Env=["A=1", "PATH=/bin"]), [("~", "env, order of the names", "PATH A", "A PATH")]),
        (config_with(Env=None), [("-", "env A", "1", None), ("-", "env PATH", "/bin", None)]),
        (config_with(Env=["PATH=/bin", "A"]), [("~", "config.Env[1]", "A=1", "A")]),
        (config_with(Labels={"team": "cart"}), [("~", "label team", "checkout", "cart")]),
        (config_with(Labels=None), [("-", "label team", "checkout", None)]),
        (NULLS, [("-", "env A", "1", None), ("-", "env PATH", "/bin", None), ("-", "label team", "checkout", None)]),
        (config_with(Labels=7), [("~", "config.Labels", '{"team": "checkout"}', "7")]),
        (config_with(User="0"), [("~", "config.User", "1001", "0")]),
        (config_with(Healthcheck={"Interval": 30}), [("+", "config.Healthcheck", None, '{"Interval": 30}')]),
        (config_with(Cmd=["serve", "-v"]), [("+", "config.Cmd[1]", None, "-v")]),
        ({**CONFIG, "moby.x": [1]}, [("+", '"moby.x"', None, "[1]")]),
        ({**CONFIG, "variant": "v3"}, [("+", "variant", None, "v3")]),
        ({**CONFIG, "config": None}, [("~", "config", json.dumps(CONFIG["config"]), "null")]),
        ([1], [("~", "", json.dumps(CONFIG), "[1]")]),
    ],
)
def test_the_config_is_compared_member_by_member(
    config: Any, rows: list[tuple[str, str, str | None, str | None]]
) -> None:
    section = compared(image(), image(config)).section("config")
    assert changes(section.rows) == rows
    assert not section.problems


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (json.dumps(CONFIG, indent=1), "config, text from character 1"),
        ('{"a": 1, "a": 1}', "config, text from character 1"),
        (b"{\xff", "config, text from character 1"),
    ],
)
def test_configs_with_the_same_members_differ_at_a_character(text: Any, label: str) -> None:
    assert [row[1] for row in changes(compared(image(), image(config_text=text)).section("config").rows)] == [label]


def test_the_summary_names_another_order_of_the_environment_once() -> None:
    one, other = (image(config_with(Env=names)) for names in (["A=1", "B=1"], ["B=1", "A=1"]))
    labels = [row.label for row in compared(one, other).section("summary").rows if row.differs]
    assert labels == ["env, order of the names", "digest"]


def test_null_and_no_entries_are_different() -> None:
    empty = {**CONFIG, "config": {**CONFIG["config"], "Env": [], "Labels": {}}}
    rows = changes(compared(image(NULLS), image(empty)).section("config").rows)
    assert [row[1] for row in rows] == ["config.Env", "config.Labels"]
    assert not changes(compared(image(NULLS), image(NULLS)).section("config").rows)


def test_configs_that_are_not_utf8_differ_at_a_byte() -> None:
    a, b = image(config_text=b'{"a": "\xff"}'), image(config_text=b'{"a": "\xfe"}')
    rows = changes(compared(a, b).section("config").rows)
    assert rows == [("~", "config, from byte 8", "ff 22 7d", "fe 22 7d")]


def test_layers_that_b_shares_need_no_pull() -> None:
    a = image(layers=[("base", 90), ("old", 10), ("twice", 5)])
    b = image(layers=[("base", 90), ("twice", 5), ("new", 20), ("new", 20)])
    comparison = compared(a, b)
    assert [(row.change.sign, row.label) for row in comparison.section("layers").rows] == [
        (" ", "layer 1"),
        ("-", "layer 2"),
        (" ", "layer 3 → 2"),
        ("+", "layer 3"),
        ("+", "layer 4"),
    ]
    (row,) = [row for row in comparison.section("summary").rows if row.label == "layers"]
    assert row.note == "2 shared (95 B), 1 new, 20 B to pull"
    unknown = compared(a, image(layers=[("base", 90), ("new", -7)]))
    (row,) = [row for row in unknown.section("summary").rows if row.label == "layers"]
    assert row.note == "1 shared (90 B), 1 new, – to pull"


def test_packages_are_compared_by_name_and_type() -> None:
    a = image(packages=[Package("curl", "8.3", "deb"), Package("old", "1"), Package("x", "1", license="MIT")])
    b = image(packages=[Package("curl", "8.4", "deb"), Package("curl", "8.4", "apk"), Package("x", "1", license="GPL")])
    assert changes(compared(a, b).section("packages").rows) == [
        ("+", "curl (apk)", None, "8.4"),
        ("~", "curl (deb)", "8.3", "8.4"),
        ("-", "old", "1", None),
        ("~", "x", "1 MIT", "1 GPL"),
    ]
    (row,) = [row for row in compared(a, b).section("summary").rows if row.label == "packages"]
    assert (row.before, row.after, row.note) == ("3 packages", "3 packages", "1 up, 1 changed, 1 new, 1 gone")


def test_packages_of_one_name_in_several_namespaces_are_told_apart() -> None:
    def core(group: str, version: str) -> Package:
        return Package("core", version, "maven", "", f"pkg:maven/{group}/core@{version}")

    a = image(packages=[core("org.a", "1.0"), core("org.b", "2.0")])
    b = image(packages=[core("org.a", "2.0"), core("org.b", "1.0")])
    assert changes(compared(a, b).section("packages").rows) == [
        ("~", "org.a/core (maven)", "1.0", "2.0"),
        ("~", "org.b/core (maven)", "2.0", "1.0"),
    ]


def test_without_an_sbom_the_packages_with_findings_are_compared() -> None:
    a = image(packages=None, findings=[Finding("CVE-1", "HIGH", "curl", "8.3")])
    found = [Finding("CVE-1", "HIGH", "curl", "8.4"), Finding("CVE-2", "LOW"), Finding("CVE-3", "LOW", "apt", "2.6")]
    b = image(packages=None, findings=found)
    section = compared(a, b).section("packages")
    assert changes(section.rows) == [("?", "apt", "not known", "2.6"), ("~", "curl", "8.3", "8.4")]
    assert section.problems == ("A has no SBOM.", "B has no SBOM.", "So only packages with findings are compared.")
    for other, change, note in (
        (b, ChangeKind.CHANGED, "of those that are known: 1 up"),
        (a, ChangeKind.NOT_KNOWN, ""),
    ):
        (row,) = [row for row in compared(a, other).section("summary").rows if row.label == "packages"]
        assert (row.before, row.after, row.change, row.note) == ("no SBOM", "no SBOM", change, note)


def test_findings_are_fixed_new_or_changed() -> None:
    a = image(
        findings=[
            Finding("CVE-1", "LOW", "zlib", "1.2"),
            Finding("CVE-2", "CRITICAL", "curl", "8.3", "8.4"),
            Finding("CVE-3", "HIGH", "glibc", "2.36"),
        ]
    )
    b = image(findings=[Finding("CVE-1", "MEDIUM", "zlib", "1.2"), Finding("CVE-4", "HIGH", "openssl", "3.0")])
    comparison = compared(a, b)
    rows = [row for row in comparison.section("findings").rows if row.differs]
    assert [(row.label, row.before, row.after, row.note) for row in rows] == [
        ("CVE-2", "CRITICAL curl 8.3, fixed in 8.4", None, "fixed"),
        ("CVE-4", None, "HIGH openssl 3.0", "new"),
        ("CVE-3", "HIGH glibc 2.36", None, "fixed"),
        ("CVE-1", "LOW zlib 1.2", "MEDIUM zlib 1.2", "severity up"),
    ]
    named = [row for row in comparison.section("summary").rows if row.label.startswith("finding CVE")]
    assert all(row.is_fault for row in [*rows, *named]) and len(named) == len(rows)
    assert not any(row.is_fault for row in comparison.section("packages").rows)
    (row,) = [row for row in comparison.section("summary").rows if row.label == "findings"]
    assert (row.before, row.after, row.note) == ("1C 1H 1L", "1H 1M", "2 fixed, 1 new, 1 severity up")


def test_a_suppressed_finding_is_neither_fixed_nor_new() -> None:
    zlib, curl = Finding("CVE-1", "HIGH", "zlib", "1.2"), Finding("CVE-2", "LOW", "curl", "8.3")
    hidden = replace(zlib, status="SUPPRESSED")
    for before, after, row in (
        (zlib, hidden, ("CVE-1", "HIGH zlib 1.2", "suppressed HIGH zlib 1.2", "open → suppressed")),
        (hidden, zlib, ("CVE-1", "suppressed HIGH zlib 1.2", "HIGH zlib 1.2", "suppressed → open")),
    ):
        comparison = compared(image(findings=[before, curl]), image(findings=[after, curl]))
        assert [(one.label, one.before, one.after, one.note) for one in comparison.section("findings").rows[:1]] == [
            row
        ]
        (summary,) = [one for one in comparison.section("summary").rows if one.label == "findings"]
        assert summary.note == f"1 {row[3]}"
    both = compared(image(findings=[hidden]), image(findings=[hidden]))
    assert not both.section("findings").rows


def test_findings_have_the_order_of_the_table_of_findings() -> None:
    findings = [
        Finding("CVE-2025-9", "HIGH", "zlib", score=7.1),
        Finding("CVE-2021-1", "HIGH", "curl", score=9.8),
        Finding("CVE-2023-2", "HIGH", "zlib", score=7.1),
        Finding("CVE-2026-1", "HIGH", "glibc"),
        Finding("CVE-2020-1", "CRITICAL", "openssl", score=5.0),
    ]
    a, b = image(findings=findings[:2]), image(findings=findings[2:])
    shown = [row.label for row in compared(a, b).section("findings").rows]
    assert shown == [finding.name for finding in worst_first(findings)]
    assert shown == ["CVE-2020-1", "CVE-2021-1", "CVE-2025-9", "CVE-2023-2", "CVE-2026-1"]


def test_a_finding_that_cannot_be_read_is_not_known() -> None:
    both = image(
        findings=[Finding("CVE-1", "LOW", "zlib"), Finding(UNREADABLE, "UNDEFINED", description="x: no title")]
    )
    comparison = compared(both, both)
    section = comparison.section("findings")
    assert [row.label for row in section.rows] == ["CVE-1"]
    assert section.problems == (
        "A finding of A cannot be read: x: no title.",
        "A finding of B cannot be read: x: no title.",
    )
    (row,) = [row for row in comparison.section("summary").rows if row.label == "findings"]
    assert row.change is ChangeKind.NOT_KNOWN


def test_the_files_of_a_chart_and_unknown_documents_are_compared() -> None:
    def chart(tag: str) -> ComparedImage:
        files = (
            ArchiveFile("app/values.yaml", 9, f"image:\n  tag: {tag}\n"),
            ArchiveFile("app/logo", 7, digest=digest("logo")),
        )
        packed = NamedContent("content 1", BlobContent("Helm chart", files=files))
        document = NamedContent("x", BlobContent("JSON", exact=f'{{"a": "{tag}"}}'))
        single = image({"name": "app"}, config_type="application/vnd.cncf.helm.config.v1+json")
        return replace(single, contents=(packed, document))

    assert changes(compared(chart("1.4"), chart("1.5")).section("config").rows) == [
        ("~", "app/values.yaml, line 2", "tag: 1.4", "tag: 1.5"),
        ("~", "x.a", "1.4", "1.5"),
    ]


def test_contents_without_a_text_are_compared_by_their_digests() -> None:
    def chart(name: str) -> ComparedImage:
        logo = ArchiveFile("app/logo", 7, note="not text", digest=digest(name))
        packed = BlobContent("Helm chart", files=(logo, ArchiveFile("app/large", 9, note="not shown")))
        module = NamedContent("module", BlobContent("WebAssembly", exact="00"), digest(name))
        return replace(image(), contents=(NamedContent("content 1", packed, digest(name)), module))

    one, other = (compared(chart("a"), chart(name)).section("config").rows for name in "ab")
    same, changed = ({row.label: row.change for row in rows[-3:]} for rows in (one, other))
    assert set(same.values()) == {ChangeKind.SAME}
    assert changed == {
        "app/logo": ChangeKind.CHANGED,
        "app/large": ChangeKind.NOT_KNOWN,
        "module": ChangeKind.CHANGED,
    }


def test_a_file_that_is_not_shown_is_compared_as_a_whole() -> None:
    def chart(*files: ArchiveFile) -> ComparedImage:
        return replace(image(), contents=(NamedContent("chart", BlobContent("Helm chart", files=files), "", 9),))

    def rows(one: ArchiveFile, other: ArchiveFile) -> Sequence[Row]:
        config = compared(chart(one), chart(other)).section("config")
        return [row for row in config.rows if row.label == "app/crds.yaml"]

    name, large = "app/crds.yaml", "larger than 524 kB; not shown"
    shown = ArchiveFile(name, 400_000, "a: 1\n" * 80_000)
    assert changes(rows(shown, ArchiveFile(name, 600_000, note=large))) == [("~", name, "400 kB", f"600 kB {large}")]
    near = ArchiveFile(name, 600_000, note=large), ArchiveFile(name, 600_001, note=large)
    assert changes(rows(*near)) == [("~", name, "600,000 bytes", "600,001 bytes")]
    binary = ArchiveFile(name, 9, digest=digest("x"))
    (row,) = rows(binary, ArchiveFile(name, 9))
    assert row.change is ChangeKind.NOT_KNOWN, "only one digest is known"


def test_a_file_may_be_in_the_rest_of_an_archive_that_was_not_read() -> None:
    def chart(*names: str, problem: str = "") -> ComparedImage:
        files = tuple(ArchiveFile(name, 1, "x") for name in names)
        packed = BlobContent("Helm chart", files=files, problem=problem)
        return replace(image(), contents=(NamedContent("chart", packed, "", 9),))

    section = compared(chart("a", "b", problem="The archive has more files."), chart("b", "c")).section("config")
    assert changes(section.rows) == [("-", "a", "1 B", None), ("?", "c", "not known", "1 B")]
    assert section.problems == ("A: The archive has more files.",)


def test_the_size_of_a_content_is_that_of_its_bytes() -> None:
    module = NamedContent("module", BlobContent("WebAssembly", exact="00000000  00 61", is_text=False), digest("m"), 2)
    section = compared(image(), replace(image(tag="b"), contents=(module,))).section("config")
    assert changes(section.rows) == [("+", "module", None, "2 B")]


UNREAD = NotKnown("not permitted: ecr:X")


@pytest.mark.parametrize("member", ["manifest", *PARTS])
@pytest.mark.parametrize("both", [False, True])
def test_an_unread_part_never_counts_as_equal(member: str, both: bool) -> None:
    a, b = image(tag="a"), image(tag="b", layers=[("other", 1)])
    unread: Mapping[str, Any] = {member: UNREAD}
    a, b = replace(a, **unread), replace(b, **unread) if both else b
    comparison = compared(a, b)
    said = [*comparison.section("summary").problems, *(row.before or "" for row in comparison.section("summary").rows)]
    assert any("not permitted: ecr:X" in text for text in said)
    for section in comparison.sections:
        assert all(row.change is ChangeKind.NOT_KNOWN for row in section.rows if "not permitted" in (row.before or ""))
    assert not comparison.pending


def test_sections_are_pending_while_a_part_is_read() -> None:
    unread = replace(image(), artifacts=READING, sources=READING, contents=READING).without_part()
    comparison = compared(unread, image(layers=[("other", 1)]))
    assert comparison.pending
    assert [section.name for section in comparison.sections if section.problems] == []
    assert [section.name for section in comparison.sections if section.pending] == list(SECTIONS)


TEXTS = st.sampled_from(["a", "b", " "])
DOCUMENTS = st.fixed_dictionaries(
    {"schemaVersion": st.just(2)},
    optional={
        "annotations": st.dictionaries(TEXTS, TEXTS),
        "layers": st.lists(st.fixed_dictionaries({"digest": TEXTS, "size": st.integers(-1, 2)}), max_size=4),
        "subject": TEXTS,
        "x": st.none() | st.lists(TEXTS, max_size=2),
    },
)
MANIFESTS = st.builds(
    lambda document, indent: json.dumps(document, indent=indent), DOCUMENTS, st.sampled_from([None, 1])
)


@given(MANIFESTS, MANIFESTS)
@settings(max_examples=30)
def test_different_digests_never_compare_as_the_same(before: str, after: str) -> None:
    comparison = compared(from_manifest(before), from_manifest(after))
    differs = before != after
    assert comparison.same is not differs
    for name in ("summary", "manifest"):
        rows = [row for row in comparison.section(name).rows if row.differs and row.label != "digest"]
        assert bool(rows) is differs, name


def test_an_export_names_some_of_1_000_tags_and_first_the_one_that_was_asked_for() -> None:
    one = image()
    tagged = replace(
        one, tag="prod", image=replace(one.image, tags=(*(f"ci-{number}" for number in range(999)), "prod"))
    )
    line = image_line(tagged)
    assert " · prod ci-0 ci-1 " in line
    assert " ci-18 and 980 more · pushed " in line


def test_an_export_says_what_was_not_read_yet() -> None:
    unread = compared(image(), replace(image(tag="b"), config=READING, packages=READING))
    (document,) = comparison_document([unread], everything=False)["platforms"]
    problems = {name: section["notKnown"] for name, section in document["sections"].items() if section["notKnown"]}
    assert problems == {name: ["Not everything was read yet."] for name in ("summary", "config", "packages")}
    text = comparison_markdown([unread], everything=False)
    assert "### Packages\n\n- Not everything was read yet.\n" in text


def values(rows: Sequence[Row]) -> Sequence[tuple[str, str, str]]:
    """Return what rows say, without labels, which name places in A and B."""
    return sorted((row.change, row.before or "", row.after or "") for row in rows)


CONFIGS = st.fixed_dictionaries(
    {"os": st.just("linux"), "architecture": st.just("amd64")},
    optional={
        "config": st.fixed_dictionaries(
            {}, optional={"Env": st.lists(st.sampled_from(["A=1", "A=2", "B=1", "C"]), max_size=3), "User": TEXTS}
        ),
        "history": st.lists(TEXTS, max_size=3),
    },
)


@given(CONFIGS, CONFIGS, st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=3))
@settings(max_examples=30)
def test_swap_is_symmetric(one: Any, other: Any, layers: list[str], others: list[str]) -> None:
    a = image(one, [(name, 1) for name in layers], packages=[Package(name, name) for name in layers])
    b = image(other, [(name, 2) for name in others], packages=[Package(name, "b") for name in others])
    there, back = compared(a, b), compared(b, a)
    for first, second in zip(there.sections, back.sections, strict=True):
        assert values(first.rows) == values(list(map(swapped, second.rows)))


def test_an_index_and_an_image_differ_even_if_the_image_is_its_part() -> None:
    single = image()
    parts = index(("linux/amd64", single.image.digest))
    parts = replace(parts, part=single.part, config=single.config)
    comparison = compared(single, parts)
    assert comparison.platform == "linux/amd64"
    assert not comparison.same
    assert ("~", "media type") in [row[:2] for row in changes(comparison.section("summary").rows)]
    assert not changes(comparison.section("config").rows)


def test_annotations_of_indexes_are_compared() -> None:
    a, b = (index(("linux/amd64", digest("a")), annotations={"team": name}) for name in ("cart", "checkout"))
    rows = changes(compared(a, b).section("summary").rows)
    assert ("~", "annotation team", "cart", "checkout") in rows
