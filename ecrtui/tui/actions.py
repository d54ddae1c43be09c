"""The one table of what a user can do: bindings, footer, palette, help and the keymap are all made from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from textual.binding import Binding, BindingType


class Action(NamedTuple):
    """Something a user can do.

    Args:
        id: stable name, ``scope.verb``; what a keymap in the settings refers to.
        keys: default keys, comma separated, as Textual names them.
        call: the Textual action; it is looked up on the place that the scope stands for.
        label: a word or two for the footer.
        help: what it does, for the help screen and the palette.
        footer: whether the footer shows it.
        palette: whether the command palette offers it.
        priority: whether it comes before the focused widget's own keys.
    """

    id: str
    keys: str
    call: str
    label: str
    help: str
    footer: bool = False
    palette: bool = True
    priority: bool = False

    @property
    def scope(self) -> str:
        """Where it is offered: ``app`` is everywhere."""
        return self.id.partition(".")[0]


ACTIONS = (
    Action("app.help", "question_mark,f1", "help", "help", "Keys and what they do, here and now", footer=True),
    Action(
        "app.palette", "colon,ctrl+p", "command_palette", "commands", "Everything by name", footer=True, palette=False
    ),
    Action("app.activity", "a", "activity", "activity", "Every write so far: what was, what is now, undo"),
    Action("app.theme", "", "change_theme", "theme", "Choose a theme; it is remembered"),
    Action("app.mouse_off", "", "toggle_header", "header", "Hide or show the header line"),
    Action("app.quit", "q,ctrl+q,ctrl+c", "quit", "quit", "Leave; a write in flight is finished first", footer=True),
    Action("place.back", "escape", "back", "back", "One step back: the filter first, then the place", palette=False),
    Action("place.refresh", "ctrl+r", "refresh_place", "refresh", "Read it again from the registry"),
    Action("place.retry", "r", "retry", "retry", "Try again after an error; goes on where it stopped", palette=False),
    Action("place.copy", "c", "copy_menu", "copy", "Copy a URI, a digest, a tag or a command line", footer=True),
    Action(
        "row.open", "enter", "open", "open", "Go deeper: the repository's images, the image's manifest", palette=False
    ),
    Action("list.filter", "slash", "filter", "filter", "Show only the rows that match", footer=True),
    Action("list.sort", "s", "sort", "sort", "Sort by the next column", footer=True),
    Action("list.turn", "S", "turn", "turn order", "Turn the order of the sorted column"),
    Action("list.describe", "d", "describe", "describe", "Everything that is known of the row", footer=True),
    Action("list.yaml", "y", "yaml", "yaml", "The row as YAML"),
    Action(
        "repositories.promote",
        "t",
        "promote",
        "tag in all",
        "In each marked repository, the image that has one tag gets another",
    ),
    Action("image.retag", "t", "retag", "tag", "Give this image another tag, or move a tag here", footer=True),
    Action("image.config", "i", "config", "config", "The image's config: environment, entrypoint, labels, history"),
    Action("image.findings", "f", "findings", "findings", "What the scan of the image has found"),
    Action("manifest.pane", "o", "other_pane", "other pane", "From the manifest to what it is made of, and back"),
    Action(
        "manifest.search", "slash", "search", "search", "Find text in the manifest; n and N go through what was found"
    ),
    Action("plan.apply", "enter", "apply", "apply", "Carry the plan out, after one more look", footer=True),
    Action("plan.strike", "x", "strike", "strike out", "Take this row out of the plan", footer=True),
    Action(
        "plan.strike_refused",
        "X",
        "strike_refused",
        "strike refused",
        "Take every refused row out of the plan",
        footer=True,
    ),
    Action("plan.ask", "e", "ask", "edit", "Change what the plan is made from"),
    Action("plan.save", "w", "save", "save", "Save the plan or its result as CSV or JSON", footer=True),
    Action("activity.undo", "u", "undo", "undo", "Take this write back, as a plan that you confirm", footer=True),
    Action("activity.undo_plan", "U", "undo_plan", "undo plan", "Take back everything that this plan has done"),
    Action(
        "activity.find_out",
        "f",
        "find_out",
        "find out",
        "Read from the registry what became of unknown writes",
        footer=True,
    ),
    Action("images.untag", "X", "untag", "remove tags", "Remove tags of this image; never its last one"),
    Action("images.diff", "D", "diff", "compare", "How the image under the cursor differs from the marked one"),
    Action("images.swap", "", "swap", "swap two tags", "Each of two tags of this repository to where the other is"),
    Action(
        "images.copy_tags", "", "copy_tags", "copy all tags", "All tags of the marked image to the one under the cursor"
    ),
    Action(
        "put_image.open",
        "",
        "put_image",
        "put image from a manifest file",
        "Put image: every parameter as a field; the manifest from a file, pasted, or of the image under the cursor",
    ),
    Action(
        "put_form.plan", "ctrl+s,f2", "plan", "plan", "What it would do, and then do it", footer=True, priority=True
    ),
    Action(
        "put_form.copy",
        "f3",
        "copy_menu",
        "copy command",
        "Copy the AWS CLI's command, the digest, the manifest",
        footer=True,
        priority=True,
    ),
    Action(
        "put_form.line_ends",
        "f4",
        "line_ends",
        "line ends",
        "Change the line ends of the manifest: as it came, LF, CRLF",
        footer=True,
        priority=True,
    ),
    Action("marks.mark", "space", "mark", "mark", "Mark the row for a bulk retag"),
    Action(
        "marks.mark_range",
        "ctrl+@,ctrl+space",
        "mark_range",
        "mark range",
        "Mark every row from the last mark to here",
    ),
    Action("marks.mark_all", "asterisk", "mark_all", "mark all", "Mark all rows that match the filter, or none"),
)

_BY_ID = {action.id: action for action in ACTIONS}


def of(*scopes: str) -> tuple[Action, ...]:
    """The actions of these scopes, in the table's order."""
    return tuple(action for action in ACTIONS if action.scope in scopes)


def bindings(*scopes: str) -> list[BindingType]:
    """Textual bindings for the actions of these scopes."""
    return [_binding(action) for action in of(*scopes) if action.keys]


def known_ids() -> Iterable[str]:
    """Every action id that a keymap may name."""
    return _BY_ID.keys()


def _binding(action: Action) -> Binding:
    return Binding(
        action.keys,
        action.call,
        action.label,
        tooltip=action.help,
        show=action.footer,
        id=action.id,
        priority=action.priority,
    )
