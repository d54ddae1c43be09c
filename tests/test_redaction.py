"""No secret stays in a text, and other text stays as it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.errors import EcrTuiError
from ecrtui.redaction import hide_query_of, public_url, redact, redact_url

SECRET = st.from_regex(r"[A-Za-z0-9+/=_-]{12,40}", fullmatch=True)
NAMES = st.sampled_from(
    [
        "X-Amz-Security-Token",
        "Authorization",
        "SecretAccessKey",
        "aws_secret_access_key",
        "SessionToken",
        "authorizationToken",
        "accessToken",
        "refreshToken",
        "clientSecret",
        "password",
        "TokenCode",
        "X-Amz-Signature",
    ]
)
FORMS = st.sampled_from(
    [
        lambda name, secret: f"{name}: {secret}",
        lambda name, secret: f"{name}:{secret}\nnext: line",
        lambda name, secret: f"{name}={secret}&other=1",
        lambda name, secret: repr({name: secret}),
        lambda name, secret: repr({name: secret.encode(), "other": 1}),
        lambda name, secret: json.dumps({"x": {name: secret}}),
        lambda name, secret: repr(json.dumps({name: secret}).encode()),
        lambda name, secret: f"<a><{name}>{secret}</{name}></a>" if name in ("SecretAccessKey", "SessionToken") else "",
    ]
)


@given(NAMES, SECRET, FORMS, st.booleans())
def test_a_secret_is_hidden_in_every_log_format(
    name: str, secret: str, form: Callable[[str, str], str], lower: bool
) -> None:
    once = redact(form(name.lower() if lower and "<" not in form(name, "x") else name, secret))
    assert secret not in once
    assert redact(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE/20261123/eu-west-1/ecr/aws4_request,"
        " SignedHeaders=host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        "{'Authorization': b'AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE/2026, "
        "SignedHeaders=host, Signature=5d672d79c15b1316'}",
        "https://bucket.s3.amazonaws.com/x?X-Amz-Credential=ASIAIOSFODNN7EXAMPLE%2F20261123&X-Amz-Signature=5d672d79c15b1316",
        "Signature:\n5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        "http://5d672d79c15b1316:ASIAIOSFODNN7EXAMPLE@proxy:3128",
        "http://5d672d79c15b1316@proxy:3128",
        "http://user:p@ss/5d672d79c15b1316@proxy:3128/path",
        "Could not connect to 'https://user:5d672d79c15b1316@localhost:4566/', try again",
        "helper --password 5d672d79c15b1316 --vault x",
        "helper --api-key=5d672d79c15b1316",
        "Arguments: ['--session-token', '5d672d79c15b1316']",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN=5d672d79c15b1316",
        "Credentials(access_key='ASIAIOSFODNN7EXAMPLE', secret_key='5d672d79c15b1316', token='5d672d79c15b1316')",
    ],
)
def test_signatures_keys_and_passwords_in_urls_are_hidden(text: str) -> None:
    assert "5d672d79c15b1316" not in redact(text)
    assert "ASIAIOSFODNN7EXAMPLE" not in redact(text)
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "The image tag 'password-1' already exists in the 'team/token' repository",
        "Error loading SSO Token: Token for corp does not exist",
        '{"nextToken": "abc", "imageTag": "authorization"}',
        "sha256:5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        "http://127.0.0.1:4566/layers/x",
        "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app@sha256:5d672d79c15b1316",
        "see http://localhost:4566, or write to me@example.com",
        "no such option: --token --debug",
        "see https://docs.aws.amazon.com/x.html#section, is it http://h/? yes",
    ],
)
def test_other_text_is_kept(text: str) -> None:
    assert redact(text) == text


SAME = "as it is shown"


@pytest.mark.parametrize(
    ("url", "shown", "kept"),
    [
        ("http://localhost:4566/x", "http://localhost:4566/x", "http://localhost:4566/x"),
        ("http://me:secret@localhost:4566", "http://[hidden]@localhost:4566", "http://localhost:4566"),
        ("http://secret@localhost", "http://[hidden]@localhost", "http://localhost"),
        ("http://localhost/a@b", "http://[hidden]@b", "http://localhost/a@b"),
        ("me:secret@localhost", "[hidden]@localhost", "me:secret@localhost"),
        ("localhost", "localhost", "localhost"),
        ("http://h/x?token=secret&b=&secret#c", "http://h/x?token=[hidden]&b=&[hidden]#[hidden]", SAME),
        ("http://h?secret", "http://h?[hidden]", SAME),
        ("http://h/#a=secret", "http://h/#a=[hidden]", SAME),
        ("h/?token=secret", "h/?token=[hidden]", "h/?token=secret"),
        ("me:secret@h/?a=secret", "[hidden]@h/?a=[hidden]", "me:secret@h/?a=secret"),
        ("http://h/?", "http://h/?", SAME),
    ],
)
def test_a_url_is_shown_and_kept_without_its_password(url: str, shown: str, kept: str) -> None:
    assert (redact_url(url), public_url(url)) == (shown, shown if kept is SAME else kept)


def test_the_query_of_an_endpoint_is_hidden_without_the_endpoint_too() -> None:
    hide_query_of("http://h/?token=hunter2&pin=1&word")
    for text, shown in (
        ('"POST /x?token=hunter2&pin=1 HTTP/1.1" 200', '"POST /x?token=[hidden]&pin=[hidden] HTTP/1.1" 200'),
        ("Max retries exceeded with url: /?word (Caused by", "Max retries exceeded with url: /?[hidden] (Caused by"),
        ("POST\n/\npin=1&token=hunter2\nhost:h", "POST\n/\npin=[hidden]&token=[hidden]\nhost:h"),
        ("POST\n/\nword=&token=hunter2\n/?a=1&word", "POST\n/\n[hidden]=&token=[hidden]\n/?a=1&[hidden]"),
        ("spin=1 pin=12 token=hunter22 word", "spin=1 pin=12 token=hunter22 word"),
    ):
        assert redact(text) == shown


def test_the_texts_of_an_error_are_redacted() -> None:
    error = EcrTuiError(*["http://me:secret@localhost"] * 3)
    assert (str(error), error.hint) == (
        "http://[hidden]@localhost: http://[hidden]@localhost",
        "http://[hidden]@localhost",
    )
    assert "secret" not in repr(error)


@pytest.mark.parametrize("word", ["-", "a-", "--token", "a"])
def test_a_long_word_takes_no_longer_than_many_short_ones(word: str) -> None:
    text = word * (20_000 // len(word))
    begun = time.process_time()
    assert redact(text) == text
    assert time.process_time() - begun < 1
