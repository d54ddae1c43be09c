"""The panes of the image screen, in the order of their keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ecrtui.tui.widgets.tab_line import TabEntry

if TYPE_CHECKING:
    from ecrtui.tui.inspector.inspected import Inspected
    from ecrtui.tui.inspector.pane import Pane


class PaneEntry(NamedTuple):
    """A pane in the tab line.

    Args:
        id: its id; the key is that of the action ``inspector.ID``.
        name: its name.
        short_name: its name on a narrow screen.
        drop: how soon a narrow screen leaves out its counts, see :class:`ecrtui.tui.line_parts.LinePart`.
        make: creates it. It imports the module of the pane, so that the image opens without the other panes.
    """

    id: str
    name: str
    short_name: str
    drop: int
    make: Callable[[Inspected], Pane[Any]]


def _overview(inspected: Inspected) -> Pane[Any]:
    from ecrtui.tui.inspector.overview_pane import OverviewPane

    return OverviewPane(inspected)


def _manifest(inspected: Inspected) -> Pane[Any]:
    from ecrtui.tui.inspector.manifest_pane import ManifestPane

    return ManifestPane(inspected)


def _config(inspected: Inspected) -> Pane[Any]:
    from ecrtui.tui.inspector.config_pane import ConfigPane

    return ConfigPane(inspected)


def _layers(inspected: Inspected) -> Pane[Any]:
    from ecrtui.tui.inspector.layers_pane import LayersPane

    return LayersPane(inspected)


def _findings(inspected: Inspected) -> Pane[Any]:
    from ecrtui.tui.inspector.findings_pane import FindingsPane

    return FindingsPane(inspected)


def _artifacts(inspected: Inspected) -> Pane[Any]:
    from ecrtui.tui.inspector.artifacts_pane import ArtifactsPane

    return ArtifactsPane(inspected)


def _packages(inspected: Inspected) -> Pane[Any]:
    from ecrtui.tui.inspector.packages_pane import PackagesPane

    return PackagesPane(inspected)


def _tags(inspected: Inspected) -> Pane[Any]:
    from ecrtui.tui.inspector.tags_pane import TagsPane

    return TagsPane(inspected)


def _raw(inspected: Inspected) -> Pane[Any]:
    from ecrtui.tui.inspector.raw_pane import RawPane

    return RawPane(inspected)


PANES = (
    PaneEntry("overview", "overview", "over", 6, _overview),
    PaneEntry("manifest", "manifest", "manif", 8, _manifest),
    PaneEntry("config", "config", "config", 7, _config),
    PaneEntry("layers", "layers", "layers", 5, _layers),
    PaneEntry("findings", "findings", "find", 1, _findings),
    PaneEntry("artifacts", "artifacts", "artif", 2, _artifacts),
    PaneEntry("tags", "tags", "tags", 3, _tags),
    PaneEntry("packages", "packages", "pkgs", 4, _packages),
    PaneEntry("raw", "raw", "raw", 9, _raw),
)
"""The panes, in the order of their keys."""

TABS = tuple(TabEntry(entry.id, f"inspector.{entry.id}", entry.name, entry.short_name, entry.drop) for entry in PANES)
"""The names of the panes for the tab line."""

BY_ID = {entry.id: entry for entry in PANES}
"""Each pane by its id."""
