"""The network of a run as files that go on without this software."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cvae_core.architecture import Weights
from cvae_core.config.run import RunConfig
from cvae_core.data.registry import shape_of
from cvae_core.errors import ExportError, ExportStoppedError
from cvae_core.rendering.output import check_new_folder, check_target, published_folder, published_together
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import load_snapshot, snapshot_epochs
from cvae_core.runs.summary import without_snapshots

_SCRIPT: Final = Path(__file__).with_name("draw_digits.py")
_MODEL_LINE: Final = 'MODEL = "model.keras"\n'
_SCRIPT_NAMES: Final = {"mnist": "draw_digits.py"}
_OTHER_IMAGES: Final = "draw_images.py"


@dataclass(frozen=True)
class ExportedNetwork:
    """What was written.

    Attributes:
        epoch: Of the snapshot.
        keras: The file of all models, if asked for.
        script: What draws with it; ``None`` if there is nothing to draw.
        saved_model: The folder of the decoder, if asked for.
        name: What the whole model does: "style_transfer", "reconstruction" or "autoencoder".
    """

    epoch: int
    keras: Path | None
    script: Path | None
    saved_model: Path | None
    name: str


def export_network(
    run: Run,
    keras: Path | None,
    saved_model: Path | None,
    epoch: int | None = None,
    *,
    replace: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> ExportedNetwork:
    """Write the network of a run as files for Keras and TensorFlow, which appear when all are whole, or not at all.

    Args:
        run: The run; it may still train.
        keras: A file that holds encoder, decoder and style transfer; a script that draws with it comes beside it.
        saved_model: A new folder for the decoder as a SavedModel.
        epoch: After how many epochs; the newest snapshot if ``None``.
        replace: Whether files may be replaced; a folder never is.
        progress: Told how many steps are done, and of how many.
        should_stop: Asked before each step.

    Raises:
        ExportError: There is no snapshot yet, a name is taken, or a file cannot be written.
        ExportStoppedError: ``should_stop`` said so.
        RunNotFoundError: That epoch has no snapshot.
        RunDamagedError: Its snapshot is damaged.
        WeightsError: Its weights are not those of the run's configuration.
    """
    config = run.config()
    chosen, weights = _snapshot(run, epoch)
    script = None if keras is None else _script_beside(keras, config)
    files = [path for path in (keras, script) if path is not None]
    _check(files, saved_model, replace)
    steps = _Steps(2 + (keras is not None) + (saved_model is not None), progress, should_stop)
    steps.done()
    from cvae_core.export import keras_file

    with ExitStack() as stack:
        drafts = stack.enter_context(published_together(files, replace=replace))
        whole = keras_file.build_whole(config.model, shape_of(config), weights)
        steps.done()
        if keras is not None:
            keras_file.save_keras(whole, drafts[0])
            steps.done()
        if saved_model is not None:
            keras_file.save_decoder(whole, stack.enter_context(published_folder(saved_model)))
            steps.done()
        if keras is not None and script is not None:
            drafts[1].write_text(drawing_script(keras.name), encoding="utf-8")
    return ExportedNetwork(chosen, keras, script, saved_model, str(whole.name))


def drawing_script(model: str) -> str:
    """The script that draws with a file of models.

    Args:
        model: The name of the file, which lies beside the script.
    """
    return _SCRIPT.read_text(encoding="utf-8").replace(_MODEL_LINE, f"MODEL = {model!a}\n")


def _snapshot(run: Run, epoch: int | None) -> tuple[int, Weights]:
    epochs = snapshot_epochs(run.snapshots_folder)
    if not epochs:
        raise ExportError(*without_snapshots(run))
    chosen = epochs[-1] if epoch is None else epoch
    return chosen, load_snapshot(run.snapshots_folder, chosen)


def _script_beside(keras: Path, config: RunConfig) -> Path | None:
    if config.learns_points:
        return None
    return keras.with_name(_SCRIPT_NAMES.get(config.data.dataset, _OTHER_IMAGES))


def _check(files: list[Path], folder: Path | None, replace: bool) -> None:
    """Refuse names that cannot be written before seconds are spent on loading TensorFlow."""
    for file in files:
        check_target(file, replace=replace)
    if folder is not None:
        check_new_folder(folder)


class _Steps:
    def __init__(self, total: int, progress: Callable[[int, int], None], should_stop: Callable[[], bool]) -> None:
        self._done, self._total = 0, total
        self._progress = progress
        self._should_stop = should_stop

    def done(self) -> None:
        self._done += 1
        self._progress(self._done, self._total)
        if self._should_stop():
            raise ExportStoppedError
