"""Whether a server takes a training: its size, and whether there is room for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cvae_core.config import RunConfig
from cvae_core.data import training_size
from cvae_core.errors import ConfigError, RunBusyError
from cvae_core.limits import Limits
from cvae_core.runs.overview import overviews
from cvae_core.runs.queue import is_small, max_workers, turn_count
from cvae_core.runs.status import ALIVE


def check_admission(limits: Limits, folder: Path, configs: Sequence[RunConfig]) -> None:
    """Refuse trainings that a server's limits do not allow.

    Args:
        limits: Those of the server.
        folder: Of runs; what is under way there takes its room.
        configs: Trainings that start together; all of them are taken or none.

    Raises:
        ConfigError: One has too many epochs or images.
        RunBusyError: Too many are under way.
        DataError: There is no such data set.
    """
    for config in configs:
        _check_size(limits, config)
    if limits.max_queued is not None:
        for small in {is_small(config) for config in configs}:
            _check_room(limits.max_queued, folder, small, sum(is_small(config) == small for config in configs))


def _check_size(limits: Limits, config: RunConfig) -> None:
    epochs, images = config.train.epochs, training_size(config.data)
    if limits.max_epochs is not None and epochs > limits.max_epochs:
        raise ConfigError(
            f"This server takes trainings of up to {limits.max_epochs:,} epochs; this one has {epochs:,}.",
            f"Set the epochs to {limits.max_epochs:,} or fewer.",
        )
    if limits.max_images is not None and images > limits.max_images:
        what = "points" if is_small(config) else "training images"
        raise ConfigError(
            f"This server takes trainings on up to {limits.max_images:,} {what}; this one has {images:,}.",
            f"Limit the {what} to {limits.max_images:,} or fewer.",
        )


def _check_room(max_queued: int, folder: Path, small: bool, wanted: int) -> None:
    turns = turn_count(max_workers(), small)
    there = sum(
        item.state in ALIVE and item.config is not None and is_small(item.config) == small for item in overviews(folder)
    )
    if there + wanted > turns + max_queued:
        raise RunBusyError(
            f"This server trains {turns} at once and lets {max_queued} wait; {there} are under way or waiting already.",
            "Wait until one ends, or stop one.",
        )
