"""Regular expressions that users type."""

from __future__ import annotations

import pytest

from ecrtui.ecr.expressions import ExpressionError, compile_expression


@pytest.mark.parametrize(
    ("text", "problem", "position"),
    [
        ("a[", "not a regular expression: unterminated character set", 1),
        (f"a{{{'9' * 20}}}", "not a regular expression: the repetition number is too large", None),
        ("(a+)+b", "a repeat or choice inside a repeat may never finish", None),
        (f"(a+){{{'9' * 5000}}}", "a repeat or choice inside a repeat may never finish", None),
    ],
)
def test_an_expression_that_cannot_be_used_is_refused(text: str, problem: str, position: int | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)
    assert (str(caught.value), caught.value.position) == (problem, position)


@pytest.mark.parametrize("text", ["(ab)+", "(a+){2}", "(a|b){04}", "a+b*", r"(\(+)x", "[(+]+"])
def test_a_repeat_without_another_one_inside_is_accepted(text: str) -> None:
    assert compile_expression(text)
