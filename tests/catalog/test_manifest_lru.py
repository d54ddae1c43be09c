"""The manifests in memory stay within their size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ecrtui.catalog.manifest_lru import ManifestLru
from ecrtui.ecr.manifest import Manifest


def manifest(name: str, size: int) -> Manifest:
    return Manifest("x" * size, name, "type")


def test_the_least_recently_used_manifests_are_dropped() -> None:
    kept = ManifestLru(size=10)
    kept.keep("app", [manifest("a", 4), manifest("b", 4)])
    assert kept.get("app", "a") is not None
    kept.keep("app", [manifest("c", 4)])
    assert [name for name in "abc" if kept.get("app", name)] == ["a", "c"]


def test_a_manifest_larger_than_the_whole_size_is_not_kept() -> None:
    kept = ManifestLru(size=10)
    kept.keep("app", [manifest("a", 4), manifest("huge", 11)])
    assert kept.get("app", "a") is not None
    assert kept.get("app", "huge") is None


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 6)), max_size=30))
def test_the_manifests_stay_within_the_size(used: list[tuple[str, int]]) -> None:
    sizes: dict[str, int] = {}
    kept = ManifestLru(size=10)
    for name, size in used:
        sizes.setdefault(name, size)
        kept.keep("app", [manifest(name, sizes[name])])
        found = kept.get("app", name)
        assert found is not None
        assert len(found.text) == sizes[name]
    assert sum(sizes[name] for name in sizes if kept.get("app", name)) <= 10
