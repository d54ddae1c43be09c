"""``--output yaml`` and ``yaml-stream``: block style with sorted keys, from the safe dumper of ruamel.yaml."""

from __future__ import annotations

import json
from typing import Any, TextIO


def write_yaml(value: Any, stream: TextIO) -> None:
    """Write a value as one YAML document. A scalar is written as JSON, so that no ``...`` follows it."""
    if value is None or isinstance(value, (str, int, float, bool)):
        json.dump(value, stream, ensure_ascii=False)
        stream.write("\n")
        return
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.encoding = None  # type: ignore[assignment]  # the stream encodes; the stub is too narrow
    yaml.representer.default_flow_style = False
    yaml.dump(value, stream)
