"""Fewer points for the same curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


def decimate(x: Doubles, y: Doubles, limit: int) -> tuple[Doubles, Doubles]:
    """Average neighbouring points until at most ``limit`` are left.

    The last point stays as it is, so that a growing curve ends where its newest value is.

    Args:
        x: (n,), rising.
        y: (n, ...), what belongs to each x.
        limit: At least 2.

    Returns:
        x and y of the remaining points; unchanged if there were no more than ``limit``.
    """
    if len(x) <= limit:
        return x, y
    starts = np.linspace(0, len(x) - 1, limit).astype(np.int64)[:-1]
    sizes = np.diff([*starts, len(x) - 1])
    means = np.add.reduceat(y[:-1], starts, axis=0) / sizes.reshape(-1, *(1,) * (y.ndim - 1))
    centres = np.add.reduceat(x[:-1], starts) / sizes
    return np.append(centres, x[-1:]), np.concatenate([means, y[-1:]])
