"""Messages from the screens to the application: which screen to open, and what happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ecrtui.tui.fields_message import FieldsMessage

if TYPE_CHECKING:
    from ecrtui.catalog.image_groups import ImageGroups
    from ecrtui.ecr.image import Image
    from ecrtui.ecr.location import RegistryLocation
    from ecrtui.ecr.put_image_request import PutImageRequest, PutImageResult
    from ecrtui.ecr.reference import Reference
    from ecrtui.errors import EcrTuiError
    from ecrtui.retag.engine import Engine
    from ecrtui.retag.plan import Plan
    from ecrtui.session import Session, SessionSource
    from ecrtui.tui.base_screen import AppScreen
    from ecrtui.tui.clipboard.copy_items import CopyItem
    from ecrtui.tui.external_programs import Program
    from ecrtui.tui.lists.column_choice import ChosenColumnsScreen
    from ecrtui.tui.manifest.document import ManifestDocument


class Connected(FieldsMessage):
    """A source has opened its session."""

    source: SessionSource
    session: Session


class LastKnown(FieldsMessage):
    """The cache names the registry of the last connection over a source.

    Args:
        source: the source.
        location: the registry.
        alias: the alias of its account; empty if it has none, or is not known.
    """

    source: SessionSource
    location: RegistryLocation
    alias: str


class ListLoaded(FieldsMessage):
    """A list was loaded, or a write changed images of it.

    Args:
        is_long: True for a list that takes much memory.
    """

    is_long: bool


class ConnectFailed(FieldsMessage):
    """A source could not open its session."""

    source: SessionSource
    error: EcrTuiError


class SwitchTo(FieldsMessage):
    """Show another connection in place of the one in use.

    Args:
        source: the source of its session.
        session: its session.
        start: what to show: a repository, an image, or all repositories if it is empty.
    """

    source: SessionSource
    session: Session
    start: Reference


class OpenSideBySide(FieldsMessage):
    """Show the repositories of several connections in one list."""

    sources: tuple[SessionSource, ...]


class LeftConnections(FieldsMessage):
    """The screen of these connections was closed."""

    sources: tuple[SessionSource, ...]


class OpenImages(FieldsMessage):
    """Open the images of a repository."""

    source: SessionSource
    repository: str


class OpenImage(FieldsMessage):
    """Open one image.

    Args:
        source: the source of the session.
        repository: its name.
        subject: a digest or a tag.
        prepared: the manifest of this digest, if it is on the screen already.
        pane: the id of the pane to show, as in :mod:`ecrtui.tui.inspector.pane_table`.
        parent: the digest of the index that the image was found in; empty if it is not known.
        image: its entry in a list; None if it is in no list. It is shown until it is read again.
    """

    source: SessionSource
    repository: str
    subject: str
    prepared: ManifestDocument | None = None
    pane: str = "overview"
    parent: str = ""
    image: Image | None = None


class ShowPane(FieldsMessage):
    """Show another pane of the image on the screen.

    Args:
        pane: its id.
        platform: the digest of the platform to select; empty to keep the selected one.
        tag: the tag whose history to show; empty to keep the tag that is shown.
    """

    pane: str
    platform: str = ""
    tag: str = ""


class FindText(FieldsMessage):
    """Find a text in all repositories of the open connections."""

    text: str


class OpenComparison(FieldsMessage):
    """Compare two images.

    Args:
        source: the source of the session.
        one: an image, by tag or digest.
        other: another image.
        platform: the digest of the platform to start with; empty for the one with the worst findings.
    """

    source: SessionSource
    one: Reference
    other: Reference
    platform: str = ""


class GoBack(FieldsMessage):
    """Leave a screen, unless an overlay that opened meanwhile is above it.

    Args:
        screen: the screen.
        screens: the number of screens to leave, this one and those below it.
    """

    screen: AppScreen
    screens: int = 1


class Copy(FieldsMessage):
    """Copy this text.

    Args:
        item: The text.
    """

    item: CopyItem


class OfferCopies(FieldsMessage):
    """Let the user choose a text to copy."""

    items: tuple[CopyItem, ...]


class PrintText(FieldsMessage):
    """Print a text on the terminal, without the screens, for selecting it."""

    text: str


class ShowText(FieldsMessage):
    """Show a text in an overlay, such as a row as YAML.

    Args:
        title: its title.
        text: the text.
        labelled: True if its lines have labels.
        copies: what the copy menu offers first.
    """

    title: str
    text: str
    labelled: bool = False
    copies: tuple[CopyItem, ...] = ()


class ChooseColumns(FieldsMessage):
    """Let the user choose the columns of the list on a screen."""

    screen: ChosenColumnsScreen[Any]


class OpenInProgram(FieldsMessage):
    """Show a text in the pager or the editor of the user.

    Args:
        program: which one.
        name: the name of the file with the text.
        text: the text.
    """

    program: Program
    name: str
    text: str


class EditText(FieldsMessage):
    """Let the user edit a copy of a text in their editor.

    Args:
        name: the name of the file with the copy.
        text: the text.
        done: called with the changed text; not called if nothing was changed.
    """

    name: str
    text: str
    done: Callable[[str], None]


class OpenLifecycle(FieldsMessage):
    """Show what the lifecycle policy of a repository would do.

    Args:
        source: the source of the session.
        repository: its name.
        images: all its images, if they are listed.
        groups: which of its images belong together, as far as that is known.
        digest: the digest of an image; the screen starts with the rule that decides about it. Empty for the first rule.
    """

    source: SessionSource
    repository: str
    images: Sequence[Image] | None = None
    groups: ImageGroups | None = None
    digest: str = ""


class WriteBegan(FieldsMessage):
    """A write to the registry of this source is in flight; quitting waits for it."""

    source: SessionSource


class WriteEnded(FieldsMessage):
    """The write has a result or an error."""

    source: SessionSource


class PlanRequest(NamedTuple):
    """A change to many tags. The user reads and prunes its plan before it is applied."""

    title: str
    make: Callable[[Engine, str], Plan]
    """Make the plan from the user's input. Blocks; raises EcrTuiError."""
    question: str = ""
    """The placeholder of the input; empty if the plan needs no input."""


class PutImageDraft(NamedTuple):
    """The initial content of the Put image form."""

    request: PutImageRequest
    image: str = ""
    """The digest of an image in the repository whose manifest to load; empty for none."""
    file: str = ""
    """The file that the manifest of the request was read from; empty for none."""
    common: tuple[str, ...] = ()
    """The connection options for the equivalent command; empty to use those of the session."""
    problem: str = ""
    """The reason why the command line could not be used as it was typed."""


class OpenPutImage(FieldsMessage):
    """Open the Put image form."""

    source: SessionSource
    draft: PutImageDraft


class PutImageFinished(FieldsMessage):
    """PutImage returned a result or failed."""

    result: PutImageResult | None
    error: EcrTuiError | None


class OpenPlan(FieldsMessage):
    """Make a plan and open it."""

    source: SessionSource
    request: PlanRequest
