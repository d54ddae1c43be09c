"""What is pushed to the repositories of the demo, and when. Ages are in days."""

from __future__ import annotations

from collections.abc import Sequence

from ecrtui.emulator.demo import artifacts, attachments, hostile
from ecrtui.emulator.demo.artifacts import DemoArtifact
from ecrtui.emulator.demo.builds import Build
from ecrtui.emulator.demo.demo_registry import DAY, DemoRepository
from ecrtui.emulator.demo.runtimes import Application
from ecrtui.emulator.seed import SeedTarget, seed_repository
from ecrtui.emulator.seed_content import NEWEST_BUILD, SeedStyle

AMD64, ARM64 = "linux/amd64", "linux/arm64"


def build(application: Application, version: str, age: float, **labels: str) -> Build:
    """Return a build that is this many days older than the newest one. Its time is fixed, and so is its digest."""
    return Build(application, version, NEWEST_BUILD - age * DAY, labels)


def both_platforms(one: Build, *, with_sboms: bool = False) -> DemoArtifact:
    """Return an index for the two platforms of the demo's applications."""
    images = [artifacts.image(one, platform) for platform in (AMD64, ARM64)]
    return attachments.attested_index(images, with_sboms=with_sboms)


CHECKOUT = Application(
    "team/checkout",
    "java",
    "/srv/checkout.jar",
    8080,
    ("--spring.profiles.active=container",),
    {"JAVA_TOOL_OPTIONS": "-XX:MaxRAMPercentage=75", "OTEL_SERVICE_NAME": "checkout"},
    3.1e6,
    21.4e6,
)


def checkout(repository: DemoRepository) -> None:
    """Fill the main demo repository: releases keep their tags, and environment tags move."""
    old = repository.push(artifacts.image(build(CHECKOUT, "2025.12.0", 340)), "release-2025.12", age=340, pulled=301)
    repository.archive(old, age=120)
    for month, age in ((5, 173.2), (6, 142.4), (7, 110.1), (8, 81.3), (9, 44.2)):
        version = f"2026.{month:02}.0"
        released = both_platforms(build(CHECKOUT, version, age))
        repository.push(released, f"release-2026.{month:02}", "prod", age=age, pulled=age - 28)
    _main_builds(repository, 12, first=4180, newest=11.1)
    before = build(CHECKOUT, "2026.10.0", 9.4)
    release = repository.push(
        both_platforms(before, with_sboms=True), "release-2026.10", "prod", "rollback", age=9.4, pulled=8.9
    )
    repository.push(attachments.sigstore_bundle(release, before), age=9.39)
    for attempt in (1, 2):
        pull_request = build(CHECKOUT, f"pr-4711-{attempt}", 9.3 - attempt / 10)
        repository.push(artifacts.image(pull_request), "pr-4711", age=9.3 - attempt / 10, pulled=9.0)
    hotfix = artifacts.image(build(CHECKOUT, "2026.10.1", 6.2))
    repository.push(hotfix, "hotfix-2026.10.1", age=6.2, pulled=5.5)
    _main_builds(repository, 6, first=4200, newest=0.4)
    newest = build(CHECKOUT, "2026.11.0", 0.09)
    release = both_platforms(newest, with_sboms=True)
    repository.push(release, "release-2026.11", "prod", "staging", age=0.09, pulled=0.0007)
    _attach_everything(repository, release, newest)


def _attach_everything(repository: DemoRepository, release: DemoArtifact, one: Build) -> None:
    """Sign a release, and attach an artifact of every kind to it and to its platforms."""
    amd64, arm64, *_ = release.parts
    signature = attachments.cosign_signature(release, repository.uri, one)
    repository.push(signature, attachments.cosign_tag(release), age=0.0889)
    provenance = attachments.cosign_attestation(release, one)
    repository.push(provenance, attachments.cosign_tag(release, "att"), age=0.0888)
    sbom = repository.push(attachments.spdx_sbom(release, one), age=0.087)
    repository.push(attachments.notation_signature(sbom, one), age=0.0869)
    repository.push(attachments.notation_signature(release, one), age=0.086)
    repository.push(attachments.soci_index(amd64, one), age=0.0859)
    repository.push(attachments.cyclonedx_sbom(arm64), age=0.0858)


def small_images(application: Application, repository: DemoRepository) -> None:
    """Push images whose layers all have content: the signed ``v2`` and the older ``v1``."""
    for version, age in (("v1", 12.0), ("v2", 1.5)):
        one = build(application, version, age)
        pushed = repository.push(both_platforms(one), version, age=age)
    signature = attachments.cosign_signature(pushed, repository.uri, one)
    repository.push(signature, attachments.cosign_tag(pushed), age=1.4)
    repository.push(attachments.spdx_sbom(pushed, one), age=1.4)
    repository.push(attachments.notation_signature(pushed, one), age=1.4)


def _main_builds(repository: DemoRepository, number: int, *, first: int, newest: float) -> None:
    """Push builds of the main branch. The tag ``main`` moves with each one, ``canary`` less often."""
    for index in range(number):
        age = newest + (number - 1 - index) * 0.7
        one = build(CHECKOUT, f"main-{first + index}", age)
        tags = ("main", "canary") if index == number - 3 else ("main",)
        repository.push(artifacts.image(one), f"main-{one.revision[:7]}", *tags, age=age, pulled=age - 0.01)


def service(application: Application, repository: DemoRepository, *, line: str, both: bool = False) -> None:
    """Push a release every other week. The newest one is in staging, the one before it in production."""
    versions = [f"{line}.{patch}" for patch in range(5)]
    for index, version in enumerate(versions):
        age = 1.3 + (len(versions) - 1 - index) * 14.2
        one = build(application, version, age)
        moving = ("latest", "staging") if index == len(versions) - 1 else ("prod",)
        repository.push(
            both_platforms(one) if both else artifacts.image(one),
            version,
            f"git-{one.revision[:12]}",
            *(moving if repository.settings.mutability != "IMMUTABLE" else ()),
            age=age,
            pulled=age * 0.8,
        )
    again = build(application, f"{versions[-1]}-dirty", 0.8)
    repository.push(artifacts.image(again), age=0.8)


def docker_pushed(application: Application, repository: DemoRepository) -> None:
    """Push older images: Docker manifests and a manifest list."""
    for index, version in enumerate(("4.0.1", "4.0.2", "4.1.0")):
        age = 95.0 - index * 30
        one = build(application, version, age)
        images = [artifacts.docker_image(one, platform) for platform in (AMD64, ARM64)]
        repository.push(artifacts.docker_list(images), version, "latest", age=age, pulled=3.2)
    repository.push(artifacts.docker_image(build(application, "3.9.9", 180)), "3.9.9", age=180, pulled=140)


def mirrored(application: Application, repository: DemoRepository) -> None:
    """Push a copy of a public image with all its platforms."""
    platforms = (AMD64, "linux/arm/v5", "linux/arm/v7", "linux/arm64/v8", "linux/386", "linux/ppc64le", "linux/s390x")
    for version, age in (("1.26.3", 48.0), ("1.27.3", 12.0)):
        one = build(application, version, age)
        everything = attachments.attested_index([artifacts.image(one, platform) for platform in platforms])
        minor = version.rpartition(".")[0]
        repository.push(everything, version, minor, "stable", "latest", age=age, pulled=0.2)


def base_image(application: Application, repository: DemoRepository) -> None:
    """Push a base image every week under the same tag. Earlier images become untagged."""
    for index in range(8):
        age = 2.5 + (7 - index) * 7
        one = build(application, f"12.{index}", age)
        repository.push(both_platforms(one), "bookworm", f"bookworm-{index + 40}", age=age, pulled=age * 0.1)


def chart(description: str, repository: DemoRepository, *, versions: Sequence[tuple[str, str]]) -> None:
    """Push versions of a Helm chart, each with the version of the application."""
    name = repository.name.rpartition("/")[2]
    for index, (version, app_version) in enumerate(versions):
        age = 4.0 + (len(versions) - 1 - index) * 21
        packed = artifacts.helm_chart(name, version, app_version, description, NEWEST_BUILD - age * DAY)
        repository.push(packed, version, age=age, pulled=age * 0.3)


def ci_runner(application: Application, repository: DemoRepository) -> None:
    """Push one image with sixty tags, one per region and stage."""
    regions = (
        "af-south-1 ap-northeast-1 ap-south-1 ap-southeast-2 ca-central-1 eu-central-1"
        " eu-north-1 eu-west-1 sa-east-1 us-east-1 us-east-2 us-west-2"
    )
    stages = ("dev", "test", "staging", "canary", "prod")
    before = build(application, "2.320.1", 33)
    repository.push(artifacts.image(before), "2.320.1", age=33, pulled=6.1)
    everywhere = [f"{region}-{stage}" for region in regions.split() for stage in stages]
    newest = build(application, "2.321.0", 6)
    repository.push(artifacts.image(newest), *everywhere, age=6, pulled=0.01)


def build_cache(application: Application, repository: DemoRepository) -> None:
    """Push build caches of BuildKit."""
    for branch, age in (("renovate-all", 3.0), ("main", 0.1)):
        repository.push(artifacts.build_cache(application, branch), f"cache-{branch}", age=age, pulled=0.05)


def untagged_only(application: Application, repository: DemoRepository) -> None:
    """Push nightly builds without tags."""
    for night in reversed(range(1, 10)):
        one = build(application, f"nightly-{night}", night)
        repository.push(artifacts.image(one), age=night)


def without_media_type(application: Application, repository: DemoRepository) -> None:
    """Push images without a media type in the manifest, and one with a failed scan."""
    for version, age in (("2026.8", 80.0), ("2026.9", 50.0), ("2026.10", 20.0)):
        one = build(application, version, age)
        pushed = repository.push(artifacts.image_without_media_type(one), version, age=age, pulled=age / 4)
        if version == "2026.8":
            repository.scan_failed(pushed, "UnsupportedImageError: The operating system 'scratch' is not supported.")


def hostile_text(repository: DemoRepository) -> None:
    """Push images with hostile annotations and labels."""
    application = Application(
        repository.name, "go", "/[/]\x1b[31m\x9d0;\u202eentry", environment={"BAD": hostile.ESCAPES}
    )
    one = build(application, "1.0", 5, **hostile.TEXTS)
    repository.push(artifacts.image(one, annotations=hostile.TEXTS), *hostile.TAGS, "hostile", age=5, pulled=1)
    referring = artifacts.image(build(application, "1.1", 4))
    repository.push(referring, "signed", age=4)
    repository.push(
        attachments.referrer(referring, "application/vnd.example.[bold]+json", "text/plain", b"\x1b[2J", hostile.TEXTS),
        age=3,
    )


def monolith(repository: DemoRepository) -> None:
    """Push four thousand images."""
    target = SeedTarget(repository.registry.registry_id, repository.registry.region, now=repository.registry.now)
    style = SeedStyle(4000, configs=True, scanned=0.15)
    for _ in seed_repository(repository.registry.connection, repository.id, repository.name, style, target):
        pass


def empty(_: DemoRepository) -> None:
    """Push nothing."""
