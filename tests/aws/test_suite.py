"""The suite for AWS itself, tried against a served embedded registry of another account and region."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from ecrtui.emulator.service import EmbeddedRegistry
from tests.aws.account import ENDPOINT, PROFILE, refusal
from tests.support.embedded import client_for, new_embedded, served

ROOT = Path(__file__).parents[2]
ACCOUNT = "210987654321"
REGION = "eu-south-2"
SAMPLE = "digest or denied or setting or scan"
"""Tests of every kind: some pass, some are skipped because of the guard, the region or the database."""

CONFIG = f"""
[profile scratch]
region = {REGION}
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = secret
"""


@pytest.fixture
def embedded() -> EmbeddedRegistry:
    """Create a registry of another account than that of the contract tests."""
    return EmbeddedRegistry(new_embedded().database, registry_id=ACCOUNT, region=REGION)


REFUSALS = [
    ("DescribeImages", {"repositoryName": "team/app"}, ""),
    ("GetRegistryPolicy", {}, ""),
    ("BatchCheckLayerAvailability", {"repositoryName": "team/app"}, ""),
    ("PutImage", {"repositoryName": "scratch/app"}, ""),
    ("PutImage", {"repositoryName": "scratch/app", "registryId": ACCOUNT}, ""),
    ("TagResource", {"resourceArn": f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/scratch/app"}, ""),
    ("SetRepositoryPolicy", {"repositoryName": "scratch/app"}, ""),
    ("SetRepositoryPolicy", {"repositoryName": "scratch/app", "force": True}, "impossible to delete"),
    ("PutImage", {"repositoryName": "team/app"}, "no scratch repository"),
    ("PutImage", {"repositoryName": "team/scratch/app"}, "no scratch repository"),
    ("DeleteRepository", {"repositoryName": "scratch", "force": True}, "no scratch repository"),
    ("BatchGetImage", {"repositoryName": "team/app"}, "no scratch repository"),
    ("BatchDeleteImage", {"repositoryName": "team/app"}, "no scratch repository"),
    ("PutImage", {"repositoryName": "scratch/app", "registryId": "1" * 12}, "another account"),
    ("UntagResource", {"resourceArn": f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/team/app"}, "no scratch repository"),
    (
        "UntagResource",
        {"resourceArn": f"arn:aws:ecr:eu-west-1:{'1' * 12}:repository/scratch/a"},
        "no scratch repository",
    ),
    ("PutRegistryPolicy", {"policyText": "{}"}, "whole registry"),
    ("DeleteRegistryPolicy", {}, "whole registry"),
    ("PutReplicationConfiguration", {"replicationConfiguration": {}}, "whole registry"),
    ("CreatePullThroughCacheRule", {"ecrRepositoryPrefix": "scratch/"}, "whole registry"),
    ("StartReplicationBackfill", {"destination": {}}, "whole registry"),
]


@pytest.mark.parametrize(("operation", "parameters", "reason"), REFUSALS)
def test_nothing_outside_the_scratch_repositories_is_changed(
    operation: str, parameters: dict[str, object], reason: str
) -> None:
    found = refusal(operation, parameters, ACCOUNT, "scratch/")
    assert (reason in found) if reason else found == ""


def run_suite(*options: str, **variables: str) -> str:
    """Run the contract tests in a process of their own; return the output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ECRTUI_", "PYTEST"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-rs", "tests/aws/test_contract.py", *options]
    finished = subprocess.run(command, cwd=ROOT, env=kept | variables, capture_output=True, text=True, check=False)
    return finished.stdout + finished.stderr


def test_without_a_profile_everything_is_skipped_with_one_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PROFILE, raising=False)
    monkeypatch.delitem(sys.modules, "tests.aws.test_contract", raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"the tests against AWS need a profile: set {PROFILE}"):
        import_module("tests.aws.test_contract")


def test_a_sample_of_the_contract_holds_by_an_endpoint(embedded: EmbeddedRegistry, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(CONFIG)
    keep = client_for(embedded, region=REGION)
    keep.create_repository(repositoryName="team/keep")
    with served(embedded) as url:
        output = run_suite("-k", SAMPLE, **{PROFILE: "scratch", ENDPOINT: url, "AWS_CONFIG_FILE": str(config)})
    passed = re.search(r"^(\d+) passed, \d+ skipped, \d+ deselected", output, re.MULTILINE)
    assert passed, output
    assert int(passed[1]) > 30
    left = [repository["repositoryName"] for repository in keep.describe_repositories()["repositories"]]
    assert left == ["team/keep"]
