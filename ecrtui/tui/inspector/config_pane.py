"""The pane with the config of a platform."""

from __future__ import annotations

from ecrtui.ecr.digest import short_digest
from ecrtui.ecr.image import DOCKER_IMAGE_CONFIG
from ecrtui.ecr.image_config import ImageConfig, config_of_schema1
from ecrtui.ecr.manifest import OCI_EMPTY, Descriptor, Manifest, ParsedManifest
from ecrtui.ecr.safe_text import visible
from ecrtui.ecr.units import format_size
from ecrtui.errors import NotFound
from ecrtui.tui import blocking
from ecrtui.tui.config_text import config_text
from ecrtui.tui.details import facts_text
from ecrtui.tui.inspector.inspected import Inspected, index_in_index
from ecrtui.tui.inspector.text_pane import TextPane
from ecrtui.tui.text_document import TextDocument, prepare_facts


class ConfigPane(TextPane[TextDocument]):
    """Every member of the config, after a line about the config itself."""

    ID = "config"

    async def read(self, inspected: Inspected) -> TextDocument:
        platform = inspected.require_platform()
        manifest, parsed = await inspected.manifest_of(platform.digest)
        config = None if parsed.config is None else await inspected.config_of(parsed.config)
        return await blocking.run_blocking(_document, manifest, parsed, config, platform.name)


def _document(manifest: Manifest, parsed: ParsedManifest, config: ImageConfig | None, name: str) -> TextDocument:
    """Return the config of a platform as text. Raises EcrTuiError."""
    if parsed.config is not None and config is not None:
        body, stored = config_text(config, parsed.config.media_type), _stored(parsed.config)
    elif parsed.schema_version == 1:
        body = config_text(config_of_schema1(manifest.text), DOCKER_IMAGE_CONFIG)
        stored = "in the manifest, in the texts v1Compatibility of its history"
    elif manifest.is_index:
        raise index_in_index("config", manifest.digest)
    else:
        raise NotFound("No config", f"The manifest {short_digest(manifest.digest)} has no config.")
    head = facts_text([("config of", [visible(name)] if name else []), ("stored", [stored])])
    return prepare_facts(f"{head}\n\n{body}")


def _stored(config: Descriptor) -> str:
    """Return where a config is stored, and how large it is."""
    parts = [short_digest(config.digest), format_size(config.size), config.media_type]
    if config.media_type == OCI_EMPTY:
        parts.append("this artifact has no config of its own")
    return visible(" · ".join(filter(None, parts)))
