"""The formats of artifacts, named by their media types and by the types of predicates."""

from __future__ import annotations

from collections.abc import Mapping

from ecrtui.ecr.manifest import Descriptor

_TITLES = ("org.opencontainers.image.title", "org.cncf.model.filepath", "org.cnai.model.filepath")
"""The annotations with the name of the file in a layer (OCI image spec, annotations.md; ModelPack)."""

_BY_PREFIX: tuple[tuple[str, str], ...] = (
    ("https://slsa.dev/provenance/", "SLSA {}"),
    ("https://slsa.dev/verification_summary/", "SLSA verification summary {}"),
    ("https://spdx.dev/Document", "SPDX"),
    ("https://cyclonedx.org/bom", "CycloneDX"),
    ("https://cyclonedx.org/vex", "CycloneDX VEX"),
    ("https://syft.dev/bom", "syft"),
    ("https://openvex.dev/", "OpenVEX"),
    ("https://cosign.sigstore.dev/attestation/vuln/", "vulnerability scan"),
    ("https://cosign.sigstore.dev/attestation/", "cosign attestation"),
    ("https://sigstore.dev/cosign/sign/", "cosign"),
    ("https://in-toto.io/attestation/vulns", "vulnerability scan"),
    ("https://in-toto.io/attestation/test-result", "test result"),
    ("https://in-toto.io/attestation/scai", "SCAI"),
    ("https://in-toto.io/attestation/link", "in-toto link"),
    ("https://in-toto.io/Link", "in-toto link"),
    ("https://in-toto.io/attestation/release", "release"),
    ("https://mobyproject.org/buildkit", "BuildKit"),
    ("application/vnd.cncf.notary", "Notation"),
    ("application/jose+json", "Notation, JWS"),
    ("application/cose", "Notation, COSE"),
    ("application/vnd.dev.cosign", "cosign"),
    ("application/vnd.dev.sigstore.bundle", "sigstore bundle"),
    ("message-signature", "sigstore bundle"),
    ("application/vnd.dsse.envelope", "DSSE envelope"),
    ("application/spdx", "SPDX"),
    ("text/spdx", "SPDX"),
    ("application/vnd.cyclonedx", "CycloneDX"),
    ("application/vnd.syft", "syft"),
    ("application/vnd.in-toto", "in-toto"),
    ("application/vnd.openvex", "OpenVEX"),
    ("application/openvex", "OpenVEX"),
    ("application/sarif", "SARIF"),
    ("application/csaf", "CSAF"),
    ("application/vnd.aquasec.trivy.db", "Trivy database"),
    ("application/vnd.aquasec.trivy.javadb", "Trivy Java database"),
    ("application/vnd.aquasec.trivy.report", "Trivy report"),
    ("application/vnd.aquasec.trivy", "Trivy"),
    ("application/vnd.cncf.helm.chart.provenance", "Helm provenance"),
    ("application/vnd.cncf.helm", "Helm chart"),
    ("application/vnd.amazon.soci.index.v2", "SOCI index v2"),
    ("application/vnd.amazon.soci", "SOCI index"),
    ("application/vnd.buildkit.cacheconfig", "BuildKit cache"),
    ("application/vnd.wasm", "WebAssembly"),
    ("application/vnd.module.wasm", "WebAssembly"),
    ("application/vnd.bytecodealliance.wasm", "WebAssembly"),
    ("application/wasm", "WebAssembly"),
    ("application/vnd.fermyon.spin", "Spin application"),
    ("application/vnd.cncf.model", "model (ModelPack)"),
    ("application/vnd.cnai.model", "model (ModelPack)"),
    ("application/vnd.kitops", "model (KitOps)"),
    ("application/vnd.ollama", "model (Ollama)"),
    ("application/vnd.docker.ai", "model (Docker)"),
    ("application/vnd.cncf.flux", "Flux"),
    ("application/vnd.cncf.argoproj.argocd", "Argo CD"),
    ("application/vnd.cncf.openpolicyagent", "OPA policy"),
    ("application/vnd.cncf.kyverno", "Kyverno policy"),
    ("application/vnd.cncf.falco", "Falco rules"),
    ("application/vnd.cncf.oras", "ORAS artifact"),
    ("application/vnd.unknown.artifact", "ORAS artifact"),
    ("application/vnd.docker.scout", "Docker Scout"),
    ("application/vnd.docker.compose", "Compose project"),
    ("application/vnd.sylabs.sif", "Singularity image"),
    ("application/vnd.devcontainers", "Dev Container"),
    ("application/vnd.opentofu", "OpenTofu"),
    ("application/vnd.cnab", "CNAB bundle"),
    ("application/vnd.zarf", "Zarf package"),
    ("application/vnd.ocm.software", "OCM component"),
    ("application/vnd.oci.image.layer.nydus", "Nydus"),
    ("application/vnd.docker.attestation", "BuildKit"),
    ("application/vnd.oci.image.layer", "layer"),
    ("application/vnd.docker.image.rootfs", "layer"),
)
"""Beginnings of media types and of predicate types, with the name of the format. ``{}`` is what follows."""


def format_name(*types: str) -> str:
    """Return the format that the first known one of these types names; empty if none is known."""
    for named in types:
        for prefix, name in _BY_PREFIX:
            if named.lower().startswith(prefix.lower()):
                return name.format(named[len(prefix) :].partition("?")[0]).strip()
    return ""


def title_of(blob: Descriptor) -> str:
    """Return the name of the file that is in a layer; empty if no annotation names it."""
    return next(filter(None, map(blob.annotations.get, _TITLES)), "")


def created_in(annotations: Mapping[str, str]) -> str:
    """Return the time of creation that an annotation names; empty if none does."""
    names = ("org.opencontainers.image.created", "org.opencontainers.artifact.created")
    return next(filter(None, map(annotations.get, names)), "")
