"""The repositories of the demo and their pushes. Ages are in days."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ecrtui.emulator.demo import artifacts, attachments, hostile
from ecrtui.emulator.demo.artifacts import DemoArtifact
from ecrtui.emulator.demo.builds import Build
from ecrtui.emulator.demo.demo_registry import DAY, DemoRegistry, DemoRepository, RepositorySetup
from ecrtui.emulator.demo.runtimes import Application
from ecrtui.emulator.seed import SeedTarget, seed_repository
from ecrtui.emulator.seed_content import NEWEST_BUILD, SeedStyle

AMD64, ARM64 = "linux/amd64", "linux/arm64"

FillRepository = Callable[[DemoRepository], None]
"""A function that pushes images to a repository."""


def rule(priority: int, description: str, selection: Mapping[str, object]) -> dict[str, object]:
    """Return a lifecycle rule that expires images."""
    return {
        "rulePriority": priority,
        "description": description,
        "selection": dict(selection),
        "action": {"type": "expire"},
    }


def untagged_after(days: int, priority: int = 1) -> dict[str, object]:
    """The rule that most repositories have."""
    selection = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    return rule(priority, f"expire untagged after {days} days", selection)


def keep_newest(number: int, priority: int, *patterns: str) -> dict[str, object]:
    """Return a rule that keeps a number of images with matching tags."""
    selection = {
        "tagStatus": "tagged",
        "tagPatternList": list(patterns),
        "countType": "imageCountMoreThan",
        "countNumber": number,
    }
    return rule(priority, f"keep the newest {number} of {', '.join(patterns)}", selection)


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


def _application(
    repository: str, runtime: str, port: int = 8080, *, size: float = 4e6, dependencies_size: float = 20e6
) -> Application:
    name = repository.rpartition("/")[2]
    command = {"python": f"{name.replace('-', '_')}.main", "node": "dist/server.js", "java": f"/srv/{name}.jar"}
    return Application(
        repository, runtime, command.get(runtime, f"/srv/{name}"), port, size=size, dependencies_size=dependencies_size
    )


_WEEK, _MONTH = untagged_after(7), untagged_after(30)
_TEAM = {"team": "storefront", "cost-centre": "4100", "environment": "production"}
_PAYMENTS = {"team": "payments", "cost-centre": "4200", "data-classification": "confidential", "pci": "in-scope"}
_PLATFORM = {"team": "platform", "cost-centre": "1000"}
_KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


def _repositories() -> list[tuple[str, RepositorySetup, FillRepository]]:
    """Every repository: name, settings, and the function that fills it."""
    app = _application
    return [
        (
            "team/checkout",
            RepositorySetup(
                "MUTABLE_WITH_EXCLUSION",
                ["release-*"],
                scanning="BASIC",
                lifecycle=[keep_newest(40, 1, "main-*"), untagged_after(7, 2)],
                resource_tags={**_TEAM, "repository": "https://git.example.com/team/checkout"},
                readers=["210987654321", "345678901234"],
            ),
            checkout,
        ),
        (
            "team/cart",
            RepositorySetup("IMMUTABLE", scanning="BASIC", resource_tags=_TEAM, lifecycle=[_WEEK]),
            partial(service, app("team/cart", "go", 8081), line="v3.4", both=True),
        ),
        (
            "team/catalogue",
            RepositorySetup(scanning="BASIC", resource_tags=_TEAM, lifecycle=[_WEEK]),
            partial(service, app("team/catalogue", "python", 8000), line="5.12", both=True),
        ),
        (
            "team/pricing",
            RepositorySetup("IMMUTABLE_WITH_EXCLUSION", ["latest*", "*-dev", "staging", "prod"], resource_tags=_TEAM),
            partial(service, app("team/pricing", "java"), line="2.8"),
        ),
        (
            "team/storefront",
            RepositorySetup(scanning="BASIC", resource_tags=_TEAM, lifecycle=[_MONTH]),
            partial(service, app("team/storefront", "node", 3000, dependencies_size=88e6), line="11.0", both=True),
        ),
        (
            "team/search",
            RepositorySetup(resource_tags=_TEAM),
            partial(service, app("team/search", "java", 9200), line="7.1"),
        ),
        (
            "payments/gateway",
            RepositorySetup("IMMUTABLE", scanning="ENHANCED", kms_key=_KEY, resource_tags=_PAYMENTS),
            partial(service, app("payments/gateway", "go", 8443), line="1.21", both=True),
        ),
        (
            "payments/ledger",
            RepositorySetup("IMMUTABLE", scanning="ENHANCED", kms_key=_KEY, resource_tags=_PAYMENTS),
            partial(service, app("payments/ledger", "java"), line="9.3"),
        ),
        (
            "payments/fraud-model",
            RepositorySetup(scanning="ENHANCED", kms_key=_KEY, resource_tags=_PAYMENTS, lifecycle=[_MONTH]),
            partial(service, app("payments/fraud-model", "cuda", size=2.9e9, dependencies_size=3.1e9), line="0.9"),
        ),
        (
            "payments/settlement",
            RepositorySetup(scanning="BASIC", resource_tags=_PAYMENTS, age=1900),
            partial(docker_pushed, app("payments/settlement", "java")),
        ),
        (
            "platform/base/debian",
            RepositorySetup(scanning="BASIC", resource_tags=_PLATFORM, lifecycle=[untagged_after(90)]),
            partial(base_image, app("platform/base/debian", "debian", 0, size=2e5)),
        ),
        (
            "platform/base/python",
            RepositorySetup(resource_tags=_PLATFORM, lifecycle=[untagged_after(90)]),
            partial(base_image, app("platform/base/python", "python", 0, size=1e5)),
        ),
        (
            "platform/ingress-controller",
            RepositorySetup("IMMUTABLE", scanning="BASIC", resource_tags=_PLATFORM),
            partial(service, app("platform/ingress-controller", "go", 443), line="1.11"),
        ),
        (
            "platform/otel-collector",
            RepositorySetup(resource_tags=_PLATFORM),
            partial(service, app("platform/otel-collector", "go", 4317, size=61e6), line="0.114", both=True),
        ),
        (
            "platform/ci-runner",
            RepositorySetup(scanning="BASIC", resource_tags=_PLATFORM),
            partial(ci_runner, app("platform/ci-runner", "debian", 0, size=190e6, dependencies_size=210e6)),
        ),
        (
            "platform/build-cache",
            RepositorySetup(resource_tags=_PLATFORM, lifecycle=[untagged_after(1)]),
            partial(build_cache, app("platform/build-cache", "go")),
        ),
        (
            "charts/checkout",
            RepositorySetup("IMMUTABLE", resource_tags=_TEAM),
            partial(
                chart,
                "The checkout of the shop",
                versions=[
                    ("0.8.0", "2026.08.0"),
                    ("0.9.0", "2026.09.0"),
                    ("1.0.0", "2026.10.0"),
                    ("1.1.0", "2026.11.0"),
                ],
            ),
        ),
        (
            "charts/ingress-controller",
            RepositorySetup("IMMUTABLE", resource_tags=_PLATFORM),
            partial(chart, "Ingress for every cluster", versions=[("4.11.2", "1.11.2"), ("4.11.3", "1.11.3")]),
        ),
        (
            "data/airflow",
            RepositorySetup(scanning="BASIC", resource_tags={"team": "data"}, lifecycle=[_MONTH]),
            partial(service, app("data/airflow", "python", dependencies_size=310e6), line="2.10"),
        ),
        (
            "data/feature-store",
            RepositorySetup(scanning="BASIC", resource_tags={"team": "data"}),
            partial(without_media_type, app("data/feature-store", "python")),
        ),
        ("data/spark", RepositorySetup(age=1200), partial(docker_pushed, app("data/spark", "java", 4040, size=310e6))),
        (
            "data/nightly",
            RepositorySetup(lifecycle=[untagged_after(10)]),
            partial(untagged_only, app("data/nightly", "python")),
        ),
        (
            "mobile/bff",
            RepositorySetup("IMMUTABLE_WITH_EXCLUSION", ["latest", "staging", "prod"], scanning="BASIC"),
            partial(service, app("mobile/bff", "node", 3000), line="6.2"),
        ),
        (
            "legacy/monolith",
            RepositorySetup(scanning="BASIC", age=1500, lifecycle=[keep_newest(200, 1, "pr-*")]),
            monolith,
        ),
        ("mirror/nginx", RepositorySetup(scanning="BASIC"), partial(mirrored, app("mirror/nginx", "debian", 80))),
        ("sandbox/hostile-text", RepositorySetup(resource_tags=hostile.RESOURCE_TAGS), hostile_text),
        ("sandbox/empty", RepositorySetup(age=0.5), empty),
        (
            "sandbox/hello",
            RepositorySetup(),
            partial(small_images, app("sandbox/hello", "scratch", size=8e3, dependencies_size=60e3)),
        ),
    ]


def load_repositories(registry: DemoRegistry) -> None:
    """Create every repository of the demo that does not exist."""
    for name, settings, fill in _repositories():
        repository = registry.create_repository(name, settings)
        if repository is not None:
            fill(repository)
