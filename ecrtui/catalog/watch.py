"""What changed between two listings of the same list. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from ecrtui.ecr.image import Image

Item = TypeVar("Item")


class RowChanges(NamedTuple, Generic[Item]):
    """The differences of a listing from an earlier one."""

    new: tuple[Item, ...] = ()
    changed: tuple[tuple[Item, Item], ...] = ()
    """Each row that differs: before and after."""
    gone: tuple[Item, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)


class ObservedMove(NamedTuple):
    """A tag that points to another image than before.

    Args:
        tag: the tag.
        before: the digest that it had; empty for a new tag.
        after: the digest that it has; empty if it was removed.
    """

    tag: str
    before: str
    after: str


def row_changes(
    before: Mapping[str, Item], after: Mapping[str, Item], values: Callable[[Item], object]
) -> RowChanges[Item]:
    """Return what changed.

    Args:
        before: the rows of the earlier listing, by key.
        after: all rows of the later listing, by key.
        values: returns the values of a row that the listing states; more may be known of the earlier rows.
    """
    new: list[Item] = []
    changed: list[tuple[Item, Item]] = []
    for key, item in after.items():
        known = before.get(key)
        if known is None:
            new.append(item)
        elif values(known) != values(item):
            changed.append((known, item))
    gone = tuple(item for key, item in before.items() if key not in after)
    return RowChanges(tuple(new), tuple(changed), gone)


def observed_moves(changes: RowChanges[Image]) -> tuple[ObservedMove, ...]:
    """Return the tags that point to another image, by name."""
    before = _digests_by_tag([*changes.gone, *(old for old, _ in changes.changed)])
    after = _digests_by_tag([*changes.new, *(new for _, new in changes.changed)])
    moved = (ObservedMove(tag, before.get(tag, ""), after.get(tag, "")) for tag in sorted(before.keys() | after.keys()))
    return tuple(move for move in moved if move.before != move.after)


def _digests_by_tag(images: Iterable[Image]) -> dict[str, str]:
    return {tag: image.digest for image in images for tag in image.tags}
