"""The IAM permissions that ecrtui uses, and the policies that grant them.

Source: "Actions, resources, and condition keys for Amazon Elastic Container Registry" in the Service Authorization
Reference. The operation ListImageReferrers has no action of its own: it needs ``ecr:BatchGetImage``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple


class Purpose(StrEnum):
    """What a user wants to do."""

    BROWSE = "browse"
    """List repositories and images, and show all that the screens show."""
    RETAG = "retag"
    """Give images other tags, and move tags."""
    UNTAG = "untag"
    """Remove tags. To undo a write that created a tag means the same."""
    PROMOTE = "promote"
    """Copy images into another repository: write to that one, and read from the one that has them."""


class Permission(NamedTuple):
    """An IAM action that ecrtui uses.

    Args:
        operation: the operation of the ECR API that it allows.
        use: what ecrtui uses it for.
        purposes: who needs it.
        optional: who can do without it: only a part of a screen stays empty.
        on_repository: whether the resource is a repository. The resource of the others is ``*``.
        writes: whether it can change the registry.
    """

    operation: str
    use: str
    purposes: frozenset[Purpose]
    optional: frozenset[Purpose] = frozenset()
    on_repository: bool = True
    writes: bool = False

    @property
    def action(self) -> str:
        """The name of the action in a policy."""
        return f"ecr:{self.operation}"


_ALL = frozenset(Purpose)
_BROWSE = frozenset({Purpose.BROWSE})
_WRITE = frozenset({Purpose.RETAG, Purpose.UNTAG, Purpose.PROMOTE})
_PROMOTE = frozenset({Purpose.PROMOTE})

PERMISSIONS = (
    Permission("DescribeRepositories", "list repositories", _ALL),
    Permission("DescribeImages", "list images and look up tags", _ALL),
    Permission("BatchGetImage", "read manifests and referrers", _ALL),
    Permission("ListImages", "look up many tags at once", _ALL),
    Permission("GetDownloadUrlForLayer", "read configs and layers", _BROWSE | _PROMOTE),
    Permission("DescribeRegistry", "read account and replication rules", _ALL, optional=_ALL, on_repository=False),
    Permission("DescribeImageScanFindings", "show scan findings", _BROWSE, optional=_ALL),
    Permission("GetLifecyclePolicy", "say what a lifecycle policy would do", _ALL, optional=_ALL),
    Permission("StartLifecyclePolicyPreview", "ask ECR what a lifecycle policy would do", _BROWSE, optional=_ALL),
    Permission("GetLifecyclePolicyPreview", "read what ECR says that it would do", _BROWSE, optional=_ALL),
    Permission("GetRepositoryPolicy", "show who may use a repository", _BROWSE, optional=_ALL),
    Permission(
        "GetRegistryPolicy",
        "show who may use all repositories",
        _BROWSE,
        optional=_ALL,
        on_repository=False,
    ),
    Permission(
        "BatchGetRepositoryScanningConfiguration",
        "show when a repository is scanned",
        _BROWSE,
        optional=_ALL,
    ),
    Permission("DescribeImageSigningStatus", "show whether ECR has signed an image", _BROWSE, optional=_ALL),
    Permission("DescribeImageReplicationStatus", "show where an image was replicated", _BROWSE, optional=_ALL),
    Permission("ListTagsForResource", "show the resource tags of a repository", _BROWSE, optional=_ALL),
    Permission(
        "ListPullTimeUpdateExclusions",
        "find out whether a read manifest counts as a pull",
        _BROWSE,
        optional=_ALL,
        on_repository=False,
    ),
    Permission("PutImage", "give images tags, and write images", _WRITE, writes=True),
    Permission("BatchDeleteImage", "remove tags", frozenset({Purpose.UNTAG}), writes=True),
    Permission(
        "BatchCheckLayerAvailability", "find out which layers a repository has", _BROWSE | _PROMOTE, optional=_BROWSE
    ),
    Permission("InitiateLayerUpload", "begin to upload a layer", _PROMOTE, writes=True),
    Permission("UploadLayerPart", "upload a part of a layer", _PROMOTE, writes=True),
    Permission("CompleteLayerUpload", "complete an upload", _PROMOTE, writes=True),
    Permission(
        "GetAccountSetting", "find out whether layers can be mounted", _PROMOTE, optional=_ALL, on_repository=False
    ),
    Permission("GetAuthorizationToken", "mount layers", _PROMOTE, optional=_ALL, on_repository=False),
    Permission("CreateRepository", "create a missing repository", _PROMOTE, optional=_ALL, writes=True),
)
"""All permissions, in the order in which a user needs them."""

_ACTIONS_OF_OTHER_NAMES = {"GetCallerIdentity": "sts:GetCallerIdentity", "ListImageReferrers": "ecr:BatchGetImage"}


def action_of(operation: str) -> str:
    """Return the IAM action that an operation needs."""
    return _ACTIONS_OF_OTHER_NAMES.get(operation, f"ecr:{operation}")


def use_of(operation: str) -> str:
    """Return what ecrtui uses an operation for; empty for one that it needs no permission for."""
    action = action_of(operation)
    return next((permission.use for permission in PERMISSIONS if permission.action == action), "")


def permissions_for(purpose: Purpose) -> tuple[Permission, ...]:
    """Return the permissions that a purpose needs."""
    return tuple(permission for permission in PERMISSIONS if purpose in permission.purposes)


def policy_document(
    purpose: Purpose, *, partition: str = "aws", region: str = "", registry_id: str = "", repository: str = ""
) -> Mapping[str, Any]:
    """Return the smallest IAM policy for a purpose.

    Args:
        purpose: what the policy is for.
        partition: the AWS partition ("aws", "aws-cn").
        region: the region; empty for all regions.
        registry_id: the account of the registry; empty for all accounts.
        repository: the repository; empty for all repositories.
    """
    needed = permissions_for(purpose)
    on_repository = [permission.action for permission in needed if permission.on_repository]
    on_all = [permission.action for permission in needed if not permission.on_repository]
    arn = repository_arn(repository or "*", partition=partition, region=region or "*", registry_id=registry_id or "*")
    return _policy([(on_repository, arn), (on_all, "*")])


class Denial(NamedTuple):
    """A request that ECR denies.

    Args:
        operation: the operation of the API.
        repository: the repository that it is about; empty for the whole registry.
        registry_id: the account that it names; empty for the account of the caller.
    """

    operation: str
    repository: str = ""
    registry_id: str = ""


def policy_for_denials(
    denials: Iterable[Denial], *, partition: str, region: str, registry_id: str
) -> Mapping[str, Any]:
    """Return the IAM policy that allows exactly these requests.

    Args:
        denials: the requests.
        partition: the AWS partition.
        region: the region.
        registry_id: the account of the caller.
    """
    on_all = {permission.action for permission in PERMISSIONS if not permission.on_repository}
    resources: dict[str, dict[str, None]] = {}
    for denial in denials:
        action = action_of(denial.operation)
        account = denial.registry_id or registry_id
        arn = repository_arn(denial.repository or "*", partition=partition, region=region, registry_id=account)
        resources.setdefault(action, {})["*" if action in on_all else arn] = None
    actions: dict[tuple[str, ...], list[str]] = {}
    for action, arns in resources.items():
        actions.setdefault(tuple(arns), []).append(action)
    return _policy((names, arns[0] if len(arns) == 1 else list(arns)) for arns, names in actions.items())


def repository_arn(repository: str, *, partition: str, region: str, registry_id: str) -> str:
    """Return the ARN of a repository."""
    return f"arn:{partition}:ecr:{region}:{registry_id}:repository/{repository}"


def _policy(allowed: Iterable[tuple[Sequence[str], str | Sequence[str]]]) -> Mapping[str, Any]:
    """Return a policy with a statement for some actions on their resources each."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": names, "Resource": resource} for names, resource in allowed],
    }
