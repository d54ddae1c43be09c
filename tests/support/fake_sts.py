"""A fake of STS on 127.0.0.1, with AssumeRole and GetCallerIdentity.

with FakeSts() as sts:
    sts.accounts["KEY2"] = "222222222222"
    ...  # AWS_ENDPOINT_URL_STS = sts.url
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from tests.support.local_server import LocalServer, QuietHandler

ACCOUNT = "123456789012"
_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def access_key_of(authorization: str) -> str:
    """Return the access key that a request is signed with."""
    found = re.search(r"Credential=([^/]+)/", authorization)
    assert found
    return found[1]


def _error(code: str, message: str) -> str:
    return (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )


class FakeSts(LocalServer):
    """Answers requests and keeps them. The role credentials that it gives have the keys ``ROLEKEY1``, ``ROLEKEY2`` …"""

    def __init__(self) -> None:
        self.calls: list[dict[str, str]] = []
        self.signed_by: list[str] = []
        self.lifetime = timedelta(hours=1)
        """The lifetime of role credentials."""
        self.accounts: dict[str, str] = {}
        """The account of each access key; ``ACCOUNT`` for all others."""
        self.aliases: list[str] = []
        """The aliases of the account, for IAM."""
        self.error = ""
        """The error code of every reply; empty to answer."""
        self.error_status = 403
        self.denied: dict[str, str] = {}
        """The message of AccessDenied for each role or action that is denied."""
        self.codes: set[str] | None = None
        """The MFA codes that are accepted, each once; None for any."""
        owner = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                call = {name: values[0] for name, values in parse_qs(body).items()}
                signature = self.headers["Authorization"]  # AssumeRoleWithWebIdentity has none
                key = access_key_of(signature) if signature else ""
                owner.calls.append(call)
                owner.signed_by.append(key)
                refusal = owner.refusal(call)
                answer = (_error(*refusal) if refusal else owner.answer(call["Action"], key)).encode()
                self.send_response(owner.error_status if refusal else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        super().__init__(Handler)

    def refusal(self, call: dict[str, str]) -> tuple[str, str] | None:
        """Return the code and the message of the error for a request; None to answer it."""
        if self.error:
            return self.error, "refused"
        message = self.denied.get(call.get("RoleArn", "")) or self.denied.get(call["Action"])
        if self.codes is not None and "TokenCode" in call:
            if call["TokenCode"] not in self.codes:
                message = "MultiFactorAuthentication failed with invalid MFA one time pass code."
            self.codes.discard(call["TokenCode"])
        return ("AccessDenied", message) if message else None

    def answer(self, action: str, key: str) -> str:
        """Return the body of a reply."""
        if action == "GetCallerIdentity":
            account = self.accounts.get(key, ACCOUNT)
            result = f"<Arn>arn:aws:iam::{account}:user/{key}</Arn><UserId>AIDA</UserId><Account>{account}</Account>"
        elif action == "ListAccountAliases":  # of IAM, which has the same protocol
            aliases = "".join(f"<member>{alias}</member>" for alias in self.aliases)
            result = f"<AccountAliases>{aliases}</AccountAliases><IsTruncated>false</IsTruncated>"
        else:
            until = (datetime.now(UTC) + self.lifetime).strftime("%Y-%m-%dT%H:%M:%SZ")
            result = (
                "<AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId>"
                f"<Arn>arn:aws:sts::{ACCOUNT}:assumed-role/r/x</Arn></AssumedRoleUser>"
                f"<Credentials><AccessKeyId>ROLEKEY{len(self.calls)}</AccessKeyId>"
                f"<SecretAccessKey>secret</SecretAccessKey><SessionToken>token{len(self.calls)}</SessionToken>"
                f"<Expiration>{until}</Expiration></Credentials>"
            )
        return f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{result}</{action}Result></{action}Response>'

    def asked_about(self) -> list[str]:
        """Return the keys whose identity was asked for, in order."""
        return [
            key for call, key in zip(self.calls, self.signed_by, strict=True) if call["Action"] == "GetCallerIdentity"
        ]
