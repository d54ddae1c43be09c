"""What the overview says of artifacts, lifecycle, tags and sizes."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.lifecycle import LifecyclePolicy
from ecrtui.ecr.lifecycle_document import parse_policy
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import Descriptor, DescriptorRole, Manifest, ParsedManifest
from ecrtui.ecr.referrer import Referrer
from ecrtui.inspect.artifacts import Artifact, ArtifactOrigin, attestation_artifact, referrer_artifact, with_manifest
from ecrtui.inspect.lifecycle import dry_run
from ecrtui.inspect.overview import NotRead, artifact_lines, lifecycle_verdict, stored_size, tag_origins
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import StepAction, StepOutcome

DAY = 86_400.0
NOW = 1_000 * DAY
OCI = "application/vnd.oci.image.manifest.v1+json"
HERE, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def referrer(kind: str, **annotations: str) -> Referrer:
    return Referrer("sha256:" + "c" * 64, OCI, kind, 1, tuple(annotations.items()))


def cosign(digest: str) -> Artifact:
    return Artifact(digest, ImageKind.SIGNATURE, ArtifactOrigin.TAG, "cosign tag")


def lines(artifacts: Sequence[Artifact], not_read: Sequence[NotRead] = ()) -> dict[str, str]:
    found = artifact_lines(artifacts, "none", not_read, "6 reads them")
    return {line.label: line.text or "; ".join(map(": ".join, line.not_read)) for line in found}


def test_artifacts_are_shown_by_kind_and_never_called_verified() -> None:
    types = ("application/vnd.cncf.notary.signature", "application/spdx+json", "a/other")
    found = lines([*(referrer_artifact(referrer(kind)) for kind in types), cosign(OTHER)])
    assert "cosign tag" in found["signature"]
    assert found["signature"].endswith("present, not verified")
    assert found["sbom"] == "SPDX · present, not verified"
    assert found["artifact"] == "a/other · present, not verified"
    assert found["provenance"] == "none"


def test_each_line_says_what_is_not_known() -> None:
    denied = NotRead("referrers not known", "Access denied: ecr:ListImageReferrers")
    short, whole = "referrers not known", "referrers not known: Access denied: ecr:ListImageReferrers"
    assert lines((), [denied]) == {
        **dict.fromkeys(("signature", "sbom", "provenance"), short),
        "artifacts": whole,
    }
    unread = "not known until read: 1 attestation in the index · 6 reads them"
    found = lines([attestation_artifact(OTHER)])
    assert (found["sbom"], found["provenance"], found["signature"]) == (unread, unread, "none")
    found = lines([cosign(OTHER), attestation_artifact(OTHER)], [denied, NotRead("Not asked for: 3 images.")])
    assert found == {
        "signature": f"cosign tag · present, not verified; {short}; Not asked for: 3 images",
        "sbom": f"{unread}; {short}; Not asked for: 3 images",
        "provenance": f"{unread}; {short}; Not asked for: 3 images",
        "artifacts": whole,
    }


def test_another_artifact_in_the_index_is_no_attestation_that_was_not_read() -> None:
    soci = Artifact(OTHER, ImageKind.ARTIFACT, ArtifactOrigin.INDEX, "SOCI index v2")
    assert lines([soci])["sbom"] == "none"
    assert lines([soci])["artifact"] == "SOCI index v2 · present, not verified"


def test_what_a_statement_without_a_type_can_be_is_not_said_to_be_missing() -> None:
    bundle, in_toto = "application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.in-toto+json"
    opaque = referrer_artifact(referrer(bundle))
    found = lines([opaque, cosign(OTHER)])
    unread = "not known until read: 1 sigstore bundle · 6 reads them"
    assert (found["sbom"], found["provenance"]) == (unread, unread)
    assert found["signature"] == "cosign tag · present, not verified"
    assert found["artifact"] == "sigstore bundle · present, not verified"
    found = lines([opaque, opaque, referrer_artifact(referrer(in_toto)), attestation_artifact(OTHER)])
    assert found["signature"] == "not known until read: 2 sigstore bundles · 6 reads them"
    assert found["sbom"].startswith(
        "not known until read: 2 sigstore bundles, 1 attestation, 1 attestation in the index"
    )
    assert found["attestation"] == "in-toto · present, not verified"
    stated = {"dev.sigstore.bundle.predicateType": "https://example.com/notes/v1"}
    found = lines([referrer_artifact(referrer(bundle, **stated))])
    assert found["attestation"] == "example.com/notes/v1 · present, not verified"
    assert (found["signature"], found["sbom"], found["provenance"]) == ("none", "none", "none")


def test_an_attestation_in_the_index_that_was_read_is_shown_by_its_contents() -> None:
    names = ("https://spdx.dev/Document", "https://slsa.dev/provenance/v0.2")
    layers = [
        {
            "mediaType": "application/vnd.in-toto+json",
            "digest": HERE,
            "size": 1,
            "annotations": {"in-toto.io/predicate-type": name},
        }
        for name in names
    ]
    for count, expected in ((2, ("SPDX", "SLSA v0.2")), (1, ("SPDX", "none"))):
        text = json.dumps({"schemaVersion": 2, "mediaType": OCI, "layers": layers[:count]})
        read = with_manifest(attestation_artifact(OTHER), Manifest(text, OTHER, OCI))
        found = lines([read])
        assert (
            tuple(found[label].removesuffix(" · present, not verified") for label in ("sbom", "provenance")) == expected
        )


RULES = (
    '{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", '
    '"countUnit": "days", "countNumber": 7}, "action": {"type": "expire"}}, {"rulePriority": 2, "selection": '
    '{"tagStatus": "tagged", "tagPatternList": ["rc*"], "countType": "imageCountMoreThan", "countNumber": 1}, '
    '"action": {"type": "expire"}}]}'
)
NEWEST = "lifecycle rule 2 expires images with rc* beyond the newest 1"
NEWER = Image(OTHER, tags=("rc2",), pushed_at=NOW - DAY)


@pytest.mark.parametrize(
    ("tags", "images", "in_index", "words"),
    [
        (("prod",), (), None, "stays: no rule selects it"),
        ((), (), None, "expires in 4 d · lifecycle rule 1 expires untagged images 7 days after their push; unless an"),
        ((), (), True, "stays as long as its index"),
        (("rc1",), None, None, "not known: it depends on images that are not listed · lifecycle rule 2"),
        (("rc1",), (NEWER,), None, f"expires within 24 hours · {NEWEST} · this image is number 2"),
        (("rc1",), (), None, f"stays for now · {NEWEST} · this image is number 1"),
    ],
)
def test_the_overview_says_what_the_lifecycle_policy_will_do(
    tags: tuple[str, ...], images: tuple[Image, ...] | None, in_index: bool | None, words: str
) -> None:
    image = Image(HERE, tags=tags, pushed_at=NOW - 3 * DAY, media_type=OCI)
    verdict = lifecycle_verdict(parse_policy(RULES), image, images, in_index, NOW)
    assert verdict.text.startswith(words)
    criteria = ["untagged > 7 d", "rc* > 1 images"] if "no rule" in words else []
    assert [rule.criterion for rule in verdict.rules] == criteria


def test_a_referrer_goes_with_its_subject() -> None:
    for tags in (("prod",), ("rc1",), ()):
        image = Image(HERE, tags=tags, pushed_at=NOW - 3 * DAY, media_type=OCI, subject=OTHER)
        verdict = lifecycle_verdict(parse_policy(RULES), image, (), False, NOW)
        doubt = "" if tags == ("prod",) else "; AWS does not document whether rules act on it before"
        assert verdict.more == f" · goes within 24 hours of its subject{doubt}"
        assert not lifecycle_verdict(LifecyclePolicy(), image, (), False, NOW).more


def test_an_image_exactly_as_old_as_the_limit_stays_as_in_the_dry_run() -> None:
    exact, older = (Image(HERE, pushed_at=NOW - 7 * DAY - seconds, media_type=OCI) for seconds in (0, 1))
    policy = parse_policy(RULES)
    words = [lifecycle_verdict(policy, image, (), False, NOW).text.partition(" · ")[0] for image in (exact, older)]
    assert words == ["expires in 0 s", "expires within 24 hours"]
    assert [bool(dry_run(policy, [image], lambda _: "", NOW).acting) for image in (exact, older)] == [False, True]


def test_a_repository_without_a_policy_and_one_that_cannot_be_read() -> None:
    image = Image(HERE)
    assert "no lifecycle policy" in lifecycle_verdict(LifecyclePolicy(), image, None, None, NOW).text
    invalid = lifecycle_verdict(parse_policy("{"), image, None, None, NOW)
    assert invalid.text.startswith("not known: the lifecycle policy")


def entry(number: int, tag: str, after: str, outcome: StepOutcome = StepOutcome.DONE) -> JournalEntry:
    place = RegistryLocation("123456789012", "eu-west-1")
    return JournalEntry(
        number, "p", "retag", place, "me", "app", tag, StepAction.MOVE, OTHER, after, "", 1.0, 2.0, outcome
    )


def test_the_origin_of_a_tag_is_its_newest_write_in_the_journal() -> None:
    image = Image(HERE, tags=("a", "b", "c", "d"))
    found = tag_origins(
        image,
        [
            entry(5, "d", HERE, StepOutcome.FAILED),
            entry(4, "b", OTHER),
            entry(3, "a", HERE),
            entry(2, "a", OTHER),
            entry(1, "b", HERE),
        ],
    )
    assert [(origin.tag, origin.write.number if origin.write else None, origin.moved_since) for origin in found] == [
        ("a", 3, False),
        ("b", None, True),
        ("c", None, False),
        ("d", None, False),
    ]


def test_layers_that_platforms_share_are_stored_once() -> None:
    def platform(*layers: tuple[str, int]) -> ParsedManifest:
        return ParsedManifest(
            descriptors=tuple(Descriptor(DescriptorRole.LAYER, *(name, "", size)) for name, size in layers)
        )

    assert stored_size({"x": platform(("a", 10), ("b", 5)), "y": platform(("a", 10), ("c", 1))}) == (16, 10)
    assert stored_size({"x": platform(("a", -1))}) is None
    assert stored_size({}) is None
