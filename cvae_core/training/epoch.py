"""How many steps to take before looking up, and how long things took."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import tensorflow as tf

from cvae_core.architecture import Architecture
from cvae_core.config.run import TrainSettings
from cvae_core.data.batching import batch_order, ordered_images
from cvae_core.records import Floats, Split
from cvae_core.short_repr import short_repr
from cvae_core.training.randomness import dropout_keys, evaluation_noise, posterior_noise
from cvae_core.training.schedules import Plateau, adam_step_sizes, betas, learning_rates
from cvae_core.training.step import EpochTensors, EvaluationTensors, dropout_layers

CHUNK_SECONDS: Final = 0.2
_GROWTH: Final = 4


class Pace:
    """Chooses chunk lengths of about ``CHUNK_SECONDS`` from the speed so far.

    Args:
        limit: Most steps in a chunk.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._steps = 1

    def steps(self, left: int) -> int:
        """How many of ``left`` steps to take next."""
        return min(self._steps, left)

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a chunk; one lucky measurement lengthens the next no more than fourfold."""
        fitting = int(CHUNK_SECONDS * steps / max(seconds, 1e-9))
        self._steps = max(1, min(fitting, _GROWTH * steps, self._limit))


class Stopwatch:
    """Adds up time, pauses left out; it runs from the beginning.

    Args:
        seconds: To begin with.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self._since: float | None = time.perf_counter()

    def read(self) -> float:
        """Seconds so far."""
        running = 0.0 if self._since is None else time.perf_counter() - self._since
        return self._seconds + running

    def pause(self) -> None:
        """Stop until ``go_on``."""
        self._seconds, self._since = self.read(), None

    def go_on(self) -> None:
        """Run again."""
        self._since = time.perf_counter()

    def restart(self) -> None:
        """Begin again at 0."""
        self._seconds, self._since = 0.0, time.perf_counter()


@dataclass(frozen=True)
class Batching:
    """How a number of images is cut into steps.

    Attributes:
        images: In all, at least 1.
        batch_size: Images of a full batch, never more than there are.
    """

    images: int
    batch_size: int

    @classmethod
    def of(cls, images: int, train: TrainSettings) -> Batching:
        """The batching that the settings give for so many images."""
        return cls(images, min(train.batch_size, images))

    @property
    def steps(self) -> int:
        """Steps of an epoch, a partial last one included."""
        return -(-self.images // self.batch_size)

    @property
    def full_steps(self) -> int:
        """Steps with full batches."""
        return self.images // self.batch_size

    def rows(self, step: int) -> int:
        """Images in a step, counted from 0."""
        return self.batch_size if step < self.full_steps else self.images % self.batch_size


@dataclass(frozen=True)
class Epoch:
    """One epoch, ready to run.

    Attributes:
        tensors: For the compiled program.
        learning_rates, betas: Of each step, float32 (steps,).
    """

    tensors: EpochTensors
    learning_rates: Floats
    betas: Floats

    __repr__ = short_repr


def prepare_epoch(architecture: Architecture, train: TrainSettings, data: Split, epoch: int, plateau: Plateau) -> Epoch:
    """Lay out an epoch: a pure function of the settings, the data, the epoch and the plateau's state.

    Args:
        architecture: The network.
        train: The settings.
        data: The training images.
        epoch: Counted from 1.
        plateau: State of the learning-rate schedule.
    """
    count, steps = len(data), Batching.of(len(data), train).steps
    order = batch_order(train.seed, epoch, count)
    images = ordered_images(data.images, order, train.seed, epoch, train.max_shift, train.shift_rate)
    rates = learning_rates(train, epoch, steps, plateau)
    weights = betas(train, epoch, steps)
    tensors = EpochTensors(
        images=tf.constant(images.reshape(count, -1)),
        labels=tf.constant(data.labels[order], tf.int32),
        noise=tf.constant(posterior_noise(train.seed, epoch, count, architecture.kl_terms)),
        dropout_keys=tf.constant(dropout_keys(train.seed, epoch, steps, len(dropout_layers(architecture)))),
        step_sizes=tf.constant(adam_step_sizes(rates, (epoch - 1) * steps)),
        betas=tf.constant(weights),
    )
    return Epoch(tensors, rates, weights)


class EvaluationSet:
    """The test set, kept where the compiled program reads it.

    Args:
        data: The test images.
        seed: Of the training.
        kl_terms: Latent dimensions that are drawn.
    """

    def __init__(self, data: Split, seed: int, kl_terms: int) -> None:
        self._images = tf.constant(data.images.reshape(len(data), -1))
        self._labels = tf.constant(data.labels, tf.int32)
        self._seed = seed
        self._kl_terms = kl_terms

    def __len__(self) -> int:
        return int(self._images.shape[0])

    def after(self, epoch: int) -> EvaluationTensors:
        """The test set with the noise for measuring it after ``epoch`` completed epochs."""
        noise = evaluation_noise(self._seed, epoch, len(self), self._kl_terms)
        return EvaluationTensors(self._images, self._labels, tf.constant(noise))
