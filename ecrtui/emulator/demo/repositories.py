"""The repositories of the demo, with their settings. Ages are in days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from ecrtui.emulator.demo import hostile, pushes
from ecrtui.emulator.demo.demo_registry import DemoRegistry, DemoRepository, RepositorySetup
from ecrtui.emulator.demo.runtimes import Application

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
    """Return a rule that expires untagged images, as most repositories have it."""
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


def _app(
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
_ACCEPTED = ("CVE-2023-50495", "CVE-2022-3219", "CVE-2010-4756")
_KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


_REPOSITORIES: tuple[tuple[str, RepositorySetup, FillRepository], ...] = (
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
        pushes.checkout,
    ),
    (
        "team/cart",
        RepositorySetup("IMMUTABLE", scanning="BASIC", resource_tags=_TEAM, lifecycle=[_WEEK]),
        partial(pushes.service, _app("team/cart", "go", 8081), line="v3.4", both=True),
    ),
    (
        "team/catalogue",
        RepositorySetup(scanning="BASIC", resource_tags=_TEAM, lifecycle=[_WEEK]),
        partial(pushes.service, _app("team/catalogue", "python", 8000), line="5.12", both=True),
    ),
    (
        "team/pricing",
        RepositorySetup("IMMUTABLE_WITH_EXCLUSION", ["latest*", "*-dev", "staging", "prod"], resource_tags=_TEAM),
        partial(pushes.service, _app("team/pricing", "java"), line="2.8"),
    ),
    (
        "team/storefront",
        RepositorySetup(scanning="BASIC", resource_tags=_TEAM, lifecycle=[_MONTH]),
        partial(
            pushes.service,
            _app("team/storefront", "node", 3000, dependencies_size=88e6),
            line="11.0",
            both=True,
        ),
    ),
    (
        "team/search",
        RepositorySetup(resource_tags=_TEAM),
        partial(pushes.service, _app("team/search", "java", 9200), line="7.1"),
    ),
    (
        "payments/gateway",
        RepositorySetup("IMMUTABLE", scanning="ENHANCED", suppressed=_ACCEPTED, kms_key=_KEY, resource_tags=_PAYMENTS),
        partial(pushes.service, _app("payments/gateway", "go", 8443), line="1.21", both=True),
    ),
    (
        "payments/ledger",
        RepositorySetup("IMMUTABLE", scanning="ENHANCED", suppressed=_ACCEPTED, kms_key=_KEY, resource_tags=_PAYMENTS),
        partial(pushes.service, _app("payments/ledger", "java"), line="9.3"),
    ),
    (
        "payments/fraud-model",
        RepositorySetup(
            scanning="ENHANCED", suppressed=_ACCEPTED, kms_key=_KEY, resource_tags=_PAYMENTS, lifecycle=[_MONTH]
        ),
        partial(
            pushes.service,
            _app("payments/fraud-model", "cuda", size=2.9e9, dependencies_size=3.1e9),
            line="0.9",
        ),
    ),
    (
        "payments/settlement",
        RepositorySetup(scanning="BASIC", resource_tags=_PAYMENTS, age=1900),
        partial(pushes.docker_pushed, _app("payments/settlement", "java")),
    ),
    (
        "platform/base/debian",
        RepositorySetup(scanning="BASIC", resource_tags=_PLATFORM, lifecycle=[untagged_after(90)]),
        partial(pushes.base_image, _app("platform/base/debian", "debian", 0, size=2e5)),
    ),
    (
        "platform/base/python",
        RepositorySetup(resource_tags=_PLATFORM, lifecycle=[untagged_after(90)]),
        partial(pushes.base_image, _app("platform/base/python", "python", 0, size=1e5)),
    ),
    (
        "platform/ingress-controller",
        RepositorySetup("IMMUTABLE", scanning="BASIC", resource_tags=_PLATFORM),
        partial(pushes.service, _app("platform/ingress-controller", "go", 443), line="1.11"),
    ),
    (
        "platform/otel-collector",
        RepositorySetup(resource_tags=_PLATFORM),
        partial(pushes.service, _app("platform/otel-collector", "go", 4317, size=61e6), line="0.114", both=True),
    ),
    (
        "platform/ci-runner",
        RepositorySetup(scanning="BASIC", resource_tags=_PLATFORM),
        partial(pushes.ci_runner, _app("platform/ci-runner", "debian", 0, size=190e6, dependencies_size=210e6)),
    ),
    (
        "platform/build-cache",
        RepositorySetup(resource_tags=_PLATFORM, lifecycle=[untagged_after(1)]),
        partial(pushes.build_cache, _app("platform/build-cache", "go")),
    ),
    (
        "charts/checkout",
        RepositorySetup("IMMUTABLE", resource_tags=_TEAM),
        partial(
            pushes.chart,
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
        partial(pushes.chart, "Ingress for every cluster", versions=[("4.11.2", "1.11.2"), ("4.11.3", "1.11.3")]),
    ),
    (
        "data/airflow",
        RepositorySetup(scanning="BASIC", resource_tags={"team": "data"}, lifecycle=[_MONTH]),
        partial(pushes.service, _app("data/airflow", "python", dependencies_size=310e6), line="2.10"),
    ),
    (
        "data/feature-store",
        RepositorySetup(scanning="BASIC", resource_tags={"team": "data"}),
        partial(pushes.without_media_type, _app("data/feature-store", "python")),
    ),
    (
        "data/spark",
        RepositorySetup(age=1200),
        partial(pushes.docker_pushed, _app("data/spark", "java", 4040, size=310e6)),
    ),
    (
        "data/nightly",
        RepositorySetup(lifecycle=[untagged_after(10)]),
        partial(pushes.untagged_only, _app("data/nightly", "python")),
    ),
    (
        "mobile/bff",
        RepositorySetup("IMMUTABLE_WITH_EXCLUSION", ["latest", "staging", "prod"], scanning="BASIC"),
        partial(pushes.service, _app("mobile/bff", "node", 3000), line="6.2"),
    ),
    (
        "legacy/monolith",
        RepositorySetup(scanning="BASIC", age=1500, lifecycle=[keep_newest(200, 1, "pr-*")]),
        pushes.monolith,
    ),
    (
        "mirror/nginx",
        RepositorySetup(scanning="BASIC"),
        partial(pushes.mirrored, _app("mirror/nginx", "debian", 80)),
    ),
    ("sandbox/hostile-text", RepositorySetup(resource_tags=hostile.RESOURCE_TAGS), pushes.hostile_text),
    ("sandbox/empty", RepositorySetup(age=0.5), pushes.empty),
    (
        "sandbox/hello",
        RepositorySetup(),
        partial(pushes.small_images, _app("sandbox/hello", "scratch", size=8e3, dependencies_size=60e3)),
    ),
)
"""Every repository: its name, its settings, and the function that fills it."""


def load_repositories(registry: DemoRegistry) -> None:
    """Create every repository of the demo that does not exist."""
    for name, settings, fill in _REPOSITORIES:
        repository = registry.create_repository(name, settings)
        if repository is not None:
            fill(repository)
