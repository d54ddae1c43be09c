"""Watch images: show which tags moved and who moved them, and keep an open plan up to date."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from ecrtui.catalog.watch import ObservedMove, RowChanges, observed_moves
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image import Image
from ecrtui.ecr.tag import join_tags
from ecrtui.session import Session
from ecrtui.tui import blocking
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.retag.plan_form_state import Phase
from ecrtui.tui.retag.retag_form import RetagForm
from ecrtui.tui.watch.loop import CHANGED, GONE, Change, WatchedScreen
from ecrtui.tui.watch.watching import WatchMixin

MAX_PLANNED_TAGS = 10
"""The most tags of an open plan, or tags that an image lost, that are read again: each is a request."""

_MAX_TAGS = 6
"""Tags that name an image that is gone."""

_OWN_WRITES = 3_600.0
"""Seconds back in the journal in which a move can be one of this computer."""


class TagWatchMixin(WatchedScreen):
    """A screen with images of a repository that can be watched: it shows who moved tags and updates open plans."""

    repository_name: str

    async def describe_moves(self, session: Session, repository: str, moves: Sequence[ObservedMove]) -> list[Change]:
        """Return moves of tags of a repository in words, with whether they were made from this computer."""
        own = await blocking.run_blocking(_own_writes, session, repository) if moves else frozenset()
        now = time.strftime("%H:%M:%S", time.gmtime())
        return [
            Change(move.after or move.before, _move_in_words(move, now, from_here=(move.tag, move.after) in own))
            for move in moves
        ]

    @property
    def has_open_plan(self) -> bool:
        return bool(self.query(PlanForm))

    async def look_at_plan(self, session: Session) -> None:
        """Make the plan of an open form again if a tag of it has moved."""
        for form in self.query(RetagForm):
            plan = form.state.plan
            if plan is None or form.state.planning or form.state.phase not in (Phase.EDIT, Phase.CONFIRM):
                continue
            for step in plan.steps[:MAX_PLANNED_TAGS]:
                # One by one: many tags at once would be read with BatchGetImage, which counts as a pull.
                found = await blocking.run_blocking(session.registry.images_by_tag, step.repository, [step.tag])
                now = found[step.tag].digest if step.tag in found else ""
                if now != step.before and form.state.plan is plan:
                    form.request_plan(form.state.tags)
                    move = ObservedMove(step.tag, step.before, now)
                    [change] = await self.describe_moves(session, step.repository, [move])
                    self.show_line(f"{change.words}. The plan was made again.")
                    break


class ImageWatchMixin(TagWatchMixin, WatchMixin[Image]):
    """A list of images that can be watched."""

    def listed_values(self, item: Image) -> object:
        """Leave out the scan: listings do not have it."""
        times = (item.pushed_at, item.last_pulled_at, item.activated_at)
        return (item.tags, item.status, item.size, item.media_type, *times)

    def watched_values(self, item: Image) -> object:
        """Leave out the last pull: it is no change that a watch reports."""
        return (frozenset(item.tags), item.status)

    def name_of(self, item: Image) -> str:
        return _name_of(item)

    async def describe_changes(self, session: Session, changes: RowChanges[Image]) -> list[Change]:
        gone = {image.digest for image in changes.gone}
        new = {image.digest for image in changes.new}
        seen = observed_moves(changes)
        moves = [
            move for move in seen if (move.after or move.before not in gone) and (move.before or move.after not in new)
        ]
        described = {move.before for move in moves} | {move.after for move in moves}
        rest = changes._replace(
            new=tuple(item for item in changes.new if item.digest not in described),
            changed=tuple(pair for pair in changes.changed if pair[1].digest not in described),
        )
        return [
            *await self.describe_moves(session, self.repository_name, moves),
            *await super().describe_changes(session, rest),
        ]


class OneImageWatchMixin(TagWatchMixin):
    """A screen with one image that can be watched: its tags, and the tag that it was opened by."""

    @property
    def watched_image(self) -> Image | None:
        """The image as the screen shows it; None while it is not known."""
        raise NotImplementedError

    async def show_image(self) -> None:
        """Read the image again, and show it."""
        raise NotImplementedError

    def summary(self, changes: Sequence[Change]) -> str:
        return " · ".join(change.words for change in changes)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out the key for the next change: panes use it, and the screen has no rows to go to."""
        return action != "next_change" and super().check_action(action, parameters)

    async def read_changes(self, session: Session) -> bool:
        before = self.watched_image
        if before is None:  # it is gone, or could not be read
            await self.show_image()
            return False
        changes = await blocking.run_blocking(_changes_of, session, self.repository_name, before)
        if not changes.moves and not changes.other:
            return False
        other = [Change(before.digest, words) for words in changes.other]
        self.add_changes([*await self.describe_moves(session, self.repository_name, changes.moves), *other])
        await self.show_image()
        return False


class _ImageChanges(NamedTuple):
    moves: tuple[ObservedMove, ...] = ()
    other: tuple[str, ...] = ()
    """Further changes, in words."""


def _changes_of(session: Session, repository: str, before: Image) -> _ImageChanges:
    """Return what changed of an image. Blocks; raises EcrTuiError. No request counts as a pull."""
    registry = session.registry
    after = next(iter(registry.images_by_digest(repository, [before.digest])), None)
    new = set() if after is None else set(after.tags)
    lost = sorted(set(before.tags) - new)
    found: dict[str, Image] = {}
    other = []
    if len(lost) > MAX_PLANNED_TAGS:
        other.append(f"{CHANGED} {len(lost)} tags moved or were removed")
        lost = []
    for tag in lost:  # one by one: many tags at once would be read with BatchGetImage
        found.update(registry.images_by_tag(repository, [tag]))
    moves = [ObservedMove(tag, before.digest, found[tag].digest if tag in found else "") for tag in lost]
    moves += [ObservedMove(tag, "", before.digest) for tag in sorted(new - set(before.tags))]
    if after is None:
        return _ImageChanges(tuple(move for move in moves if move.after), (f"{GONE} {_name_of(before)} is gone",))
    if after.status != before.status:
        other.append(f"{CHANGED} {short_digest(before.digest)} is {after.status.lower()} now")
    return _ImageChanges(tuple(moves), tuple(other))


def _name_of(image: Image) -> str:
    return f"{short_digest(image.digest)} {join_tags(image.tags, _MAX_TAGS)}".rstrip()


def _own_writes(session: Session, repository: str) -> frozenset[tuple[str, str]]:
    """Return tag and new digest of the writes of this computer in the last hour. Blocks."""
    entries = session.engine.history.search(repository, since=time.time() - _OWN_WRITES)
    return frozenset((entry.tag, entry.after) for entry in entries)


def _move_in_words(move: ObservedMove, at: str, *, from_here: bool) -> str:
    before, after = short_digest(move.before), short_digest(move.after)
    if not after:
        what = f"{move.tag} was removed from {before}"
    elif before:
        what = f"{move.tag} moved {before} → {after}"
    else:
        what = f"{move.tag} was given to {after}"
    return f"{CHANGED} {what} at {at} UTC, {'from here' if from_here else 'not from here'}"
