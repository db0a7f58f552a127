"""Learning rates, betas and snapshots."""

from __future__ import annotations

import numpy as np
import pytest

from cvae_core.config.run import TrainConfig
from cvae_core.runs.snapshots import scheduled_epochs
from cvae_core.training.schedules import (
    PLATEAU_FLOOR,
    Plateau,
    adam_step_sizes,
    betas,
    learning_rates,
    next_plateau,
)


def test_constant_rate() -> None:
    rates = learning_rates(TrainConfig(learning_rate=0.01), 7, 3, Plateau(scale=0.5))
    np.testing.assert_array_equal(rates, np.float32([0.01] * 3))


def test_cosine_goes_from_the_rate_to_nearly_zero_without_jumps() -> None:
    train = TrainConfig(learning_rate=0.01, epochs=4, learning_rate_schedule="cosine")
    rates = np.concatenate([learning_rates(train, epoch, 25, Plateau()) for epoch in range(1, 5)])
    assert rates[0] == np.float32(0.01)
    assert 0 <= rates[-1] < 1e-5
    assert (np.diff(rates) < 0).all()
    np.testing.assert_allclose(rates[50], 0.005, rtol=1e-6)


def test_plateau_halves_after_five_epochs_without_progress() -> None:
    train = TrainConfig(learning_rate=0.01, learning_rate_schedule="plateau")
    plateau, scales = Plateau(), []
    for epoch, loss in enumerate([10.0, 9.0, *[9.0] * 11, 8.0], 1):
        plateau = next_plateau(plateau, train, epoch, loss)
        scales.append(plateau.scale)
    assert scales == [1.0] * 6 + [0.5] * 5 + [0.25] * 3
    assert plateau == Plateau(0.25, 8.0, 0)
    np.testing.assert_allclose(learning_rates(train, 1, 2, plateau), 0.0025)


def test_plateau_has_a_floor_and_ignores_other_schedules_and_the_warmup() -> None:
    plateau = Plateau(best=1.0)
    for _ in range(100):
        plateau = plateau.after(2.0)
    assert plateau.scale == PLATEAU_FLOOR
    assert next_plateau(Plateau(), TrainConfig(), 1, 5.0) == Plateau()
    warming = TrainConfig(learning_rate_schedule="plateau", kl_warmup_epochs=3)
    assert next_plateau(Plateau(), warming, 3, 5.0) == Plateau()
    assert next_plateau(Plateau(), warming, 4, 5.0) == Plateau(1.0, 5.0, 0)


def test_warmup_is_linear_and_ends_at_beta() -> None:
    train = TrainConfig(beta=2.0, kl_warmup_epochs=2)
    values = np.concatenate([betas(train, epoch, 4) for epoch in (1, 2, 3)])
    np.testing.assert_allclose(values, [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2, 2, 2])


def test_step_sizes_do_not_depend_on_where_they_begin() -> None:
    rates = np.full(10, 1e-3, np.float32)
    np.testing.assert_array_equal(adam_step_sizes(rates, 0)[4:], adam_step_sizes(rates[4:], 4))
    np.testing.assert_allclose(adam_step_sizes(rates, 0)[0], 1e-3 * np.sqrt(0.001) / 0.1, rtol=1e-6)
    np.testing.assert_allclose(adam_step_sizes(rates, 10**7), rates)


def test_tutorial_snapshots() -> None:
    epochs = scheduled_epochs(TrainConfig(epochs=1000))
    assert epochs == {0} | set(range(1, 11)) | {1 + int(np.floor(k**1.701)) for k in range(59)}
    assert max(epochs) == 1000


@pytest.mark.parametrize(("last", "expected"), [(1, {0, 1}), (12, {*range(12), 12})])
def test_snapshots_of_short_trainings(last: int, expected: set[int]) -> None:
    found = scheduled_epochs(TrainConfig(epochs=last))
    assert found <= expected and {0, last} <= found and set(range(1, min(last, 10) + 1)) <= found


def test_snapshots_every_so_many_epochs() -> None:
    train = TrainConfig(epochs=25, snapshot_schedule="every", snapshot_every=10)
    assert scheduled_epochs(train) == {0, 10, 20, 25}
