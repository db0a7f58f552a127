"""Schedules of the learning rate and of beta: pure functions of settings and epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from cvae_core.config.run import TrainSettings
from cvae_core.records import Floats

ADAM_BETA_1: Final = 0.9
ADAM_BETA_2: Final = 0.999
PLATEAU_FACTOR: Final = 0.5
PLATEAU_PATIENCE: Final = 5
PLATEAU_THRESHOLD: Final = 1e-4
PLATEAU_FLOOR: Final = 2.0**-10


@dataclass(frozen=True)
class Plateau:
    """State of reduce-on-plateau.

    Attributes:
        scale: Factor on the learning rate, 0 to 1.
        best: Lowest training loss so far; ``None`` before the first.
        waited: Epochs since that loss.
    """

    scale: float = 1.0
    best: float | None = None
    waited: int = 0

    def after(self, loss: float) -> Plateau:
        """The state after an epoch with this loss: half the rate after five epochs without a fall of 0.01 %."""
        if self.best is None or loss < self.best * (1.0 - math.copysign(PLATEAU_THRESHOLD, self.best)):
            return Plateau(self.scale, loss, 0)
        if self.waited + 1 < PLATEAU_PATIENCE:
            return Plateau(self.scale, self.best, self.waited + 1)
        return Plateau(max(self.scale * PLATEAU_FACTOR, PLATEAU_FLOOR), self.best, 0)


def next_plateau(plateau: Plateau, train: TrainSettings, epoch: int, loss: float) -> Plateau:
    """The state after ``epoch`` completed epochs; epochs of KL warm-up, when losses rise by design, do not count."""
    if train.learning_rate_schedule != "plateau" or epoch <= train.kl_warmup_epochs:
        return plateau
    return plateau.after(loss)


def learning_rates(train: TrainSettings, epoch: int, steps: int, plateau: Plateau) -> Floats:
    """The learning rate of each step of an epoch (counted from 1): float32 (steps,).

    Cosine follows Loshchilov and Hutter 2017, equation 5, over all epochs without restarts.
    """
    if train.learning_rate_schedule == "cosine":
        done = ((epoch - 1) * steps + np.arange(steps)) / (train.epochs * steps)
        rates: Floats = (train.learning_rate * 0.5 * (1.0 + np.cos(np.pi * done))).astype(np.float32)
        return rates
    scale = plateau.scale if train.learning_rate_schedule == "plateau" else 1.0
    return np.full(steps, train.learning_rate * scale, np.float32)


def adam_step_sizes(rates: Floats, done: int) -> Floats:
    """Learning rates with Adam's bias correction (Kingma and Ba 2015, section 2).

    Args:
        rates: float32 (steps,).
        done: Steps of the training before the first of these.

    Returns:
        float32 (steps,).
    """
    step = done + 1.0 + np.arange(len(rates))
    correction = np.sqrt(1.0 - ADAM_BETA_2**step) / (1.0 - ADAM_BETA_1**step)
    sizes: Floats = (rates * correction).astype(np.float32)
    return sizes


def betas(train: TrainSettings, epoch: int, steps: int) -> Floats:
    """The weight of the KL in each step of an epoch (counted from 1): float32 (steps,).

    Linear from 0 during the warm-up (Sonderby et al. 2016, section 3), then ``train.beta``.
    """
    if epoch > train.kl_warmup_epochs:
        return np.full(steps, train.beta, np.float32)
    done = ((epoch - 1) * steps + np.arange(steps)) / (train.kl_warmup_epochs * steps)
    warming: Floats = (train.beta * done).astype(np.float32)
    return warming
