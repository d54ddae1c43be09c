"""The rows of the screen that finds images in all repositories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from textual.content import Content

from ecrtui.catalog.filter.images import FIELDS as IMAGE_FIELDS
from ecrtui.catalog.filter.language import FilterSchema
from ecrtui.catalog.filter.text_lists import of_inner, text_schema
from ecrtui.catalog.find.document import RegistryHit
from ecrtui.catalog.find.result import FindAnswer, FoundBlob, Hit, PartOf
from ecrtui.catalog.image_groups import scan_rank
from ecrtui.ecr import units
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image import Image, ImageKind
from ecrtui.ecr.permissions import action_of
from ecrtui.errors import EcrTuiError, ErrorKind
from ecrtui.retag.planner import WritePolicy
from ecrtui.tui import safe_text as text
from ecrtui.tui.find.search import SearchedRegistry
from ecrtui.tui.lists.image_columns import findings_cell
from ecrtui.tui.lists.tag_cell import tag_cell
from ecrtui.tui.table.column_layout import Column


class FindRow(NamedTuple):
    """A hit, or why a repository could not be read.

    Args:
        registry: the registry that has it.
        repository: the name of the repository; empty for an error about all of them.
        hit: what was found; None for an error.
        error: why the repository, or the indexes of its hits, could not be read.
    """

    registry: SearchedRegistry
    repository: str
    hit: Hit | None = None
    error: EcrTuiError | None = None

    @property
    def key(self) -> str:
        """The connection, the repository and the digest of what was found."""
        return f"{self.group}@{self.hit.digest if self.hit else ''}"

    @property
    def group(self) -> str:
        """The connection and the repository."""
        return f"{self.registry.number}/{self.repository}"

    @property
    def digest(self) -> str:
        """The digest of the image; empty if there is none."""
        return self.hit.image.digest if self.hit and self.hit.image else ""

    @property
    def blob(self) -> FoundBlob | None:
        """The layer or the config."""
        return self.hit.blob if self.hit else None

    @property
    def shown_image(self) -> Image | None:
        """The image; of a layer or a config the first one that has it."""
        if self.blob is not None:
            return self.blob.images[0].image if self.blob.images else None
        return self.hit.image if self.hit else None

    @property
    def part_of(self) -> PartOf | None:
        """The index that the image is a part of."""
        if self.blob is not None:
            return self.blob.images[0].part_of if self.blob.images else None
        return self.hit.part_of if self.hit else None

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the image, or of the index that it is a part of."""
        if self.part_of is not None:
            return self.part_of.tags
        return self.shown_image.tags if self.shown_image else ()

    @property
    def manifests_known(self) -> bool:
        """False if a manifest that was not read can tell which image, or which index, has this."""
        if self.blob is not None:
            return 0 < self.blob.total <= self.blob.known
        image = self.hit.image if self.hit else None
        if self.hit is None or image is None or self.hit.in_no_index or self.hit.part_of:
            return True
        return bool(image.tags or image.subject) or image.kind is ImageKind.INDEX

    @property
    def platforms_known(self) -> bool:
        """False for an index whose manifest can tell which findings it has."""
        image = self.hit.image if self.hit else None
        return image is None or image.kind is not ImageKind.INDEX or image.scan_known

    @property
    def registry_hit(self) -> RegistryHit | None:
        """The hit, as documents have it."""
        return RegistryHit(self.registry.account, self.registry.region, self.hit) if self.hit else None


def _repository(row: FindRow) -> str | Content:
    name = row.repository or "all repositories"
    return text.content(f"! {name}", "$text-error") if row.error else name


def _repository_key(row: FindRow) -> tuple[bool, str]:
    return row.error is not None, row.repository


def _tags(row: FindRow) -> str | Content:
    """Return the tags; for a part, what it is in its index; for an error, what is missing."""
    if row.error is not None:
        return text.content(_reason(row.error), "$text-error")
    image = row.shown_image
    if image is None:
        return Content.styled(_UNKNOWN_IMAGES if row.blob else "does not have it", "dim italic")
    shown = _tag_cell(row.registry.protected_tags, row.tags)
    if part := row.part_of:
        names = shown if part.tags else text.content(short_digest(part.digest), "$digest")
        shown = Content.assemble(text.content(f"{part.part} of ", "dim"), names)
    elif not row.tags and row.blob:
        shown = text.content(short_digest(image.digest), "$digest")
    elif not row.tags:
        shown = Content.styled(
            "<untagged>" if row.manifests_known else "untagged, its index is not known", "dim italic"
        )
    if row.blob is not None:
        number = len(row.blob.images)  # before the tags, which may be cut
        count = f"{units.format_number(number)}: " if number > 1 else ""
        shown = Content.assemble(text.content(f"{row.blob.role} of {count}", "dim"), shown)
    if row.hit is not None and row.hit.age is not None:
        age = units.format_short_duration(row.hit.age)
        shown = Content.assemble(shown, text.content(f"  (listed {age} ago)", "dim"))
    return shown


_UNKNOWN_IMAGES = "layer or config, its images are not known"


@lru_cache(maxsize=512)
def _tag_cell(patterns: tuple[str, ...], tags: tuple[str, ...]) -> Content:
    cell = tag_cell(tags, WritePolicy(patterns).protects)
    return cell if isinstance(cell, Content) else text.content(cell, "$tag")


def _reason(error: EcrTuiError) -> str:
    if error.kind is ErrorKind.DENIED and error.operation:
        return f"not permitted: {action_of(error.operation)}"
    return str(error)


def _pushed(row: FindRow) -> float:
    return (row.shown_image.pushed_at if row.shown_image else None) or 0.0


def _kind(row: FindRow) -> str:
    if row.blob is not None:
        return row.blob.role
    return str(row.hit.image.kind) if row.hit and row.hit.image else ""


def _digest(row: FindRow) -> str:
    return row.hit.digest if row.hit else ""


ACCOUNT = Column[FindRow]("account", "account", lambda row: row.registry.account, lambda row: row.registry.account)
REGION = Column[FindRow]("region", "region", lambda row: row.registry.region, lambda row: row.registry.region)


def find_columns(unknown_scan: Callable[[FindRow], str]) -> Sequence[Column[FindRow]]:
    """Return the columns of the hits.

    Args:
        unknown_scan: returns the text in place of findings that are not known.
    """
    return (
        Column("repository", "repository", _repository, _repository_key, min_width=16, flex=2, matches=True),
        Column("digest", "digest", lambda row: short_digest(_digest(row)), _digest, min_width=12),
        Column("tags", "tags", _tags, lambda row: row.tags, min_width=16, flex=3, style="$tag"),
        Column("kind", "kind", _kind, _kind, drop_priority=2),
        Column(
            "pushed",
            "pushed",
            lambda row: units.format_age(row.shown_image.pushed_at) if row.shown_image else "",
            _pushed,
            align="right",
            min_width=units.MAX_AGE_WIDTH,
            drop_priority=1,
        ),
        Column(
            "findings",
            "findings",
            lambda row: findings_cell(row.hit.image, unknown_scan(row)) if row.hit and row.hit.image else "",
            lambda row: scan_rank(row.hit.image) if row.hit and row.hit.image else (),
            min_width=8,
            max_width=13,
            drop_priority=3,
        ),
    )


def _error_words(row: FindRow) -> Iterable[str]:
    return () if row.error is None else (_reason(row.error),)


HITS: FilterSchema[FindRow] = text_schema(
    {
        "account": lambda row: (row.registry.account,),
        "region": lambda row: (row.registry.region,),
        "repository": lambda row: (row.repository,),
        "tag": lambda row: row.tags,
        "kind": lambda row: (_kind(row),),
        "platform": lambda row: (row.part_of.part,) if row.part_of else (),
        "error": _error_words,
    },
    {"digest": lambda row: (_digest(row), row.part_of.digest if row.part_of else "")},
    {
        name: of_inner(IMAGE_FIELDS[name], lambda row: row.shown_image)
        for name in ("size", "pushed", "pulled", "tags", "type", "archived", "status")
    },
)
"""The fields of a filter on hits."""


class ShownAnswers:
    """The rows that each repository has on the screen."""

    def __init__(self) -> None:
        self._keys: dict[str, set[str]] = {}
        """The keys of the rows, by the group of the row."""

    def add(self, registry: SearchedRegistry, answers: Iterable[FindAnswer]) -> tuple[Iterable[FindRow], Iterable[str]]:
        """Return the rows of the answers, and the keys of earlier rows that a final answer does not have any more."""
        rows: dict[str, FindRow] = {}
        gone: set[str] = set()
        for answer in answers:
            new = {row.key: row for row in _rows_of(registry, answer)}
            keys = self._keys.setdefault(FindRow(registry, answer.repository).group, set())
            if answer.final:
                gone |= keys
                for key in keys & rows.keys():
                    del rows[key]
                keys.clear()
            keys.update(new)
            rows |= new
        return rows.values(), gone - rows.keys()


def _rows_of(registry: SearchedRegistry, answer: FindAnswer) -> Iterator[FindRow]:
    for hit in answer.hits:
        yield FindRow(registry, answer.repository, hit)
    if answer.error is not None:
        yield FindRow(registry, answer.repository, error=answer.error)
