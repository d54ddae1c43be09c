"""Repositories of the demo alone, without the rest of it."""

from __future__ import annotations

import time

from ecrtui.emulator.demo import pushes
from ecrtui.emulator.demo.demo_registry import DemoRegistry, RepositorySetup
from ecrtui.emulator.service import EmbeddedRegistry
from tests.support.embedded import REGION, REGISTRY_ID, new_embedded

CHECKOUT = "team/checkout"
CHART = "charts/checkout"


def checkout_registry() -> EmbeddedRegistry:
    """Return a registry with the signed releases of ``team/checkout`` and a Helm chart."""
    embedded = new_embedded()
    with embedded.database.write() as connection:
        registry = DemoRegistry(connection, REGISTRY_ID, REGION, time.time())
        images = registry.create_repository(CHECKOUT, RepositorySetup(scanning="BASIC"))
        chart = registry.create_repository(CHART, RepositorySetup())
        assert images
        assert chart
        pushes.checkout(images)
        pushes.chart("The checkout of the shop", chart, versions=[("1.1.0", "2026.11.0")])
    return embedded
