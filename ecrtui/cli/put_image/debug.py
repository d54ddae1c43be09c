"""``--debug``: what happens, on standard error, without anything that lets somebody in."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from ecrtui.cli.put_image.options import version_text
from ecrtui.registry.redaction import log_to


def log_to_stderr(words: Sequence[str]) -> None:
    """Log everything from now on, first of all what was asked for."""
    log_to(sys.stderr, debug=True)
    log = logging.getLogger(__name__)
    log.debug("Version: %s", version_text())
    log.debug("Arguments: %s", list(words))
