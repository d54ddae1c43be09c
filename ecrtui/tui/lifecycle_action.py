"""A screen that shows a repository, and opens what its lifecycle policy would do."""

from __future__ import annotations

from typing import ClassVar

from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.messages import OpenLifecycle


class LifecycleMixin(AppScreen):
    """A screen whose repository has a lifecycle policy."""

    SCOPES: ClassVar[tuple[str, ...]] = ("dry_run",)

    def lifecycle_request(self) -> OpenLifecycle | None:
        """Return what to open for the repository that the user looks at; None if there is none."""
        raise NotImplementedError

    def action_lifecycle(self) -> None:
        """Show what the lifecycle policy would do."""
        if (request := self.lifecycle_request()) is not None:
            self.post_message(request)
