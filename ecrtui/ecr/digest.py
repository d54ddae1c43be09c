"""Digests: ``sha256:`` and 64 hexadecimal digits over exact bytes (OCI image spec, descriptor.md)."""

from __future__ import annotations

import re

DIGEST_PATTERN = re.compile(r"sha256:[0-9a-f]{64}")

SHORT_DIGITS = 12
"""The digits of a digest that Docker, Kubernetes and ecrtui show, and that people copy from a screen."""

MIN_DIGITS = 6
"""The least number of hexadecimal digits that are taken for the beginning of a digest."""


def digest_of(content: str | bytes) -> str:
    """Return the digest of these exact bytes; text is encoded as UTF-8.

    Lone surrogates are encoded too, so that such text has a digest. No registry returns that digest.
    """
    from hashlib import sha256  # OpenSSL is not loaded before the first frame

    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return "sha256:" + sha256(data).hexdigest()


def is_digest(text: str) -> bool:
    """Return True if the text is a whole, well-formed sha256 digest."""
    return DIGEST_PATTERN.fullmatch(text) is not None


def digest_prefix(text: str) -> str:
    """Return the digest, or the beginning of one, that a text is; empty if it is none.

    The text can be without ``sha256:`` and in upper case; the result is not.
    """
    digits = text.lower().removeprefix("sha256:")
    return f"sha256:{digits}" if re.fullmatch(f"[0-9a-f]{{{MIN_DIGITS},64}}", digits) else ""


def has_other_digest(text: str) -> bool:
    """Return True if a text has a digest of another algorithm. OCI allows it; ECR knows images by sha256 alone."""
    return re.search(r"\b(?:sha384|sha512):[0-9a-f]{32}", text, re.IGNORECASE) is not None


def find_digest(text: str) -> str:
    """Return the first digest in a text; empty if it has none."""
    found = DIGEST_PATTERN.search(text)
    return found[0] if found else ""


def short_digest(digest: str) -> str:
    """Return the first 12 hexadecimal digits, which people compare by eye."""
    return digest.removeprefix("sha256:")[:SHORT_DIGITS]
