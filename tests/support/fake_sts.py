"""A fake of STS on 127.0.0.1, with AssumeRole and GetCallerIdentity.

with FakeSts() as sts:
    sts.accounts["KEY2"] = "222222222222"
    ...  # AWS_ENDPOINT_URL_STS = sts.url
"""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

ACCOUNT = "123456789012"
_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def access_key_of(authorization: str) -> str:
    """Return the access key that a request is signed with."""
    found = re.search(r"Credential=([^/]+)/", authorization)
    assert found
    return found[1]


class FakeSts:
    """Answers requests and keeps them. The role credentials that it gives have the keys ``ROLEKEY1``, ``ROLEKEY2`` …"""

    def __init__(self) -> None:
        self.calls: list[dict[str, str]] = []
        self.signed_by: list[str] = []
        self.lifetime = timedelta(hours=1)
        """The lifetime of role credentials."""
        self.accounts: dict[str, str] = {}
        """The account of each access key; ``ACCOUNT`` for all others."""
        self.error = ""
        """The error code of every reply; empty to answer."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                call = {name: values[0] for name, values in parse_qs(body).items()}
                signature = self.headers["Authorization"]  # AssumeRoleWithWebIdentity has none
                key = access_key_of(signature) if signature else ""
                owner.calls.append(call)
                owner.signed_by.append(key)
                answer = owner.answer(call["Action"], key).encode()
                self.send_response(403 if owner.error else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> FakeSts:
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def answer(self, action: str, key: str) -> str:
        """Return the body of a reply."""
        if self.error:
            return (
                f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{self.error}</Code>'
                "<Message>refused</Message></Error><RequestId>1</RequestId></ErrorResponse>"
            )
        if action == "GetCallerIdentity":
            account = self.accounts.get(key, ACCOUNT)
            result = f"<Arn>arn:aws:iam::{account}:user/{key}</Arn><UserId>AIDA</UserId><Account>{account}</Account>"
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
