"""Scans and the registry: the behaviours that a client observes.

The numbers are those of docs/embedded-registry-behaviour.md.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import Caller, Transport
from tests.support.embedded import (
    create_repository,
    error_message,
    push_image,
    put,
    refused,
)


def scan(client: Any, repository: str, tag: str) -> None:
    answer = client.start_image_scan(repositoryName=repository, imageId={"imageTag": tag})
    assert answer["imageScanStatus"]["status"] == "IN_PROGRESS"
    client.get_waiter("image_scan_complete").wait(repositoryName=repository, imageId={"imageTag": tag})


def image_with_findings(client: Any, repository: str, tag: str) -> int:
    """Push and scan images until one has several findings; return their number."""
    for number in range(20):
        image = push_image(client, repository, f"image {number}", tag=f"{tag}-{number}")
        scan(client, repository, f"{tag}-{number}")
        asked = {"repositoryName": repository, "imageId": {"imageTag": f"{tag}-{number}"}}
        findings = client.describe_image_scan_findings(**asked)["imageScanFindings"]["findings"]
        if len(findings) > 1:
            put(client, repository, image.manifest, tag)
            return len(findings)
    raise AssertionError("no image with findings in twenty")


def test_the_findings_of_a_scan_match_its_counts(ecr: Any, repository: str) -> None:
    """S01"""
    image_with_findings(ecr, repository, "1.0")
    answer = ecr.describe_image_scan_findings(repositoryName=repository, imageId={"imageTag": "1.0"})
    assert answer["imageScanStatus"]["status"] == "COMPLETE"
    findings = answer["imageScanFindings"]["findings"]
    counts = answer["imageScanFindings"]["findingSeverityCounts"]
    assert sum(counts.values()) == len(findings)
    for finding in findings:
        assert finding["severity"] in counts
        assert {"name", "description", "uri", "attributes"} <= finding.keys()


def test_an_image_without_a_scan_has_no_findings(ecr: Any, repository: str) -> None:
    """S02"""
    push_image(ecr, repository, tag="1.0")
    with refused("ScanNotFoundException"):
        ecr.describe_image_scan_findings(repositoryName=repository, imageId={"imageTag": "1.0"})
    with refused("ImageNotFoundException"):
        ecr.describe_image_scan_findings(repositoryName=repository, imageId={"imageTag": "absent"})


def test_findings_are_returned_in_pages(ecr: Any, repository: str) -> None:
    """S03"""
    count = image_with_findings(ecr, repository, "1.0")
    asked = {"repositoryName": repository, "imageId": {"imageTag": "1.0"}}
    page = ecr.describe_image_scan_findings(**asked, maxResults=1)
    assert len(page["imageScanFindings"]["findings"]) == 1
    assert page["nextToken"]
    pages = ecr.get_paginator("describe_image_scan_findings").paginate(**asked, PaginationConfig={"PageSize": 1})
    names = [finding["name"] for page in pages for finding in page["imageScanFindings"]["findings"]]
    assert len(names) == len(set(names)) == count


def test_scan_on_push_scans_a_pushed_image(ecr: Any, name: str) -> None:
    ecr.create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": True})
    push_image(ecr, name, tag="1.0")
    answer = ecr.describe_image_scan_findings(repositoryName=name, imageId={"imageTag": "1.0"})
    assert answer["imageScanStatus"]["status"] == "COMPLETE"


def test_enhanced_scanning_is_a_setting_of_the_registry(transport: Transport, name: str) -> None:
    ecr = transport.client(region="eu-north-1")
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}
    rules = [
        {"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "team/*", "filterType": "WILDCARD"}]}
    ]
    with refused("InvalidParameterException"):
        ecr.put_registry_scanning_configuration(scanType="BASIC", rules=rules)
    with refused("InvalidParameterException"):
        ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[{**rules[0], "scanFrequency": "MANUAL"}])
    ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)
    assert ecr.get_registry_scanning_configuration()["scanningConfiguration"]["rules"] == rules
    create_repository(ecr, name)
    create_repository(ecr, "other/app")
    answer = ecr.batch_get_repository_scanning_configuration(repositoryNames=[name, "other/app", "no/such"])
    assert [entry["scanFrequency"] for entry in answer["scanningConfigurations"]] == ["CONTINUOUS_SCAN", "MANUAL"]
    assert [failure["failureCode"] for failure in answer["failures"]] == ["REPOSITORY_NOT_FOUND"]
    push_image(ecr, name, tag="1.0")
    findings = ecr.describe_image_scan_findings(repositoryName=name, imageId={"imageTag": "1.0"})
    assert findings["imageScanStatus"]["status"] == "ACTIVE"
    assert all(
        finding["type"] == "PACKAGE_VULNERABILITY" for finding in findings["imageScanFindings"]["enhancedFindings"]
    )
    with refused("ValidationException"):
        ecr.start_image_scan(repositoryName=name, imageId={"imageTag": "1.0"})


def test_an_authorization_token_lasts_twelve_hours(ecr: Any, caller: Caller) -> None:
    """C04"""
    (data,) = ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    assert user == "AWS"
    assert len(password) > 20
    host = f"https://{caller.account}.dkr.ecr.{caller.region}.amazonaws.com"
    served = ecr.meta.endpoint_url if ecr.meta.endpoint_url.startswith("http://127.0.0.1") else ""
    assert data["proxyEndpoint"] == (served or host)  # a client must not follow a served registry to AWS
    left = data["expiresAt"] - datetime.now(UTC)
    assert timedelta(hours=11, minutes=50) < left <= timedelta(hours=12, minutes=1)


STATEMENT = {
    "Sid": "Replication",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
    "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
    "Resource": "arn:aws:ecr:eu-west-1:123456789012:repository/*",
}


def test_a_registry_policy_is_returned_in_the_layout_of_ecr(transport: Transport, caller: Caller) -> None:
    """A03"""
    ecr = transport.client(region="sa-east-1")
    with refused("RegistryPolicyNotFoundException"):
        ecr.get_registry_policy()
    text = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})
    stored = ecr.put_registry_policy(policyText=text)["policyText"]
    assert stored == (
        '{\n  "Version" : "2012-10-17",\n  "Statement" : [ {\n    "Sid" : "Replication",\n    "Effect" : "Allow",\n'
        '    "Principal" : {\n      "AWS" : "arn:aws:iam::210987654321:root"\n    },\n'
        '    "Action" : [ "ecr:CreateRepository", "ecr:ReplicateImage" ],\n'
        '    "Resource" : "arn:aws:ecr:eu-west-1:123456789012:repository/*"\n  } ]\n}'
    )
    assert ecr.get_registry_policy() | {"ResponseMetadata": None} == {
        "registryId": caller.account,
        "policyText": stored,
        "ResponseMetadata": None,
    }
    assert ecr.delete_registry_policy()["policyText"] == stored
    with refused("RegistryPolicyNotFoundException"):
        ecr.delete_registry_policy()


@pytest.mark.parametrize(
    "document",
    [
        {"Version": "2012-10-17"},
        [],
        "text",
        {"Version": "2012-10-17", "Statement": []},
        {"Version": "2020-01-01", "Statement": [STATEMENT]},
        {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Effect": "Perhaps"}]},
        {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Unknown": 1}]},
        *(
            {"Version": "2012-10-17", "Statement": [{name: STATEMENT[name] for name in STATEMENT if name != absent}]}
            for absent in ("Effect", "Principal", "Action", "Resource")
        ),
    ],
)
def test_a_document_that_is_no_registry_policy_is_refused(transport: Transport, document: Any) -> None:
    """A03"""
    ecr = transport.client(region="sa-east-1")
    with refused("InvalidParameterException") as caught:
        ecr.put_registry_policy(policyText=json.dumps(document))
    assert error_message(caught) == (
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid registry policy provided'"
    )


def test_a_registry_with_nothing_set_has_defaults(transport: Transport, caller: Caller) -> None:
    """A04"""
    ecr = transport.client(region="me-south-1")
    description = ecr.describe_registry()
    assert (description["registryId"], description["replicationConfiguration"]) == (caller.account, {"rules": []})
    scanning = ecr.get_registry_scanning_configuration()
    assert scanning["registryId"] == caller.account
    assert scanning["scanningConfiguration"] == {"scanType": "BASIC", "rules": []}


def test_a_replication_configuration_is_kept(transport: Transport, caller: Caller) -> None:
    ecr = transport.client(region="sa-east-1")
    rules = {"rules": [{"destinations": [{"region": "eu-west-1", "registryId": caller.account}]}]}
    ecr.put_replication_configuration(replicationConfiguration=rules)
    assert ecr.describe_registry()["replicationConfiguration"] == rules


def test_account_settings_have_defaults_and_can_be_changed(transport: Transport) -> None:
    """A05"""
    ecr = transport.client(region="ca-central-1")
    assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"
    answer = ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert (answer["name"], answer["value"]) == ("BLOB_MOUNTING", "ENABLED")
    answer = ecr.get_account_setting(name="BLOB_MOUNTING")
    assert (answer["name"], answer["value"]) == ("BLOB_MOUNTING", "ENABLED")
    with refused("InvalidParameterException"):
        ecr.put_account_setting(name="BLOB_MOUNTING", value="SOMETIMES")
    with refused("InvalidParameterException"):
        ecr.get_account_setting(name="NO_SUCH")


def test_pull_time_exclusions_are_registered_once_and_removed(transport: Transport, caller: Caller) -> None:
    """A06"""
    ecr = transport.client(region="me-central-1")
    arns = [f"arn:aws:iam::{caller.account}:role/browser-{number}" for number in range(3)]
    for arn in arns:
        assert ecr.register_pull_time_update_exclusion(principalArn=arn)["principalArn"] == arn
    with refused("ExclusionAlreadyExistsException"):
        ecr.register_pull_time_update_exclusion(principalArn=arns[0])
    page = ecr.list_pull_time_update_exclusions(maxResults=2)
    rest = ecr.list_pull_time_update_exclusions(nextToken=page["nextToken"])
    assert page["pullTimeUpdateExclusions"] + rest["pullTimeUpdateExclusions"] == arns
    ecr.deregister_pull_time_update_exclusion(principalArn=arns[0])
    with refused("ExclusionNotFoundException"):
        ecr.deregister_pull_time_update_exclusion(principalArn=arns[0])
    assert ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == arns[1:]


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "x",
        "arn:aws:ecr:eu-west-1:123456789012:repository/a",
        "arn:aws:iam::1:role/a",
        "arn:aws:iam::123456789012:role/\u00e9",
    ],
)
def test_an_exclusion_needs_the_arn_of_a_principal(transport: Transport, arn: str) -> None:
    """A06"""
    ecr = transport.client(region="me-central-1", parameter_validation=False)
    with refused("InvalidParameterException"):
        ecr.register_pull_time_update_exclusion(principalArn=arn)


def test_sts_returns_the_caller(transport: Transport, caller: Caller) -> None:
    identity = transport.client(service="sts").get_caller_identity()
    assert identity["Account"] == caller.account
    assert identity["Arn"] == f"{caller.arn}"


def test_every_response_has_its_own_request_id(ecr: Any) -> None:
    ids = [ecr.describe_registry()["ResponseMetadata"]["RequestId"] for _ in range(2)]
    with pytest.raises(ClientError) as caught:
        ecr.list_images(repositoryName="no/such")
    ids.append(caught.value.response["ResponseMetadata"]["RequestId"])
    assert len(set(ids)) == 3
    assert all(ids)
