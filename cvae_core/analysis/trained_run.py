"""A run as pictures and evaluations need it: its data, its networks and their records."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeVar

from cvae_core.analysis.network import Network
from cvae_core.analysis.views import Computed, compute
from cvae_core.config.run import RunConfig
from cvae_core.data.registry import load_dataset, load_test_data, shape_of
from cvae_core.errors import ExportError
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.records import Dataset
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import load_snapshot, snapshot_epochs
from cvae_core.runs.summary import without_snapshots

T = TypeVar("T")
Other = TypeVar("Other")


def load_network(run: Run, config: RunConfig, epoch: int) -> Network:
    """The network of a run, which has this configuration, after so many epochs.

    Raises:
        RunNotFoundError: That epoch has no snapshot.
        RunDamagedError: Its snapshot is damaged.
        WeightsError: Its weights are not those of the configuration.
    """
    weights = load_snapshot(run.snapshots_folder, epoch)
    return FoldedNetwork(config.model, shape_of(config), weights)


class TrainedRun:
    """What a run has learnt, read as it is asked for.

    Args:
        run: The run; it may still train.

    Attributes:
        run: The same.
        config: Of the run.
        epochs: Those that had a snapshot when this was made, rising; at least one.

    Raises:
        RunDamagedError: The configuration cannot be read.
        DataError: The data set is not there or damaged.
        ExportError: There is no snapshot yet, or the run has learnt points and not images.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._fixed: dict[tuple[object, int], Any] = {}
        self.config = run.config()
        self.epochs = snapshot_epochs(run.snapshots_folder)
        if not self.epochs:
            raise ExportError(*without_snapshots(run))
        if self.config.learns_points:
            raise ExportError(f"The run {run.id} has learnt points and not images.", "Choose a run on images.")

    @cached_property
    def test_data(self) -> Dataset:
        """The data set without its training part."""
        return load_test_data(self.config.data)

    @cached_property
    def data(self) -> Dataset:
        """The whole data set."""
        return load_dataset(self.config.data)

    def record(self, network: Network, view: Computed[T]) -> T:
        """What a view shows of the network of an epoch.

        Raises:
            ConfigError: The network or the data lack what the view names.
            DataError: The view shows training images, which are not there.
            RunError: The view builds on another epoch, whose snapshot is missing or damaged.
        """
        data = self.data if view.training_images else self.test_data

        def records(view: Computed[Other], epoch: int | None = None) -> Other:
            return self.record(network, view) if epoch is None else self._record_at(view, epoch)

        return compute(network, data, view, records)

    def _record_at(self, view: Computed[T], epoch: int) -> T:
        """The record of a fixed epoch, computed once for all frames that build on it."""
        if (view, epoch) not in self._fixed:
            self._fixed[view, epoch] = self.record(self.network(epoch), view)
        found: T = self._fixed[view, epoch]
        return found

    def network(self, epoch: int) -> Network:
        """As ``load_network``."""
        return load_network(self.run, self.config, epoch)
