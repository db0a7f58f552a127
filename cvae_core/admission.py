"""Whether a training may start: the limits of a server, its queue, and the memory and disk of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cvae_core.config import RunConfig
from cvae_core.cost import TrainingCost, check_disk, check_memory, training_cost
from cvae_core.data import training_size
from cvae_core.errors import ConfigError, RunBusyError
from cvae_core.limits import MEGABYTE, Limits
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
        ConfigError: One has too many epochs, images or parameters, or takes too much disk.
        RunBusyError: Too many are under way.
        DataError: There is no such data set.
    """
    for config in configs:
        _check_size(limits, config)
    if limits.max_queued is not None:
        for small in {is_small(config) for config in configs}:
            _check_room(limits.max_queued, folder, small, sum(is_small(config) == small for config in configs))


def check_resources(folder: Path, configs: Sequence[RunConfig], force: bool = False, way_out: str = "") -> None:
    """Refuse new trainings for which this machine has too little memory or disk.

    Args:
        folder: Of runs.
        configs: Trainings that start together; each by itself should fit into the memory, all together on the disk.
        force: Leave the memory unchecked.
        way_out: How to force it, as a sentence for the error.

    Raises:
        ConfigError: One needs too much memory.
        StorageError: There is too little free disk.
        DataError: There is no such data set.
    """
    costs = [training_cost(config) for config in configs]
    for cost in costs:
        if not force:
            check_memory(cost, way_out)
    check_disk(costs, folder)


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
    _check_cost(limits, training_cost(config))


def _check_cost(limits: Limits, cost: TrainingCost) -> None:
    if limits.max_parameters is not None and cost.parameters > limits.max_parameters:
        raise ConfigError(
            f"This server takes networks of up to {limits.max_parameters:,} parameters; this one has "
            f"{cost.parameters:,}.",
            "Choose narrower or fewer hidden layers.",
        )
    if limits.max_storage is not None and cost.storage_bytes > limits.max_storage * MEGABYTE:
        raise ConfigError(
            f"This server takes trainings of up to {limits.max_storage:,} MB of disk; this one needs up to "
            f"{cost.storage_bytes / MEGABYTE:,.0f} MB for {cost.snapshots:,} snapshots and the checkpoints.",
            "Keep fewer snapshots, or choose narrower or fewer hidden layers.",
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
