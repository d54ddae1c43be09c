"""The table of everything a user can do; bindings, footer, help, command palette and keymap come from it.

Standard library only: ``ecrtui keys`` prints the table without loading Textual.
"""

from __future__ import annotations

from typing import NamedTuple


class Scope(NamedTuple):
    """A group of actions that one class binds: a screen, a form, a widget or an overlay.

    Args:
        id: the first part of the ids of its actions.
        title: its heading in the help.
    """

    id: str
    title: str


class Action(NamedTuple):
    """Something a user can do.

    Args:
        id: stable name, ``scope.verb``; ``[keys]`` in the settings refers to it.
        keys: default keys, comma separated, as Textual names them; empty for none.
        call: the Textual action, looked up on the class that binds the scope.
        label: one or two words for the footer.
        help: one sentence for the help and the command palette.
        footer: whether the footer shows it.
        palette: whether the command palette offers it.
        priority: whether it comes before the keys of the focused widget.
        writes: whether it leads to nothing but writes to the registry of its screen, which can be read-only.
    """

    id: str
    keys: str
    call: str
    label: str
    help: str
    footer: bool = False
    palette: bool = True
    priority: bool = False
    writes: bool = False

    @property
    def scope(self) -> str:
        """The id of its scope."""
        return self.id.partition(".")[0]


SCOPES = (
    Scope("plan_form", "Plan form"),
    Scope("bulk_form", "Bulk plan form"),
    Scope("promote_form", "Promote form"),
    Scope("list", "List"),
    Scope("watch", "Watch"),
    Scope("row", "Row"),
    Scope("images", "Images"),
    Scope("repositories", "Repositories"),
    Scope("find", "Find in all repositories"),
    Scope("find_field", "Text to find"),
    Scope("marks", "Marks"),
    Scope("plan", "Plan"),
    Scope("plan_field", "Input of a plan"),
    Scope("activity", "Activity"),
    Scope("image", "Image"),
    Scope("undo", "Undo"),
    Scope("dry_run", "Lifecycle policy"),
    Scope("lifecycle", "Lifecycle"),
    Scope("file_field", "File name"),
    Scope("inspector", "Panes of the image"),
    Scope("findings", "Findings"),
    Scope("text_pane", "Text of the pane"),
    Scope("split_pane", "Halves of the pane"),
    Scope("artifacts_pane", "Artifacts"),
    Scope("packages_pane", "Packages"),
    Scope("compare", "Compare"),
    Scope("tags_pane", "Tag history"),
    Scope("linked_text", "Lines that open something"),
    Scope("manifest", "Manifest and contents"),
    Scope("put_image", "Put image"),
    Scope("put_image_form", "Put image form"),
    Scope("table", "Move in the list"),
    Scope("manifest_view", "Move in the manifest"),
    Scope("structure", "Move in the contents"),
    Scope("filter_bar", "Filter"),
    Scope("message_panel", "Error message"),
    Scope("screen", "This screen"),
    Scope("app", "Everywhere"),
    Scope("overlay", "Overlays"),
    Scope("help", "Help"),
    Scope("text_viewer", "Text viewer"),
    Scope("copied_text", "Text to copy"),
    Scope("text", "Move in the text"),
    Scope("sign_in", "Sign-in"),
    Scope("menu", "Menus"),
    Scope("copy_menu", "Copy menu"),
    Scope("columns", "Columns"),
    Scope("connections", "Connection picker"),
)
"""All scopes, in the order of the help: the most specific first."""


def _movement(scope: str) -> tuple[Action, ...]:
    """Return the actions that move in a widget that scrolls."""
    return tuple(
        Action(f"{scope}.{call}", keys, call, call.replace("_", " "), help, palette=False)
        for call, keys, help in (  # noqa: A001 - the column's name
            ("down", "j,down", "Move one line down"),
            ("up", "k,up", "Move one line up"),
            ("top", "g,home", "Go to the first line"),
            ("bottom", "G,end", "Go to the last line"),
            ("page_down", "ctrl+d,pagedown", "Move one page down"),
            ("page_up", "ctrl+u,pageup", "Move one page up"),
            ("right", "l,right", "Scroll right"),
            ("left", "h,left", "Scroll left"),
        )
    )


def _programs(scope: str, text: str) -> tuple[Action, ...]:
    """Return the actions that show a text in programs of the user."""
    return (
        Action(f"{scope}.pager", "v", "pager", "pager", f"Show {text} in your pager (PAGER)"),
        Action(
            f"{scope}.editor",
            "e",
            "editor",
            "editor",
            f"Open a copy of {text} in your editor (EDITOR); nothing is sent",
        ),
    )


def _matches(scope: str, more: str = "") -> tuple[Action, ...]:
    """Return the actions of a text that wraps and can be searched; ``more`` is what else the keys move to."""
    return (
        Action(f"{scope}.next", "n", "next", "next", f"Go to the next match{more}", palette=False),
        Action(f"{scope}.previous", "N", "previous", "previous", f"Go to the previous match{more}", palette=False),
        Action(f"{scope}.wrap", "w", "wrap", "wrap", "Wrap or scroll long lines"),
    )


ACTIONS = (
    Action("plan_form.submit", "enter", "submit", "apply", "Apply the plan; close the result", palette=False),
    Action("plan_form.close", "escape", "close", "close", "Cancel, or close the result", palette=False, priority=True),
    Action("plan_form.retry", "r", "retry", "try again", "Plan again after a failure"),
    Action("plan_form.undo", "u", "undo", "undo", "Undo what the result shows; you confirm the plan", writes=True),
    Action("plan_form.redo", "U", "redo", "redo", "Redo what the undo took back; you confirm the plan", writes=True),
    Action("plan_form.save", "w", "save", "save", "Save the result as Markdown, CSV or JSON"),
    Action("plan_form.copy", "c", "copy_result", "copy", "Copy the result as Markdown, CSV or JSON"),
    Action("plan_form.manifest", "m", "manifest", "manifest", "Show the manifest that PutImage returned"),
    Action("plan_form.scroll_down", "down,j", "scroll(1)", "down", "Scroll one line down", palette=False),
    Action("plan_form.scroll_up", "up,k", "scroll(-1)", "up", "Scroll one line up", palette=False),
    Action(
        "bulk_form.on_conflict",
        "o",
        "on_conflict",
        "on conflict",
        "Stop or continue when someone else moved one of the tags",
    ),
    Action(
        "bulk_form.remove_refused",
        "X",
        "remove_refused",
        "remove refused",
        "Remove every refused row from the plan, and plan the others again",
    ),
    Action(
        "promote_form.create_repository",
        "f4",
        "create_repository",
        "create repository",
        "Create the repository of the target if it does not exist, or do not",
    ),
    Action("list.filter", "slash", "filter", "filter", "Show only matching rows", footer=True),
    Action("list.sort", "s", "sort", "sort", "Sort by the next column", footer=True),
    Action("list.reverse", "S", "reverse", "reverse", "Reverse the sort order"),
    Action("list.columns", "C", "columns", "columns", "Choose and order the columns; saved in your settings"),
    Action("list.describe", "d", "describe", "describe", "Show all details of the row", footer=True),
    Action("list.yaml", "y", "yaml", "yaml", "Show the row as YAML"),
    Action(
        "watch.toggle",
        "W",
        "watch",
        "watch",
        "Watch the list or the image: show what changes; or end it",
    ),
    Action("watch.next", "n", "next_change", "next change", "Go to the next row that changed", palette=False),
    Action("row.open", "enter", "open", "open", "Open the row", footer=True, palette=False),
    Action(
        "images.read_indexes",
        "I",
        "read_indexes",
        "read indexes",
        "Read the indexes, to know their parts; counts as a pull",
        footer=True,
    ),
    Action("images.unfold", "plus", "unfold", "unfold", "Show the parts of the image: platforms, signatures"),
    Action("images.fold", "minus", "fold", "fold", "Hide the parts of the image"),
    Action("images.fold_all", "underscore", "fold_all", "fold all", "Hide the parts of all images, or show them"),
    Action("images.manifest", "o", "manifest", "manifest", "Show the manifest beside the list, or the facts again"),
    Action("images.untag", "X", "untag", "remove tags", "Remove tags of this image, except the last one", writes=True),
    Action(
        "images.swap", "", "swap", "swap two tags", "Exchange the images of two tags of this repository", writes=True
    ),
    Action(
        "images.copy_tags",
        "",
        "copy_tags",
        "copy all tags",
        "Copy all tags of the marked image to this image",
        writes=True,
    ),
    Action(
        "repositories.promote",
        "t",
        "promote",
        "tag in all",
        "In each marked repository, give the image with one tag another tag",
        footer=True,
        writes=True,
    ),
    Action(
        "find.tag", "t", "tag", "tag", "Plan a tag for all marked images, or for this image", footer=True, writes=True
    ),
    Action(
        "find.read_indexes",
        "I",
        "read_indexes",
        "read manifests",
        "Read manifests of this repository: of indexes, or of the images of a layer; counts as a pull",
    ),
    Action("find.export", "x", "export", "export", "Save what was found as CSV, JSON or Markdown", footer=True),
    Action("find_field.search", "enter", "submit", "search", "Search all repositories", footer=True, palette=False),
    Action(
        "repositories.totals",
        "z",
        "totals",
        "totals",
        "Count the images of all repositories, one request for each 1,000, and read their lifecycle policies",
        footer=True,
    ),
    Action("marks.mark", "space", "mark", "mark", "Mark or unmark the row for a bulk retag", footer=True),
    Action(
        "marks.mark_range",
        "ctrl+@,ctrl+space",
        "mark_range",
        "mark range",
        "Mark every row from the last mark to this row",
    ),
    Action("marks.mark_all", "asterisk", "mark_all", "mark all", "Mark all rows that match the filter, or none"),
    Action("plan.apply", "enter", "apply", "apply", "Apply the plan, after a confirmation", footer=True, writes=True),
    Action("plan.remove_row", "x", "remove_row", "remove", "Remove this row from the plan", footer=True),
    Action(
        "plan.remove_refused",
        "X",
        "remove_refused",
        "remove refused",
        "Remove every refused row from the plan",
        footer=True,
    ),
    Action("plan_field.plan", "enter", "submit", "plan", "Make the plan", footer=True, palette=False),
    Action("plan.edit", "e", "edit", "edit", "Edit the input of the plan"),
    Action("plan.save", "w", "save", "save", "Save the plan, or its result for a change ticket", footer=True),
    Action(
        "activity.undo", "u", "undo", "undo", "Plan to undo this write; you confirm the plan", footer=True, writes=True
    ),
    Action(
        "activity.save",
        "w,x",
        "save",
        "save",
        "Save the marked or the shown writes as Markdown, CSV or JSON",
        footer=True,
    ),
    Action("activity.undo_plan", "U", "undo_plan", "undo plan", "Plan to undo every write of this plan", writes=True),
    Action(
        "activity.resolve_unknown",
        "f",
        "resolve_unknown",
        "resolve",
        "Read the registry to resolve writes with unknown outcome",
        footer=True,
    ),
    Action(
        "image.retag", "t", "retag", "tag", "Give this image another tag, or move a tag to it", footer=True, writes=True
    ),
    Action(
        "image.promote",
        "p",
        "promote",
        "promote",
        "Copy this image, or the marked ones, to another repository or account",
    ),
    Action("image.config", "i", "config", "config", "Show the config: environment, entrypoint, labels, history"),
    Action("image.findings", "f", "findings", "findings", "Show scan findings"),
    Action(
        "undo.undo",
        "u",
        "undo",
        "undo",
        "Plan to undo the newest write here; you confirm the plan",
        footer=True,
        writes=True,
    ),
    Action("undo.redo", "U", "redo", "redo", "Plan to redo the newest undo here; you confirm the plan", writes=True),
    Action("dry_run.lifecycle", "L", "lifecycle", "lifecycle", "Show what the lifecycle policy would do"),
    Action("lifecycle.open", "enter", "open", "open", "Go to the images of the rule; open the image", palette=False),
    Action("lifecycle.switch_pane", "o,tab", "switch_pane", "switch", "Switch between the rules and the images"),
    Action(
        "lifecycle.retag",
        "t",
        "retag",
        "tag",
        "Give this image another tag, so that another rule decides about it, or none",
        footer=True,
        writes=True,
    ),
    Action("lifecycle.preview", "E", "preview", "ask ECR", "Ask ECR what the policy would do (a preview)", footer=True),
    Action(
        "lifecycle.edit",
        "e",
        "edit",
        "edit a copy",
        "Edit a copy of the policy in your editor (EDITOR) and evaluate it; nothing is sent",
        footer=True,
    ),
    Action(
        "lifecycle.read_indexes",
        "I",
        "read_indexes",
        "read indexes",
        "Read the indexes, to know which images are parts; counts as a pull",
    ),
    Action("lifecycle.save", "x", "save", "export", "Save the dry run as Markdown, CSV or JSON", footer=True),
    Action("file_field.save", "enter", "submit", "save", "Save the file", footer=True, palette=False),
    Action("file_field.close", "escape", "close", "cancel", "Save nothing", True, palette=False, priority=True),
    Action(
        "image.diff",
        "D",
        "diff",
        "compare",
        "Compare this image with the marked image, or with one that you name",
        footer=True,
    ),
    *(
        Action(f"compare.{name}", str(number), f"section({number})", name, f"Show {what}", palette=False)
        for number, (name, what) in enumerate(
            (
                ("summary", "the summary"),
                ("config", "the configs: environment, labels, every member"),
                ("layers", "the layers that both images share, and the others"),
                ("packages", "the packages of the SBOMs"),
                ("findings", "fixed and new findings"),
                ("manifest", "the members of the manifests"),
            ),
            1,
        )
    ),
    Action("compare.next_section", "right_square_bracket", "step_section(1)", "next section", "Show the next section"),
    Action(
        "compare.previous_section",
        "left_square_bracket",
        "step_section(-1)",
        "previous section",
        "Show the previous section",
    ),
    Action("compare.next_change", "tab", "change(1)", "next change", "Go to the next difference", footer=True),
    Action("compare.previous_change", "shift+tab", "change(-1)", "previous change", "Go to the previous difference"),
    Action("compare.everything", "a", "everything", "all", "Show everything, or only what differs", footer=True),
    Action("compare.swap", "equals_sign", "swap", "swap", "Exchange A and B", footer=True),
    Action(
        "compare.next_platform", "greater_than_sign", "step_platform(1)", "next platform", "Compare the next platform"
    ),
    Action(
        "compare.previous_platform",
        "less_than_sign",
        "step_platform(-1)",
        "previous platform",
        "Compare the previous platform",
    ),
    Action(
        "compare.retag",
        "t",
        "retag",
        "tag B",
        "Tag image B; the tags of image A are proposed",
        footer=True,
        writes=True,
    ),
    Action("compare.search", "slash", "search", "search", "Find words in the section"),
    Action("compare.export", "x", "export", "export", "Save the comparison as Markdown or JSON", footer=True),
    *(
        Action(f"inspector.{pane}", key, f"show_pane('{pane}')", pane, f"Show {what}")
        for key, pane, what in (
            ("1", "overview", "the overview: platforms, signatures, findings, lifecycle, tags"),
            ("2", "manifest", "the exact manifest and its contents"),
            ("3", "config", "the config: environment, entrypoint, labels, history"),
            ("4", "layers", "the layers, with the steps that made them"),
            ("5", "findings", "the scan findings"),
            ("6", "artifacts", "signatures, SBOMs, attestations and other artifacts"),
            ("7", "tags", "the tags and their history"),
            ("8", "packages", "the packages of the SBOM"),
            ("9", "raw", "the replies of DescribeImages and ListImageReferrers"),
        )
    ),
    Action("inspector.next_pane", "right_square_bracket", "step_pane(1)", "next pane", "Show the next pane"),
    Action(
        "inspector.previous_pane", "left_square_bracket", "step_pane(-1)", "previous pane", "Show the previous pane"
    ),
    Action(
        "inspector.next_platform", "greater_than_sign", "step_platform(1)", "next platform", "Select the next platform"
    ),
    Action(
        "inspector.previous_platform",
        "less_than_sign",
        "step_platform(-1)",
        "previous platform",
        "Select the previous platform",
    ),
    Action("inspector.up", "minus", "parent", "up", "Go up to the index of a platform, or the subject of a referrer"),
    Action("inspector.describe", "d", "describe", "describe", "Show the reply of DescribeImages as JSON"),
    Action("inspector.yaml", "y", "yaml", "yaml", "Show the reply of DescribeImages as YAML"),
    Action("findings.search", "slash", "search", "filter", "Show only matching findings", footer=True),
    Action("findings.sort", "s", "sort", "sort", "Sort by the next column", footer=True),
    Action("findings.reverse", "S", "reverse", "reverse", "Reverse the sort order"),
    Action("findings.with_fix", "e", "with_fix", "with fix", "Show only findings with a fix, or all again", True),
    Action("findings.save", "x", "save", "export", "Save the shown findings as CSV or JSON", footer=True),
    Action(
        "findings.elsewhere",
        "asterisk",
        "elsewhere",
        "other tags",
        "Ask in which of the newest tagged images the findings are",
        footer=True,
    ),
    Action("findings.switch_half", "o,enter", "switch_half", "switch half", "Switch between the table and the text"),
    Action("text_pane.search", "slash", "search", "search", "Find text in the pane", footer=True),
    Action("text_pane.save", "x", "save", "save", "Save the text of the pane in a file"),
    *_programs("text_pane", "the text of the pane"),
    Action(
        "split_pane.switch_half",
        "o",
        "switch_half",
        "other half",
        "Move between the table and the text below it",
        footer=True,
    ),
    Action("split_pane.next", "n", "next", "next", "Go to the next match, in the text and in the table", palette=False),
    Action(
        "split_pane.previous",
        "N",
        "previous",
        "previous",
        "Go to the previous match, in the text and in the table",
        palette=False,
    ),
    Action("artifacts_pane.open", "enter", "open", "read", "Read what is in the artifact", footer=True),
    Action(
        "artifacts_pane.pretty", "p", "pretty", "pretty", "Show what the content says, or its exact text", footer=True
    ),
    Action("packages_pane.filter", "slash", "filter", "filter", "Filter the packages", footer=True),
    Action("packages_pane.sort", "s", "sort", "sort", "Sort by the next column", footer=True),
    Action("packages_pane.reverse", "S", "reverse", "reverse", "Reverse the sort order"),
    Action("packages_pane.save", "x", "save", "export", "Save the packages that are shown, as CSV", footer=True),
    Action(
        "packages_pane.switch_half", "o,enter", "switch_half", "switch half", "Switch between the table and the text"
    ),
    Action(
        "tags_pane.put_back",
        "t",
        "put_back",
        "put back",
        "Plan to put the tag back at the image of the row",
        True,
        writes=True,
    ),
    Action("tags_pane.compare", "D", "compare", "compare", "Compare the image of the row with this image"),
    Action("linked_text.open", "enter", "open_link", "open", "Open what the line is about", True, palette=False),
    Action("manifest.switch_pane", "o", "switch_pane", "switch half", "Switch between the manifest and the contents"),
    Action(
        "manifest.pretty", "p", "pretty", "pretty", "Pretty-print the manifest, or show its exact bytes", footer=True
    ),
    Action(
        "put_image.open",
        "",
        "put_image",
        "put image",
        "Put an image: the manifest from a file, pasted, or of the selected image",
    ),
    Action("put_image_form.plan", "ctrl+s,f2", "plan", "plan", "Show the plan, then apply it", True, priority=True),
    Action(
        "put_image_form.copy",
        "f3",
        "copy_menu",
        "copy command",
        "Copy the AWS CLI command, the digest or the manifest",
        footer=True,
        priority=True,
    ),
    Action(
        "put_image_form.line_endings",
        "f4",
        "line_endings",
        "line endings",
        "Change the line endings of the manifest: original, LF, CRLF",
        footer=True,
        priority=True,
    ),
    *_movement("table"),
    *_movement("manifest_view"),
    Action("manifest_view.next_digest", "tab", "next_digest", "next digest", "Go to the next digest", palette=False),
    Action(
        "manifest_view.previous_digest",
        "shift+tab",
        "previous_digest",
        "previous digest",
        "Go to the previous digest",
        palette=False,
    ),
    *_matches("manifest_view", " or digest"),
    Action("manifest_view.open", "enter", "select", "open", "Open the digest under the cursor", palette=False),
    Action("structure.down", "j", "cursor_down", "down", "Move one line down", palette=False),
    Action("structure.up", "k", "cursor_up", "up", "Move one line up", palette=False),
    Action("structure.top", "g", "scroll_home", "top", "Go to the first line", palette=False),
    Action("structure.bottom", "G", "scroll_end", "bottom", "Go to the last line", palette=False),
    Action("structure.page_down", "ctrl+d", "page_down", "page down", "Move one page down", palette=False),
    Action("structure.page_up", "ctrl+u", "page_up", "page up", "Move one page up", palette=False),
    Action("filter_bar.clear", "escape", "drop", "no filter", "Clear the filter", True, palette=False, priority=True),
    Action("filter_bar.close", "down", "keep", "keep filter", "Keep the filter and go to the list", palette=False),
    Action(
        "filter_bar.complete",
        "tab",
        "complete",
        "complete",
        "Complete the word; again: the next choice",
        footer=True,
        palette=False,
    ),
    Action("filter_bar.recall", "up", "recall", "used before", "Show the filter that was used before", palette=False),
    Action("message_panel.retry", "r,enter", "retry", "try again", "Try again", footer=True, palette=False),
    Action("screen.back", "escape", "back", "back", "Clear the filter; without one, leave this screen"),
    Action("screen.refresh", "ctrl+r", "refresh_screen", "refresh", "Read the data from the registry again"),
    Action("screen.retry", "r", "retry", "try again", "Try again after an error", palette=False),
    Action("screen.copy", "c", "copy_menu", "copy", "Copy a URI, a digest, a tag or a command line", footer=True),
    Action("app.help", "question_mark,f1", "help", "help", "Show the keyboard shortcuts of this screen", footer=True),
    Action("app.palette", "colon,ctrl+p", "command_palette", "commands", "Command palette", footer=True, palette=False),
    Action("app.find", "F", "find", "find", "Find a tag, a digest or an image in all repositories", footer=True),
    Action("app.activity", "a", "activity", "activity", "Show all writes to this registry; undo them"),
    Action(
        "app.unlock",
        "exclamation_mark",
        "unlock",
        "unlock",
        "Allow writes to a read-only registry for some minutes, or refuse them again",
    ),
    Action("app.profile", "P", "choose_profile", "profile", "Connect with another profile"),
    Action("app.region", "R", "choose_region", "region", "Connect to another region"),
    Action("app.settings", "", "show_settings", "settings", "Show each setting, its value, and what sets it"),
    Action(
        "app.permissions",
        "",
        "show_permissions",
        "permissions",
        "Show what ECR has denied, and copy the IAM policy that allows it",
    ),
    Action("app.theme", "", "change_theme", "theme", "Choose a theme; it is saved in your settings"),
    Action("app.toggle_header", "", "toggle_header", "header", "Show or hide the header"),
    Action("app.repaint", "ctrl+l", "repaint", "repaint", "Draw the screen again, after other output on the terminal"),
    Action("app.suspend", "ctrl+z", "suspend_process", "suspend", "Stop ecrtui; the shell's fg continues it"),
    Action("app.quit", "q,ctrl+q,ctrl+c", "quit", "quit", "Quit; a write in flight completes first", footer=True),
    Action("overlay.close", "escape,q", "leave", "close", "Close the overlay", True, palette=False),
    Action("help.close", "question_mark,f1", "leave", "close", "Close the help", palette=False),
    Action("text_viewer.close", "enter", "leave", "close", "Close the text", palette=False),
    Action("text_viewer.search", "slash", "search", "find", "Find words in the text", footer=True),
    Action("text_viewer.copy", "c", "copy_text", "copy", "Copy the text, or the lines with a match", footer=True),
    *_programs("text_viewer", "the text"),
    Action("copied_text.close", "enter", "leave", "close", "Close the text", palette=False),
    Action("copied_text.print", "p", "print", "print", "Print the text on the terminal, where you can select it"),
    Action("sign_in.copy_page", "c", "copy_page", "copy page", "Copy the address of the page", palette=False),
    Action("sign_in.copy_code", "y", "copy_code", "copy code", "Copy the code", palette=False),
    *_movement("text"),
    *_matches("text"),
    Action("menu.down", "j", "down", "down", "Move one line down", palette=False),
    Action("menu.up", "k", "up", "up", "Move one line up", palette=False),
    Action("columns.toggle", "space", "toggle_column", "show or hide", "Show or hide the column", palette=False),
    Action("columns.move_up", "K,shift+up", "move(-1)", "move up", "Move the column to the left", palette=False),
    Action("columns.move_down", "J,shift+down", "move(1)", "move down", "Move the column to the right", palette=False),
    Action("columns.save", "enter", "save", "save", "Save the columns", palette=False),
    Action("columns.reset", "r", "reset", "default", "Show the default columns", palette=False),
    *(
        Action(f"copy_menu.pick_{n}", str(n), f"pick({n})", f"copy {n}", f"Copy entry {n}", palette=False)
        for n in range(1, 10)
    ),
    Action("connections.open", "enter", "open", "connect", "Connect; the screens switch if it works", palette=False),
    Action("connections.mark", "tab", "mark", "mark", "Mark or unmark the row", palette=False, priority=True),
    Action("connections.down", "down", "down", "down", "Move one row down", palette=False),
    Action("connections.up", "up", "up", "up", "Move one row up", palette=False),
    Action("connections.page_down", "pagedown", "page_down", "page down", "Move one page down", palette=False),
    Action("connections.page_up", "pageup", "page_up", "page up", "Move one page up", palette=False),
)
"""All actions, in the order of the help within each scope."""

FIRST_IN_FOOTER = (
    "row.open",
    "linked_text.open",
    "artifacts_pane.open",
    "artifacts_pane.pretty",
    "split_pane.switch_half",
    "filter_bar.clear",
    "file_field.save",
    "file_field.close",
    "find_field.search",
    "plan_field.plan",
    "plan.apply",
    "plan.remove_row",
    "plan.remove_refused",
    "plan.save",
    "activity.undo",
    "activity.save",
    "tags_pane.put_back",
    "findings.search",
    "findings.save",
    "findings.elsewhere",
    "packages_pane.filter",
    "packages_pane.save",
    "image.retag",
    "find.tag",
    "compare.next_change",
    "compare.retag",
    "compare.swap",
    "compare.everything",
    "compare.export",
    "image.diff",
    "images.read_indexes",
    "repositories.promote",
    "repositories.totals",
    "list.filter",
    "text_pane.search",
    "screen.copy",
)
"""Ids of the actions that the footer shows first, in this order: a narrow terminal has room for few."""

BY_ID = {action.id: action for action in ACTIONS}
"""Each action by its id."""


def of(*scopes: str) -> tuple[Action, ...]:
    """Return the actions of these scopes, in the table's order."""
    prefixes = tuple(f"{scope}." for scope in scopes)
    return tuple(action for action in ACTIONS if action.id.startswith(prefixes))
