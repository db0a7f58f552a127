"""All times in one run, taken in turns, since machines are noisy: each number is the median of its turns."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final

from cvae_core.bench.engine import DECODED, Training, decoding, snapshot_seconds, torn_manifold_seconds
from cvae_core.bench.keras_baseline import BATCH, KerasPeer, matrix_products
from cvae_core.config.presets import tutorial
from cvae_core.data import load_dataset
from cvae_core.models.keras_setup import float32
from cvae_core.short_repr import short_repr

TURNS: Final = 5
_SNAPSHOTS: Final = 9
_PREDICTED: Final = 30
_VERSIONED: Final = ("tensorflow", "keras", "numpy")


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
    training = Training(config, dataset)
    peer = KerasPeer(dataset.train.images, dataset.train.labels)
    products = matrix_products(-(-len(dataset.train) // BATCH))
    epochs = _epochs({"ours": training.epoch_seconds, **_peers(peer, products)}, turns, progress)
    progress("snapshots and decoding")
    predicted = 1000 * DECODED / _PREDICTED * _predicting(peer)
    decoded = _timed_ms(decoding(config, dataset, training.state.weights()), _SNAPSHOTS)
    progress("the torn manifold")
    return BenchReport(
        epoch_s=epochs,
        ratio={
            "ours_to_keras_fit": epochs["ours"] / epochs["keras_fit"],
            "ours_to_matmul": epochs["ours"] / epochs["matmul"],
        },
        snapshot_ms={"ours": _snapshot_ms(training), "predict_one_by_one": predicted},
        decode_2250_ms={"ours": decoded, "predict_one_by_one": predicted},
        torn_manifold_s=torn_manifold_seconds(),
        machine=machine(),
    )


def _peers(peer: KerasPeer, products: Callable[[], None]) -> dict[str, Callable[[], float]]:
    return {"keras_fit": lambda: _seconds(peer.fit_epoch), "matmul": lambda: _seconds(products)}


def _epochs(ways: dict[str, Callable[[], float]], turns: int, progress: Callable[[str], None]) -> dict[str, float]:
    """Seconds an epoch of each, taken in turns after one turn that compiles."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(turns + 1):
        progress(f"epochs, turn {turn} of {turns}" if turn else "epochs, warming up")
        for name, way in ways.items():
            times[name].append(way())
    return {name: median(seconds[1:]) for name, seconds in times.items()}


def _snapshot_ms(training: Training) -> float:
    with tempfile.TemporaryDirectory() as folder:
        times = [snapshot_seconds(training.state, Path(folder), epoch) for epoch in range(_SNAPSHOTS)]
    return 1000 * median(times)


def _predicting(peer: KerasPeer) -> float:
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


def machine() -> dict[str, str | int]:
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
