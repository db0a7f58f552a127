"""Many training steps, and the measuring of a whole test set, as one compiled program each.

Both are XLA loops with a dynamic trip count: one program serves chunks of any length, and as each step depends only
on its own index, the result does not depend on how an epoch is cut into chunks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

import tensorflow as tf

from cvae_core.architecture import Architecture
from cvae_core.models.layout import Layout
from cvae_core.models.network import Tensor, condition_of, forward
from cvae_core.short_repr import short_repr
from cvae_core.training.step import Batch, Vectors, losses_per_image, scaled, split, train_step

CHUNK_CAPACITY: Final = 512
_EVALUATION_ROWS: Final = 1000
_PROGRAMS_KEPT: Final = 16


class EpochTensors(NamedTuple):
    """All that an epoch is made of, in the order in which it is used.

    Attributes:
        images: uint8 (n, pixels); points are float32.
        labels: int32 (n,).
        noise: float32 (n, KL terms): there is nothing to draw where there is no KL.
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
    """Compile a chunk of training steps, at its first call.

    Args:
        architecture: The network.
        batch_size: Images of a full batch; step i begins at image i * batch_size.
        rows: Images in each step of this program, fewer than ``batch_size`` for the last, partial batch.

    Returns:
        A ``tf.function`` of the vectors, the epoch, the first step (int32) and the number of steps (int32, 0 to
        ``CHUNK_CAPACITY``). It returns the vectors after these steps, and float32 (``CHUNK_CAPACITY``, 1 + KL terms)
        with the losses of each step in its first rows.
    """

    def chunk(vectors: Vectors, epoch: EpochTensors, first: Tensor, count: Tensor) -> tuple[Vectors, Tensor]:
        slots = tf.range(CHUNK_CAPACITY)[:, None] + first

        def body(step: Tensor, vectors: Vectors, history: Tensor) -> tuple[Tensor, Vectors, Tensor]:
            batch = _batch(epoch, step, batch_size, rows)
            vectors, losses = train_step(architecture, vectors, batch)
            return step + 1, vectors, tf.where(slots == step, losses, history)

        history = tf.zeros([CHUNK_CAPACITY, 1 + architecture.kl_terms])
        # The loop counts steps of the epoch, not of the chunk: were `first` constant in the loop and part of where
        # a slice begins, XLA would compile the program anew for every value of it.
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
    """Compile the measuring of a test set, at its first call.

    Returns:
        A function of parameters, moving statistics and test set. It returns, float32 (batches, 1 + KL terms), sums
        over the images of each batch of what ``losses_per_image`` gives.
    """

    def measure(parameters: Tensor, moving: Tensor, test: EvaluationTensors) -> Tensor:
        layout = Layout.of(architecture)
        weights = split(layout.parameters, parameters) | split(layout.moving, moving)
        count = test.images.shape[0]
        rows = min(count, _EVALUATION_ROWS)
        batches = -(-count // rows)
        slots = tf.range(batches)[:, None]

        def body(index: Tensor, sums: Tensor) -> tuple[Tensor, Tensor]:
            # The last batch reaches back to be of full size; what was measured before then counts nothing.
            begin = tf.minimum(index * rows, count - rows)
            fresh = (begin + tf.range(rows) >= index * rows)[:, None]
            batch = EvaluationTensors(*(_block(part, begin, rows) for part in test))
            losses = _evaluation_losses(architecture, weights, batch)
            total = tf.reduce_sum(tf.where(fresh, losses, 0.0), 0)
            return index + 1, tf.where(slots == index, total, sums)

        loop = (tf.constant(0), tf.zeros([batches, 1 + architecture.kl_terms]))
        return tf.while_loop(lambda index, _: index < batches, body, loop)[1]

    program: EvaluationProgram = tf.function(measure, jit_compile=True, autograph=False)
    return program


def _evaluation_losses(architecture: Architecture, weights: dict[str, Tensor], test: EvaluationTensors) -> Tensor:
    images = scaled(test.images)
    condition = condition_of(architecture, test.labels)
    return losses_per_image(forward(architecture, weights, images, condition, test.noise), images)
