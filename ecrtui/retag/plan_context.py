"""Read the state of the registry that planning needs, in as few requests as possible."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ecrtui.ecr.image import Image, is_index
from ecrtui.ecr.lifecycle import LifecyclePolicy
from ecrtui.ecr.lifecycle_document import parse_policy
from ecrtui.ecr.manifest import Manifest, parse_manifest
from ecrtui.ecr.repository import Repository
from ecrtui.errors import AccessDenied, EcrTuiError, ErrorKind, NotFound, Refused
from ecrtui.registry.protocol import Registry
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.parallel import map_concurrently
from ecrtui.retag.plan import TagChange
from ecrtui.retag.planner import PlanContext, change_problem
from ecrtui.retag.replicas import Replication, read_replicas, read_replication

MAX_WORKERS = 8
"""The number of repositories that are read at the same time."""

_MAX_INDEXES_READ = 100
"""The number of indexes that are searched for an untagged image: those of one request."""

_MAX_PAGES = 5
"""The number of pages of images that are read to find these indexes, if the repository was not listed."""

_MAX_INDEXES_KEPT = 256


@dataclass(frozen=True, slots=True)
class RepositoryContext:
    """The state of a whole repository, read once and used for every keystroke in a form."""

    repository: Repository
    policy: str
    """The text of the lifecycle policy; empty if there is none."""
    policy_problem: str = ""
    """Why the lifecycle policy could not be read; empty if it was read."""
    images: tuple[Image, ...] | None = None
    """Every image of the repository, if known. Only then are predictions for rules that count images exact."""
    replication: Replication = field(default_factory=Replication)
    """What is known of the replication of the registry."""
    exists: bool = True
    """False if the repository is still to be created. Then it is not read."""

    def lifecycle_policy(self) -> LifecyclePolicy:
        """Return the parsed lifecycle policy; it names the problem if it could not be read."""
        if self.policy_problem:
            return LifecyclePolicy(problem=self.policy_problem)
        return parse_policy(self.policy)


class ContextLoader:
    """Reads the context of a plan. It caches the platforms of each index, which cannot change, by digest."""

    def __init__(self, registry: Registry, journal: Journal) -> None:
        self._registry = registry
        self._journal = journal
        self._lock = threading.Lock()
        self._platforms: dict[str, Mapping[str, str]] = {}

    def repository_context(self, repository: str, images: Sequence[Image] | None = None) -> RepositoryContext:
        """Read the mutability and the lifecycle policy of a repository."""
        found, policy, problem = self._registry.repository(repository), "", ""
        try:
            if self._registry.capabilities.lifecycle_policy:
                policy = self._registry.lifecycle_policy(repository)
        except (AccessDenied, Refused) as error:  # the plan is valid without it, and shows what is unknown
            if error.kind is not ErrorKind.UNSUPPORTED:
                problem = f"could not read the lifecycle policy, so its effects are not shown: {error}"
        listed = None if images is None else tuple(images)
        return RepositoryContext(found, policy, problem, listed, read_replication(self._registry))

    def plan_contexts(
        self, changes: Iterable[TagChange], known: Mapping[str, RepositoryContext] | None, thorough: bool
    ) -> Mapping[str, PlanContext]:
        """Read the context of every repository that a change names.

        A repository that cannot be read has a context with the problem, so that the changes of others can be planned.
        The error of a repository that a command line or a form asks for alone is raised.

        Args:
            changes: the requested changes; those that are impossible are not looked up.
            known: contexts of repositories that were read before, by name.
            thorough: also read all images where a lifecycle rule counts them, and look for the index of an untagged
                image.
        """
        by_repository: dict[str, list[TagChange]] = {}
        for change in changes:
            if not change_problem(change):
                by_repository.setdefault(change.repository, []).append(change)
        groups = list(by_repository.items())

        def read(group: tuple[str, list[TagChange]]) -> PlanContext:
            name, own_changes = group
            try:
                context = (known or {}).get(name) or self.repository_context(name)
                return self._plan_context(own_changes, context, thorough)
            except (NotFound, AccessDenied, Refused) as error:
                if len(groups) == 1 and not any(change.row for change in own_changes):
                    raise
                return PlanContext(problem=str(error))

        return {groups[position][0]: context for position, context in map_concurrently(read, groups, MAX_WORKERS)}

    def _plan_context(self, changes: Sequence[TagChange], context: RepositoryContext, thorough: bool) -> PlanContext:
        if not context.exists:
            return PlanContext(replication=context.replication)
        repository, policy = context.repository.name, context.lifecycle_policy()
        # ECR counts reading a manifest as a pull. Do not read any where a lifecycle rule depends on pulls.
        tags = self._registry.images_by_tag(
            repository,
            _unique(change.tag for change in changes if change.tag),
            keep_pull_times=policy.depends_on_pulls,
        )
        images = {image.digest: image for image in tags.values()}
        unread = _unique(change.digest for change in changes if change.digest and change.digest not in images)
        if unread:
            images.update((image.digest, image) for image in self._registry.images_by_digest(repository, unread))
        all_images = context.images
        if all_images is None and thorough and _needs_all_images(policy, changes, images):
            all_images = tuple(image for page in self._registry.images(repository) for image in page.items)
        indexes: Mapping[str, Mapping[str, str]] = {}
        if not policy.depends_on_pulls:
            current, neighbours = self._indexes_to_read(repository, changes, tags, images, all_images, thorough)
            images.update((image.digest, image) for image in neighbours)
            indexes = self._platforms_of(repository, sorted({*current, *(image.digest for image in neighbours)}))
        removed = _unique(change.tag for change in changes if change.tag and not change.digest)
        replication = read_replication(self._registry, again=True) if removed else context.replication
        return PlanContext(
            replication=replication,
            replicas=read_replicas(self._registry, replication.rules, repository, removed),
            mutability=context.repository.mutability,
            tags=tags,
            images=images,
            policy=policy,
            all_images=all_images,
            indexes=indexes,
            journalled=self._journal.manifests([digest for digest in unread if digest not in images]),
        )

    def _indexes_to_read(
        self,
        repository: str,
        changes: Sequence[TagChange],
        tags: Mapping[str, Image],
        images: Mapping[str, Image],
        all_images: Sequence[Image] | None,
        thorough: bool,
    ) -> tuple[set[str], Sequence[Image]]:
        """Return the indexes that matter for tags of single images.

        These are the indexes that such tags point to now, by digest, and those that an untagged image may belong to.
        """
        to_single = [change for change in changes if _is_single(images.get(change.digest))]
        current = {
            tags[change.tag].digest for change in to_single if change.tag in tags and not _is_single(tags[change.tag])
        }
        untagged = next((images[change.digest] for change in to_single if not images[change.digest].tags), None)
        if untagged is None or not (thorough or all_images is not None):
            return current, ()
        return current, self._nearest_indexes(repository, untagged, all_images)

    def _nearest_indexes(self, repository: str, untagged: Image, all_images: Sequence[Image] | None) -> Sequence[Image]:
        """Return the tagged indexes with the nearest push times: an untagged image may belong to one of them."""
        if all_images is None:
            pages = zip(self._registry.images(repository, tag_status="TAGGED"), range(_MAX_PAGES), strict=False)
            all_images = [image for page, _ in pages for image in page.items]
        indexes = [image for image in all_images if image.tags and not _is_single(image) and not image.archived]
        indexes.sort(key=lambda image: abs((image.pushed_at or 0) - (untagged.pushed_at or 0)))
        return indexes[:_MAX_INDEXES_READ]

    def _platforms_of(self, repository: str, digests: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Return the platforms of each index that can be read."""
        with self._lock:
            known = {digest: self._platforms[digest] for digest in digests if digest in self._platforms}
        unread = [digest for digest in digests if digest not in known]
        if unread:
            known.update((found.digest, _platforms(found)) for found in self._readable(repository, unread))
            with self._lock:
                self._platforms.update(known)
                while len(self._platforms) > _MAX_INDEXES_KEPT:
                    self._platforms.pop(next(iter(self._platforms)))
        return known

    def _readable(self, repository: str, digests: Sequence[str]) -> Sequence[Manifest]:
        try:
            return self._registry.manifests(repository, digests)
        except EcrTuiError:
            return ()  # the manifests are only needed for a warning; the plan is valid without it


def _platforms(manifest: Manifest) -> Mapping[str, str]:
    parsed = parse_manifest(manifest.text)
    names = parsed.platform_names
    return {entry.digest: names.get(entry.digest, "an unnamed platform") for entry in parsed.platform_entries}


def _is_single(image: Image | None) -> bool:
    return image is not None and not is_index(image.media_type)


def _needs_all_images(policy: LifecyclePolicy, changes: Sequence[TagChange], images: Mapping[str, Image]) -> bool:
    """Return True if a rule that counts images may apply to one of these images after the changes."""
    if not any(rule.counts_images for rule in policy.rules):
        return False
    gained: dict[str, list[str]] = {}
    for change in changes:
        gained.setdefault(change.digest, []).append(change.tag)
    changed = frozenset(change.tag for change in changes)
    for image in images.values():
        kept = tuple(tag for tag in image.tags if tag not in changed)
        rule = policy.matching_rule(replace(image, tags=(*kept, *gained.get(image.digest, ()))))
        if rule is not None and rule.counts_images:
            return True
    return False


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
