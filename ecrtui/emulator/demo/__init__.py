"""Demo data: a registry that shows everything ECR has, with plausible names, sizes and dates."""

from __future__ import annotations

import time

from ecrtui.emulator.database import Database
from ecrtui.emulator.demo.demo_registry import DemoRegistry
from ecrtui.emulator.demo.repositories import load_repositories
from ecrtui.emulator.operations import registry_settings
from ecrtui.emulator.service import REGION, REGISTRY_ID

_LOADED = "demo-loaded-at"


def load_demo(
    database: Database, *, registry_id: str = REGISTRY_ID, region: str = REGION, now: float | None = None
) -> bool:
    """Put the demo data into a database, unless it is there already; whether it was put.

    A repository that is there under a name of the demo's is left as it is.

    Args:
        database: of the embedded registry.
        registry_id: the account that it is for.
        region: the region that it is for.
        now: what every date is counted from, in seconds since the epoch; None is now. With the same one the digests
            are the same.
    """
    moment = time.time() if now is None else now
    with database.write() as connection:
        if registry_settings.get(connection, registry_id, region, _LOADED) is not None:
            return False
        load_repositories(DemoRegistry(connection, registry_id, region, moment))
        registry_settings.put(connection, registry_id, region, _LOADED, moment)
    return True
