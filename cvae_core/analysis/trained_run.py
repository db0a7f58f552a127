"""A run as pictures and judgements need it: its data, and its network after each epoch."""

from __future__ import annotations

from functools import cached_property

from cvae_core.data.registry import load_dataset, load_test_data, shape_of
from cvae_core.errors import ExportError
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.records import Dataset
from cvae_core.runs.recovery import without_snapshots
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import load_snapshot, snapshot_epochs


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

    def network(self, epoch: int) -> FoldedNetwork:
        """The network after so many epochs.

        Raises:
            RunNotFoundError: That epoch has no snapshot.
            RunDamagedError: Its snapshot is damaged.
            WeightsError: Its weights are not those of the run's configuration.
        """
        weights = load_snapshot(self.run.snapshots_folder, epoch)
        return FoldedNetwork(self.config.model, shape_of(self.config), weights)
