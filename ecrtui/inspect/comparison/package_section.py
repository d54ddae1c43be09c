"""The section of a comparison about packages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace

from ecrtui.inspect.comparison.compared_image import ComparedImage
from ecrtui.inspect.comparison.order import version_direction
from ecrtui.inspect.comparison.rows import NotKnown, Row, Section, is_pending, possibly_in_both, row_of
from ecrtui.inspect.packages import Package, PackageList, purl_namespace


def packages_section(a: ComparedImage, b: ComparedImage) -> Section:
    """Compare the packages of both SBOMs by name and type; without SBOMs, the packages with findings.

    If an image has packages of one name in several namespaces, such as Maven groups, each namespace has its own row.
    """
    before, after = a.packages, b.packages
    if is_pending(before, after):
        return Section("packages", pending=True)
    lists = [_package_list(image) for image in (a, b)]
    if lists[0] is not None and lists[1] is not None:
        return Section("packages", tuple(_package_rows(lists[0].packages, lists[1].packages)), _list_problems(lists))
    problems = (*_without_sbom(a, "A"), *_without_sbom(b, "B"))
    if isinstance(a.findings, NotKnown) or isinstance(b.findings, NotKnown):
        return Section("packages", (), problems, is_pending(a.findings, b.findings))
    named = [
        [Package(row.package, found.finding.version) for row in rows if row.package for found in row.occurrences]
        for rows in (a.findings, b.findings)
    ]
    only = "So only packages with findings are compared."
    return Section("packages", tuple(map(possibly_in_both, _package_rows(*named))), (*problems, only))


def _package_list(image: ComparedImage) -> PackageList | None:
    """Return the packages of the SBOM; None if there is none that could be read."""
    found = image.packages
    return None if isinstance(found, NotKnown) or found is None or found.unreadable else found


def _without_sbom(image: ComparedImage, side: str) -> Sequence[str]:
    """Return a sentence that says why an image has no list of packages."""
    found = image.packages
    if isinstance(found, NotKnown):
        return (f"The SBOM of {side} is not known: {found.reason}.",)
    if found is None:
        return (f"{side} has no SBOM.",)
    return (f"{side}: {found.problem}",) if found.unreadable else ()


def _list_problems(lists: Iterable[PackageList | None]) -> tuple[str, ...]:
    pairs = zip(("A", "B"), lists, strict=True)
    return tuple(f"{side}: {found.problem}" for side, found in pairs if found is not None and found.problem)


def _package_rows(before: Iterable[Package], after: Iterable[Package]) -> Iterable[Row]:
    sides = [list(packages) for packages in (before, after)]
    shared = {name for packages in sides for name in _names_in_several_namespaces(packages)}
    named = [_packages_by_name(packages, shared) for packages in sides]
    for name, kind in sorted({*named[0], *named[1]}):
        old, new = (packages.get((name, kind)) for packages in named)
        label = f"{name} ({kind})" if kind else name
        row = row_of(label, *(None if found is None else _versions(found) for found in (old, new)))
        if old is not None and new is not None:
            if row.differs:
                row = replace(row, note=version_direction(_version_set(old), _version_set(new), kind))
            else:
                licenses = row_of(label, *(f"{_versions(found)} {_licenses(found)}" for found in (old, new)))
                row = licenses if licenses.differs else row
        yield row


def _version_set(packages: Iterable[Package]) -> Set[str]:
    return {package.version for package in packages}


def _names_in_several_namespaces(packages: Iterable[Package]) -> Iterator[tuple[str, str]]:
    """Yield the name and the type of packages of one image that only their namespaces tell apart."""
    found: dict[tuple[str, str], str] = {}
    for package in packages:
        key, namespace = (package.name, package.type), purl_namespace(package.purl)
        if found.setdefault(key, namespace) != namespace:
            yield key


def _packages_by_name(
    packages: Iterable[Package], shared: Set[tuple[str, str]]
) -> Mapping[tuple[str, str], Sequence[Package]]:
    """Return packages by name and type, those of a shared name with their namespace in front of it."""
    found: dict[tuple[str, str], list[Package]] = defaultdict(list)
    for package in packages:
        key = package.name, package.type
        namespace = purl_namespace(package.purl) if key in shared else ""
        found[f"{namespace}/{package.name}" if namespace else package.name, package.type].append(package)
    return found


def _versions(packages: Iterable[Package]) -> str:
    return ", ".join(sorted({package.version or "no version" for package in packages}))


def _licenses(packages: Iterable[Package]) -> str:
    return ", ".join(sorted({package.license or "no license" for package in packages}))
