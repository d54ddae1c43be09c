"""The header at several widths."""

from __future__ import annotations

from ecrtui.tui.header_state import HeaderState
from ecrtui.tui.widgets.header import Header
from tests.support.host import WidgetApp, resize, screen_lines

ROLE = "arn:aws:sts::123456789012:assumed-role/deploy/jane@example.com"
SSO = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_PowerUserAccess_0123456789abcdef/jane@example.com"
STATE = HeaderState("123456789012", "eu-west-1", identity=ROLE, connected=True)
HTTP = "http://127.0.0.1:4566"

CASES = [
    (120, STATE, " ecrtui  123456789012 · eu-west-1 · assumed-role/deploy/jane@example.com", "READ-WRITE"),
    (80, STATE, " ecrtui  123456789012 · eu-west-1 · role/deploy", "READ-WRITE"),
    (80, STATE._replace(alias="prod"), " ecrtui  prod 123456789012 · eu-west-1 · role/deploy", "READ-WRITE"),
    (80, STATE._replace(endpoint=HTTP), f" ecrtui  …9012 · eu-west-1 · {HTTP} · role/deploy", "READ-WRITE"),
    (
        80,
        STATE._replace(endpoint=HTTP, alias="production", read_only=True),
        f" ecrtui  production …9012 · eu-west-1 · {HTTP[7:]} · role/deploy",
        "READ-ONLY",
    ),
    (80, STATE._replace(identity=SSO), " ecrtui  123456789012 · eu-west-1 · role/PowerUserAccess", "READ-WRITE"),
    (60, STATE._replace(identity=SSO), " …9012 · eu-west-1 · role/PowerUserAccess", "READ-WRITE"),
    (60, STATE._replace(identity=SSO, endpoint=HTTP), " …9012 · eu-west-1 · PowerUserAccess", "READ-WRITE"),
    (60, STATE._replace(identity="x" * 99), f" …9012 · eu-west-1 · {'x' * 26}…", "READ-WRITE"),
    (
        80,
        STATE._replace(identity="", alias="prod", connected=False),
        " ecrtui  prod 123456789012 · eu-west-1 · not connected",
        "READ-WRITE",
    ),
    (80, HeaderState(), " ecrtui  not connected", "READ-WRITE"),
    (
        80,
        STATE._replace(alias="shop", production=True),
        " ecrtui  shop 123456789012 · eu-west-1 · role/deploy",
        "PRODUCTION  READ-WRITE",
    ),
]


async def test_a_narrow_header_shortens_all_but_the_role_and_the_mode() -> None:
    header = Header()
    app = WidgetApp(header)
    async with app.run_test(size=(120, 3)) as pilot:
        for width, state, left, mode in CASES:
            await resize(pilot, width, 3)
            header.header_state = state
            await pilot.pause()
            line = screen_lines(app)[0]
            assert line.startswith(left + " "), (width, line)
            assert line.endswith(f" {mode}"), (width, line)
            assert line[len(left) : -len(mode)].isspace()
