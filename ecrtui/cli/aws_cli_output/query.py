"""``--query``: JMESPath expressions."""

from __future__ import annotations

from typing import Any, Protocol

from ecrtui.errors import EcrTuiError, ErrorKind, UsageError


class QueryMismatchError(EcrTuiError):
    """The query does not fit the result, or what it selects does not fit the format."""

    kind = ErrorKind.USAGE


class CompiledQuery(Protocol):
    """A compiled JMESPath expression."""

    def search(self, value: Any) -> Any:
        """Return what the expression selects from the value; None if nothing. Raise QueryMismatchError."""


def compile_query(expression: str) -> CompiledQuery:
    """Compile a JMESPath expression.

    Raises:
        UsageError: the expression is not valid. The title is the message of the AWS CLI, with the position.
    """
    import jmespath  # type: ignore[import-untyped]  # it has no types
    from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

    try:
        return _CompiledQuery(jmespath.compile(expression))
    except (JMESPathError, RecursionError) as problem:
        raise UsageError(
            f"Bad value for --query {expression}: {problem}",
            "",
            "See https://jmespath.org for the syntax.",
        ) from problem


class _CompiledQuery:
    def __init__(self, expression: Any) -> None:
        self._expression = expression

    def search(self, value: Any) -> Any:
        from jmespath.exceptions import JMESPathError

        try:
            return self._expression.search(value)
        except (JMESPathError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as problem:
            # jmespath passes on what its functions and comparisons raise
            raise QueryMismatchError(
                str(problem), "", "The query does not fit the result. Without --query, all of it is printed."
            ) from problem
