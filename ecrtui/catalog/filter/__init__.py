"""The filter language of ``/`` in the application and of ``--filter``.

A filter is a list of terms, and all of them must match: ``release !rc size>100MB pushed<7d is:index``. The fields are
in :mod:`.images` and :mod:`.repositories`.
"""

from ecrtui.catalog.filter.errors import FilterError
from ecrtui.catalog.filter.language import Knowledge
from ecrtui.catalog.filter.matching import expression_hint
from ecrtui.catalog.filter.parser import Filter, parse, parse_repositories

__all__ = ["Filter", "FilterError", "Knowledge", "expression_hint", "parse", "parse_repositories"]
