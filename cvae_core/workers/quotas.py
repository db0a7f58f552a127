"""What a training costs (parameters, memory, disk, time), and what a shared server allows."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from cvae_core.architecture import Architecture, plan
from cvae_core.config.fields import Settings, expected, format_value
from cvae_core.config.run import RunConfig
from cvae_core.data import dataset_shape, test_size, training_size
from cvae_core.errors import ConfigError, DataError, RunBusyError, StorageError
from cvae_core.remaining_time import duration
from cvae_core.runs.control import is_small, max_workers, turn_count
from cvae_core.runs.snapshots import scheduled_epochs
from cvae_core.runs.status import ALIVE
from cvae_core.runs.summary import Overview, overviews, size_words

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


_PREFIX: Final = "CVAE_"
PICTURE_MB: Final = 20  # a photograph by a telephone has 3 to 12
MEGABYTE: Final = 2**20  # as Streamlit counts them
_TRUE: Final = ("1", "true", "yes", "on")
_FALSE: Final = ("0", "false", "no", "off")
# Who may talk to the server; the dashboard reads them.
TOKEN_VARIABLE: Final = "CVAE_TOKEN"
NO_TOKEN_VARIABLE: Final = "CVAE_NO_TOKEN"
ALLOWED_HOSTS_VARIABLE: Final = "CVAE_ALLOWED_HOSTS"
_SHORTEST_TOKEN: Final = 12


class Limits(Settings):
    """What visitors may do; ``None`` is no limit.

    Attributes:
        read_only: They look, and change nothing.
        max_queued: Most queued trainings.
        max_epochs: Epochs of a training.
        max_images: Most training images or points of a training.
        max_parameters: Parameters of a network.
        max_storage: Megabytes of disk that all files of one training may take.
        max_upload_mb: Megabytes of a file that is uploaded.

    Raises:
        ConfigError: A value is out of range.
    """

    read_only: bool = Field(False)
    max_queued: int | None = Field(None, ge=0, le=1_000)
    max_epochs: int | None = Field(None, ge=1)
    max_images: int | None = Field(None, ge=1)
    max_parameters: int | None = Field(None, ge=1)
    max_storage: int | None = Field(None, ge=1)
    max_upload_mb: int | None = Field(None, ge=1, le=10_000)

    @property
    def limits_size(self) -> bool:
        """Whether the size of a training is limited at all."""
        sizes = (self.max_epochs, self.max_images, self.max_parameters, self.max_storage)
        return any(limit is not None for limit in sizes)


def variable(name: str) -> str:
    """The environment variable of a limit."""
    return _PREFIX + name.upper()


def read_limits(environment: Mapping[str, str] | None = None) -> Limits:
    """The limits that hold in this process.

    Args:
        environment: Where to look; that of the process if left out. An empty variable is as none.

    Raises:
        ConfigError: A variable makes no sense; the text names it.
    """
    source = os.environ if environment is None else environment
    given = {name: source.get(variable(name), "") for name in Limits.model_fields}
    values: dict[str, Any] = {name: _value(name, text) for name, text in given.items() if text}
    return Limits(**values)


def check_token(token: str) -> None:
    """Refuse a token that is too short to keep anyone out.

    Raises:
        ConfigError: It is.
    """
    if len(token) < _SHORTEST_TOKEN:
        raise ConfigError(
            f"The token has {len(token)} characters; expected at least {_SHORTEST_TOKEN}.",
            f"Choose a longer one, or leave it and {TOKEN_VARIABLE} out: the server then makes one.",
        )


def goes_without_token() -> bool:
    """Whether the person said that no token is wanted."""
    return os.environ.get(NO_TOKEN_VARIABLE, "") not in ("", "0")


def largest_upload_mb(limits: Limits, usual: int) -> int:
    """Megabytes that a file may have which is uploaded, where so many are usual."""
    return usual if limits.max_upload_mb is None else min(usual, limits.max_upload_mb)


def check_upload(limits: Limits, usual: int, size: int) -> None:
    """Refuse a file that is too large, though a browser should have done so.

    Args:
        limits: Those of the server.
        usual: Megabytes that such a file may have otherwise.
        size: Its bytes.

    Raises:
        DataError: It is.
    """
    most = largest_upload_mb(limits, usual)
    if size > most * MEGABYTE:
        raise DataError(
            f"This server takes files of up to {most:,} MB; this one has {size / MEGABYTE:,.1f} MB.",
            "Choose a smaller one.",
        )


def _value(name: str, text: str) -> Any:
    """The value of a limit, checked by itself so that the text of an error can name its variable."""
    field = Limits.model_fields[name]
    if field.annotation is bool:
        return _truth(name, text)
    alone: dict[str, Any] = {name: text}
    try:
        return getattr(Limits(**alone), name)
    except ConfigError:
        wanted = expected(field).removesuffix(", or nothing")
        raise ConfigError(
            f"{variable(name)} is {format_value(text)}; expected {wanted}.", "Correct it, or unset it for no limit."
        ) from None


def _truth(name: str, text: str) -> bool:
    if text.lower() not in _TRUE + _FALSE:
        raise ConfigError(f"{variable(name)} is {format_value(text)}; expected 1 or 0.")
    return text.lower() in _TRUE


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
