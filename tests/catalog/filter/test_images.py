"""Each term of a filter on images matches the right images."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pytest

from ecrtui.catalog.filter import Knowledge, parse
from ecrtui.catalog.filter.cell_texts import cell_hint
from ecrtui.catalog.filter.images import image_schema
from ecrtui.catalog.filter.lexer import terms
from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.catalog.index_parts import KnownParts, Part
from ecrtui.catalog.rows.batch_predicate import GroupPredicate
from ecrtui.ecr.image import Image, ImageKind

NOW = datetime(2026, 11, 23, 12).timestamp()  # local, as dates in a filter are
DAY = 86_400
OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


def digest(beginning: str) -> str:
    return "sha256:" + beginning + "0" * (64 - len(beginning))


IMAGES = {
    "release": Image(
        digest("8ece96b7"),
        ("release-2026.11", "Prod"),
        NOW - 2 * 3600,
        104_000_000,
        OCI,
        CONFIG,
        last_pulled_at=NOW - 60,
        findings=(("CRITICAL", 0), ("HIGH", 2), ("LOW", 1)),
    ),
    "candidate": Image(
        digest("3fa1c0d2"),
        ("release-2026.10-rc1",),
        NOW - 9 * DAY,
        100_000_000,
        OCI,
        CONFIG,
        last_pulled_at=NOW - 40 * DAY,
        findings=(("CRITICAL", 1),),
    ),
    "untagged": Image(digest("77b0e41c"), (), NOW - 8 * DAY, 99_999_999, OCI, CONFIG, scan_status="NOT_SCANNED"),
    "index": Image(digest("aa00"), ("multi",), NOW - DAY, None, INDEX, findings=()),
    "signature": Image(
        digest("bb11"), (f"sha256-{'8ece96b7':0<64}.sig",), NOW - DAY, 500, OCI, subject=digest("8ece96b7")
    ),
    "helm": Image(digest("cc22"), ("chart-1",), NOW - DAY, 2048, OCI, "application/vnd.cncf.helm.config.v1+json"),
    "archived": Image(
        digest("dd33"),
        ("old",),
        NOW - 700 * DAY,
        5,
        OCI,
        CONFIG,
        status="ARCHIVED",
        archived_at=NOW - 30 * DAY,
        scan_status="SCAN_ELIGIBILITY_EXPIRED",
    ),
    "triaged": Image(digest("ee44"), ("enhanced",), None, 7, OCI, CONFIG, findings=(("UNTRIAGED", 3), ("NEW-ONE", 1))),
}


def groups_of(images: Iterable[Image], known: KnownParts) -> ImageGroups:
    by_digest = {image.digest: image for image in images}
    groups = ImageGroups(by_digest.get)
    groups.add(by_digest.values())
    groups.known = known
    return groups


NO_PARTS = KnownParts(listed=True)


def found(text: str, known: KnownParts = NO_PARTS) -> set[str]:
    chosen = parse(text, NOW, groups_of(IMAGES.values(), known), lambda tag: tag == "Prod")
    return {name for name, image in IMAGES.items() if chosen.matches(image)}


EVERYTHING = set(IMAGES)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", EVERYTHING),
        ("  \t ", EVERYTHING),
        ("release", {"release", "candidate"}),
        ("RELEASE", {"release", "candidate"}),
        ("prod", {"release"}),
        ("release prod", {"release"}),
        ("release !prod", {"candidate"}),
        ("!release", EVERYTHING - {"release", "candidate"}),
        ("!!release", {"release", "candidate"}),
        ("release-2026.1*", {"release", "candidate"}),
        ("release-2026.1?", {"release"}),
        ('"2026.11"', {"release"}),
        ('"no such"', set()),
        ('"*"', set()),
        ("3fa1", {"candidate"}),
        ("sha256:3fa1c0d2", {"candidate"}),
        ("e96b", {"release", "signature"}),
        ("77", {"untagged"}),
        ("sha256:e96b", set()),
        ("helm", {"helm"}),
        ("signature", {"signature"}),
        ("unta", {"untagged"}),
        ("<untagged>", {"untagged"}),
        ("archi", {"archived"}),
        ("/rc\\d$/", {"candidate"}),
        ("/^PROD$/", {"release"}),
        ("!/rc\\d$/ release", {"release"}),
        ("/a b/", set()),
        ("~rlcrc", set()),
        ("~rl11", {"release", "candidate"}),
        ("~prod11", set()),
        ("~prd", {"release"}),
        ('~"2026.rc"', {"candidate"}),
        ("tag:prod", {"release"}),
        ("tag=prod", set()),
        ("tag=Prod", {"release"}),
        ("tag==Prod", {"release"}),
        ("tag!=Prod", EVERYTHING - {"release"}),
        ("!tag!=Prod", {"release"}),
        ("TAG!:prod", EVERYTHING - {"release"}),
        ('tag!="release-2026.11"', EVERYTHING - {"release"}),
        ("is!=index", EVERYTHING - {"index"}),
        ("size!>100kB", {"signature", "helm", "archived", "triaged", "index"}),
        ("tag:*rc*", {"candidate"}),
        ("tag:rc*", set()),
        ("tag:/^rel.*0/", {"release", "candidate"}),
        ("tag:~rlrc", {"candidate"}),
        ("!tag:e", {"untagged", "index", "helm", "archived"}),
        ("digest:8ece", {"release"}),
        ("digest:SHA256:8ECE", {"release"}),
        ("digest:*41c*", {"untagged"}),
        ("digest=" + digest("dd33"), {"archived"}),
        ("digest:zz", set()),
        ("subject:8ece", {"signature"}),
        ("is:referrer", {"signature"}),
        ("type:index", {"index"}),
        ("type:helm", {"helm"}),
        ("status=ARCHIVED", {"archived"}),
        ("status=archived", {"archived"}),
        ("status=archive", set()),
        ("size>100MB", {"release"}),
        ("size>=100MB", {"release", "candidate"}),
        ("size<100mb", EVERYTHING - {"release", "candidate", "index"}),
        ("size<=2KiB", {"signature", "helm", "archived", "triaged"}),
        ("size=2048", {"helm"}),
        ("size:>0.1GB", {"release"}),
        ("!size>0", {"index"}),
        ("tags>1", {"release"}),
        ("tags=0", {"untagged"}),
        ("pushed<3h", {"release"}),
        ("pushed<7d", {"release", "index", "signature", "helm"}),
        ("pushed>1y", {"archived"}),
        ("pushed>8d12h", {"candidate", "archived"}),
        ("pushed>1mo", {"archived"}),
        ("pushed:2026-11-23", {"release"}),
        ("pushed>=2026-11-22", {"release", "index", "signature", "helm"}),
        ("pushed>2026-11-22", {"release"}),
        ("pushed<2026-11-15", {"candidate", "archived"}),
        ("pushed<=2026-11-15", {"candidate", "archived", "untagged"}),
        ("pushed>=2026-11-23T10:00", {"release"}),
        ("pulled:never", EVERYTHING - {"release", "candidate"}),
        ("pulled<1h", {"release"}),
        ("pulled>30d", {"candidate"}),
        ("archived<31d", {"archived"}),
        ("is:untagged", {"untagged"}),
        ("is:tagged", EVERYTHING - {"untagged"}),
        ("is:image", {"release", "candidate", "untagged", "archived", "triaged"}),
        ("is:index", {"index"}),
        ("is:ind", {"index"}),
        ("IS:Signature", {"signature"}),
        ("is:archived", {"archived"}),
        ("is:active", EVERYTHING - {"archived"}),
        ("is:scanned", {"release", "candidate", "index", "triaged"}),
        ("is:unscanned", {"untagged"}),
        ("!is:scanned", {"untagged", "archived"}),
        ("!is:unscanned", {"release", "candidate", "index", "triaged", "archived"}),
        ("scan:expired", {"archived"}),
        ("scan=not-scanned", {"untagged"}),
        ("!scan:expired", {"release", "candidate", "index", "triaged", "untagged"}),
        ("severity>=high", {"release", "candidate"}),
        ("!severity>=high", {"index", "triaged"}),
        ("!!severity>=high", {"release", "candidate"}),
        ("!findings>0", {"index"}),
        ("!severity:none", {"release", "candidate", "triaged"}),
        ("severity>high", {"candidate"}),
        ("severity:high", {"release"}),
        ("severity=low", {"release"}),
        ("severity<high", {"index", "triaged"}),
        ("severity<=h", {"release", "index", "triaged"}),
        ("severity:none", {"index"}),
        ("severity:undefined", {"triaged"}),
        ("findings>2", {"release", "triaged"}),
        ("findings=0", {"index"}),
        # what a cell shows
        ("size=104MB", {"release"}),
        ("size=104 MB", {"release"}),
        ("size=100MB", {"candidate", "untagged"}),
        ("size=100000000", {"candidate"}),
        ("size!=2 kB is:helm", set()),
        ("size>99 MB rc", {"candidate"}),
        ("pushed<3 h", {"release"}),
        ("pushed<3 h ago", {"release"}),
        ("pulled<2min", {"release"}),
        ("pushed>=2026-11-23 09:00", {"release"}),
        ("pushed>=2026-11-23T09:00:00", {"release"}),
        ("is:protected", {"release"}),
        ("!is:protected release", {"candidate"}),
        ("is:tagged size>1MB pushed<30d !prod", {"candidate"}),
        ("is:part", {"signature"}),
        ("!is:part", EVERYTHING - {"signature"}),
    ],
)
def test_a_filter_matches_the_right_images(text: str, names: set[str]) -> None:
    assert found(text) == names


NO_FINDINGS = {"untagged", "signature", "helm", "archived"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", set()),
        ("release", set()),
        ("is:tagged", set()),
        ("severity>=high", NO_FINDINGS),
        ("!severity>=high", NO_FINDINGS),
        ("severity:none", NO_FINDINGS),
        ("findings=0", NO_FINDINGS),
        ("severity>=high is:tagged", NO_FINDINGS - {"untagged"}),
        ("severity>=high is:scanned", {"signature", "helm"}),
        ("severity>=high is:unscanned", {"untagged", "signature", "helm"}),
        ("severity>=high !is:helm tag:chart-1", set()),
        ("is:scanned", {"signature", "helm"}),
        ("!is:unscanned", {"signature", "helm"}),
        ("scan:failed", {"signature", "helm"}),
    ],
)
def test_a_filter_reports_the_images_that_it_cannot_decide_about(text: str, names: set[str]) -> None:
    chosen = parse(text, NOW)
    images = list(IMAGES.values())
    assert {list(IMAGES)[index] for index in chosen.undecided(images)} == names
    assert not set(chosen.undecided(images)) & {images.index(image) for image in chosen.select(images)}


PARTS = {
    **{name: Image(digest(start), (), media_type=OCI) for name, start in (("amd64", "a1"), ("attestation", "a2"))},
    "loose": Image(digest("a3"), (), media_type=OCI),
    "index": Image(digest("b1"), ("multi",), media_type=INDEX),
    "old index": Image(digest("b2"), (), media_type=INDEX),
    "tagged part": Image(digest("a4"), ("v1",), media_type=OCI),
    "signature": Image(digest("c1"), (), media_type=OCI, artifact_media_type="a/signature", subject=digest("b1")),
    "sbom": Image(digest("c2"), (f"sha256-{'a1':0<64}.sbom",), media_type=OCI),
    "lost": Image(digest("c3"), (), media_type=OCI, artifact_media_type="a/spdx", subject=digest("dead")),
}
IN_INDEX = {"amd64", "attestation", "tagged part"}
INSIDE = {*IN_INDEX, "signature", "sbom"}
ORPHANS = {"loose", "old index", "lost"}
MULTI = (
    Part(digest("a1"), ImageKind.IMAGE, "linux/amd64", True),
    Part(digest("a4"), ImageKind.IMAGE, "windows/arm64", True),
    Part(digest("a2"), ImageKind.ATTESTATION),
)
ALL_READ = KnownParts(
    {digest("b1"): MULTI, digest("b2"): ()},
    {part.digest: (digest("b1"),) for part in MULTI},
    {
        "linux/amd64": {digest("a1"), digest("b1")},
        "windows/arm64": {digest("a4"), digest("b1")},
        "attestation": {digest("a2")},
    },
    listed=True,
)
ONE_UNREAD = ALL_READ._replace(parts={digest("b1"): MULTI}, unread={digest("b2")})
NOTHING_READ = KnownParts(unread={digest("b1"), digest("b2")}, listed=True)
UNTAGGED = {name for name, image in PARTS.items() if not image.tags}


@pytest.mark.parametrize(
    ("text", "known", "names", "undecided"),
    [
        ("is:untagged", ALL_READ, ORPHANS, set()),
        ("is:orphan", ALL_READ, ORPHANS, set()),
        ("is:untagged", ONE_UNREAD, set(), ORPHANS),
        ("is:untagged", NOTHING_READ, set(), {"amd64", "attestation", *ORPHANS}),
        ("is:untagged", KnownParts(), set(), {"amd64", "attestation", *ORPHANS}),
        ("untagged", ALL_READ, ORPHANS, set()),
        ("<untag", ONE_UNREAD, set(), ORPHANS),
        ("!is:untagged", ALL_READ, set(PARTS) - ORPHANS, set()),
        ("!untagged", ONE_UNREAD, set(PARTS) - ORPHANS, ORPHANS),
        ("is:untagged !is:index", ALL_READ, {"loose", "lost"}, set()),
        ("is:part", ALL_READ, INSIDE, set()),
        ("is:part is:tagged", ALL_READ, {"tagged part", "sbom"}, set()),
        ("is:part", ONE_UNREAD, INSIDE, set(PARTS) - INSIDE),
        ("!is:part", ALL_READ, set(PARTS) - INSIDE, set()),
        ("!is:part", NOTHING_READ, set(), set(PARTS) - {"signature", "sbom"}),
        ("tags=0", NOTHING_READ, UNTAGGED, set()),
        ("is:tagged", NOTHING_READ, set(PARTS) - UNTAGGED, set()),
        ("is:platform", ALL_READ, {"amd64", "tagged part"}, set()),
        ("is:platform", NOTHING_READ, set(), {"amd64", "attestation", "loose", "tagged part"}),
        ("is:attestation", ALL_READ, {"attestation"}, set()),
        ("is:attestation", NOTHING_READ, set(), {"amd64", "attestation", "loose"}),
        ("attestation", ALL_READ, {"attestation"}, set()),
        ("attes", NOTHING_READ, set(), {"amd64", "attestation", "loose"}),
        ("is:image", ALL_READ, {"amd64", "loose", "tagged part"}, set()),
        ("!is:image", ALL_READ, set(PARTS) - {"amd64", "loose", "tagged part"}, set()),
        (
            "is:image",
            NOTHING_READ,
            {"amd64", "attestation", "loose", "tagged part"} - UNTAGGED,
            UNTAGGED & {"amd64", "attestation", "loose"},
        ),
        ("signature", ALL_READ, {"signature"}, set()),
        ("sbom", ALL_READ, {"sbom", "lost"}, set()),
        ("arm64", ALL_READ, {"tagged part", "index"}, set()),
        ("linux/amd", ALL_READ, {"amd64", "index"}, set()),
        ("windows", NOTHING_READ, set(), {"amd64", "attestation", "loose", "index", "old index"}),
        ("platform:linux", ALL_READ, {"amd64", "index"}, {"loose"}),
        ("platform=linux/amd64 is:platform", ALL_READ, {"amd64"}, set()),
        ("platform=amd64 is:platform", ALL_READ, {"amd64"}, set()),
        ("amd*", ALL_READ, {"amd64", "index"}, set()),
        ("!platform:arm64 is:index", ALL_READ, {"old index"}, set()),
        ("platform:arm64 is:index", ONE_UNREAD, {"index"}, {"old index"}),
        ("of:multi", ALL_READ, INSIDE, set()),
        ("of:sha256:b1", ALL_READ, INSIDE, set()),
        ("of:a1", ALL_READ, {"sbom"}, set()),
        ("of:mul", ALL_READ, set(), set()),
        ("of:mul*", ALL_READ, INSIDE, set()),
        ("of:multi", ONE_UNREAD, INSIDE, set()),
        ("of:sha256:b2", ONE_UNREAD, set(), set(PARTS)),
        ("of:multi", NOTHING_READ, {"signature"}, set(PARTS) - {"signature"}),
        ("!of:multi", KnownParts(), set(), set(PARTS) - {"signature"}),
    ],
)
def test_what_belongs_together_can_be_filtered(
    text: str, known: KnownParts, names: set[str], undecided: set[str]
) -> None:
    chosen, images = parse(text, NOW, groups_of(PARTS.values(), known)), list(PARTS.values())
    assert {name for name, image in PARTS.items() if chosen.matches(image)} == names
    assert {list(PARTS)[position] for position in chosen.undecided(images)} == undecided
    assert not undecided or Knowledge.INDEX_PARTS in chosen.needs


def test_a_negated_term_hides_an_image_with_its_parts() -> None:
    chosen: object = parse("size<1MB !multi", NOW, groups_of(PARTS.values(), ALL_READ)).matches
    assert isinstance(chosen, GroupPredicate)
    assert (chosen.admits(PARTS["index"]), chosen.admits(PARTS["old index"])) == (False, True)


def test_what_becomes_known_later_counts() -> None:
    groups = groups_of(PARTS.values(), NOTHING_READ)
    chosen = parse("is:untagged", NOW, groups)
    assert not chosen.matches(PARTS["loose"])
    groups.known = ALL_READ
    assert chosen.matches(PARTS["loose"])


def test_a_filter_names_the_images_that_it_needs_to_know_more_about() -> None:
    images = list(IMAGES.values())
    chosen = parse("release severity>=critical !is:unscanned", NOW)
    assert [images[index] for index in chosen.relevant(images)] == [IMAGES["release"], IMAGES["candidate"]]


def test_a_filter_says_what_it_needs() -> None:
    assert parse("release severity>=high", NOW).needs == {Knowledge.FINDINGS}
    assert parse("!is:scanned", NOW).needs == {Knowledge.FINDINGS}
    assert parse("is:untagged is:scanned", NOW).needs == {Knowledge.FINDINGS, Knowledge.INDEX_PARTS}
    assert not parse("release is:tagged size>1MB", NOW).needs


def test_only_an_empty_filter_is_falsy() -> None:
    assert not parse(" ")
    assert parse("!x")


@pytest.mark.parametrize(
    "text", ["is:image", "image", "!is:signature", "e", "release !rc tags>0", "!type:index !tag:o"]
)
def test_many_images_match_as_each_of_them_alone(text: str) -> None:
    """The kinds of many images are computed in another way if no tag decides about one."""
    chosen = parse(text, NOW)
    unsigned = [image for image in IMAGES.values() if image.kind is not ImageKind.SIGNATURE]
    for images in (list(IMAGES.values()), unsigned):
        assert chosen.select(images) == [image for image in images if chosen.matches(image)]


def test_select_keeps_the_order() -> None:
    chosen = parse("pushed<7d", NOW).select(IMAGES.values())
    assert chosen == [IMAGES[name] for name in ("release", "index", "signature", "helm")]


@pytest.mark.parametrize(
    ("text", "shown", "field", "marked"),
    [
        ("release", "release-2026", "tag", ["release"]),
        ("RE", "prerelease", "tag", ["rere"]),
        ("rel ease", "release", "tag", ["release"]),
        ("!release", "release", "tag", []),
        ("tag:rel", "release", "digest", []),
        ("tag:rel", "release", "tag", ["rel"]),
        ("tag:rel*", "release", "tag", ["release"]),
        ("tag=Prod", "Prod", "tag", ["Prod"]),
        ("tag=Prod", "Prod-2", "tag", []),
        ("/r.?l/", "prerelease", "tag", ["rel"]),
        ("/x*/", "axxb", "tag", ["xx"]),
        ("~rlc", "prerelease-c1", "tag", ["r", "l", "c"]),
        ("~ab", "a--ab", "tag", ["ab"]),
        ("8ece", "8ece96b74f87", "digest", ["8ece"]),
        ("sha256:8ece", "8ece96b74f87", "digest", ["8ece"]),
        ("sha256:8ece96b74f87aa", "8ece96b74f87", "digest", ["8ece96b74f87"]),
        ("8e", "8ece96b78e", "digest", ["8e"]),
        ("ece9", digest("8ece96b7"), "digest", ["ece9"]),
        ("is:index", "index", "kind", []),
        ("index", "index", "kind", ["index"]),
        ("size>1MB", "1MB", "", []),
        ("", "anything", "", []),
    ],
)
def test_matches_are_highlighted(text: str, shown: str, field: str, marked: list[str]) -> None:
    assert [shown[start:end] for start, end in parse(text, NOW).spans(shown, field)] == marked


def test_images_that_are_attached_to_each_other_do_not_belong_to_themselves() -> None:
    first, second = digest("f1"), digest("f2")
    pair = [
        Image(first, ("one", f"sha256-{second[7:]}.sig"), NOW, 1, OCI, CONFIG),
        Image(second, ("two", f"sha256-{first[7:]}.sig"), NOW, 1, OCI, CONFIG),
    ]
    groups = groups_of(pair, ALL_READ)
    chosen = parse("of:one", NOW, groups)
    assert [image.digest for image in pair if chosen.matches(image)] == [second]
    groups.remove(pair[1:])
    groups.find = {first: pair[0]}.get
    assert not any(map(chosen.matches, pair)), "what has changed counts"


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("2 h ago", "pushed<3h"),
        ("28 min", "pushed<29min"),
        ("105 MB", "size=105MB"),
        ("1C 2H", "severity:critical"),
        ("✓", "severity:none"),
        ("·", "is:unscanned"),
        ("never", "pulled:never"),
        ("◆prod", "is:protected"),
        ("3 rules", ""),  # a cell of repositories
        ("none", ""),
        ("release", ""),
    ],
)
def test_a_text_that_a_cell_shows_has_a_filter(cell: str, meant: str) -> None:
    assert cell_hint(cell, parse) == (f"To filter by a cell write {meant}." if meant else "")


def test_an_age_counts_from_the_time_at_which_the_filter_is_applied() -> None:
    time = NOW
    [term] = terms("pushed<3h")
    condition = image_schema(ImageGroups()).condition(term, lambda: time)
    assert list(condition.mask([IMAGES["release"]])) == [True]
    time += 2 * 3600
    assert list(condition.mask([IMAGES["release"]])) == [False]
