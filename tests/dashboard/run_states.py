"""Runs in every state, made by hand, so that pages can be tested without training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from cvae_core.architecture import Weights, plan
from cvae_core.config.presets import preset
from cvae_core.config.run import RunConfig
from cvae_core.data import dataset_shape
from cvae_core.records import EpochRecord, Losses, StepRecord
from cvae_core.runs import lock
from cvae_core.runs.metrics import BeginRecord, MetricsWriter
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.snapshots import publish_snapshot
from cvae_core.runs.status import Status, WrittenState, write_status

MNIST_SHAPE_EPOCHS = 5


def tiny_config(epochs: int = MNIST_SHAPE_EPOCHS) -> RunConfig:
    """Real digits, few of them, and a very small network."""
    return preset("tutorial").with_settings(
        {"test_limit": 60, "train_limit": 100, "hidden_widths": (8,), "latent_dim": 2, "epochs": epochs}
    )


def random_weights(config: RunConfig, seed: int) -> Weights:
    """Weights that fit the configuration on MNIST; variances are positive."""
    random = np.random.default_rng(seed)
    shapes = plan(config.model, dataset_shape(config.data)).weight_shapes()
    return {
        name: np.abs(random.normal(0.0, 0.3, shape)).astype(np.float32)
        if name.endswith("variance")
        else random.normal(0.0, 0.3, shape).astype(np.float32)
        for name, shape in shapes.items()
    }


def make_run(
    folder: Path, name: str, state: WrittenState, epochs: int = 2, snapshots: int | None = None, *, seed: int = 0
) -> Run:
    """A run that got through some epochs and is in a state.

    Args:
        folder: Of runs.
        name: Of the run.
        state: As its worker would have written it.
        epochs: Completed epochs.
        snapshots: Epochs 0 to this one have a snapshot; as many as epochs if left out, none if -1.
        seed: Runs of different ones have different weights; the weights of an epoch are those of seed plus epoch.
    """
    config = tiny_config(max(epochs, MNIST_SHAPE_EPOCHS))
    run = create_run(folder, config, name)
    last = epochs if snapshots is None else snapshots
    for epoch in range(last + 1):
        publish_snapshot(run.snapshots_folder, epoch, random_weights(config, seed + epoch))
    if epochs:
        _write_history(run, epochs)
    failed = state == "failed"
    status = Status(
        state,
        config.train.epochs,
        epoch=epochs,
        steps_per_epoch=1,
        images_per_second=1000.0,
        seconds=float(epochs),
        problem="The loss became NaN or infinite in epoch 3." if failed else "",
        advice="Try a smaller learning rate." if failed else "",
    )
    write_status(run.status_file, status)
    return run


def _write_history(run: Run, epochs: int) -> None:
    with MetricsWriter(run.metrics_file) as metrics:
        metrics.append(BeginRecord(0, 0, "0" * 64, {"numpy": "2"}))
        for epoch in range(1, epochs + 1):
            losses = Losses(200.0 / epoch, 180.0 / epoch, 20.0 / epoch, (15.0 / epoch, 5.0 / epoch))
            metrics.append(StepRecord(epoch, 1, 1, losses, 1000.0))
            metrics.append(EpochRecord(epoch, losses, losses, 1.0, 1e-3, 1.0))


@contextmanager
def living_worker(run: Run) -> Iterator[None]:
    """Hold the run's lock, as its worker would."""
    descriptor = lock.acquire(run.lock_file)
    assert descriptor is not None
    try:
        yield
    finally:
        lock.release(descriptor)
