"""What the application asks of a registry. Implementations block; callers bring the thread.

Every method raises :class:`ecrtui.errors.EcrTuiError` and nothing else for what a service or a network can do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from ecrtui.ecr.findings import Finding
    from ecrtui.ecr.image import Image
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.ecr.manifest import Manifest
    from ecrtui.ecr.put_image_request import PutImageResult
    from ecrtui.ecr.referrer import Referrer
    from ecrtui.ecr.repository import Repository

Item = TypeVar("Item")


class Page(Generic[Item]):
    """One page of a listing, and the token that the next one is asked for with; empty on the last page.

    Args:
        items: what is on it.
        next_token: the token of the next page.
        read: gives the items in place of ``items``, when they are asked for: reading a long page is left to whoever
            wants it, so that the next one can be on its way meanwhile. Raises EcrTuiError if it cannot be understood.
    """

    __slots__ = ("_items", "_read", "next_token")

    def __init__(
        self,
        items: tuple[Item, ...] = (),
        next_token: str = "",
        *,
        read: Callable[[], tuple[Item, ...]] | None = None,
    ) -> None:
        self._items = items
        self._read = read
        self.next_token = next_token

    @property
    def items(self) -> tuple[Item, ...]:
        """What is on the page."""
        if self._read is not None:
            self._items = self._read()
            self._read = None
        return self._items


class Registry(Protocol):
    """One account's registry in one region."""

    def of_account(self, registry_id: str) -> Registry:
        """The registry of another account, by the same connection."""

    def location(self) -> RegistryLocation:
        """Account, region and endpoint (DescribeRegistry the first time, unless the account was given)."""

    def identity(self) -> str:
        """The caller's ARN (STS GetCallerIdentity); empty if it cannot be known. Never raises for a refusal."""

    def repositories(self, start: str = "") -> Iterator[Page[Repository]]:
        """All repositories from a page token on, 1,000 a page (DescribeRepositories).

        A page that fails ends the iterator; another one goes on from the token of the last page that came.
        :class:`ecrtui.errors.ListingExpired` says that the service knows the token no more, and to start over.
        """

    def repository(self, name: str) -> Repository:
        """One repository (DescribeRepositories)."""

    def images(self, repository: str, *, tag_status: str = "ANY", start: str = "") -> Iterator[Page[Image]]:
        """All images, archived ones too, from a page token on, 1,000 a page (DescribeImages; in no order).

        Pages fail as those of :meth:`repositories` do.
        """

    def images_by_digest(self, repository: str, digests: Sequence[str]) -> tuple[Image, ...]:
        """These images, as they are now; those that do not exist are left out (DescribeImages)."""

    def images_by_tag(self, repository: str, tags: Sequence[str]) -> Mapping[str, Image]:
        """The images that hold these tags now, archived ones too, by tag; tags that do not exist are left out."""

    def tag_is_at(self, repository: str, tag: str, digest: str) -> bool:
        """Whether the tag is at this digest now: one BatchGetImage with both (ImageTagDoesNotMatchDigest if not)."""

    def manifest(self, repository: str, digest: str) -> Manifest:
        """The exact manifest, by digest (BatchGetImage with every media type), checked against the digest.

        To ECR this is a pull: it sets the time of the image's last pull, which lifecycle rules may look at.
        """

    def manifests(self, repository: str, digests: Sequence[str]) -> tuple[Manifest, ...]:
        """Several manifests, 100 a call, each checked; those that cannot be had are left out."""

    def blob(self, repository: str, digest: str, limit: int) -> bytes:
        """A blob of at most so many bytes (GetDownloadUrlForLayer), checked against its digest."""

    def put_image(self, repository: str, manifest: Manifest, tag: str) -> PutImageResult:
        """Give the manifest a tag: PutImage with manifest, media type, tag and digest, always all four; without a tag
        ("") the image is stored untagged.

        An error that is ``ambiguous`` leaves it open whether the tag was given: read the tag. Nothing is sent twice:
        who writes looks at the tag anew before trying again.
        """

    def untag(self, repository: str, tag: str) -> None:
        """Remove a tag (BatchDeleteImage by tag). The last tag of an image takes the image with it: check first."""

    def lifecycle_policy(self, repository: str) -> str:
        """The text of the lifecycle policy; empty if there is none (GetLifecyclePolicy)."""

    def resource_tags(self, repository: Repository) -> tuple[tuple[str, str], ...]:
        """The tags of the repository as an AWS resource (ListTagsForResource)."""

    def findings(self, repository: str, digest: str) -> tuple[Finding, ...]:
        """All findings of the image's scan, basic or enhanced (DescribeImageScanFindings).

        Raises:
            NotFound: the image was not scanned, or the scan has not come to an end; then it is retryable.
        """

    def referrers(self, repository: str, digest: str) -> tuple[Referrer, ...]:
        """What refers to this image (ListImageReferrers)."""
