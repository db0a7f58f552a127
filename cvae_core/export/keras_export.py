"""The network of a run as Keras and TensorFlow files of standard layers, which load without this package.

TensorFlow is imported only when a network is built, since it takes seconds to load.
"""

from __future__ import annotations

import errno
import json
import shutil
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, Final

from cvae_core.analysis.network import Progress, no_progress
from cvae_core.architecture import DataShape, Weights
from cvae_core.config.run import ModelSettings
from cvae_core.data.registry import shape_of
from cvae_core.errors import ExportError
from cvae_core.rendering.output import check_new_folder, check_target, published_folder, published_together
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import load_snapshot, snapshot_epochs
from cvae_core.runs.summary import without_snapshots

if TYPE_CHECKING:
    from cvae_core.models.keras_models import KerasModel

_SCRIPT: Final = Path(__file__).with_name("draw_digits.py")
_MODEL_LINE: Final = 'MODEL = "model.keras"\n'
# Keywords that Keras 3.15 writes and that older versions of Keras 3 refuse to read, with their defaults.
_NEW_KEYWORDS: Final[dict[str, dict[str, Any]]] = {
    "BatchNormalization": {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99},
    "Dense": {"quantization_config": None},
    "GlorotUniform": {"input_axes": None, "output_axes": None},
    "InputLayer": {"ragged": False},
}


@dataclass(frozen=True)
class ExportedNetwork:
    """The files of an exported network.

    Attributes:
        epoch: Of the snapshot.
        keras: The file of all models, if asked for.
        script: Draws with it; ``None`` without a Keras file, or if the run learns points.
        saved_model: The folder of the decoder, if asked for.
        name: Of the whole model, see ``build_whole``.
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
    progress: Progress = no_progress,
) -> ExportedNetwork:
    """Write the network of a run for Keras and TensorFlow; the files appear when all are complete, or not at all.

    Args:
        run: The run; it may still train.
        keras: A file for encoder, decoder and style transfer; a script that draws with it is written beside it.
        saved_model: A new folder for the decoder as a SavedModel.
        epoch: The epoch; the newest snapshot if ``None``.
        replace: Whether to replace existing files; a folder is never replaced.
        progress: Called with the number of steps done and the total; an error that it raises ends the work.

    Raises:
        ExportError: There is no snapshot yet, a file exists already, or cannot be written.
        RunNotFoundError: That epoch has no snapshot.
        RunDamagedError: Its snapshot is damaged.
        WeightsError: Its weights do not match the configuration of the run.
    """
    config, epochs = run.config(), snapshot_epochs(run.snapshots_folder)
    if not epochs:
        raise ExportError(*without_snapshots(run))
    chosen = epochs[-1] if epoch is None else epoch
    weights = load_snapshot(run.snapshots_folder, chosen)
    script = None
    if keras is not None and not config.learns_points:
        script = keras.with_name("draw_digits.py" if config.data.dataset == "mnist" else "draw_images.py")
    files = [path for path in (keras, script) if path is not None]
    for file in files:
        check_target(file, replace=replace)
    if saved_model is not None:
        check_new_folder(saved_model)
    steps = 2 + (keras is not None) + (saved_model is not None)
    progress(1, steps)
    with ExitStack() as stack:
        drafts = stack.enter_context(published_together(files, replace=replace))
        whole = build_whole(config.model, shape_of(config), weights)
        progress(2, steps)
        if keras is not None:
            save_keras(whole, drafts[0])
            progress(3, steps)
        if saved_model is not None:
            _save_decoder(whole, stack.enter_context(published_folder(saved_model)))
            progress(steps, steps)
        if keras is not None and script is not None:
            drafts[1].write_text(drawing_script(keras.name), encoding="utf-8")
    return ExportedNetwork(chosen, keras, script, saved_model, str(whole.name))


def drawing_script(model: str) -> str:
    """The script that draws with a Keras file of this name in its own folder."""
    return _SCRIPT.read_text(encoding="utf-8").replace(_MODEL_LINE, f"MODEL = {model!a}\n")


def build_whole(model: ModelSettings, shape: DataShape, weights: Weights) -> KerasModel:
    """Build one Keras model of a whole network.

    Images are float32 (n, height, width, channels), 0 to 1; labels are one-hot, float32 (n, n_classes), or numbers,
    (n, 1), if an autoencoder uses them. A network without labels takes none anywhere.

    Returns:
        "style_transfer": [image, its label, another label] -> image; "reconstruction": image -> image if the network
        is not conditional; "autoencoder": [example, label] -> example. Its layer "encoder" is a model, [image, label]
        -> z_mean and z_log_var (of an autoencoder only the code), and so is its layer "decoder", [z, label] -> image.
        The encoder draws no sample, as no standard layer does: z = z_mean + exp(z_log_var / 2) * noise.

    Raises:
        WeightsError: The weights are not those of the network.
    """
    from cvae_core.models.keras_models import build_models, float32, keras

    with float32():
        models = build_models(model, shape, weights)
        is_variational = models.architecture.is_variational
        encoder = models.encoder
        if models.z_log_var is not None:
            posterior = [models.z_mean.output, models.z_log_var.output]
            encoder = keras.Model(models.z_mean.inputs, posterior, name="encoder")
        # Encoder and decoder are layers: Keras would save parts that several models share twice.
        example = keras.Input(models.architecture.shape.image_shape, name="image")
        label = [keras.Input(part.shape[1:], name="label") for part in encoder.inputs[1:]]
        encoded = encoder([example, *label] if label else example)
        code = encoded[0] if is_variational else encoded
        if is_variational and label:
            target = keras.Input(label[0].shape[1:], name="target_label")
            return keras.Model([example, *label, target], models.decoder([code, target]), name="style_transfer")
        name = "reconstruction" if is_variational else "autoencoder"
        return keras.Model([example, *label], models.decoder([code, *label] if label else code), name=name)


def save_keras(whole: KerasModel, path: Path) -> None:
    """Write a model as a ``.keras`` file for Keras 3.5 and newer; an ``OSError`` if it cannot be written."""
    with NamedTemporaryFile(dir=path.parent, prefix=".tmp-", suffix=".keras") as written:
        whole.save(written.name)
        with zipfile.ZipFile(written.name) as source, zipfile.ZipFile(path, "w") as target:
            for entry in source.infolist():
                if entry.filename == "config.json":
                    target.writestr(entry, json.dumps(_without_new_keywords(json.loads(source.read(entry)))))
                    continue
                with source.open(entry) as part, target.open(entry, "w") as copy:
                    shutil.copyfileobj(part, copy)


def _without_new_keywords(config: Any) -> Any:
    """The configuration of a model without the new keywords that have their default value."""
    if isinstance(config, list):
        return [_without_new_keywords(part) for part in config]
    if not isinstance(config, dict):
        return config
    kept = {key: _without_new_keywords(value) for key, value in config.items()}
    for keyword, default in _NEW_KEYWORDS.get(kept.get("class_name", ""), {}).items():
        if kept["config"].get(keyword, default) == default:
            kept["config"].pop(keyword, None)
    return kept


def _save_decoder(whole: KerasModel, folder: Path) -> None:
    """Write the decoder as a TensorFlow SavedModel, whose endpoint ``serve`` takes [z, label], or [z]."""
    import tensorflow as tf

    try:
        whole.get_layer("decoder").export(str(folder), format="tf_saved_model", verbose=False)
    except tf.errors.ResourceExhaustedError as error:
        raise OSError(errno.ENOSPC, error.message) from error
    except tf.errors.OpError as error:
        raise OSError(errno.EIO, error.message) from error
