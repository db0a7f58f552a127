"""Memory that is free goes back to the system."""

from __future__ import annotations

import ctypes
import gc


def give_back() -> None:
    """Free what only refers to itself, as a closed session does, and give back what is kept for reuse.

    With glibc that is most of what a session took; it takes some tens of milliseconds. Where the C library has no such
    function the memory stays with the process, which uses it again.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
