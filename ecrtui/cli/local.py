"""``ecrtui local``: the embedded registry: serve it, take images in and out, fill it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ecrtui.ecr.reference import Reference, parse_reference
from ecrtui.ecr.safe_text import visible_lines
from ecrtui.ecr.units import format_count
from ecrtui.errors import EcrTuiError, UsageError

if TYPE_CHECKING:
    from ecrtui.emulator.database import Database
    from ecrtui.emulator.seed import SeedOrigin
    from ecrtui.emulator.service import EmbeddedRegistry

_DESCRIPTION = """\
The embedded registry: ECR's own protocol over a SQLite file, for trying things out, for tests and for benchmarks.
ecrtui uses it in its own process with --demo or --db FILE; served, any AWS client can work on it.
"""

_SERVE = """\
Serve the registry over HTTP on 127.0.0.1 and nowhere else. The first line on standard output is its URL, alone.
Ctrl-C and SIGTERM stop it. Signatures are not checked: any credentials will do, or none.

  ecrtui local serve --db registry.sqlite --port 4566
  ecrtui local serve --demo
  ecrtui --endpoint-url http://127.0.0.1:4566 --no-sign-request --region us-east-1
  aws ecr describe-repositories --endpoint-url http://127.0.0.1:4566 --no-sign-request --region us-east-1
"""

_IMPORT = """\
Take an image into a repository, which is made if it does not exist: its manifests byte for byte, what they name before
them, every digest checked, the tag last. SOURCE is an OCI image layout, as a folder or a tar (plain, gzip, bzip2, xz),
or a folder of `skopeo copy … dir:FOLDER`. Without :TAG the image is stored untagged.

  skopeo copy --all docker://docker.io/library/alpine:3.21 oci:alpine:3.21
  ecrtui local import alpine mirror/alpine:3.21 --db registry.sqlite
  docker buildx build --output type=oci,dest=app.tar .
  ecrtui local import app.tar team/app:1.0 --db registry.sqlite
"""

_EXPORT = """\
Write an image as an OCI image layout into a folder that is empty or does not exist, every byte as it is stored.

  ecrtui local export team/app:1.0 out --db registry.sqlite
  skopeo inspect oci:out:1.0
"""

_SEED = """\
Fill repositories with realistic images, in seconds: unique manifests with true digests, indexes with their platforms
and attestations, tags, dates, sizes, findings. The content of layers does not exist. The same --seed gives the same.

  ecrtui local seed --repository team/app --images 100000 --db registry.sqlite
  ecrtui local seed --repositories 200 --images 50 --db registry.sqlite
  ecrtui local seed --repository untagged --images 100000 --untagged-only --db registry.sqlite
  ecrtui local seed --repository one --images 1 --tags-per-image 1000 --db registry.sqlite
"""


def parser() -> argparse.ArgumentParser:
    """The options of the command and of each of its own."""
    made = argparse.ArgumentParser(
        prog="ecrtui local", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    serve = _command(
        commands, "serve", "serve the registry over HTTP on 127.0.0.1", _SERVE, _serve, epilog=_faults_help()
    )
    serve.add_argument("--port", type=_port, default=0, metavar="N", help="0 picks a free one; 0 if not given")
    serve.add_argument("--demo", action="store_true", help="put the demo data in, unless it is there")
    serve.add_argument("--fault", action="append", default=[], metavar="SPEC", help="what shall go wrong; see below")
    _add_registry_options(serve, database="SQLite file; in memory if not given")

    importing = _command(commands, "import", "take an image out of an OCI image layout", _IMPORT, _import)
    importing.add_argument("source", metavar="SOURCE", help="folder or archive")
    importing.add_argument("reference", metavar="REPOSITORY[:TAG]", help="where the image goes")
    importing.add_argument(
        "--ref", default="", metavar="NAME", help="which image, by name or digest, if SOURCE has several"
    )
    _add_registry_options(importing)

    exporting = _command(commands, "export", "write an image as an OCI image layout", _EXPORT, _export)
    exporting.add_argument("reference", metavar="REPOSITORY[:TAG|@DIGEST]", help="which image")
    exporting.add_argument("folder", metavar="DIRECTORY", help="empty, or to be made")
    _add_registry_options(exporting)

    seeding = _command(commands, "seed", "fill repositories with realistic images", _SEED, _seed)
    which = seeding.add_mutually_exclusive_group(required=True)
    which.add_argument("--repository", metavar="NAME", help="the repository to fill; it must have no images")
    which.add_argument("--repositories", type=int, metavar="N", help="make N repositories and fill each")
    seeding.add_argument("--images", type=int, required=True, metavar="N", help="images of each, parts of indexes too")
    seeding.add_argument(
        "--seed", type=int, default=0, metavar="N", help="another one gives other images; 0 if not given"
    )
    tags = seeding.add_mutually_exclusive_group()
    tags.add_argument("--untagged-only", action="store_true", help="no tags at all")
    tags.add_argument("--tags-per-image", type=int, metavar="N", help="so many for all but the parts of indexes")
    seeding.add_argument("--configs", action="store_true", help="with readable configs and findings; slower and larger")
    _add_registry_options(seeding)
    return made


def run(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name; the exit code."""
    options = parser().parse_args(arguments)
    with _as_our_errors():
        carry_out: Callable[[argparse.Namespace], int] = options.run
        return carry_out(options)


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    words: str,
    description: str,
    carry_out: Callable[[argparse.Namespace], int],
    epilog: str = "",
) -> argparse.ArgumentParser:
    made = commands.add_parser(
        name,
        help=words,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.set_defaults(run=carry_out)
    return made


def _add_registry_options(parser: argparse.ArgumentParser, database: str = "SQLite file; needed") -> None:
    group = parser.add_argument_group("registry")
    group.add_argument("--db", dest="database", metavar="FILE", help=database)
    group.add_argument("--region", metavar="REGION", help="region; us-east-1 if not given")
    group.add_argument("--registry-id", type=_account, metavar="ACCOUNT", help="account; 123456789012 if not given")


def _serve(options: argparse.Namespace) -> int:
    from ecrtui.emulator.demo import load_demo
    from ecrtui.emulator.faults import Faults
    from ecrtui.emulator.service import EmbeddedRegistry

    faults = Faults(*options.fault)
    origin = _origin(options)
    with _database(options.database) as database, _signals() as stopped:
        if options.demo:
            load_demo(database, registry_id=origin.registry_id, region=origin.region)
        embedded = EmbeddedRegistry(database, registry_id=origin.registry_id, region=origin.region, faults=faults)
        with _served(embedded, options.port) as url:
            print(url, flush=True)
            where = options.database or "a registry in memory"
            _say(f"serving {where}, account {origin.registry_id}, region {origin.region}; Ctrl-C stops it")
            stopped()
    return 0


def _import(options: argparse.Namespace) -> int:
    from ecrtui.emulator.layout import open_layout
    from ecrtui.emulator.layout_import import import_image

    reference = parse_reference(options.reference)
    if reference.digest:
        raise UsageError(
            f"{options.reference!r} has a digest, which an image brings along",
            "",
            "Write REPOSITORY or REPOSITORY:TAG.",
        )
    origin = _origin(options, reference)
    with _database(_needed(options)) as database, open_layout(options.source) as layout:
        imported = import_image(
            database,
            layout,
            reference.repository,
            reference.tag,
            ref=options.ref,
            registry_id=origin.registry_id,
            region=origin.region,
            progress=_progress("bytes"),
        )
    name = f"{reference.repository}:{reference.tag}" if reference.tag else f"{reference.repository}, untagged"
    print(f"{imported.digest}  {name}")
    new = format_count(imported.blobs, "new layer or config", "new layers and configs")
    _say(f"{format_count(imported.manifests, 'manifest')}, {new} of {imported.size:,} bytes")
    for digest in imported.foreign:
        _say(f"{digest} is a foreign layer: clients fetch it from elsewhere, and it is not kept here")
    return 0


def _export(options: argparse.Namespace) -> int:
    from ecrtui.emulator.layout_export import export_image
    from ecrtui.emulator.manifests import OCI_INDEX, OCI_MANIFEST

    reference = parse_reference(options.reference)
    if not reference.tag and not reference.digest:
        raise UsageError(
            f"{options.reference!r} names no image", "", f"Write {reference}:TAG or {reference}@sha256:… in its place."
        )
    origin = _origin(options, reference)
    path = _needed(options)
    if not Path(path).exists():
        raise UsageError(f"There is no registry in {path}", "The file does not exist.", "Name another one with --db.")
    with _database(path) as database:
        exported = export_image(
            database,
            reference.repository,
            options.folder,
            tag="" if reference.digest else reference.tag,
            digest=reference.digest,
            registry_id=origin.registry_id,
            region=origin.region,
            progress=_progress("bytes"),
        )
    print(f"{exported.digest}  {options.folder}")
    blobs = format_count(exported.blobs, "layer or config", "layers and configs")
    _say(f"{format_count(exported.manifests, 'manifest')}, {blobs} of {exported.size:,} bytes")
    # skopeo finds no image of Docker's own media types by a name, but the only one of a folder.
    named = reference.tag and not reference.digest and exported.media_type in (OCI_MANIFEST, OCI_INDEX)
    _say(f"skopeo reads it as oci:{options.folder}{f':{reference.tag}' if named else ''}")
    return 0


def _seed(options: argparse.Namespace) -> int:
    from ecrtui.emulator.seed import repository_names, seed
    from ecrtui.emulator.seed_content import SeedStyle

    names = [_repository(options.repository)] if options.repository else repository_names(options.repositories)
    style = SeedStyle(options.images, options.untagged_only, options.tags_per_image, options.configs)
    begun = time.perf_counter()
    with _database(_needed(options)) as database:
        seed(database, names, style, _origin(options), _progress("images"))
    spent = time.perf_counter() - begun
    where = names[0] if len(names) == 1 else f"{len(names):,} repositories"
    _say(f"{format_count(options.images * len(names), 'image')} in {where}, in {spent:.1f} s")
    return 0


def _faults_help() -> str:
    from ecrtui.emulator import faults

    return (faults.__doc__ or "").partition("\n\n")[2].replace("``", "`")


def _account(text: str) -> str:
    if not (len(text) == 12 and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not an account: twelve digits")
    return text


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number up to 65535, or 0 for a free one")
    return number


def _repository(text: str) -> str:
    reference = parse_reference(text)
    if str(reference) != reference.repository:
        raise UsageError(f"{text!r} is more than the name of a repository")
    return reference.repository


def _needed(options: argparse.Namespace) -> str:
    """The file; in memory, what is done here would be gone at once."""
    if not options.database:
        raise UsageError(
            "No registry is named", "Without a file, what this does would be gone with it.", "Name one: --db FILE"
        )
    return str(options.database)


def _origin(options: argparse.Namespace, reference: Reference | None = None) -> SeedOrigin:
    """Which registry is meant: by the options, by a whole image URI, or the default."""
    from ecrtui.emulator.seed import SeedOrigin
    from ecrtui.emulator.service import REGION, REGISTRY_ID

    named = reference or Reference()
    return SeedOrigin(
        registry_id=options.registry_id or named.registry_id or REGISTRY_ID,
        region=options.region or named.region or REGION,
        number=getattr(options, "seed", 0),
    )


@contextmanager
def _database(path: str | None) -> Iterator[Database]:
    from ecrtui.emulator.database import open_database

    with open_database(path) as database:
        yield database


@contextmanager
def _served(embedded: EmbeddedRegistry, port: int) -> Iterator[str]:
    from ecrtui.emulator.http_server import serve

    with ExitStack() as stack:
        try:
            url = stack.enter_context(serve(embedded, port))
        except OSError as problem:
            raise UsageError(
                f"Port {port} of 127.0.0.1 cannot be had",
                problem.strerror or str(problem),
                "Name another one with --port, or none: a free one is picked.",
            ) from problem
        yield url


@contextmanager
def _signals() -> Iterator[Callable[[], object]]:
    """What waits until Ctrl-C or SIGTERM, which from here on end nothing else."""
    import signal
    from threading import Event

    stopped = Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped.wait
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _as_our_errors() -> Iterator[None]:
    """Turn errors of the embedded registry into errors for the user."""
    import sqlite3

    from ecrtui.emulator.errors import DatabaseRefusedError, ServiceError
    from ecrtui.emulator.faults import FaultSpecError
    from ecrtui.emulator.layout import LayoutError
    from ecrtui.emulator.seed import SeedError

    def error(title: str, problem: object, hint: str = "") -> EcrTuiError:
        return UsageError(title, str(problem), hint)

    try:
        yield
    except LayoutError as problem:
        raise error("The image layout cannot be used", problem, problem.hint) from problem
    except ServiceError as problem:
        raise error("The embedded registry refused", problem) from problem
    except DatabaseRefusedError as problem:
        raise error("The file cannot be used as a registry", problem, "Name another file with --db.") from problem
    except FaultSpecError as problem:
        raise error("The fault cannot be used", problem, "ecrtui local serve --help tells what there is.") from problem
    except SeedError as problem:
        raise error("The repository cannot be seeded", problem) from problem
    except sqlite3.Error as problem:
        raise error("The registry's file cannot be used any further", problem) from problem
    except OSError as problem:
        raise error("It cannot be done", problem) from problem


def _progress(what: str) -> Callable[[int, int], None] | None:
    """A line on standard error that is rewritten, on a terminal."""
    if not sys.stderr.isatty():
        return None
    shown = [0.0]

    def tell(done: int, total: int) -> None:
        now = time.monotonic()
        if now - shown[0] > 0.1 or done >= total:
            shown[0] = now
            end = "\n" if done >= total else ""
            print(f"\r\x1b[K{done:,} of {total:,} {what}", end=end, file=sys.stderr, flush=True)

    return tell


def _say(text: str) -> None:
    print(visible_lines(f"ecrtui: {text}"), file=sys.stderr)
