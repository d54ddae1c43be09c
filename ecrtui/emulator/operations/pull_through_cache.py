"""Pull-through cache rules. The embedded registry keeps them; it never contacts an upstream registry."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from ecrtui.emulator import pagination
from ecrtui.emulator.errors import ServiceError, invalid_parameter
from ecrtui.emulator.operations.prefixed_settings import ROOT, PrefixedSettings
from ecrtui.emulator.request_context import Operation, RequestContext

MAX_RULES = 50
"""Rules of a registry (quota "Pull through cache rules per registry")."""

_UPSTREAMS = {
    "ecr": re.compile(r"\d{12}\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.(com(\.cn)?|eu)"),
    "ecr-public": re.compile(r"public\.ecr\.aws"),
    "quay": re.compile(r"quay\.io"),
    "k8s": re.compile(r"registry\.k8s\.io"),
    "docker-hub": re.compile(r"registry-1\.docker\.io"),
    "github-container-registry": re.compile(r"ghcr\.io"),
    "azure-container-registry": re.compile(r"[a-z0-9]+\.azurecr\.io"),
    "gitlab-container-registry": re.compile(r"registry\.gitlab\.com"),
    "chainguard": re.compile(r"cgr\.dev"),
}
"""The hosts of each ``UpstreamRegistry`` (CreatePullThroughCacheRule, "upstreamRegistryUrl")."""

_WITH_SECRET = frozenset(
    {"docker-hub", "github-container-registry", "azure-container-registry", "gitlab-container-registry", "chainguard"}
)
"""The upstream registries that need a secret (user guide, "Sync an upstream registry")."""


def create_pull_through_cache_rule(context: RequestContext) -> dict[str, Any]:
    """CreatePullThroughCacheRule."""
    prefix = context["ecrRepositoryPrefix"]
    rule = {
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": context["upstreamRegistryUrl"],
        "createdAt": context.now,
        "registryId": context.registry_id,
        "upstreamRegistry": _upstream(context),
        "upstreamRepositoryPrefix": context.get("upstreamRepositoryPrefix", ROOT),
        **_credentials(context),
    }
    if prefix == ROOT and rule["upstreamRepositoryPrefix"] != ROOT:
        raise invalid_parameter("The upstream repository prefix must be ROOT if the ECR repository prefix is ROOT")
    with context.database.write() as connection:
        rules = _rules(context, connection)
        if rules.get(prefix) is not None:
            raise ServiceError(
                "PullThroughCacheRuleAlreadyExistsException",
                f"The pull through cache rule with prefix '{prefix}' already exists in the registry with id"
                f" '{context.registry_id}'",
            )
        if rules.count() >= MAX_RULES:
            raise ServiceError(
                "LimitExceededException",
                f"The registry with id '{context.registry_id}' already has the maximum of {MAX_RULES} pull through"
                " cache rules",
            )
        rules.put(prefix, {**rule, "updatedAt": context.now})
    return rule


def describe_pull_through_cache_rules(context: RequestContext) -> dict[str, Any]:
    """DescribePullThroughCacheRules: return a page of rules, or the rules of the given prefixes."""
    prefixes = context.get("ecrRepositoryPrefixes")
    limit = context.get("maxResults", pagination.DEFAULT_PAGE_SIZE)
    pagination.check_page_options(context.parameters, "ecrRepositoryPrefixes")
    (after,) = pagination.decode_token("cache rules", context.get("nextToken"), ("",))
    with context.database.read() as connection:
        if prefixes is not None:
            return {"pullThroughCacheRules": [_rule(context, connection, prefix) for prefix in prefixes]}
        found = _rules(context, connection).after(str(after), limit + 1)
    page, next_page = pagination.split_page("cache rules", found, limit, lambda entry: (entry.prefix,))
    return {"pullThroughCacheRules": [entry.value for entry in page], **next_page}


def update_pull_through_cache_rule(context: RequestContext) -> dict[str, Any]:
    """UpdatePullThroughCacheRule: change the credentials."""
    prefix = context["ecrRepositoryPrefix"]
    with context.database.write() as connection:
        rule = {**_rule(context, connection, prefix), **_credentials(context), "updatedAt": context.now}
        _rules(context, connection).put(prefix, rule)
    return _without(rule, "upstreamRegistryUrl", "createdAt", "upstreamRegistry")


def delete_pull_through_cache_rule(context: RequestContext) -> dict[str, Any]:
    """DeletePullThroughCacheRule."""
    prefix = context["ecrRepositoryPrefix"]
    with context.database.write() as connection:
        rule = _rule(context, connection, prefix)
        _rules(context, connection).delete(prefix)
    return _without(rule, "updatedAt", "upstreamRegistry")


def validate_pull_through_cache_rule(context: RequestContext) -> dict[str, Any]:
    """ValidatePullThroughCacheRule: a rule is valid if it needs no credentials; others cannot be checked here."""
    with context.database.read() as connection:
        rule = _rule(context, connection, context["ecrRepositoryPrefix"])
    failure = ""
    if "credentialArn" in rule or "customRoleArn" in rule:
        failure = "The embedded registry has no secrets and roles, and does not contact upstream registries."
    return {
        **_without(rule, "createdAt", "updatedAt", "upstreamRegistry"),
        "isValid": not failure,
        **({"failure": failure} if failure else {}),
    }


def _upstream(context: RequestContext) -> str:
    """Return the upstream registry of the request, checked against its URL."""
    url = context["upstreamRegistryUrl"]
    upstream = next((name for name, hosts in _UPSTREAMS.items() if hosts.fullmatch(url)), None)
    if upstream is None or context.get("upstreamRegistry", upstream) != upstream:
        raise ServiceError(
            "UnsupportedUpstreamRegistryException",
            f"The upstream registry URL {url} is invalid. Specify a valid upstream registry URL and try again",
        )
    if upstream in _WITH_SECRET and "credentialArn" not in context.parameters:
        raise ServiceError(
            "UnsupportedUpstreamRegistryException",
            "The specified upstream registry requires authentication. Specify a valid Secrets Manager ARN",
        )
    return upstream


def _credentials(context: RequestContext) -> dict[str, str]:
    return {name: context[name] for name in ("credentialArn", "customRoleArn") if name in context.parameters}


def _rules(context: RequestContext, connection: sqlite3.Connection) -> PrefixedSettings:
    return PrefixedSettings(connection, context.registry_id, context.region, "pull-through cache rule")


def _rule(context: RequestContext, connection: sqlite3.Connection, prefix: str) -> dict[str, Any]:
    rule = _rules(context, connection).get(prefix)
    if rule is None:
        raise ServiceError(
            "PullThroughCacheRuleNotFoundException",
            f"The pull through cache rule with prefix '{prefix}' does not exist in the registry with id"
            f" '{context.registry_id}'",
        )
    return rule


def _without(rule: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the rule without the members that the shape of a response lacks."""
    return {name: value for name, value in rule.items() if name not in names}


OPERATIONS: dict[str, Operation] = {
    "CreatePullThroughCacheRule": create_pull_through_cache_rule,
    "DescribePullThroughCacheRules": describe_pull_through_cache_rules,
    "UpdatePullThroughCacheRule": update_pull_through_cache_rule,
    "DeletePullThroughCacheRule": delete_pull_through_cache_rule,
    "ValidatePullThroughCacheRule": validate_pull_through_cache_rule,
}
