"""Registry, journal and reports agree after any sequence of actions and faults.

A Hypothesis state machine retags, untags, swaps, undoes and restarts. Faults hit any request, and another client moves
the same tags. The machine compares each report with the registry.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ecrtui.errors import EcrTuiError
from ecrtui.retag.journal.journal import Journal
from ecrtui.retag.plan import OnConflict, Plan, Report, StepOutcome, TagChange
from tests.support.embedded import digests_of
from tests.support.retag_env import REPOSITORY, RetagEnv

TAGS = ("a", "b", "c", "d", "one")
IMAGES = ("one", "two", "three")
FAULTS = (
    *(
        f"{operation}:{kind}:times=1:after={after}"
        for operation in ("PutImage", "BatchGetImage", "DescribeImages", "BatchDeleteImage")
        for kind in (
            "drop-before",
            "drop-after",
            "cut",
            "throttle",
            "unavailable",
            "error:code=ServerException:status=500",
            "error:code=ExpiredTokenException",
        )
        for after in (0, 1)
    ),
    "PutImage:drop-after:times=2",
    "*:drop-after:times=1:after=3",
    "*:unavailable:times=3:after=2",
)

some_tags = st.lists(st.sampled_from(TAGS), min_size=1, max_size=4, unique=True)
some_image = st.sampled_from(IMAGES)
some_fault = st.none() | st.sampled_from(FAULTS)


class EngineMachine(RuleBasedStateMachine):
    """Tracks the expected digest of each tag, and the tags that another client moved."""

    @initialize()
    def begin(self) -> None:
        self.environment = patch.dict(os.environ, {"AWS_MAX_ATTEMPTS": "1"})
        self.environment.start()
        self.folder = tempfile.TemporaryDirectory()
        self.env = RetagEnv(Path(self.folder.name) / "state" / "journal.sqlite")
        self.engine = self.env.engine
        self.expected = self.env.tags()
        self.initial = dict(self.expected)
        self.images = digests_of(self.env.client, REPOSITORY)
        self.others: set[str] = set()
        self.requested = {tag: {digest} for tag, digest in self.expected.items()}
        self.unknown: dict[str, set[str]] = {}

    def teardown(self) -> None:
        if not hasattr(self, "env"):
            return
        self.env.embedded.faults.clear()
        self.resolve_unknown_writes()
        self.everything_can_be_undone()
        self.env.journal.close()
        self.folder.cleanup()
        self.environment.stop()

    def digest(self, name: str) -> str:
        return {"one": self.env.one, "two": self.env.two, "three": self.env.three}[name]

    def apply(self, plan: Plan, fault: str | None, on_conflict: OnConflict = OnConflict.CONTINUE) -> None:
        """Apply a plan with an injected fault and compare the report with the registry."""
        for step in plan.write_steps:
            self.requested.setdefault(step.tag, {""}).update((step.before, step.after))
        if fault:
            self.env.embedded.faults.add(fault)
        try:
            report = self.engine.apply(plan, on_conflict=on_conflict)
        finally:
            self.env.embedded.faults.clear()
        self.check_report(report)

    def check_report(self, report: Report) -> None:
        now = self.env.tags()
        drifted = {row.step.tag: row.found for row in report.drifted}
        for result in report.results:
            step, found = result.step, now.get(result.step.tag, "")
            was = self.expected.get(step.tag, "")
            if result.outcome is StepOutcome.ALREADY and (step.tag in drifted or report.verification_error):
                assert drifted.get(step.tag, found) == found
            elif result.outcome in (StepOutcome.DONE, StepOutcome.ALREADY):
                assert found == step.after, (result, found)
            elif result.outcome is StepOutcome.UNKNOWN:
                assert found in (step.before, step.after)
                self.unknown[step.tag] = {step.before, step.after}
            elif step.tag not in self.unknown:
                assert found == was, (result, found, was)
            if result.entry:
                (entry,) = self.env.journal.entries(numbers=[result.entry])
                known = None if result.outcome is StepOutcome.UNKNOWN else result.outcome
                assert entry.outcome is known
        self.expected = now

    def try_plan(self, make: Callable[[], Plan]) -> Plan | None:
        try:
            return make()
        except EcrTuiError as error:
            assert error.title
            return None

    @rule(tags=some_tags, image=some_image, fault=some_fault, on_conflict=st.sampled_from(OnConflict))
    def retag(self, tags: list[str], image: str, fault: str | None, on_conflict: OnConflict) -> None:
        changes = [TagChange(REPOSITORY, tag, self.digest(image)) for tag in tags]
        self.apply(self.engine.plan(changes), fault, on_conflict)

    @rule(tag=st.sampled_from(TAGS), image=some_image, other=some_image, fault=some_fault)
    def retag_while_another_client_moves_it(self, tag: str, image: str, other: str, fault: str | None) -> None:
        plan = self.engine.plan([TagChange(REPOSITORY, tag, self.digest(image))])
        self.another_client_moves(tag, other)
        self.apply(plan, fault)

    @rule(tags=some_tags, fault=some_fault)
    def untag(self, tags: list[str], fault: str | None) -> None:
        self.apply(self.engine.plan_untag(REPOSITORY, tags), fault)

    @rule(tags=st.lists(st.sampled_from(TAGS), min_size=2, max_size=2, unique=True), fault=some_fault)
    def swap(self, tags: list[str], fault: str | None) -> None:
        plan = self.try_plan(lambda: self.engine.plan_swap(REPOSITORY, *tags))
        if plan is not None:
            assert len(plan.write_steps) in (0, 2)
            self.apply(plan, fault)

    @rule(age=st.integers(0, 20), fault=some_fault)
    def undo(self, age: int, fault: str | None) -> None:
        plans = list(dict.fromkeys(entry.plan for entry in self.engine.history.search()))
        if plans:
            self.apply(self.engine.plan_undo_of(plans[age % len(plans)]), fault)
            self.unknown.clear()

    @rule(tag=st.sampled_from(TAGS), image=some_image)
    def another_client_moves(self, tag: str, image: str) -> None:
        if self.env.tags().get(tag) != self.digest(image):
            self.env.tag(tag, self.digest(image))
            self.others.add(tag)
            self.requested.setdefault(tag, {""}).add(self.digest(image))
            self.expected = self.env.tags()
            self.unknown.pop(tag, None)

    @rule()
    def restart_the_process(self) -> None:
        self.env.journal.close()
        self.env.journal = Journal(self.env.journal.file.path)
        self.engine = self.env.engine = self.env.new_engine()

    @rule()
    def resolve_unknown_writes(self) -> None:
        for entry in self.engine.history.resolve_unknown():
            if entry.tag not in self.others:
                found = self.env.tags().get(entry.tag, "")
                assert entry.outcome in (StepOutcome.DONE, StepOutcome.FAILED), entry
                assert found in (entry.before, entry.after) or self.engine.history.search()[0].number != entry.number
        assert self.engine.history.unknown_writes() == ()
        self.unknown.clear()

    @invariant()
    def no_image_is_lost(self) -> None:
        if hasattr(self, "images"):
            assert digests_of(self.env.client, REPOSITORY) == self.images

    @invariant()
    def every_tag_has_a_requested_digest(self) -> None:
        if hasattr(self, "requested"):
            for tag, digest in self.env.tags().items():
                assert digest in self.requested[tag]

    def everything_can_be_undone(self) -> None:
        """Undo returns every tag that only the engine moved to its initial digest."""
        for _ in range(3):  # a created tag can be removed only after another tag is back on its image
            for entry in self.engine.history.search():
                if entry.kind != "undo":
                    (now,) = self.env.journal.entries(numbers=[entry.number])
                    self.engine.apply(self.engine.plan_undo([now]))
        tags = self.env.tags()
        for tag in TAGS:
            if tag in self.others:
                continue
            found = tags.get(tag, "")
            if found != self.initial.get(tag, ""):
                assert tag not in self.initial, (tag, found)
                assert list(tags.values()).count(found) == 1, f"{tag} could have been removed"


EngineMachine.TestCase.settings = settings(
    max_examples=int(os.environ.get("ENGINE_EXAMPLES", "25")),
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),  # sequences are short enough to read, and shrinking takes minutes
    print_blob=True,
)
TestEngine = EngineMachine.TestCase
