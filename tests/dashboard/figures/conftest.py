from __future__ import annotations

import pytest

from cvae_core.records import EpochRecord, Losses, StepRecord


def losses(reconstruction: float, kl: tuple[float, ...] = (2.0, 1.0, 0.001), beta: float = 1.0) -> Losses:
    return Losses(reconstruction + beta * sum(kl), reconstruction, sum(kl), kl)


@pytest.fixture
def make_epochs():
    """``make_epochs(n)``: train reconstruction 100 + 50 / epoch, test 110 + 50 / epoch, beta 4."""

    def make(count: int) -> list[EpochRecord]:
        return [
            EpochRecord(n, losses(100 + 50 / n, beta=4.0), losses(110 + 50 / n), 1.0, 1e-3, 4.0)
            for n in range(1, count + 1)
        ]

    return make


@pytest.fixture
def make_steps():
    """``make_steps(first, last)``: ten records an epoch, reconstruction 100 + epochs done."""

    def make(first: int, last: int) -> list[StepRecord]:
        return [
            StepRecord(epoch, step, 100, losses(100 + epoch - 1 + step / 100), 1e5)
            for epoch in range(first, last + 1)
            for step in range(10, 101, 10)
        ]

    return make
