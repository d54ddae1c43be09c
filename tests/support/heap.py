"""The garbage collector in tests."""

from __future__ import annotations

import gc


def freeze_heap() -> None:
    """Free what is garbage and exclude all other objects from collections, and from ``gc.get_objects``."""
    gc.collect()
    gc.freeze()
