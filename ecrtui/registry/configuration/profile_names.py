"""The names of the AWS profiles. It does not load botocore, which takes too long when a shell completes a word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

from ecrtui.paths import AWS_FILES, expand
from ecrtui.text_files import UnreadableFile, read_text

_SECTIONS = {
    "AWS_CONFIG_FILE": re.compile(r"""(?m)^\[(?:profile\s+(["']?)|(?=default\]))(?P<name>[^\]\n]*?)\1?\s*\]"""),
    "AWS_SHARED_CREDENTIALS_FILE": re.compile(r"(?m)^\[(?P<name>[^\]\n]+)\]"),
}
"""The header of a profile in each AWS file, by the variable that names another file."""


def profile_names(environment: Mapping[str, str]) -> list[str]:
    """Return the names of the profiles in both AWS files, in their order. Leave out a file that cannot be read."""
    names: dict[str, None] = {}
    for variable, default in AWS_FILES.items():
        with suppress(OSError, UnreadableFile):
            text = read_text(expand(environment.get(variable) or default))
            names |= dict.fromkeys(section["name"] for section in _SECTIONS[variable].finditer(text))
    return [name for name in names if name]
