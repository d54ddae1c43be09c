"""The parts of the indexes of a repository: what is known without a request, and what is read."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ecrtui.catalog.cache.store import Cache
from ecrtui.catalog.catalog import Catalog
from ecrtui.catalog.image_groups import ImageGroups
from ecrtui.catalog.index_parts import (
    INDEXES_PER_REQUEST,
    KEPT_AT_ONCE,
    EarlyParts,
    KnownParts,
    find_parts,
    parts_of,
    parts_of_indexes,
)
from ecrtui.ecr.digest import digest_of
from ecrtui.ecr.findings import NOT_SCANNED
from ecrtui.ecr.image import Image
from ecrtui.ecr.location import RegistryLocation
from ecrtui.ecr.manifest import OCI_INDEX, OCI_MANIFEST, Manifest
from ecrtui.errors import AccessDenied
from ecrtui.gc_tuning import COLLECTOR_THRESHOLDS, unfreeze_heap
from ecrtui.settings import Connection
from ecrtui.wiring import open_registry
from tests.support.edited_replies import edited
from tests.support.embedded import client_for, create_repository, new_embedded, push_image, push_index

pytestmark = pytest.mark.usefixtures("no_sdk_retries")


class IndexesEnv:
    """The repository ``app`` with indexes, each of one platform of its own."""

    def __init__(self, indexes: int = 2) -> None:
        self.embedded = new_embedded()
        client = client_for(self.embedded)
        create_repository(client, "app")
        self.parts = [push_image(client, "app", f"part {number}") for number in range(indexes)]
        self.indexes = [push_index(client, "app", {"linux/arm64": part}).digest for part in self.parts]
        self.loose = push_image(client, "app", "loose").digest
        self.registry = open_registry(Connection(), embedded=self.embedded)
        self.catalog = Catalog(self.registry)

    def images(self) -> list[Image]:
        return [image for batch in self.catalog.images("app") for image in batch.items]

    def find(self, *, read: bool) -> KnownParts:
        *_, known = find_parts(self.catalog, "app", self.images(), read=read)
        return known

    @property
    def requests(self) -> int:
        calls: int = self.embedded.calls["BatchGetImage"]
        return calls


def cache_in(folder: Path) -> Cache:
    return Cache(folder / "cache.sqlite", RegistryLocation("1", "r"))


def test_what_was_looked_up_while_the_images_arrived_is_not_looked_up_again() -> None:
    env = IndexesEnv()
    known = env.find(read=True)
    early = EarlyParts(env.catalog, "app")
    for image in env.images():
        early.add([image])
    early.add(env.images())
    assert early.known == known
    elsewhere = Catalog(env.registry)  # has no manifest
    requests = env.requests
    assert list(find_parts(elsewhere, "app", env.images(), read=True, known=early.known)) == [known]
    assert env.requests == requests


def test_a_repository_without_indexes_needs_no_request() -> None:
    env = IndexesEnv(indexes=0)
    assert env.find(read=False) == KnownParts(listed=True)
    assert env.find(read=False).complete
    assert not KnownParts().complete


def test_parts_are_known_once_the_indexes_are_read() -> None:
    env = IndexesEnv()
    unknown = env.find(read=False)
    assert (unknown.unread, unknown.complete, env.requests) == (set(env.indexes), False, 0)
    known = env.find(read=True)
    assert known.indexes == {part.digest: (index,) for part, index in zip(env.parts, env.indexes, strict=True)}
    assert known.names == {"linux/arm64": {*env.indexes, *(part.digest for part in env.parts)}}
    assert (known.complete, env.requests) == (True, 1)
    assert env.find(read=False) == known
    assert env.requests == 1


def test_what_is_known_of_an_index_holds_while_another_is_unread() -> None:
    env = IndexesEnv()
    env.catalog.manifest("app", env.indexes[0])
    known = env.find(read=False)
    assert (list(known.indexes), known.unread) == ([env.parts[0].digest], {env.indexes[1]})


def test_a_search_continues_from_what_is_known() -> None:
    env = IndexesEnv(3)
    known = KnownParts()
    for opened in env.indexes[:2]:
        env.catalog.manifest("app", opened)
        *_, known = find_parts(env.catalog, "app", env.images(), read=False, known=known)
    assert known.indexes == {part.digest: (index,) for part, index in zip(env.parts[:2], env.indexes[:2], strict=True)}
    assert (known.unread, list(known.parts)) == ({env.indexes[2]}, env.indexes[:2])
    asked: list[str] = []
    images = [image for image in env.images() if image.digest in known.parts]
    env.embedded.faults.before("BatchGetImage", lambda: asked.append("read"), times=None)
    assert list(find_parts(env.catalog, "app", images, read=True, known=known)) == [known._replace(unread=set())]
    assert asked == []


def test_the_parts_of_kept_indexes_take_no_manifest_into_memory(tmp_path: Path) -> None:
    env = IndexesEnv()
    env.catalog = Catalog(env.registry, cache_in(tmp_path))
    known = env.find(read=True)
    env.catalog = Catalog(env.registry, cache_in(tmp_path))
    assert (env.find(read=False), env.requests) == (known, 1)
    assert env.catalog.known_manifest("app", env.indexes[0]) is None


def test_no_garbage_collection_runs_while_many_kept_indexes_are_looked_up(tmp_path: Path) -> None:
    catalog = Catalog(open_registry(Connection(), embedded=new_embedded()), cache := cache_in(tmp_path))
    manifests = [kept_index(number) for number in range(4 * KEPT_AT_ONCE)]
    cache.keep_manifests("app", manifests)
    images = [Image(manifest.digest, media_type=OCI_INDEX) for manifest in manifests]
    with counted_collections() as collections:
        *_, known = find_parts(catalog, "app", images, read=False)
        collections.clear()  # the first search has parsed the manifests
        *_, again = find_parts(catalog, "app", images, read=False)
    assert (len(again.parts), again) == (len(manifests), known)
    assert collections == []


def test_no_later_collection_visits_what_is_known_of_many_indexes() -> None:
    catalog = Catalog(open_registry(Connection(), embedded=new_embedded()))
    known = KnownParts({str(number): [] for number in range(KEPT_AT_ONCE)})
    try:
        (found,) = find_parts(catalog, "app", [], read=False, known=known)
        assert all(visited is not found.parts for visited in gc.get_objects())
    finally:
        unfreeze_heap()


def kept_index(number: int) -> Manifest:
    """Return an index of two images."""
    entries = [{"mediaType": OCI_MANIFEST, "digest": f"sha256:{number:063}{part}", "size": 1} for part in range(2)]
    text = json.dumps({"schemaVersion": 2, "manifests": entries})
    return Manifest(text, digest_of(text), OCI_INDEX)


@contextmanager
def counted_collections() -> Iterator[list[Mapping[str, int]]]:
    """Yield a list that gets what the garbage collector does in the block, with the thresholds of the application."""
    before, collections = gc.get_threshold(), list[Mapping[str, int]]()

    def record(phase: str, info: Mapping[str, int]) -> None:
        if phase == "start":
            collections.append(info)

    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    gc.callbacks.append(record)
    try:
        yield collections
    finally:
        gc.callbacks.remove(record)
        gc.set_threshold(*before)
        unfreeze_heap()


def test_platforms_come_first_and_each_part_once() -> None:
    def entry(number: int, **more: Any) -> dict[str, Any]:
        return {"mediaType": OCI_MANIFEST, "digest": f"sha256:{number:064}", "size": 1, **more}

    attestation = {"vnd.docker.reference.type": "attestation-manifest"}
    arm = entry(2, platform={"os": "linux", "architecture": "arm64", "variant": "v8"})
    unknown = {"os": "unknown", "architecture": "unknown"}
    amd = entry(2, platform={"os": "linux", "architecture": "amd64"})
    entries = [entry(1, platform=unknown, annotations=attestation), arm, amd, entry(3, mediaType=OCI_INDEX), entry(4)]
    parts = parts_of(json.dumps({"schemaVersion": 2, "manifests": entries}))
    assert [(part.digest[-1], part.kind.value, part.platform) for part in parts or ()] == [
        ("2", "image", "linux/arm64/v8, linux/amd64"),
        ("3", "index", ""),
        ("4", "image", ""),
        ("1", "attestation", ""),
    ]
    assert parts_of("{") is None


def test_many_indexes_are_read_in_few_requests() -> None:
    env = IndexesEnv(INDEXES_PER_REQUEST + 1)
    unread = [len(known.unread) for known in find_parts(env.catalog, "app", env.images(), read=True)]
    assert unread == [1, 0]
    assert env.requests == 2


def test_an_image_without_a_media_type_may_be_an_index() -> None:
    env = IndexesEnv()

    def spoil(reply: dict[str, Any]) -> None:
        for row in reply["imageDetails"]:
            del row["imageManifestMediaType"]

    env.embedded.faults.add(edited("DescribeImages", spoil))
    assert len(env.find(read=False).unread) == 5
    known = env.find(read=True)
    assert (known.indexes[env.parts[0].digest], known.parts[env.loose]) == ((env.indexes[0],), ())


def test_an_error_ends_the_search() -> None:
    env = IndexesEnv()
    env.embedded.faults.add("BatchGetImage:error:code=AccessDeniedException")
    with pytest.raises(AccessDenied):
        env.find(read=True)


WORST = ((), (("HIGH", 1),), (("CRITICAL", 1),))
"""The findings of an image, of one without a platform, and of an artifact, which ECR would not scan."""


def test_the_worst_scan_of_an_index_is_that_of_an_image_in_it_whether_or_not_it_states_a_platform() -> None:
    clean, bad, soci = (Image(f"sha256:{number:064}", findings=found) for number, found in enumerate(WORST))
    index = Image(f"sha256:{9:064}", media_type=OCI_INDEX)
    entries: list[dict[str, Any]] = [
        {"mediaType": OCI_MANIFEST, "digest": clean.digest, "platform": {"os": "linux", "architecture": "amd64"}},
        {"mediaType": OCI_MANIFEST, "digest": bad.digest},
        {
            "mediaType": OCI_MANIFEST,
            "digest": soci.digest,
            "platform": {"os": "linux", "architecture": "amd64"},
            "artifactType": "application/vnd.amazon.soci.index.v2+json",
        },
    ]
    text = json.dumps({"schemaVersion": 2, "manifests": entries})
    groups = ImageGroups({image.digest: image for image in (clean, bad, soci)}.get)
    groups.known = parts_of_indexes([Manifest(text, index.digest, OCI_INDEX)])
    assert groups.worst(index) == bad
    assert groups.kind_text(index) == "index 2"
    assert [groups.kind_text(image) for image in (clean, bad, soci)] == ["amd64", "image", "soci index"]


def test_an_index_without_an_image_that_ecr_scans_was_not_scanned() -> None:
    index = Image(f"sha256:{9:064}", media_type=OCI_INDEX)
    chart = Image(f"sha256:{1:064}", artifact_media_type="application/vnd.cncf.helm.config.v1+json")
    wasm = Image(f"sha256:{2:064}")
    entries = [
        {
            "digest": wasm.digest,
            "platform": {"os": "wasip2", "architecture": "wasm"},
            "artifactType": "application/vnd.wasm.config.v0+json",
        },
        {"digest": chart.digest},
    ]
    groups = ImageGroups({chart.digest: chart, wasm.digest: wasm}.get)
    assert not groups.worst(index).scan_known
    for listed, status in ((entries[:1], NOT_SCANNED), ([], NOT_SCANNED), ([{"digest": f"sha256:{3:064}"}], "")):
        text = json.dumps({"schemaVersion": 2, "manifests": listed})
        groups.known = parts_of_indexes([Manifest(text, index.digest, OCI_INDEX)])
        assert groups.worst(index).scan_status == status
    groups.known = parts_of_indexes([Manifest(json.dumps({"manifests": entries[1:]}), index.digest, OCI_INDEX)])
    assert groups.part_text(chart) == "helm chart", "the entry of the index does not say it"
