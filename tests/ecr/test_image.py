import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrtui.ecr.image import Image, Kind, kind_of
from ecrtui.ecr.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

SIGNATURE_TAG = "sha256-" + "0" * 64 + ".sig"


@pytest.mark.parametrize(
    ("media_type", "artifact", "tags", "kind"),
    [
        (OCI_MANIFEST, "application/vnd.oci.image.config.v1+json", ("1.0",), Kind.IMAGE),
        (DOCKER_MANIFEST, "application/vnd.docker.container.image.v1+json", (), Kind.IMAGE),
        (OCI_MANIFEST, "", (), Kind.IMAGE),
        ("", "", (), Kind.IMAGE),
        (OCI_INDEX, "", ("1.0",), Kind.INDEX),
        (DOCKER_LIST, "", (), Kind.INDEX),
        (OCI_MANIFEST, "application/vnd.cncf.helm.config.v1+json", ("0.1.0",), Kind.HELM),
        (OCI_MANIFEST, "application/vnd.oci.image.config.v1+json", (SIGNATURE_TAG,), Kind.SIGNATURE),
        (OCI_MANIFEST, "", ("sha256-00.att",), Kind.ATTESTATION),
        (OCI_MANIFEST, "", ("v1", "sha256-00.sbom"), Kind.SBOM),
        (OCI_MANIFEST, "", ("release.sig",), Kind.IMAGE),
        (OCI_MANIFEST, "application/vnd.cncf.notary.signature", (), Kind.SIGNATURE),
        (OCI_MANIFEST, "application/vnd.dev.cosign.artifact.sig.v1+json", (), Kind.SIGNATURE),
        (OCI_MANIFEST, "application/vnd.dev.cosign.artifact.att.v1+json", (), Kind.ATTESTATION),
        (OCI_MANIFEST, "application/vnd.dev.cosign.artifact.sbom.v1+json", (), Kind.SBOM),
        (OCI_MANIFEST, "application/vnd.in-toto+json", (), Kind.ATTESTATION),
        (OCI_MANIFEST, "application/spdx+json", (), Kind.SBOM),
        (OCI_MANIFEST, "application/vnd.CycloneDX+json", (), Kind.SBOM),
        (OCI_MANIFEST, "application/vnd.wasm.config.v0+json", (), Kind.ARTIFACT),
    ],
)
def test_what_an_image_is(media_type, artifact, tags, kind):
    assert kind_of(media_type, artifact, tags) is kind
    assert Image("sha256:0", tags, media_type=media_type, artifact_media_type=artifact).kind is kind


@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_everything_is_of_some_kind(media_type, artifact, tags):
    assert kind_of(media_type, artifact, tuple(tags)) in Kind


def test_an_image_on_its_way_out_of_the_archive_is_archived_still():
    assert [Image("d", status=status).archived for status in ("ACTIVE", "ARCHIVED", "ACTIVATING")] == [
        False,
        True,
        True,
    ]
