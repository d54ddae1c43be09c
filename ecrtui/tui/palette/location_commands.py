"""The commands of the palette for ``team/app:tag``, an image URI, ``find TEXT`` and ``filter TEXT``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import Hit, Hits, Provider

from ecrtui.catalog.find.query import looks_pasted, parse_query
from ecrtui.ecr.reference import Reference, parse_reference
from ecrtui.errors import UsageError
from ecrtui.tui import messages
from ecrtui.tui import safe_text as text
from ecrtui.tui.base_screen import AppScreen
from ecrtui.tui.lists.list_screen import ListScreen
from ecrtui.tui.widgets.filter_bar import FilterBar

_FILTER = "filter "
_FIND = "find "
_MARKS = frozenset("/:@")
"""Characters that no name of a command has, and most references have."""

_SURE, _FIND_SCORE, _MAYBE = 2.0, 1.5, 0.01
"""The scores of a reference with one of the marks, of a search, and of a word that can name a repository."""


class LocationCommands(Provider):
    """Offers to open what the query names, and to filter the list."""

    async def search(self, query: str) -> Hits:
        """Yield the commands for the query."""
        screen = self.screen
        if isinstance(screen, ListScreen) and query.lower().startswith(_FILTER):
            line = query[len(_FILTER) :].strip()
            run = partial(screen.query_one(FilterBar).show_filter, line)
            yield Hit(_SURE, text.content(f"Filter {line}"), run, query, "Show only matching rows")
        elif isinstance(screen, AppScreen):
            for hit in self._open(query, screen):
                yield hit
            for hit in self._find(query, screen):
                yield hit

    def _find(self, query: str, screen: AppScreen) -> Iterator[Hit]:
        wanted = query[len(_FIND) :].strip() if query.lower().startswith(_FIND) else query.strip()
        if not wanted or (wanted == query.strip() and not looks_pasted(wanted)):
            return
        try:
            found = parse_query(wanted)
        except UsageError:
            return
        run = partial(screen.post_message, messages.FindText(wanted))
        yield Hit(_FIND_SCORE, text.content(f"Find {found}"), run, query, "Search all repositories")

    def _open(self, query: str, screen: AppScreen) -> Iterator[Hit]:
        try:
            reference = parse_reference(query)
        except UsageError:
            return
        if not reference.repository:
            return
        score = _SURE if _MARKS & set(query) else _MAYBE
        name = text.content(f"Open {reference}")
        if elsewhere := _other_registry(reference, screen):
            refuse = partial(self.app.notify, f"{reference} is in {elsewhere}. Connect to it first.")
            yield Hit(score, name.stylize("dim"), refuse, query, f"Not now: it is in {elsewhere}")
            return
        what = "the image and its manifest" if reference.tag or reference.digest else "the images of this repository"
        yield Hit(score, name, partial(_go, screen, reference), query, f"Show {what}")


def _other_registry(reference: Reference, screen: AppScreen) -> str:
    """Return the registry of a URI if it is not that of the screen; empty otherwise."""
    here = screen.header_state
    if not here.connected or not reference.registry_id:
        return ""
    same = (reference.registry_id, reference.region) == (here.registry_id, here.region)
    return "" if same else f"account {reference.registry_id}, region {reference.region}"


def _go(screen: AppScreen, reference: Reference) -> None:
    source, subject = screen.connect, reference.digest or reference.tag
    if subject:
        screen.post_message(messages.OpenImage(source, reference.repository, subject))
    else:
        screen.post_message(messages.OpenImages(source, reference.repository))
