"""The registry as a whole: description, authorization, policy, scanning, replication, account settings."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

from ecrtui.emulator import pagination
from ecrtui.emulator.errors import ServiceError, invalid_parameter, violated
from ecrtui.emulator.operations import registry_settings
from ecrtui.emulator.request_context import Call, Operation

TOKEN_LIFETIME = 12 * 3600.0
"""Seconds that an authorization token is valid (GetAuthorizationToken)."""

_POLICY, _REPLICATION = "policy", "replication"
_ACCOUNT_SETTINGS = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE",),
    "REGISTRY_POLICY_SCOPE": ("V2", "V1"),
    "BLOB_MOUNTING": ("DISABLED", "ENABLED"),
}
"""Settings by name, with their values, the default first."""


def describe_registry(call: Call) -> dict[str, Any]:
    """DescribeRegistry."""
    return {"registryId": call.registry_id, "replicationConfiguration": _get(call, _REPLICATION, {"rules": []})}


def get_authorization_token(call: Call) -> dict[str, Any]:
    """GetAuthorizationToken: a token of the right form, which nothing checks."""
    registry_ids = call.get("registryIds") or [call.registry_id]
    data = []
    for registry_id in registry_ids:
        token = base64.b64encode(f"AWS:{secrets.token_urlsafe(96)}".encode()).decode()
        proxy = f"https://{registry_id}.dkr.ecr.{call.region}.amazonaws.com"
        data.append({"authorizationToken": token, "expiresAt": call.now + TOKEN_LIFETIME, "proxyEndpoint": proxy})
    return {"authorizationData": data}


def get_registry_scanning_configuration(call: Call) -> dict[str, Any]:
    """GetRegistryScanningConfiguration."""
    configuration = _get(call, registry_settings.SCANNING, registry_settings.BASIC_SCANNING)
    return {"registryId": call.registry_id, "scanningConfiguration": configuration}


def put_registry_scanning_configuration(call: Call) -> dict[str, Any]:
    """PutRegistryScanningConfiguration."""
    configuration = {"scanType": call.get("scanType", "BASIC"), "rules": call.get("rules", [])}
    if configuration["scanType"] == "BASIC" and any(
        rule["scanFrequency"] == "CONTINUOUS_SCAN" for rule in configuration["rules"]
    ):
        raise invalid_parameter("Invalid parameter at 'rules': CONTINUOUS_SCAN is for scan type ENHANCED only")
    _put(call, registry_settings.SCANNING, configuration)
    return {"registryScanningConfiguration": configuration}


def batch_get_repository_scanning_configuration(call: Call) -> dict[str, Any]:
    """BatchGetRepositoryScanningConfiguration."""
    found, failures = [], []
    with call.database.read() as connection:
        for name in call["repositoryNames"]:
            try:
                repository = call.repository(connection, name)
            except ServiceError as error:
                failures.append(
                    {"repositoryName": name, "failureCode": "REPOSITORY_NOT_FOUND", "failureReason": error.message}
                )
                continue
            rule = registry_settings.scanning_rule(connection, repository)
            found.append(
                {
                    "repositoryArn": f"arn:aws:ecr:{call.region}:{call.registry_id}:repository/{name}",
                    "repositoryName": name,
                    "scanOnPush": bool(repository["scan_on_push"]),
                    "scanFrequency": registry_settings.frequency(connection, repository),
                    "appliedScanFilters": rule["repositoryFilters"] if rule else [],
                }
            )
    return {"scanningConfigurations": found, "failures": failures}


def put_replication_configuration(call: Call) -> dict[str, Any]:
    """PutReplicationConfiguration: kept and told; nothing is replicated."""
    _put(call, _REPLICATION, call["replicationConfiguration"])
    return {"replicationConfiguration": call["replicationConfiguration"]}


def put_registry_policy(call: Call) -> dict[str, Any]:
    """PutRegistryPolicy: the text is kept as it is."""
    try:
        document = json.loads(call["policyText"])
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise violated("policyText", "Invalid registry policy provided")
    _put(call, _POLICY, call["policyText"])
    return {"registryId": call.registry_id, "policyText": call["policyText"]}


def get_registry_policy(call: Call) -> dict[str, Any]:
    """GetRegistryPolicy."""
    text = _get(call, _POLICY)
    if text is None:
        raise ServiceError(
            "RegistryPolicyNotFoundException",
            f"Registry policy does not exist in the registry with id '{call.registry_id}'",
        )
    return {"registryId": call.registry_id, "policyText": text}


def delete_registry_policy(call: Call) -> dict[str, Any]:
    """DeleteRegistryPolicy."""
    answer = get_registry_policy(call)
    _put(call, _POLICY, None)
    return answer


def get_account_setting(call: Call) -> dict[str, Any]:
    """GetAccountSetting."""
    values = _setting_values(call["name"])
    return {"name": call["name"], "value": _get(call, f"account:{call['name']}", values[0])}


def put_account_setting(call: Call) -> dict[str, Any]:
    """PutAccountSetting."""
    values = _setting_values(call["name"])
    if call["value"] not in values:
        raise violated("value", f"Member must satisfy enum value set: [{', '.join(values)}]")
    _put(call, f"account:{call['name']}", call["value"])
    return {"name": call["name"], "value": call["value"]}


def register_pull_time_update_exclusion(call: Call) -> dict[str, Any]:
    """RegisterPullTimeUpdateExclusion."""
    arn = call["principalArn"]
    with call.database.write() as connection:
        exclusions = registry_settings.pull_time_exclusions(connection, call.registry_id, call.region)
        if arn in exclusions:
            raise ServiceError("ExclusionAlreadyExistsException", f"The exclusion of '{arn}' already exists")
        registry_settings.put_pull_time_exclusions(connection, call.registry_id, call.region, [*exclusions, arn])
    return {"principalArn": arn, "createdAt": call.now}


def deregister_pull_time_update_exclusion(call: Call) -> dict[str, Any]:
    """DeregisterPullTimeUpdateExclusion."""
    arn = call["principalArn"]
    with call.database.write() as connection:
        exclusions = registry_settings.pull_time_exclusions(connection, call.registry_id, call.region)
        if arn not in exclusions:
            raise ServiceError("ExclusionNotFoundException", f"The exclusion of '{arn}' does not exist")
        kept = [other for other in exclusions if other != arn]
        registry_settings.put_pull_time_exclusions(connection, call.registry_id, call.region, kept)
    return {"principalArn": arn}


def list_pull_time_update_exclusions(call: Call) -> dict[str, Any]:
    """ListPullTimeUpdateExclusions."""
    limit = call.get("maxResults", pagination.DEFAULT)
    (after,) = pagination.key_of("exclusions", call.get("nextToken"), ("",))
    with call.database.read() as connection:
        exclusions = registry_settings.pull_time_exclusions(connection, call.registry_id, call.region)
    arns = [arn for arn in exclusions if arn > str(after)]
    page, more = pagination.cut(arns, limit)
    answer: dict[str, Any] = {"pullTimeUpdateExclusions": page}
    if more:
        answer["nextToken"] = pagination.token_for("exclusions", page[-1])
    return answer


def _setting_values(name: str) -> tuple[str, ...]:
    if name not in _ACCOUNT_SETTINGS:
        raise violated("name", f"Member must satisfy enum value set: [{', '.join(_ACCOUNT_SETTINGS)}]")
    return _ACCOUNT_SETTINGS[name]


def _get(call: Call, name: str, default: Any = None) -> Any:
    with call.database.read() as connection:
        return registry_settings.get(connection, call.registry_id, call.region, name, default)


def _put(call: Call, name: str, value: Any) -> None:
    with call.database.write() as connection:
        registry_settings.put(connection, call.registry_id, call.region, name, value)


OPERATIONS: dict[str, Operation] = {
    "DescribeRegistry": describe_registry,
    "GetAuthorizationToken": get_authorization_token,
    "GetRegistryScanningConfiguration": get_registry_scanning_configuration,
    "PutRegistryScanningConfiguration": put_registry_scanning_configuration,
    "BatchGetRepositoryScanningConfiguration": batch_get_repository_scanning_configuration,
    "PutReplicationConfiguration": put_replication_configuration,
    "GetRegistryPolicy": get_registry_policy,
    "PutRegistryPolicy": put_registry_policy,
    "DeleteRegistryPolicy": delete_registry_policy,
    "GetAccountSetting": get_account_setting,
    "PutAccountSetting": put_account_setting,
    "RegisterPullTimeUpdateExclusion": register_pull_time_update_exclusion,
    "DeregisterPullTimeUpdateExclusion": deregister_pull_time_update_exclusion,
    "ListPullTimeUpdateExclusions": list_pull_time_update_exclusions,
}
