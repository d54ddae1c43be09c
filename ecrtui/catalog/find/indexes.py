"""Find the indexes that name images without tags, as far as manifests say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ecrtui.catalog.find.requests import FindRequests
from ecrtui.catalog.find.result import PartOf
from ecrtui.catalog.index_parts import KnownParts, find_parts, parts_of_indexes
from ecrtui.errors import EcrTuiError, NotFound

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog


class NamingIndexes(NamedTuple):
    """The indexes of a repository that name some images.

    Args:
        parts: the index of an image, by the digest of the image.
        are_all: True if all indexes of the repository were read.
        error: why they, or their tags, could not be read.
    """

    parts: Mapping[str, PartOf]
    are_all: bool = False
    error: EcrTuiError | None = None


class IndexLookup:
    """Finds the indexes of images. Thread-safe.

    Args:
        catalog: has the manifests that were read before.
        requests: sends the requests.
        may_read: returns True for a repository whose indexes may be read. It can block.
    """

    def __init__(self, catalog: Catalog, requests: FindRequests, may_read: Callable[[str], bool]) -> None:
        self._catalog = catalog
        self._requests = requests
        self._may_read = may_read

    def find(self, repository: str, digests: Collection[str]) -> NamingIndexes:
        """Return the indexes that name these images, as far as manifests say."""
        if not digests:
            return NamingIndexes({})
        known = parts_of_indexes(self._catalog.kept_indexes(repository))
        error: EcrTuiError | None = None
        try:
            if not known.indexes.keys() >= set(digests) and self._may_read(repository):
                known = self._read_parts(repository)
            indexes = _indexes_with(known, digests)
            images = self._requests.send(partial(self._requests.registry.images_by_digest, repository, indexes))
        except NotFound:
            raise
        except EcrTuiError as problem:
            error, images = problem, ()  # the hits are known all the same
        tags = {image.digest: image.tags for image in images}
        parts: dict[str, PartOf] = {}
        for digest in digests:
            # A kept index may have been deleted, which only an answer without error shows.
            for index in known.indexes.get(digest, ()):
                if error is not None or index in tags:
                    parts.setdefault(digest, PartOf(index, tags.get(index, ()), known.part(digest, index).name))
        return NamingIndexes(parts, known.complete, error)

    def _read_parts(self, repository: str) -> KnownParts:
        """Return the parts of the indexes of a repository. ECR records a pull of each index that is not kept."""
        images = [image for page in self._requests.image_pages(repository, "ANY") for image in page]

        def read() -> KnownParts:
            known = KnownParts()
            for step in find_parts(self._catalog, repository, images, read=True):
                known = step
                if self._requests.search_ended:
                    break
            return known

        return self._requests.send(read)


def _indexes_with(known: KnownParts, digests: Iterable[str]) -> Sequence[str]:
    """Return the indexes that name these images, each once."""
    return list(dict.fromkeys(index for digest in digests for index in known.indexes.get(digest, ())))
