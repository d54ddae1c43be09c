"""The filter language: what is typed behind ``/`` and given to ``--filter``.

Terms stand side by side and must all hold: ``release !rc size>100MB pushed<7d is:index``. See :mod:`.images` and
:mod:`.repositories` for the fields there are.
"""

from ecrtui.catalog.filter.errors import FilterError
from ecrtui.catalog.filter.parser import Filter, parse, parse_repositories

__all__ = ["Filter", "FilterError", "parse", "parse_repositories"]
