from __future__ import annotations

import pytest

from ecrtui.cli.plain_table import plain_table

ROWS = [("prod", "日本", "a" * 12), ("x\x1b[31m", "b", "c")]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (None, ["TAG      WAS   PLAN", "prod     日本  aaaaaaaaaaaa", "x␛[31m   b     c"]),
        (20, ["TAG      WAS", "prod     日本", "x␛[31m   b"]),
        (3, ["TAG", "prod", "x␛[31m"]),
    ],
)
def test_the_last_columns_that_do_not_fit_are_left_out(width: int | None, expected: list[str]) -> None:
    lines = [line.rstrip("\n") for line in plain_table(("TAG", "WAS", "PLAN"), ROWS, width)]
    assert [" ".join(line.split()) for line in lines] == [" ".join(line.split()) for line in expected]
    assert all(line == line.rstrip() for line in lines)


def test_a_table_without_rows_has_its_titles() -> None:
    assert list(plain_table(("TAG",), [])) == ["TAG\n"]
