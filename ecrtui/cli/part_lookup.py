"""Which images belong together, as ``ecrtui images`` needs to know: it is read, or the command says what is missing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.catalog.index_parts import KnownParts, find_parts
from ecrtui.cli.console import ProgressLine, print_message
from ecrtui.cli.scan_lookup import with_title
from ecrtui.ecr.image import Image
from ecrtui.ecr.units import format_count, format_number
from ecrtui.errors import EcrTuiError

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog


class PartLookup:
    """Finds out which images of a repository belong together.

    Args:
        catalog: reads the manifests of the indexes.
        repository: the repository.
        groups: receives what is found.
        read: read the manifests of the indexes. ECR records a pull of each.
    """

    def __init__(self, catalog: Catalog, repository: str, groups: ImageGroups, *, read: bool) -> None:
        self._catalog = catalog
        self._repository = repository
        self._groups = groups
        self._read = read

    def look_up(self, images: Sequence[Image], *, listed: bool) -> None:
        """Find the parts. Show progress on standard error.

        Args:
            images: the images of the repository.
            listed: False if a row of the listing could not be read. It can be an index.

        Raises:
            EcrTuiError: a manifest could not be read.
        """
        self._groups.find = {image.digest: image for image in images}.get
        self._groups.add(images)
        with ProgressLine(shown=not sys.stdout.isatty()) as progress:
            try:
                for known in find_parts(self._catalog, self._repository, images, read=self._read):
                    self._groups.known = known if listed else known._replace(listed=False)
                    progress.update(f"{format_number(len(known.unread))} indexes to read")
            except EcrTuiError as error:
                raise with_title(error, "Could not read the indexes") from None

    def report(self, undecided: Sequence[Image]) -> None:
        """Print about how many images a filter cannot decide, and what helps, on standard error."""
        known = self._groups.known
        if undecided and not known.complete:
            print_message(
                f"{format_count(len(undecided), 'image')} may be in use as a part of an index. {self._hint(known)}"
            )
        elif undecided:
            print_message(
                f"The platform of {format_count(len(undecided), 'image')} is not known: it is in no index, and ecrtui "
                "does not read configs here."
            )

    def _hint(self, known: KnownParts) -> str:
        count = format_count(len(known.unread), "index", "indexes")
        if not self._read:
            return f"Add --read-indexes to read {count}; ECR records a pull of each."
        return f"{count} could not be read: archived, or not a manifest."
