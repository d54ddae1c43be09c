"""AWS partitions: the first part of ARNs and the domain of registries, by region.

Source: the partitions that botocore ships (``data/partitions.json``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DEFAULT = ("aws", "amazonaws.com")
_BY_PREFIX = {
    "cn-": ("aws-cn", "amazonaws.com.cn"),
    "eu-isoe-": ("aws-iso-e", "cloud.adc-e.uk"),
    "eusc-": ("aws-eusc", "amazonaws.eu"),
    "us-gov-": ("aws-us-gov", "amazonaws.com"),
    "us-iso-": ("aws-iso", "c2s.ic.gov"),
    "us-isob-": ("aws-iso-b", "sc2s.sgov.gov"),
    "us-isof-": ("aws-iso-f", "csp.hci.ic.gov"),
}


_REPOSITORY_ARN = re.compile(r"arn:[a-z-]+:ecr:(?P<region>[a-z0-9-]+):(?P<registry_id>\d{12}):repository/(?P<name>.+)")


@dataclass(frozen=True, slots=True)
class RepositoryArn:
    """The parts of the ARN of a repository."""

    region: str
    registry_id: str
    name: str


def arn(service: str, region: str, registry_id: str, resource: str) -> str:
    """Return the ARN of a resource of an account. IAM resources have no region in their ARN."""
    partition, _ = _of(region)
    return f"arn:{partition}:{service}:{'' if service == 'iam' else region}:{registry_id}:{resource}"


def repository_arn(region: str, registry_id: str, name: str) -> str:
    """Return ``repositoryArn``. The name ``*`` stands for every repository."""
    return arn("ecr", region, registry_id, f"repository/{name}")


def parse_repository_arn(text: str) -> RepositoryArn | None:
    """Return the parts of ``repositoryArn``; None if the text is not one."""
    found = _REPOSITORY_ARN.fullmatch(text)
    return RepositoryArn(**found.groupdict()) if found else None


def registry_host(region: str, registry_id: str) -> str:
    """Return the host of a registry, with which ``repositoryUri`` begins."""
    _, domain = _of(region)
    return f"{registry_id}.dkr.ecr.{region}.{domain}"


def _of(region: str) -> tuple[str, str]:
    return next((found for prefix, found in _BY_PREFIX.items() if region.startswith(prefix)), _DEFAULT)
