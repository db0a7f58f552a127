"""Times of training, snapshots and decoding beside plain Keras; each number is the median of alternating turns."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from cvae_core.architecture import Weights
from cvae_core.config.presets import TOY_PRESETS, tutorial
from cvae_core.config.run import RunConfig
from cvae_core.data import load_dataset
from cvae_core.errors import TrainingError
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.models.keras_setup import float32, keras
from cvae_core.records import Bytes, Dataset, Labels
from cvae_core.runs import lock
from cvae_core.runs.run import create_run
from cvae_core.runs.snapshots import publish_snapshot
from cvae_core.text import short_repr
from cvae_core.training.engine import train, warm_up
from cvae_core.training.events import EpochEvent, Event, StepEvent, TrainingState
from cvae_core.training.session import work
from cvae_core.workers.launcher import claim

TURNS: Final = 5
_SNAPSHOTS: Final = 9
_PREDICTED: Final = 30
_VERSIONED: Final = ("tensorflow", "keras", "numpy")
_DECODED: Final = 2250
_FITTED_EPOCHS: Final = 3
_PIXELS: Final = 784
_CLASSES: Final = 10
_LATENT: Final = 8
_WIDTH: Final = 256
_DROPOUT: Final = 0.3
_BATCH: Final = 500


@dataclass(frozen=True)
class BenchReport:
    """Times of the tutorial's models on all of MNIST and on the torn manifold; keyed by who did it.

    Attributes:
        epoch_s: An epoch of training, seconds: "ours", "keras_fit", "matmul" (the matrix products alone).
        ratio: "ours_to_keras_fit" and "ours_to_matmul".
        snapshot_ms: A snapshot, milliseconds: "ours", and "predict_one_by_one", which decodes 2,250 codes for it.
        decode_2250_ms: Decoding 2,250 codes, milliseconds: "ours" and "predict_one_by_one" (from a sample of 30).
        torn_manifold_s: 300 epochs of both autoencoders on the torn manifold, seconds: "ours" (side by side, with all
            the files of a run), "ours_cpu" (its processor time) and "keras_fit" (batches of 30, from a sample).
        machine: What it ran on.
    """

    epoch_s: dict[str, float]
    ratio: dict[str, float]
    snapshot_ms: dict[str, float]
    decode_2250_ms: dict[str, float]
    torn_manifold_s: dict[str, float]
    machine: dict[str, str | int]

    __repr__ = short_repr


@float32()
def bench(progress: Callable[[str], None], turns: int = TURNS) -> BenchReport:
    """Take all times.

    Args:
        progress: Told what is being timed.
        turns: How often each way of training an epoch is timed.
    """
    config = tutorial()
    dataset = load_dataset(config.data)
    progress("loading and compiling")
    training = _Training(config, dataset)
    peer = _KerasPeer(dataset.train.images, dataset.train.labels)
    products = _matrix_products(-(-len(dataset.train) // _BATCH))
    epochs = _epochs({"ours": training.epoch_seconds, **_peers(peer, products)}, turns, progress)
    progress("snapshots and decoding")
    predicted = 1000 * _DECODED / _PREDICTED * _predicting(peer)
    decoded = _timed_ms(_decoding(config, dataset, training.state.weights()), _SNAPSHOTS)
    progress("the torn manifold")
    return BenchReport(
        epoch_s=epochs,
        ratio={
            "ours_to_keras_fit": epochs["ours"] / epochs["keras_fit"],
            "ours_to_matmul": epochs["ours"] / epochs["matmul"],
        },
        snapshot_ms={"ours": _snapshot_ms(training), "predict_one_by_one": predicted},
        decode_2250_ms={"ours": decoded, "predict_one_by_one": predicted},
        torn_manifold_s=_torn_manifold_seconds(),
        machine=_machine(),
    )


def _peers(peer: _KerasPeer, products: Callable[[], None]) -> dict[str, Callable[[], float]]:
    return {"keras_fit": lambda: _seconds(peer.fit_epoch), "matmul": lambda: _seconds(products)}


def _epochs(ways: dict[str, Callable[[], float]], turns: int, progress: Callable[[str], None]) -> dict[str, float]:
    """Seconds an epoch of each, taken in turns after one turn that compiles."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(turns + 1):
        progress(f"epochs, turn {turn} of {turns}" if turn else "epochs, warming up")
        for name, way in ways.items():
            times[name].append(way())
    return {name: median(seconds[1:]) for name, seconds in times.items()}


def _snapshot_ms(training: _Training) -> float:
    with tempfile.TemporaryDirectory() as folder:
        times = [_snapshot_seconds(training.state, Path(folder), epoch) for epoch in range(_SNAPSHOTS)]
    return 1000 * median(times)


def _predicting(peer: _KerasPeer) -> float:
    """Seconds for the sampled number of predictions, the first one, which compiles, left out."""
    peer.decode_one_by_one(1)
    return _seconds(lambda: peer.decode_one_by_one(_PREDICTED))


def _timed_ms(act: Callable[[], None], times: int) -> float:
    act()
    return 1000 * median(_seconds(act) for _ in range(times))


def _seconds(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _machine() -> dict[str, str | int]:
    """What this machine is: system, processor, cores and versions."""
    facts: dict[str, str | int] = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
    }
    return facts | {name: version(name) for name in _VERSIONED}


def _processor() -> str:
    """The processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


class _Training:
    """A training that is taken epoch by epoch.

    Args:
        config: All settings; it should have more epochs than will be taken.
        dataset: What to learn from.

    Attributes:
        state: Where it stands.
    """

    def __init__(self, config: RunConfig, dataset: Dataset) -> None:
        self._events: Iterator[Event] = train(config, dataset)
        self.state: TrainingState = next(self._events).state

    def epoch_seconds(self) -> float:
        """Train for one epoch; the time that its steps took, the evaluation on the test set left out, as in ``fit``."""
        began, seconds = time.perf_counter(), 0.0
        for event in self._events:
            self.state = event.state
            if isinstance(event, StepEvent):
                seconds = time.perf_counter() - began
            if isinstance(event, EpochEvent):
                break
        return seconds


def _snapshot_seconds(state: TrainingState, folder: Path, epoch: int) -> float:
    """The time to publish a snapshot, from the weights in the engine to a folder that survives a loss of power."""
    began = time.perf_counter()
    publish_snapshot(folder, epoch, state.weights())
    return time.perf_counter() - began


def _decoding(config: RunConfig, dataset: Dataset, weights: Weights) -> Callable[[], None]:
    """The decoding of 2,250 codes: ten manifolds of 15 x 15.

    Returns:
        A function that decodes them and throws them away.
    """
    network = FoldedNetwork(config.model, dataset.shape, weights)
    z = np.random.default_rng(0).standard_normal((_DECODED, config.model.latent_dim)).astype(np.float32)
    labels = np.arange(_DECODED, dtype=np.int64) % dataset.shape.n_classes

    def decode() -> None:
        network.decode(z, labels)

    return decode


def _torn_manifold_seconds() -> dict[str, float]:
    """Both presets, the plain autoencoder and the conditional one, from the first epoch to the last.

    Returns:
        "ours": wall-clock seconds of both runs side by side, with all their files, once they are compiled; "ours_cpu":
        processor seconds of the same; "keras_fit": seconds that ``fit`` takes for as many epochs of one after the
        other, from a sample of ``_FITTED_EPOCHS`` epochs of each after one that compiles.
    """
    configs = [make() for make in TOY_PRESETS.values()]
    for config in configs:
        warm_up(config, load_dataset(config.data))
    wall, processor = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(configs)) as pool:
        list(pool.map(lambda config: _train(Path(folder), config), configs))
        times = {"ours": time.perf_counter() - wall, "ours_cpu": time.process_time() - processor}
    return times | {"keras_fit": sum(map(_fitting, configs))}


def _train(folder: Path, config: RunConfig) -> None:
    """One run as a worker trains it."""
    run = create_run(folder, config, config.preset)
    descriptor = claim(run)
    try:
        status = work(run, lambda _status, _record: None, lambda: False)
    finally:
        lock.release(descriptor)
    if status.state != "finished":
        raise TrainingError(status.problem, status.advice)


def _fitting(config: RunConfig) -> float:
    """Seconds that ``fit`` would take for all epochs."""
    dataset = load_dataset(config.data)
    points = dataset.train.images.reshape(-1, 2)
    labels = dataset.train.labels[:, None].astype(np.float32)
    inputs = [points, labels] if config.model.conditional else [points]
    model = _deep_ae(config.model.conditional)
    model.fit(inputs, points, batch_size=config.train.batch_size, epochs=1, verbose=0)
    began = time.perf_counter()
    model.fit(inputs, points, batch_size=config.train.batch_size, epochs=_FITTED_EPOCHS, verbose=0)
    return (time.perf_counter() - began) * config.train.epochs / _FITTED_EPOCHS


def _deep_ae(conditional: bool) -> Any:
    """The tutorial's 2-64-64-1-64-64-2 as its readers write it, with the label as one number if it is conditional."""
    layers = keras.layers
    point, label = keras.Input((2,)), keras.Input((1,))

    def given(x: Any) -> Any:
        return layers.concatenate([x, label]) if conditional else x

    hidden = layers.Dense(64, activation="elu")(layers.Dense(64, activation="elu")(given(point)))
    code = layers.Dense(1, activation="linear")(hidden)
    hidden = layers.Dense(64, activation="elu")(layers.Dense(64, activation="elu")(given(code)))
    model = keras.Model([point, label] if conditional else [point], layers.Dense(2, activation="linear")(hidden))
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")
    return model


class _KerasPeer:
    """The tutorial's CVAE as its readers write it: functional layers, a loss over their outputs, ``fit``.

    Args:
        images: uint8 (n, 28, 28, 1).
        labels: int64 (n,).
    """

    def __init__(self, images: Bytes, labels: Labels) -> None:
        self._x = images.reshape(len(images), _PIXELS).astype(np.float32) / 255.0
        self._y = np.eye(_CLASSES, dtype=np.float32)[labels]
        self._cvae, self._decoder = _tutorial_models()

    def fit_epoch(self) -> None:
        """Train for one epoch in batches of 500."""
        self._cvae.fit([self._x, self._y], self._x, batch_size=_BATCH, epochs=1, shuffle=True, verbose=0)

    def decode_one_by_one(self, count: int) -> None:
        """Decode ``count`` codes with a ``predict`` each."""
        condition = self._y[:1]
        for _ in range(count):
            self._decoder.predict([np.zeros((1, _LATENT), np.float32), condition], verbose=0)


def _tutorial_models() -> tuple[Any, Any]:
    """The CVAE compiled for training, and its decoder."""
    layers = keras.layers
    image, condition = keras.Input((_PIXELS,)), keras.Input((_CLASSES,))
    hidden = layers.Dense(_WIDTH, activation="relu")(layers.concatenate([image, condition]))
    hidden = layers.Dropout(_DROPOUT)(layers.BatchNormalization()(hidden))
    z_mean, z_log_var = layers.Dense(_LATENT)(hidden), layers.Dense(_LATENT)(hidden)
    decoder = _tutorial_decoder()
    decoded = decoder([_Sampling()([z_mean, z_log_var]), condition])
    cvae = keras.Model([image, condition], layers.concatenate([decoded, z_mean, z_log_var]))
    cvae.compile(optimizer=keras.optimizers.Adam(1e-3), loss=tutorial_loss)
    return cvae, decoder


def _tutorial_decoder() -> Any:
    layers = keras.layers
    z, condition = keras.Input((_LATENT,)), keras.Input((_CLASSES,))
    hidden = layers.LeakyReLU(negative_slope=0.3)(layers.Dense(_WIDTH)(layers.concatenate([z, condition])))
    hidden = layers.Dropout(_DROPOUT)(layers.BatchNormalization()(hidden))
    return keras.Model([z, condition], layers.Dense(_PIXELS, activation="sigmoid")(hidden))


def tutorial_loss(image: Any, output: Any) -> Any:
    """(Cross-entropy summed over pixels + KL) / 2 / 784, as the tutorial scales it."""
    ops = keras.ops
    decoded, z_mean, z_log_var = ops.split(output, [_PIXELS, _PIXELS + _LATENT], axis=-1)
    cross_entropy = _PIXELS * keras.losses.binary_crossentropy(image, decoded)
    kl = 0.5 * ops.sum(ops.square(z_mean) + ops.exp(z_log_var) - 1.0 - z_log_var, axis=-1)
    return (cross_entropy + kl) / (2.0 * _PIXELS)


def _sampling_layer() -> type:
    class Sampling(keras.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            z_mean, z_log_var = inputs
            return z_mean + keras.ops.exp(0.5 * z_log_var) * keras.random.normal(keras.ops.shape(z_mean))

    return Sampling


_Sampling: Final = _sampling_layer()


def _matrix_products(steps: int) -> Callable[[], None]:
    """The products that ``steps`` training steps cannot do without, forward and backward, in NumPy's BLAS.

    Returns:
        A function that computes them and throws them away.
    """
    random = np.random.default_rng(0)
    layers = ((_PIXELS + _CLASSES, _WIDTH), (_WIDTH, 2 * _LATENT), (_LATENT + _CLASSES, _WIDTH), (_WIDTH, _PIXELS))
    inputs = [random.standard_normal((_BATCH, a), np.float32) for a, _ in layers]
    kernels = [random.standard_normal(shape, np.float32) for shape in layers]
    gradients = [random.standard_normal((_BATCH, b), np.float32) for _, b in layers]

    def multiply() -> None:
        for _ in range(steps):
            for number, (x, kernel, gradient) in enumerate(zip(inputs, kernels, gradients, strict=True)):
                np.matmul(x, kernel)
                np.matmul(x.T, gradient)
                if number > 0:  # nobody asks for the gradient of the images
                    np.matmul(gradient, kernel.T)

    return multiply
