"""Actions of every screen with images: show the config and the scan findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.manifest import ParsedManifest, parse_manifest
from ecrtui.errors import EcrTuiError, NotFound
from ecrtui.tui import blocking, details, messages
from ecrtui.tui.base_screen import AppScreen

if TYPE_CHECKING:
    from ecrtui.session import Session


class InspectMixin(AppScreen):
    """A screen on which images can be inspected."""

    @work(exclusive=True, group="inspect", exit_on_error=False)
    async def show_config(self, repository: str, digest: str) -> None:
        """Show the config of an image. An index has none."""
        try:
            session = await self.session()
            config = (await blocking.run_blocking(_parsed_manifest, session, repository, digest)).config
            if config is None:
                self.notify("An index has no config. Select one of its platforms.")
                return
            known = await blocking.run_blocking(session.catalog.config, repository, config)
        except EcrTuiError as error:
            self.notify_error(error)
            return
        self.post_message(messages.ShowText(f"config {short_digest(config.digest)}", details.config_text(known)))

    @work(exclusive=True, group="inspect", exit_on_error=False)
    async def show_findings(self, repository: str, digest: str) -> None:
        """Show the scan findings of an image."""
        try:
            session = await self.session()
            findings = await blocking.run_blocking(session.registry.findings, repository, digest)
        except NotFound:
            self.notify("This image has not been scanned.")
            return
        except EcrTuiError as error:
            self.notify_error(error)
            return
        self.post_message(messages.ShowText(f"findings of {short_digest(digest)}", details.findings_text(findings)))


def _parsed_manifest(session: Session, repository: str, digest: str) -> ParsedManifest:
    return parse_manifest(session.catalog.manifest(repository, digest).text)
