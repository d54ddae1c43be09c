"""``--query``: JMESPath, compiled before anything is sent."""

from __future__ import annotations

from typing import Any, Protocol

from ecrtui.errors import UsageError


class Query(Protocol):
    """A compiled expression."""

    def search(self, value: Any) -> Any:
        """What the expression finds in the value; None if nothing."""


def compile_query(expression: str) -> Query:
    """The expression, ready to search.

    Raises:
        UsageError: it is no JMESPath; the title has the AWS CLI's words, with the place.
    """
    import jmespath  # type: ignore[import-untyped]  # it has no types
    from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

    try:
        compiled: Query = jmespath.compile(expression)
    except JMESPathError as problem:
        raise UsageError(
            f"Bad value for --query {expression}: {problem}",
            "",
            "The syntax of JMESPath is told at https://jmespath.org.",
        ) from problem
    return compiled
