"""The registry as a whole: description, authorization, policy, scanning, replication, account settings."""

from __future__ import annotations

from typing import Any

from ecrtui.emulator import pagination, partitions, policy_documents
from ecrtui.emulator.authorization_tokens import Token
from ecrtui.emulator.errors import ServiceError, constraint_violation
from ecrtui.emulator.layer_downloads import IN_PROCESS_ENDPOINT
from ecrtui.emulator.operations import registry_settings, replication
from ecrtui.emulator.request_context import Operation, RequestContext

TOKEN_LIFETIME = 12 * 3600.0
"""Seconds; the lifetime of an authorization token (GetAuthorizationToken)."""


def describe_registry(context: RequestContext) -> dict[str, Any]:
    """DescribeRegistry."""
    return {
        "registryId": context.registry_id,
        "replicationConfiguration": _get(context, replication.SETTING, replication.NO_RULES),
    }


def get_authorization_token(context: RequestContext) -> dict[str, Any]:
    """GetAuthorizationToken: return a token of the caller for each registry.

    A served registry names its own URL as endpoint: a client that follows it stays on this machine.
    """
    registry_ids = context.get("registryIds") or [context.registry_id]
    data = []
    for registry_id in registry_ids:
        token = Token(context.caller, context.region, context.now + TOKEN_LIFETIME)
        host = f"https://{partitions.registry_host(context.region, registry_id)}"
        proxy = host if context.endpoint == IN_PROCESS_ENDPOINT else context.endpoint
        data.append({"authorizationToken": token.encoded(), "expiresAt": token.expires_at, "proxyEndpoint": proxy})
    return {"authorizationData": data}


def get_registry_scanning_configuration(context: RequestContext) -> dict[str, Any]:
    """GetRegistryScanningConfiguration."""
    configuration = _get(context, registry_settings.SCANNING, registry_settings.BASIC_SCANNING)
    return {"registryId": context.registry_id, "scanningConfiguration": configuration}


def put_registry_scanning_configuration(context: RequestContext) -> dict[str, Any]:
    """PutRegistryScanningConfiguration."""
    scan_type, rules = context.get("scanType", "BASIC"), context.get("rules", [])
    frequencies = registry_settings.FREQUENCIES[scan_type]
    if any(rule["scanFrequency"] not in frequencies for rule in rules):
        raise constraint_violation("rules", f"The scan frequency for {scan_type} must be {' or '.join(frequencies)}")
    configuration = {"scanType": scan_type, "rules": rules}
    _put(context, registry_settings.SCANNING, configuration)
    return {"registryScanningConfiguration": configuration}


def batch_get_repository_scanning_configuration(context: RequestContext) -> dict[str, Any]:
    """BatchGetRepositoryScanningConfiguration."""
    found, failures = [], []
    with context.database.read() as connection:
        for name in context["repositoryNames"]:
            try:
                repository = context.repository(connection, name)
            except ServiceError as error:
                failures.append(
                    {"repositoryName": name, "failureCode": "REPOSITORY_NOT_FOUND", "failureReason": error.message}
                )
                continue
            rule = registry_settings.scanning_rule(connection, repository)
            found.append(
                {
                    "repositoryArn": partitions.repository_arn(context.region, context.registry_id, name),
                    "repositoryName": name,
                    "scanOnPush": bool(repository["scan_on_push"]),
                    "scanFrequency": registry_settings.frequency(connection, repository),
                    "appliedScanFilters": rule["repositoryFilters"] if rule else [],
                }
            )
    return {"scanningConfigurations": found, "failures": failures}


def put_registry_policy(context: RequestContext) -> dict[str, Any]:
    """PutRegistryPolicy: store the policy in ECR's layout."""
    text = policy_documents.format_policy(policy_documents.parse_policy(context["policyText"], "registry"))
    _put(context, registry_settings.POLICY, text)
    return {"registryId": context.registry_id, "policyText": text}


def get_registry_policy(context: RequestContext) -> dict[str, Any]:
    """GetRegistryPolicy."""
    text = _get(context, registry_settings.POLICY)
    if text is None:
        raise ServiceError(
            "RegistryPolicyNotFoundException",
            f"Registry policy does not exist in the registry with id '{context.registry_id}'",
        )
    return {"registryId": context.registry_id, "policyText": text}


def delete_registry_policy(context: RequestContext) -> dict[str, Any]:
    """DeleteRegistryPolicy."""
    response = get_registry_policy(context)
    _put(context, registry_settings.POLICY, None)
    return response


def get_account_setting(context: RequestContext) -> dict[str, Any]:
    """GetAccountSetting."""
    name = context["name"]
    _setting_values(name)
    with context.database.read() as connection:
        value = registry_settings.account_setting(connection, context.registry_id, context.region, name)
    return {"name": name, "value": value}


def put_account_setting(context: RequestContext) -> dict[str, Any]:
    """PutAccountSetting."""
    name, value = context["name"], context["value"]
    values = _setting_values(name)
    if value not in values:
        raise constraint_violation("value", f"Member must satisfy enum value set: [{', '.join(values)}]")
    with context.database.write() as connection:
        registry_settings.put_account_setting(connection, context.registry_id, context.region, name, value)
    return {"name": name, "value": value}


def register_pull_time_update_exclusion(context: RequestContext) -> dict[str, Any]:
    """RegisterPullTimeUpdateExclusion."""
    arn = context["principalArn"]
    with context.database.write() as connection:
        exclusions = registry_settings.pull_time_exclusions(connection, context.registry_id, context.region)
        if arn in exclusions:
            raise ServiceError("ExclusionAlreadyExistsException", f"The exclusion of '{arn}' already exists")
        registry_settings.put_pull_time_exclusions(connection, context.registry_id, context.region, [*exclusions, arn])
    return {"principalArn": arn, "createdAt": context.now}


def deregister_pull_time_update_exclusion(context: RequestContext) -> dict[str, Any]:
    """DeregisterPullTimeUpdateExclusion."""
    arn = context["principalArn"]
    with context.database.write() as connection:
        exclusions = registry_settings.pull_time_exclusions(connection, context.registry_id, context.region)
        if arn not in exclusions:
            raise ServiceError("ExclusionNotFoundException", f"The exclusion of '{arn}' does not exist")
        kept = [other for other in exclusions if other != arn]
        registry_settings.put_pull_time_exclusions(connection, context.registry_id, context.region, kept)
    return {"principalArn": arn}


def list_pull_time_update_exclusions(context: RequestContext) -> dict[str, Any]:
    """ListPullTimeUpdateExclusions."""
    limit = context.get("maxResults", pagination.DEFAULT_PAGE_SIZE)
    (after,) = pagination.decode_token("exclusions", context.get("nextToken"), ("",))
    with context.database.read() as connection:
        exclusions = registry_settings.pull_time_exclusions(connection, context.registry_id, context.region)
    arns = [arn for arn in exclusions if arn > str(after)]
    page, next_page = pagination.split_page("exclusions", arns, limit, lambda arn: (arn,))
    return {"pullTimeUpdateExclusions": page, **next_page}


def _setting_values(name: str) -> tuple[str, ...]:
    if name not in registry_settings.ACCOUNT_SETTINGS:
        names = ", ".join(registry_settings.ACCOUNT_SETTINGS)
        raise constraint_violation("name", f"Member must satisfy enum value set: [{names}]")
    return registry_settings.ACCOUNT_SETTINGS[name]


def _get(context: RequestContext, name: str, default: Any = None) -> Any:
    with context.database.read() as connection:
        return registry_settings.get(connection, context.registry_id, context.region, name, default)


def _put(context: RequestContext, name: str, value: Any) -> None:
    with context.database.write() as connection:
        registry_settings.put(connection, context.registry_id, context.region, name, value)


OPERATIONS: dict[str, Operation] = {
    "DescribeRegistry": describe_registry,
    "GetAuthorizationToken": get_authorization_token,
    "GetRegistryScanningConfiguration": get_registry_scanning_configuration,
    "PutRegistryScanningConfiguration": put_registry_scanning_configuration,
    "BatchGetRepositoryScanningConfiguration": batch_get_repository_scanning_configuration,
    "GetRegistryPolicy": get_registry_policy,
    "PutRegistryPolicy": put_registry_policy,
    "DeleteRegistryPolicy": delete_registry_policy,
    "GetAccountSetting": get_account_setting,
    "PutAccountSetting": put_account_setting,
    "RegisterPullTimeUpdateExclusion": register_pull_time_update_exclusion,
    "DeregisterPullTimeUpdateExclusion": deregister_pull_time_update_exclusion,
    "ListPullTimeUpdateExclusions": list_pull_time_update_exclusions,
}
