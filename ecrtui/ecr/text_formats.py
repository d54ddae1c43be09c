"""The formats in which users save, copy and print a result: Markdown, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ecrtui.ecr.safe_text import visible_json

Texts = Mapping[str, Callable[[], str]]
"""What returns the text in each format, by the name of the format. Its lower case is the name of a CLI format."""

FileContents = Mapping[str, Callable[[], str | bytes]]
"""What returns the content of a file, by the end of its name."""

SUFFIXES = {".md": "Markdown", ".csv": "CSV", ".json": "JSON"}
"""The format of a file, by the end of its name."""


def by_suffix(texts: Texts) -> Texts:
    """Return what returns the text in each format, by the end of the file name."""
    return {suffix: texts[name] for suffix, name in SUFFIXES.items() if name in texts}


def json_text(document: Mapping[str, Any]) -> str:
    """Return a document as the content of a JSON file. Halves of surrogate pairs, which no file holds, are escaped."""
    return visible_json(json.dumps(document, indent=2, ensure_ascii=False)) + "\n"
