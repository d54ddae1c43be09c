"""Watch a list of images: tell which tags moved, and who moved them, and keep an open plan right."""

from __future__ import annotations

import time

from ecrtui.catalog.watch import RowChanges, TagChange, tag_changes
from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image import Image
from ecrtui.session import Session
from ecrtui.tui import blocking
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.retag.plan_form_state import Phase
from ecrtui.tui.retag.retag_form import RetagForm
from ecrtui.tui.watching import CHANGED, Change, WatchMixin

MAX_PLANNED_TAGS = 10
"""Tags of an open plan that are read again: each is a request."""

_OWN_WRITES = 3_600.0
"""Seconds back in the journal in which a move can be one of this computer."""


class ImageWatchMixin(WatchMixin[Image]):
    """A list of images that can be watched."""

    repository_name: str

    def listed_values(self, item: Image) -> object:
        """Leave out the scan: listings do not tell it."""
        return (item.tags, item.status, item.last_pulled_at, item.size, item.media_type, item.activated_at)

    def watched_values(self, item: Image) -> object:
        """A pull is no change."""
        return (frozenset(item.tags), item.status)

    def name_of(self, item: Image) -> str:
        return " ".join((short_digest(item.digest), *item.tags))

    async def describe_changes(self, session: Session, changes: RowChanges[Image]) -> list[Change]:
        gone = {image.digest for image in changes.gone}
        moves = [move for move in tag_changes(changes) if move.before and (move.after or move.before not in gone)]
        own = await blocking.run_blocking(_own_writes, session, self.repository_name) if moves else frozenset()
        now = time.strftime("%H:%M:%S", time.gmtime())
        described = [
            Change(move.after or move.before, _move_in_words(move, now, from_here=(move.tag, move.after) in own))
            for move in moves
        ]
        told = {move.before for move in moves} | {move.after for move in moves}
        rest = changes._replace(
            new=tuple(item for item in changes.new if item.digest not in told),
            changed=tuple(pair for pair in changes.changed if pair[1].digest not in told),
        )
        return [*described, *await super().describe_changes(session, rest)]

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
                    move = TagChange(step.tag, step.before, now)
                    at = time.strftime("%H:%M:%S", time.gmtime())
                    self.show_line(f"{_move_in_words(move, at, from_here=False)}. The plan was made again.")
                    break


def _own_writes(session: Session, repository: str) -> frozenset[tuple[str, str]]:
    """Return tag and new digest of the writes of this computer in the last hour. Blocks."""
    entries = session.engine.history(repository, since=time.time() - _OWN_WRITES)
    return frozenset((entry.tag, entry.after) for entry in entries)


def _move_in_words(move: TagChange, at: str, *, from_here: bool) -> str:
    before, after = short_digest(move.before), short_digest(move.after)
    if not after:
        what = f"{move.tag} was removed from {before}"
    elif before:
        what = f"{move.tag} moved {before} → {after}"
    else:
        what = f"{move.tag} was given to {after}"
    return f"{CHANGED} {what} at {at} UTC, {'from here' if from_here else 'not from here'}"
