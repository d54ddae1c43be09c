"""``ecrtui local import``: import an image from an OCI image layout."""

from __future__ import annotations

import argparse

from ecrtui.cli.console import ProgressLine, count_progress, print_message
from ecrtui.cli.context import parse_repository_or_image
from ecrtui.cli.exit_codes import ExitCode
from ecrtui.cli.local.registry_options import (
    Subparsers,
    add_command,
    add_registry_options,
    open_registry_file,
    required_database,
    selected_registry,
)
from ecrtui.ecr.units import format_count
from ecrtui.errors import UsageError

_DESCRIPTION = """\
Import an image into a repository, which is created if it does not exist.
Manifests are stored byte for byte, every digest is verified, and the tag is set
last. SOURCE is an OCI image layout, as a folder or a tar file (plain, gzip,
bzip2, xz), or a folder from `skopeo copy ... dir:FOLDER`. Without :TAG the
image is stored untagged.

  skopeo copy --all docker://docker.io/library/alpine:3.21 oci:alpine:3.21
  ecrtui local import alpine mirror/alpine:3.21 --db registry.sqlite
  docker save team/app:1.0 > app.tar  # the platforms that were pulled
  ecrtui local import app.tar team/app:1.0 --platform linux/amd64 \\
      --db registry.sqlite
  docker buildx build --output type=oci,dest=app.tar .
  ecrtui local import app.tar team/app:1.0 --db registry.sqlite
"""


def add_parser(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(commands, "import", "import an image from an OCI image layout", _DESCRIPTION, _execute)
    parser.add_argument("source", metavar="SOURCE", help="folder or archive")
    parser.add_argument("reference", metavar="REPOSITORY[:TAG]", help="where to store the image")
    parser.add_argument("--ref", default="", metavar="NAME", help="name or digest of the image, if SOURCE has several")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="import only this platform of an index")
    add_registry_options(parser)


def _execute(options: argparse.Namespace) -> int:
    from ecrtui.emulator.layout.importing import import_image
    from ecrtui.emulator.layout.layout import open_layout

    reference = parse_repository_or_image(options.reference)
    if reference.digest:
        raise UsageError(
            f"{options.reference!r} has a digest", "The image has its own.", "Write REPOSITORY or REPOSITORY:TAG."
        )
    selected = selected_registry(options, reference)
    with (
        open_registry_file(required_database(options)) as database,
        open_layout(options.source) as layout,
        ProgressLine() as line,
    ):
        imported = import_image(
            database,
            layout,
            reference.repository,
            reference.tag,
            ref=options.ref,
            platform=options.platform,
            registry_id=selected.registry_id,
            region=selected.region,
            progress=count_progress(line, "bytes"),
        )
    name = f"{reference.repository}:{reference.tag}" if reference.tag else f"{reference.repository}, untagged"
    print(f"{imported.digest}  {name}")
    new = format_count(imported.blobs, "new layer or config", "new layers and configs")
    print_message(f"{format_count(imported.manifests, 'manifest')}, {new} of {imported.size:,} bytes")
    for digest in imported.foreign:
        print_message(f"{digest} is a foreign layer: it is not stored here, clients download it from its own URL")
    return ExitCode.DONE
