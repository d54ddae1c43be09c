"""What the C library does with memory that was freed: return it to the system, or keep it.

Only the GNU C library has functions for it. With another one, the functions here do nothing.
"""

from __future__ import annotations

KEPT = 32 * 1024 * 1024
"""Bytes; the most free memory that :func:`keep_freed_memory` keeps. The C library has no higher limit."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3), as malloc.h defines them."""


def return_freed_memory() -> None:
    """Return the free memory of the C library to the system (malloc_trim(3)).

    It keeps the memory of the pages that were read: 11 MB after a list of 100,000 images. This takes some milliseconds,
    and other threads continue.
    """
    import ctypes  # few lists are long

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def keep_freed_memory() -> None:
    """Keep freed memory for the next large block, also of a thread that starts later (mallopt(3)).

    A reply with a manifest of 4 MB passes through five blocks of its size. The C library returns each to the system,
    which clears every page again for the next reply. This takes as long as all the rest.
    """
    import ctypes

    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_ARENA_MAX, 1)
        set_option(_M_MMAP_THRESHOLD, KEPT)
        set_option(_M_TRIM_THRESHOLD, KEPT)
