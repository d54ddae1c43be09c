"""``--output yaml`` and ``yaml-stream``: block style, keys in order, as ruamel.yaml's safe dumper writes it."""

from __future__ import annotations

import json
from typing import Any, TextIO


def write_yaml(value: Any, stream: TextIO) -> None:
    """Write a value as one YAML document; a lone scalar is written as JSON, which ends without ``...``."""
    if value is None or isinstance(value, (str, int, float, bool)):
        json.dump(value, stream, ensure_ascii=False)
        stream.write("\n")
        return
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.encoding = None  # type: ignore[assignment]  # the stream encodes; the type is too narrow
    yaml.representer.default_flow_style = False
    yaml.dump(value, stream)
