"""What a server lets its visitors do: everything, unless whoever starts it says otherwise.

The settings are those of a process: it is told them by environment variables, which `cvae dashboard` sets. How many
trainings may run at once is said where turns are taken, by ``CVAE_MAX_WORKERS``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from cvae_core.config.fields import Settings, expected, format_value
from cvae_core.config.run import RunConfig
from cvae_core.data import training_size
from cvae_core.errors import ConfigError, DataError, RunBusyError
from cvae_core.runs.control import is_small, max_workers, turn_count
from cvae_core.runs.status import ALIVE
from cvae_core.runs.summary import overviews
from cvae_core.workers.cost import TrainingCost, check_disk, check_memory, training_cost

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
