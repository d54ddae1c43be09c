"""The fields of a filter on packages: the members that an SBOM states. Plain words look in all of them."""

from __future__ import annotations

from ecrtui.catalog.filter.language import FilterSchema
from ecrtui.catalog.filter.parser import Filter, parse_terms
from ecrtui.catalog.filter.text_lists import text_schema
from ecrtui.inspect.packages import Package

PACKAGES: FilterSchema[Package] = text_schema(
    {
        "name": lambda package: (package.name,),
        "version": lambda package: (package.version,),
        "type": lambda package: (package.type,),
        "license": lambda package: (package.license,),
        "purl": lambda package: (package.purl,),
    },
    columns={"package": "name"},
)


def parse_packages(text: str) -> Filter[Package]:
    """Parse a filter on packages.

    Args:
        text: the filter; a blank text matches everything.

    Raises:
        FilterError: the text is not a valid filter.
    """
    return parse_terms(text, PACKAGES)
