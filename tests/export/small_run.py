"""A run with a few snapshots of a small network, as if it had been trained."""

from __future__ import annotations

from pathlib import Path

from cvae_core.architecture import DataShape
from cvae_core.config.run import DataConfig, ModelConfig, RunConfig, TrainConfig
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.snapshots import WEIGHTS_FILE, publish_snapshot, snapshot_folder
from tests.networks import random_weights

EPOCHS = (0, 1, 2, 5)
SHAPE = DataShape(28, 28, 1, 10)
TEST_IMAGES = 300


def small_run(folder: Path, name: str = "small", latent_dim: int = 3, epochs: tuple[int, ...] = EPOCHS) -> Run:
    model = ModelConfig(latent_dim=latent_dim, hidden_widths=(12,))
    data = DataConfig(train_limit=400, test_limit=TEST_IMAGES)
    run = create_run(folder, RunConfig(model=model, data=data, train=TrainConfig(epochs=5)), name)
    for epoch in epochs:
        publish_snapshot(run.snapshots_folder, epoch, random_weights(model, SHAPE, epoch))
    return run


def damage(run: Run, epoch: int) -> None:
    (snapshot_folder(run.snapshots_folder, epoch) / WEIGHTS_FILE).write_bytes(b"torn")


def names_in(folder: Path) -> list[str]:
    """The names in a folder, drafts and hidden ones included."""
    return sorted(path.name for path in folder.iterdir())
