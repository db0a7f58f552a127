"""The compiled training of one network: epochs in chunks of steps, validation, and the events they give."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cvae_core.architecture import plan
from cvae_core.config.run import RunConfig, TrainConfig
from cvae_core.data.batching import batch_order, ordered_images
from cvae_core.errors import DataError, DivergedError
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.metrics import computed_metrics, has_metrics, subset
from cvae_core.records import Dataset, EpochRecord, Floats, Losses, StepRecord
from cvae_core.runs.snapshots import Checkpoint, scheduled_epochs
from cvae_core.text import short_repr
from cvae_core.training.randomness import dropout_keys, evaluation_noise, posterior_noise
from cvae_core.training.schedules import adam_step_sizes, betas, learning_rates, next_plateau
from cvae_core.training.state import EpochEvent, Event, Progress, SnapshotEvent, StepEvent, starting_state
from cvae_core.training.step import (
    CHUNK_CAPACITY,
    EpochTensors,
    EvaluationTensors,
    TrainProgram,
    dropout_layers,
    evaluation_program,
    train_program,
)

CHUNK_SECONDS: Final = 0.2
_GROWTH: Final = 4
_Sums = npt.NDArray[np.float64]


class Pace:
    """Chooses chunks of at most ``limit`` steps that take about ``CHUNK_SECONDS``, from the speed so far."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._steps = 1

    def steps(self, left: int) -> int:
        """How many of ``left`` steps to take next."""
        return min(self._steps, left)

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a chunk; the next one is at most four times as long."""
        fitting = int(CHUNK_SECONDS * steps / max(seconds, 1e-9))
        self._steps = max(1, min(fitting, _GROWTH * steps, self._limit))


@dataclass(frozen=True)
class _Batching:
    """How images are divided into steps; ``batch_size`` is never more than ``images``."""

    images: int
    batch_size: int

    @property
    def steps(self) -> int:
        """Steps of an epoch, with a partial last one."""
        return -(-self.images // self.batch_size)

    @property
    def full_steps(self) -> int:
        return self.images // self.batch_size

    def rows(self, step: int) -> int:
        """Images in a step, counted from 0."""
        return self.batch_size if step < self.full_steps else self.images % self.batch_size


@dataclass(frozen=True)
class _Epoch:
    """The input of one epoch; learning rates and betas of each step, float32 (steps,)."""

    tensors: EpochTensors
    learning_rates: Floats
    betas: Floats

    __repr__ = short_repr


def train(config: RunConfig, dataset: Dataset, start: Checkpoint | None = None) -> Iterator[Event]:
    """Train a network.

    The weights after a step depend only on settings, data and machine, not on chunks or interruptions.

    Args:
        config: All settings; ``load_dataset`` has applied ``train_limit`` and ``test_limit`` to the data.
        dataset: Training and test examples.
        start: The checkpoint to resume from; ``None`` for the beginning.

    Yields:
        Step events several times a second; an epoch event after each epoch; snapshot events for the epochs of the
        schedule, first that of the untrained model. The time that the caller takes for an event does not count.

    Raises:
        DataError: There are no training or no test examples, or a CVAE is given points.
        DivergedError: A loss became NaN or infinite.
        WeightsError: The checkpoint belongs to another network.
        RunDamagedError: The checkpoint is not valid.
    """
    trainer = _Trainer(config, dataset, start)
    for event in trainer.events():
        paused = time.perf_counter()
        yield event
        trainer.started += time.perf_counter() - paused


def warm_up(config: RunConfig, dataset: Dataset) -> None:
    """Compile everything that a training with these settings and data shapes will run; nothing is learned."""
    _Trainer(config, dataset, None).warm_up()


class _Trainer:
    """Attribute ``started``: the time since then is the time spent on the current epoch."""

    def __init__(self, config: RunConfig, dataset: Dataset, start: Checkpoint | None) -> None:
        if not len(dataset.train) or not len(dataset.test):
            raise DataError(f"The data set {dataset.title} has no training images or no test images.")
        if not config.learns_points and dataset.train.images.dtype != np.uint8:
            raise DataError(
                f"A CVAE learns images; the data set {dataset.title} holds points.",
                "Choose images, or a preset for toy data.",
            )
        self._config = config
        self._data = dataset.train
        self._metrics_data = subset(dataset)
        self._test_images = tf.constant(dataset.test.images.reshape(len(dataset.test), -1))
        self._test_labels = tf.constant(dataset.test.labels, tf.int32)
        self._architecture = plan(config.model, dataset.shape)
        self._batching = _Batching(len(dataset.train), min(config.train.batch_size, len(dataset.train)))
        self._snapshots = scheduled_epochs(config.train)
        self._pace = Pace(CHUNK_CAPACITY)
        self._programs: dict[int, TrainProgram] = {}
        self._state = starting_state(self._architecture, config.train.seed, start)
        self.started = time.perf_counter() - self._progress.seconds

    @property
    def _progress(self) -> Progress:
        return self._state.progress

    def events(self) -> Iterator[Event]:
        if self._progress.step == 0:
            yield from self._snapshot_if_due()
        while self._progress.epoch < self._config.train.epochs:
            epoch = self._prepared(self._progress.epoch + 1)
            while self._progress.step < self._batching.steps:
                yield self._chunk(epoch)
            yield self._complete(epoch)
            yield from self._snapshot_if_due()

    def warm_up(self) -> None:
        epoch = self._prepared(1)
        for first in {0, self._batching.steps - 1}:
            self._program(epoch, first)
        self._evaluate(1)

    def _prepared(self, epoch: int) -> _Epoch:
        """The input of an epoch: a pure function of settings, data, epoch and the plateau's state."""
        train, count, steps = self._config.train, self._batching.images, self._batching.steps
        order = batch_order(train.seed, epoch, count)
        images = ordered_images(self._data.images, order, train.seed, epoch, train.max_shift, train.shift_rate)
        rates, weights = learning_rates(train, epoch, steps, self._progress.plateau), betas(train, epoch, steps)
        dropout = len(dropout_layers(self._architecture))
        tensors = EpochTensors(
            images=tf.constant(images.reshape(count, -1)),
            labels=tf.constant(self._data.labels[order], tf.int32),
            noise=tf.constant(posterior_noise(train.seed, epoch, count, self._architecture.kl_terms)),
            dropout_keys=tf.constant(dropout_keys(train.seed, epoch, steps, dropout)),
            step_sizes=tf.constant(adam_step_sizes(rates, (epoch - 1) * steps)),
            betas=tf.constant(weights),
        )
        return _Epoch(tensors, rates, weights)

    def _program(self, epoch: _Epoch, first: int) -> TrainProgram:
        """The compiled program for the step ``first`` and those after it with as many images."""
        rows = self._batching.rows(first)
        if rows not in self._programs:
            program = train_program(self._architecture, self._batching.batch_size, rows)
            given = (self._state.vectors, epoch.tensors, tf.constant(first), tf.constant(0))
            # Looking a program up by its arguments at each call would take as long as a few small steps.
            self._programs[rows] = program.get_concrete_function(*given)
            # A call for no steps compiles it, so that compiling does not count as slow training.
            self._programs[rows](*given)
        return self._programs[rows]

    def _snapshot_if_due(self) -> Iterator[Event]:
        if self._progress.epoch in self._snapshots:
            yield SnapshotEvent(self._progress.epoch, self._state)

    def _chunk(self, epoch: _Epoch) -> StepEvent:
        """Take the next few steps, all of one batch size."""
        first, number = self._progress.step, self._progress.epoch + 1
        full = first < self._batching.full_steps
        steps = self._pace.steps(self._batching.full_steps - first) if full else 1
        losses, seconds = self._run(epoch, first, steps)
        if full:
            self._pace.took(steps, seconds)
        if not np.isfinite(losses).all():
            raise DivergedError(number, _remedies(self._config))
        self._account(losses, first + steps)
        images, all_steps = steps * self._batching.rows(first), self._batching.steps
        means = _losses(losses.mean(0))
        record = StepRecord(number, first + steps, all_steps, means, images / seconds, steps=steps)
        return StepEvent(record, images, self._state)

    def _run(self, epoch: _Epoch, first: int, steps: int) -> tuple[_Sums, float]:
        """Losses of each of these steps, float64 (steps, 2 + KL terms), and the seconds that they took."""
        program = self._program(epoch, first)
        began = time.perf_counter()
        vectors, history = program(self._state.vectors, epoch.tensors, tf.constant(first), tf.constant(steps))
        losses = history.numpy()[:steps].astype(np.float64)
        seconds = time.perf_counter() - began
        self._state = replace(self._state, vectors=vectors)
        weighted = epoch.betas[first : first + steps].astype(np.float64) * losses[:, 1:].sum(1)
        return np.column_stack([losses[:, 0] + weighted, losses]), seconds

    def _account(self, losses: _Sums, step: int) -> None:
        """Add the losses to the epoch's sums, step by step, so that the rounding does not depend on the chunks."""
        rows = self._batching.rows(step - 1)
        sums = np.array(self._progress.sums or np.zeros(losses.shape[1]))
        sums = np.add.accumulate(np.vstack([sums, rows * losses]))[-1]
        progress = replace(
            self._progress,
            step=step,
            sums=tuple(sums.tolist()),
            images=self._progress.images + rows * len(losses),
            seconds=time.perf_counter() - self.started,
        )
        self._state = replace(self._state, progress=progress)

    def _complete(self, epoch: _Epoch) -> EpochEvent:
        """Evaluate the test set and close the epoch."""
        done = self._progress.epoch + 1
        train = _losses(np.array(self._progress.sums) / self._progress.images)
        test = self._evaluate(done)
        plateau = next_plateau(self._progress.plateau, self._config.train, done, train.loss)
        self._state = replace(self._state, progress=Progress(epoch=done, plateau=plateau))
        record = EpochRecord(
            epoch=done,
            train=train,
            test=test,
            seconds=time.perf_counter() - self.started,
            learning_rate=float(epoch.learning_rates[-1]),
            beta=float(epoch.betas[-1]),
            extra=self._metrics(),
        )
        self.started = time.perf_counter()
        return EpochEvent(record, self._state)

    def _metrics(self) -> dict[str, float]:
        """The metrics of plug-ins."""
        if not has_metrics():
            return {}
        network = FoldedNetwork(self._config.model, self._architecture.shape, self._state.weights())
        return computed_metrics(network, self._metrics_data)

    def _evaluate(self, epoch: int) -> Losses:
        """Losses of the test set after ``epoch`` completed epochs."""
        count, vectors = len(self._test_labels), self._state.vectors
        noise = evaluation_noise(self._config.train.seed, epoch, count, self._architecture.kl_terms)
        test = EvaluationTensors(self._test_images, self._test_labels, tf.constant(noise))
        sums = evaluation_program(self._architecture)(vectors.parameters, vectors.moving, test).numpy()
        means = sums.astype(np.float64).sum(0) / count
        if not np.isfinite(means).all():
            raise DivergedError(epoch, _remedies(self._config))
        return _losses(np.concatenate([[means.sum()], means]))


def _remedies(config: RunConfig) -> tuple[str, ...]:
    """Settings that could keep the loss finite and are not in use."""
    train, model = config.train, config.model
    has_kl = isinstance(train, TrainConfig)  # an autoencoder has neither a KL nor batch normalisation
    warm_up = ("a few KL warm-up epochs",) if has_kl and train.kl_warmup_epochs == 0 else ()
    normalization = ("batch normalisation",) if has_kl and model.batch_normalization == "none" else ()
    return ("a smaller learning rate", *warm_up, *normalization)


def _losses(means: _Sums) -> Losses:
    """From loss, reconstruction and the KL of each dimension."""
    loss, reconstruction, *kl = means.tolist()
    return Losses(loss, reconstruction, sum(kl), tuple(kl))
