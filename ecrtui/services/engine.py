"""Retags that can be trusted: plan, guard, journal, write, verify, undo."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ecrtui.model.history import Entry
from ecrtui.model.image import Image, Repository
from ecrtui.model.plan import Change, OnConflict, Plan, Progress, Report, StepResult
from ecrtui.registry.protocol import Registry
from ecrtui.services.journal import Journal
from ecrtui.services.pace import Pace
from ecrtui.settings import Settings

OnResult = Callable[[StepResult, Progress], None]
"""Called after each step, in the thread that runs :meth:`Engine.apply`."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What planning needs to know of a repository as a whole, read once and used for every keystroke."""

    repository: Repository
    policy: str
    """The text of the lifecycle policy; empty if there is none."""
    images: tuple[Image, ...] | None = None
    """Every image of it, if somebody has them: rules that count images can be told exactly only then."""


class Engine:
    """Every write of the application goes through here. Methods block; :meth:`apply` is never cancelled.

    Args:
        registry: where the tags are.
        journal: where each write is noted before it is sent.
        settings: those in force for the account: protected tags, read-only, writes a second.
        pace: the limit of writes; one for the settings' writes a second, shared by the process, if None.
    """

    def __init__(self, registry: Registry, journal: Journal, settings: Settings, *, pace: Pace | None = None) -> None:
        raise NotImplementedError

    def survey(self, repository: str, images: Sequence[Image] | None = None) -> Survey:
        """Read mutability and lifecycle policy of a repository; two calls. Images that are at hand make it exact."""
        raise NotImplementedError

    def plan(
        self,
        changes: Iterable[Change],
        *,
        kind: str = "retag",
        surveys: Mapping[str, Survey] | None = None,
        thorough: bool = False,
    ) -> Plan:
        """What these changes would do, as the registry is now.

        With a survey for the repository at hand this is one or two calls for a handful of tags: fit for every pause in
        typing. Thorough planning also lists a repository whose lifecycle policy counts images, and looks for the index
        that an untagged source belongs to.
        """
        raise NotImplementedError

    def apply(
        self,
        plan: Plan,
        *,
        on_result: OnResult | None = None,
        stop: Callable[[], bool] = lambda: False,
        on_conflict: OnConflict = OnConflict.STOP,
        allow_protected: Collection[str] = (),
    ) -> Report:
        """Do what the plan says; every step has a result.

        Args:
            plan: from :meth:`plan`, :meth:`undo` or :meth:`resume`.
            on_result: told after each step.
            stop: asked between steps; once it says yes, the steps not begun are skipped.
            on_conflict: whether the rest goes on after a step that did not come out as planned.
            allow_protected: the protected tags that the user has typed once more; others are refused.

        Raises:
            JournalError: the journal cannot be written; nothing was sent for the step at hand.
            Refused: read-only.
        """
        raise NotImplementedError

    def swap(self, repository: str, first: str, second: str) -> Plan:
        """Each of two tags to where the other is."""
        raise NotImplementedError

    def copy_tags(self, repository: str, source: str, target: str) -> Plan:
        """All tags of the image with one digest to the image with the other."""
        raise NotImplementedError

    def promote(self, repositories: Iterable[str], tag: str, new_tag: str) -> Plan:
        """In each repository, the image that has one tag gets the other; where it does not exist, a warning."""
        raise NotImplementedError

    def rename(self, repository: str, images: Iterable[Image], rule: str) -> Plan:
        """Each image gets the tags that the rule makes of its tags (``{tag}-rel``; see model.rename)."""
        raise NotImplementedError

    def untag(self, repository: str, tags: Iterable[str]) -> Plan:
        """Remove these tags; refused where an image would lose its last."""
        raise NotImplementedError

    def undo(self, entries: Iterable[Entry]) -> Plan:
        """Take these writes back, newest first. The undo of an undo is a redo."""
        raise NotImplementedError

    def undo_plan(self, plan_id: str) -> Plan:
        """Take back all that a plan has done."""
        raise NotImplementedError

    def resume(self, plan_id: str) -> Plan:
        """What is left of a plan that was cut off: unknown rows are looked up first, what is so is not repeated."""
        raise NotImplementedError

    def unknown(self) -> tuple[Entry, ...]:
        """Writes to this registry that were begun, and whose process ended before it noted what became of them."""
        raise NotImplementedError

    def find_out(self, entries: Iterable[Entry] | None = None) -> tuple[Entry, ...]:
        """Read the registry for unknown writes, note in the journal what is so, and give the entries as they are now."""
        raise NotImplementedError

    def history(
        self, repository: str = "", *, since: float | None = None, plan: str = "", limit: int | None = None
    ) -> tuple[Entry, ...]:
        """The writes to this registry, newest first."""
        raise NotImplementedError

    def manifest_text(self, digest: str) -> str:
        """The journalled manifest of an image; empty if there is none."""
        raise NotImplementedError
