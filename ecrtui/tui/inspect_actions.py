"""Actions of every screen with images: show the config and the scan findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image import DOCKER_IMAGE_CONFIG
from ecrtui.ecr.image_config import config_of_schema1
from ecrtui.ecr.manifest import DescriptorRole, parse_manifest
from ecrtui.errors import EcrTuiError, ErrorKind, NotFound
from ecrtui.tui import blocking, details, messages
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.config_text import config_text

if TYPE_CHECKING:
    from ecrtui.session import Session


class InspectMixin(AppScreen):
    """A screen on which images can be inspected."""

    @work(exclusive=True, group="inspect", exit_on_error=False)
    async def show_config(self, repository: str, digest: str) -> None:
        """Show the config of an image. An index has none."""
        try:
            session = await self.session()
            shown = await blocking.run_blocking(_read_config, session, repository, digest)
        except EcrTuiError as error:
            self.notify_error(error)
            return
        if shown is None:
            self.notify("An index has no config. Select one of its platforms.")
        else:
            self.post_message(shown)

    @work(exclusive=True, group="inspect", exit_on_error=False)
    async def show_findings(self, repository: str, digest: str) -> None:
        """Show the scan findings of an image."""
        try:
            session = await self.session()
            session.registry.capabilities.require("findings")
            report = await blocking.run_blocking(session.registry.findings, repository, digest)
        except EcrTuiError as error:
            if error.kind is ErrorKind.UNSUPPORTED:
                self.notify(f"Findings are {details.NOT_SUPPORTED}.")
                return
            if error.kind in (ErrorKind.SCAN_NOT_FOUND, ErrorKind.SCAN_PENDING):
                self.notify(error.with_hint())
                return
            self.notify_error(error)
            return
        self.post_message(
            messages.ShowText(f"findings of {short_digest(digest)}", details.findings_text(report.findings))
        )


def _read_config(session: Session, repository: str, digest: str) -> messages.ShowText | None:
    """Return the config of an image as text; None for an index. Blocks."""
    manifest = session.catalog.manifest(repository, digest)
    parsed = parse_manifest(manifest.text)
    if parsed.config is not None:
        config = session.catalog.config(repository, parsed.config)
        return messages.ShowText(
            f"config {short_digest(parsed.config.digest)}", config_text(config, parsed.config.media_type)
        )
    if parsed.schema_version == 1:
        text = config_text(config_of_schema1(manifest.text), DOCKER_IMAGE_CONFIG)
        return messages.ShowText(f"config in the manifest {short_digest(digest)}", text)
    if manifest.is_index or parsed.with_role(DescriptorRole.MANIFEST):
        return None
    raise NotFound("No config", f"The manifest {short_digest(digest)} has no config.")
