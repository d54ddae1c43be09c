from __future__ import annotations

import pytest

from ecrtui.ecr.replication import Destination, ReplicationRule, ReplicationRules

FRANKFURT, PARIS = Destination("eu-central-1", "123456789012"), Destination("eu-west-3", "210987654321")
RULES = ReplicationRules(
    (
        ReplicationRule((FRANKFURT,)),
        ReplicationRule((PARIS, FRANKFURT), ("prod/", "shop"), removes=True),
    )
)


@pytest.mark.parametrize(
    ("repository", "pushes", "removals"),
    [
        ("team/app", (FRANKFURT,), ()),
        ("prod/app", (FRANKFURT, PARIS), (PARIS, FRANKFURT)),
        ("shopping", (FRANKFURT, PARIS), (PARIS, FRANKFURT)),
        ("team/prod/app", (FRANKFURT,), ()),
    ],
)
def test_the_rules_name_the_destinations_of_a_repository(
    repository: str, pushes: tuple[Destination, ...], removals: tuple[Destination, ...]
) -> None:
    assert RULES.destinations(repository) == pushes
    assert RULES.destinations(repository, of_removals=True) == removals
    assert ReplicationRules().destinations(repository) == ()
