"""The pane with the most important facts of an image. Each section loads and fails on its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from textual import events
from textual.widget import Widget
from textual.worker import WorkType

from ecrtui.catalog.read_ahead import may_read_ahead
from ecrtui.ecr.cosign_tags import cosign_tags
from ecrtui.ecr.findings import ScanReport, ended_without_findings
from ecrtui.ecr.image import Image, ImageKind, is_image_config
from ecrtui.ecr.image_config import config_of_schema1
from ecrtui.ecr.lifecycle_document import parse_policy
from ecrtui.ecr.manifest import Descriptor, DescriptorRole, ParsedManifest, parse_manifest
from ecrtui.ecr.replication import Destination
from ecrtui.ecr.signing import ImageSigning
from ecrtui.errors import AccessDenied, EcrTuiError, ErrorKind, IntegrityError, NotFound
from ecrtui.inspect.artifacts import (
    Artifact,
    ArtifactOrigin,
    attestation_artifact,
    own_contents,
    referrer_artifact,
    with_manifest,
    with_statements,
)
from ecrtui.inspect.findings import worst_first
from ecrtui.inspect.overview import NotRead, TagOrigin, all_replicas, artifact_lines, lifecycle_verdict, tag_origins
from ecrtui.inspect.platform_facts import config_facts
from ecrtui.inspect.release_sharing import ReleaseSharing, layers_shared_with, previous_release
from ecrtui.retag.planner import WritePolicy
from ecrtui.session import Session
from ecrtui.tui import blocking, messages
from ecrtui.tui.bindings import key_hint
from ecrtui.tui.clipboard.copy_items import CopyItem, copy_words
from ecrtui.tui.details import NOT_SUPPORTED
from ecrtui.tui.inspector.artifacts_pane import artifacts_read, has_read_tree, read_tree
from ecrtui.tui.inspector.fact_lines import error_with_remedy
from ecrtui.tui.inspector.inspected import Inspected, Known, PlatformImage, tags_by_digest
from ecrtui.tui.inspector.linked_text import LinkedText
from ecrtui.tui.inspector.overview_data import OverviewData
from ecrtui.tui.inspector.overview_text import overview
from ecrtui.tui.inspector.text_pane import TextPane
from ecrtui.tui.lists.part_loading import MAX_READ_AHEAD
from ecrtui.tui.manifest.facts import kind_of
from ecrtui.tui.text_document import TextDocument
from ecrtui.tui.textual_fixes.worker_description import LARGE_ARGUMENTS
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.message_panel import MessagePanel, PanelMessage

WORST = 2
"""Findings that the overview names."""

MAX_CONFIGS = 50
"""Configs that are read unasked: each takes two requests. Most images have one or two platforms."""

MAX_CONFIG_SIZE = 1_000_000
"""Bytes of a config that is read unasked. Most have a few thousand."""


class OverviewPane(TextPane[TextDocument]):
    """Tags, platforms, artifacts, findings, lifecycle and the origin of the tags."""

    ID = "overview"
    PER_PLATFORM = False

    def __init__(self, inspected: Inspected) -> None:
        super().__init__(inspected)
        self.data = OverviewData(inspected)
        self._read_for: dict[str, object] = {}
        """What each section was read for: it is read again for another image, manifest or index.

        The names of the sections are those of :class:`OverviewData`.
        """
        self._reads_tree = False
        """Whether all artifacts are read again after a refresh: the user has asked for them before."""

    def content(self) -> Iterable[Widget]:
        yield FilterBar("find in the overview")
        yield LinkedText()

    @property
    def view(self) -> LinkedText:
        return self.query_one(LinkedText)

    @property
    def awaits_content(self) -> bool:
        return self.is_shown and not self.inspected.is_read

    def update(self) -> None:
        """Show what is known now, and start to read the sections that are not."""
        inspected = self.inspected
        image = inspected.known_image
        if not self.is_shown or image is None:
            return
        session = inspected.session
        if isinstance(image, Image):
            protects = WritePolicy(session.settings.protected_tags).protects
            protected = frozenset(tag for tag in image.tags if protects(tag))
            self.data = replace(self.data, protected=protected)
            unscanned = replace(image, scan_status="", findings=None)  # a scan changes neither section
            self._once("origins", unscanned, self._read_origins)
            self._once("lifecycle", (unscanned, inspected.indexes), self._read_lifecycle)
            self._once("signings", image.digest, self._read_signings)
            self._once("replicas", image.digest, self._read_replicas)
            if inspected.known_manifest is not None:
                about = (image.digest, inspected.known_manifest, artifacts_read(inspected), inspected.indexes)
                self._once("artifacts", about, self._read_artifacts)
        platform = inspected.platform
        if platform is not None and platform.image is not None and platform.image.findings:
            if platform.digest != self.data.findings_of:
                self.data = replace(self.data, findings=None, findings_of=platform.digest)
            self._once("findings", (platform.digest, platform.image.findings), self._read_findings)
        selected = () if platform is None else (platform,)
        failed = next(filter(_scan_failed, (*selected, *inspected.platforms)), None)
        if failed != self.data.failed:
            self.data = replace(self.data, failed=failed, scan_failure=None)
        if failed is not None:
            self._once("scan_failure", failed, self._read_scan_failure)
        if inspected.platforms and isinstance(inspected.known_manifest, ParsedManifest):
            self._once("structures", (inspected.known_manifest, inspected.read_manifests), self._read_structures)
        pull_times = session.registry.capabilities.pull_times
        self.data = replace(
            self.data,
            inspected=inspected,
            pull_times=pull_times,
            config_hint=key_hint(self, "inspector.config", "reads one"),
            content_hint=key_hint(self, "inspector.artifacts", "reads it"),
            lifecycle_hint=key_hint(self, "dry_run.lifecycle", "dry run"),
            undo_hint=key_hint(self, "undo.undo", "undo"),
        )
        panel = self.query_one(MessagePanel)
        panel.message = PanelMessage.from_error(image) if isinstance(image, EcrTuiError) else None
        self._draw()

    def forget(self) -> None:
        if isinstance(self.inspected.known_image, Image):
            self._reads_tree = self._reads_tree or has_read_tree(self.inspected)
        self._read_for.clear()

    def list_loaded(self) -> None:
        for section in ("origins", "lifecycle", "structures"):
            self._read_for.pop(section, None)
        self.update()

    def retry(self) -> None:
        self.forget()
        self.update()

    def _once(self, section: str, about: object, read: Callable[[Inspected], Coroutine[Any, Any, None]]) -> None:
        if self._read_for.get(section) != about:
            self._read_for[section] = about
            # The next update can replace the read before it starts, so that only its start creates the coroutine.
            work: WorkType[None] = partial(read, self.inspected)
            self.run_worker(work, group=section, description=LARGE_ARGUMENTS, exclusive=True, exit_on_error=False)

    def show_failure(self, group: str, error: EcrTuiError) -> None:
        if group == "structures":  # the counts that need them stay unknown
            super().show_failure(group, error)
        else:
            self._change(**{group: error})

    def _change(self, **sections: object) -> None:
        self.data = replace(self.data, **sections)  # type: ignore[arg-type]  # the callers name its members
        self._draw()

    def _draw(self) -> None:
        view = self.view
        view.change(*overview(self.data, view.room, time.time()))
        self.keep_search()
        self.set_badge("")

    def on_resize(self, event: events.Resize) -> None:
        if self.inspected.known_image is not None:
            self.call_after_refresh(self._draw)

    # The sections

    async def _read_artifacts(self, inspected: Inspected) -> None:
        """Show the artifacts: the whole tree if a pane has read it, also before a refresh; else what costs no pull."""
        image, manifest = inspected.image, inspected.known_manifest
        artifacts = await blocking.run_blocking(_own_signatures, image, manifest)
        if self._reads_tree or has_read_tree(inspected):
            tree = await read_tree(inspected)
            artifacts += [
                with_statements(artifact, inspected.statements)
                for artifact, _ in tree.all_artifacts()
                if artifact.origin is not ArtifactOrigin.OWN
            ]
            not_read = [_not_read(problem.part, problem.error) for problem in tree.problems]
            not_read += map(NotRead, tree.notes)
            self._change(artifacts=artifact_lines(artifacts, self._nothing(inspected), not_read))
            return
        not_read = []
        try:
            artifacts += map(referrer_artifact, await inspected.referrers_of(image.digest))
        except EcrTuiError as error:
            not_read.append(_not_read("referrers", error))
        try:
            tagged = await self._cosign_images(inspected, image)
            artifacts += [_tagged_artifact(one) for one in tagged if one.kind is not ImageKind.INDEX]
            if any(one.kind is ImageKind.INDEX for one in tagged):
                not_read.append(NotRead("the index with its referrers tag was not read"))
        except EcrTuiError as error:
            not_read.append(_not_read("tags of cosign", error))
        if isinstance(manifest, EcrTuiError):
            not_read.append(_not_read("manifest", manifest))
        elif manifest is not None:
            artifacts += await blocking.run_blocking(_attestations, inspected, manifest)
        nothing = self._nothing(inspected)
        if inspected.is_index and (inspected.platforms or isinstance(manifest, EcrTuiError)):
            ask = key_hint(self, "inspector.artifacts", "asks them")
            nothing = " · ".join(filter(None, ("none on the index; its platforms were not asked", ask)))
        read = key_hint(self, "inspector.artifacts", "reads them")
        self._change(artifacts=artifact_lines(artifacts, nothing, not_read, read))

    def _nothing(self, inspected: Inspected) -> str:
        """Return the text for a kind of artifacts that was looked for and not found on the image."""
        if inspected.indexes:  # people sign an index, and its attestations can be about the platform
            opens = key_hint(self, "inspector.up", "opens it")
            return "none of its own; its index was not asked" + (f" ({opens})" if opens else "")
        return "none on the image itself; its index is not known" if inspected.may_be_part else "none"

    async def _cosign_images(self, inspected: Inspected, image: Image) -> Sequence[Image]:
        """Return the images with tags that cosign makes from the digest, once each."""
        registry, tags = inspected.session.registry, cosign_tags([image.digest])
        found = await inspected.reads.once("cosign tags", registry.images_by_tag, inspected.repository_name, tags)
        return tuple({tagged.digest: tagged for tagged in found.values()}.values())

    async def _read_signings(self, inspected: Inspected) -> None:
        """Show whether ECR has signed the image. Few registries use that: without the permission, nothing is shown."""
        registry, signings = inspected.session.registry, tuple[ImageSigning, ...]()
        if registry.capabilities.managed_signing:
            with suppress(AccessDenied):
                signings = await blocking.run_blocking(registry.signings, inspected.repository_name, inspected.digest)
        self._change(signings=signings)

    async def _read_replicas(self, inspected: Inspected) -> None:
        """Show where the image was replicated, if rules of the registry replicate the repository."""
        registry, name = inspected.session.registry, inspected.repository_name
        destinations: Sequence[Destination] = ()
        if registry.capabilities.replication:
            with suppress(EcrTuiError):  # without the rules it is not known whether there is anything to ask for
                destinations = (await blocking.run_blocking(registry.replication)).destinations(name)
        replicas = await blocking.run_blocking(registry.replicas, name, inspected.digest) if destinations else ()
        self._change(replicas=all_replicas(destinations, replicas))

    async def _read_lifecycle(self, inspected: Inspected) -> None:
        image, registry = inspected.image, inspected.session.registry
        in_index = True if inspected.indexes else None
        try:
            registry.capabilities.require("lifecycle_policy")
            text = await inspected.reads.once("lifecycle", registry.lifecycle_policy, inspected.repository_name)
        except EcrTuiError as error:
            self._change(lifecycle=error)
            return
        images = inspected.listed_images()
        policy = await blocking.run_blocking(parse_policy, text)
        verdict = await blocking.run_blocking(lifecycle_verdict, policy, image, images, in_index, time.time())
        self._change(lifecycle=verdict)

    async def _read_findings(self, inspected: Inspected) -> None:
        """Read the findings of the selected platform, which has some."""
        try:
            findings = await worst_findings(inspected)
        except EcrTuiError as error:
            self._change(findings=error)
            return
        self._change(findings=findings)

    async def _read_scan_failure(self, inspected: Inspected) -> None:
        """Read why the scan of a platform ended without findings: its error says it."""
        if self.data.failed is None:
            return
        try:
            await read_findings(inspected, self.data.failed.digest)
        except EcrTuiError as error:
            self._change(scan_failure=error)

    async def _read_origins(self, inspected: Inspected) -> None:
        session, repository, image = inspected.session, inspected.repository_name, inspected.image
        try:
            origins = await blocking.run_blocking(_origins, session, repository, image)
        except EcrTuiError as error:
            self._change(origins=error)
            return
        tags = await blocking.run_blocking(tags_by_digest, session, inspected.listed_images() or ())
        self._change(origins=origins, tags_by_digest=tags)

    async def _read_structures(self, inspected: Inspected) -> None:
        """Show what the kept manifests say, then what the configs say that they name."""
        if inspected.is_index:
            digests = [entry.digest for entry in inspected.platforms]
            read = partial(_structures, inspected.session, inspected.repository_name, digests)
            structures = await blocking.run_blocking(read)
        else:
            structures = {inspected.digest: inspected.manifest}
        self._change(structures=structures)
        listed = inspected.listed_images() or ()
        sharing = await blocking.run_blocking(_shared_with_previous, inspected, structures, listed)
        self._change(sharing=sharing)
        try:
            await self._read_configs(inspected, structures)
        except EcrTuiError as error:
            self._change(config_error=error)

    async def _read_configs(self, inspected: Inspected, structures: Mapping[str, ParsedManifest]) -> None:
        """Read the configs that these manifests name. ECR records no pull of a config. Raises EcrTuiError."""
        self._change(config_error=None)
        for digest, structure in islice(structures.items(), MAX_CONFIGS):
            if digest in self.data.configs:
                continue
            try:
                if structure.schema_version == 1:
                    config = config_of_schema1((await inspected.manifest_of(digest)).manifest.text)
                elif structure.config is not None and _is_small_image_config(structure.config):
                    config = await inspected.config_of(structure.config)
                else:
                    continue
            except (NotFound, IntegrityError) as error:  # of this platform alone
                self._change(config_error=error)
                continue
            self._change(configs={**self.data.configs, digest: config_facts(config)})

    # Links

    def on_linked_text_opened(self, message: LinkedText.Opened) -> None:
        link = message.link
        if link.pane:
            self.post_message(messages.ShowPane(link.pane, link.digest, link.tag))
        else:
            repository = self.inspected.repository_name
            self.post_message(messages.OpenImage(self.inspected.source, repository, link.digest, parent=link.parent))

    def copy_items(self) -> tuple[CopyItem, ...]:
        link = self.view.link
        if link is None or not link.parent:
            return ()
        uri = f"{self.inspected.repository.uri}@{link.digest}"
        return copy_words(("platform digest", link.digest), ("platform URI", uri))


async def worst_findings(inspected: Inspected) -> ScanReport:
    """Return the last scan of the selected platform with its worst findings alone. Raises EcrTuiError."""
    report = await read_findings(inspected, inspected.require_platform().digest)
    return replace(report, findings=tuple(worst_first(report.findings)[:WORST]))


async def read_findings(inspected: Inspected, digest: str) -> ScanReport:
    """Return the last scan of a platform, which several panes show. Raises EcrTuiError."""
    findings = inspected.session.registry.findings
    return await inspected.reads.once(("findings", digest), findings, inspected.repository_name, digest)


def _scan_failed(platform: PlatformImage) -> bool:
    image = platform.image
    return image is not None and image.findings is None and ended_without_findings(image.scan_status)


def _not_read(part: str, error: EcrTuiError) -> NotRead:
    if error.kind is ErrorKind.UNSUPPORTED:
        return NotRead(f"{part} {NOT_SUPPORTED}")
    return NotRead(f"{part} not known", error_with_remedy(error))


def _tagged_artifact(image: Image) -> Artifact:
    return Artifact(image.digest, image.kind, ArtifactOrigin.TAG, "cosign tag")


def _own_signatures(image: Image, manifest: Known[ParsedManifest]) -> list[Artifact]:
    """Return the signatures that are contents of the image itself, such as that of a chart."""
    if not isinstance(manifest, ParsedManifest):
        return []
    kind = kind_of(image, manifest)
    own = own_contents(image.digest, manifest, kind)
    return [artifact for artifact in own if artifact.is_signature and artifact.kind is not kind]


def _attestations(inspected: Inspected, manifest: ParsedManifest) -> Sequence[Artifact]:
    """Return the attestations in an index, with the contents of those whose manifest is kept. Sends no request."""
    digests = [entry.digest for entry in manifest.with_role(DescriptorRole.MANIFEST) if entry.is_attestation]
    catalog = inspected.session.catalog
    kept = {known.digest: known for known in catalog.kept_manifests(inspected.repository_name, digests)}
    unread = {digest: attestation_artifact(digest) for digest in digests}
    return [
        with_manifest(artifact, kept[digest]) if digest in kept else artifact for digest, artifact in unread.items()
    ]


def _origins(session: Session, repository: str, image: Image) -> Sequence[TagOrigin]:
    return tag_origins(image, session.engine.history.search(repository, tags=image.tags))


def _is_small_image_config(config: Descriptor) -> bool:
    return is_image_config(config.media_type) and config.size <= MAX_CONFIG_SIZE


def _shared_with_previous(
    inspected: Inspected, structures: Mapping[str, ParsedManifest], images: Sequence[Image]
) -> ReleaseSharing | None:
    """Return what the image shares with the release before, if manifests of both are kept. Sends no request."""
    image = inspected.known_image
    earlier = previous_release(image, images) if isinstance(image, Image) else None
    if earlier is None:
        return None

    def kept(*digests: str) -> Mapping[str, ParsedManifest]:
        found = inspected.session.catalog.kept_manifests(inspected.repository_name, digests)
        return {manifest.digest: parse_manifest(manifest.text) for manifest in found}

    own = {entry.name: structures.get(entry.digest) for entry in inspected.platforms}
    manifest = kept(earlier.image.digest).get(earlier.image.digest)
    if manifest is None:
        return None
    others = {"": manifest}
    if inspected.is_index:
        names = manifest.platform_names
        others = {names[digest]: part for digest, part in kept(*names).items()}
    return layers_shared_with(earlier.tag, own, others)


def _structures(session: Session, repository: str, digests: Sequence[str]) -> Mapping[str, ParsedManifest]:
    """Return the kept manifests of the platforms; read the others too, where ECR records no pull."""
    manifests = session.catalog.kept_manifests(repository, digests)
    missing = len(digests) - len(manifests)
    if 0 < missing <= MAX_READ_AHEAD and may_read_ahead(session.registry, session.settings.prefetch, repository):
        with suppress(EcrTuiError):  # the overview says which layers are not known
            manifests = session.catalog.prefetch(repository, digests)
    return {manifest.digest: parse_manifest(manifest.text) for manifest in manifests}
