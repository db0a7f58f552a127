"""The numbers behind the charts of a run, as pandas tables with few enough rows to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvae_core.analysis.latent import COLLAPSED_KL
from cvae_core.records import EpochRecord, Losses, StepRecord

Float64Array = npt.NDArray[np.float64]
Quantity = Literal["negative_elbo", "reconstruction", "kl"]

QUANTITY_TITLES: Final[dict[Quantity, str]] = {
    "negative_elbo": "Negative ELBO",
    "reconstruction": "Reconstruction",
    "kl": "KL",
}
TRAIN: Final = "training"
TEST: Final = "test"
ACTIVE: Final = "in use"
COLLAPSED: Final = "collapsed"
MAX_POINTS: Final = 600
# The first steps fall so far that the rest looks flat beside them; they are shown only while there is little else.
_EPOCHS_WITH_FIRST_STEPS: Final = 2


def dimension_name(dimension: int) -> str:
    """The name of a latent dimension: z1 is the first.

    Args:
        dimension: Counted from 0.
    """
    return f"z{dimension + 1}"


def decimate(x: Float64Array, y: Float64Array, limit: int) -> tuple[Float64Array, Float64Array]:
    """Average neighbouring points until at most ``limit`` are left.

    The last point stays as it is, so that a growing curve ends at its newest value.

    Args:
        x: (n,), rising.
        y: (n, ...), the values at each x.
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


def loss_points(epochs: Sequence[EpochRecord], steps: Sequence[StepRecord], quantity: Quantity) -> pd.DataFrame:
    """The points of a loss curve, at most 600.

    Args:
        epochs: Finished epochs, in order.
        steps: Training steps, in order; where there are any they draw the training curve in finer detail.
        quantity: The negative ELBO (reconstruction + KL whatever beta is), or one of its parts.

    Returns:
        Columns ``epoch`` (float, completed epochs), ``nats`` (per image) and ``series`` ("training" or "test").
    """
    test_x = np.array([record.epoch for record in epochs], np.float64)
    test_y = np.array([_value(record.test, quantity) for record in epochs], np.float64)
    series = {TRAIN: _training_points(epochs, steps, quantity), TEST: (test_x, test_y)}
    return pd.concat([_frame(name, *points) for name, points in series.items()], ignore_index=True)


def _training_points(
    epochs: Sequence[EpochRecord], steps: Sequence[StepRecord], quantity: Quantity
) -> tuple[Float64Array, Float64Array]:
    """Steps where there are any; before the first of them, the averages of the epochs."""
    if len(epochs) >= _EPOCHS_WITH_FIRST_STEPS:
        steps = [record for record in steps if record.epoch > 1]
    first = steps[0].epoch if steps else None
    early = [record for record in epochs if first is None or record.epoch < first]
    progress = [record.epoch - 1 + record.step / record.steps_per_epoch for record in steps]
    x = [record.epoch for record in early] + progress
    y = [_value(losses, quantity) for losses in [record.train for record in early] + [record.train for record in steps]]
    return np.array(x, np.float64), np.array(y, np.float64)


def _value(losses: Losses, quantity: Quantity) -> float:
    if quantity == "negative_elbo":
        return losses.reconstruction + losses.kl
    return losses.reconstruction if quantity == "reconstruction" else losses.kl


def _frame(name: str, x: Float64Array, y: Float64Array) -> pd.DataFrame:
    kept_x, kept_y = decimate(x, y, MAX_POINTS // 2)
    return pd.DataFrame({"epoch": kept_x, "nats": kept_y, "series": [name] * len(kept_x)})


def bar_table(kl_per_dimension: Sequence[float] | Float64Array) -> pd.DataFrame:
    """The KL of each latent dimension.

    Args:
        kl_per_dimension: (latent_dim,), nats per image.

    Returns:
        Columns ``dimension`` ("z1", ...), ``nats`` and ``state`` ("in use" or "collapsed").
    """
    nats = np.asarray(kl_per_dimension, np.float64)
    names = [dimension_name(dimension) for dimension in range(len(nats))]
    return pd.DataFrame({"dimension": names, "nats": nats, "state": np.where(nats < COLLAPSED_KL, COLLAPSED, ACTIVE)})


def kl_points(epochs: Sequence[EpochRecord]) -> pd.DataFrame:
    """The KL of each latent dimension over the epochs, on the test set; at most 600 rows.

    Args:
        epochs: Finished epochs, in order.

    Returns:
        Columns ``epoch``, ``nats`` and ``dimension``.
    """
    if not epochs:
        return pd.DataFrame({"epoch": [], "nats": [], "dimension": []})
    values = np.array([record.test.kl_per_dimension for record in epochs], np.float64)
    latent_dim = values.shape[1]
    limit = max(2, MAX_POINTS // max(1, latent_dim))
    x, y = decimate(np.array([record.epoch for record in epochs], np.float64), values, limit)
    names = [dimension_name(dimension) for dimension in range(latent_dim)]
    return pd.DataFrame({"epoch": np.repeat(x, latent_dim), "nats": y.ravel(), "dimension": names * len(x)})
