"""What a training will cost: parameters, memory, disk and, where a like run was measured, time."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cvae_core.architecture import Architecture, plan
from cvae_core.config.run import RunConfig
from cvae_core.data import dataset_shape, test_size, training_size
from cvae_core.errors import ConfigError, StorageError
from cvae_core.remaining_time import duration
from cvae_core.runs.snapshots import scheduled_epochs
from cvae_core.runs.summary import Overview, size_words

MEMORY_SHARE: Final = 0.75
_FLOAT: Final = 4
# Fitted to the peak resident memory of workers with networks of 10 kB to 430 MB of weights, batches of 10 to 10,000 and
# 200 to 70,000 images; the estimate was off by at most 6 % on Linux with TensorFlow 2.21.
_PROCESS_BYTES: Final = 850 * 10**6
_COPIES_OF_WEIGHTS: Final = 18  # parameters, moments and gradients, before and after a step, and a checkpoint's copies
_COPIES_OF_DATA: Final = 4
_COPIES_OF_ACTIVATIONS: Final = 4
_BLOCK: Final = 4096
_TABLE_BYTES: Final = 120  # of a tensor's name, shape and place in a file of weights
_CHECKPOINTS: Final = 3  # two are kept, and a third is written before the older one is dropped
_EPOCH_BYTES: Final = 1_500  # records of an epoch and of its steps, without what each latent dimension adds
_EPOCH_BYTES_PER_KL: Final = 110
_CGROUP_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True)
class TrainingCost:
    """What a training takes, known before it starts.

    Attributes:
        parameters: Numbers in the network, moving statistics included, exactly as Keras's ``count_params`` has it.
        memory_bytes: Estimate of the most memory that the worker holds at a time.
        snapshots: How many are kept.
        storage_bytes: Estimate of the disk that the finished run takes at most: snapshots, checkpoints and records.
    """

    parameters: int
    memory_bytes: int
    snapshots: int
    storage_bytes: int

    def to_words(self) -> str:
        """In one line, without the time."""
        return (
            f"{_count_words(self.parameters)} parameters, about {_gigabytes(self.memory_bytes)} of memory, up to "
            f"{size_words(self.storage_bytes)} of disk for {self.snapshots:,} snapshots and the checkpoints"
        )


def training_cost(config: RunConfig) -> TrainingCost:
    """Estimate what a training takes; nothing is loaded and no file is read.

    Args:
        config: All settings.

    Raises:
        DataError: There is no such data set.
    """
    architecture = plan(config.model, dataset_shape(config.data))
    parameters = sum(map(math.prod, architecture.weight_shapes().values()))
    snapshots = len(scheduled_epochs(config.train))
    return TrainingCost(
        parameters,
        _memory(config, architecture, parameters),
        snapshots,
        _storage(config, architecture, parameters, snapshots),
    )


def _memory(config: RunConfig, architecture: Architecture, parameters: int) -> int:
    pixels, images = architecture.shape.pixels, training_size(config.data)
    example = pixels * (_FLOAT if architecture.shape.are_points else 1) + architecture.kl_terms * _FLOAT
    units = 2 * pixels + sum(layer.outputs for layer in (*architecture.encoder, *architecture.decoder))
    return (
        _PROCESS_BYTES
        + _COPIES_OF_WEIGHTS * _FLOAT * parameters
        + _COPIES_OF_DATA * example * (images + test_size(config.data))
        + _COPIES_OF_ACTIVATIONS * _FLOAT * units * min(config.train.batch_size, images)
    )


def _storage(config: RunConfig, architecture: Architecture, parameters: int, snapshots: int) -> int:
    tensors = len(architecture.weight_shapes())
    weights = _on_disk(_FLOAT * parameters + _TABLE_BYTES * tensors)
    state = _on_disk(3 * _FLOAT * parameters + _TABLE_BYTES * (tensors + 2))
    records = config.train.epochs * (_EPOCH_BYTES + _EPOCH_BYTES_PER_KL * architecture.kl_terms)
    return snapshots * weights + _CHECKPOINTS * state + _on_disk(records)


def _on_disk(size: int) -> int:
    """Bytes of a file, the text and the folder beside it, in whole blocks."""
    return (-(-size // _BLOCK) + 2) * _BLOCK


def _count_words(count: int) -> str:
    return f"{count / 1e6:,.1f} M" if count >= 1e6 else f"{count:,}"


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"


def measured_seconds(config: RunConfig, past: Iterable[Overview]) -> float | None:
    """How long the training takes if it is as fast as the first run with the same network, data and batches.

    Args:
        config: All settings.
        past: Earlier runs, the newest first.

    Returns:
        Seconds; ``None`` if no run of that kind completed an epoch.
    """
    for item in past:
        if item.config is None or item.status is None or _work(item.config) != _work(config):
            continue
        if item.status.epoch and item.status.seconds > 0.0:
            done = item.status.progress * item.status.epochs
            return item.status.seconds / done * config.train.epochs
    return None


def time_words(seconds: float | None) -> str:
    """The end of a sentence about the cost: an estimate of the time, or when it will be known."""
    if seconds is None:
        return "the time is known after the first epoch"
    return f"about {duration(max(1.0, seconds))}"


def _work(config: RunConfig) -> tuple[Any, ...]:
    """All that decides how long an epoch takes."""
    return (config.data, config.model, config.train.batch_size, config.train.max_shift, config.train.shift_rate)


def check_memory(cost: TrainingCost, way_out: str = "") -> None:
    """Refuse a training that would take more than ``MEMORY_SHARE`` of the machine's memory.

    Args:
        cost: Of the training.
        way_out: How to start it anyway, a sentence; empty if that is not possible.

    Raises:
        ConfigError: It would.
    """
    there = machine_memory()
    if there is not None and cost.memory_bytes > MEMORY_SHARE * there:
        raise ConfigError(
            f"This training needs about {_gigabytes(cost.memory_bytes)} of memory; a training may use "
            f"{MEMORY_SHARE:.0%} of this machine's {_gigabytes(there)}.",
            f"Choose narrower or fewer hidden layers, or a smaller batch. {way_out}".strip(),
        )


def check_disk(costs: Iterable[TrainingCost], folder: Path) -> None:
    """Refuse trainings whose files do not fit on the disk together.

    Args:
        costs: Of all that start together.
        folder: Of the runs; it need not exist yet.

    Raises:
        StorageError: They do not fit.
    """
    needed = list(costs)
    size, snapshots = sum(cost.storage_bytes for cost in needed), sum(cost.snapshots for cost in needed)
    free = free_disk(folder)
    if free is not None and size > free:
        raise StorageError(
            f"This training needs up to {size_words(size)} of disk for {snapshots:,} snapshots and the checkpoints; "
            f"{size_words(free)} are free in {folder}.",
            "Keep fewer snapshots, choose a smaller network, or free some space.",
        )


def machine_memory() -> int | None:
    """Bytes of memory that this machine, or the container around this process, has; ``None`` if it does not say."""
    found = []
    with suppress(ValueError, OSError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with suppress(ValueError, OSError):  # "max" where there is no limit
        found.append(int(_CGROUP_LIMIT.read_text()))
    return min(found, default=None)


def free_disk(folder: Path) -> int | None:
    """Bytes that are free where a folder is or would be made; ``None`` if the system does not say."""
    for place in (folder, *folder.absolute().parents):
        with suppress(OSError):
            return shutil.disk_usage(place).free
    return None
