"""Read two images for a comparison, part by part. A part that cannot be read does not stop the others.

All functions block. To compare is to ask: the manifests are read, which ECR records as pulls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from ecrtui.catalog import image_lookup
from ecrtui.catalog.catalog import Catalog
from ecrtui.ecr import image_config
from ecrtui.ecr.findings import FindingCounts, severity_numbers, worst_of
from ecrtui.ecr.manifest import Manifest, parse_manifest
from ecrtui.ecr.reference import Reference
from ecrtui.errors import EcrTuiError
from ecrtui.inspect.artifact_reading import ArtifactReader
from ecrtui.inspect.artifacts import ArtifactTree
from ecrtui.inspect.comparison.attachments import read_contents, read_packages, read_sources
from ecrtui.inspect.comparison.compared_image import ComparedImage, ConfigBlob
from ecrtui.inspect.comparison.platforms import IndexPlatform, PlatformPair
from ecrtui.inspect.comparison.rows import Known, NotKnown, is_pending, not_known
from ecrtui.inspect.findings import FindingRow, ScanTarget, join_findings, read_scan
from ecrtui.registry.protocol import Registry

Value = TypeVar("Value")


def find_compared_image(
    catalog: Catalog,
    registry: Registry,
    reference: Reference,
    order_tags: Callable[[tuple[str, ...]], tuple[str, ...]],
) -> ComparedImage:
    """Return the image of a reference with a tag, a digest, or the beginning of a digest.

    Args:
        catalog: has the lists.
        registry: the registry.
        reference: the reference.
        order_tags: returns the tags of an image in the order in which they are shown.

    Raises:
        NotFound: there is no such image.
        UsageError: several images have a digest with this beginning.
        EcrTuiError: it could not be looked up.
    """
    found = image_lookup.find_image_by_short_digest(catalog, registry, reference)
    found = replace(found, tags=order_tags(found.tags))
    return ComparedImage(reference.repository, found, tag=reference.tag if reference.tag in found.tags else "")


PARTS = ("part", "config", "findings", "artifacts", "packages", "sources", "contents")
"""What is read of an image after its manifest, as members of :class:`ComparedImage`, in this order."""


class ImageReader:
    """Reads the parts of one image.

    Args:
        catalog: reads manifests, and keeps them.
        registry: reads everything else.
        repository: the name of the repository.
    """

    def __init__(self, catalog: Catalog, registry: Registry, repository: str) -> None:
        self._catalog = catalog
        self._registry = registry
        self._repository = repository
        self._artifacts = ArtifactReader(catalog, registry, repository)

    def manifest(self, digest: str) -> Known[Manifest]:
        """Return a manifest (BatchGetImage, unless it is kept)."""
        return known(lambda: self._catalog.manifest(self._repository, digest))

    def config(self, manifest: Known[Manifest | None]) -> Known[ConfigBlob | None]:
        """Return the config that a manifest names (GetDownloadUrlForLayer); None if it names none."""
        if isinstance(manifest, NotKnown) or manifest is None:
            return manifest
        parsed = parse_manifest(manifest.text)
        if parsed.schema_version == 1:
            return ConfigBlob(None, image_config.config_of_schema1(manifest.text))
        descriptor = parsed.config
        if descriptor is None:
            return None
        content = known(lambda: self._registry.blob(self._repository, descriptor.digest, image_config.MAX_SIZE))
        if isinstance(content, NotKnown):
            return content
        return ConfigBlob(descriptor, image_config.parse_config(content), content)

    def part(self, image: ComparedImage, chosen: IndexPlatform | None) -> Known[Manifest | None]:
        """Return the manifest to compare: that of a platform of an index, or that of the image itself."""
        if not image.is_index or isinstance(image.manifest, NotKnown):
            return image.manifest
        return None if chosen is None else self.manifest(chosen.digest)

    def findings(self, part: Known[Manifest | None]) -> Known[tuple[FindingRow, ...]]:
        """Return the findings of a manifest (DescribeImageScanFindings)."""
        if isinstance(part, NotKnown):
            return part
        if part is None:
            return NO_PART
        scan = read_scan(self._registry, self._repository, ScanTarget(part.digest))
        return join_findings([scan]) if scan.error is None else not_known(scan.error)

    def known_findings(self, digests: Iterable[str]) -> Mapping[str, FindingCounts]:
        """Return the findings of those images whose scans were read before. This sends no request."""
        scans = self._catalog.known_scans.find(self._repository, list(digests))
        return {digest: scan.counts for digest, scan in scans.items() if scan.counts is not None}

    def _of_tree(self, image: ComparedImage, read: Callable[[ArtifactTree, str], Known[Value]]) -> Known[Value]:
        """Return what a function reads of the artifacts of an image, which it gets with the digest of the part."""
        tree = image.artifacts
        return tree if isinstance(tree, NotKnown) else known(lambda: read(tree, image.part_digest))

    def read(self, name: str, image: ComparedImage, chosen: IndexPlatform | None) -> Any:
        """Return one part of an image, or why it is not known.

        Args:
            name: one of :data:`PARTS`. Those before it were read.
            image: the image, with its manifest.
            chosen: the platform to compare, of an index.
        """
        if name == "part":
            return self.part(image, chosen)
        readers: dict[str, Callable[[], Any]] = {
            "config": lambda: self.config(image.part),
            "findings": lambda: self.findings(image.part),
            "artifacts": lambda: known(lambda: self._artifacts.tree(image.image.digest, image.image.tags)),
            "packages": lambda: _of_part(image, self._of_tree(image, partial(read_packages, self._artifacts))),
            "sources": lambda: _of_part(image, self._of_tree(image, partial(read_sources, self._artifacts))),
            "contents": lambda: self._of_tree(image, lambda tree, _: read_contents(self._artifacts, tree)),
        }
        return readers[name]()

    def compared_part(self, image: ComparedImage, chosen: IndexPlatform | None) -> ComparedImage:
        """Return the image with everything of one platform."""
        for name in PARTS:
            if is_pending(getattr(image, name)):
                image = replace(image, **{name: self.read(name, image, chosen)})
        return image


def read_pair(readers: Sequence[ImageReader], images: Sequence[ComparedImage]) -> Sequence[ComparedImage]:
    """Return two images with their manifests, and with what the choice of a platform needs."""
    a, b = (
        replace(image, manifest=reader.manifest(image.image.digest))
        for reader, image in zip(readers, images, strict=True)
    )
    if a.is_index is b.is_index:
        return a, b
    return tuple(
        image if image.is_index else replace(image, config=reader.config(image.manifest))
        for reader, image in zip(readers, (a, b), strict=True)
    )


def pair_to_start_with(readers: Sequence[ImageReader], pairs: Sequence[PlatformPair]) -> PlatformPair | None:
    """Return the platform with the worst findings in either image, as far as they are known. This sends no request.

    A platform that is the same in both images has nothing to show, so one that differs comes first.

    Args:
        readers: those of image A and image B.
        pairs: the platforms that both images have.
    """
    pairs = [pair for pair in pairs if pair.differs] or pairs
    known: dict[str, FindingCounts] = {}
    for number, reader in enumerate(readers):
        known |= reader.known_findings(entry.digest for pair in pairs if (entry := pair[number]) is not None)

    def counts_of(pair: PlatformPair) -> FindingCounts:
        return max((known.get(entry.digest, ()) for entry in pair if entry is not None), key=severity_numbers)

    return worst_of(pairs, counts_of)


NO_PART = NotKnown("there is no platform to compare")


def _of_part(image: ComparedImage, found: Known[Value]) -> Known[Value]:
    """Return what was found for the part that is compared. Without a part, nothing found says nothing."""
    return NO_PART if not found and image.part is None else found


def known(read: Callable[[], Known[Value]]) -> Known[Value]:
    """Return what a function reads, or why it could not."""
    try:
        return read()
    except EcrTuiError as error:
        return not_known(error)
