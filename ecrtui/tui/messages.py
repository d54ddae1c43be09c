"""What places tell the application: where to go next, and what just happened."""

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
    """A source has its session."""

    source: SessionSource
    session: Session


@dataclass
class OpenImages(Message):
    """Show the images of this repository."""

    source: SessionSource
    repository: str


@dataclass
class OpenImage(Message):
    """Show one image: its manifest, and what it is made of.

    The subject is a digest or a tag; the manifest of that digest comes with it if it is on the screen already.
    """

    source: SessionSource
    repository: str
    subject: str
    prepared: ManifestDocument | None = None


class GoBack(Message):
    """Leave this place."""


@dataclass
class OfferCopies(Message):
    """Let the user choose one of these to copy."""

    entries: tuple[CopyItem, ...]


@dataclass
class ShowText(Message):
    """Show a text that belongs to what is on the screen: a row as YAML, the facts of a repository."""

    title: str
    text: str


@dataclass
class WriteBegan(Message):
    """A write to the registry of this source is in flight; quitting waits for it."""

    source: SessionSource


@dataclass
class WriteEnded(Message):
    """The write has a result or an error."""

    source: SessionSource


class PlanRequest(NamedTuple):
    """Something that is done to many tags at once, as a plan that is read and pruned before it is carried out."""

    title: str
    make: Callable[[Engine, str], Plan]
    """Makes the plan from what was typed; blocks, raises EcrTuiError."""
    question: str = ""
    """What has to be typed first; empty for nothing."""


class PutImageDraft(NamedTuple):
    """What the Put image form begins with."""

    wanted: PutImageRequest
    image: str = ""
    """The digest of the image of that repository whose manifest is to be put; empty if none was picked."""
    file: str = ""
    """The file that the manifest was read from; empty if it came from elsewhere."""
    common: tuple[str, ...] = ()
    """The connection options that the equivalent command has; those of the session if empty."""
    problem: str = ""
    """Why the line that was typed could not be used as it was."""


@dataclass
class OpenPutImage(Message):
    """Fill in what PutImage takes, beginning with this."""

    source: SessionSource
    draft: PutImageDraft


@dataclass
class PutImageFinished(Message):
    """PutImage was tried from the form: what it answered, or what went wrong."""

    result: PutImageResult | None
    error: EcrTuiError | None


@dataclass
class OpenPlan(Message):
    """Make the plan of this wish and show it."""

    source: SessionSource
    wish: PlanRequest
