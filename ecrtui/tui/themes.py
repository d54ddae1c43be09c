"""Themes: TOML files with the fields of Textual's themes and the variables of ecrtui.

Textual crashes on a theme with an invalid color and ignores a misspelt variable. So each file is checked when it is
read, and an error names the line.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from textual.color import Color, ColorParseError
from textual.constants import DEFAULT_THEME
from textual.css.constants import VALID_STYLE_FLAGS
from textual.theme import BUILTIN_THEMES, Theme

from ecrtui import paths
from ecrtui.errors import SettingsError
from ecrtui.text_files import UnreadableFile, parse_toml, read_text

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
    "separator": "secondary",
}
"""The variables of ecrtui, each with the Textual variable that is its default."""

FIRST_THEME = BUILTIN_THEMES[DEFAULT_THEME]
"""The theme of every application until it sets another one."""

_FIELDS = frozenset(entry.name for entry in fields(Theme))
_FLAGS = frozenset({"dark", "ansi"})
_NUMBERS = frozenset({"luminosity_spread", "text_alpha"})


class LoadedThemes(NamedTuple):
    """The usable themes, shipped ones first, and one error per broken file."""

    themes: tuple[Theme, ...]
    problems: tuple[SettingsError, ...] = ()

    @property
    def report(self) -> str:
        """All errors as one message; empty if there are none."""
        return "\n".join(str(problem) for problem in self.problems)


def css_variables(theme: Theme, *, no_color: bool = False) -> dict[str, str]:
    """Return the variables of a theme for the style sheets: those of Textual, and ours, which a theme need not set."""
    generated = _generated(theme)
    generated = {**generated, **_muted(theme, generated)}
    own = {name: generated[source] for name, source in OWN_VARIABLES.items()}
    grays = gray_severities(theme) if no_color else {}
    return {**own, **grays, **generated, **theme.variables}


def _muted(theme: Theme, generated: Mapping[str, str]) -> dict[str, str]:
    """Return the color of muted text.

    Textual generates ``auto 60%``, and drops the percentage where a ``Content`` names the variable.
    """
    if theme.ansi:
        return {}
    strong, weak = Color.parse(generated["foreground"]), Color.parse(generated["surface"])
    return {"text-muted": strong.blend(weak, _MUTED).hex}


_MUTED = 0.3
"""How much of the surface is in the color of muted text."""


def _generated(theme: Theme) -> Mapping[str, str]:
    """Return what Textual generates from the colors of a theme, by variable.

    It takes time, so the result for the theme that every application begins with is kept.
    """
    return _generated_at_start() if theme is FIRST_THEME else theme.to_color_system().generate()


@cache
def _generated_at_start() -> Mapping[str, str]:
    return FIRST_THEME.to_color_system().generate()


def gray_severities(theme: Theme) -> dict[str, str]:
    """Return the colors of severities for ``NO_COLOR``, where Textual turns colors into grays.

    The worse a severity, the more visible it is; the grays of its colors have no such order. A theme of terminal colors
    needs none: Textual then removes all colors.
    """
    if theme.ansi:
        return {}
    generated = _generated(theme)
    strong, weak = Color.parse(generated["foreground"]), Color.parse(generated["surface"])
    return {name: strong.blend(weak, share).hex for name, share in _GRAYS.items()}


def without_color(theme: Theme) -> Theme:
    """Return a theme for ``NO_COLOR``."""
    return replace(theme, variables={**theme.variables, **gray_severities(theme)})


_GRAYS = {
    "severity-critical": 0.0,
    "severity-high": 0.1,
    "severity-medium": 0.2,
    "severity-low": 0.3,
    "severity-informational": 0.35,
    "severity-undefined": 0.35,
}
"""How much of the surface is in the gray of a severity under ``NO_COLOR``."""


def load_theme(name: str) -> Theme | None:
    """Return the theme with this name, or None if there is no usable one.

    A theme's name is inside its file, so this reads all themes of the user, but only one shipped theme.
    """
    own = _files(paths.themes_folder())
    file = paths.shipped_themes_folder() / f"{name}.toml"
    if own or file not in _files(paths.shipped_themes_folder()):
        return next((theme for theme in load_themes().themes if theme.name == name), None)
    return read_theme(file)


def load_themes(folder: Path | None = None) -> LoadedThemes:
    """Read the shipped themes and the user's. A user's theme replaces a shipped one of the same name.

    Args:
        folder: The folder of the user's themes; None for the one in the configuration folder. It need not exist.
    """
    found: dict[str, Theme] = {}
    problems: list[SettingsError] = []
    for files in (_files(paths.shipped_themes_folder()), _files(paths.themes_folder() if folder is None else folder)):
        origin: dict[str, Path] = {}
        for file in files:
            try:
                theme = read_theme(file)
            except SettingsError as problem:
                problems.append(problem)
                continue
            if theme.name in origin:
                problems.append(
                    SettingsError(f"{file} repeats the theme name {theme.name!r} of {origin[theme.name].name}")
                )
                continue
            origin[theme.name] = file
            found[theme.name] = theme
    return LoadedThemes(tuple(found.values()), tuple(problems))


def read_theme(file: Path) -> Theme:
    """Read a theme from a file.

    Raises:
        SettingsError: The theme is not usable. The title names the file, the detail the line and the problem.
    """
    try:
        source = read_text(file)
        content = parse_toml(source)
    except UnreadableFile as problem:
        raise _invalid(file, problem.line, problem.reason) from None
    except FileNotFoundError as problem:  # a link to nothing
        raise _invalid(file, 0, str(problem.strerror)) from None
    values = {name.replace("-", "_"): value for name, value in content.items()}
    variables = values.pop("variables", {})
    if not isinstance(variables, dict):
        raise _invalid(file, _line_of(source, "variables"), "variables must be a table: [variables]")
    for name, value in values.items():
        wrong = _field_error(name, value)
        if wrong:
            raise _invalid(file, _line_of(source, name), wrong)
    for name in ("name", "primary"):
        if name not in values:
            raise _invalid(file, 1, f"{name} is missing")
    theme = Theme(**values)
    known = OWN_VARIABLES.keys() | _BUILTIN_VARIABLES
    if not variables.keys() <= known:
        known |= _generated(theme if theme.ansi else FIRST_THEME).keys()  # all others have the same variables
    for name, value in variables.items():
        wrong = _variable_error(name, value, known)
        if wrong:
            raise _invalid(file, _line_of(source, name, "variables"), wrong)
    theme.variables = dict(variables)
    return theme


_BUILTIN_VARIABLES = frozenset(name for theme in BUILTIN_THEMES.values() for name in theme.variables)


def _files(folder: Path) -> Sequence[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.suffix == ".toml")
    except OSError:
        return ()  # most users have no folder of themes


def _invalid(file: Path, line: int, wrong: str) -> SettingsError:
    detail = f"line {line}: {wrong}" if line else wrong
    return SettingsError(f"Invalid theme {file}", detail, "Fix the file or move it aside.")


def _field_error(name: str, value: object) -> str:
    if name not in _FIELDS:
        return f"unknown field {name}{_did_you_mean(name, _FIELDS)}"
    if name == "name":
        return "" if isinstance(value, str) and value.strip() else "name must be a string"
    if name in _FLAGS:
        return "" if isinstance(value, bool) else f"{name} must be true or false"
    if name in _NUMBERS:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
        return "" if fits else f"{name} must be a number from 0 to 1"
    return _color_error(name, value)


def _variable_error(name: str, value: object, known: Iterable[str]) -> str:
    if name not in known:
        return f"unknown variable {name}{_did_you_mean(name, known)}"
    if not isinstance(value, str):
        return f"{name} must be a string"
    if "style" in name.split("-"):
        unknown = set(value.split()) - VALID_STYLE_FLAGS
        return f"{name} is not a text style: {value!r}" if unknown else ""
    color, _, opacity = value.partition(" ")
    if opacity and not re.fullmatch(r"\d+(\.\d+)?%", opacity.strip()):
        return f"{name}: {opacity.strip()!r} is not an opacity; write it as 60%"
    return "" if color == "auto" else _color_error(name, color)


def _color_error(name: str, value: object) -> str:
    if not isinstance(value, str):
        return f"{name} must be a color"
    try:
        Color.parse(value)
    except ColorParseError as problem:
        hint = f"; did you mean {problem.suggested_color}?" if problem.suggested_color else ""
        return f"{name} is not a color: {value!r}{hint}"
    return ""


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]}?" if close else ""


def _line_of(source: str, name: str, table: str = "") -> int:
    """Return the line that sets a key of a table. ``tomllib`` does not return it; the source must be valid TOML."""
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
