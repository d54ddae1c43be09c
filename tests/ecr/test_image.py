"""Images and their kinds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.image import Image, ImageKind, image_kind
from ecrtui.ecr.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

SIGNATURE_TAG = "sha256-" + "0" * 64 + ".sig"


@pytest.mark.parametrize(
    ("media_type", "artifact", "tags", "kind"),
    [
        (OCI_MANIFEST, "application/vnd.oci.image.config.v1+json", ("1.0",), ImageKind.IMAGE),
        (DOCKER_MANIFEST, "application/vnd.docker.container.image.v1+json", (), ImageKind.IMAGE),
        (OCI_MANIFEST, "", (), ImageKind.IMAGE),
        ("", "", (), ImageKind.IMAGE),
        (OCI_INDEX, "", ("1.0",), ImageKind.INDEX),
        (DOCKER_LIST, "", (), ImageKind.INDEX),
        (OCI_MANIFEST, "application/vnd.cncf.helm.config.v1+json", ("0.1.0",), ImageKind.HELM),
        (OCI_MANIFEST, "application/vnd.oci.image.config.v1+json", (SIGNATURE_TAG,), ImageKind.SIGNATURE),
        (OCI_MANIFEST, "", ("sha256-00.att",), ImageKind.ATTESTATION),
        (OCI_MANIFEST, "", ("v1", "sha256-00.sbom"), ImageKind.SBOM),
        (OCI_MANIFEST, "", ("release.sig",), ImageKind.IMAGE),
        (OCI_MANIFEST, "application/vnd.cncf.notary.signature", (), ImageKind.SIGNATURE),
        (OCI_MANIFEST, "application/vnd.dev.cosign.artifact.sig.v1+json", (), ImageKind.SIGNATURE),
        (OCI_MANIFEST, "application/vnd.dev.cosign.artifact.att.v1+json", (), ImageKind.ATTESTATION),
        (OCI_MANIFEST, "application/vnd.dev.cosign.artifact.sbom.v1+json", (), ImageKind.SBOM),
        (OCI_MANIFEST, "application/vnd.in-toto+json", (), ImageKind.ATTESTATION),
        (OCI_MANIFEST, "application/spdx+json", (), ImageKind.SBOM),
        (OCI_MANIFEST, "application/vnd.CycloneDX+json", (), ImageKind.SBOM),
        (OCI_MANIFEST, "application/vnd.dev.sigstore.bundle.v0.3+json", (), ImageKind.SIGSTORE_BUNDLE),
        (OCI_MANIFEST, "application/vnd.openvex+json", (), ImageKind.VEX),
        (OCI_MANIFEST, "application/vnd.oci.empty.v1+json", (), ImageKind.ARTIFACT),
        (OCI_MANIFEST, "application/vnd.att.config.v1+json", (), ImageKind.ARTIFACT),
        (OCI_MANIFEST, "application/vnd.wasm.config.v0+json", (), ImageKind.WASM),
        (OCI_MANIFEST, "application/vnd.amazon.soci.index.v2+json", (), ImageKind.SOCI),
        (OCI_MANIFEST, "application/vnd.buildkit.cacheconfig.v0", (), ImageKind.CACHE),
        (OCI_MANIFEST, "application/vnd.kitops.modelkit.manifest.v1+json", (), ImageKind.MODEL),
        (OCI_MANIFEST, "application/vnd.docker.ai.model.config.v0.1+json", (), ImageKind.MODEL),
        (OCI_MANIFEST, "application/vnd.docker.compose.project", (), ImageKind.ARTIFACT),
        (OCI_MANIFEST, "application/vnd.cncf.helm.chart.provenance.v1.prov", (), ImageKind.SIGNATURE),
    ],
)
def test_tags_and_media_types_give_the_kind(
    media_type: str, artifact: str, tags: tuple[str, ...], kind: ImageKind
) -> None:
    assert image_kind(media_type, artifact, tags) is kind
    assert Image("sha256:0", tags, media_type=media_type, artifact_media_type=artifact).kind is kind


@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_every_image_has_a_kind(media_type: str, artifact: str, tags: list[str]) -> None:
    assert image_kind(media_type, artifact, tuple(tags)) in ImageKind


def test_an_image_is_archived_until_its_restore_has_finished() -> None:
    assert [Image("d", status=status).archived for status in ("ACTIVE", "ARCHIVED", "ACTIVATING")] == [
        False,
        True,
        True,
    ]
