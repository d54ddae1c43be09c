"""The values that options and arguments can have: profiles, regions, themes, repositories, tags and plans."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ecrtui.cli.completion import table
from ecrtui.cli.completion.candidates import Candidate, Given

if TYPE_CHECKING:
    from ecrtui.catalog.cache.names import CachedNames


class FilesWanted(Exception):  # noqa: N818 - reads as what happened
    """The value is the name of a file, which the shell completes."""


ENTRIES_FOR_PLANS = 200
"""The newest writes, whose plans are offered."""

_HOST = re.compile(r"(?:[a-z]+://)?[0-9]{12}\.dkr[.-]ecr[a-z0-9.-]*/")
"""The host of a registry in front of a repository, with or without a scheme."""


def values(kind: str, current: str, given: Given) -> Iterator[Candidate]:
    """Yield the values of a kind that begin as the current word does.

    Args:
        kind: a kind of :mod:`ecrtui.cli.completion.table`.
        current: the beginning of the word.
        given: the values before it.

    Raises:
        FilesWanted: the kind is that of files.
    """
    if kind == table.FILES:
        raise FilesWanted
    host = (_HOST.match(current) or [""])[0] if kind in (table.REPOSITORIES, table.IMAGES) else ""
    for candidate in _all_values(kind, current.removeprefix(host), given):
        word = host + candidate.word
        if word.startswith(current) and word.isprintable():
            yield candidate._replace(word=word)


def _all_values(kind: str, current: str, given: Given) -> Iterable[Candidate]:
    if kind == table.PROFILES:
        from ecrtui.registry.configuration.profile_names import profile_names

        return map(Candidate, profile_names(os.environ))
    if kind == table.REGIONS:
        from ecrtui.registry.configuration.region_names import region_names

        return (Candidate(name, description) for name, description in region_names().items())
    if kind == table.THEMES:
        return map(Candidate, _themes())
    if kind == table.REPOSITORIES:
        return map(Candidate, _names(given).repositories())
    if kind == table.IMAGES:
        return _images(current, _names(given))
    if kind == table.TAGS:
        return map(Candidate, _names(given).tags(_repository(given)))
    if kind == table.PLANS:
        return _plans()
    return ()


def _plans() -> Iterator[Candidate]:
    """Yield the ids of the newest plans in the journal; none if it cannot be read."""
    from ecrtui.errors import EcrTuiError
    from ecrtui.paths import journal_file
    from ecrtui.retag.journal.journal import Journal

    journal = Journal(journal_file())
    try:
        newest = journal.entries(limit=ENTRIES_FOR_PLANS)
    except EcrTuiError:
        return
    finally:
        journal.close()
    by_plan = {entry.plan: entry for entry in reversed(newest)}
    for plan, first in reversed(by_plan.items()):
        yield Candidate(plan, f"{first.kind} {first.repository}:{first.tag}")


def _images(current: str, names: CachedNames) -> Iterator[Candidate]:
    for mark, read in (("@", names.digests), (":", names.tags)):
        repository, found, _ = current.partition(mark)
        if found:
            yield from (Candidate(f"{repository}{mark}{name}") for name in read(repository))
            return
    yield from (Candidate(name, complete=False) for name in names.repositories())


def _repository(given: Given) -> str:
    """Return the repository that the words before name."""
    named = next((given[name] for name in ("repository_name", "repository", "reference") if name in given), "")
    path = named[match.end() :] if (match := _HOST.match(named)) else named
    return path.partition("@")[0].partition(":")[0]


def _names(given: Given) -> CachedNames:
    from ecrtui.catalog.cache.fingerprint import connection_fingerprint
    from ecrtui.catalog.cache.names import CachedNames
    from ecrtui.paths import cache_file
    from ecrtui.settings import Connection

    if given.keys() & {"demo", "database"}:  # the embedded registry has no cache
        return CachedNames(None, "", "")
    texts = {name: given[name] for name in ("profile", "region", "registry_id", "endpoint_url") if name in given}
    connection = Connection(**texts)  # type: ignore[arg-type]  # all of these fields are texts
    region = connection.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    return CachedNames(cache_file(), connection_fingerprint(connection), region)


def _themes() -> Iterable[str]:
    from ecrtui import paths

    folders = (paths.shipped_themes_folder(), paths.themes_folder())
    return sorted({file.stem for folder in folders for file in folder.glob("*.toml")})
