"""``ecrtui local serve``: serve the embedded registry over HTTP."""

from __future__ import annotations

import argparse
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ecrtui.cli.console import print_message
from ecrtui.cli.exit_codes import ExitCode
from ecrtui.cli.local.registry_options import (
    Subparsers,
    add_command,
    add_registry_options,
    open_registry_file,
    selected_registry,
)
from ecrtui.cli.signals import stop_event
from ecrtui.errors import UsageError, reason_of

if TYPE_CHECKING:
    from ecrtui.emulator.service import EmbeddedRegistry

_DESCRIPTION = """\
Serve the registry over HTTP on 127.0.0.1 only. The first line on standard
output is its URL. Ctrl-C or SIGTERM stops it. Signatures are not checked:
requests with any credentials, or without, are answered. skopeo, buildah, crane
and docker reach it too. They log in with `aws ecr get-login-password`.

  ecrtui local serve --db registry.sqlite --port 4566
  ecrtui local serve --demo
  ecrtui --endpoint-url http://127.0.0.1:4566 --no-sign-request \\
      --region us-east-1
  aws ecr describe-repositories --endpoint-url http://127.0.0.1:4566 \\
      --no-sign-request --region us-east-1
"""
_FAULTS = """\
SPEC is `OPERATION:KIND[:NAME=VALUE]...`. OPERATION is an ECR operation
(`PutImage`), `DownloadLayer` for the content of a layer, or `*` for all of
them. The kinds and their options:

"""
_FAULT_OPTIONS = """
Every kind also takes `times` (stop after this many faults), `after` (let this
many requests pass first), `probability` (0 to 1) and `seed` (repeat the same
random choices).

Examples: `PutImage:drop-after:times=1`, `PutImage:rate:per_second=10`,
`*:throttle:probability=0.1:seed=7`.
"""


def add_parser(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(
        commands, "serve", "serve the registry over HTTP on 127.0.0.1", _DESCRIPTION, _execute, _faults_help()
    )
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="port to listen on (default: any free port)")
    parser.add_argument("--demo", action="store_true", help="add the demo data, unless it is already there")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="SPEC", help="inject a fault (see below); can be repeated"
    )
    add_registry_options(parser, "SQLite file (default: in memory)")


def _execute(options: argparse.Namespace) -> int:
    from ecrtui.emulator import uploads
    from ecrtui.emulator.demo import load_demo
    from ecrtui.emulator.faults import Faults
    from ecrtui.emulator.service import EmbeddedRegistry, check_operations
    from ecrtui.freed_memory import keep_freed_memory

    keep_freed_memory()
    faults = Faults(*options.fault)
    check_operations(faults)
    selected = selected_registry(options)
    with open_registry_file(options.database) as database, stop_event() as stopped:
        if options.demo:
            load_demo(database, registry_id=selected.registry_id, region=selected.region)
        uploads.remove_expired(database, now=time.time())
        embedded = EmbeddedRegistry(database, registry_id=selected.registry_id, region=selected.region, faults=faults)
        with _served(embedded, options.port) as url:
            print(url, flush=True)
            name = options.database or "a registry in memory"
            print_message(
                f"serving {name}, account {selected.registry_id}, region {selected.region}; press Ctrl-C to stop"
            )
            stopped.wait()
    return ExitCode.DONE


@contextmanager
def _served(embedded: EmbeddedRegistry, port: int) -> Iterator[str]:
    from ecrtui.emulator.http.server import serve

    with ExitStack() as stack:
        try:
            url = stack.enter_context(serve(embedded, port))
        except OSError as problem:
            raise UsageError(
                f"Port {port} is not available",
                reason_of(problem),
                "Use another --port, or leave it out to use any free port.",
            ) from problem
        yield url


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number up to 65535, or 0 for any free port")
    return number


def _faults_help() -> str:
    from ecrtui.emulator.faults import KINDS

    kinds = [line for name, kind in KINDS.items() for line in _kind_lines(name, kind.options, kind.effect)]
    return "\n".join([_FAULTS, *kinds, _FAULT_OPTIONS])


def _kind_lines(name: str, options: str, effect: str) -> Iterator[str]:
    heading = f"  {name:<13}"
    if options:
        yield f"{heading}{options}"
        heading = ""
    yield textwrap.fill(effect, 79, initial_indent=f"{heading:<15}", subsequent_indent=" " * 15)
