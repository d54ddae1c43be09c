"""``--debug`` shows what happens and nothing that lets somebody in."""

from __future__ import annotations

import re

from tests.cli.put_image.conftest import PutImage
from tests.cli.put_image.endpoint import Endpoint

SECRETS = {
    "AWS_ACCESS_KEY_ID": "ASIAABCDEFGHIJKLMNOP",
    "AWS_SECRET_ACCESS_KEY": "secret/key+of/nobody",
    "AWS_SESSION_TOKEN": "token/of+nobody==",
}


def test_debug_has_no_key_no_token_and_no_signature(put_image: PutImage, endpoint: Endpoint) -> None:
    ran = put_image.process("--repository-name", "foo", "--image-manifest", "{}", "--debug", **SECRETS)
    assert ran.code == 0
    assert re.search(r"^[-\d]+ [:,\d]+ - MainThread - botocore\.\S+ - DEBUG - ", ran.err, flags=re.M)
    assert "PutImage" in ran.err
    headers = endpoint.requests[0]["headers"]
    assert headers["X-Amz-Security-Token"] == SECRETS["AWS_SESSION_TOKEN"]
    signature = re.search(r"Signature=(\w+)", headers["Authorization"])
    assert signature is not None
    for secret in (*SECRETS.values(), signature[1], "AWS4-HMAC-SHA256 Credential"):
        assert secret not in ran.err
