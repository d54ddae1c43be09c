"""Repositories as ECR describes them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecrtui.ecr.mutability import TagMutability


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository (``Repository`` of DescribeRepositories). Times are seconds since the epoch."""

    name: str
    uri: str
    arn: str = ""
    registry_id: str = ""
    created_at: float | None = None
    mutability: TagMutability = field(default_factory=TagMutability)
    scan_on_push: bool = False
    encryption: str = "AES256"
    kms_key: str = ""
