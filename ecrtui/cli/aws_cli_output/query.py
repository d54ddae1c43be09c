"""``--query``: JMESPath expressions."""

from __future__ import annotations

from typing import Any, Protocol

from ecrtui.errors import UsageError


class Query(Protocol):
    """A compiled JMESPath expression."""

    def search(self, value: Any) -> Any:
        """Return what the expression selects from the value; None if nothing."""


def compile_query(expression: str) -> Query:
    """Compile a JMESPath expression.

    Raises:
        UsageError: the expression is not valid. The title is the message of the AWS CLI, with the position.
    """
    import jmespath  # type: ignore[import-untyped]  # it has no types
    from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

    try:
        compiled: Query = jmespath.compile(expression)
    except JMESPathError as problem:
        raise UsageError(
            f"Bad value for --query {expression}: {problem}",
            "",
            "See https://jmespath.org for the syntax.",
        ) from problem
    return compiled
