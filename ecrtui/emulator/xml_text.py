"""Text in XML documents, from clients, which may send anything."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that XML 1.0 excludes, even escaped (section 2.2)."""


def xml_text(text: str) -> str:
    """Return a text as the content of an element. Characters that XML excludes are replaced."""
    return escape(_NOT_IN_XML.sub("\ufffd", text))
