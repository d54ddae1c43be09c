"""Messages from screens to the application: navigation, and events that concern other screens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message

if TYPE_CHECKING:
    from ecrtui.ecr.put_image_request import PutImageRequest, PutImageResult
    from ecrtui.errors import EcrTuiError
    from ecrtui.retag.engine import Engine
    from ecrtui.retag.plan import Plan
    from ecrtui.session import Session, SessionSource
    from ecrtui.tui.clipboard import CopyItem
    from ecrtui.tui.manifest.document import ManifestDocument


@dataclass
class Connected(Message):
    """A session source opened its session."""

    source: SessionSource
    session: Session


@dataclass
class OpenImages(Message):
    """Show the images of this repository."""

    source: SessionSource
    repository: str


@dataclass
class OpenImage(Message):
    """Show one image: its manifest and its structure.

    The subject is a digest or a tag. If the manifest is already on the screen, the message carries it.
    """

    source: SessionSource
    repository: str
    subject: str
    prepared: ManifestDocument | None = None


class GoBack(Message):
    """Close this screen."""


@dataclass
class OfferCopies(Message):
    """Let the user choose an item to copy."""

    entries: tuple[CopyItem, ...]


@dataclass
class ShowText(Message):
    """Show a text about an item on the screen, such as a row as YAML."""

    title: str
    text: str


@dataclass
class WriteBegan(Message):
    """A write to the registry of this source is in flight. Quitting waits for it."""

    source: SessionSource


@dataclass
class WriteEnded(Message):
    """The write has a result or an error."""

    source: SessionSource


class PlanRequest(NamedTuple):
    """A request for a plan of many tags. The user reviews and prunes the plan before applying it."""

    title: str
    make: Callable[[Engine, str], Plan]
    """Makes the plan from the typed text. Blocks; raises EcrTuiError."""
    question: str = ""
    """The question to ask first; empty for none."""


class PutImageDraft(NamedTuple):
    """The initial values of the Put image form."""

    wanted: PutImageRequest
    image: str = ""
    """The digest of the image whose manifest to put; empty if the user picked none."""
    file: str = ""
    """The file of the manifest; empty if it did not come from a file."""
    common: tuple[str, ...] = ()
    """The connection options for the equivalent command; empty for those of the session."""
    problem: str = ""
    """The problem of the command line that opened the form."""


@dataclass
class OpenPutImage(Message):
    """Show the Put image form with these values."""

    source: SessionSource
    draft: PutImageDraft


@dataclass
class PutImageFinished(Message):
    """The form called PutImage: the response, or the error."""

    result: PutImageResult | None
    error: EcrTuiError | None


@dataclass
class OpenPlan(Message):
    """Make the requested plan and show it."""

    source: SessionSource
    request: PlanRequest
