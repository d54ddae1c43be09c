"""References: the name of a repository or an image, from ``team/app`` to a full image URI."""

from __future__ import annotations

import re
from typing import NamedTuple

from ecrtui.ecr import tag as tags
from ecrtui.ecr.digest import MIN_DIGITS, digest_prefix, has_other_digest, is_digest
from ecrtui.errors import UsageError

# Compiled on first use: the first frame does not need them.
REPOSITORY_PATTERN = r"(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*/)*[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
"""``RepositoryName`` of the ECR service model; 2 to 256 characters."""

_HOST_PATTERN = r"(?P<account>[0-9]{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z0-9.-]+"
"""The host of a registry. Its domain depends on the partition and on the kind of endpoint."""

_ARN_PATTERN = r"arn:[a-z0-9-]+:ecr:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):repository/(?P<repository>.+)"
"""``repositoryArn``, as policies and the console show it."""

_SCHEME_PATTERN = r"^(?:https|docker|oci)://"
"""Schemes that people copy with a reference, from a browser, skopeo, crane or Helm."""


OTHER_DIGEST = "ECR knows images by their sha256 digest, not by one of another algorithm"
"""What is wrong with a digest such as ``sha512:…``."""


def is_repository_name(text: str) -> bool:
    """Return True if ECR accepts the text as the name of a repository."""
    return 2 <= len(text) <= 256 and re.fullmatch(REPOSITORY_PATTERN, text) is not None


def names_repository(text: str, *, short_digest: bool = False) -> bool:
    """Return True if the text cannot be a tag because it names a repository, or an image in one.

    Args:
        text: the text.
        short_digest: see :func:`parse_reference`.
    """
    if not any(mark in text for mark in "/:@"):
        return False
    try:
        return bool(parse_reference(text, short_digest=short_digest).repository)
    except UsageError:
        return False


class Reference(NamedTuple):
    """A repository or an image as a user named it. Parts that were not given are empty."""

    repository: str = ""
    tag: str = ""
    digest: str = ""
    registry_id: str = ""
    region: str = ""

    def __str__(self) -> str:
        suffix = f"@{self.digest}" if self.digest else f":{self.tag}" if self.tag else ""
        return self.repository + suffix

    @property
    def can_be_tag_or_digest(self) -> bool:
        """True for a word that is a tag, or else the beginning of a digest."""
        return bool(self.digest) and self.digest == digest_prefix(self.tag)


def parse_reference(text: str, *, short_digest: bool = False) -> Reference:
    """Parse ``team/app``, ``team/app:tag``, ``team/app@sha256:…``, an image URI, an ARN, or the host of a registry.

    Args:
        text: the text.
        short_digest: True to accept the beginning of a digest, too: ``team/app@6c672e``. The digest of the reference is
            then ``sha256:6c672e``.

    Raises:
        UsageError: the text is none of these. The detail has the reason, the hint the valid forms.
    """
    arn = re.fullmatch(_ARN_PATTERN, text.strip())
    if arn and is_repository_name(arn["repository"]):
        return Reference(arn["repository"], registry_id=arn["account"], region=arn["region"])
    rest = re.sub(_SCHEME_PATTERN, "", text.strip())
    authority, _, path = rest.partition("/")
    host = re.fullmatch(_HOST_PATTERN, authority.lower())
    if host and not path:
        return Reference(registry_id=host["account"], region=host["region"])
    rest = path if host else rest
    name, _, digest = rest.partition("@")
    repository, _, tag = name.partition(":")
    digest = (digest_prefix(digest) if short_digest else "") or digest
    problem = _problem(repository, tag, digest, has_tag=":" in name, has_digest="@" in rest, short_digest=short_digest)
    if problem:
        raise UsageError(
            f"Invalid reference {text!r}",
            problem,
            "Write team/app, team/app:tag, team/app@sha256:… or ACCOUNT.dkr.ecr.REGION.amazonaws.com/team/app:tag.",
        )
    return Reference(repository, tag, digest, host["account"] if host else "", host["region"] if host else "")


def _problem(repository: str, tag: str, digest: str, *, has_tag: bool, has_digest: bool, short_digest: bool) -> str:
    if has_other_digest(f"{repository}:{tag} {digest}"):
        return OTHER_DIGEST
    if repository == "sha256" and digest_prefix(tag):
        return "a digest alone names no repository; search for it in all of them"
    if not is_repository_name(repository):
        lower = repository.lower()
        small = f"; its letters are lower case: {lower}" if is_repository_name(lower) else ""
        return f"{repository!r} is not a repository name{small}"
    if re.match(r"[^/]*\.dkr[.-]ecr[.-]", repository):
        return f"{repository.partition('/')[0]!r} is not the host of a registry: the id of an account has 12 digits"
    if has_tag and (problem := tags.tag_error(tag)):
        return problem
    if has_digest and short_digest and not digest_prefix(digest):
        return f"{digest!r} is not a digest; write its first {MIN_DIGITS} hexadecimal digits or more"
    if has_digest and not short_digest and not is_digest(digest):
        return f"{digest!r} is not a digest; write sha256: and 64 hexadecimal digits"
    return ""
