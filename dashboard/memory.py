"""Memory that is free goes back to the system."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Give back what was freed and is kept for reuse: with glibc most of what a session took; some milliseconds.

    Where the C library has no such function nothing happens.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
