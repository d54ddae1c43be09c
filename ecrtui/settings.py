"""What the user can set, and where each value came from: defaults < settings file < environment < flags."""

from __future__ import annotations

import math
import os
import re
import shutil
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from ecrtui.errors import SettingsError
from ecrtui.paths import settings_file

PROTECTED_TAGS = ("prod*", "production*", "latest", "stable")
"""Tags that are moved only after they were typed once more (glob patterns)."""


class Connection(NamedTuple):
    """How to reach a registry: the AWS CLI's connection options, by their names. None is "as configured"."""

    profile: str | None = None
    region: str | None = None
    registry_id: str | None = None
    endpoint_url: str | None = None
    verify_ssl: bool = True
    ca_bundle: str | None = None
    sign_request: bool = True
    read_timeout: int | None = None
    connect_timeout: int | None = None
    debug: bool = False
    demo: bool = False
    """The embedded registry in this process, with the demo data."""
    database: str | None = None
    """The SQLite file of the embedded registry; None keeps it in memory."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's settings. ``sources`` tells for each field that is not a default where its value came from."""

    theme: str = "ecrtui-dark"
    read_only: bool = False
    protected_tags: tuple[str, ...] = PROTECTED_TAGS
    writes_per_second: float = 10.0
    cache: bool = True
    prefetch: bool = True
    """Whether manifests are read before they are asked for. ECR records a read as a pull of the image."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Key bindings by action id, as Textual's keymap takes them: ``"image.retag" = "t,f2"``."""
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What differs for an account, by its twelve digits: theme, read_only, protected_tags."""
    sources: Mapping[str, str] = field(default_factory=dict)

    def for_account(self, registry_id: str) -> Settings:
        """These settings with what differs for an account applied; a flag or the environment still wins."""
        special = {
            name: value
            for name, value in self.accounts.get(registry_id, {}).items()
            if not self.sources.get(name, "").startswith(("--", "$"))
        }
        origin = f"{self.sources.get('accounts', 'settings')}, accounts.{registry_id}"
        return replace(self, **special, sources={**self.sources, **dict.fromkeys(special, origin)})


_PER_ACCOUNT = frozenset({"theme", "read_only", "protected_tags"})
_ENVIRONMENT = {
    "ECRTUI_THEME": "theme",
    "ECRTUI_READ_ONLY": "read_only",
    "ECRTUI_WRITES_PER_SECOND": "writes_per_second",
}
_FILE_FIELDS = frozenset(entry.name for entry in fields(Settings)) - {"sources"}


def load(flags: Mapping[str, Any], environment: Mapping[str, str] | None = None, file: Path | None = None) -> Settings:
    """The settings in force.

    Args:
        flags: values given on the command line, by field; None where the flag was not given.
        environment: ``ECRTUI_…`` variables; the process's own if None.
        file: the settings file; the user's own if None. A file that is not there is no error.

    Raises:
        SettingsError: the file or a variable cannot be used; names the file and what is wrong in it.
    """
    environment = os.environ if environment is None else environment
    path = file or Path(environment.get("ECRTUI_SETTINGS") or settings_file())
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}

    def take(name: str, value: Any, source: str, place: str = "") -> None:
        values[name], sources[name] = _checked(name, value, place or source), source

    text = _text_of(path)
    for name, value in _parsed(path, text).items():
        take(name, value, str(path), f"{path}{_line_of(name, text)}")
    for variable, name in _ENVIRONMENT.items():
        if environment.get(variable):
            take(name, _from_text(name, environment[variable]), f"${variable}")
    for name, value in flags.items():
        if value is not None:
            take(name, value, f"--{name.replace('_', '-')}")
    return Settings(**values, sources=sources)


def remember_theme(theme: str, file: Path | None = None) -> None:
    """Write the chosen theme into the settings file; everything else in it stays as the user wrote it.

    Raises:
        SettingsError: the file is broken, in which case it is left as it is, or cannot be written.
    """
    path = (file or Path(os.environ.get("ECRTUI_SETTINGS") or settings_file())).resolve()
    text = _text_of(path)
    changed = _with_theme(text, theme)
    if _parsed(path, changed).get("theme") != theme:
        raise SettingsError(f"{path} cannot be changed", "The theme in it is written in an unusual way.", _MEND)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        draft.write_text(changed, "utf-8")
        if path.exists():
            shutil.copymode(path, draft)
        draft.replace(path)
    except OSError as problem:
        raise SettingsError(f"{path} cannot be written", str(problem)) from problem


_MEND = "Mend the file, or move it away."
_TABLE = r"(?m)^\s*\["
_THEME = r"""(?m)^(\s*(?:theme|"theme"|'theme')\s*=\s*)("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s#"']+)(?=[^\S\n]*(?:\#|$))"""


def _with_theme(text: str, theme: str) -> str:
    """The text of a settings file with another theme; comments and all else untouched."""
    import json  # the first frame does not wait for it

    value = json.dumps(theme, ensure_ascii=False).replace("\x7f", "\\u007f")
    table = re.search(_TABLE, text)
    top, rest = (text[: table.start()], text[table.start() :]) if table else (text, "")
    changed, times = re.subn(_THEME, lambda found: found[1] + value, top, count=1)
    return (changed if times else f"theme = {value}\n{top}") + rest


def _text_of(path: Path) -> str:
    """The text of the file; empty if there is none."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{path} cannot be read", str(problem), _MEND) from problem


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise SettingsError(f"{path} cannot be read", str(problem), _MEND) from problem
    unknown = sorted(set(content) - _FILE_FIELDS)
    if unknown:
        raise SettingsError(
            f"{path}{_line_of(unknown[0], text)} has a setting that does not exist: {unknown[0]}",
            "",
            f"The settings are {', '.join(sorted(_FILE_FIELDS))}.",
        )
    return content


def _line_of(name: str, text: str) -> str:
    """Where a setting stands in the text of the file, in words; empty if that cannot be told."""
    place = re.search(rf"""^\s*(?:\[\s*)?["']?{re.escape(name)}["']?\s*[=.\]]""", text, re.MULTILINE)
    return f", line {text.count(chr(10), 0, place.end()) + 1}" if place else ""


_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def _from_text(name: str, text: str) -> Any:
    """The value that a variable means; the text itself if it means none, to be refused with its name."""
    if name == "read_only":
        return True if text.lower() in _TRUE else False if text.lower() in _FALSE else text
    if name == "writes_per_second":
        try:
            return float(text)
        except ValueError:
            return text
    return text


_TYPES: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "theme": (str, "a text"),
    "read_only": (bool, "true or false"),
    "protected_tags": ((list, tuple), "a list of texts"),
    "writes_per_second": ((int, float), "a number"),
    "cache": (bool, "true or false"),
    "prefetch": (bool, "true or false"),
    "keys": (Mapping, "a table"),
    "accounts": (Mapping, "a table"),
}


def _checked(name: str, value: Any, place: str) -> Any:
    """The value as the field wants it, or an error that names the place."""
    kind, words = _TYPES[name]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _wrong(place, name, value, f"be {words}")
    special = _SPECIAL.get(name)
    return special(value, place) if special else value


def _wrong(place: str, name: str, value: Any, rule: str) -> SettingsError:
    return SettingsError(f"{place}: {name} is {value!r}", f"{name} must {rule}.", _MEND if "line" in place else "")


def _theme(value: str, place: str) -> str:
    if not value.strip():
        raise _wrong(place, "theme", value, "name a theme")
    return value


def _protected_tags(value: Sequence[Any], place: str) -> tuple[str, ...]:
    if not all(isinstance(pattern, str) and pattern for pattern in value):
        raise _wrong(place, "protected_tags", value, "be a list of texts, none of them empty")
    return tuple(value)


def _writes_per_second(value: float, place: str) -> float:
    if not 0 < value < math.inf:
        raise _wrong(place, "writes_per_second", value, "be above zero, and finite")
    return float(value)


def _keys(value: Mapping[str, Any], place: str) -> Mapping[str, str]:
    """Action ids and keys. ``image.retag = "t"`` without quotes is a table in a table to TOML, and meant the same."""
    flat: dict[str, str] = {}
    for name, entry in value.items():
        if isinstance(entry, Mapping):
            flat |= {f"{name}.{inner}": keys for inner, keys in _keys(entry, place).items()}
        elif isinstance(entry, str) and entry.strip():
            flat[name] = entry
        else:
            raise _wrong(place, f"keys.{name}", entry, 'be a text with one or more keys, as in "t,f2"')
    return flat


def _accounts(value: Mapping[str, Any], place: str) -> Mapping[str, Mapping[str, Any]]:
    return {account: _account(account, special, place) for account, special in value.items()}


def _account(account: str, special: Any, place: str) -> Mapping[str, Any]:
    where = f"{place}: accounts.{account}"
    if not re.fullmatch(r"[0-9]{12}", account):
        raise SettingsError(f"{where} is not an account", "An account has twelve digits.", _MEND)
    if not isinstance(special, Mapping) or set(special) - _PER_ACCOUNT:
        raise SettingsError(f"{where} may set {', '.join(sorted(_PER_ACCOUNT))} only", "", _MEND)
    return {name: _checked(name, entry, where) for name, entry in special.items()}


_SPECIAL: Mapping[str, Callable[[Any, str], Any]] = {
    "theme": _theme,
    "protected_tags": _protected_tags,
    "writes_per_second": _writes_per_second,
    "keys": _keys,
    "accounts": _accounts,
}
