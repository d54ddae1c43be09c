"""The user's settings, from defaults, the settings file, the environment and flags. The later one wins.

A setting is one field of :class:`Settings`. :mod:`ecrtui.setting_declaration` declares it: type, default, environment
variable, flag, whether an account may differ, and its check. Loading, error messages and the documentation read that
declaration.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from ecrtui.errors import SettingsError
from ecrtui.paths import expand, lacks_home, settings_file
from ecrtui.setting_declaration import (
    FIX,
    LIST,
    NUMBER,
    SWITCH,
    TABLE,
    TEXT,
    Origin,
    Setting,
    check_columns,
    check_keys,
    check_prefetch,
    check_protected_tags,
    check_sso_login,
    check_theme,
    check_unlock_minutes,
    check_writes_per_second,
    declare,
    invalid,
)
from ecrtui.text_files import UnreadableFile, parse_toml, read_text

PROTECTED_TAGS = ("prod*", "production*", "latest", "stable")
"""Glob patterns of the tags that need a second confirmation by default."""

_FILE_VARIABLE = "ECRTUI_SETTINGS"
"""The environment variable that names the settings file, in place of the user's own."""

_ACCOUNT_DIGITS = 12


class Connection(NamedTuple):
    """How to reach a registry: the connection options of the AWS CLI. None means "as configured"."""

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
    """Use the embedded registry in this process, with the demo data."""
    database: str | None = None
    """The SQLite file of the embedded registry. None keeps it in memory."""

    @property
    def is_embedded(self) -> bool:
        """True if the registry is the embedded one of this program, not AWS or another endpoint."""
        return self.demo or self.database is not None

    def used_profile(self, environment: Mapping[str, str]) -> str:
        """Return the profile that is used, in the order of the AWS CLI; empty for the keys of the environment.

        The embedded registry in this process uses none either.
        """
        if self.is_embedded:
            return ""
        if self.profile is not None or environment.get("AWS_ACCESS_KEY_ID"):
            return self.profile or ""
        return environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or "default"


def _check_accounts(value: Mapping[str, Any], origin: Origin) -> Mapping[str, Mapping[str, Any]]:
    return {account: _check_account(account, own, origin) for account, own in value.items()}


def _check_account(account: str, own: Any, origin: Origin) -> Mapping[str, Any]:
    allowed = sorted(name for name, setting in SETTINGS.items() if setting.per_account)
    if not isinstance(own, Mapping):
        raise invalid(origin, ["accounts", account], own, "be a table, as [accounts.123456789012] begins it")
    if re.fullmatch(r"[0-9]*", account) and len(account) != _ACCOUNT_DIGITS:
        title = f"{origin.place('accounts', account)}: accounts.{account} is not an account"
        raise SettingsError(title, "An account has twelve digits.", FIX)
    if wrong := next((name for name in own if name not in allowed), ""):
        title = f"{origin.place('accounts', account, wrong)}: accounts.{account} cannot set {wrong!r}"
        raise SettingsError(title, f"An account can set {', '.join(allowed)}.", FIX)
    return {name: _checked(name, entry, origin, ["accounts", account, name]) for name, entry in own.items()}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings. ``sources`` names the origin of each value that is not a default, also of ``accounts.ID.NAME``."""

    theme: str = declare(
        TEXT,
        "Theme of the screens. Choosing a theme in the command palette writes it here.",
        "ecrtui-dark",
        variable="ECRTUI_THEME",
        flag="--theme NAME",
        per_account=True,
        check=check_theme,
    )
    read_only: bool = declare(
        SWITCH,
        "Refuse every write.",
        False,
        variable="ECRTUI_READ_ONLY",
        flag="--read-only",
        per_account=True,
    )
    production: bool = declare(
        SWITCH,
        "Mark the registry as production, in red in the header.",
        False,
        per_account=True,
    )
    protected_tags: tuple[str, ...] = declare(
        LIST,
        "Glob patterns of tags that you must type again before ecrtui writes them.",
        PROTECTED_TAGS,
        per_account=True,
        check=check_protected_tags,
    )
    writes_per_second: float = declare(
        NUMBER,
        "Highest rate of writes in one process.",
        10.0,
        variable="ECRTUI_WRITES_PER_SECOND",
        check=check_writes_per_second,
    )
    unlock_minutes: float = declare(
        NUMBER,
        "Minutes that the application allows writes after you unlock a read-only registry.",
        10.0,
        per_account=True,
        check=check_unlock_minutes,
    )
    cache: bool = declare(SWITCH, "Keep the last known lists and manifests on disk.", True, flag="--no-cache")
    prefetch: bool | str = declare(
        ("auto, true or false", (bool, str)),
        "Read manifests around the cursor ahead. ECR records each read as a pull of the image. `auto`: only if ECR "
        "records no pulls of the caller (ListPullTimeUpdateExclusions).",
        "auto",
        check=check_prefetch,
    )
    fold: bool = declare(
        SWITCH,
        "Show an image and its platforms, attestations, signatures and SBOMs as one row at first.",
        True,
    )
    sso_login: str = declare(
        TEXT,
        "How to sign in to IAM Identity Center. `device`: you enter a code on any device. `browser`: ecrtui opens a "
        "browser on this machine. `auto`: the browser if there is a display and no SSH, for an `sso-session`.",
        "auto",
        check=check_sso_login,
    )
    totals: bool = declare(
        SWITCH,
        "Count the images of all repositories in the background, whenever their list is open. Without it, `z` does; "
        "the demo is always counted. It takes a request for each 1,000 images, and one for each lifecycle policy.",
        False,
        per_account=True,
    )
    watch_bell: bool = declare(
        SWITCH,
        "Ring the bell of the terminal when a watched list or image changes. tmux can mark the window then.",
        False,
    )
    mouse: bool = declare(
        SWITCH, "Report the mouse to ecrtui. Without it, the terminal selects text as usual.", True, flag="--no-mouse"
    )
    trust_terminal_clipboard: bool = declare(
        SWITCH,
        "Report a copy that was sent to the terminal in one line. Without it, ecrtui also shows the text of a copy "
        "that nothing confirmed.",
        False,
    )
    keys: Mapping[str, str] = declare(
        TABLE, 'Keys by action id, for example `"image.retag" = "t,f2"`.', dict, check=check_keys
    )
    columns: Mapping[str, Sequence[str]] = declare(
        TABLE,
        'The columns of a list, from left to right, for example `images = ["tag", "pushed", "size"]`. Choosing '
        "columns in a list writes them here.",
        dict,
        check=check_columns,
    )
    accounts: Mapping[str, Mapping[str, Any]] = declare(
        TABLE,
        "Settings that differ for accounts, by a glob pattern for the id, the alias or the profile.",
        dict,
        check=_check_accounts,
    )
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def accounts_by_name(self) -> bool:
        """True if some accounts have settings by a pattern, which an alias or a profile can match."""
        return any(not pattern.isdigit() for pattern in self.accounts)

    def for_account(self, registry_id: str, *names: str) -> Settings:
        """Return the settings for an account. A flag or a variable still wins over the account's own settings.

        Of several patterns that match, the later one wins, and the twelve digits of the account win over patterns.

        Args:
            registry_id: the account.
            names: its alias, and the profile that reaches it.
        """
        own: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for pattern in sorted(self.accounts, key=lambda pattern: pattern == registry_id):
            if not any(fnmatchcase(name, pattern) for name in (registry_id, *names) if name):
                continue
            for name, value in self.accounts[pattern].items():
                if not self.sources.get(name, "").startswith(("--", "$")):
                    own[name] = value
                    sources[name] = self.sources.get(_account_source(pattern, name), f"accounts.{pattern}")
        return replace(self, **own, sources={**self.sources, **sources})

    def wins_over_file(self, name: str) -> str:
        """Return what sets a setting in place of the top of the settings file; empty if nothing does."""
        source = self.sources.get(name, "")
        of_accounts = {place for key, place in self.sources.items() if re.fullmatch(rf"accounts\..*\.{name}", key)}
        return source if source.startswith(("--", "$", "accounts.")) or source in of_accounts else ""


def _account_source(pattern: str, name: str) -> str:
    """Return the name in ``sources`` of a setting that differs for accounts."""
    return f"accounts.{pattern}.{name}"


SETTINGS: Mapping[str, Setting] = {
    entry.name: entry.metadata["setting"] for entry in fields(Settings) if "setting" in entry.metadata
}
"""Every setting by its name in the settings file."""


def load(flags: Mapping[str, Any], environment: Mapping[str, str] | None = None, file: Path | None = None) -> Settings:
    """Load the settings.

    Args:
        flags: values from the command line by setting; None where the flag was not given.
        environment: the environment variables; those of the process if None.
        file: the settings file; the user's own if None. It may be missing, unless ``ECRTUI_SETTINGS`` names it.

    Raises:
        SettingsError: the file, a variable or a flag has an invalid value. Names the file and the line.
    """
    environment = os.environ if environment is None else environment
    path = file or file_in_use(environment)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}

    def take(name: str, value: Any, source: str, text: str = "") -> None:
        origin = Origin(source, text)
        values[name], sources[name] = _checked(name, value, origin, [name]), origin.place(name)

    text = _read(path, must_exist=file is None and bool(environment.get(_FILE_VARIABLE)))
    for name, value in _parse(path, text).items():
        take(name, value, str(path), text)
    for pattern, own in values.get("accounts", {}).items():
        for name in own:
            place = Origin(str(path), text).place("accounts", pattern, name)
            sources[_account_source(pattern, name)] = f"{place}, accounts.{pattern}"
    for name, setting in SETTINGS.items():
        if setting.variable and environment.get(setting.variable):
            take(name, _from_text(setting, environment[setting.variable]), f"${setting.variable}")
    for name, value in flags.items():
        if value is not None:
            take(name, value, f"--{name.replace('_', '-')}")
    return Settings(**values, sources=sources)


def file_in_use(environment: Mapping[str, str]) -> Path:
    """Return the settings file: that of ``ECRTUI_SETTINGS``, or else the user's own."""
    named = environment.get(_FILE_VARIABLE)
    return expand(named) if named else settings_file()


def checked_text(path: Path) -> str:
    """Return the text of the settings file; empty if there is no file.

    Raises:
        SettingsError: the file cannot be read, is not valid TOML, or has an unknown setting.
    """
    text = _read(path)
    _parse(path, text)
    return text


def _read(path: Path, *, must_exist: bool = False) -> str:
    """Return the text of the file; empty if there is no file, unless it must exist because the user named it."""
    try:
        if not lacks_home(path):
            return read_text(path)
    except FileNotFoundError:
        pass
    except UnreadableFile as problem:
        raise _unreadable(path, problem) from None
    if must_exist:
        raise SettingsError(
            f"The settings file {path} does not exist",
            f"The variable {_FILE_VARIABLE} names it.",
            f"Create the file, or correct or unset {_FILE_VARIABLE}.",
        )
    return ""


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        content = parse_toml(text)
    except UnreadableFile as problem:
        raise _unreadable(path, problem) from None
    unknown = sorted(content.keys() - SETTINGS.keys())
    if unknown:
        raise SettingsError(
            f"{Origin(str(path), text).place(unknown[0])}: unknown setting {unknown[0]!r}",
            "",
            closest(unknown[0], SETTINGS),
        )
    return content


def _unreadable(path: Path, problem: UnreadableFile) -> SettingsError:
    place = f"{path}, line {problem.line}" if problem.line else str(path)
    return SettingsError(f"Cannot read {place}", f"{problem.reason}.", FIX)


def closest(name: str, valid: Mapping[str, Any]) -> str:
    """Return a hint for a misspelt name: the closest valid one, or all of them."""
    import difflib  # the first frame does not need it

    near = difflib.get_close_matches(name, valid, n=1)
    return f"Did you mean {near[0]}?" if near else f"Valid names: {', '.join(sorted(valid))}."


_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def _from_text(setting: Setting, text: str) -> Any:
    """Return the value that a variable means, or the text itself, which the check then refuses by name."""
    if bool in setting.types:
        return True if text.lower() in _TRUE else False if text.lower() in _FALSE else text
    if float in setting.types:
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _checked(name: str, value: Any, origin: Origin, names: Sequence[str]) -> Any:
    """Return the value as the field needs it.

    Args:
        name: the setting.
        value: the value.
        origin: where the value comes from.
        names: the tables that the setting is in, and its name.

    Raises:
        SettingsError: the value is invalid; names its origin.
    """
    setting = SETTINGS[name]
    if not isinstance(value, setting.types) or (isinstance(value, bool) and bool not in setting.types):
        raise invalid(origin, names, value, f"be {setting.kind}")
    return setting.check(value, origin) if setting.check else value
