"""What changed between two listings."""

from __future__ import annotations

from ecrtui.catalog.watch import ObservedMove, RowChanges, observed_moves, row_changes
from ecrtui.ecr.image import Image

A, B, C, D = (f"sha256:{letter * 64}" for letter in "abcd")


def changes(before: list[Image], after: list[Image]) -> RowChanges[Image]:
    old, new = ({image.digest: image for image in images} for images in (before, after))
    return row_changes(old, new, lambda image: (image.tags, image.status))


def test_new_changed_and_removed_rows_are_found() -> None:
    found = changes(
        [Image(A, ("prod",)), Image(B, ("v1",)), Image(C), Image(D, scan_status="COMPLETE")],
        [Image(A), Image(C, status="ARCHIVED"), Image(D), Image("sha256:new", ("prod",))],
    )
    assert [image.digest for image in found.new] == ["sha256:new"]
    assert [after.digest for _, after in found.changed] == [A, C]
    assert [image.digest for image in found.gone] == [B]
    assert not changes([Image(A)], [Image(A, size=1)])


def test_a_tag_at_another_image_is_a_tag_change() -> None:
    for before, after, moves in (
        ([Image(A, ("prod",)), Image(B)], [Image(A), Image(B, ("prod",))], [ObservedMove("prod", A, B)]),
        ([Image(A, ("prod",))], [Image(A), Image(B, ("prod",))], [ObservedMove("prod", A, B)]),  # a push
        ([Image(A, ("prod",))], [Image(B, ("prod",))], [ObservedMove("prod", A, B)]),
        ([Image(A, ("a", "b"))], [Image(A, ("b",))], [ObservedMove("a", A, "")]),
        ([Image(A)], [Image(A, ("new",))], [ObservedMove("new", "", A)]),
        ([Image(A, ("a", "b"))], [Image(A, ("b", "a"))], []),
    ):
        assert list(observed_moves(changes(before, after))) == moves
