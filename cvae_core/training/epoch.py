"""What an epoch is made of: its images in order, and every random number and schedule that its steps take."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from cvae_core.architecture import Architecture
from cvae_core.config import TrainSettings
from cvae_core.data.order import batch_order, ordered_images
from cvae_core.records import Floats, Split
from cvae_core.short_repr import short_repr
from cvae_core.training.compiled import EpochTensors, EvaluationTensors
from cvae_core.training.randomness import dropout_keys, evaluation_noise, posterior_noise
from cvae_core.training.schedules import Plateau, adam_step_sizes, betas, learning_rates
from cvae_core.training.step import dropout_layers


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
