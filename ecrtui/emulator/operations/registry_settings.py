"""Settings of a whole registry, and their effect on the scanning of a repository."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from ecrtui.emulator.wildcards import matches_wildcard

MANUAL = "MANUAL"
SCANNING = "scanning"
POLICY = "policy"
_PULL_TIME_EXCLUSIONS = "pull-time-exclusions"
BASIC_SCANNING: dict[str, Any] = {"scanType": "BASIC", "rules": []}

FREQUENCIES = {"BASIC": ("SCAN_ON_PUSH", MANUAL), "ENHANCED": ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")}
"""The frequencies that a scanning rule can have, by scan type (``RegistryScanningRule``)."""

CLAIR = "CLAIR"
SCAN_VERSIONS = ("AWS_NATIVE", CLAIR)
"""Values of the account setting BASIC_SCAN_TYPE_VERSION; the first is the default.

Until 2025 AWS had two: with CLAIR, DescribeImages carried the results of basic scans. AWS_NATIVE is the only one left.
"""

BLOB_MOUNTING = "BLOB_MOUNTING"
ENABLED = "ENABLED"

ACCOUNT_SETTINGS = {
    "BASIC_SCAN_TYPE_VERSION": SCAN_VERSIONS,
    "REGISTRY_POLICY_SCOPE": ("V2", "V1"),
    BLOB_MOUNTING: ("DISABLED", ENABLED),
}
"""Values of the account settings by name (PutAccountSetting); the first is the default."""


def get(connection: sqlite3.Connection, registry_id: str, region: str, name: str, default: Any = None) -> Any:
    """Return a setting of a registry."""
    row = connection.execute(
        "SELECT value FROM registry_settings WHERE registry_id = ? AND region = ? AND name = ?",
        (registry_id, region, name),
    ).fetchone()
    return default if row is None else json.loads(row["value"])


def put(connection: sqlite3.Connection, registry_id: str, region: str, name: str, value: Any) -> None:
    """Store a setting of a registry; None removes it."""
    key = (registry_id, region, name)
    connection.execute("DELETE FROM registry_settings WHERE registry_id = ? AND region = ? AND name = ?", key)
    if value is not None:
        connection.execute(
            "INSERT INTO registry_settings (registry_id, region, name, value) VALUES (?, ?, ?, ?)",
            (*key, json.dumps(value)),
        )


def account_setting(connection: sqlite3.Connection, registry_id: str, region: str, name: str) -> str:
    """Return the value of an account setting."""
    return str(get(connection, registry_id, region, f"account:{name}", ACCOUNT_SETTINGS[name][0]))


def put_account_setting(connection: sqlite3.Connection, registry_id: str, region: str, name: str, value: str) -> None:
    """Store the value of an account setting."""
    put(connection, registry_id, region, f"account:{name}", value)


def pull_time_exclusions(connection: sqlite3.Connection, registry_id: str, region: str) -> list[str]:
    """Return the ARNs of principals whose pulls are not recorded (ListPullTimeUpdateExclusions)."""
    return list(get(connection, registry_id, region, _PULL_TIME_EXCLUSIONS, []))


def put_pull_time_exclusions(connection: sqlite3.Connection, registry_id: str, region: str, arns: list[str]) -> None:
    """Store the ARNs of principals whose pulls are not recorded, sorted."""
    put(connection, registry_id, region, _PULL_TIME_EXCLUSIONS, sorted(arns))


def scan_type(connection: sqlite3.Connection, registry_id: str, region: str) -> str:
    """Return BASIC or ENHANCED (GetRegistryScanningConfiguration)."""
    return str(get(connection, registry_id, region, SCANNING, BASIC_SCANNING).get("scanType", "BASIC"))


def describes_scans(connection: sqlite3.Connection, registry_id: str, region: str) -> bool:
    """Return True if DescribeImages carries the results of basic scans, as on AWS with the scan version CLAIR."""
    return account_setting(connection, registry_id, region, "BASIC_SCAN_TYPE_VERSION") == CLAIR


def frequency(connection: sqlite3.Connection, repository: sqlite3.Row) -> str:
    """Return the scan frequency of a repository: of the first matching rule, or else of its own setting."""
    rule = scanning_rule(connection, repository)
    if rule is not None:
        return str(rule["scanFrequency"])
    basic = scan_type(connection, repository["registry_id"], repository["region"]) == "BASIC"
    return "SCAN_ON_PUSH" if basic and repository["scan_on_push"] else MANUAL


def scanning_rule(connection: sqlite3.Connection, repository: sqlite3.Row) -> dict[str, Any] | None:
    """Return the first rule of the registry's scanning configuration that matches the repository."""
    configuration = get(connection, repository["registry_id"], repository["region"], SCANNING, BASIC_SCANNING)
    for rule in configuration.get("rules", []):
        if any(_matches(entry["filter"], repository["name"]) for entry in rule["repositoryFilters"]):
            matched: dict[str, Any] = rule
            return matched
    return None


def _matches(pattern: str, name: str) -> bool:
    # A filter without a wildcard matches every name that contains it (user guide, "Image scanning filters").
    if "*" not in pattern:
        return pattern in name
    return matches_wildcard(pattern, name)
