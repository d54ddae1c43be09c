"""What the user can set, and where each value came from: defaults < settings file < environment < flags."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ecrtui.errors import SettingsError
from ecrtui.paths import settings_file

PROTECTED_TAGS = ("prod*", "production*", "latest", "stable")
"""Tags that are moved only after they were typed once more (glob patterns)."""


@dataclass(frozen=True, slots=True)
class Connection:
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
    keys: Mapping[str, str] = field(default_factory=dict)
    """Key bindings by action id, as Textual's keymap takes them: ``"image.retag" = "t,f2"``."""
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What differs for an account, by its twelve digits: theme, read_only, protected_tags."""
    sources: Mapping[str, str] = field(default_factory=dict)

    def for_account(self, registry_id: str) -> Settings:
        """These settings with what differs for an account applied; a flag or the environment still wins."""
        special = {
            name: _checked(name, value, f"accounts.{registry_id}")
            for name, value in self.accounts.get(registry_id, {}).items()
            if not self.sources.get(name, "").startswith(("--", "$"))
        }
        return replace(self, **special)


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
    for name, value in _read(path).items():
        values[name], sources[name] = _checked(name, value, str(path)), str(path)
    for variable, name in _ENVIRONMENT.items():
        if environment.get(variable):
            values[name] = _checked(name, _from_text(name, environment[variable]), f"${variable}")
            sources[name] = f"${variable}"
    for name, value in flags.items():
        if value is not None:
            values[name], sources[name] = value, f"--{name.replace('_', '-')}"
    return Settings(**values, sources=sources)


def remember_theme(theme: str, file: Path | None = None) -> None:
    """Write the chosen theme into the settings file; everything else in it stays as the user wrote it.

    Raises:
        SettingsError: the file cannot be written.
    """
    path = file or Path(os.environ.get("ECRTUI_SETTINGS") or settings_file())
    line = f'theme = "{theme}"'
    try:
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        top = next((number for number, text in enumerate(lines) if text.lstrip().startswith("[")), len(lines))
        mine = next((number for number in range(top) if lines[number].partition("=")[0].strip() == "theme"), None)
        if mine is None:
            lines.insert(0, line)
        else:
            lines[mine] = line
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".new")
        draft.write_text("\n".join(lines) + "\n", "utf-8")
        draft.replace(path)
    except OSError as problem:
        raise SettingsError(f"{path} cannot be written", str(problem)) from problem


def _read(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise SettingsError(f"{path} cannot be read", str(problem), "Mend the file, or move it away.") from problem
    unknown = sorted(set(content) - _FILE_FIELDS)
    if unknown:
        known = ", ".join(sorted(_FILE_FIELDS))
        raise SettingsError(f"{path} has a setting that does not exist: {unknown[0]}", "", f"The settings are {known}.")
    return content


def _from_text(name: str, text: str) -> Any:
    if name == "read_only":
        return text.lower() not in ("0", "no", "off", "false")
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
    "keys": (dict, "a table"),
    "accounts": (dict, "a table"),
}


def _checked(name: str, value: Any, source: str) -> Any:
    """The value as the field wants it, or an error that names the place."""
    kind, words = _TYPES[name]
    fits = isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)
    if not fits:
        raise SettingsError(f"{source}: {name} is {value!r}", f"{name} must be {words}.")
    if name == "protected_tags":
        if not all(isinstance(pattern, str) for pattern in value):
            raise SettingsError(f"{source}: protected_tags is {value!r}", "protected_tags must be a list of texts.")
        return tuple(value)
    if name == "writes_per_second" and value <= 0:
        raise SettingsError(f"{source}: writes_per_second is {value!r}", "It must be above zero.")
    if name == "keys" and not all(isinstance(keys, str) for keys in value.values()):
        raise SettingsError(f"{source}: keys must map action ids to texts")
    if name == "accounts":
        for account, special in value.items():
            if not isinstance(special, dict) or set(special) - _PER_ACCOUNT:
                allowed = ", ".join(sorted(_PER_ACCOUNT))
                raise SettingsError(f"{source}: accounts.{account} may set {allowed} only")
            for inner, entry in special.items():
                _checked(inner, entry, f"{source}: accounts.{account}")
    return value
