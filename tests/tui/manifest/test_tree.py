"""The tree of the parts of an image."""

from __future__ import annotations

import json

from ecrtui.ecr.manifest import parse_manifest
from ecrtui.ecr.referrer import Referrer
from ecrtui.tui.manifest.tree import MAX_ENTRIES, StructureTree
from tests.support.host import WidgetApp, screen_lines


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


INDEX = {
    "mediaType": "application/vnd.oci.image.index.v1+json",
    "manifests": [
        {"digest": "sha256:" + "a" * 64, "size": 1234, "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": "sha256:" + "b" * 64, "size": 1234, "platform": {"os": "li\x1bnux", "architecture": "[/]arm64"}},
        {
            "digest": "sha256:" + "c" * 64,
            "size": 566,
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        },
    ],
    "annotations": {"[@click=app.quit]": "\x1b]0;x\x07"},
}
IMAGE = {
    "config": {"digest": "sha256:" + "d" * 64, "size": 2000, "mediaType": "application/vnd.oci.image.config.v1+json"},
    "layers": [{"digest": digest(number), "size": 1_000_000 + number} for number in range(3)],
    "subject": {"digest": "sha256:" + "e" * 64, "size": 7, "mediaType": "application/vnd.oci.image.manifest.v1+json"},
}


async def test_an_index_shows_platforms_and_collapses_attestations() -> None:
    tree = StructureTree()
    async with WidgetApp(tree).run_test(size=(80, 14)) as pilot:
        tree.show("team/app:\x1bprod", parse_manifest(json.dumps(INDEX)))
        await pilot.pause()
        shown = "\n".join(screen_lines(pilot.app))
        assert "team/app:␛prod" in shown
        assert "platforms · 2" in shown
        assert "linux/amd64  aaaaaaaaaaaa  1.2 kB" in shown
        assert "li␛nux/[/]arm64  bbbbbbbbbbbb  1.2 kB" in shown
        assert "attestations · 1" in shown
        assert "cccccccccccc" not in shown


async def test_an_image_shows_config_layers_subject_and_referrers() -> None:
    tree = StructureTree()
    async with WidgetApp(tree).run_test(size=(100, 14)) as pilot:
        referrer = Referrer("sha256:" + "f" * 64, "application/vnd.oci.image.manifest.v1+json", "application/spdx", 99)
        tree.show("x", parse_manifest(json.dumps(IMAGE)), [referrer])
        await pilot.pause()
        shown = "\n".join(screen_lines(pilot.app))
        assert "config  dddddddddddd  2.0 kB  vnd.oci.image.config.v1+json" in shown
        assert "layers · 3.0 MB · 3" in shown
        assert "subject  eeeeeeeeeeee  7 B" in shown
        assert "referrers · 1" in shown
        assert "sbom  ffffffffffff  99 B  spdx" in shown


async def test_cursor_and_enter_post_the_descriptor() -> None:
    tree = StructureTree()
    app = WidgetApp(tree)
    async with app.run_test(size=(80, 14)) as pilot:
        tree.show("x", parse_manifest(json.dumps(INDEX)))
        await pilot.pause()
        await pilot.press("j", "j", "enter")
        highlighted = [message.part for message in app.messages_of(StructureTree.Highlighted)]
        assert highlighted[-1] is not None
        assert highlighted[-1].digest == "sha256:" + "a" * 64
        assert tree.current is highlighted[-1]
        assert [message.part.digest[-1] for message in app.messages_of(StructureTree.Selected)] == ["a"]
        await pilot.press("j", "j", "enter", "j", "enter")
        assert [message.part.digest[-1] for message in app.messages_of(StructureTree.Selected)] == ["a", "c"]


async def test_a_group_shows_a_limited_number_of_entries() -> None:
    tree = StructureTree()
    layers = [{"digest": digest(number), "size": 1} for number in range(MAX_ENTRIES + 42)]
    async with WidgetApp(tree).run_test(size=(80, 14)) as pilot:
        tree.show("x", parse_manifest(json.dumps({"layers": layers})))
        await pilot.pause()
        await pilot.press("G")
        group = tree.root.children[0]
        assert len(group.children) == MAX_ENTRIES + 1
        assert "42 more" in str(group.children[-1].label)


async def test_an_invalid_manifest_shows_the_problem() -> None:
    tree = StructureTree()
    async with WidgetApp(tree).run_test(size=(80, 14)) as pilot:
        tree.show("x", parse_manifest("[1]"))
        await pilot.pause()
        assert any("not a JSON object" in line for line in screen_lines(pilot.app))
