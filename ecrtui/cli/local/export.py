"""``ecrtui local export``: export an image as an OCI image layout."""

from __future__ import annotations

import argparse

from ecrtui.cli.console import ProgressLine, count_progress, print_message
from ecrtui.cli.context import parse_image
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

_DESCRIPTION = """\
Export an image as an OCI image layout, byte for byte, into a folder that is
empty or does not exist.

  ecrtui local export team/app:1.0 out --db registry.sqlite
  skopeo inspect oci:out:1.0
"""


def add_parser(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = add_command(commands, "export", "export an image as an OCI image layout", _DESCRIPTION, _execute)
    parser.add_argument("reference", metavar="REPOSITORY[:TAG|@DIGEST]", help="the image")
    parser.add_argument("folder", metavar="DIRECTORY", help="an empty or new folder")
    add_registry_options(parser)


def _execute(options: argparse.Namespace) -> int:
    from ecrtui.emulator.layout.exporting import export_image
    from ecrtui.emulator.manifests import OCI_INDEX, OCI_MANIFEST

    reference = parse_image(options.reference)
    selected = selected_registry(options, reference)
    with open_registry_file(required_database(options), create=False) as database, ProgressLine() as line:
        exported = export_image(
            database,
            reference.repository,
            options.folder,
            tag="" if reference.digest else reference.tag,
            digest=reference.digest,
            registry_id=selected.registry_id,
            region=selected.region,
            progress=count_progress(line, "bytes"),
        )
    print(f"{exported.digest}  {options.folder}")
    blobs = format_count(exported.blobs, "layer or config", "layers and configs")
    print_message(f"{format_count(exported.manifests, 'manifest')}, {blobs} of {exported.size:,} bytes")
    # skopeo cannot find an image of Docker media types by name; it takes the only image of the folder.
    named = reference.tag and not reference.digest and exported.media_type in (OCI_MANIFEST, OCI_INDEX)
    print_message(f"skopeo reads it as oci:{options.folder}{f':{reference.tag}' if named else ''}")
    return ExitCode.DONE
