"""The texts of a result in the formats of files."""

from __future__ import annotations

import json

from ecrtui.ecr.text_formats import json_text


def test_json_with_half_a_surrogate_pair_can_be_written_to_a_file() -> None:
    document = {"label \ud800": "\udfff and é"}
    content = json_text(document).encode()
    assert json.loads(content) == document
    assert "é".encode() in content
