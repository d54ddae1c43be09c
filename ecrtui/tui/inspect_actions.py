"""Actions on the image under the cursor, on any screen: show its config, show its findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.manifest import ParsedManifest, parse_manifest
from ecrtui.errors import EcrTuiError, NotFound
from ecrtui.tui import blocking as io
from ecrtui.tui import details as describe
from ecrtui.tui import messages
from ecrtui.tui.base_screen import AppScreen

if TYPE_CHECKING:
    from ecrtui.session import Session


class InspectMixin(AppScreen):
    """A screen that can show the config and the findings of an image."""

    @work(exclusive=True, group="inspect", exit_on_error=False)
    async def show_config(self, repository: str, digest: str) -> None:
        """Show the config of an image. Say so if it is an index, which has none."""
        try:
            session = await self.session()
            config = (await io.run_blocking(_structure, session, repository, digest)).config
            if config is None:
                self.notify("An index has no config of its own; pick one of its platforms.")
                return
            known = await io.run_blocking(session.catalog.config, repository, config)
        except EcrTuiError as error:
            self.notify_error(error)
            return
        self.post_message(messages.ShowText(f"config {short_digest(config.digest)}", describe.config_text(known)))

    @work(exclusive=True, group="inspect", exit_on_error=False)
    async def show_findings(self, repository: str, digest: str) -> None:
        """Show the findings of an image."""
        try:
            session = await self.session()
            findings = await io.run_blocking(session.registry.findings, repository, digest)
        except NotFound:
            self.notify("This image was not scanned.")
            return
        except EcrTuiError as error:
            self.notify_error(error)
            return
        self.post_message(messages.ShowText(f"findings of {short_digest(digest)}", describe.findings_text(findings)))


def _structure(session: Session, repository: str, digest: str) -> ParsedManifest:
    return parse_manifest(session.catalog.manifest(repository, digest).text)
