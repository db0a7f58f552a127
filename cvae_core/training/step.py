"""One training step as a pure function: weights, moments and a batch in; weights, moments and losses out."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

import tensorflow as tf

from cvae_core.architecture import BATCH_NORM_MOMENTUM, Architecture, DenseLayer
from cvae_core.likelihoods import likelihood
from cvae_core.models.network import (
    ForwardPass,
    Layout,
    Slot,
    Tensor,
    condition_of,
    forward,
    kl_per_dimension,
)
from cvae_core.text import short_repr
from cvae_core.training.schedules import ADAM_BETA_1, ADAM_BETA_2

ADAM_EPSILON: Final = 1e-7


class Vectors(NamedTuple):
    """All that a training changes, as flat float32 vectors in the order of the ``Layout``."""

    parameters: Tensor
    first_moment: Tensor
    second_moment: Tensor
    moving: Tensor

    def __repr__(self) -> str:
        return short_repr(self)


class Batch(NamedTuple):
    """What one step is given.

    Attributes:
        images: uint8 (n, pixels); points are float32.
        labels: int32 (n,).
        noise: Standard normal, float32 (n, KL terms).
        dropout_keys: uint32 (layers with dropout, 2).
        step_size: Adam's, as ``adam_step_sizes`` gives it; float32 ().
        beta: Weight of the KL, float32 ().
    """

    images: Tensor
    labels: Tensor
    noise: Tensor
    dropout_keys: Tensor
    step_size: Tensor
    beta: Tensor

    def __repr__(self) -> str:
        return short_repr(self)


def train_step(architecture: Architecture, vectors: Vectors, batch: Batch) -> tuple[Vectors, Tensor]:
    """One step of Adam on reconstruction + beta * KL.

    Returns:
        The vectors after the step, and the losses before it, averaged over the batch: float32 (1 + KL terms,).
    """
    layout = Layout.of(architecture)
    parameters = split(layout.parameters, vectors.parameters)
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        images = scaled(batch.images)
        condition = condition_of(architecture, batch.labels)
        dropout = _dropout_factors(architecture, batch)
        passed = forward(architecture, parameters, images, condition, batch.noise, dropout)
        losses = tf.reduce_mean(losses_per_image(architecture, passed, images), 0)
        loss = losses[0] + batch.beta * tf.reduce_sum(losses[1:])
    gradients = tape.gradient(loss, parameters)
    gradient = tf.concat([tf.reshape(gradients[slot.name], [-1]) for slot in layout.parameters], 0)
    return _updated(layout, vectors, gradient, batch.step_size, passed.statistics), losses


def split(slots: tuple[Slot, ...], vector: Tensor) -> dict[str, Tensor]:
    """The weights, by name, that stand in a flat vector."""
    return {slot.name: tf.reshape(tf.slice(vector, [slot.offset], [slot.size]), slot.shape) for slot in slots}


def scaled(images: Tensor) -> Tensor:
    """uint8 pixels as float32, 0 to 1; float32 points stay as they are."""
    if images.dtype == tf.float32:
        return images
    return tf.cast(images, tf.float32) * (1.0 / 255.0)


def losses_per_image(architecture: Architecture, passed: ForwardPass, images: Tensor) -> Tensor:
    """Reconstruction loss and KL of each latent dimension, float32 (n, 1 + KL terms), in units of the likelihood."""
    reconstruction = likelihood(architecture.likelihood).negative_log_probability(images, passed.outputs)[:, None]
    if passed.z_log_var is None:
        return reconstruction
    return tf.concat([reconstruction, kl_per_dimension(passed.z_mean, passed.z_log_var)], 1)


def dropout_layers(architecture: Architecture) -> tuple[DenseLayer, ...]:
    """The layers that have dropout, in their fixed order."""
    return tuple(layer for layer in architecture.layers if isinstance(layer, DenseLayer) and layer.dropout_rate > 0.0)


def _dropout_factors(architecture: Architecture, batch: Batch) -> dict[str, Tensor]:
    rows, layers = batch.images.shape[0], dropout_layers(architecture)
    return {layer.name: _dropout_factor(layer, rows, batch.dropout_keys[i]) for i, layer in enumerate(layers)}


def _dropout_factor(layer: DenseLayer, rows: int, keys: Tensor) -> Tensor:
    """Inverted dropout: 0 with the layer's rate, else 1 / (1 - rate)."""
    threshold = tf.constant(round(layer.dropout_rate * 2**32), tf.uint32)
    keep = _random_bits(rows, layer.outputs, keys) >= threshold
    return tf.where(keep, tf.constant(1.0 / (1.0 - layer.dropout_rate)), tf.constant(0.0))


def _random_bits(rows: int, columns: int, keys: Tensor) -> Tensor:
    """A hash of each element's index and two keys, uint32 (rows, columns).

    The mixer is the best two-round one of Wellons' "hash-prospector" (2018). Unlike Philox it fuses with the product
    that it masks, which makes it nearly free; dropout needs no more than that.
    """
    index = tf.cast(tf.reshape(tf.range(rows * columns), [rows, columns]), tf.uint32)
    x = (index + keys[0]) * tf.constant(0x9E3779B9, tf.uint32)
    x = _shifted_xor(x, 16) * tf.constant(0x21F0AAAD, tf.uint32) + keys[1]
    x = _shifted_xor(x, 15) * tf.constant(0xD35A2D97, tf.uint32)
    return _shifted_xor(x, 15)


def _shifted_xor(x: Tensor, places: int) -> Tensor:
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(places, tf.uint32)))


def _updated(
    layout: Layout, vectors: Vectors, gradient: Tensor, step_size: Tensor, statistics: dict[str, Tensor]
) -> Vectors:
    """Adam (Kingma and Ba 2015, section 2, last paragraph, as Keras has it) and the moving averages."""
    first = vectors.first_moment + (gradient - vectors.first_moment) * (1.0 - ADAM_BETA_1)
    second = vectors.second_moment + (tf.square(gradient) - vectors.second_moment) * (1.0 - ADAM_BETA_2)
    parameters = vectors.parameters - step_size * first / (tf.sqrt(second) + ADAM_EPSILON)
    if not layout.moving:
        return Vectors(parameters, first, second, vectors.moving)
    batch_values = tf.concat([statistics[slot.name] for slot in layout.moving], 0)
    moving = vectors.moving * BATCH_NORM_MOMENTUM + batch_values * (1.0 - BATCH_NORM_MOMENTUM)
    return Vectors(parameters, first, second, moving)


CHUNK_CAPACITY: Final = 512
_EVALUATION_ROWS: Final = 1000
_PROGRAMS_KEPT: Final = 16


class EpochTensors(NamedTuple):
    """All examples and random numbers of an epoch, in the order of use.

    Attributes:
        images: uint8 (n, pixels); points are float32.
        labels: int32 (n,).
        noise: float32 (n, KL terms).
        dropout_keys: uint32 (steps, layers with dropout, 2).
        step_sizes, betas: float32 (steps,).
    """

    images: Tensor
    labels: Tensor
    noise: Tensor
    dropout_keys: Tensor
    step_sizes: Tensor
    betas: Tensor

    def __repr__(self) -> str:
        return short_repr(self)


class EvaluationTensors(NamedTuple):
    """The test set: uint8 or float32 (n, pixels), int32 (n,), and noise, float32 (n, KL terms)."""

    images: Tensor
    labels: Tensor
    noise: Tensor

    def __repr__(self) -> str:
        return short_repr(self)


TrainProgram = Callable[[Vectors, EpochTensors, Tensor, Tensor], tuple[Vectors, Tensor]]


class TraceableProgram(Protocol):
    """A program that is traced at its first call, for arguments of the shapes that it then is given."""

    def get_concrete_function(
        self, vectors: Vectors, epoch: EpochTensors, first: Tensor, count: Tensor, /
    ) -> TrainProgram:
        """Trace it now."""


EvaluationProgram = Callable[[Tensor, Tensor, EvaluationTensors], Tensor]


@lru_cache(maxsize=_PROGRAMS_KEPT)
def train_program(architecture: Architecture, batch_size: int, rows: int) -> TraceableProgram:
    """A chunk of training steps, compiled at its first call.

    Args:
        architecture: The network.
        batch_size: Images of a full batch; step i begins at image i * batch_size.
        rows: Images in each step of this program: ``batch_size``, or fewer for a partial last batch.

    Returns:
        A ``tf.function`` of the vectors, the epoch, the first step and the number of steps (int32, 0 to
        ``CHUNK_CAPACITY``). It returns the new vectors, and the losses of each step in the first rows of a float32
        (``CHUNK_CAPACITY``, 1 + KL terms).
    """

    def chunk(vectors: Vectors, epoch: EpochTensors, first: Tensor, count: Tensor) -> tuple[Vectors, Tensor]:
        slots = tf.range(CHUNK_CAPACITY)[:, None] + first

        def body(step: Tensor, vectors: Vectors, history: Tensor) -> tuple[Tensor, Vectors, Tensor]:
            batch = _batch(epoch, step, batch_size, rows)
            vectors, losses = train_step(architecture, vectors, batch)
            return step + 1, vectors, tf.where(slots == step, losses, history)

        history = tf.zeros([CHUNK_CAPACITY, 1 + architecture.kl_terms])
        # The loop counts steps of the epoch, not of the chunk: if `first` were a constant of the loop that a slice
        # begins at, XLA would compile the program again for each of its values.
        _, vectors, history = tf.while_loop(lambda step, *_: step < first + count, body, (first, vectors, history))
        return vectors, history

    program: TraceableProgram = tf.function(chunk, jit_compile=True, autograph=False)
    return program


def _batch(epoch: EpochTensors, step: Tensor, batch_size: int, rows: int) -> Batch:
    begin = step * batch_size
    return Batch(
        images=_block(epoch.images, begin, rows),
        labels=_block(epoch.labels, begin, rows),
        noise=_block(epoch.noise, begin, rows),
        dropout_keys=_element(epoch.dropout_keys, step),
        step_size=_element(epoch.step_sizes, step),
        beta=_element(epoch.betas, step),
    )


def _block(tensor: Tensor, begin: Tensor, rows: int) -> Tensor:
    inner = tensor.shape[1:]
    return tf.slice(tensor, [begin, *[0] * len(inner)], [rows, *inner])


def _element(tensor: Tensor, index: Tensor) -> Tensor:
    return tf.reshape(_block(tensor, index, 1), tensor.shape[1:])


@lru_cache(maxsize=_PROGRAMS_KEPT)
def evaluation_program(architecture: Architecture) -> EvaluationProgram:
    """The evaluation of a test set, compiled at its first call.

    Returns:
        A function of parameters, moving statistics and test set to the sums of ``losses_per_image`` over each batch,
        float32 (batches, 1 + KL terms).
    """

    def measure(parameters: Tensor, moving: Tensor, test: EvaluationTensors) -> Tensor:
        layout = Layout.of(architecture)
        weights = split(layout.parameters, parameters) | split(layout.moving, moving)
        count = test.images.shape[0]
        rows = min(count, _EVALUATION_ROWS)
        batches = -(-count // rows)
        slots = tf.range(batches)[:, None]

        def body(index: Tensor, sums: Tensor) -> tuple[Tensor, Tensor]:
            # The last batch overlaps the one before it to be of full size; repeated images do not count.
            begin = tf.minimum(index * rows, count - rows)
            fresh = (begin + tf.range(rows) >= index * rows)[:, None]
            batch = EvaluationTensors(*(_block(part, begin, rows) for part in test))
            images = scaled(batch.images)
            passed = forward(architecture, weights, images, condition_of(architecture, batch.labels), batch.noise)
            losses = losses_per_image(architecture, passed, images)
            total = tf.reduce_sum(tf.where(fresh, losses, 0.0), 0)
            return index + 1, tf.where(slots == index, total, sums)

        loop = (tf.constant(0), tf.zeros([batches, 1 + architecture.kl_terms]))
        return tf.while_loop(lambda index, _: index < batches, body, loop)[1]

    program: EvaluationProgram = tf.function(measure, jit_compile=True, autograph=False)
    return program
