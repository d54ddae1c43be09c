"""Programs on a ``PATH`` of a test's own."""

from __future__ import annotations

from pathlib import Path


def add_program(folder: Path, name: str, script: str) -> None:
    """Add a shell script as a program. It finds the usual tools even if ``PATH`` is this folder alone."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
    program.chmod(0o755)


def add_clipboard(folder: Path, name: str, *, stored: str = "cat") -> None:
    """Add a clipboard program with the options of ``xclip``.

    Args:
        folder: the folder of the programs.
        name: its name.
        stored: a command between its input and what it stores.
    """
    file = folder / "stored"
    add_program(folder, name, f'case "$*" in *out*|*-o*) cat {file};; *) {stored} > {file};; esac')
