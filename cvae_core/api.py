"""What ``import cvae_core`` offers beside data and presets: train, load, evaluate and export runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, overload

from cvae_core.analysis.network import Network as AnyNetwork
from cvae_core.analysis.network import Progress, no_progress
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.config.run import RunConfig
from cvae_core.data import load_dataset, load_test_data, shape_of
from cvae_core.errors import ConfigError, TrainingError
from cvae_core.evaluation import classification, report
from cvae_core.evaluation.report import Evaluation
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.metrics import quantities
from cvae_core.records import Bytes, Dataset, Floats, Labels, Split, checked_images, checked_labels
from cvae_core.runs.metrics import read_history
from cvae_core.runs.run import Run as RunFolder
from cvae_core.runs.run import open_run, runs_folder
from cvae_core.runs.snapshots import load_snapshot, snapshot_epochs
from cvae_core.runs.status import ALIVE, State, Status
from cvae_core.runs.summary import overview

if TYPE_CHECKING:
    import pandas as pd

    from cvae_core.analysis.records import Float64Array
    from cvae_core.runs.snapshots import Checkpoint
    from cvae_core.training.state import Event

_POLL_SECONDS: Final = 0.2


class Network(FoldedNetwork):
    """A trained network, run in NumPy: ``encode``, ``decode``, ``reconstruct`` and ``elbo``."""

    def elbo(self, images: Bytes | Floats, labels: Labels) -> Float64Array:
        """The evidence lower bound of each image, at the mean of its posterior.

        log p(x | z, y) - KL(q(z | x, y) || N(0, I)) at z = z_mean (Kingma and Welling 2014, equation 10). As the mean
        is decoded better than most samples, this lies mostly above the ELBO that training reports.

        Args:
            images: uint8 (n, height, width, channels), 0 to 255, or floats 0 to 1.
            labels: Integers (n,), 0 to n_classes - 1.

        Returns:
            float64 (n,), nats per image, summed over pixels and latent dimensions.

        Raises:
            DataError: Images or labels do not fit the network.
        """
        checked = checked_images(images)
        numbers = checked_labels(labels, len(checked), self.architecture.shape.n_classes)
        return classification.elbo(self, checked, numbers)


class Run(RunFolder):
    """A training run, read from its folder; it may still train.

    Attributes:
        path: The folder; its name is the id of the run.
    """

    @property
    def state(self) -> State:
        """What the run does now, as `cvae runs list` shows it: "running", "paused", "finished", "failed", ..."""
        return overview(self).state

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs with a snapshot, rising. They count completed epochs: 0 is the untrained network."""
        return tuple(snapshot_epochs(self.snapshots_folder))

    @property
    def metrics(self) -> pd.DataFrame:
        """One row for each completed epoch; of more than 1,024 epochs a selection with the first, last and best.

        Returns:
            Index ``epoch``; columns ``train_loss``, ``train_reconstruction``, ``train_kl``, the same with ``test_``,
            ``test_kl_z1`` and so on for each latent dimension, all in nats per image; ``seconds``,
            ``learning_rate``, ``beta``; ``extra_`` and a name for each metric of a plug-in. Empty before the first
            epoch is complete.

        Raises:
            RunDamagedError: The metrics cannot be read.
        """
        import pandas as pd

        rows = {}
        for record in read_history(self.metrics_file).epochs:
            kl = {f"test_kl_z{number}": value for number, value in enumerate(record.test.kl_per_dimension, 1)}
            values = {name: value for name, _, value in quantities(record)}
            rows[record.epoch] = {**values, "seconds": record.seconds, **kl}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("epoch")

    def network(self, epoch: int | None = None) -> Network:
        """The network after an epoch.

        Args:
            epoch: One of ``epochs``; the newest if ``None``.

        Raises:
            ExportError: There is no snapshot yet, or the run learns points and not images.
            RunNotFoundError: That epoch has no snapshot.
            RunDamagedError: Its snapshot is damaged.
        """
        trained = TrainedRun(self)
        weights = load_snapshot(self.snapshots_folder, trained.epochs[-1] if epoch is None else epoch)
        return Network(trained.config.model, shape_of(trained.config), weights)

    def dataset(self) -> Dataset:
        """The data that the run learns from and is measured on."""
        return load_dataset(self.config().data)


def load_run(run: str | Path, folder: str | Path | None = None) -> Run:
    """Open an existing run.

    Args:
        run: Its name, as `cvae runs list` shows it, or the path of its folder.
        folder: The folder of runs; that of ``CVAE_RUNS``, or ``./runs``, if ``None``.

    Raises:
        RunError: The name is not valid.
        RunNotFoundError: There is no such run.
    """
    if folder is None and isinstance(run, (str, Path)) and Path(run).name != str(run):
        return Run(open_run(Path(run).parent, Path(run).name).path)
    return Run(open_run(runs_folder(folder), str(run) if isinstance(run, Path) else run).path)


@overload
def train(config: RunConfig, dataset: Dataset, start: Checkpoint | None = None) -> Iterator[Event]: ...


@overload
def train(
    config: RunConfig,
    *,
    name: str | None = None,
    folder: str | Path | None = None,
    progress: Callable[[Status], object] | None = None,
) -> Run: ...


def train(
    config: RunConfig,
    dataset: Dataset | None = None,
    start: Checkpoint | None = None,
    *,
    name: str | None = None,
    folder: str | Path | None = None,
    progress: Callable[[Status], object] | None = None,
) -> Run | Iterator[Event]:
    """Train a model and return its run when the training has ended.

    The training runs in a process of its own, which loads TensorFlow and writes the run's folder. Ctrl-C, or an error
    in ``progress``, stops it and keeps what was learnt; `cvae resume` continues it.

    With ``dataset``, which may hold your own images, the training runs in this process instead and writes nothing:
    the call returns an iterator of events (steps, epochs and snapshots).

    Args:
        config: The settings, such as ``preset("quick")``.
        dataset: Images to learn from instead of those that ``config.data`` names.
        start: With ``dataset``: the checkpoint to continue from.
        name: The name of the run; made from time and preset if ``None``.
        folder: The folder of runs; that of ``CVAE_RUNS``, or ``./runs``, if ``None``.
        progress: Called several times a second with the status: ``epoch``, ``progress`` (0 to 1),
            ``images_per_second``, ``remaining_seconds``.

    Returns:
        The run, finished or stopped; with ``dataset`` the events.

    Raises:
        ConfigError: The training needs more memory than this machine should give.
        RunError: The name is not valid or is taken.
        TrainingError: The training failed; the message says why.
    """
    if dataset is not None:
        from cvae_core.training.engine import train as events

        return events(config, dataset, start)
    from cvae_core.workers.launcher import Launcher, stop
    from cvae_core.workers.quotas import check_resources

    place = runs_folder(folder)
    check_resources(place, [config])
    run = Run(Launcher().start(place, config, name).path)
    try:
        _wait(run, progress or (lambda _status: None))
    except BaseException:
        stop(run)
        raise
    return run


def _wait(run: Run, progress: Callable[[Status], object]) -> None:
    """Report until the worker has ended.

    Raises:
        TrainingError: It failed, or ended without a word.
    """
    while True:
        now = overview(run)
        if now.status is not None:
            progress(now.status)
        if now.state not in ALIVE:
            break
        time.sleep(_POLL_SECONDS)
    if now.state not in ("finished", "stopped"):
        raise TrainingError(now.problem or "The training ended unexpectedly.", now.advice or f"See {run.log_file}.")


def evaluate(
    trained: RunFolder | AnyNetwork,
    test: Split | None = None,
    *,
    epoch: int | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> Evaluation:
    """Measure how well a network recognises test images and keeps their handwriting style; takes some 20 seconds.

    Args:
        trained: A run, or a conditional network.
        test: Images that it was not trained on; the test set of the run if ``None``. Needed for a network.
        epoch: Of a run: which snapshot; the newest if ``None``.
        seed: Of the random shifts and of the choice of images, 0 to 2^31 - 1.
        progress: Called with the work done so far and the total.

    Raises:
        ConfigError: The network takes no labels or has no posterior, or a network came without test images.
        ExportError: The run has no snapshot yet.
    """
    if isinstance(trained, RunFolder):
        network: AnyNetwork = Run(trained.path).network(epoch)
        test = load_test_data(trained.config().data).test if test is None else test
    elif test is None:
        raise ConfigError("A network needs test images.", "Give a Split of images and labels, or a run.")
    else:
        network = trained
    return report.evaluate(network, test, seed, progress=progress)


def export_animation(
    run: RunFolder,
    path: str | Path,
    picture: Literal["manifold", "latent", "style", "samples", "reconstructions"] = "manifold",
    *,
    label: int | None = None,
    replace: bool = False,
    progress: Progress = no_progress,
) -> Path:
    """Write an animation of one picture over all snapshots of a run.

    Args:
        run: The run.
        path: The file to write; its name ends in ``.gif`` or ``.webp``.
        picture: What to show.
        label: The label to show; needed for the manifold.
        replace: Whether to replace an existing file.
        progress: Called with the number of frames done and the total.

    Returns:
        The path.

    Raises:
        ConfigError: The file name or the label does not fit.
        ExportError: There is no snapshot, one is damaged, or the file cannot be written.
    """
    from cvae_core.export.animation_task import save_animations
    from cvae_core.rendering.output import ANIMATION_FORMATS
    from cvae_core.rendering.pictures import picture_class

    target = Path(path)
    for animation_format in ANIMATION_FORMATS:
        if target.suffix.lower() == f".{animation_format}":
            fields = {"label": label} if label is not None or picture == "manifold" else {}
            view = picture_class(picture)(**fields)  # type: ignore[arg-type]
            save_animations(TrainedRun(run), [(view, target)], animation_format, replace=replace, progress=progress)
            return target
    raise ConfigError(f"The name of an animation must end in .gif or .webp; it is {target.name!r}.")


def export_keras(
    run: RunFolder,
    path: str | Path,
    epoch: int | None = None,
    *,
    replace: bool = False,
    progress: Progress = no_progress,
) -> Path:
    """Write encoder, decoder and style transfer as one Keras file, with a script beside it that uses them.

    Args:
        run: The run.
        path: The file to write; its name ends in ``.keras``.
        epoch: Which snapshot; the newest if ``None``.
        replace: Whether to replace existing files.
        progress: Called with the number of steps done and the total.

    Returns:
        The path. ``keras.models.load_model`` reads it without this package.

    Raises:
        ConfigError: The file name does not end in ``.keras``.
        ExportError: There is no snapshot, or the file cannot be written.
    """
    from cvae_core.export.keras_export import export_network

    target = Path(path)
    if target.suffix != ".keras":
        raise ConfigError(f"The name of a Keras file must end in .keras; it is {target.name!r}.")
    export_network(run, target, None, epoch, replace=replace, progress=progress)
    return target


def export_archive(
    run: RunFolder,
    path: str | Path,
    snapshots: Literal["all", "last"] = "all",
    *,
    replace: bool = False,
    progress: Progress = no_progress,
) -> Path:
    """Pack a run into one ZIP file, which `cvae runs import` unpacks on another machine.

    Args:
        run: The run.
        path: The file to write.
        snapshots: All of them, or the last one only.
        replace: Whether to replace an existing file.
        progress: Called with the number of bytes packed and the total.

    Returns:
        The path.

    Raises:
        ArchiveError: There is no snapshot.
        ExportError: The file cannot be written.
    """
    from cvae_core.rendering.output import published_together
    from cvae_core.runs.pack import pack_run

    target = Path(path)
    with published_together([target], replace=replace) as [draft], draft.open("wb") as stream:
        pack_run(run, stream, snapshots, progress=progress)
    return target
