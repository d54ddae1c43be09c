"""What the field for a target completes."""

from __future__ import annotations

from pathlib import Path

from ecrtui.connections import ProcessConnections
from ecrtui.settings import Connection, Settings
from ecrtui.tui.promote.target_connections import TargetConnections
from ecrtui.tui.promote.target_suggester import TargetSuggester
from tests.support.aws_profiles import profile, write_config

COMPLETED = {
    "team/p": "team/prod",
    "team/prod": None,
    "team/other team/p": "team/other team/prod",
    "": None,
    "--": "--to-profile",
    "--to-profile ": "--to-profile recent",
    "--to-profile pr": "--to-profile prod",
    "--to-profile pr --to-r": "--to-profile pr --to-region",
    "--to-profile 'm": "--to-profile 'my prod'",
    "--to-profile x": None,
    "--to-region us-east-": "--to-region us-east-1",
    "--to-profile prod team/p": None,  # the repositories of another connection are not known
}


async def test_the_last_word_is_completed(own_home: Path) -> None:
    names = ('"my prod"', "prod", "recent")
    write_config(own_home, "".join(profile(name, "http://127.0.0.1:9", "eu-west-1") for name in names))
    connections = ProcessConnections(Settings())
    connections.remember(Connection(profile="recent"), "eu-west-1")
    suggester = TargetSuggester(["team/dev", "team/prod"], TargetConnections(connections, lambda: ()), "eu-west-1")
    assert {typed: await suggester.get_suggestion(typed) for typed in COMPLETED} == COMPLETED
    alone = TargetSuggester(["team/prod"], None, "")
    assert [await alone.get_suggestion(typed) for typed in ("te", "--", "--to-profile ")] == ["team/prod", None, None]
