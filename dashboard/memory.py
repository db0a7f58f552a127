"""Memory that is free goes back to the system."""

from __future__ import annotations

import ctypes
import gc
from typing import Final

_M_ARENA_MAX: Final = -8  # of glibc's malloc.h
_HEAPS: Final = 2


def use_few_heaps() -> None:
    """Have the threads of visitors share heaps. Called as early as possible: heaps that exist stay.

    glibc would give them eight for each core; what is left in each after a visit cannot be given back.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _HEAPS)


def give_back() -> None:
    """Free what only refers to itself, as a closed session does, and give back what is kept for reuse.

    With glibc that is most of what a session took; it takes some tens of milliseconds. Where the C library has no such
    function the memory stays with the process, which uses it again.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
