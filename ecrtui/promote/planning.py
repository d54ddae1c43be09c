"""Plan a promotion: read what the target has, and decide what is copied and which tags are written. No writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ecrtui.ecr import layer
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.layer import LayerState
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.repository import Repository
from ecrtui.ecr.units import format_names
from ecrtui.errors import READ_ONLY, AccessDenied, ErrorKind, NotFound, Refused, UsageError
from ecrtui.promote import closure
from ecrtui.promote.closure import Blob, Member, MemberKind
from ecrtui.promote.plan import KIND, Promotion, RepositoryCopy, Source, TagTarget, Way
from ecrtui.registry.protocol import Registry
from ecrtui.retag.engine import Engine
from ecrtui.retag.plan import Plan, Step, StepAction, TagChange
from ecrtui.retag.plan_context import RepositoryContext

_NOT_COPIED = "the image is not copied, because its tag is refused"


class PromotionPlanner:
    """Plans copies of one image into repositories of one registry.

    Args:
        source: the registry of the image.
        target: the registry of the repositories.
        engine: the engine of the target.
        create_repository: whether a repository that does not exist is created.
        way: how layers reach the target; None to mount them where the registry does so, and else to send them.
    """

    def __init__(
        self,
        source: Registry,
        target: Registry,
        engine: Engine,
        *,
        create_repository: bool = False,
        way: Way | None = None,
    ) -> None:
        self._source = source
        self._target = target
        self._engine = engine
        self._create_repository = create_repository
        self._way = way

    def plan(self, source: Source, targets: Sequence[TagTarget]) -> Promotion:
        """Return the plan of a promotion. It is based on the current state of both registries.

        Args:
            source: the image, as :func:`ecrtui.promote.reading.read_source` returned it.
            targets: the tags.

        Raises:
            UsageError: a target is in the repository of the source.
            NotFound: a repository does not exist.
            EcrTuiError: the target cannot be read.
        """
        location = self._engine.location
        if location == source.location:
            _check_repositories(source, targets)
        by_repository: dict[str, list[TagTarget]] = {}
        for target in dict.fromkeys(targets):
            by_repository.setdefault(target.repository, []).append(target)
        external = self._external_blobs(source)
        copies: list[RepositoryCopy] = []
        cosign: list[Step | TagChange] = []
        wanted: list[Step | TagChange] = []
        contexts: dict[str, RepositoryContext] = {}
        for name, own in by_repository.items():
            images, creates = self._images(name, source)
            copies.append(self._copy(name, source, images, creates, external))
            cosign += [_change(name, tag, digest, "", images) for tag, digest in source.closure.cosign.items()]
            wanted += [_change(name, target.tag, source.digest, target.expect, images) for target in own]
            if any(isinstance(change, TagChange) and change.repository == name for change in (*cosign, *wanted)):
                contexts[name] = self._context(name, exists=not creates)
        plan = self._tag_plan([*cosign, *wanted], source, contexts)
        if external:
            plan = replace(plan, warnings=(*plan.warnings, _left_out(source, external)))
        way = self._choose_way(source, location, any(copy.blobs for copy in copies))
        promotion = Promotion(plan, source, location, tuple(copies), way)
        return _without_refused(self._read_only(promotion))

    def _choose_way(self, source: Source, target: RegistryLocation, has_blobs: bool) -> Way:
        """Return how layers reach the target. ECR mounts only within a registry, and only if a setting allows it.

        Raises:
            Refused: the user wants a way that is not possible.
        """
        if self._way == "api" or (self._way is None and not has_blobs):
            return "api"
        if self._way == "oci":
            return "oci"
        if source.location == target and self._target.mounts_layers():
            return "mount"
        if self._way is None:
            return "api"
        raise Refused(
            "Layers cannot be mounted",
            "The repositories are in different registries."
            if source.location != target
            else "The account setting BLOB_MOUNTING is off, or the registry does not have it.",
            "Use --way api. The setting: aws ecr put-account-setting --name BLOB_MOUNTING --value ENABLED.",
        )

    def _images(self, repository: str, source: Source) -> tuple[Mapping[str, Image], bool]:
        """Return the members that a repository has, by digest, and whether it has to be created.

        A registry has an index only with its children, so those are not asked for.
        """
        try:
            found = {image.digest: image for image in self._target.images_by_digest(repository, source.closure.heads)}
        except NotFound as error:
            if error.kind is not ErrorKind.REPOSITORY_NOT_FOUND:
                raise
            if not self._create_repository:
                raise _without_repository(error, repository) from error
            return {}, True
        manifests = source.closure.manifests
        absent = [head for head in source.closure.heads if not _usable(found.get(head))]
        children = [
            manifest.digest for manifest in closure.in_order(absent, manifests) if manifest.digest not in absent
        ]
        if children:
            found |= {image.digest: image for image in self._target.images_by_digest(repository, children)}
        return found, False

    def _copy(
        self,
        repository: str,
        source: Source,
        images: Mapping[str, Image],
        creates: bool,
        external: frozenset[str],
    ) -> RepositoryCopy:
        there = _complete((digest for digest, image in images.items() if _usable(image)), source)
        missing = tuple(member for member in source.closure.members if member.digest not in there)
        blobs = [blob for blob in closure.unique_blobs(missing) if blob.digest not in external]
        states: Mapping[str, LayerState] = {}
        if blobs and not creates:
            states = self._target.layers(repository, [blob.digest for blob in blobs])
        present = {digest for digest, state in states.items() if state.available}
        to_copy = [blob for blob in blobs if blob.digest not in present]
        return RepositoryCopy(
            repository,
            creates,
            missing,
            there,
            tuple(self._with_sizes(source, to_copy)),
            tuple(blob for blob in blobs if blob.digest in present),
        )

    def _with_sizes(self, source: Source, blobs: Sequence[Blob]) -> Iterable[Blob]:
        """Return the blobs with their sizes. Manifests of Docker schema 1 do not state them, but the source does."""
        unknown = [blob.digest for blob in blobs if blob.size < 0]
        states = self._source.layers(source.repository, unknown) if unknown else {}
        for blob in blobs:
            size = states[blob.digest].size if blob.digest in states else blob.size
            yield blob if size is None or size < 0 else replace(blob, size=size)

    def _external_blobs(self, source: Source) -> frozenset[str]:
        """Return the blobs with a URL of their own that the source does not have: they cannot be copied."""
        candidates = [blob.digest for blob in closure.unique_blobs(source.closure.members) if blob.external]
        states = self._source.layers(source.repository, candidates) if candidates else {}
        return frozenset(digest for digest, state in states.items() if state.availability == layer.UNAVAILABLE)

    def _context(self, repository: str, *, exists: bool) -> RepositoryContext:
        """Return the mutability and the lifecycle policy of a repository, as far as they may be read."""
        if not exists:
            return RepositoryContext(Repository(repository, ""), "", exists=False)
        try:
            return self._engine.repository_context(repository)
        except AccessDenied as error:
            unknown = "it is not known whether the tags are immutable and which lifecycle rules apply"
            problem = f"{unknown}: {error.with_hint()}"
            return RepositoryContext(Repository(repository, ""), "", problem)

    def _tag_plan(
        self, changes: Sequence[Step | TagChange], source: Source, contexts: Mapping[str, RepositoryContext]
    ) -> Plan:
        """Return the plan of the tags. The steps of tags that are right are known without asking again."""
        manifests = source.closure.manifests
        provided = [manifests[digest] for digest in _written(changes)]
        plan = self._engine.plan(
            [change for change in changes if isinstance(change, TagChange)],
            kind=KIND,
            contexts=contexts,
            thorough=True,
            provided_manifests=tuple(provided),
        )
        planned = iter(plan.steps)
        steps = tuple(change if isinstance(change, Step) else next(planned) for change in changes)
        return replace(plan, steps=steps, warnings=(*plan.warnings, *source.warnings))

    def _read_only(self, promotion: Promotion) -> Promotion:
        """Refuse a promotion that only copies: the plan of its tags, which are right, does not."""
        if self._engine.read_only and promotion.has_work and not promotion.plan.write_steps:
            return promotion.refuse(READ_ONLY)
        return promotion


def _left_out(source: Source, external: frozenset[str]) -> str:
    names = format_names([short_digest(digest) for digest in sorted(external)])
    return f"not copied, because {source.repository} does not have them: layers with a URL of their own ({names})"


def _without_repository(error: NotFound, repository: str) -> NotFound:
    """Return the error for a repository of the target that does not exist, with the option that creates it."""
    has_host = "." in repository.partition("/")[0]
    other = f"The target is in ECR: ecrtui takes {repository} as the name of a repository there. " if has_host else ""
    check = "Check the name, the region and the account of the target."
    return NotFound(
        error.title,
        error.detail,
        f"{other}{check} To create the repository: --create-repository.",
        kind=error.kind,
        code=error.code,
        operation=error.operation,
        request_id=error.request_id,
    )


def _check_repositories(source: Source, targets: Iterable[TagTarget]) -> None:
    for target in targets:
        if target.repository == source.repository:
            raise UsageError(
                "The target is in the repository of the source",
                f"{target.repository}:{target.tag} needs no copy.",
                f"Add the tag with: ecrtui retag {source} {target.tag}"
                if target.tag != source.tag
                else "It is the source. Name another repository.",
            )


def _change(
    repository: str, tag: str, digest: str, expect: str | None, images: Mapping[str, Image]
) -> Step | TagChange:
    """Return the change of a tag, or its finished step if it is right."""
    image = images.get(digest)
    if image is None or not _usable(image) or tag not in image.tags:
        return TagChange(repository, tag, digest, expect)
    return Step(
        repository,
        tag,
        StepAction.ALREADY,
        before=digest,
        after=digest,
        media_type=image.media_type,
        reason="already points to this image",
    )


def _written(changes: Iterable[Step | TagChange]) -> list[str]:
    """Return the digests that changes give a tag, each once."""
    changed = [change for change in changes if isinstance(change, TagChange)]
    return list(dict.fromkeys(change.digest for change in changed))


def _usable(image: Image | None) -> bool:
    """Return True if a repository has the image, and not in the archive: to put it again restores it."""
    return image is not None and not image.archived


def _complete(digests: Iterable[str], source: Source) -> frozenset[str]:
    """Return these digests and those of their children."""
    manifests = source.closure.manifests
    return frozenset(manifest.digest for manifest in closure.in_order(digests, manifests))


def _without_refused(promotion: Promotion) -> Promotion:
    """Return the promotion without what only refused tags need.

    Without a tag, the image is not copied, and its signatures are not either.
    """
    allowed = {copy.repository for copy in promotion.allowed_copies}
    steps = tuple(
        replace(step, action=StepAction.REFUSED, reason=_NOT_COPIED)
        if step.writes and step.repository not in allowed
        else step
        for step in promotion.plan.steps
    )
    refused = {(step.repository, step.after) for step in steps if step.action is StepAction.REFUSED}
    cosign = set(promotion.source.closure.cosign.values())
    copies = (_narrowed(copy, _without_left_out(copy, cosign, refused)) for copy in promotion.copies)
    return replace(promotion, plan=replace(promotion.plan, steps=steps), copies=tuple(copies))


def _narrowed(copy: RepositoryCopy, missing: Sequence[Member]) -> RepositoryCopy:
    """Return the copy of these members only."""
    if len(missing) == len(copy.missing):
        return copy
    named = {blob.digest for blob in closure.unique_blobs(missing)}
    return replace(
        copy,
        missing=tuple(missing),
        blobs=tuple(blob for blob in copy.blobs if blob.digest in named),
        blobs_there=tuple(blob for blob in copy.blobs_there if blob.digest in named),
    )


def _without_left_out(copy: RepositoryCopy, cosign: set[str], refused: set[tuple[str, str]]) -> Sequence[Member]:
    """Return the missing members without the images of cosign whose tag stays where it is, and their referrers."""
    kept: list[Member] = []
    left_out: set[str] = set()
    for member in copy.missing:  # a subject is before its referrers
        by_tag = member.kind is MemberKind.COSIGN and member.digest in cosign
        if (by_tag and (copy.repository, member.digest) in refused) or (
            member.kind is MemberKind.REFERRER and member.subject in left_out
        ):
            left_out.add(member.digest)
        else:
            kept.append(member)
    return kept
