"""The plan that gives the images with one tag another tag, in several repositories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecrtui.ecr import units
from ecrtui.ecr.tag import two_tags
from ecrtui.tui.messages import PlanRequest

if TYPE_CHECKING:
    from ecrtui.retag.engine import Engine
    from ecrtui.retag.plan import Plan


def tag_in_all(names: Sequence[str], registry: str = "") -> PlanRequest:
    """Return the request for the plan. The user types the existing tag and the new one.

    Args:
        names: the names of the repositories.
        registry: their account and region, if the screen shows several registries.
    """

    def make(engine: Engine, line: str) -> Plan:
        return engine.plan_tag_in_repositories(names, *two_tags(line, "Enter the existing tag, then the new tag."))

    where = f" of {registry}" if registry else ""
    title = f"Tag in {units.format_count(len(names), 'repository', 'repositories')}{where}"
    return PlanRequest(title, make, "the existing tag, a space, the new tag for the same image: v1.2.0-rc1 v1.2.0")
