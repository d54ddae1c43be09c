"""The clock of this machine: AWS refuses requests that are five minutes off."""

from __future__ import annotations

import pytest

from ecrtui.diagnostics.connection import clock_check
from ecrtui.diagnostics.report import Status


@pytest.mark.parametrize(
    ("difference", "words", "status"),
    [
        (0.0, "agrees", Status.OK),
        (-1.9, "agrees", Status.OK),
        (59.0, "59 s behind", Status.OK),
        (-59.0, "59 s ahead of", Status.OK),
        (60.0, "behind", Status.WARNING),
        (-301.0, "ahead of", Status.WARNING),
        (90_000.0, "behind", Status.WARNING),
        (None, "does not send", Status.UNKNOWN),
    ],
)
def test_a_clock_that_is_wrong_by_a_minute_is_a_warning(difference: float | None, words: str, status: Status) -> None:
    check = clock_check(difference)
    assert words in str(check.value)
    assert check.status is status
    assert ("5 minutes" in check.hint) is (status is Status.WARNING)
