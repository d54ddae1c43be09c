"""The alias of an account comes from IAM. It is not known to everybody, and nothing depends on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecrtui.catalog.cache.store import Cache
from ecrtui.catalog.catalog import Catalog
from ecrtui.settings import Connection, load
from ecrtui.wiring import account_settings, open_registry
from tests.registry.conftest import RegistryEnv
from tests.support.fake_sts import FakeSts


@pytest.fixture(autouse=True)
def iam(sts: FakeSts, monkeypatch: pytest.MonkeyPatch) -> FakeSts:
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", sts.url)
    sts.aliases = ["shop-prod"]
    return sts


def test_the_alias_is_read_once(served: str, iam: FakeSts) -> None:
    registry = open_registry(Connection(endpoint_url=served))
    assert [registry.account_alias(), registry.account_alias()] == ["shop-prod", "shop-prod"]
    assert [call["Action"] for call in iam.calls] == ["ListAccountAliases"]
    assert open_registry(Connection(endpoint_url=served, registry_id="999999999999")).account_alias() is None


def test_without_alias_or_permission_there_is_none(served: str, iam: FakeSts) -> None:
    iam.denied["ListAccountAliases"] = "not authorized to perform iam:ListAccountAliases"
    assert open_registry(Connection(endpoint_url=served)).account_alias() is None
    iam.denied.clear()
    iam.aliases = []
    assert open_registry(Connection(endpoint_url=served)).account_alias() == ""


def test_the_last_known_alias_stays_when_it_is_denied(served: str, iam: FakeSts, tmp_path: Path) -> None:
    def name() -> str:
        registry = open_registry(Connection(endpoint_url=served))
        return Catalog(registry, Cache(tmp_path / "cache.sqlite", registry.location())).account_alias()

    assert name() == "shop-prod"
    iam.denied["ListAccountAliases"] = "not authorized to perform iam:ListAccountAliases"
    assert name() == "shop-prod"
    iam.denied.clear()
    iam.aliases = []
    assert name() == ""
    iam.denied["ListAccountAliases"] = "not authorized to perform iam:ListAccountAliases"
    assert name() == "", "the account has no alias any more"


def test_settings_by_pattern_ask_for_the_alias_and_others_do_not(served: str, iam: FakeSts, env: RegistryEnv) -> None:
    connection = Connection(endpoint_url=served)
    plain = load({})
    assert not account_settings(open_registry(connection), plain, connection).read_only
    assert iam.calls == []
    by_alias = load({"accounts": {"*prod*": {"read_only": True}}})
    assert account_settings(open_registry(connection), by_alias, connection).read_only
    iam.aliases = ["shop-dev"]
    assert not account_settings(open_registry(connection), by_alias, connection).read_only
