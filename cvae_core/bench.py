"""Times of training, snapshots and decoding, compared with plain Keras; medians of alternating turns."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from cvae_core.config.presets import TOY_PRESETS, tutorial
from cvae_core.config.run import RunConfig
from cvae_core.data import load_dataset
from cvae_core.errors import TrainingError
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.models.keras_models import build_models, float32, keras
from cvae_core.records import Dataset
from cvae_core.runs import lock
from cvae_core.runs.run import create_run
from cvae_core.runs.snapshots import publish_snapshot
from cvae_core.text import short_repr
from cvae_core.training.engine import train, warm_up
from cvae_core.training.session import work
from cvae_core.training.state import EpochEvent, StepEvent
from cvae_core.workers.launcher import claim

TURNS: Final = 5
_MEASUREMENTS: Final = 9
_PREDICTED: Final = 30
_DECODED: Final = 2250
_FITTED_EPOCHS: Final = 3
_PIXELS: Final = 784
_CLASSES: Final = 10
_LATENT: Final = 8
_WIDTH: Final = 256
_BATCH: Final = 500


@dataclass(frozen=True)
class BenchReport:
    """Times of the tutorial's models on all of MNIST and on the toy data.

    Attributes:
        epoch_s: An epoch of training, seconds: "ours", "keras_fit", "matmul" (only the matrix products).
        ratio: "ours_to_keras_fit" and "ours_to_matmul".
        snapshot_ms: A snapshot, milliseconds: "ours", and "predict_one_by_one", which decodes 2,250 codes for it.
        decode_2250_ms: Decoding 2,250 codes, milliseconds: "ours" and "predict_one_by_one" (from a sample of 30).
        torn_manifold_s: 300 epochs of both autoencoders on the toy data, seconds: "ours" (in parallel, with all files
            of a run), "ours_cpu" (its processor time) and "keras_fit" (batches of 30, from a sample).
        machine: System, processor, cores and versions.
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
    """Measure all times.

    Args:
        progress: Called with what is measured next.
        turns: Measurements of each way to train an epoch.
    """
    config = tutorial()
    dataset = load_dataset(config.data)
    progress("loading and compiling")
    events = train(config, dataset)
    state = next(events).state

    def our_epoch() -> float:
        """The seconds of the steps, without the evaluation on the test set, as in ``fit``."""
        nonlocal state
        began, seconds = time.perf_counter(), 0.0
        for event in events:
            state = event.state
            if isinstance(event, StepEvent):
                seconds = time.perf_counter() - began
            if isinstance(event, EpochEvent):
                break
        return seconds

    fit_epoch, decode_one_by_one = _keras_baseline(config, dataset)
    products = _matrix_products(-(-len(dataset.train) // _BATCH))
    ways: dict[str, Callable[[], float]] = {
        "ours": our_epoch,
        "keras_fit": lambda: _seconds(fit_epoch),
        "matmul": lambda: _seconds(products),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(turns + 1):
        progress(f"epochs, turn {turn} of {turns}" if turn else "epochs, warming up")
        for name, way in ways.items():
            times[name].append(way())
    epoch = {name: median(seconds[1:]) for name, seconds in times.items()}

    progress("snapshots and decoding")
    numbers = iter(range(_MEASUREMENTS + 1))
    with tempfile.TemporaryDirectory() as folder:
        snapshot_ms = _median_ms(lambda: publish_snapshot(Path(folder), next(numbers), state.weights()))
    network = FoldedNetwork(config.model, dataset.shape, state.weights())
    z = np.random.default_rng(0).standard_normal((_DECODED, _LATENT)).astype(np.float32)
    decode_ms = _median_ms(lambda: network.decode(z, np.arange(_DECODED) % _CLASSES))
    decode_one_by_one(1)  # compiles
    one_by_one = 1000 * _DECODED / _PREDICTED * _seconds(lambda: decode_one_by_one(_PREDICTED))

    progress("the toy data")
    return BenchReport(
        epoch_s=epoch,
        ratio={f"ours_to_{name}": epoch["ours"] / epoch[name] for name in ("keras_fit", "matmul")},
        snapshot_ms={"ours": snapshot_ms, "predict_one_by_one": one_by_one},
        decode_2250_ms={"ours": decode_ms, "predict_one_by_one": one_by_one},
        torn_manifold_s=_toy_seconds(),
        machine=_machine(),
    )


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _median_ms(act: Callable[[], object]) -> float:
    act()
    return 1000 * median(_seconds(act) for _ in range(_MEASUREMENTS))


def _machine() -> dict[str, str | int]:
    """The system, processor, cores and versions."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
        **{name: version(name) for name in ("tensorflow", "keras", "numpy")},
    }


def _toy_seconds() -> dict[str, float]:
    """Both presets of the toy data, the plain autoencoder and the conditional one, from the first epoch to the last.

    Returns:
        "ours": wall-clock seconds of both runs in parallel, with all files, after they are compiled; "ours_cpu":
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
    return times | {"keras_fit": sum(map(_toy_fit_seconds, configs))}


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


def _toy_fit_seconds(config: RunConfig) -> float:
    """Seconds that ``fit`` would take for all epochs."""
    dataset = load_dataset(config.data)
    points, labels = dataset.train.images, dataset.train.labels[:, None].astype(np.float32)
    inputs = [points, labels] if config.model.conditional else points
    model = build_models(config.model, dataset.shape).whole
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")

    def fit(epochs: int) -> None:
        model.fit(inputs, points, batch_size=config.train.batch_size, epochs=epochs, verbose=0)

    fit(1)
    return _seconds(lambda: fit(_FITTED_EPOCHS)) * config.train.epochs / _FITTED_EPOCHS


def _keras_baseline(config: RunConfig, dataset: Dataset) -> tuple[Callable[[], None], Callable[[int], None]]:
    """The tutorial's CVAE in plain Keras: trains for an epoch with ``fit``, decodes codes with a ``predict`` each."""
    models = build_models(config.model, dataset.shape)
    decoded = keras.layers.Flatten()(models.whole.output)
    assert models.z_log_var is not None
    output = keras.layers.concatenate([decoded, models.z_mean.output, models.z_log_var.output])
    cvae = keras.Model(models.whole.inputs, output)
    cvae.compile(optimizer=keras.optimizers.Adam(1e-3), loss=tutorial_loss)
    images = dataset.train.images.astype(np.float32) / 255.0
    labels = np.eye(_CLASSES, dtype=np.float32)[dataset.train.labels]
    flat = images.reshape(len(images), _PIXELS)
    code = [np.zeros((1, _LATENT), np.float32), labels[:1]]

    def fit_epoch() -> None:
        cvae.fit([images, labels], flat, batch_size=_BATCH, epochs=1, shuffle=True, verbose=0)

    def decode_one_by_one(count: int) -> None:
        for _ in range(count):
            models.decoder.predict(code, verbose=0)

    return fit_epoch, decode_one_by_one


def tutorial_loss(image: Any, output: Any) -> Any:
    """(Cross-entropy summed over pixels + KL) / 2 / 784, as the tutorial scales it; of flat images and outputs."""
    ops = keras.ops
    decoded, z_mean, z_log_var = ops.split(output, [_PIXELS, _PIXELS + _LATENT], axis=-1)
    cross_entropy = _PIXELS * keras.losses.binary_crossentropy(image, decoded)
    kl = 0.5 * ops.sum(ops.square(z_mean) + ops.exp(z_log_var) - 1.0 - z_log_var, axis=-1)
    return (cross_entropy + kl) / (2.0 * _PIXELS)


def _matrix_products(steps: int) -> Callable[[], None]:
    """The matrix products of ``steps`` training steps, forward and backward, in NumPy's BLAS."""
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
                if number > 0:  # the gradient of the images is not needed
                    np.matmul(gradient, kernel.T)

    return multiply
