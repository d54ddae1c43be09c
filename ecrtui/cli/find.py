"""``ecrtui find``: find images in all repositories of a registry."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ecrtui.catalog.find.query import Query, join_queries
from ecrtui.cli.connection_options import add_connection_options
from ecrtui.cli.console import ProgressLine, print_message
from ecrtui.cli.context import CommandContext, make_parser, report_error, run_command
from ecrtui.cli.exit_codes import READ_CODES, ExitCode
from ecrtui.cli.list_command import SortOrder, print_rows
from ecrtui.cli.output_options import STREAMED_FORMATS, add_listing_output_options
from ecrtui.cli.row_format import RowFormat
from ecrtui.cli.scan_lookup import require_scans, with_title
from ecrtui.ecr.reference import Reference
from ecrtui.ecr.units import format_count, format_number
from ecrtui.errors import EcrTuiError, NotFound
from ecrtui.inspect.filter_lists import filtered_lists, parse_find_query

if TYPE_CHECKING:
    from ecrtui.catalog.catalog import Catalog
    from ecrtui.catalog.find.reading import FindReading
    from ecrtui.catalog.find.result import BlobCounts, FindAnswer


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = make_parser(
        "find",
        "REFERENCE ...",
        "Find a tag, a digest or an image in all repositories of the registry.",
        (*READ_CODES, ExitCode.UNDECIDED),
        notes=f"The exit code is {ExitCode.REGISTRY_ERROR.value} if nothing is found. If a repository could not be "
        f"read, what was found is printed, and the exit code is {ExitCode.UNDECIDED.value}. Without --read-indexes, no "
        "request counts as a pull. With --findings, an index has the worst findings of its platforms, if its manifest "
        "was read.",
    )
    parser.add_argument(
        "references",
        nargs="+",
        metavar="REFERENCE",
        help="a tag, release-*, a digest or its first 6 digits or more, team/app:tag, an image URI, or a text with "
        "references in it, such as an event of Kubernetes; missing:tag=prod finds the repositories without the tag; "
        "the digest can be that of a layer or a config",
    )
    parser.add_argument("--missing", action="store_true", help="find the repositories that do not have the reference")
    parser.add_argument(
        "--read-indexes",
        action="store_true",
        help="read manifests: of the indexes, to say which one has a platform, and of the images of a repository with "
        "a layer, to say which ones have it; ECR records a pull of each",
    )
    parser.add_argument("--findings", action="store_true", help="read the scans of the images that are found")
    add_listing_output_options(parser)
    parser.set_defaults(limit=None)
    add_connection_options(parser)
    return parser


def _execute(options: argparse.Namespace) -> int:
    query = join_queries(parse_find_query(text, missing=options.missing) for text in options.references)

    from ecrtui.catalog.catalog import Catalog
    from ecrtui.catalog.find.document import COLUMNS, RegistryHit, hit_cells, hit_document
    from ecrtui.catalog.find.references import resolve_references
    from ecrtui.wiring import open_cache

    locations = _locations(query)
    context = CommandContext(options, locations[0] if locations else None)
    location = context.registry.location()
    query = resolve_references(query, [(location, context.registry)])
    for note in query.notes:
        print_message(f"{note}.")
    cache = open_cache(location, context.settings, print_message)

    catalog = Catalog(context.registry, cache)
    may_read = context.may_read_indexes
    complete = None
    if options.findings:
        require_scans(context.registry)
        complete = partial(_with_findings, catalog, may_read)
    answers = _Answers(catalog.find(query, may_read), complete)
    by_name: SortOrder[RegistryHit] = SortOrder(lambda row: row.hit.repository)
    order = None if options.output in STREAMED_FORMATS else by_name
    columns = [(name, lambda row, number=number: hit_cells(row)[number]) for number, name in enumerate(COLUMNS)]
    rows = (RegistryHit(location.registry_id, location.region, hit) for answer in answers for hit in answer.hits)
    print_rows(rows, order, RowFormat("hits", hit_document, columns), options, title="Hits")
    return answers.exit_code(query)


def _locations(query: Query) -> Sequence[Reference]:
    """Return account and region of each URI. The first one sets those of the connection, as for other commands."""
    terms = (*query.terms, *query.missing)
    return tuple(dict.fromkeys(Reference(registry_id=t.registry_id, region=t.region) for t in terms if t.registry_id))


def _with_findings(catalog: Catalog, may_read: Callable[[str], bool], answer: FindAnswer) -> FindAnswer:
    from ecrtui.catalog.find.scans import hits_with_scans

    name = answer.repository
    try:
        return answer._replace(hits=hits_with_scans(catalog, name, answer.hits, partial(may_read, name)))
    except EcrTuiError as error:
        return answer._replace(error=answer.error or with_title(error, "Could not read the findings"))


class _Answers:
    """The final answers of a search. Shows progress on standard error.

    Args:
        reading: the search.
        complete: returns an answer with what is read besides.
    """

    def __init__(self, reading: FindReading, complete: Callable[[FindAnswer], FindAnswer] | None) -> None:
        self._reading = reading
        self._complete = complete
        self._hits = 0
        self._failures: list[tuple[str, EcrTuiError]] = []
        self._blobs: BlobCounts | None = None

    def __iter__(self) -> Iterator[FindAnswer]:
        with ProgressLine(shown=not sys.stdout.isatty()) as progress:
            for batch in self._reading:
                if batch.throttled:
                    progress.log_throttling(batch.throttled)
                self._blobs = batch.blobs
                what = "listed" if batch.listing else "asked"
                progress.update(f"{format_number(batch.asked)} of {format_number(batch.total)} repositories {what}")
                for answer in batch.answers:
                    if not answer.final:
                        continue
                    if self._complete is not None and answer.hits:
                        answer = self._complete(answer)
                    if answer.error is not None:
                        self._failures.append((answer.repository, answer.error))
                    self._hits += len(answer.hits)
                    yield answer

    def exit_code(self, query: Query) -> ExitCode:
        """Report what is missing in the answer, and return the exit code."""
        if self._blobs is not None:
            can_read = self._hits and self._blobs.known < self._blobs.total
            hint = " Add --read-indexes to read the others." if can_read else ""
            print_message(f"No image has the digest, so ecrtui {'. '.join(self._blobs.words)}.{hint}")
        for repository, error in self._failures:
            print_message(f"{repository or 'The list of repositories'} could not be read: {error.with_hint()}")
        if self._failures:
            count = sum(1 for repository, _ in self._failures if repository)
            names = format_count(count, "repository", "repositories") if count else "the list of repositories"
            print_message(f"The answer is not complete: {names} could not be read.")
            return ExitCode.UNDECIDED
        if not self._hits:
            hint = filtered_lists(str(query)) or "Check the region and the registry id."
            is_known = self._blobs is None or self._blobs.complete
            report_error(NotFound("Not found", query.nothing_found if is_known else query.no_image_found, hint))
            return ExitCode.REGISTRY_ERROR
        return ExitCode.DONE


run = partial(run_command, parser, _execute)
