"""Import and export of OCI layouts: the same bytes, or a clear error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecrtui.emulator.blobs import CHUNK_SIZE
from ecrtui.emulator.errors import LayoutError, ServiceError
from ecrtui.emulator.layout.exporting import ExportResult, export_image
from ecrtui.emulator.layout.importing import ImportResult, import_image
from ecrtui.emulator.layout.layout import open_layout
from ecrtui.emulator.layout.selection import MAX_DEPTH
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    REGION,
    client_for,
    create_repository,
    digest_of,
    digests_of,
    download,
    new_embedded,
    push_image,
    tags_of,
)
from tests.support.layouts import LayoutFolder, files_of, write_tar

REPOSITORY = "team/app"


@pytest.fixture
def ecr(empty: EmbeddedRegistry) -> Any:
    return client_for(empty)


@pytest.fixture
def layout(tmp_path: Path) -> LayoutFolder:
    return LayoutFolder(tmp_path / "layout")


def taken(empty: EmbeddedRegistry, source: object, tag: str = "", ref: str = "", **options: Any) -> ImportResult:
    with open_layout(str(source)) as opened:
        return import_image(empty.database, opened, REPOSITORY, tag, ref=ref, region=REGION, **options)


def written(empty: EmbeddedRegistry, folder: Path, **which: Any) -> ExportResult:
    return export_image(empty.database, REPOSITORY, str(folder), region=REGION, **which)


def manifest_of(ecr: Any, digest: str) -> dict[str, Any]:
    (found,) = ecr.batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageDigest": digest}])["images"]
    return dict(found)


class TestImport:
    def test_an_image_is_imported_with_its_bytes_config_and_tag(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder
    ) -> None:
        entry = layout.image(layers=[b"first", b"second"])
        layout.write_index(entry)
        imported = taken(empty, layout, "1.0")
        assert (imported.digest, imported.manifests, imported.blobs) == (entry["digest"], 1, 3)
        assert tags_of(ecr, REPOSITORY) == {"1.0": entry["digest"]}
        found = manifest_of(ecr, entry["digest"])
        assert found["imageManifest"].encode() == layout.path(entry["digest"]).read_bytes()
        config = json.loads(found["imageManifest"])["config"]["digest"]
        url = ecr.get_download_url_for_layer(repositoryName=REPOSITORY, layerDigest=config)["downloadUrl"]
        assert download(empty, url) == layout.path(config).read_bytes()

    def test_an_index_is_imported_with_its_manifests_and_alone_is_tagged(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder
    ) -> None:
        inner = layout.index([layout.image("amd64"), layout.image("arm64")])
        outer = layout.index([inner, layout.image("attestation")])
        layout.write_index(outer)
        imported = taken(empty, layout, "latest")
        assert imported.manifests == 5
        assert imported.media_type == OCI_INDEX
        assert len(digests_of(ecr, REPOSITORY)) == 5
        assert tags_of(ecr, REPOSITORY) == {"latest": outer["digest"]}

    def test_a_manifest_without_media_type_gets_that_of_its_descriptor(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder
    ) -> None:
        entry = layout.image(mediaType=None)
        layout.write_index(entry)
        assert taken(empty, layout).media_type == OCI_MANIFEST
        found = manifest_of(ecr, entry["digest"])
        assert found["imageManifestMediaType"] == OCI_MANIFEST
        assert "mediaType" not in json.loads(found["imageManifest"])

    def test_a_child_without_media_type_gets_that_of_the_index(
        self, empty: EmbeddedRegistry, layout: LayoutFolder
    ) -> None:
        layout.write_index(layout.index([layout.image(mediaType=None)]))
        assert taken(empty, layout).manifests == 2

    def test_an_import_without_a_tag_stores_the_image_untagged(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder
    ) -> None:
        layout.write_index(layout.image())
        taken(empty, layout)
        assert tags_of(ecr, REPOSITORY) == {}
        assert len(digests_of(ecr, REPOSITORY)) == 1

    def test_a_second_import_succeeds_and_stores_nothing(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder
    ) -> None:
        layout.write_index(layout.index([layout.image()]))
        taken(empty, layout, "1.0")
        assert taken(empty, layout, "1.0").blobs == 0
        assert len(digests_of(ecr, REPOSITORY)) == 2

    def test_a_second_import_into_an_immutable_repository_succeeds(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder
    ) -> None:
        create_repository(ecr, REPOSITORY, "IMMUTABLE")
        layout.write_index(layout.image())
        taken(empty, layout, "1.0")
        taken(empty, layout, "1.0")
        assert len(tags_of(ecr, REPOSITORY)) == 1

    def test_an_immutable_tag_is_refused_in_ecr_words(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder
    ) -> None:
        create_repository(ecr, REPOSITORY, "IMMUTABLE")
        before = push_image(ecr, REPOSITORY, tag="1.0")
        layout.write_index(layout.image("another"))
        with pytest.raises(ServiceError, match="cannot be overwritten because the tag is immutable"):
            taken(empty, layout, "1.0")
        assert tags_of(ecr, REPOSITORY) == {"1.0": before.digest}

    def test_a_mutable_tag_moves(self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder) -> None:
        create_repository(ecr, REPOSITORY)
        push_image(ecr, REPOSITORY, tag="1.0")
        entry = layout.image("another")
        layout.write_index(entry)
        taken(empty, layout, "1.0")
        assert tags_of(ecr, REPOSITORY) == {"1.0": entry["digest"]}

    def test_missing_content_of_a_known_layer_is_stored(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder
    ) -> None:
        entry = layout.image(layers=[b"declared"])
        layout.write_index(entry)
        create_repository(ecr, REPOSITORY)
        with empty.database.write() as connection:
            connection.execute(
                "INSERT INTO layers (repository_id, digest, size) SELECT id, ?, 8 FROM repositories",
                (digest_of(b"declared"),),
            )
        assert taken(empty, layout).blobs == 2

    def test_a_layer_larger_than_a_part_is_imported_completely(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder, tmp_path: Path
    ) -> None:
        large = b"0123456789abcdef" * (CHUNK_SIZE // 16) + b"the rest"
        layout.write_index(layout.image(layers=[large, b"small"]))
        told: list[tuple[int, int]] = []
        imported = taken(empty, layout, "1.0", progress=lambda *numbers: told.append(numbers))
        assert told[-1] == (imported.size, imported.size)
        written(empty, tmp_path / "out", tag="1.0")
        assert (tmp_path / "out/blobs/sha256" / digest_of(large)[7:]).read_bytes() == large

    def test_docker_manifests_are_imported_unchanged(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder
    ) -> None:
        image = layout.image(mediaType=DOCKER_MANIFEST) | {"mediaType": DOCKER_MANIFEST}
        document = {"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": [image]}
        layout.write_index(layout.manifest(json.dumps(document, indent=3), DOCKER_LIST))
        assert taken(empty, layout).media_type == DOCKER_LIST

    def test_an_artifact_keeps_a_subject_that_does_not_exist(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder
    ) -> None:
        subject = {"mediaType": OCI_MANIFEST, "digest": digest_of("elsewhere"), "size": 9}
        entry = layout.image(subject=subject, artifactType="application/spdx+json")
        layout.write_index(entry)
        taken(empty, layout)
        referrers = ecr.list_image_referrers(repositoryName=REPOSITORY, subjectId={"imageDigest": subject["digest"]})
        assert [one["digest"] for one in referrers["referrers"]] == [entry["digest"]]

    def test_foreign_layers_are_reported_and_not_required(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        foreign = {
            "mediaType": OCI_LAYER,
            "digest": digest_of("windows"),
            "size": 7,
            "urls": ["https://layers.example.com/windows"],
        }
        config = {"mediaType": OCI_CONFIG, **layout.blob(b"{}")}
        document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [foreign]}
        layout.write_index(layout.manifest(json.dumps(document)))
        assert taken(empty, layout).foreign == (foreign["digest"],)


class TestChoice:
    def test_a_single_image_needs_no_ref(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        layout.write_index(**{"1.0": layout.image()})
        taken(empty, layout)

    def test_several_images_are_listed(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        one, two = layout.image("one"), layout.image("two")
        layout.write_index(**{"1.0": one, "2.0": two})
        with pytest.raises(LayoutError, match="has 2 images") as caught:
            taken(empty, layout)
        assert "'1.0'" in caught.value.problem
        assert two["digest"] in caught.value.problem
        assert "--ref" in caught.value.hint

    def test_ref_selects_an_image_by_name(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        one, two = layout.image("one"), layout.image("two")
        layout.write_index(**{"1.0": one, "2.0": two})
        assert taken(empty, layout, ref="2.0").digest == two["digest"]

    def test_ref_selects_an_image_by_digest(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        one, two = layout.image("one"), layout.image("two")
        layout.write_index(one, two)
        assert taken(empty, layout, ref=one["digest"]).digest == one["digest"]

    def test_several_names_of_one_image_need_no_ref(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        one = layout.image()
        layout.write_index(**{"1.0": one, "latest": one})
        assert taken(empty, layout).digest == one["digest"]

    def test_an_unknown_ref_is_reported_with_the_valid_ones(
        self, empty: EmbeddedRegistry, layout: LayoutFolder
    ) -> None:
        layout.write_index(**{"1.0": layout.image()})
        with pytest.raises(LayoutError, match=r"has no image '3\.0'; it has\n  '1\.0'"):
            taken(empty, layout, ref="3.0")

    def test_an_empty_layout_is_reported(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        with pytest.raises(LayoutError, match="has no image"):
            taken(empty, layout)


class TestRefusals:
    """Invalid layouts are refused, and nothing of them is stored."""

    def refused(self, empty: EmbeddedRegistry, source: object, words: str) -> LayoutError:
        with pytest.raises(LayoutError, match=words) as caught:
            taken(empty, source, "1.0")
        with empty.database.read() as connection:
            assert connection.execute("SELECT count(*) FROM images").fetchone()[0] == 0
        return caught.value

    def test_a_missing_layer_is_refused(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        layout.write_index(layout.image(layers=[b"one", b"two"]))
        layout.path(digest_of(b"two")).unlink()
        problem = self.refused(empty, layout, f"Missing:\n  layer or config {digest_of(b'two')}")
        assert "skopeo copy --all" in problem.hint

    def test_missing_platforms_are_refused(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        children = [
            {**layout.image(name), "platform": {"os": "linux", "architecture": name}} for name in ("amd64", "arm64")
        ]
        layout.write_index(layout.index(children))
        layout.path(children[1]["digest"]).unlink()
        self.refused(empty, layout, f"{children[1]['digest']} .* for 'linux/arm64'")

    def test_many_missing_blobs_are_counted(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        layers = [str(number).encode() for number in range(12)]
        layout.write_index(layout.image(layers=layers))
        for layer in layers:
            layout.path(digest_of(layer)).unlink()
        self.refused(empty, layout, "and 7 more")

    def test_a_layer_that_does_not_match_its_digest_is_refused(
        self, empty: EmbeddedRegistry, layout: LayoutFolder
    ) -> None:
        layout.write_index(layout.image(layers=[b"layer"]))
        layout.path(digest_of(b"layer")).write_bytes(b"LAYER")
        self.refused(empty, layout, f"its bytes have {digest_of(b'LAYER')}")
        with empty.database.read() as connection:
            kept = connection.execute("SELECT count(*) FROM blob_chunks WHERE content = ?", (b"LAYER",)).fetchone()[0]
        assert kept == 0

    def test_a_manifest_that_does_not_match_its_digest_is_refused(
        self, empty: EmbeddedRegistry, layout: LayoutFolder
    ) -> None:
        entry = layout.image()
        layout.write_index(entry)
        path = layout.path(entry["digest"])
        path.write_bytes(path.read_bytes() + b"\n")
        self.refused(empty, layout, "does not match its digest")

    @pytest.mark.parametrize("size", [1, 0, -7])
    def test_a_manifest_of_another_size_is_refused(
        self, empty: EmbeddedRegistry, layout: LayoutFolder, size: int
    ) -> None:
        layout.write_index({**layout.image(), "size": size})
        self.refused(empty, layout, "as its descriptor says")

    def test_a_layer_of_another_size_is_refused(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        config = layout.blob(b"{}")
        layer = {"mediaType": OCI_LAYER, **layout.blob(b"layer"), "size": 4}
        document = {"schemaVersion": 2, "config": {"mediaType": "a/b", **config}, "layers": [layer]}
        layout.write_index(layout.manifest(json.dumps(document)))
        self.refused(empty, layout, "has more than 4 bytes")

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", "nonsense", '{"manifests": 3}', '{"manifests": [3]}', "[" * 100_000]
    )
    def test_an_invalid_index_json_is_refused(self, empty: EmbeddedRegistry, layout: LayoutFolder, text: str) -> None:
        (layout.folder / "index.json").write_text(text)
        self.refused(empty, layout, r"index\.json")

    @pytest.mark.parametrize(
        "digest", [None, 3, "sha256:../../../etc/passwd", "sha512:" + "0" * 128, "SHA256:" + "A" * 64]
    )
    def test_an_invalid_digest_is_refused(self, empty: EmbeddedRegistry, layout: LayoutFolder, digest: str) -> None:
        layout.write_index({"mediaType": OCI_MANIFEST, "digest": digest, "size": 3})
        self.refused(empty, layout, "not a SHA-256 digest")

    @pytest.mark.parametrize("text", ["", "{", "[1]", '{"schemaVersion": 2}', '"text"'])
    def test_an_invalid_manifest_is_refused(self, empty: EmbeddedRegistry, layout: LayoutFolder, text: str) -> None:
        layout.write_index(layout.manifest(text))
        self.refused(empty, layout, "would be refused by ECR")

    def test_a_manifest_that_is_not_utf_8_is_refused(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        layout.write_index(layout.manifest(b'{"schemaVersion": 2, "annotations": {"a": "\xff"}}'))
        self.refused(empty, layout, "not UTF-8")

    def test_a_manifest_that_is_too_large_is_refused(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        layout.write_index(layout.image(annotations={"large": "x" * 4_194_304}))
        self.refused(empty, layout, "the limit of ECR")

    def test_a_wrong_media_type_is_refused(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        layout.write_index({**layout.image(), "mediaType": DOCKER_MANIFEST})
        self.refused(empty, layout, "Media type must be that of the image manifest")

    def test_a_manifest_without_any_media_type_is_refused(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        entry = layout.image(mediaType=None)
        del entry["mediaType"]
        layout.write_index(entry)
        self.refused(empty, layout, "no media type")

    def test_too_deep_indexes_are_refused(self, empty: EmbeddedRegistry, layout: LayoutFolder) -> None:
        entry = layout.image()
        for _ in range(MAX_DEPTH + 1):
            entry = layout.index([entry])
        layout.write_index(entry)
        self.refused(empty, layout, "deep")

    def test_a_folder_that_is_not_a_layout_is_refused(self, empty: EmbeddedRegistry, tmp_path: Path) -> None:
        self.refused(empty, tmp_path, "not an OCI image layout")

    def test_a_missing_source_is_refused(self, empty: EmbeddedRegistry, tmp_path: Path) -> None:
        self.refused(empty, tmp_path / "nothing", "No such file")

    def test_a_docker_save_archive_gets_a_hint(self, empty: EmbeddedRegistry, tmp_path: Path) -> None:
        (tmp_path / "manifest.json").write_text("[]")
        assert "docker-archive" in self.refused(empty, tmp_path, "docker save").hint


class TestArchives:
    @pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
    def test_a_tar_is_read_like_a_folder(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder, tmp_path: Path, mode: str
    ) -> None:
        entry = layout.index([layout.image("one"), layout.image("two")])
        layout.write_index(entry)
        source = write_tar(tmp_path / "image.tar", files_of(layout.folder), mode)
        assert taken(empty, source, "1.0").digest == entry["digest"]
        assert len(digests_of(ecr, REPOSITORY)) == 3

    @pytest.mark.parametrize("prefix", ["./", "image/", "./image/"])
    def test_a_tar_with_a_top_folder_is_read(
        self, empty: EmbeddedRegistry, layout: LayoutFolder, tmp_path: Path, prefix: str
    ) -> None:
        layout.write_index(layout.image())
        members = {prefix + name: content for name, content in files_of(layout.folder).items()}
        assert taken(empty, write_tar(tmp_path / "image.tar", members)).manifests == 1

    @pytest.mark.parametrize("name", ["../outside", "blobs/../../outside", "/etc/outside"])
    def test_a_path_outside_the_archive_is_refused(
        self, empty: EmbeddedRegistry, layout: LayoutFolder, tmp_path: Path, name: str
    ) -> None:
        layout.write_index(layout.image())
        source = write_tar(tmp_path / "image.tar", {**files_of(layout.folder), name: b"mine"})
        with pytest.raises(LayoutError, match="outside the archive"):
            taken(empty, source)

    def test_links_out_of_the_archive_are_not_followed(
        self, empty: EmbeddedRegistry, layout: LayoutFolder, tmp_path: Path
    ) -> None:
        import tarfile

        entry = layout.image(layers=[b"layer"])
        layout.write_index(entry)
        members = files_of(layout.folder)
        path = f"blobs/sha256/{digest_of(b'layer')[7:]}"
        members.pop(path)
        source = write_tar(tmp_path / "image.tar", members)
        with tarfile.open(source, "a") as archive:
            link = tarfile.TarInfo(path)
            link.type, link.linkname = tarfile.SYMTYPE, str(layout.path(digest_of(b"layer")))
            archive.addfile(link)
        with pytest.raises(LayoutError, match="layer or config"):
            taken(empty, source)

    @pytest.mark.parametrize(
        "content", [b"", b"text", b"\x1f\x8bnonsense", b"\xfd7zXZ\x00", b"BZh9nonsense", b"\0" * 10_240]
    )
    def test_a_file_that_is_not_an_archive_is_refused(
        self, empty: EmbeddedRegistry, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "image.tar").write_bytes(content)
        with pytest.raises(LayoutError, match=r"neither a folder nor a whole tar|no index|cannot read"):
            taken(empty, tmp_path / "image.tar")

    @pytest.mark.parametrize("mode", ["w", "w:gz"])
    def test_a_truncated_archive_is_refused(
        self, empty: EmbeddedRegistry, layout: LayoutFolder, tmp_path: Path, mode: str
    ) -> None:
        layout.write_index(layout.image(layers=[bytes(range(256)) * 400]))
        whole = write_tar(tmp_path / "image.tar", files_of(layout.folder), mode).read_bytes()
        (tmp_path / "image.tar").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(LayoutError):
            taken(empty, tmp_path / "image.tar")

    def test_zstd_is_refused_with_a_hint(self, empty: EmbeddedRegistry, tmp_path: Path) -> None:
        (tmp_path / "image.tar").write_bytes(b"\x28\xb5\x2f\xfdcompressed")
        with pytest.raises(LayoutError, match="zstd"):
            taken(empty, tmp_path / "image.tar")


class TestSkopeoDirLayout:
    """The output of ``skopeo copy … dir:FOLDER``."""

    def folder(self, layout: LayoutFolder, top: dict[str, Any], target: Path, children: list[dict[str, Any]]) -> Path:
        target.mkdir()
        (target / "version").write_text("Directory Transport Version: 1.1\n")
        manifests = {top["digest"]: "manifest.json"} | {
            one["digest"]: f"{one['digest'][7:]}.manifest.json" for one in children
        }
        for path in (layout.folder / "blobs/sha256").iterdir():
            (target / manifests.get(f"sha256:{path.name}", path.name)).write_bytes(path.read_bytes())
        return target

    def test_a_docker_image_is_imported_unchanged(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder, tmp_path: Path
    ) -> None:
        entry = layout.image(mediaType=DOCKER_MANIFEST)
        source = self.folder(layout, entry, tmp_path / "dir", [])
        imported = taken(empty, source, "1.0")
        assert (imported.digest, imported.media_type) == (entry["digest"], DOCKER_MANIFEST)

    def test_a_manifest_list_is_imported_with_its_images(
        self, empty: EmbeddedRegistry, ecr: Any, layout: LayoutFolder, tmp_path: Path
    ) -> None:
        children = [layout.image("one"), layout.image("two")]
        entry = layout.index(children)
        assert taken(empty, self.folder(layout, entry, tmp_path / "dir", children)).manifests == 3

    def test_a_missing_image_of_the_list_is_reported(
        self, empty: EmbeddedRegistry, layout: LayoutFolder, tmp_path: Path
    ) -> None:
        children = [layout.image("one"), layout.image("two")]
        source = self.folder(layout, layout.index(children), tmp_path / "dir", children)
        (source / f"{children[0]['digest'][7:]}.manifest.json").unlink()
        with pytest.raises(LayoutError, match=f"manifest {children[0]['digest']}"):
            taken(empty, source)


class TestExport:
    def test_an_imported_image_is_exported_byte_for_byte(
        self, empty: EmbeddedRegistry, layout: LayoutFolder, tmp_path: Path
    ) -> None:
        entry = layout.index([layout.image("one", mediaType=None), layout.index([layout.image("two")])])
        layout.write_index(**{"1.0": entry})
        taken(empty, layout, "1.0")
        exported = written(empty, tmp_path / "out", tag="1.0")
        assert (exported.digest, exported.manifests) == (entry["digest"], 4)
        before, after = files_of(layout.folder), files_of(tmp_path / "out")
        assert {name for name in before if name.startswith("blobs/")} == {
            name for name in after if name.startswith("blobs/")
        }
        assert all(after[name] == content for name, content in before.items() if name != "index.json")
        listed = json.loads(after["index.json"])["manifests"]
        assert listed == [
            {key: entry[key] for key in ("mediaType", "digest", "size")}
            | {"annotations": {"org.opencontainers.image.ref.name": "1.0"}}
        ]

    def test_an_export_by_digest_has_no_entry_name(
        self, empty: EmbeddedRegistry, layout: LayoutFolder, tmp_path: Path
    ) -> None:
        entry = layout.image()
        layout.write_index(entry)
        taken(empty, layout)
        written(empty, tmp_path / "out", digest=entry["digest"])
        assert "annotations" not in json.loads((tmp_path / "out/index.json").read_text())["manifests"][0]

    def test_an_image_pushed_through_the_api_is_exported(
        self, empty: EmbeddedRegistry, ecr: Any, tmp_path: Path
    ) -> None:
        create_repository(ecr, REPOSITORY)
        pushed = push_image(ecr, REPOSITORY, tag="1.0")
        written(empty, tmp_path / "out", tag="1.0")
        assert (tmp_path / "out/blobs/sha256" / pushed.digest[7:]).read_text() == pushed.manifest

    def test_an_export_accepts_an_empty_folder(
        self, empty: EmbeddedRegistry, layout: LayoutFolder, tmp_path: Path
    ) -> None:
        layout.write_index(layout.image())
        taken(empty, layout, "1.0")
        (tmp_path / "out").mkdir()
        written(empty, tmp_path / "out", tag="1.0")

    def test_an_export_refuses_a_folder_with_files(
        self, empty: EmbeddedRegistry, layout: LayoutFolder, tmp_path: Path
    ) -> None:
        layout.write_index(layout.image())
        taken(empty, layout, "1.0")
        (tmp_path / "out").mkdir()
        (tmp_path / "out/mine").write_text("mine")
        with pytest.raises(LayoutError, match="not empty"):
            written(empty, tmp_path / "out", tag="1.0")
        assert files_of(tmp_path / "out") == {"mine": b"mine"}

    def test_a_folder_that_cannot_be_created_is_reported(
        self, empty: EmbeddedRegistry, layout: LayoutFolder, tmp_path: Path
    ) -> None:
        layout.write_index(layout.image())
        taken(empty, layout, "1.0")
        (tmp_path / "file").write_text("")
        with pytest.raises(LayoutError, match="cannot be written"):
            written(empty, tmp_path / "file/out", tag="1.0")

    @pytest.mark.parametrize("which", [{"tag": "none"}, {"digest": "sha256:" + "0" * 64}])
    def test_an_unknown_image_is_reported(
        self, empty: EmbeddedRegistry, ecr: Any, tmp_path: Path, which: dict[str, str]
    ) -> None:
        create_repository(ecr, REPOSITORY)
        with pytest.raises(LayoutError, match="has no image"):
            written(empty, tmp_path / "out", **which)

    def test_an_unknown_repository_is_reported(self, empty: EmbeddedRegistry, tmp_path: Path) -> None:
        with pytest.raises(LayoutError, match=f"no repository {REPOSITORY}.*{REGION}"):
            written(empty, tmp_path / "out", tag="1.0")

    def test_layers_without_content_are_reported_and_no_folder_is_created(
        self, empty: EmbeddedRegistry, layout: LayoutFolder, tmp_path: Path
    ) -> None:
        layout.write_index(layout.image(layers=[b"layer"]))
        taken(empty, layout, "1.0")
        with empty.database.write() as connection:
            connection.execute("DELETE FROM blobs WHERE digest = ?", (digest_of(b"layer"),))
        with pytest.raises(LayoutError, match="not in this registry"):
            written(empty, tmp_path / "out", tag="1.0")
        assert not (tmp_path / "out").exists()


_spaces = st.text(" \t\r\n", max_size=3)
_texts = st.text(st.characters(exclude_categories=["Cs"]))
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_manifest_is_exported_with_the_imported_bytes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Vary nesting, white space, escapes and unknown members."""
    folder = tmp_path_factory.mktemp("layout")
    layout = LayoutFolder(folder / "in")

    def dumped(document: dict[str, Any]) -> str:
        text = json.dumps(
            {**document, "x-unknown": data.draw(_values)},
            ensure_ascii=data.draw(st.booleans()),
            indent=data.draw(st.none() | st.integers(0, 4)),
        )
        return data.draw(_spaces) + text + data.draw(_spaces)

    def image() -> dict[str, Any]:
        config = {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            **layout.blob(data.draw(st.binary(min_size=1, max_size=20))),
        }
        layers = [
            {"mediaType": OCI_LAYER, **layout.blob(one)}
            for one in data.draw(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=3))
        ]
        own = {"mediaType": OCI_MANIFEST} if data.draw(st.booleans()) else {}
        return layout.manifest(dumped({"schemaVersion": 2, **own, "config": config, "layers": layers}))

    def tree(depth: int) -> dict[str, Any]:
        if depth == 0 or data.draw(st.booleans()):
            return image()
        children = [tree(depth - 1) for _ in range(data.draw(st.integers(0, 3)))]
        return layout.manifest(dumped({"schemaVersion": 2, "manifests": children}), OCI_INDEX)

    top = tree(3)
    layout.write_index(top)
    empty = new_embedded()
    try:
        imported = taken(empty, layout, "tag")
        written(empty, folder / "out", tag="tag")
    finally:
        empty.database.close()
    assert imported.digest == top["digest"]
    before, after = files_of(layout.folder), files_of(folder / "out")
    assert {name: content for name, content in after.items() if name != "index.json"} == {
        name: content for name, content in before.items() if name != "index.json"
    }
