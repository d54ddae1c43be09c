"""The pane with the scan findings of a platform."""

from __future__ import annotations

from ecrtui.tui import blocking, details
from ecrtui.tui.inspector.inspected import Inspected
from ecrtui.tui.inspector.text_pane import TextPane
from ecrtui.tui.text_document import TextDocument, prepare_text


class FindingsPane(TextPane[TextDocument]):
    """The findings, worst first."""

    ID = "findings"

    async def read(self, inspected: Inspected) -> TextDocument:
        platform = inspected.require_platform()
        registry = inspected.session.registry
        registry.capabilities.require("findings")
        report = await blocking.run_blocking(registry.findings, inspected.repository_name, platform.digest)
        return prepare_text(details.findings_text(report.findings))
