"""Documents have the member names of the ECR API and hold everything that is known."""

from __future__ import annotations

import json
from typing import Any

from botocore.loaders import Loader
from hypothesis import given

from ecrtui.ecr.documents import (
    entry_details,
    entry_document,
    image_document,
    repository_details,
    repository_document,
)
from ecrtui.ecr.findings import RepositoryScanning
from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.mutability import TagMutability
from ecrtui.ecr.repository import Repository
from ecrtui.retag.journal.entry import JournalEntry
from ecrtui.retag.plan import StepAction, StepOutcome
from tests.support.rows import images, repositories

OURS = {"kind"}
"""Members that the API does not have."""


def assert_shape(document: dict[str, Any], shape: str, shapes: dict[str, Any]) -> None:
    """Fail unless each member of the document, and of the documents in it, is a member of the API's structure."""
    members = shapes[shape]["members"]
    assert document.keys() - OURS <= members.keys()
    for name, value in document.items():
        inner = shapes[members[name]["shape"]] if name in members else {}
        if isinstance(value, dict) and inner["type"] == "structure":
            assert_shape(value, members[name]["shape"], shapes)
        for entry in value if isinstance(value, list) else ():
            if isinstance(entry, dict):
                assert_shape(entry, inner["member"]["shape"], shapes)


def ecr_shapes() -> dict[str, Any]:
    shapes: dict[str, Any] = Loader().load_service_model("ecr", "service-2")["shapes"]
    return shapes


SHAPES = ecr_shapes()


@given(images)
def test_an_image_has_the_members_of_image_detail(image: Image) -> None:
    document = image_document("team/app", image, "123456789012")
    assert_shape(document, "ImageDetail", SHAPES)
    assert json.loads(json.dumps(document)) == document


@given(repositories)
def test_a_repository_has_the_members_of_repository(repository: Repository) -> None:
    assert_shape(repository_document(repository), "Repository", SHAPES)


def test_an_image_document_holds_all_that_is_known() -> None:
    image = Image(
        digest="sha256:" + "a" * 64,
        tags=("one", "two"),
        pushed_at=1_700_000_000.5,
        size=1_000,
        media_type="application/vnd.oci.image.manifest.v1+json",
        artifact_media_type="application/vnd.oci.image.config.v1+json",
        last_pulled_at=1_700_000_001.0,
        status="ARCHIVED",
        archived_at=1_700_000_002.0,
        activated_at=1_700_000_003.0,
        scan_status="COMPLETE",
        findings=(("CRITICAL", 1), ("LOW", 2)),
        subject="sha256:" + "b" * 64,
    )
    assert image_document("team/app", image, "123456789012") == {
        "registryId": "123456789012",
        "repositoryName": "team/app",
        "imageDigest": "sha256:" + "a" * 64,
        "imageTags": ["one", "two"],
        "imageSizeInBytes": 1_000,
        "imagePushedAt": "2023-11-14T22:13:20.500000+00:00",
        "imageScanStatus": {"status": "COMPLETE"},
        "imageScanFindingsSummary": {"findingSeverityCounts": {"CRITICAL": 1, "LOW": 2}},
        "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactMediaType": "application/vnd.oci.image.config.v1+json",
        "lastRecordedPullTime": "2023-11-14T22:13:21+00:00",
        "subjectManifestDigest": "sha256:" + "b" * 64,
        "imageStatus": "ARCHIVED",
        "lastArchivedAt": "2023-11-14T22:13:22+00:00",
        "lastActivatedAt": "2023-11-14T22:13:23+00:00",
        "kind": "image",
    }


def test_members_that_are_not_known_are_left_out() -> None:
    assert image_document("team/app", Image("sha256:" + "a" * 64, status="")) == {
        "repositoryName": "team/app",
        "imageDigest": "sha256:" + "a" * 64,
        "kind": "image",
    }


def test_a_repository_document_holds_all_that_is_known() -> None:
    repository = Repository(
        "team/app",
        "host/team/app",
        "arn:aws:ecr:eu-west-1:123456789012:repository/team/app",
        "123456789012",
        1_700_000_000.0,
        TagMutability("IMMUTABLE_WITH_EXCLUSION", ("latest*",)),
        scan_on_push=True,
        encryption="KMS",
        kms_key="key",
    )
    assert repository_details(repository, (("team", "web"),), "{}", "") == {
        "repositoryArn": "arn:aws:ecr:eu-west-1:123456789012:repository/team/app",
        "registryId": "123456789012",
        "repositoryName": "team/app",
        "repositoryUri": "host/team/app",
        "createdAt": "2023-11-14T22:13:20+00:00",
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "latest*"}],
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "key"},
        "tags": [{"Key": "team", "Value": "web"}],
        "lifecyclePolicyText": "{}",
        "policyText": "none",
    }
    none = {"tags": "none", "lifecyclePolicyText": "none", "policyText": "none"}
    assert repository_details(repository, (), "", "") == repository_document(repository) | none
    scanning = repository_details(repository, None, None, None, "{}", RepositoryScanning("MANUAL"))
    assert scanning == repository_document(repository) | {
        "registryPolicyText": "{}",
        "scanningConfiguration": {"scanFrequency": "MANUAL", "appliedScanFilters": "none"},
    }
    assert repository_details(repository, None, None, None) == repository_document(repository)


def entry(**members: Any) -> JournalEntry:
    """Return an entry that is complete unless members are given."""
    known: dict[str, Any] = {
        "number": 7,
        "plan": "20260101-000000-abcdef",
        "kind": "retag",
        "location": RegistryLocation("123456789012", "eu-west-1", "embedded"),
        "principal": "arn:aws:iam::123456789012:user/me",
        "repository": "team/app",
        "tag": "prod",
        "action": StepAction.MOVE,
        "before": "sha256:" + "a" * 64,
        "after": "sha256:" + "b" * 64,
        "media_type": "application/vnd.oci.image.manifest.v1+json",
        "begun_at": 1_700_000_000.25,
        "finished_at": 1_700_000_001.0,
        "outcome": StepOutcome.DONE,
        "request_id": "request",
        "after_tags": ("rc-7",),
    }
    return JournalEntry(**known | members)


def test_a_journal_entry_keeps_every_member_of_its_list() -> None:
    assert entry_document(entry()) == {
        "entry": 7,
        "planId": "20260101-000000-abcdef",
        "kind": "retag",
        "begunAt": "2023-11-14T22:13:20.250+00:00",
        "finishedAt": "2023-11-14T22:13:21.000+00:00",
        "registryId": "123456789012",
        "region": "eu-west-1",
        "endpoint": "embedded",
        "outcome": "done",
        "repositoryName": "team/app",
        "imageTag": "prod",
        "action": str(StepAction.MOVE),
        "digestBefore": "sha256:" + "a" * 64,
        "keepsTags": [],
        "digestAfter": "sha256:" + "b" * 64,
        "otherTags": ["rc-7"],
        "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
        "principal": "arn:aws:iam::123456789012:user/me",
        "requestId": "request",
        "detail": "",
        "undoes": 0,
        "undoneBy": 0,
    }


def test_the_details_of_a_journal_entry_have_its_registry_and_no_empty_members() -> None:
    details = entry_details(entry(undone_by=9))
    assert details["finishedAt"] == "2023-11-14T22:13:21.000+00:00"
    assert (details["registryId"], details["region"], details["endpoint"]) == ("123456789012", "eu-west-1", "embedded")
    assert details["undoneBy"] == 9
    assert not {"detail", "undoes"} & details.keys()


def test_an_entry_without_an_outcome_is_in_flight_or_unknown() -> None:
    assert entry_document(entry(outcome=None, in_flight=True))["outcome"] == "in flight"
    assert entry_document(entry(outcome=None))["outcome"] == "unknown"
