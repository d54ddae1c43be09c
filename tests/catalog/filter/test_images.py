"""Each term of a filter on images matches the right images."""

from __future__ import annotations

from datetime import datetime

import pytest

from ecrtui.catalog.filter import Knowledge, parse
from ecrtui.catalog.index_parts import IndexParts, KnownParts
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


def index_parts(known: KnownParts) -> IndexParts:
    parts = IndexParts()
    parts.known = known
    return parts


NO_PARTS = KnownParts(listed=True)


def found(text: str, known: KnownParts = NO_PARTS) -> set[str]:
    chosen = parse(text, NOW, index_parts(known))
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
        ("is:tagged size>1MB pushed<30d !prod", {"candidate"}),
        ("is:part", set()),
        ("!is:part", EVERYTHING),
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
    **{name: Image(digest(start)) for name, start in (("amd64", "a1"), ("attestation", "a2"), ("loose", "a3"))},
    "index": Image(digest("b1"), ("multi",), media_type=INDEX),
    "old index": Image(digest("b2"), (), media_type=INDEX),
    "tagged part": Image(digest("a4"), ("v1",)),
    "signature": Image(digest("c1"), (), subject=digest("b1")),
}
IN_INDEX = {"amd64", "attestation", "tagged part"}
ALL_READ = KnownParts({digest(start): digest("b1") for start in ("a1", "a2", "a4")}, listed=True)
ONE_UNREAD = ALL_READ._replace(unread=1)
NOTHING_READ = KnownParts()


@pytest.mark.parametrize(
    ("text", "known", "names", "undecided"),
    [
        ("is:untagged", ALL_READ, {"loose", "old index"}, set()),
        ("is:untagged", ONE_UNREAD, set(), {"loose", "old index"}),
        ("is:untagged", NOTHING_READ, set(), {"amd64", "attestation", "loose", "old index"}),
        ("untagged", ALL_READ, {"loose", "old index"}, set()),
        ("<untag", ONE_UNREAD, set(), {"loose", "old index"}),
        ("!is:untagged", ALL_READ, set(PARTS) - {"loose", "old index"}, set()),
        ("!untagged", ONE_UNREAD, set(PARTS) - {"loose", "old index"}, {"loose", "old index"}),
        ("is:untagged !is:index", ALL_READ, {"loose"}, set()),
        ("is:part", ALL_READ, IN_INDEX, set()),
        ("is:part is:tagged", ALL_READ, {"tagged part"}, set()),
        (
            "is:part",
            ONE_UNREAD,
            IN_INDEX,
            set(PARTS) - IN_INDEX,
        ),
        ("!is:part", ALL_READ, set(PARTS) - IN_INDEX, set()),
        ("!is:part", NOTHING_READ, set(), set(PARTS)),
        ("tags=0", NOTHING_READ, {"amd64", "attestation", "loose", "old index", "signature"}, set()),
        ("is:tagged", NOTHING_READ, {"index", "tagged part"}, set()),
    ],
)
def test_parts_of_an_index_are_not_untagged(text: str, known: KnownParts, names: set[str], undecided: set[str]) -> None:
    chosen, images = parse(text, NOW, index_parts(known)), list(PARTS.values())
    assert {name for name, image in PARTS.items() if chosen.matches(image)} == names
    assert {list(PARTS)[position] for position in chosen.undecided(images)} == undecided
    assert bool(chosen.needs) == (text not in ("tags=0", "is:tagged"))


def test_what_becomes_known_later_counts() -> None:
    parts = IndexParts()
    chosen = parse("is:untagged", NOW, parts)
    assert not chosen.matches(PARTS["loose"])
    parts.known = ALL_READ
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
