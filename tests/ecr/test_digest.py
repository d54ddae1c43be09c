"""Digests of exact bytes."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.digest import digest_of, digest_prefix, is_digest, short_digest


@given(st.binary(max_size=200))
def test_a_digest_is_the_sha256_of_the_exact_bytes(content: bytes) -> None:
    assert digest_of(content) == "sha256:" + hashlib.sha256(content).hexdigest()
    assert is_digest(digest_of(content))


def test_text_is_encoded_as_utf_8() -> None:
    assert digest_of("é\r\n") == digest_of("é\r\n".encode())


def test_a_lone_surrogate_has_a_digest() -> None:
    assert is_digest(digest_of("\ud800"))
    assert digest_of("\ud800") != digest_of("?")


def test_other_text_is_not_a_digest() -> None:
    good = digest_of(b"")
    for text in ("", "sha256:", good[:-1], good + "0", good.upper(), "sha512" + good[6:], good + "\n", " " + good):
        assert not is_digest(text), text


def test_the_beginning_of_a_digest_has_six_digits_or_more() -> None:
    assert digest_prefix("6C672E") == digest_prefix("sha256:6c672e") == "sha256:6c672e"
    assert digest_prefix("ab" * 32) == f"sha256:{'ab' * 32}"
    for text in ("", "6c672", "6c672g", "sha512:6c672e", "sha256:", "ab" * 33):
        assert digest_prefix(text) == "", text


def test_a_short_digest_has_twelve_digits() -> None:
    assert short_digest("sha256:" + "0123456789abcdef" * 4) == "0123456789ab"
