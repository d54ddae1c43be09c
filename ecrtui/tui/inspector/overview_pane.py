"""The pane with the most important facts of an image."""

from __future__ import annotations

from ecrtui.ecr.manifest import ParsedManifest
from ecrtui.tui import details
from ecrtui.tui.inspector.inspected import Inspected
from ecrtui.tui.inspector.text_pane import TextPane
from ecrtui.tui.manifest import facts
from ecrtui.tui.text_document import TextDocument, prepare_text


class OverviewPane(TextPane[TextDocument]):
    """Tags, kind, digest and times."""

    ID = "overview"
    PER_PLATFORM = False

    async def read(self, inspected: Inspected) -> TextDocument:
        known = inspected.known_manifest
        manifest = known if isinstance(known, ParsedManifest) else ParsedManifest()
        pull_times = inspected.session.registry.capabilities.pull_times
        lines = facts.image_facts(inspected.image, manifest, inspected.scan_error, pull_times=pull_times)
        return prepare_text(
            details.facts_text([(label, [str(value)]) for label, value in lines if label != "findings"])
        )
