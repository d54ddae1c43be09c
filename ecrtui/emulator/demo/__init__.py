"""Demo data: a registry with one example of everything in ECR, with plausible names, sizes and dates."""

from __future__ import annotations

import time

from ecrtui.emulator.database import Database
from ecrtui.emulator.demo.demo_registry import DemoRegistry
from ecrtui.emulator.demo.repositories import load_repositories
from ecrtui.emulator.operations import registry_settings
from ecrtui.emulator.service import REGION, REGISTRY_ID
from ecrtui.emulator.sts import caller_arn

_LOADED = "demo-loaded-at"


def load_demo(
    database: Database, *, registry_id: str = REGISTRY_ID, region: str = REGION, now: float | None = None
) -> bool:
    """Put the demo data into a database. Return False if it is already there.

    An existing repository with the name of a demo repository stays as it is.

    Args:
        database: the database of the embedded registry.
        registry_id: the account.
        region: the region.
        now: the time from which the ages of pushes, pulls and scans count, in seconds since the epoch; None is the
            current time. Digests do not depend on it.
    """
    moment = time.time() if now is None else now
    with database.write() as connection:
        if registry_settings.get(connection, registry_id, region, _LOADED) is not None:
            return False
        load_repositories(DemoRegistry(connection, registry_id, region, moment))
        # Looking at the demo changes no pull times, so ecrtui may read the indexes, and folds all of their parts.
        registry_settings.put_pull_time_exclusions(connection, registry_id, region, [caller_arn(registry_id, region)])
        setting = registry_settings.BLOB_MOUNTING  # so that images whose layers have no content can be promoted
        registry_settings.put_account_setting(connection, registry_id, region, setting, registry_settings.ENABLED)
        registry_settings.put(connection, registry_id, region, _LOADED, moment)
    return True
