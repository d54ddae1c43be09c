"""The table of actions agrees with the screens, widgets and overlays that implement them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from textual.actions import parse
from textual.binding import Binding
from textual.dom import DOMNode

from ecrtui.tui import actions
from ecrtui.tui.app import EcrTuiApp
from ecrtui.tui.bindings import declared_actions
from ecrtui.tui.comparison.view import ComparisonView
from ecrtui.tui.inspector.artifacts_pane import ArtifactsPane
from ecrtui.tui.inspector.config_pane import ConfigPane
from ecrtui.tui.inspector.findings_pane import FindingsPane
from ecrtui.tui.inspector.linked_text import LinkedText
from ecrtui.tui.inspector.manifest_pane import ManifestPane
from ecrtui.tui.inspector.packages_pane import PackagesPane
from ecrtui.tui.inspector.split_pane import SplitPane
from ecrtui.tui.inspector.tags_pane import TagsPane
from ecrtui.tui.inspector.text_pane import PaneText
from ecrtui.tui.manifest.tree import StructureTree
from ecrtui.tui.manifest.view import ManifestView
from ecrtui.tui.overlays.base import Overlay
from ecrtui.tui.overlays.column_menu import ColumnMenu
from ecrtui.tui.overlays.confirmation import Confirmation
from ecrtui.tui.overlays.connections import ConnectionPicker
from ecrtui.tui.overlays.copied_text import CopiedText
from ecrtui.tui.overlays.help import HelpOverlay
from ecrtui.tui.overlays.menus import CopyMenu, ThemeMenu
from ecrtui.tui.overlays.sign_in import SignInOverlay
from ecrtui.tui.overlays.text_viewer import OverlayText, TextViewer
from ecrtui.tui.promote.form import PromoteForm
from ecrtui.tui.retag.bulk_form import BulkForm
from ecrtui.tui.retag.plan_form import PlanForm
from ecrtui.tui.retag.retag_form import RetagForm
from ecrtui.tui.saving import FileField
from ecrtui.tui.screens.activity import ActivityScreen
from ecrtui.tui.screens.compare import CompareScreen
from ecrtui.tui.screens.find import FindField, FindScreen
from ecrtui.tui.screens.image import ImageScreen
from ecrtui.tui.screens.images import ImagesScreen
from ecrtui.tui.screens.lifecycle import LifecycleScreen
from ecrtui.tui.screens.plan import PlanField, PlanScreen
from ecrtui.tui.screens.put_image import PutImageScreen
from ecrtui.tui.screens.repositories import RepositoriesScreen
from ecrtui.tui.screens.side_by_side import SideBySideScreen
from ecrtui.tui.table.table import Table
from ecrtui.tui.widgets.filter_bar import FilterBar
from ecrtui.tui.widgets.message_panel import MessagePanel

SCREENS = (
    RepositoriesScreen,
    ImagesScreen,
    ImageScreen,
    CompareScreen,
    PlanScreen,
    ActivityScreen,
    PutImageScreen,
    SideBySideScreen,
    FindScreen,
    LifecycleScreen,
)
OWNERS: tuple[type[DOMNode], ...] = (
    *SCREENS,
    EcrTuiApp,
    PlanForm,
    RetagForm,
    PromoteForm,
    BulkForm,
    Table,
    ManifestView,
    ManifestPane,
    ConfigPane,
    PaneText,
    SplitPane,
    ArtifactsPane,
    PackagesPane,
    FindingsPane,
    LinkedText,
    TagsPane,
    StructureTree,
    FilterBar,
    FileField,
    FindField,
    PlanField,
    ComparisonView,
    MessagePanel,
    Overlay,
    HelpOverlay,
    TextViewer,
    OverlayText,
    CopyMenu,
    ColumnMenu,
    ThemeMenu,
    Confirmation,
    SignInOverlay,
    CopiedText,
    ConnectionPicker,
)
"""Every class that binds actions of the table."""


def test_every_id_is_unique() -> None:
    ids = [action.id for action in actions.ACTIONS]
    assert len(ids) == len(set(ids))


def test_every_action_has_a_scope_with_a_title() -> None:
    scopes = {scope.id for scope in actions.SCOPES}
    assert {action.scope for action in actions.ACTIONS} == scopes
    assert all(scope.title for scope in actions.SCOPES)


def test_every_action_is_bound_by_some_class() -> None:
    bound = {action.id for owner in OWNERS for action in declared_actions(owner)}
    assert bound == set(actions.BY_ID)


@pytest.mark.parametrize("owner", OWNERS)
def test_every_class_implements_the_actions_it_binds(owner: type[DOMNode]) -> None:
    for action in declared_actions(owner):
        _, name, _ = parse(action.call)
        assert callable(getattr(owner, f"action_{name}", None)), action.id


@pytest.mark.parametrize("owner", OWNERS)
def test_no_two_actions_of_a_class_share_a_key(owner: type[DOMNode]) -> None:
    own = [action for action in declared_actions(owner) if action.scope != "overlay"]
    keys = [key for action in own for key in action.keys.split(",") if key]
    assert len(keys) == len(set(keys)), sorted(key for key in keys if keys.count(key) > 1)


@pytest.mark.parametrize("owner", OWNERS)
def test_all_bindings_come_from_the_table(owner: type[DOMNode]) -> None:
    own = [base for base in owner.__mro__ if base.__module__.startswith("ecrtui.")]
    ids = {
        binding.id if isinstance(binding, Binding) else None
        for base in own
        for binding in vars(base).get("BINDINGS", ())
    }
    assert ids <= set(actions.BY_ID)


def test_every_action_has_a_label_and_a_help_text() -> None:
    assert all(action.label and action.help for action in actions.ACTIONS)
    assert all(action.keys or action.palette for action in actions.ACTIONS)


def test_the_table_is_read_without_textual() -> None:
    code = "import sys, ecrtui.tui.actions; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
