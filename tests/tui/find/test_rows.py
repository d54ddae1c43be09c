"""Which rows of the find screen stay when further answers arrive."""

from __future__ import annotations

from ecrtui.catalog.find.result import FindAnswer, Hit
from ecrtui.connections import SessionFactory
from ecrtui.ecr.image import Image
from ecrtui.errors import AccessDenied
from ecrtui.settings import Connection, load
from ecrtui.tui.find.rows import ShownAnswers
from ecrtui.tui.find.search import SearchedRegistry


def test_a_final_answer_replaces_earlier_ones_of_its_repository() -> None:
    registry = SearchedRegistry(0, SessionFactory(Connection(), load({})), None)
    denied = AccessDenied("Denied", "no")

    def answer(repository: str, *digests: str, final: bool = True, error: AccessDenied | None = None) -> FindAnswer:
        return FindAnswer(repository, tuple(Hit(repository, Image(digest)) for digest in digests), error, final)

    for batches, expected in (
        ([[answer("a", "1", "2", final=False), answer("a", "2")]], {"0/a@2"}),  # in one batch
        ([[answer("a", "1", "2", final=False)], [answer("a", "2", "3")]], {"0/a@2", "0/a@3"}),
        ([[answer("a", "1", final=False)], [answer("b"), answer("a", "1")]], {"0/a@1"}),
        ([[answer("a", error=denied, final=False)], [answer("a", "1")]], {"0/a@1"}),
        ([[answer("a", "1", final=False)], [answer("a", "1", error=denied)]], {"0/a@1", "0/a@"}),
        ([[answer("a", "1")], [answer("a"), answer("a", "1", final=False)]], {"0/a@1"}),
    ):
        shown, keys = ShownAnswers(), set[str]()
        for batch in batches:
            rows, gone = shown.add(registry, batch)
            keys = keys.difference(gone).union(row.key for row in rows)
        assert keys == expected
