"""A fake of IAM Identity Center on 127.0.0.1: SSO-OIDC (RegisterClient, StartDeviceAuthorization, CreateToken, the
authorization page of the browser flow) and SSO (GetRoleCredentials, ListAccounts, ListAccountRoles).

with FakeSso() as sso:
    sso.replies += ["AuthorizationPendingException"]  # to the next CreateToken
    ...  # AWS_ENDPOINT_URL_SSO = AWS_ENDPOINT_URL_SSO_OIDC = sso.url

One server can serve a module: :meth:`FakeSso.reset` makes it as new.
"""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.local_server import LocalServer, QuietHandler

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

# 2100-01-01
FAR_SECONDS = 4102444800


class FakeSso(LocalServer):
    """Answers requests and keeps them. Tokens are ``token1``, ``token2`` …; role keys are ``SSOKEY1``, ``SSOKEY2`` …"""

    def __init__(self) -> None:
        owner = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                self._reply(json.loads(body) if body else {})

            def do_GET(self) -> None:
                self._reply({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})

            def _reply(self, parameters: dict[str, Any]) -> None:
                route = urlsplit(self.path).path
                answer = owner.answer(route, parameters, self.headers.get("x-amz-sso_bearer_token", ""))
                status, error, location = 200, "", ""
                if isinstance(answer, str):
                    status, error, location = (302, "", answer) if "://" in answer else (400, answer, "")
                    answer = {"message": f"{error} of the fake", "error": error, "error_description": "refused"}
                content = json.dumps(answer).encode()
                self.send_response(401 if error == "UnauthorizedException" else 403 if "Forbidden" in error else status)
                if error:
                    self.send_header("x-amzn-ErrorType", error)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        super().__init__(Handler)
        self.reset()

    def reset(self) -> None:
        """Forget all calls, and answer everything."""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """The route and the parameters of each request."""
        self.replies: list[str] = []
        """Error codes of the next replies to CreateToken; empty to give a token."""
        self.errors: dict[str, list[str]] = {}
        """Error codes of the next replies by route, besides CreateToken."""
        self.approved = threading.Event()
        """CreateToken with a device code waits for it: the user allows the request in the browser."""
        self.approved.set()
        self.polled = threading.Event()
        """Set by the first CreateToken with a device code."""
        self.interval = 0
        self.expires_in = 600
        self.token_lifetime = 8 * 3600
        self.valid_tokens: set[str] = set()
        self.accounts: dict[str, list[str]] = {"123456789012": ["deploy"]}
        """The roles of each account."""

    def __exit__(self, *_: object) -> None:
        self.approved.set()
        super().__exit__()

    def routes(self) -> list[str]:
        """Return the last word of the route of each request, in order."""
        return [route.rpartition("/")[2] for route, _ in self.calls]

    def answer(self, route: str, parameters: dict[str, Any], token: str) -> dict[str, Any] | str:
        """Return the body of a reply, an error code, or the URL to go to."""
        self.calls.append((route, parameters))
        if errors := self.errors.get(route):
            return errors.pop(0)
        match route:
            case "/client/register":
                number = self.routes().count("register")
                names = {"clientId": f"client{number}", "clientSecret": f"secret{number}"}
                return {**names, "clientIdIssuedAt": 1, "clientSecretExpiresAt": FAR_SECONDS}
            case "/device_authorization":
                page = f"{self.url}/device"
                return {
                    "deviceCode": f"device{self.routes().count('device_authorization')}",
                    "userCode": "ABCD-EFGH",
                    "verificationUri": page,
                    "verificationUriComplete": f"{page}?user_code=ABCD-EFGH",
                    "expiresIn": self.expires_in,
                    "interval": self.interval,
                }
            case "/authorize":
                return f"{parameters['redirect_uri']}?{urlencode({'code': 'code1', 'state': parameters['state']})}"
            case "/token":
                return self._token(parameters)
        if token not in self.valid_tokens:
            return "UnauthorizedException"
        return self._portal(route, parameters)

    def _token(self, parameters: dict[str, Any]) -> dict[str, Any] | str:
        if parameters["grantType"] == DEVICE_GRANT:
            self.polled.set()
            self.approved.wait()
        if self.replies and (error := self.replies.pop(0)):
            return error
        number = self.routes().count("token")
        self.valid_tokens.add(f"token{number}")
        names = {"accessToken": f"token{number}", "refreshToken": f"refresh{number}", "tokenType": "Bearer"}
        return {**names, "expiresIn": self.token_lifetime}

    def _portal(self, route: str, parameters: dict[str, Any]) -> dict[str, Any] | str:
        account = parameters.get("account_id", "")
        match route:
            case "/assignment/accounts":
                rows = [{"accountId": number, "accountName": f"name-{number}"} for number in self.accounts]
                return {"accountList": rows}
            case "/assignment/roles":
                roles = self.accounts.get(account, [])
                return {"roleList": [{"roleName": role, "accountId": account} for role in roles]}
            case "/federation/credentials":
                if parameters["role_name"] not in self.accounts.get(account, []):
                    return "ForbiddenException"
                key = {"accessKeyId": f"SSOKEY{self.routes().count('credentials')}", "secretAccessKey": "secret"}
                return {"roleCredentials": {**key, "sessionToken": "token", "expiration": FAR_SECONDS * 1000}}
        return "InvalidRequestException"
