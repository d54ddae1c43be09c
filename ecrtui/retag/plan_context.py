"""What planning needs to know, read from the registry in as few calls as can be."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ecrtui.ecr import lifecycle
from ecrtui.ecr.digest import is_digest
from ecrtui.ecr.image import Image, is_index
from ecrtui.ecr.lifecycle import LifecyclePolicy
from ecrtui.ecr.manifest import DescriptorRole, Manifest, parse_manifest
from ecrtui.ecr.repository import Repository
from ecrtui.errors import AccessDenied, EcrTuiError, Refused
from ecrtui.registry.protocol import Registry
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.parallel import map_concurrently
from ecrtui.retag.plan import TagChange
from ecrtui.retag.planner import PlanContext

MAX_WORKERS = 8
"""Repositories that are read at a time."""

_NEIGHBOURS = 100
"""Indexes that are looked into for the one that an untagged image belongs to: one call's worth."""

_PAGES = 5
"""Pages of images that are read to find those indexes, if nobody has listed the repository."""

_KEPT_INDEXES = 256


@dataclass(frozen=True, slots=True)
class RepositoryContext:
    """What planning needs to know of a repository as a whole, read once and used for every keystroke."""

    repository: Repository
    policy: str
    """The text of the lifecycle policy; empty if there is none."""
    policy_problem: str = ""
    """Why the lifecycle policy could not be read; empty if it was."""
    images: tuple[Image, ...] | None = None
    """Every image of it, if somebody has them: rules that count images can be told exactly only then."""


class ContextLoader:
    """Reads facts for the planner; remembers what cannot change, the platforms of an index by its digest."""

    def __init__(self, registry: Registry, journal: Journal) -> None:
        self._registry = registry
        self._journal = journal
        self._lock = threading.Lock()
        self._platforms: dict[str, Mapping[str, str]] = {}

    def repository_context(self, repository: str, images: Sequence[Image] | None = None) -> RepositoryContext:
        """Mutability and lifecycle policy of a repository."""
        known, policy, problem = self._registry.repository(repository), "", ""
        try:
            policy = self._registry.lifecycle_policy(repository)
        except (AccessDenied, Refused) as error:  # a plan without it is a plan; it says what it does not know
            problem = f"the lifecycle policy could not be read, so what it does is not told: {error}"
        return RepositoryContext(known, policy, problem, None if images is None else tuple(images))

    def plan_context(
        self, changes: Iterable[TagChange], surveys: Mapping[str, RepositoryContext] | None, thorough: bool
    ) -> Mapping[str, PlanContext]:
        """The facts of every repository that a change names."""
        by_repository: dict[str, list[TagChange]] = {}
        for change in changes:
            by_repository.setdefault(change.repository, []).append(change)
        groups = list(by_repository.items())

        def read(group: tuple[str, list[TagChange]]) -> PlanContext:
            name, wishes = group
            survey = surveys.get(name) if surveys else None
            return self._facts(wishes, survey or self.repository_context(name), thorough)

        return {groups[position][0]: facts for position, facts in map_concurrently(read, groups, MAX_WORKERS)}

    def _facts(self, changes: Sequence[TagChange], survey: RepositoryContext, thorough: bool) -> PlanContext:
        repository = survey.repository.name
        tags = self._registry.images_by_tag(repository, _once(change.tag for change in changes if change.tag))
        images = {image.digest: image for image in tags.values()}
        wanted = [change.digest for change in changes if is_digest(change.digest) and change.digest not in images]
        if wanted:
            images.update((image.digest, image) for image in self._registry.images_by_digest(repository, _once(wanted)))
        policy = (
            lifecycle.parse_policy(survey.policy)
            if not survey.policy_problem
            else LifecyclePolicy(problem=survey.policy_problem)
        )
        everything = survey.images
        if everything is None and thorough and _must_count(policy, changes, images):
            everything = tuple(image for page in self._registry.images(repository) for image in page.items)
        return PlanContext(
            mutability=survey.repository.mutability,
            tags=tags,
            images=images,
            policy=policy,
            everything=everything,
            # ECR takes the reading of a manifest for a pull: a warning is not worth what a rule makes of that.
            indexes={}
            if policy.depends_on_pulls
            else self._indexes(repository, changes, tags, images, everything, thorough),
            journalled=self._journal.manifests([digest for digest in _once(wanted) if digest not in images]),
        )

    def _indexes(
        self,
        repository: str,
        changes: Sequence[TagChange],
        tags: Mapping[str, Image],
        images: dict[str, Image],
        everything: Sequence[Image] | None,
        thorough: bool,
    ) -> Mapping[str, Mapping[str, str]]:
        """The platforms of the indexes that the tags are at, and of those that untagged sources may belong to."""
        singles = [images[change.digest] for change in changes if _is_single(images.get(change.digest))]
        if not singles:
            return {}
        held = {
            tags[change.tag].digest
            for change in changes
            if change.tag in tags and not _is_single(tags[change.tag]) and _is_single(images.get(change.digest))
        }
        orphans = [image for image in singles if not image.tags]
        if orphans and (thorough or everything is not None):
            neighbours = self._neighbours(repository, orphans[0], everything)
            images.update((image.digest, image) for image in neighbours)
            held.update(image.digest for image in neighbours)
        return self._platforms_of(repository, sorted(held))

    def _neighbours(self, repository: str, orphan: Image, everything: Sequence[Image] | None) -> Sequence[Image]:
        """The tagged indexes that were pushed nearest to an image: those that it may belong to."""
        if everything is None:
            pages = zip(self._registry.images(repository, tag_status="TAGGED"), range(_PAGES), strict=False)
            everything = [image for page, _ in pages for image in page.items]
        indexes = [image for image in everything if image.tags and not _is_single(image) and not image.archived]
        indexes.sort(key=lambda image: abs((image.pushed_at or 0) - (orphan.pushed_at or 0)))
        return indexes[:_NEIGHBOURS]

    def _platforms_of(self, repository: str, digests: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        with self._lock:
            known = {digest: self._platforms[digest] for digest in digests if digest in self._platforms}
        unread = [digest for digest in digests if digest not in known]
        if unread:
            known.update((found.digest, _platforms(found)) for found in self._readable(repository, unread))
            with self._lock:
                self._platforms.update(known)
                while len(self._platforms) > _KEPT_INDEXES:
                    self._platforms.pop(next(iter(self._platforms)))
        return known

    def _readable(self, repository: str, digests: Sequence[str]) -> Sequence[Manifest]:
        try:
            return self._registry.manifests(repository, digests)
        except EcrTuiError:
            return ()  # these are for a warning alone; a plan is no worse for the lack of it than without an index


def _platforms(manifest: Manifest) -> Mapping[str, str]:
    return {
        descriptor.digest: str(descriptor.platform or "an unnamed platform")
        for descriptor in parse_manifest(manifest.text).with_role(DescriptorRole.MANIFEST)
        if not descriptor.is_attestation
    }


def _is_single(image: Image | None) -> bool:
    return image is not None and not is_index(image.media_type)


def _must_count(policy: LifecyclePolicy, changes: Sequence[TagChange], images: Mapping[str, Image]) -> bool:
    """Whether a rule that counts images may decide on one of those that are touched, as they may be afterwards."""
    if not any(rule.counts_images for rule in policy.rules):
        return False
    gained: dict[str, list[str]] = {}
    for change in changes:
        gained.setdefault(change.digest, []).append(change.tag)
    moved = frozenset(change.tag for change in changes)
    for image in images.values():
        kept = tuple(tag for tag in image.tags if tag not in moved)
        decider = policy.matching_rule(replace(image, tags=(*kept, *gained.get(image.digest, ()))))
        if decider is not None and decider.counts_images:
            return True
    return False


def _once(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
