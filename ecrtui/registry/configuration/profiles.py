"""List the profiles of the AWS configuration, without a network call, a command or a question.

The kind of a profile is the first source of credentials in the order of botocore; see ``create_credential_resolver``.
botocore itself cannot be asked: when it loads credentials, it runs the command of ``credential_process`` and calls
EC2. The caches are those of the AWS CLI.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from botocore.configloader import load_config, raw_config_parse
from botocore.exceptions import ConfigNotFound, ConfigParseError
from dateutil.parser import parse  # type: ignore[import-untyped]

from ecrtui.ecr.location import account_of_access_key, account_of_arn
from ecrtui.ecr.profile import Profile, ProfileKind, ProfileList, SignInState, SsoSession
from ecrtui.paths import AWS_FILES, expand
from ecrtui.registry.configuration.errors import explain_parse_error
from ecrtui.registry.configuration.session import REGION_VARIABLES, credentials_cache
from ecrtui.registry.credentials.cache import why_unreadable
from ecrtui.registry.sso.configuration import token_path

LOGIN_CACHE = "~/.aws/login/cache"
"""Where ``aws login`` keeps its tokens, unless AWS_LOGIN_CACHE_DIRECTORY names another folder."""

ROLE_MARGIN = timedelta(minutes=15)
"""botocore does not use cached credentials of a role that end earlier than that."""

_ROLE_OPTIONS = {
    "role_arn": "RoleArn",
    "role_session_name": "RoleSessionName",
    "external_id": "ExternalId",
    "mfa_serial": "SerialNumber",
    "duration_seconds": "DurationSeconds",
}
"""The parameters of AssumeRole that a profile can set. Their values are the key of the cached credentials."""

Section = Mapping[str, str]
"""A section of an AWS file, without the options that have indented lines (``s3``): no profile kind has one."""


def list_profiles(environment: Mapping[str, str] | None = None, now: datetime | None = None) -> ProfileList:
    """Return the profiles of the AWS configuration, and what the files say about their sign-in.

    It takes some milliseconds: it reads both AWS files, and a cache file for each profile that may have one.

    Args:
        environment: the environment variables; those of this process if None.
        now: the time that expirations are compared with; the present if None.
    """
    variables = os.environ if environment is None else environment
    try:
        files = _Files.read(variables)
    except ConfigParseError as problem:
        facts: Mapping[str, Any] = problem.kwargs
        return ProfileList(problem=explain_parse_error(str(facts.get("path", "")), facts.get("error")))
    listing = _Listing(files, variables, now or datetime.now(UTC))
    profiles = (*listing.environment(), *map(listing.profile, files.profiles))
    return ProfileList(profiles, tuple(map(listing.sso_session, files.sso_sessions)))


class _Files(NamedTuple):
    """Both AWS files. In ``profiles`` the credentials file wins; ``credentials`` is that file alone."""

    profiles: Mapping[str, Section]
    credentials: Mapping[str, Section]
    sso_sessions: Mapping[str, Section]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> _Files:
        paths = [str(expand(environment.get(variable) or default)) for variable, default in AWS_FILES.items()]
        try:
            config = load_config(paths[0])
        except ConfigNotFound:
            config = {"profiles": {}}
        try:
            credentials = raw_config_parse(paths[1])
        except ConfigNotFound:
            credentials = {}
        profiles, keys = _sections(config["profiles"]), _sections(credentials)
        merged = {name: {**profiles.get(name, {}), **keys.get(name, {})} for name in (*profiles, *keys)}
        return cls(merged, keys, _sections(config.get("sso_sessions", {})))


class _Listing:
    """What the files say at one moment."""

    def __init__(self, files: _Files, environment: Mapping[str, str], now: datetime) -> None:
        self._files = files
        self._environment = environment
        self._now = now
        self._region = next(filter(None, map(environment.get, REGION_VARIABLES)), "")

    def environment(self) -> tuple[Profile, ...]:
        """Return the credentials of the environment, if there are any."""
        key = self._environment.get("AWS_ACCESS_KEY_ID")
        if not key:
            return ()
        account = self._environment.get("AWS_ACCOUNT_ID", "")
        found = _with_account_of_key(Profile("", ProfileKind.ENVIRONMENT, account, region=self._region), key)
        if not self._environment.get("AWS_SECRET_ACCESS_KEY"):
            return (_unusable(found, "AWS_SECRET_ACCESS_KEY is not set."),)
        return (found._replace(state=SignInState.UNKNOWN if "AWS_SESSION_TOKEN" in self._environment else _READY),)

    def profile(self, name: str, visited: tuple[str, ...] = ()) -> Profile:
        """Return a profile.

        Args:
            name: its name.
            visited: the roles that take their credentials from it, the farthest first.
        """
        section = self._files.profiles[name]
        account = section.get("aws_account_id", "")
        found = Profile(name, ProfileKind.HOST, account, region=self._region or section.get("region", ""))
        own_key = visited and section.keys() & {"aws_access_key_id", "aws_secret_access_key"}
        if "role_arn" in section and "web_identity_token_file" not in section and not own_key:
            return self._role(found, section, (*visited, name))
        if "web_identity_token_file" in section:
            return self._web_identity(found, section)
        if "sso_account_id" in section or "sso_role_name" in section:
            return self._sso(found, section)
        if "aws_access_key_id" in self._files.credentials.get(name, {}):
            return _access_key(found, section)
        if "login_session" in section:
            return self._login(found, section["login_session"])
        if "credential_process" in section:
            return found._replace(kind=ProfileKind.PROCESS)
        if "aws_access_key_id" in section:
            return _access_key(found, section)
        if "sso_session" in section:
            return self._sso_without_role(found, section["sso_session"])
        return found

    def sso_session(self, name: str) -> SsoSession:
        """Return an ``sso-session``."""
        section = self._files.sso_sessions[name]
        state, until = self._token_state(name)
        return SsoSession(name, section.get("sso_start_url", ""), section.get("sso_region", ""), state, until)

    def _role(self, found: Profile, section: Section, visited: tuple[str, ...]) -> Profile:
        arn = section["role_arn"]
        found = found._replace(
            kind=ProfileKind.ROLE, account=account_of_arn(arn) or found.account, role=arn.rpartition("/")[2]
        )
        source, named = section.get("source_profile"), section.get("credential_source")
        if (source is None) == (named is None):
            both = "both source_profile and credential_source" if source else "no source_profile or credential_source"
            return _unusable(found, f"The profile has {both}.")
        origin = self._source(source, visited) if source is not None else self._named_source(named or "")
        if origin.state is SignInState.UNUSABLE:
            return _unusable(found, origin.problem)
        via = (origin.name, *origin.via) if source is not None and source != found.name else origin.via
        found = found._replace(via=via, sso_session=origin.sso_session, login_profile=origin.login_profile)
        if until := self._cached_until(_role_key(section)):
            return found._replace(state=SignInState.SIGNED_IN, until=until)
        if "mfa_serial" in section and origin.state not in (SignInState.SIGNED_OUT, SignInState.EXPIRED):
            return found._replace(state=SignInState.NEEDS_CODE)
        return found._replace(state=origin.state, until=None)

    def _source(self, name: str, visited: tuple[str, ...]) -> Profile:
        """Return the profile that a role takes its credentials from. A role can name itself if it has an access key."""
        nowhere = Profile(name, ProfileKind.HOST)
        if name not in self._files.profiles:
            return _unusable(nowhere, f"The source_profile {name} does not exist.")
        own_key = "aws_access_key_id" in self._files.profiles[name]
        if name in visited and not (name == visited[-1] and own_key):
            return _unusable(nowhere, f"The source_profile {name} leads back to itself.")
        origin = self.profile(name, visited)
        if origin.kind in (ProfileKind.HOST, ProfileKind.SSO_WITHOUT_ROLE):
            return _unusable(origin, f"The source_profile {name} has no credentials.")
        return origin

    def _named_source(self, source: str) -> Profile:
        if source == "Environment":
            found = self.environment()
            return found[0] if found else _unusable(_NOTHING, "The credential_source is Environment, which has none.")
        if source in ("Ec2InstanceMetadata", "EcsContainer"):
            return _NOTHING
        return _unusable(_NOTHING, f"The credential_source {source} is not known.")

    def _web_identity(self, found: Profile, section: Section) -> Profile:
        arn = section.get("role_arn", "")
        found = found._replace(
            kind=ProfileKind.WEB_IDENTITY, account=account_of_arn(arn) or found.account, role=arn.rpartition("/")[2]
        )
        if not arn:
            return _unusable(found, "The profile has no role_arn.")
        path = Path(section["web_identity_token_file"])
        reason = why_unreadable(path)
        return _unusable(found, f"{path}: {reason}.") if reason else found._replace(state=_READY)

    def _sso(self, found: Profile, section: Section) -> Profile:
        session = section.get("sso_session")
        shared = self._files.sso_sessions.get(session or "", {})
        found = found._replace(
            kind=ProfileKind.SSO,
            account=section.get("sso_account_id", ""),
            role=section.get("sso_role_name", ""),
            sso_session=session or "",
            login_profile=found.name,
        )
        if session is not None and session not in self._files.sso_sessions:
            return _unusable(found, f"The sso-session {session} does not exist.")
        for name in shared:
            if section.get(name, shared[name]) != shared[name]:
                return _unusable(found, f"{name} differs between the profile and the sso-session {session}.")
        merged = {**section, **shared}
        if missing := [name for name in _SSO_OPTIONS if name not in merged]:
            return _unusable(found, f"The profile has no {' and no '.join(missing)}.")
        if until := self._cached_until(_sso_role_key(merged)):
            return found._replace(state=SignInState.SIGNED_IN, until=until)
        state, until = self._token_state(session or merged["sso_start_url"], renewable=session is not None)
        return found._replace(state=state, until=until)

    def _sso_without_role(self, found: Profile, session: str) -> Profile:
        found = found._replace(kind=ProfileKind.SSO_WITHOUT_ROLE, sso_session=session, login_profile=found.name)
        return _unusable(found, "The profile has no sso_account_id and no sso_role_name.")

    def _login(self, found: Profile, session: str) -> Profile:
        found = found._replace(
            kind=ProfileKind.LOGIN,
            account=account_of_arn(session),
            role=session.rpartition("/")[2],
            login_profile=found.name,
        )
        folder = expand(os.path.expandvars(self._environment.get("AWS_LOGIN_CACHE_DIRECTORY") or LOGIN_CACHE))
        token = _read_object(folder / f"{hashlib.sha256(session.strip().encode()).hexdigest()}.json")
        state, until = self._state_of(token.get("accessToken"), renewable="refreshToken" in token)
        return found._replace(state=state, until=until)

    def _token_state(self, session_or_url: str, *, renewable: bool = True) -> tuple[SignInState, datetime | None]:
        """Return the state of a token of IAM Identity Center. One without an ``sso-session`` is never renewed."""
        token = _read_object(token_path(session_or_url))
        registered = _time(token.get("registrationExpiresAt"))
        can_renew = renewable and "refreshToken" in token and registered is not None and registered > self._now
        return self._state_of(token if "accessToken" in token else None, renewable=can_renew)

    def _state_of(self, token: object, *, renewable: bool) -> tuple[SignInState, datetime | None]:
        until = _time(token.get("expiresAt")) if isinstance(token, Mapping) else None
        if until is None:
            return SignInState.SIGNED_OUT, None
        if until > self._now:
            return SignInState.SIGNED_IN, until
        return SignInState.RENEWABLE if renewable else SignInState.EXPIRED, until

    def _cached_until(self, key: str) -> datetime | None:
        """Return until when the cached credentials of a role are good; None if none can be used."""
        cache = credentials_cache()
        if cache is None or key not in cache:
            return None
        until = _time(cache[key]["Credentials"]["Expiration"])
        return until if until is not None and until - self._now >= ROLE_MARGIN else None


def _sections(sections: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Section]:
    return {
        title: {option: value for option, value in section.items() if isinstance(value, str)}
        for title, section in sections.items()
    }


_READY = SignInState.NOT_NEEDED
_NOTHING = Profile("", ProfileKind.HOST)
_SSO_OPTIONS = ("sso_account_id", "sso_role_name", "sso_start_url", "sso_region")


def _access_key(found: Profile, section: Section) -> Profile:
    found = _with_account_of_key(found._replace(kind=ProfileKind.ACCESS_KEY), section["aws_access_key_id"])
    if "aws_secret_access_key" not in section:
        return _unusable(found, "The profile has no aws_secret_access_key.")
    return found._replace(state=SignInState.UNKNOWN if "aws_session_token" in section else _READY)


def _with_account_of_key(found: Profile, key: str) -> Profile:
    account = account_of_access_key(key)
    return found if found.account or not account else found._replace(account=account, account_by_key=True)


def _unusable(found: Profile, problem: str) -> Profile:
    return found._replace(state=SignInState.UNUSABLE, until=None, problem=problem)


def _role_key(section: Section) -> str:
    """Return the cache key of a role's credentials, as ``AssumeRoleCredentialFetcher`` of botocore makes it."""
    values: dict[str, Any] = {}
    for option, parameter in _ROLE_OPTIONS.items():
        if option in section and (value := _parameter(option, section[option])) is not None:
            values[parameter] = value
    return _sha1(json.dumps(values, sort_keys=True))


def _parameter(option: str, value: str) -> str | int | None:
    if option != "duration_seconds":
        return value if value or option != "role_session_name" else None
    try:
        return int(value)
    except ValueError:
        return None


def _sso_role_key(section: Section) -> str:
    """Return the cache key of the credentials of an SSO role, as ``SSOCredentialFetcher`` of botocore makes it."""
    values = {"accountId": section["sso_account_id"], "roleName": section["sso_role_name"]}
    if session := section.get("sso_session"):
        values["sessionName"] = session
    else:
        values["startUrl"] = section["sso_start_url"]
    return _sha1(json.dumps(values, sort_keys=True, separators=(",", ":")))


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _read_object(path: Path) -> Mapping[str, Any]:
    """Return the JSON object in a file; an empty one if it has none, or cannot be read."""
    if why_unreadable(path):
        return {}
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _time(value: object) -> datetime | None:
    try:
        moment = parse(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if isinstance(moment, datetime) and moment.tzinfo else None
