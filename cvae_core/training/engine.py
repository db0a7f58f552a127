"""The compiled training of one network: epochs in chunks of steps, validation, and the events they give."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cvae_core.architecture import Architecture, plan
from cvae_core.config.run import RunConfig, TrainConfig, TrainSettings
from cvae_core.data.batching import batch_order, ordered_images
from cvae_core.errors import DataError, DivergedError
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.metrics import computed_metrics, has_metrics, subset
from cvae_core.records import Dataset, EpochRecord, Floats, Losses, Split, StepRecord
from cvae_core.runs.snapshots import Checkpoint, scheduled_epochs
from cvae_core.text import short_repr
from cvae_core.training.events import EpochEvent, Event, SnapshotEvent, StepEvent
from cvae_core.training.randomness import dropout_keys, evaluation_noise, posterior_noise
from cvae_core.training.schedules import Plateau, adam_step_sizes, betas, learning_rates, next_plateau
from cvae_core.training.state import Progress, starting_state
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


_Sums = npt.NDArray[np.float64]


def train(config: RunConfig, dataset: Dataset, start: Checkpoint | None = None) -> Iterator[Event]:
    """Train, and tell what happens.

    The weights after any step are a pure function of settings, data and machine: neither the cutting into chunks nor
    an interruption changes a bit of them.

    Args:
        config: All settings; ``train_limit`` and ``test_limit`` act when ``load_dataset`` loads, not here.
        dataset: Images to learn from and to measure on, checked when it was built.
        start: Where to go on; ``None`` for the beginning.

    Yields:
        Step events several times a second; for each epoch an epoch event; snapshot events for the epochs of the
        schedule, the untrained model's first. Time between asking for events does not count as training.

    Raises:
        DataError: There is no image to learn from or to measure on, or a CVAE is given points.
        DivergedError: A loss became NaN or infinite.
        WeightsError: The checkpoint is of another network.
        RunDamagedError: The checkpoint is of another form.
    """
    trainer = _Trainer(config, dataset, start)
    for event in trainer.events():
        trainer.watch.pause()
        yield event
        trainer.watch.go_on()


def warm_up(config: RunConfig, dataset: Dataset) -> None:
    """Compile all that a training will run, so that it begins at once when it comes; nothing is learnt.

    Args:
        config: All settings of that training.
        dataset: Its data; only the shapes matter.
    """
    _Trainer(config, dataset, None).warm_up()


class _Trainer:
    def __init__(self, config: RunConfig, dataset: Dataset, start: Checkpoint | None) -> None:
        if not len(dataset.train) or not len(dataset.test):
            raise DataError(f"The data set {dataset.title} has no images to learn from or none to measure on.")
        if not config.learns_points and dataset.train.images.dtype != np.uint8:
            raise DataError(
                f"A CVAE learns images; the data set {dataset.title} holds points.",
                "Take images, or one of the presets for the torn manifold.",
            )
        self._train, self._model = config.train, config.model
        self._subset = subset(dataset)
        self._remedies = _remedies(config)
        self._data = dataset.train
        self._architecture = plan(config.model, dataset.shape)
        self._test = EvaluationSet(dataset.test, config.train.seed, self._architecture.kl_terms)
        self._batching = Batching.of(len(dataset.train), config.train)
        self._snapshots = scheduled_epochs(config.train)
        self._pace = Pace(CHUNK_CAPACITY)
        self._programs: dict[int, TrainProgram] = {}
        self._state = starting_state(self._architecture, config.train.seed, start)
        self.watch = Stopwatch(self._progress.seconds)

    @property
    def _progress(self) -> Progress:
        return self._state.progress

    def events(self) -> Iterator[Event]:
        if self._progress.step == 0:
            yield from self._snapshot_if_due()
        while self._progress.epoch < self._train.epochs:
            epoch = prepare_epoch(
                self._architecture, self._train, self._data, self._progress.epoch + 1, self._progress.plateau
            )
            while self._progress.step < self._batching.steps:
                yield self._chunk(epoch)
            yield self._complete(epoch)
            yield from self._snapshot_if_due()

    def warm_up(self) -> None:
        epoch = prepare_epoch(self._architecture, self._train, self._data, 1, self._progress.plateau)
        for first in {0, self._batching.steps - 1}:
            self._program(epoch, first)
        self._measure(1)

    def _program(self, epoch: Epoch, first: int) -> TrainProgram:
        """The program for the step ``first`` and those after it that have as many images, ready to run at once."""
        rows = self._batching.rows(first)
        if rows not in self._programs:
            program = train_program(self._architecture, self._batching.batch_size, rows)
            given = (self._state.vectors, epoch.tensors, tf.constant(first), tf.constant(0))
            # Traced once, it need not be found by its arguments at each call, which takes as long as a few small steps.
            self._programs[rows] = program.get_concrete_function(*given)
            # A call for no steps compiles it, so that it does not count as slowness.
            self._programs[rows](*given)
        return self._programs[rows]

    def _snapshot_if_due(self) -> Iterator[Event]:
        if self._progress.epoch in self._snapshots:
            yield SnapshotEvent(self._progress.epoch, self._state)

    def _chunk(self, epoch: Epoch) -> StepEvent:
        """Take the next few steps, all of one batch size."""
        first = self._progress.step
        full = first < self._batching.full_steps
        steps = self._pace.steps(self._batching.full_steps - first) if full else 1
        losses, seconds = self._run(epoch, first, steps)
        if full:
            self._pace.took(steps, seconds)
        if not np.isfinite(losses).all():
            raise DivergedError(self._progress.epoch + 1, self._remedies)
        self._account(losses, first + steps)
        images = steps * self._batching.rows(first)
        record = StepRecord(
            self._progress.epoch + 1,
            first + steps,
            self._batching.steps,
            _losses(losses.mean(0)),
            images / seconds,
            steps=steps,
        )
        return StepEvent(record, images, self._state)

    def _run(self, epoch: Epoch, first: int, steps: int) -> tuple[_Sums, float]:
        """Losses of each of these steps, float64 (steps, 2 + KL terms), and the time that they took."""
        program = self._program(epoch, first)
        watch = Stopwatch()
        vectors, history = program(self._state.vectors, epoch.tensors, tf.constant(first), tf.constant(steps))
        losses = history.numpy()[:steps].astype(np.float64)
        seconds = watch.read()
        self._state = replace(self._state, vectors=vectors)
        weighted = epoch.betas[first : first + steps].astype(np.float64) * losses[:, 1:].sum(1)
        return np.column_stack([losses[:, 0] + weighted, losses]), seconds

    def _account(self, losses: _Sums, step: int) -> None:
        """Add the losses to the epoch's sums, step by step: float addition must not depend on the chunk's length."""
        rows = self._batching.rows(step - 1)
        sums = np.array(self._progress.sums or np.zeros(losses.shape[1]))
        sums = np.add.accumulate(np.vstack([sums, rows * losses]))[-1]
        progress = replace(
            self._progress,
            step=step,
            sums=tuple(sums.tolist()),
            images=self._progress.images + rows * len(losses),
            seconds=self.watch.read(),
        )
        self._state = replace(self._state, progress=progress)

    def _complete(self, epoch: Epoch) -> EpochEvent:
        """Measure the test set and close the epoch."""
        done = self._progress.epoch + 1
        train = _losses(np.array(self._progress.sums) / self._progress.images)
        test = self._measure(done)
        plateau = next_plateau(self._progress.plateau, self._train, done, train.loss)
        self._state = replace(self._state, progress=Progress(epoch=done, plateau=plateau))
        record = EpochRecord(
            epoch=done,
            train=train,
            test=test,
            seconds=self.watch.read(),
            learning_rate=float(epoch.learning_rates[-1]),
            beta=float(epoch.betas[-1]),
            extra=self._metrics(),
        )
        self.watch.restart()
        return EpochEvent(record, self._state)

    def _metrics(self) -> dict[str, float]:
        """What plug-ins compute of the network as it is now."""
        if not has_metrics():
            return {}
        network = FoldedNetwork(self._model, self._architecture.shape, self._state.weights())
        return computed_metrics(network, self._subset)

    def _measure(self, epoch: int) -> Losses:
        vectors = self._state.vectors
        program = evaluation_program(self._architecture)
        sums = program(vectors.parameters, vectors.moving, self._test.after(epoch)).numpy()
        means = sums.astype(np.float64).sum(0) / len(self._test)
        if not np.isfinite(means).all():
            raise DivergedError(epoch, self._remedies)
        return _losses(np.concatenate([[means.sum()], means]))


def _remedies(config: RunConfig) -> tuple[str, ...]:
    """What could keep the loss finite and is not switched on yet."""
    train, model = config.train, config.model
    has_kl = isinstance(train, TrainConfig)  # an autoencoder has neither a KL nor batch normalisation
    warm_up = ("a few KL warm-up epochs",) if has_kl and train.kl_warmup_epochs == 0 else ()
    normalization = ("batch normalisation",) if has_kl and model.batch_normalization == "none" else ()
    return ("a smaller learning rate", *warm_up, *normalization)


def _losses(means: _Sums) -> Losses:
    """From loss, reconstruction and the KL of each dimension."""
    loss, reconstruction, *kl = means.tolist()
    return Losses(loss, reconstruction, sum(kl), tuple(kl))
