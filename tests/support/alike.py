"""Two images whose digests begin with the same digits."""

from __future__ import annotations

from itertools import count
from typing import Any

from ecrtui.ecr.digest import MIN_DIGITS, digest_of
from tests.support.embedded import PushedImage, manifest_text, put


def push_alike(client: Any, repository: str, *tags: str) -> tuple[str, tuple[PushedImage, ...]]:
    """Push two images, each with one of the tags. Return the first digits that both digests have, and the images."""
    text = manifest_text(client, repository, "alike", annotations={"number": "0"})
    seen: dict[str, str] = {}
    for number in count():
        manifest = text.replace('"number": "0"', f'"number": "{number}"')
        digits = digest_of(manifest).removeprefix("sha256:")[:MIN_DIGITS]
        if digits in seen:
            break
        seen[digits] = manifest
    both = zip((seen[digits], manifest), tags, strict=True)
    return digits, tuple(put(client, repository, one, tag) for one, tag in both)
