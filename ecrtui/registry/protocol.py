"""The interface of a registry. Implementations block; the caller brings the thread.

Every method raises :class:`ecrtui.errors.EcrTuiError`, and nothing else, for failures of the service or the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, Protocol, TypeVar

from ecrtui.errors import OnRetry, unreadable_rows, unsupported

if TYPE_CHECKING:
    from ecrtui.ecr.findings import ImageScan, RepositoryScanning, ScanReport
    from ecrtui.ecr.image import Image
    from ecrtui.ecr.layer import LayerState, Upload
    from ecrtui.ecr.lifecycle import LifecyclePreview
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.ecr.manifest import Manifest
    from ecrtui.ecr.put_image_request import PutImageResult
    from ecrtui.ecr.referrer import Referrer
    from ecrtui.ecr.replication import Destination, Replica, ReplicationRules
    from ecrtui.ecr.repository import Repository
    from ecrtui.ecr.signing import ImageSigning

Item = TypeVar("Item")


Feature = Literal[
    "lifecycle_policy",
    "lifecycle_preview",
    "findings",
    "referrers",
    "resource_tags",
    "pull_times",
    "replication",
    "repository_policy",
    "registry_policy",
    "repository_scanning",
    "managed_signing",
]
"""The names of the members of :class:`Capabilities`."""

_OPERATIONS: Mapping[Feature, str] = {
    "lifecycle_policy": "GetLifecyclePolicy",
    "lifecycle_preview": "StartLifecyclePolicyPreview",
    "findings": "DescribeImageScanFindings",
    "referrers": "ListImageReferrers",
    "resource_tags": "ListTagsForResource",
    "pull_times": "ListPullTimeUpdateExclusions",
    "replication": "DescribeRegistry",
    "repository_policy": "GetRepositoryPolicy",
    "registry_policy": "GetRegistryPolicy",
    "repository_scanning": "BatchGetRepositoryScanningConfiguration",
    "managed_signing": "DescribeImageSigningStatus",
}


class Capabilities(NamedTuple):
    """The features of a registry beyond repositories, images, tags and manifests."""

    lifecycle_policy: bool = False
    findings: bool = False
    """Image scans."""
    referrers: bool = False
    resource_tags: bool = False
    pull_times: bool = False
    """The registry records when an image was last pulled. Reading a manifest counts as a pull."""
    lifecycle_preview: bool = False
    """The registry can say what a lifecycle policy would do."""
    replication: bool = False
    """The registry can replicate tags to others."""
    repository_policy: bool = False
    """A repository can have a policy that says who may use it."""
    registry_policy: bool = False
    """The registry can have a policy that says who may use all its repositories."""
    repository_scanning: bool = False
    """The registry can say when the images of a repository are scanned."""
    managed_signing: bool = False
    """The registry can sign pushed images."""

    def require(self, feature: Feature) -> None:
        """Check a feature before its operation is called.

        Raises:
            Refused: the registry does not have it; the kind is UNSUPPORTED. A service that does not know an operation
                answers with the same kind.
        """
        if not getattr(self, feature):
            raise unsupported(_OPERATIONS[feature])


ECR_CAPABILITIES = Capabilities(
    lifecycle_policy=True,
    findings=True,
    referrers=True,
    resource_tags=True,
    repository_policy=True,
    pull_times=True,
    lifecycle_preview=True,
    replication=True,
    registry_policy=True,
    repository_scanning=True,
    managed_signing=True,
)


class PageRows(NamedTuple, Generic[Item]):
    """The rows of a page: those that could be read, and one message for each of the others."""

    items: Iterable[Item]
    problems: tuple[str, ...] = ()
    """Each names its row and says which member has which bad value."""


class Page(Generic[Item]):
    """A page of a listing.

    Args:
        items: the items of the page.
        next_token: the token that requests the next page; empty on the last page.
        problems: a message for each row that could not be read.
        read: returns the rows when they are first used, instead of ``items`` and ``problems``. Parsing a long page
            can wait until the next one has been requested. Raises EcrTuiError if the page is malformed.
    """

    __slots__ = ("_read", "_rows", "next_token")

    def __init__(
        self,
        items: Iterable[Item] = (),
        next_token: str = "",
        *,
        problems: tuple[str, ...] = (),
        read: Callable[[], PageRows[Item]] | None = None,
    ) -> None:
        self._rows = PageRows(items, problems)
        self._read = read
        self.next_token = next_token

    @property
    def rows(self) -> PageRows[Item]:
        """The rows of the page, with the problems of those that could not be read."""
        if self._read is not None:
            self._rows = self._read()
            self._read = None
        return self._rows

    @property
    def items(self) -> tuple[Item, ...]:
        """All rows of the page.

        Raises:
            IncompleteListing: a row could not be read, so what it says is not known.
        """
        items, problems = self.rows
        if problems:
            raise unreadable_rows(problems)
        return tuple(items)


class Registry(Protocol):
    """The registry of one account in one region."""

    @property
    def capabilities(self) -> Capabilities:
        """The features that the registry has. Known without a request."""

    def of_account(self, registry_id: str) -> Registry:
        """Return the registry of another account, over the same connection."""

    def location(self) -> RegistryLocation:
        """Return account, region and endpoint (DescribeRegistry the first time, unless the account was given)."""

    def identity(self) -> str:
        """Return the ARN of the caller (STS GetCallerIdentity); empty if unknown. Never raise for a refusal."""

    def mfa_ends(self) -> float:
        """Return when the credentials end that an MFA code gave, in seconds since 1970; 0 if there are none."""

    def ensure_credentials(self, seconds: float) -> None:
        """Ask the user for an MFA code now if the credentials end within some seconds, and only a code renews them.

        Raises:
            EcrTuiError: there are no new credentials.
        """

    def account_alias(self) -> str | None:
        """Return the alias of the caller's account (IAM ListAccountAliases).

        It is empty if the account has none, and None if it is not known: IAM denies or does not answer the request, or
        the registry is of another account. Never raise for a refusal.
        """

    def repositories(self, start: str = "") -> Iterator[Page[Repository]]:
        """Yield all repositories from a page token on, 1,000 a page (DescribeRepositories).

        An error ends the iterator. To continue, iterate again from the token of the last page.
        :class:`ecrtui.errors.ListingExpired` means that the token has expired: start again without one.
        """

    def repository(self, name: str) -> Repository:
        """Return one repository (DescribeRepositories)."""

    def images(self, repository: str, *, tag_status: str = "ANY", start: str = "") -> Iterator[Page[Image]]:
        """Yield all images, archived ones too, from a page token on, 1,000 a page (DescribeImages; in no order).

        Errors end the iterator as those of :meth:`repositories` do.
        """

    def images_by_digest(self, repository: str, digests: Sequence[str]) -> tuple[Image, ...]:
        """Return these images as they are now, without those that do not exist (DescribeImages)."""

    def images_by_tag(
        self, repository: str, tags: Sequence[str], *, keep_pull_times: bool = False
    ) -> Mapping[str, Image]:
        """Return the images that have these tags now, archived ones too, by tag; without tags that do not exist.

        Args:
            repository: the repository.
            tags: the tags.
            keep_pull_times: True to read no manifest, which ECR records as a pull. For more than a few tags, this takes
                a request for each 1,000 tags of the repository.
        """

    def tag_is_at(self, repository: str, tag: str, digest: str) -> bool:
        """Return whether the tag points to this digest now.

        This is one BatchGetImage with both; the failure is ImageTagDoesNotMatchDigest if it does not.
        """

    def manifest(self, repository: str, digest: str) -> Manifest:
        """Return the exact manifest of a digest (BatchGetImage with every media type), checked against the digest.

        ECR counts this as a pull: it sets the time of the last pull, which lifecycle rules may use.
        """

    def manifests(self, repository: str, digests: Sequence[str]) -> tuple[Manifest, ...]:
        """Return several manifests, checked, without those that are not available (BatchGetImage, 100 a call)."""

    def tagged_manifests(self, repository: str, tags: Sequence[str], *, strict: bool = False) -> Mapping[str, Manifest]:
        """Return the manifests of these tags, checked, by tag (BatchGetImage, 100 a call).

        A tag that does not exist is left out, and so is one whose image is archived. With ``strict``, that is an error.
        """

    def layers(self, repository: str, digests: Sequence[str]) -> Mapping[str, LayerState]:
        """Return what the repository has of these layers and configs, by digest (BatchCheckLayerAvailability)."""

    def mounts_layers(self) -> bool:
        """Return whether the registry can mount layers: give a repository a layer of another (GetAccountSetting)."""

    def create_repository(self, repository: str) -> None:
        """Create a repository with the settings of the registry; do nothing if it exists (CreateRepository)."""

    def blob(self, repository: str, digest: str, limit: int) -> bytes:
        """Return a blob of at most ``limit`` bytes, checked against its digest (GetDownloadUrlForLayer)."""

    def blob_start(self, repository: str, digest: str, count: int) -> bytes:
        """Return the first ``count`` bytes of a blob, which no digest can check (GetDownloadUrlForLayer)."""

    def put_image(self, repository: str, manifest: Manifest, tag: str) -> PutImageResult:
        """Give the manifest a tag (PutImage with manifest, media type, tag and digest, always all four).

        With an empty tag, the image is stored untagged. The request is sent once. After an error that is
        ``ambiguous`` the tag may have been set: read the tag, and read it again before each further attempt.
        """

    def untag(self, repository: str, tag: str) -> None:
        """Remove a tag (BatchDeleteImage by tag). ECR deletes an image with its last tag: check first."""

    def repository_policy(self, repository: str) -> str:
        """Return the text of the policy that says who may use the repository; empty if there is none.

        This is GetRepositoryPolicy.
        """

    def registry_policy(self) -> str:
        """Return the text of the policy of the registry; empty if there is none (GetRegistryPolicy).

        ECR returns that of the caller's own account only.
        """

    def repository_scanning(self, repository: str) -> RepositoryScanning:
        """Return when the images of a repository are scanned (BatchGetRepositoryScanningConfiguration).

        ECR returns that of a repository of the caller's own account only.
        """

    def lifecycle_policy(self, repository: str) -> str:
        """Return the text of the lifecycle policy; empty if there is none (GetLifecyclePolicy)."""

    def start_lifecycle_preview(self, repository: str, policy: str) -> None:
        """Let ECR find out what a policy would do; nothing else changes (StartLifecyclePolicyPreview).

        Raises:
            Refused: another preview of the repository is in progress; the kind is PREVIEW_IN_PROGRESS.
        """

    def lifecycle_preview(self, repository: str) -> LifecyclePreview:
        """Return the last preview; its images once it is complete (GetLifecyclePolicyPreview, 100 a page)."""

    def replication(self, *, again: bool = False) -> ReplicationRules:
        """Return the replication rules (DescribeRegistry); those read before, unless they are asked for again.

        ECR returns the rules of the caller's own account only.
        """

    def replicated_tags(self, destination: Destination, repository: str, tags: Sequence[str]) -> Mapping[str, Image]:
        """Return what :meth:`images_by_tag` returns, in a destination of the replication."""

    def replicas(self, repository: str, digest: str) -> tuple[Replica, ...]:
        """Return the replication status of an image for each destination (DescribeImageReplicationStatus)."""

    def signings(self, repository: str, digest: str) -> tuple[ImageSigning, ...]:
        """Return the signing status of an image for each signing profile (DescribeImageSigningStatus)."""

    def pull_time_exclusions(self) -> tuple[str, ...]:
        """Return the ARNs of principals whose pulls are not recorded (ListPullTimeUpdateExclusions)."""

    def resource_tags(self, repository: Repository) -> tuple[tuple[str, str], ...]:
        """Return the AWS resource tags of the repository (ListTagsForResource)."""

    def scan(self, repository: str, digest: str) -> ImageScan:
        """Return the state and the counts of the last scan of an image (DescribeImageScanFindings, one finding).

        An image without a scan has the status :data:`ecrtui.ecr.findings.NOT_SCANNED`.
        """

    def findings(self, repository: str, digest: str) -> ScanReport:
        """Return the last scan with all its findings, basic or enhanced (DescribeImageScanFindings).

        Raises:
            NotFound: the image was not scanned, or the scan has not finished; then it is retryable.
        """

    def referrers(self, repository: str, digest: str) -> tuple[Referrer, ...]:
        """Return the referrers of the image (ListImageReferrers)."""


Part = bytes | memoryview
"""The bytes of a part of a layer."""


class LayerReader(Protocol):
    """The content of a layer, read from its first byte to its last."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer with the next bytes. Return their number: less than its size only at the end, then 0.

        The caller gives the memory, because parts are large, and an allocator keeps what it once had. The digest is
        not checked. A download that is cut, or whose URL has expired, continues at the next byte.

        Raises:
            EcrTuiError: the layer cannot be read.
        """

    def close(self) -> None:
        """End the download."""


class LayerStore(Protocol):
    """The content of the layers and configs of one registry.

    The bytes move through the process that calls, so a process that draws never calls these methods.
    """

    def layers(self, repository: str, digests: Sequence[str]) -> Mapping[str, LayerState]:
        """Return what the repository has of these layers; see :meth:`Registry.layers`."""

    def open_layer(self, repository: str, digest: str, on_retry: OnRetry = lambda _: None) -> LayerReader:
        """Return a reader of a layer that an image of the repository uses (GetDownloadUrlForLayer).

        Args:
            repository: the repository.
            digest: the digest of the layer.
            on_retry: called before the download continues after a failure.
        """

    def mount_layer(self, repository: str, digest: str, source: str) -> bool:
        """Give a repository a layer of another one of the registry. Return False if the registry does not do it.

        This is a request of the OCI distribution API; the ECR API has no such operation.
        """

    def push_layer(self, repository: str, digest: str, size: int, pieces: Iterable[Part]) -> None:
        """Send a layer in one request of the OCI distribution API. A retry starts at the first byte.

        Args:
            repository: the repository that gets it.
            digest: its digest.
            size: its bytes.
            pieces: its content, which is read once. An error of it is raised as it is.

        Raises:
            Refused: the content has another digest; the kind is DIGEST_MISMATCH.
        """

    def begin_upload(self, repository: str) -> Upload:
        """Begin the upload of a layer (InitiateLayerUpload). One that is never completed expires."""

    def upload_part(self, repository: str, upload_id: str, first_byte: int, part: Part) -> int:
        """Send the next part of a layer, once. Return the number of bytes that the upload has now (UploadLayerPart).

        The number is not the end of the part if the part does not follow the last one (InvalidLayerPartException).
        ECR does not distinguish an empty upload from one with a single byte: the number is 1 for both.

        Raises:
            NotFound: the upload does not exist any more; the kind is UPLOAD_LOST.
        """

    def complete_upload(self, repository: str, upload_id: str, digest: str, size: int) -> None:
        """Make a layer of the parts, once (CompleteLayerUpload). It is not an error if the repository has the layer.

        Args:
            repository: the repository of the upload.
            upload_id: the upload.
            digest: the digest of the layer, which ECR computes and compares.
            size: bytes of the layer. A large one takes ECR longer, so the time limit depends on it.

        Raises:
            NotFound: the upload does not exist any more; the kind is UPLOAD_LOST. After a lost reply, the layer may
                be there.
        """
