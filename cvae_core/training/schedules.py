"""How learning rate and beta change."""

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
    """What reduce-on-plateau remembers.

    Attributes:
        scale: Factor on the learning rate, 0 to 1.
        best: Lowest training loss so far, nats per image; ``None`` before the first.
        waited: Epochs since it fell noticeably.
    """

    scale: float = 1.0
    best: float | None = None
    waited: int = 0

    def after(self, loss: float) -> Plateau:
        """The state after an epoch with this training loss.

        The learning rate is halved once the loss has not fallen by a ten-thousandth for five epochs in a row.
        """
        if self.best is None or loss < self.best * (1.0 - math.copysign(PLATEAU_THRESHOLD, self.best)):
            return Plateau(self.scale, loss, 0)
        if self.waited + 1 < PLATEAU_PATIENCE:
            return Plateau(self.scale, self.best, self.waited + 1)
        return Plateau(max(self.scale * PLATEAU_FACTOR, PLATEAU_FLOOR), self.best, 0)


def next_plateau(plateau: Plateau, train: TrainSettings, epoch: int, loss: float) -> Plateau:
    """The plateau's state after ``epoch`` completed epochs; losses under KL warm-up rise by design and do not count."""
    if train.learning_rate_schedule != "plateau" or epoch <= train.kl_warmup_epochs:
        return plateau
    return plateau.after(loss)


def learning_rates(train: TrainSettings, epoch: int, steps: int, plateau: Plateau) -> Floats:
    """The learning rate of each step of an epoch.

    Args:
        train: The settings.
        epoch: Counted from 1.
        steps: Of each epoch.
        plateau: State of reduce-on-plateau; used by that schedule alone.

    Returns:
        float32 (steps,). Cosine follows Loshchilov and Hutter 2017, equation 5, without restarts, over all epochs.
    """
    if train.learning_rate_schedule == "cosine":
        done = ((epoch - 1) * steps + np.arange(steps)) / (train.epochs * steps)
        rates: Floats = (train.learning_rate * 0.5 * (1.0 + np.cos(np.pi * done))).astype(np.float32)
        return rates
    scale = plateau.scale if train.learning_rate_schedule == "plateau" else 1.0
    return np.full(steps, train.learning_rate * scale, np.float32)


def adam_step_sizes(rates: Floats, done: int) -> Floats:
    """Learning rates with Adam's correction for its moments' beginning at 0 (Kingma and Ba 2015, section 2).

    Args:
        rates: Learning rate of each step, float32 (steps,).
        done: Steps before the first of these, in the whole training.

    Returns:
        float32 (steps,).
    """
    step = done + 1.0 + np.arange(len(rates))
    correction = np.sqrt(1.0 - ADAM_BETA_2**step) / (1.0 - ADAM_BETA_1**step)
    sizes: Floats = (rates * correction).astype(np.float32)
    return sizes


def betas(train: TrainSettings, epoch: int, steps: int) -> Floats:
    """The weight of the KL in each step of an epoch.

    Args:
        train: The settings.
        epoch: Counted from 1.
        steps: Of each epoch.

    Returns:
        float32 (steps,), linear from 0 over the warm-up (Sonderby et al. 2016, section 3), then ``train.beta``.
    """
    if epoch > train.kl_warmup_epochs:
        return np.full(steps, train.beta, np.float32)
    done = ((epoch - 1) * steps + np.arange(steps)) / (train.kl_warmup_epochs * steps)
    warming: Floats = (train.beta * done).astype(np.float32)
    return warming
