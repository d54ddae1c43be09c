"""Values of a promotion: the source, the plan, what is copied where. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.reference import Reference, parse_reference
from ecrtui.ecr.safe_text import visible
from ecrtui.errors import UsageError
from ecrtui.promote.closure import Blob, Closure, Member
from ecrtui.retag.plan import Plan, StepAction

Way = Literal["api", "mount", "oci"]
"""How layers reach the target: in parts, by the ECR API; or the registry mounts them, and no byte is sent; or in one
request for each, by the OCI distribution API.

A layer that the registry does not mount is sent by the ECR API, and so is one whose size is not known.
"""

KIND = "promote"
"""The kind of the plan, in the journal too."""


@dataclass(frozen=True, slots=True)
class Source:
    """The image to copy, with everything that belongs to it."""

    location: RegistryLocation
    repository: str
    tag: str
    """Empty if the image was named by its digest."""
    closure: Closure
    warnings: tuple[str, ...] = ()
    """What could not be read, and what is left out."""
    notes: tuple[str, ...] = ()
    referrers: bool = True
    """Whether its referrers and the tags of cosign were asked for."""

    @property
    def digest(self) -> str:
        """The digest of the image."""
        return self.closure.root

    def __str__(self) -> str:
        return f"{self.repository}{f':{self.tag}' if self.tag else f'@{self.digest}'}"


@dataclass(frozen=True, slots=True)
class TagTarget:
    """A tag that the user asked for, in a repository of the target registry."""

    repository: str
    tag: str
    expect: str | None = None
    """The digest that the tag must have now; "" if it must not exist; None accepts any state."""


def parse_target(line: str, tag: str) -> Reference:
    """Return the repository and the tag that a user typed as the target of a promotion.

    Args:
        line: ``team/prod``, ``team/prod:tag`` or an image URI.
        tag: the tag of a target without one; empty if the source has none.

    Raises:
        UsageError: the line is none of these, or there is no tag.
    """
    target = parse_reference(line)
    if not target.repository:
        raise UsageError(f"{line!r} names no repository", "", "Write team/prod, team/prod:tag or an image URI.")
    if target.digest:
        raise UsageError(f"{line!r} has a digest", "The copy has the digest of the source.", "Write team/prod:tag.")
    if not target.tag and not tag:
        raise UsageError(f"{line!r} has no tag", "The source has none either.", f"Write {target.repository}:TAG.")
    return target._replace(tag=target.tag or tag)


def targets_of(plan: Plan, digest: str) -> tuple[TagTarget, ...]:
    """Return the tags that a plan gives an image, each with the digest that the plan expects it to have."""
    return tuple(
        TagTarget(step.repository, step.tag, step.change.expect)
        for step in plan.steps
        if step.after == digest and not step.unread
    )


@dataclass(frozen=True, slots=True)
class RepositoryCopy:
    """What one repository of the target gets."""

    repository: str
    create: bool
    """True if the repository does not exist and is to be created first."""
    missing: tuple[Member, ...]
    """The members that the repository does not have, in the order in which they are put."""
    there: frozenset[str]
    """The digests of the members that it has."""
    blobs: tuple[Blob, ...]
    """The blobs that it does not have: those that are copied."""
    blobs_there: tuple[Blob, ...]
    """The blobs of missing members that it has."""

    @property
    def bytes_to_copy(self) -> int:
        """Bytes of the blobs that are copied, as far as they are known."""
        return sum(max(blob.size, 0) for blob in self.blobs)


@dataclass(frozen=True, slots=True)
class Promotion:
    """The plan of a promotion. Its tags are a plan of retag; the guard, the journal and the undo are those of retag."""

    plan: Plan
    """A step for each tag: those of cosign first, those of the image last."""
    source: Source
    target: RegistryLocation
    copies: tuple[RepositoryCopy, ...]
    way: Way = "api"

    @property
    def allowed_copies(self) -> tuple[RepositoryCopy, ...]:
        """The copies into repositories where not every tag of the image is refused. The others get nothing."""
        allowed = {
            step.repository
            for step in self.plan.steps
            if step.after == self.source.digest and step.action is not StepAction.REFUSED
        }
        return tuple(copy for copy in self.copies if copy.repository in allowed)

    @property
    def has_work(self) -> bool:
        """True if a tag is written or a manifest is copied."""
        return bool(self.plan.write_steps) or any(copy.missing for copy in self.allowed_copies)

    @property
    def bytes_to_copy(self) -> int:
        """Bytes of all blobs that are copied."""
        return sum(copy.bytes_to_copy for copy in self.allowed_copies)

    def refuse(self, reason: str) -> Promotion:
        """Return the promotion with every step refused; a step that is refused already keeps its reason."""
        steps = (
            step if step.action is StepAction.REFUSED else replace(step, action=StepAction.REFUSED, reason=reason)
            for step in self.plan.steps
        )
        return replace(self, plan=replace(self.plan, steps=tuple(steps)))

    def __str__(self) -> str:
        from ecrtui.promote.document import summary_lines

        return "\n".join([*map(visible, summary_lines(self)), str(self.plan)])
