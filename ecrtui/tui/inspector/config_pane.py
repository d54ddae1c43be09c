"""The pane with the config of a platform."""

from __future__ import annotations

from ecrtui.ecr.image import DOCKER_IMAGE_CONFIG
from ecrtui.ecr.image_config import config_of_schema1
from ecrtui.ecr.manifest import parse_manifest
from ecrtui.errors import NotFound
from ecrtui.session import Session
from ecrtui.tui import blocking
from ecrtui.tui.config_text import config_text
from ecrtui.tui.inspector.inspected import Inspected
from ecrtui.tui.inspector.text_pane import TextPane
from ecrtui.tui.text_document import TextDocument, prepare_text


class ConfigPane(TextPane[TextDocument]):
    """Every member of the config."""

    ID = "config"

    async def read(self, inspected: Inspected) -> TextDocument:
        digest = inspected.require_platform().digest
        return await blocking.run_blocking(_read_config, inspected.session, inspected.repository_name, digest)


def _read_config(session: Session, repository: str, digest: str) -> TextDocument:
    """Return the config of an image as text. Blocks; raises EcrTuiError."""
    manifest = session.catalog.manifest(repository, digest)
    parsed = parse_manifest(manifest.text)
    if parsed.config is not None:
        config = session.catalog.config(repository, parsed.config)
        return prepare_text(config_text(config, parsed.config.media_type))
    if parsed.schema_version == 1:
        return prepare_text(config_text(config_of_schema1(manifest.text), DOCKER_IMAGE_CONFIG))
    raise NotFound("No config", f"The manifest {digest} has no config.")
