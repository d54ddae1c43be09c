"""Themes: TOML files with the fields of Textual's themes, the colours of our own, and a clear word when one is broken.

A theme with an invalid colour would crash when it is chosen, and a misspelt variable would vanish without a word. So a
file is checked when it is read, and what is wrong is told with the line it stands on.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from textual.color import Color, ColorParseError
from textual.css.constants import VALID_STYLE_FLAGS
from textual.theme import BUILTIN_THEMES, Theme

from ecrtui import paths
from ecrtui.errors import SettingsError

OWN_VARIABLES: Mapping[str, str] = {
    "tag": "text-success",
    "digest": "text-primary",
    "protected": "text-warning",
    "row-marked": "text-accent",
    "match": "text-warning",
    "severity-critical": "text-error",
    "severity-high": "text-warning",
    "severity-medium": "text-accent",
    "severity-low": "text-secondary",
    "severity-informational": "text-muted",
    "severity-undefined": "text-muted",
    "json-key": "text-primary",
    "json-string": "text-success",
    "json-number": "text-warning",
    "json-constant": "text-accent",
    "line-number": "text-muted",
}
"""Our own variables, and the one of Textual's that each takes its value from in a theme that does not set it."""

_FIELDS = frozenset(entry.name for entry in fields(Theme))
_FLAGS = frozenset({"dark", "ansi"})
_NUMBERS = frozenset({"luminosity_spread", "text_alpha"})


@dataclass(frozen=True, slots=True)
class LoadedThemes:
    """The themes there are, shipped ones first, and why others are not among them: one error for each broken file."""

    themes: tuple[Theme, ...]
    problems: tuple[SettingsError, ...] = ()

    @property
    def report(self) -> str:
        """All that is wrong, as one message; empty if nothing is."""
        return "\n".join(str(problem) for problem in self.problems)


def variable_defaults(theme: Theme) -> dict[str, str]:
    """Our own variables as they are in a theme that does not set them: for ``App.get_theme_variable_defaults``."""
    generated = theme.to_color_system().generate()
    return {name: generated[source] for name, source in OWN_VARIABLES.items()}


def load_theme(name: str, folder: Path | None = None) -> Theme | None:
    """The theme of this name; None if there is none, or if it cannot be used.

    Every theme of the user's is read for it, as the name is in the file, but not every shipped one.
    """
    own = _files(paths.themes_folder() if folder is None else folder)
    file = shipped_folder() / f"{name}.toml"
    if own or file not in _files(shipped_folder()):
        return next((theme for theme in load_themes(folder).themes if theme.name == name), None)
    return read_theme(file)


def load_themes(folder: Path | None = None) -> LoadedThemes:
    """The shipped themes and the user's own; one of the user's takes the place of a shipped one of the same name.

    Args:
        folder: where the user's own are; the user's configuration folder if None. It need not exist.
    """
    found: dict[str, Theme] = {}
    problems: list[SettingsError] = []
    for files in (_files(shipped_folder()), _files(paths.themes_folder() if folder is None else folder)):
        origin: dict[str, Path] = {}
        for file in files:
            try:
                theme = read_theme(file)
            except SettingsError as problem:
                problems.append(problem)
                continue
            if theme.name in origin:
                problems.append(SettingsError(f"{file} has the name of {origin[theme.name].name}: {theme.name}"))
                continue
            origin[theme.name] = file
            found[theme.name] = theme
    return LoadedThemes(tuple(found.values()), tuple(problems))


def shipped_folder() -> Path:
    """Where the shipped themes are: in the package when it is installed, beside it in a working copy."""
    package = Path(__file__).parent.parent
    installed = package / "_themes"
    return installed if installed.is_dir() else package.parent / "themes"


def read_theme(file: Path) -> Theme:
    """The theme of a file.

    Raises:
        SettingsError: it cannot be used; the title names the file, the detail the line and what is wrong in it.
    """
    try:
        source = file.read_text("utf-8")
        content = tomllib.loads(source)
    except tomllib.TOMLDecodeError as problem:
        raise _broken(file, _line_of_problem(str(problem)), str(problem).partition(" (at")[0]) from problem
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        raise _broken(file, line, "not UTF-8") from problem
    except OSError as problem:
        raise SettingsError(f"{file} cannot be read", problem.strerror or str(problem)) from problem
    values = {name.replace("-", "_"): value for name, value in content.items()}
    variables = values.pop("variables", {})
    if not isinstance(variables, dict):
        raise _broken(file, _line_of(source, "variables"), "variables must be a table: [variables]")
    for name, value in values.items():
        wrong = _wrong_field(name, value)
        if wrong:
            raise _broken(file, _line_of(source, name), wrong)
    for name in ("name", "primary"):
        if name not in values:
            raise _broken(file, 1, f"{name} is missing")
    theme = Theme(**values)
    known = OWN_VARIABLES.keys() | _BUILTIN_VARIABLES
    if not variables.keys() <= known:  # generating all of them takes as long as reading the file
        known |= theme.to_color_system().generate().keys()
    for name, value in variables.items():
        wrong = _wrong_variable(name, value, known)
        if wrong:
            raise _broken(file, _line_of(source, name, "variables"), wrong)
    theme.variables = dict(variables)
    return theme


_BUILTIN_VARIABLES = frozenset(name for theme in BUILTIN_THEMES.values() for name in theme.variables)


def _files(folder: Path) -> Sequence[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.suffix == ".toml")
    except OSError:
        return ()  # no folder of one's own is the usual case


def _broken(file: Path, line: int, wrong: str) -> SettingsError:
    return SettingsError(f"{file} is no theme", f"line {line}: {wrong}", "Mend the file, or move it away.")


def _wrong_field(name: str, value: object) -> str:
    if name not in _FIELDS:
        return f"there is no field {name}{_did_you_mean(name, _FIELDS)}"
    if name == "name":
        return "" if isinstance(value, str) and value.strip() else "name must be a text"
    if name in _FLAGS:
        return "" if isinstance(value, bool) else f"{name} must be true or false"
    if name in _NUMBERS:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
        return "" if fits else f"{name} must be a number from 0 to 1"
    return _wrong_colour(name, value)


def _wrong_variable(name: str, value: object, known: Iterable[str]) -> str:
    if name not in known:
        return f"there is no variable {name}{_did_you_mean(name, known)}"
    if not isinstance(value, str):
        return f"{name} must be a text"
    if "style" in name.split("-"):
        unknown = set(value.split()) - VALID_STYLE_FLAGS
        return f"{name} is no text style: {value!r}" if unknown else ""
    colour, _, opacity = value.partition(" ")
    if opacity and not re.fullmatch(r"\d+(\.\d+)?%", opacity.strip()):
        return f"{name}: {opacity.strip()!r} is no opacity; write it as 60%"
    return "" if colour == "auto" else _wrong_colour(name, colour)


def _wrong_colour(name: str, value: object) -> str:
    if not isinstance(value, str):
        return f"{name} must be a colour"
    try:
        Color.parse(value)
    except ColorParseError as problem:
        hint = f"; did you mean {problem.suggested_color}?" if problem.suggested_color else ""
        return f"{name} is no colour: {value!r}{hint}"
    return ""


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]}?" if close else ""


def _line_of_problem(message: str) -> int:
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else 1


def _line_of(source: str, name: str, table: str = "") -> int:
    """The line on which a key of a table is set. ``tomllib`` does not tell; the file is known to be TOML by now."""
    key = re.escape(name).replace("_", "[-_]").replace(r"\-", "[-_]")
    header = re.compile(r"\s*\[\s*\"?([\w.-]+)\"?\s*\]")
    plain = re.compile(rf"\s*[\"']?{key}[\"']?\s*=")
    dotted = re.compile(rf"\s*{table}\s*(\.\s*[\"']?{key}[\"']?\s*=|=.*\b{key}\b)")
    current = ""
    for number, line in enumerate(source.split("\n"), 1):
        if found := header.match(line):
            current = found[1]
            if not table and re.fullmatch(key, current):
                return number
        elif (current == table and plain.match(line)) or (table and not current and dotted.match(line)):
            return number
    return 1
