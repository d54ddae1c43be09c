"""What the parsers of the commands say, kept in a file of the cache folder.

To load the parsers takes longer than a user waits after a key. The file belongs to one state of the program: its
version and the time of its newest module. Another state makes it again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ecrtui.cli
from ecrtui import __version__
from ecrtui.cli.completion.candidates import Argument, Command

if TYPE_CHECKING:
    import argparse

FILES, PROFILES, REGIONS, THEMES = "files", "profiles", "regions", "themes"
REPOSITORIES, IMAGES, TAGS, PLANS = "repositories", "images", "tags", "plans"
"""The kinds of values."""

_NAMES_BY_KIND = {
    FILES: ("FILE", "PLAN", "source", "folder"),
    PROFILES: ("profile",),
    REGIONS: ("region",),
    REPOSITORIES: ("repository", "repository_name", "pattern"),
    IMAGES: ("reference", "targets", "before", "after"),
    TAGS: ("TAG", "image_tag"),
    THEMES: ("theme",),
    PLANS: ("ID", "PLAN-ID"),
}
_KINDS = {name: kind for kind, names in _NAMES_BY_KIND.items() for name in names}
"""The kind of a value, by its name or by its placeholder in the help."""

_IN_THE_CACHE = {REPOSITORIES, IMAGES, TAGS}
"""The kinds of values of a registry. A command without ``--profile`` uses none that is in the cache."""

_FILE = "completion.json"


def load_table() -> Command:
    """Return the program with all of its commands."""
    from ecrtui.paths import cache_file

    path, state = cache_file().with_name(_FILE), _state()
    try:
        stored = json.loads(path.read_bytes())
        if stored["state"] == state:
            return Command.from_document(stored["program"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        pass  # there is no file, or it is of another program
    table = make_table()
    _keep(path, {"state": state, "program": table.document()})
    return table


def _state() -> list[Any]:
    modules = Path(ecrtui.cli.__file__).parent.rglob("*.py")
    return [__version__, max(module.stat().st_mtime_ns for module in modules)]


def _keep(path: Path, document: Any) -> None:
    """Write the file as far as that is possible: the next key makes the table again if it is not."""
    from contextlib import suppress

    from ecrtui.private_files import prepare_folder_of
    from ecrtui.text_files import replace_text

    with suppress(OSError):
        prepare_folder_of(path)
        replace_text(path, json.dumps(document))


def make_table() -> Command:
    """Return the program as its parsers describe it."""
    from ecrtui.cli.browse_options import parser
    from ecrtui.cli.main import COMMANDS

    commands = {name: _command(entry.load().parser(), entry.summary) for name, entry in COMMANDS.items()}
    application = _command(parser(), "")
    return Command("", application.arguments, commands)


def _command(parser: argparse.ArgumentParser, summary: str) -> Command:
    import argparse

    arguments: list[Argument] = []
    commands: dict[str, Command] = {}
    for action in parser._actions:  # argparse has no public way to list them
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            commands = {name: _command(own, helps.get(name, "")) for name, own in action.choices.items()}
        elif action.help != argparse.SUPPRESS:
            arguments.append(_argument(action))
    if not any(argument.kind == PROFILES for argument in arguments):
        arguments = [
            argument._replace(kind="") if argument.kind in _IN_THE_CACHE else argument for argument in arguments
        ]
    return Command(summary, tuple(arguments), commands)


def _argument(action: argparse.Action) -> Argument:
    placeholder = action.metavar if isinstance(action.metavar, str) else ""
    return Argument(
        action.dest,
        tuple(action.option_strings),
        (action.help or "").partition("\n")[0],
        takes_value=action.nargs != 0,
        many=action.nargs in ("*", "+"),
        choices=tuple(map(str, action.choices or ())),
        kind=_KINDS.get(action.dest) or _KINDS.get(placeholder, ""),
    )
