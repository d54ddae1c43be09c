import hashlib

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.digest import digest_of, is_digest, short_digest


@given(st.binary(max_size=200))
def test_a_digest_is_sha256_of_the_exact_bytes(content):
    assert digest_of(content) == "sha256:" + hashlib.sha256(content).hexdigest()
    assert is_digest(digest_of(content))


def test_text_is_taken_as_utf_8():
    assert digest_of("é\r\n") == digest_of("é\r\n".encode())


def test_half_a_surrogate_pair_has_a_digest_of_its_own_and_raises_nothing():
    assert is_digest(digest_of("\ud800"))
    assert digest_of("\ud800") != digest_of("?")


def test_what_is_no_digest():
    good = digest_of(b"")
    for text in ("", "sha256:", good[:-1], good + "0", good.upper(), "sha512" + good[6:], good + "\n", " " + good):
        assert not is_digest(text), text


def test_the_short_form_is_the_first_twelve_digits():
    assert short_digest("sha256:" + "0123456789abcdef" * 4) == "0123456789ab"
