"""The two flows of a sign-in, against a fake of SSO-OIDC, with a clock and pauses of the test."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError
from urllib3 import PoolManager

from ecrtui.ecr.sign_in_request import SignInRequest
from ecrtui.errors import CredentialsError
from ecrtui.registry.configuration.session import new_session
from ecrtui.registry.sso.browser_flow import browser_token
from ecrtui.registry.sso.configuration import SsoConfiguration, sso_configuration
from ecrtui.registry.sso.device_flow import device_token
from ecrtui.registry.sso.method import choose_method
from ecrtui.registry.sso.oidc import OidcClient
from ecrtui.registry.sso.pause import Pause
from ecrtui.registry.sso.token_cache import TokenCache
from tests.registry.conftest import failed
from tests.support.fake_sso import FakeSso

NOW = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
CORP = SsoConfiguration("https://example.awsapps.com/start", "eu-west-1", "corp", ("sso:account:access",))
LEGACY = CORP._replace(session_name=None, scopes=None)
PENDING, SLOW = "AuthorizationPendingException", "SlowDownException"


class Clock(Pause):
    """Pauses that take no time, and a clock that they move. Cancels after some of them."""

    def __init__(self, cancel_after: int = 1000) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._cancel_after = cancel_after

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return len(self.waits) > self._cancel_after

    def now(self) -> datetime:
        return NOW + timedelta(seconds=sum(self.waits))


@pytest.fixture(scope="module")
def make_client(server: FakeSso) -> Any:
    """One botocore client for the module: to create one takes longer than all requests."""
    config = Config(region_name="eu-west-1", signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    return new_session().create_client("sso-oidc", config=config, endpoint_url=server.url)


Start = Callable[..., OidcClient]


@pytest.fixture
def start(make_client: Any, sso: FakeSso) -> Start:
    def oidc(clock: Clock, configuration: SsoConfiguration = CORP) -> OidcClient:
        return OidcClient(make_client, configuration, TokenCache(), clock.now)

    return oidc


DEVICE = [
    # the replies to CreateToken, the interval of the service, the waits, what the error says
    ([], 5, [5], ""),
    ([PENDING, PENDING], 5, [5, 5, 5], ""),
    ([PENDING, SLOW, PENDING, SLOW], 1, [1, 1, 6, 6, 11], ""),
    (["ExpiredTokenException"], 5, [5], "took too long"),
    ([PENDING] * 200, 5, [5] * 120, "took too long"),
    (["AccessDeniedException"], 5, [5], "was denied"),
    (["UnauthorizedClientException"], 5, [5], "does not allow"),
    (["InvalidGrantException"], 5, [5], "refuses"),
    (["SomethingNew"], 5, [5], "refuses"),
]


@pytest.mark.parametrize(("replies", "interval", "waits", "error"), DEVICE)
def test_the_device_flow_asks_until_the_service_decides(
    start: Start, sso: FakeSso, replies: list[str], interval: int, waits: list[float], error: str
) -> None:
    sso.interval, sso.replies = interval, list(replies)
    clock, shown = Clock(), list[SignInRequest]()
    oidc = start(clock)
    if error:
        problem = failed(device_token, oidc, shown.append, clock)
        assert isinstance(problem, CredentialsError)
        assert error in problem.title
        assert problem.hint
    else:
        token = device_token(oidc, shown.append, clock)
        end = (clock.now() + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert (token["startUrl"], token["region"], token["expiresAt"]) == (CORP.start_url, "eu-west-1", end)
        assert token["accessToken"].startswith("token")
        assert token["refreshToken"].startswith("refresh")
        assert {"clientId", "clientSecret", "registrationExpiresAt"} <= token.keys()
    assert clock.waits == waits
    page = f"{sso.url}/device?user_code=ABCD-EFGH"
    assert shown == [SignInRequest("corp", page, "ABCD-EFGH", (NOW + timedelta(minutes=10)).timestamp())]


def test_a_cancelled_sign_in_asks_no_more(start: Start, sso: FakeSso) -> None:
    sso.replies = [PENDING] * 5
    clock = Clock(cancel_after=2)
    assert "cancelled" in failed(device_token, start(clock), lambda _: None, clock).title
    assert sso.routes().count("token") == 2


def test_a_token_of_another_program_ends_the_sign_in(start: Start, sso: FakeSso) -> None:
    sso.replies = [PENDING] * 5
    clock, other = Clock(), {"accessToken": "theirs"}
    found = device_token(start(clock), lambda _: None, clock, lambda: other if len(clock.waits) == 2 else None)
    assert found == other
    assert sso.routes().count("token") == 1


@pytest.mark.parametrize(
    "lost", [EndpointConnectionError(endpoint_url="u"), ConnectTimeoutError(endpoint_url="u")], ids=lambda e: e.fmt
)
def test_a_network_that_fails_for_a_while_does_not_end_the_sign_in(
    start: Start, make_client: Any, lost: Exception
) -> None:
    failures = [lost, lost]

    def fail(**_: Any) -> None:
        if failures:
            raise failures.pop()

    event = "before-send.sso-oidc.CreateToken"
    make_client.meta.events.register(event, fail)
    try:
        clock = Clock()
        assert device_token(start(clock), lambda _: None, clock)["accessToken"]
    finally:
        make_client.meta.events.unregister(event, fail)
    assert len(clock.waits) == 3


def registration_file(configuration: SsoConfiguration = CORP) -> Path:
    return Path("~/.aws/sso/cache").expanduser() / f"{configuration.registration_key}.json"


LATER, SOON = "2027-01-01T00:00:00Z", "2026-11-27T10:10:00Z"
REGISTRATIONS: list[tuple[Any, bool]] = [
    # the content of the file, whether the device flow uses it
    ({"clientId": "kept", "clientSecret": "s", "expiresAt": LATER}, True),
    ({"clientId": "kept", "clientSecret": "s", "expiresAt": LATER, "grantTypes": ["refresh_token"]}, True),
    ({"clientId": "kept", "clientSecret": "s", "expiresAt": LATER, "grantTypes": ["authorization_code"]}, False),
    ({"clientId": "kept", "clientSecret": "s", "expiresAt": SOON}, False),
    ({"clientId": "kept", "clientSecret": "s", "expiresAt": "soon"}, False),
    ({"clientId": "kept", "expiresAt": LATER}, False),
    ([], False),
    ("{", False),
]


@pytest.mark.parametrize(("content", "used"), REGISTRATIONS)
def test_a_registration_is_used_again_if_it_fits(start: Start, sso: FakeSso, content: Any, used: bool) -> None:
    path = registration_file()
    path.parent.mkdir(parents=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    clock = Clock()
    token = device_token(start(clock), lambda _: None, clock)
    assert token["clientId"] == ("kept" if used else "client1")
    kept = json.loads(path.read_text())
    assert kept["clientId"] == token["clientId"]
    if not used:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (kept["scopes"], kept["expiresAt"]) == (["sso:account:access"], "2100-01-01T00:00:00Z")
        assert sso.calls[0][1]["clientName"] == "botocore-client-corp"


def test_a_registration_that_the_service_forgot_is_replaced_once(start: Start, sso: FakeSso) -> None:
    clock = Clock()
    device_token(start(clock), lambda _: None, clock)
    sso.errors = {"/device_authorization": ["InvalidClientException"]}
    assert device_token(start(clock), lambda _: None, clock)["clientId"] == "client2"
    sso.errors = {"/device_authorization": ["InvalidClientException"] * 2}
    assert "refuses" in failed(device_token, start(clock), lambda _: None, clock).title


def test_a_wrong_start_url_names_the_configuration(start: Start, sso: FakeSso) -> None:
    sso.errors = {"/device_authorization": ["InvalidRequestException"]}
    clock = Clock()
    error = failed(device_token, start(clock), lambda _: None, clock)
    assert CORP.start_url in error.detail
    assert "sso_start_url and sso_region" in error.hint


def test_a_legacy_profile_registers_without_scopes(start: Start, sso: FakeSso) -> None:
    clock = Clock()
    device_token(start(clock, LEGACY), lambda _: None, clock)
    assert "scopes" not in sso.calls[0][1]
    assert registration_file(LEGACY).exists()


BROWSER = PoolManager()


def browse(url: str) -> None:
    """Do what the user does in the browser: allow the request. The page sends the browser back to ecrtui."""
    assert b"close this page" in BROWSER.request("GET", url).data


def test_the_browser_flow_returns_a_token_for_the_answer_of_the_page(start: Start, sso: FakeSso) -> None:
    shown: list[SignInRequest] = []
    token = browser_token(start(Clock()), shown.append, Pause(), open_page=browse)
    assert token["accessToken"].startswith("token")
    register, authorize, grant = (parameters for _, parameters in sso.calls)
    assert register["grantTypes"] == ["authorization_code", "refresh_token"]
    assert (register["redirectUris"], register["issuerUrl"]) == (["http://127.0.0.1/oauth/callback"], CORP.start_url)
    assert (grant["code"], grant["redirectUri"]) == ("code1", authorize["redirect_uri"])
    assert authorize["scopes"] == "sso:account:access"
    assert 43 <= len(grant["codeVerifier"]) <= 128, "RFC 7636, 4.1"
    assert len(authorize["code_challenge"]) == 43
    assert shown[0].code == ""


def test_the_browser_flow_takes_only_its_own_answer(start: Start, sso: FakeSso) -> None:
    def attack_then_deny(url: str) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        back = query["redirect_uri"]
        for wrong in (f"{back}?code=x&state=wrong", f"{back}?code=x", back.replace("callback", "other") + "?code=x"):
            assert BROWSER.request("GET", wrong).status == 404
        BROWSER.request("GET", f"{back}?error=access_denied&error_description=no&state={query['state']}")

    error = failed(browser_token, start(Clock()), lambda _: None, Pause(), open_page=attack_then_deny)
    assert (error.title, error.detail) == ("The sign-in was denied", "no")
    assert "token" not in sso.routes()


def test_the_browser_flow_can_be_cancelled_and_ends_in_time(start: Start) -> None:
    clock = Clock(cancel_after=3)
    assert "cancelled" in failed(browser_token, start(clock), lambda _: None, clock, open_page=lambda _: None).title
    clock = Clock()
    assert "too long" in failed(browser_token, start(clock), lambda _: None, clock, open_page=lambda _: None).title
    assert len(clock.waits) == 600


METHODS = [
    ("auto", {}, "linux", "device"),
    ("auto", {"DISPLAY": ":0"}, "linux", "browser"),
    ("auto", {"WAYLAND_DISPLAY": "w"}, "linux", "browser"),
    ("auto", {"DISPLAY": ":10", "SSH_CONNECTION": "1"}, "linux", "device"),
    ("auto", {"DISPLAY": ":0", "SSH_TTY": "/dev/pts/1"}, "linux", "device"),
    ("auto", {}, "darwin", "browser"),
    ("auto", {"SSH_TTY": "/dev/ttys1"}, "darwin", "device"),
    ("device", {"DISPLAY": ":0"}, "linux", "device"),
    ("browser", {"SSH_TTY": "/dev/pts/1"}, "linux", "browser"),
]


@pytest.mark.parametrize(("setting", "environment", "platform", "method"), METHODS)
def test_the_method_fits_the_machine(setting: str, environment: dict[str, str], platform: str, method: str) -> None:
    assert choose_method(setting, environment, platform).value == method


def test_the_registration_key_is_that_of_the_aws_cli() -> None:
    # computed as awscli does: sha1 of the JSON of these values with sorted keys
    sections = {"corp": {"sso_start_url": "u", "sso_region": "r", "sso_registration_scopes": "a, b"}}
    configuration = sso_configuration({"sso_session": "corp"}, sections)
    assert configuration == SsoConfiguration("u", "r", "corp", ("a", "b"))
    text = '{"region": "r", "scopes": ["a", "b"], "session_name": "corp", "startUrl": "u", "tool": "botocore"}'
    assert configuration.registration_key == hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
