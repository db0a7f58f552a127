"""What a training says while it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from cvae_core.architecture import Weights
from cvae_core.records import EpochRecord, StepRecord
from cvae_core.runs.snapshots import Checkpoint
from cvae_core.text import short_repr


class TrainingState(Protocol):
    """Where a training stands; valid for as long as it is held, however the training goes on."""

    def weights(self) -> Weights:
        """The weights of the network, moving statistics included."""

    def checkpoint(self) -> Checkpoint:
        """All that is needed to go on from here, bit for bit."""


@dataclass(frozen=True)
class StepEvent:
    """Some steps of an epoch were done, with so many images."""

    record: StepRecord
    images: int
    state: TrainingState = field(repr=False)

    __repr__ = short_repr


@dataclass(frozen=True)
class EpochEvent:
    """An epoch is complete and was measured on the test set."""

    record: EpochRecord
    state: TrainingState = field(repr=False)

    __repr__ = short_repr


@dataclass(frozen=True)
class SnapshotEvent:
    """The schedule wants the weights after ``epoch`` completed epochs to be kept."""

    epoch: int
    state: TrainingState = field(repr=False)

    __repr__ = short_repr


Event = StepEvent | EpochEvent | SnapshotEvent
