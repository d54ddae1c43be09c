"""``--debug`` logs requests without secrets."""

from __future__ import annotations

import re

from tests.cli.put_image.conftest import PutImageRunner
from tests.cli.put_image.endpoint import Endpoint

SECRETS = {
    "AWS_ACCESS_KEY_ID": "ASIAABCDEFGHIJKLMNOP",
    "AWS_SECRET_ACCESS_KEY": "secret/key+for/tests",
    "AWS_SESSION_TOKEN": "token/for+tests==",
}


def test_debug_has_no_key_no_token_and_no_signature(put_image: PutImageRunner, endpoint: Endpoint) -> None:
    result = put_image.process("--repository-name", "foo", "--image-manifest", "{}", "--debug", environment=SECRETS)
    assert result.code == 0
    assert re.search(r"^[-\d]+ [:,\d]+ - MainThread - botocore\.\S+ - DEBUG - ", result.err, flags=re.M)
    assert "PutImage" in result.err
    headers = endpoint.requests[0]["headers"]
    assert headers["X-Amz-Security-Token"] == SECRETS["AWS_SESSION_TOKEN"]
    signature = re.search(r"Signature=(\w+)", headers["Authorization"])
    assert signature is not None
    for secret in (*SECRETS.values(), signature[1], "AWS4-HMAC-SHA256 Credential"):
        assert secret not in result.err
