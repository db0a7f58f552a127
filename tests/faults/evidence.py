"""What must hold of a run after any fault, and the count of faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cvae_core.architecture import Weights
from cvae_core.config.run import RunConfig
from cvae_core.records import EpochRecord, Losses, StepRecord
from cvae_core.runs import lock
from cvae_core.runs.metrics import read_history
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.snapshots import load_snapshot, snapshot_epochs, snapshot_folder
from cvae_core.runs.status import Status
from cvae_core.runs.summary import overview
from cvae_core.workers.launcher import claim
from tests.living_workers import small_config
from tests.runs.examples import are_same

CONFIG = small_config(
    epochs=2, train_limit=200, test_limit=50, hidden_widths=(8,), snapshot_schedule="every", snapshot_every=1
)
LONGER = CONFIG.with_settings({"epochs": 24})


def trained(run: Run, until: int | None = None, observe: Callable[[Status], object] = bool) -> Status:
    """Train a run as its worker would, in this process.

    Args:
        run: The run.
        until: Stop after so many epochs; ``None`` for the end.
        observe: Told of every status.
    """
    from cvae_core.training.session import work

    reached = 0

    def watch(status: Status, record: StepRecord | EpochRecord | None) -> None:
        nonlocal reached
        reached = status.epoch
        observe(status)

    descriptor = claim(run)
    try:
        return work(run, watch, lambda: until is not None and reached >= until)
    finally:
        lock.release(descriptor)


@dataclass(frozen=True)
class Undisturbed:
    """What comes out of a training that nothing happens to."""

    config: RunConfig
    weights: dict[int, Weights]
    losses: list[tuple[Losses, Losses]]

    @classmethod
    def of(cls, folder: Path, config: RunConfig) -> Self:
        run = create_run(folder, config, "undisturbed")
        assert trained(run).state == "finished"
        weights = {epoch: load_snapshot(run.snapshots_folder, epoch) for epoch in snapshot_epochs(run.snapshots_folder)}
        return cls(config, weights, losses_of(read_history(run.metrics_file).epochs))


def losses_of(epochs: list[EpochRecord]) -> list[tuple[Losses, Losses]]:
    return [(record.train, record.test) for record in epochs]


@dataclass
class Tally:
    """How many faults were tried, how many of them the runs survived, and how many snapshots were lost."""

    tried: int = 0
    survived: int = 0
    lost: int = 0

    @contextmanager
    def fault(self) -> Iterator[None]:
        """One fault: survived if nothing in it fails."""
        self.tried += 1
        yield
        self.survived += 1

    def __str__(self) -> str:
        return f"faults tried {self.tried}, survived {self.survived}, snapshots lost {self.lost}"


@dataclass
class Witness:
    """Remembers every snapshot of a run that it ever saw published, byte for byte."""

    run: Run
    tally: Tally
    seen: dict[int, dict[str, bytes]] = field(default_factory=dict)

    def look(self) -> None:
        """Remember those that are new, and compare those that are not."""
        for epoch in snapshot_epochs(self.run.snapshots_folder):
            self.seen.setdefault(epoch, self._content(epoch))
        lost = [epoch for epoch, content in self.seen.items() if self._content(epoch) != content]
        self.tally.lost += len(lost)
        assert not lost, f"the snapshots of epochs {lost} were published and are no longer as they were"

    def _content(self, epoch: int) -> dict[str, bytes]:
        folder = snapshot_folder(self.run.snapshots_folder, epoch)
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}

    def check(self, expected: Undisturbed) -> None:
        """The run opens, each of its snapshots is whole and the undisturbed one's, and its metrics have no gap."""
        self.look()
        seen = overview(self.run)
        assert seen.state != "broken", f"{seen.problem} {seen.advice}"
        assert seen.config == expected.config
        for epoch in self.seen:
            assert are_same(load_snapshot(self.run.snapshots_folder, epoch), expected.weights[epoch])
        history = read_history(self.run.metrics_file)
        assert history.damaged_lines == 0, "a line is damaged, doubled or out of order"
        assert history.gap is None, f"lines are missing after {history.gap}"
        assert [record.epoch for record in history.epochs] == list(range(1, len(history.epochs) + 1))
        assert losses_of(history.epochs) == expected.losses[: len(history.epochs)]
        steps = [(record.epoch, record.step) for record in history.steps]
        assert steps == sorted(set(steps)), "a step twice or out of order"

    def check_to_the_end(self, expected: Undisturbed) -> None:
        """As it is, and then resumed to its end, which is that of the undisturbed run, bit for bit."""
        self.check(expected)
        if overview(self.run).state != "finished":
            status = trained(self.run)
            assert status.state == "finished", f"{status.problem} {status.advice}"
        self.check(expected)
        assert self.seen.keys() == expected.weights.keys()
        assert len(read_history(self.run.metrics_file).epochs) == expected.config.train.epochs
        assert not list(self.run.path.rglob(".tmp-*")), "something unpublished was left behind"
