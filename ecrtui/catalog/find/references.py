"""Find out which images the references of a query name, before the search for them."""

from __future__ import annotations

from collections.abc import Sequence

from ecrtui.catalog.find.query import FindTerm, Query
from ecrtui.ecr.location import RegistryLocation
from ecrtui.errors import AccessDenied, EcrTuiError, NotFound
from ecrtui.registry.protocol import Registry


def resolve_references(query: Query, registries: Sequence[tuple[RegistryLocation, Registry]]) -> Query:
    """Return the query with digests in place of references by tag: the image is then found under any tag.

    A reference whose tag does not exist stays: its tag is looked for in all repositories. A note names each registry
    of a URI that is not asked: what is found may be another image. Blocks.

    Args:
        query: what to find.
        registries: the registries to ask, with their locations. That of a URI is asked first.

    Raises:
        EcrTuiError: it is not known whether a tag exists, for another reason than a missing permission.
    """
    terms: list[FindTerm] = []
    notes = list(query.notes)
    asked = {(location.registry_id, location.region) for location, _ in registries}
    named = dict.fromkeys((term.registry_id, term.region) for term in (*query.terms, *query.missing))
    notes += [
        f"account {account}, region {region}, was not searched"
        for account, region in named
        if account and region and (account, region) not in asked
    ]
    for term in query.terms:
        if term.names_image:
            digest = _digest_of(term, registries)
            name = f"{term.repository}:{term.tag}"
            if digest:
                terms.append(term._replace(digest=digest, tag=""))
                continue
            if digest is not None:
                notes.append(f"{name} was not found. ecrtui looked for the tag {term.tag} in each repository")
        terms.append(term)
    return query._replace(terms=tuple(terms), notes=tuple(notes))


def _digest_of(term: FindTerm, registries: Sequence[tuple[RegistryLocation, Registry]]) -> str | None:
    """Return the digest of a tag: "" if the tag does not exist, None if a registry does not permit to read it."""
    place = (term.registry_id, term.region)
    problem: EcrTuiError | None = None
    denied = False
    for _, registry in sorted(registries, key=lambda entry: (entry[0].registry_id, entry[0].region) != place):
        try:
            images = registry.images_by_tag(term.repository, [term.tag])
        except NotFound:
            continue
        except AccessDenied:
            denied = True  # the search tells what is not permitted
            continue
        except EcrTuiError as error:
            problem = error
            continue
        if images:
            return images[term.tag].digest
    if problem is not None:
        raise problem
    return None if denied else ""
