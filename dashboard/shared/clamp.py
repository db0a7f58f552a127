"""Brings the values of a view within what a run has: its epochs, labels and dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cvae_core.records import Dataset
from dashboard.url_state.parameters import (
    CODE,
    EPOCH,
    LABEL,
    PICKED,
    PIN,
    PLACE,
    SOURCE,
    SOURCE_LABEL,
    X_DIMENSION,
    Y_DIMENSION,
    Parameter,
)
from dashboard.url_state.session import set_value, value_of


def fit_to_run(
    parameters: Sequence[Parameter[Any]], latent_dim: int, data: Dataset, epochs: Sequence[int]
) -> list[str]:
    """Replace values that the run does not have by those nearest to them.

    Args:
        parameters: Those that the page uses.
        latent_dim: Size of the run's code.
        data: The run's data; pins point into its test part.
        epochs: Those that have a snapshot, rising.

    Returns:
        A sentence for each value that had to be replaced.
    """
    problems = [*_fit_epoch(epochs), *_fit_label(data), *_fit_pin(data)]
    if X_DIMENSION in parameters:
        problems += _fit_plane(latent_dim)
    if CODE in parameters:
        problems += _fit_codes(latent_dim)
    if SOURCE in parameters:
        problems += _fit_sources(data)
    return problems


def _fit_epoch(epochs: Sequence[int]) -> Iterator[str]:
    wanted = value_of(EPOCH)
    if wanted is None or wanted in epochs:
        return
    nearest = min(epochs, key=lambda epoch: abs(epoch - wanted))
    set_value(EPOCH, nearest)
    yield (
        f"This run has no snapshot of epoch {wanted:,}; the nearest is shown, {nearest:,}. "
        f"There are {len(epochs)}, from epoch {epochs[0]:,} to {epochs[-1]:,}."
    )


def _fit_label(data: Dataset) -> Iterator[str]:
    label = value_of(LABEL)
    if label is not None and label >= len(data.class_names):
        set_value(LABEL, 0)
        last = len(data.class_names) - 1
        yield f"There is no label {label:,}: {data.title} has those from 0 to {last}. Label 0 is shown."


def _fit_pin(data: Dataset) -> Iterator[str]:
    pin = value_of(PIN)
    if pin is not None and pin >= len(data.test):
        set_value(PIN, None)
        yield f"There is no test image {pin:,} to pin: {data.title} has those from 0 to {len(data.test) - 1:,}."


def _fit_sources(data: Dataset) -> Iterator[str]:
    """Sources of style that the data do not have."""
    label, last = value_of(SOURCE_LABEL), len(data.class_names) - 1
    if label > last:
        set_value(SOURCE_LABEL, last)
        if value_of(SOURCE) == "label":
            yield f"There is no label {label:,}: {data.title} has those from 0 to {last}. Label {last} is the source."
    picked = value_of(PICKED)
    known = tuple(index for index in picked if index < len(data.test))
    if known != picked:
        set_value(PICKED, known)
        yield f"Not all picked images are there: {data.title} has test images from 0 to {len(data.test) - 1:,}."


def _fit_plane(latent_dim: int) -> Iterator[str]:
    x, y = value_of(X_DIMENSION), value_of(Y_DIMENSION)
    if latent_dim == 1 or (max(x, y) <= latent_dim and x != y):
        return
    set_value(X_DIMENSION, 1)
    set_value(Y_DIMENSION, 2)
    if x == y:
        yield f"The two dimensions of a plane should differ; both were z{x}. z1 and z2 are shown."
    else:
        yield f"There is no z{max(x, y)}: the code of this run has {latent_dim} dimensions. z1 and z2 are shown."


def _fit_codes(latent_dim: int) -> Iterator[str]:
    code = value_of(CODE)
    if code and len(code) != latent_dim:
        set_value(CODE, ())
        yield f"The code in the address has {len(code)} numbers; this run's has {latent_dim}. Zeros are used."
    if value_of(PLACE) and len(value_of(PLACE)) != min(2, latent_dim):
        set_value(PLACE, ())
        yield f"A place on this run's manifold has {min(2, latent_dim)} numbers. None is held."
