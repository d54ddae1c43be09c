"""Hostile layouts: what they may take of memory and disk, and archives that contradict themselves."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import socket
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecrtui.emulator.errors import LayoutError, ServiceError
from ecrtui.emulator.layout import files as layout_files
from ecrtui.emulator.layout.importing import ImportResult, import_image
from ecrtui.emulator.layout.layout import open_layout
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import (
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    REGION,
    client_for,
    create_repository,
    digests_of,
)
from tests.support.layouts import LayoutFolder, files_of, write_tar

REPOSITORY = "team/app"


@pytest.fixture
def layout(tmp_path: Path) -> LayoutFolder:
    layout = LayoutFolder(tmp_path / "layout")
    return layout.write_index(layout.image())


def taken(embedded: EmbeddedRegistry, source: object) -> ImportResult:
    with open_layout(str(source)) as opened:
        return import_image(embedded.database, opened, REPOSITORY, region=REGION)


def not_a_source(folder: Path, kind: str) -> str:
    """Make something that is neither a folder nor a regular file; return its path."""
    path = folder / "source"
    match kind:
        case "FIFO":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
        case "link to a device":
            path.symlink_to("/dev/zero")
        case "link to itself":
            path.symlink_to(path)
        case "device":
            return "/dev/zero"
        case "long name":
            return str(folder / ("x" * 300))
    return str(path)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("FIFO", "neither a folder nor a regular file"),
        ("socket", "neither a folder nor a regular file"),
        ("device", "neither a folder nor a regular file"),
        ("link to a device", "neither a folder nor a regular file"),
        ("link to itself", "symbolic links"),
        ("long name", "too long"),
        ("nothing", "No such file"),
    ],
)
def test_a_source_is_a_folder_or_a_regular_file(
    embedded: EmbeddedRegistry, tmp_path: Path, kind: str, reason: str
) -> None:
    with pytest.raises(LayoutError, match=reason):
        taken(embedded, not_a_source(tmp_path, kind))


@pytest.mark.parametrize("kind", ["FIFO", "link to a device", "link to itself"])
@pytest.mark.parametrize("file", ["index.json", "blob"])
def test_a_special_file_in_a_layout_is_not_read(
    embedded: EmbeddedRegistry, tmp_path: Path, layout: LayoutFolder, file: str, kind: str
) -> None:
    path = layout.folder / "index.json" if file == "index.json" else next((layout.folder / "blobs/sha256").iterdir())
    path.unlink()
    Path(not_a_source(tmp_path, kind)).rename(path)
    with pytest.raises(LayoutError, match=r"no index\.json|incomplete"):
        taken(embedded, layout)


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_an_archive_that_unpacks_to_too_much_is_refused(
    embedded: EmbeddedRegistry, tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    """Zeros of 260 MiB, as many small compressed streams."""
    bomb = tmp_path / "image.tar"
    bomb.write_bytes(compress(bytes(4 * 1024 * 1024)) * 65)
    with pytest.raises(LayoutError, match=f"unpacks to more than {layout_files.MIN_UNPACKED:,} bytes") as caught:
        taken(embedded, bomb)
    assert "Unpack it yourself" in caught.value.hint


def header(kind: bytes, size: int, name: str = "x") -> bytes:
    """Return the header of a tar member, which may claim any size."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


ARCHIVES: dict[str, tuple[bytes, str]] = {
    "a pax header of 400 MB": (header(tarfile.XHDTYPE, 400_000_000), "has 400,000,000 bytes; the limit is 65,536"),
    "a global pax header": (header(tarfile.XGLTYPE, 400_000_000), "the limit is 65,536"),
    "a long name": (header(tarfile.GNUTYPE_LONGNAME, 400_000_000), "the limit is 65,536"),
    "a long link": (header(tarfile.GNUTYPE_LONGLINK, 400_000_000), "the limit is 65,536"),
    "a pax header without end": (header(tarfile.XHDTYPE, 10**18), "the limit is 65,536"),
    "a negative size": (header(tarfile.REGTYPE, -512), "the size -512"),
    "a negative pax header": (header(tarfile.XHDTYPE, -512), "the size -512"),
    "headers of headers": (header(tarfile.XHDTYPE, 0) * 3000, "neither a folder nor a whole tar"),
    "long names of long names": (header(tarfile.GNUTYPE_LONGNAME, 0) * 3000, "neither a folder nor a whole tar"),
    "a size beyond all files": (header(tarfile.REGTYPE, 10**20, "index.json"), "neither a folder nor a whole tar"),
    "a map that is cut": (
        header(tarfile.GNUTYPE_SPARSE, 10)[:482] + b"\1" + header(tarfile.GNUTYPE_SPARSE, 10)[483:],
        "neither a folder nor a whole tar|no index",
    ),
    "a pax size that is negative": (
        header(tarfile.XHDTYPE, 14) + b"14 size=-5120\n".ljust(512, b"\0") + header(tarfile.REGTYPE, 0) + bytes(1024),
        "negative size|neither a folder",
    ),
    "too many files": (
        header(tarfile.REGTYPE, 0) * (layout_files.MAX_FILES + 1),
        f"more than {layout_files.MAX_FILES:,} files",
    ),
}


@pytest.mark.parametrize("case", ARCHIVES)
def test_an_archive_that_contradicts_itself_is_refused(embedded: EmbeddedRegistry, tmp_path: Path, case: str) -> None:
    content, reason = ARCHIVES[case]
    (tmp_path / "image.tar").write_bytes(content)
    with pytest.raises(LayoutError, match=reason):
        taken(embedded, tmp_path / "image.tar")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_archive_is_refused_or_imported(
    embedded: EmbeddedRegistry, tmp_path: Path, layout: LayoutFolder, data: st.DataObject
) -> None:
    """Change some bytes of the headers, or cut the archive."""
    kind = data.draw(st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]))
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=kind, pax_headers={"comment": "x" * 100}) as archive:
        for name, content in files_of(layout.folder).items():
            info = tarfile.TarInfo(f"{'long/' * data.draw(st.integers(0, 30))}{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    changed = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 5))):
        block = 512 * data.draw(st.integers(0, len(changed) // 512 - 1))
        position = block + data.draw(st.sampled_from([0, 100, 124, 125, 135, 148, 154, 156, 257, 345, 482, 483, 495]))
        changed[position] = data.draw(st.integers(0, 255))
        if data.draw(st.booleans()):  # a correct checksum, so that the header is believed
            changed[block + 148 : block + 156] = b" " * 8
            changed[block + 148 : block + 156] = b"%06o\0 " % sum(changed[block : block + 512])
    source = tmp_path / "image.tar"
    source.write_bytes(changed[: data.draw(st.sampled_from([len(changed), len(changed) // 2, 700]))])
    try:
        taken(embedded, source)
    except LayoutError as error:
        assert len(str(error)) < 2000


def test_a_blob_that_is_longer_than_its_descriptor_says_is_not_read_further(
    embedded: EmbeddedRegistry, tmp_path: Path
) -> None:
    """The file has 1 TiB, all of it a hole."""
    layout = LayoutFolder(tmp_path / "layout")
    layout.write_index(layout.image(layers=[b"five!"]))
    path = layout.path(json.loads((layout.folder / "index.json").read_text())["manifests"][0]["digest"])
    layer = json.loads(path.read_text())["layers"][0]
    os.truncate(layout.path(layer["digest"]), 2**40)
    with pytest.raises(LayoutError, match=f"{layer['digest']} .* has more than 5 bytes, the size in its descriptor"):
        taken(embedded, layout)


@pytest.mark.parametrize("member", ["config", "layers"])
@pytest.mark.parametrize("size", [0, None, -1, "5"])
def test_an_empty_blob_is_refused(empty: EmbeddedRegistry, tmp_path: Path, member: str, size: object) -> None:
    client = client_for(empty)
    create_repository(client, REPOSITORY)
    layout = LayoutFolder(tmp_path / "layout")
    blob = {"mediaType": OCI_LAYER, **layout.blob(b""), "size": size}
    parts = {
        "config": {"mediaType": "a/b", **layout.blob(b"{}")},
        "layers": [{"mediaType": "a/b", **layout.blob(b"x")}],
    }
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        **parts,
        member: blob if member == "config" else [blob],
    }
    layout.write_index(layout.manifest(json.dumps(document)))
    with pytest.raises(LayoutError, match=f"refuses empty layers and configs.*\n  {blob['digest']}"):
        taken(empty, layout)
    assert digests_of(client, REPOSITORY) == set()


def test_manifests_without_bounds_are_refused(embedded: EmbeddedRegistry, tmp_path: Path) -> None:
    """An index of seventy manifests of 4 MiB each."""
    layout = LayoutFolder(tmp_path / "layout")
    images = [layout.image(str(number), annotations={"fill": "x" * 4_100_000}) for number in range(70)]
    layout.write_index(layout.index(images))
    with pytest.raises(LayoutError, match=r"the manifests of the image .* have more than 268,435,456 bytes"):
        taken(embedded, layout)


@pytest.mark.parametrize(
    "member",
    ["artifactType", "config", "annotations", "subject", "layers-of-another-tool", "platform", "ref", "schemaVersion"],
)
def test_half_a_surrogate_pair_is_an_error_or_kept(embedded: EmbeddedRegistry, tmp_path: Path, member: str) -> None:
    """JSON can escape half a surrogate pair, and no encoding of text holds it."""
    layout = LayoutFolder(tmp_path / "layout")
    half = "\ud800"
    one = layout.blob(b"layer")
    members: dict[str, Any] = {
        "artifactType": half,
        "config": {"mediaType": half, **layout.blob(b"{}")},
        "annotations": {half: half},
        "subject": {"mediaType": half, **one},
        "layers-of-another-tool": [{"mediaType": half, **one}],
        "schemaVersion": half,
    }
    entry = layout.image(**({member: members[member]} if member in members else {}))
    entry.update({"platform": {"os": half, "architecture": half}} if member == "platform" else {})
    entry.update({"annotations": {"org.opencontainers.image.ref.name": half}} if member == "ref" else {})
    layout.write_index(entry)
    try:
        imported = taken(embedded, layout)
    except LayoutError as error:
        str(error).encode()
    else:
        assert imported.digest == entry["digest"]
        listed = client_for(embedded).describe_images(repositoryName=REPOSITORY)["imageDetails"]
        assert entry["digest"] in [image["imageDigest"] for image in listed]


def test_a_tar_of_a_known_size_is_imported(embedded: EmbeddedRegistry, tmp_path: Path, layout: LayoutFolder) -> None:
    source = write_tar(tmp_path / "image.tar", files_of(layout.folder), "w:gz")
    assert taken(embedded, source).manifests == 1


ODD = [None, True, "", "x", "\ud800", "\x1b[31m", "x" * 100_000, 0, -1, 2**63, 10**400, 1.5, "sha256:../../x"]
NAMES = ["mediaType", "digest", "size", "manifests", "config", "layers", "platform", "annotations", "os", "urls"]
ANNOTATIONS = ["org.opencontainers.image.ref.name", "io.containerd.image.name"]
VALUES = st.recursive(
    st.sampled_from([*ODD, OCI_MANIFEST, OCI_INDEX, "sha256:" + "0" * 64]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, *ANNOTATIONS]), inner, max_size=6)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_document_is_imported_or_refused_in_a_short_message(
    embedded: EmbeddedRegistry, tmp_path: Path, layout: LayoutFolder, data: st.DataObject
) -> None:
    """Replace a member of index.json, of an entry, or of a manifest by any value."""
    image = layout.image()
    document = json.loads(layout.path(image["digest"]).read_bytes())
    place = data.draw(st.sampled_from(["list", "entry", "manifest", "config", "layer", "index"]))
    value = data.draw(VALUES)
    if place == "list":
        (layout.folder / "index.json").write_text(json.dumps(value))
    elif place == "entry":
        layout.write_index({**image, data.draw(st.sampled_from(sorted({*image, "platform", "annotations"}))): value})
    elif place == "index":
        layout.write_index(layout.index([{**image, data.draw(st.sampled_from(sorted(image))): value}]))
    else:
        part = {"manifest": document, "config": document["config"], "layer": document["layers"][0]}[place]
        part[data.draw(st.sampled_from(sorted(part)))] = value
        layout.write_index(layout.manifest(json.dumps(document)))
    for ref, platform in (("", ""), ("x", ""), ("", "linux/amd64")):
        try:
            with open_layout(str(layout)) as opened:
                import_image(embedded.database, opened, REPOSITORY, ref=ref, platform=platform, region=REGION)
        except (LayoutError, ServiceError) as error:
            assert len(str(error)) < 3000
