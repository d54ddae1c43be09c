"""References: how a user names a repository or an image, from ``team/app`` to a whole image URI."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ecrtui.errors import UsageError
from ecrtui.model import tag as tags
from ecrtui.model.digest import is_digest

REPOSITORY_PATTERN = re.compile(r"(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*/)*[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
"""``RepositoryName`` of the ECR service model; 2 to 256 characters."""

_HOST_PATTERN = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|[a-z0-9.-]+)"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """What a user named. Parts that were not named are empty."""

    repository: str = ""
    tag: str = ""
    digest: str = ""
    registry_id: str = ""
    region: str = ""

    def __str__(self) -> str:
        suffix = f"@{self.digest}" if self.digest else f":{self.tag}" if self.tag else ""
        return self.repository + suffix


def parse(text: str) -> Reference:
    """Read ``team/app``, ``team/app:tag``, ``team/app@sha256:…`` or a whole image URI.

    Raises:
        UsageError: what is wrong with the text, and which forms there are.
    """
    rest = text.strip().removeprefix("https://")
    host = _HOST_PATTERN.match(rest)
    if host and rest[host.end() : host.end() + 1] == "/":
        rest = rest[host.end() + 1 :]
    else:
        host = None
    name, _, digest = rest.partition("@")
    repository, _, tag = name.partition(":")
    problem = _problem(repository, tag, digest, has_tag=":" in name, has_digest="@" in rest)
    if problem:
        raise UsageError(
            f"{text!r} does not name an image",
            problem,
            "Write team/app, team/app:tag, team/app@sha256:… or ACCOUNT.dkr.ecr.REGION.amazonaws.com/team/app:tag.",
        )
    return Reference(repository, tag, digest, host["account"] if host else "", host["region"] if host else "")


def _problem(repository: str, tag: str, digest: str, *, has_tag: bool, has_digest: bool) -> str:
    if not REPOSITORY_PATTERN.fullmatch(repository) or not 2 <= len(repository) <= 256:
        return f"{repository!r} is not a repository name"
    if has_tag and (problem := tags.problem_with(tag)):
        return problem
    if has_digest and not is_digest(digest):
        return f"{digest!r} is not a digest: sha256: and 64 hexadecimal digits"
    return ""
