"""One image: its manifest, exact to the byte, and what it is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from textual import work
from textual.containers import Container
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from ecrtui.errors import EcrTuiError, NotFound
from ecrtui.model.digest import is_digest, short
from ecrtui.model.image import Finding, Image, Referrer, Repository
from ecrtui.model.manifest import Descriptor, Manifest, Structure
from ecrtui.model.manifest import parse as parse_manifest
from ecrtui.model.plan import Report
from ecrtui.services import clipboard
from ecrtui.services.catalogue import Catalogue
from ecrtui.services.session import Connect
from ecrtui.ui import actions, describe, io, messages, text
from ecrtui.ui import format as human
from ecrtui.ui.retagging import Retagging
from ecrtui.ui.widgets.manifest_view import ManifestView, prepare
from ecrtui.ui.widgets.notice import Notice
from ecrtui.ui.widgets.retag_form import Source
from ecrtui.ui.widgets.structure_tree import StructureTree


@dataclass(frozen=True, slots=True)
class ImageState:
    """What is known of the image so far."""

    repository: Repository | None = None
    image: Image | None = None
    manifest: Manifest | None = None
    structure: Structure = Structure()
    picked: str = ""
    """The digest under the cursor; empty for the image itself."""
    error: EcrTuiError | None = None


class ImagePlace(Retagging):
    """The image with this digest, or the one that this tag is at."""

    BINDINGS = actions.bindings("image", "manifest")
    SCOPES = ("app", "place", "image", "manifest")

    state: reactive[ImageState] = reactive(ImageState())

    def __init__(self, connect: Connect, repository: str, subject: str) -> None:
        super().__init__(connect)
        self.repository_name = repository
        self.subject = subject
