"""Fewer points for the same curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import altair as alt
import numpy as np
import numpy.typing as npt
import pandas as pd

from cvae_core.records import EpochRecord, Losses, StepRecord
from dashboard.figures.theme import CHART_HEIGHT, MAX_POINTS, chart_title, epoch_axis, line_legend, nats_axis

Float64Array = npt.NDArray[np.float64]


def decimate(x: Float64Array, y: Float64Array, limit: int) -> tuple[Float64Array, Float64Array]:
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


Quantity = Literal["negative_elbo", "reconstruction", "kl"]

QUANTITY_TITLES: Final[dict[Quantity, str]] = {
    "negative_elbo": "Negative ELBO",
    "reconstruction": "Reconstruction",
    "kl": "KL",
}
TRAIN: Final = "training"
TEST: Final = "test"
# The first steps fall so far that beside them the rest looks flat; they are shown only while there is little else.
_EPOCHS_WITH_FIRST_STEPS: Final = 2


def loss_curve(
    epochs: Sequence[EpochRecord], steps: Sequence[StepRecord] = (), quantity: Quantity = "negative_elbo"
) -> alt.LayerChart:
    """Training and test loss over epochs.

    Args:
        epochs: Finished epochs, in order.
        steps: What the steps gave, in order; where given they draw the training curve in finer detail.
        quantity: The negative ELBO (reconstruction + KL whatever beta is), or one of its parts.

    Returns:
        A chart of at most 600 points, in nats per image.
    """
    base = alt.Chart(loss_points(epochs, steps, quantity)).encode(
        x=epoch_axis("epoch"),
        y=nats_axis("nats", zero=False, padding=4),
        color=alt.Color("series:N", title=None, scale=alt.Scale(domain=[TRAIN, TEST]), legend=line_legend()),
        tooltip=[
            alt.Tooltip("series:N", title="loss"),
            alt.Tooltip("epoch:Q", format=".4~"),
            alt.Tooltip("nats:Q", format=".2f"),
        ],
    )
    lines = base.mark_line(strokeWidth=2, interpolate="linear", clip=True)
    # Wide invisible points make the thin lines easy to hover.
    targets = base.mark_point(size=120, opacity=0, filled=True)
    chart = alt.LayerChart(layer=[lines, targets])
    return chart.properties(height=CHART_HEIGHT, title=chart_title(QUANTITY_TITLES[quantity]))


def loss_points(epochs: Sequence[EpochRecord], steps: Sequence[StepRecord], quantity: Quantity) -> pd.DataFrame:
    """The points of the loss curve.

    Args:
        epochs: Finished epochs, in order.
        steps: What the steps gave, in order.
        quantity: Which loss.

    Returns:
        Columns ``epoch`` (float, completed epochs), ``nats`` and ``series`` ("training" or "test").
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
    x = [record.epoch for record in early] + [_progress(record) for record in steps]
    y = [_value(record.train, quantity) for record in early] + [_value(record.train, quantity) for record in steps]
    return np.array(x, np.float64), np.array(y, np.float64)


def _progress(record: StepRecord) -> float:
    return record.epoch - 1 + record.step / record.steps_per_epoch


def _value(losses: Losses, quantity: Quantity) -> float:
    if quantity == "negative_elbo":
        return losses.reconstruction + losses.kl
    return losses.reconstruction if quantity == "reconstruction" else losses.kl


def _frame(name: str, x: Float64Array, y: Float64Array) -> pd.DataFrame:
    kept_x, kept_y = decimate(x, y, MAX_POINTS // 2)
    return pd.DataFrame({"epoch": kept_x, "nats": kept_y, "series": [name] * len(kept_x)})
