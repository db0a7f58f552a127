"""The network of a run in Keras, of standard layers alone, so that a file of it loads with nothing of ours."""

from __future__ import annotations

import errno
import json
import shutil
import zipfile
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

import tensorflow as tf

from cvae_core.architecture import Architecture, DataShape, Weights
from cvae_core.config.run import ModelSettings
from cvae_core.models.keras_models import KerasAutoencoder, KerasModel, build_models
from cvae_core.models.keras_setup import float32, keras

# Keywords that Keras 3.15 writes for the layers and initializers that we use, and that an older Keras 3 refuses to
# read, with their defaults.
_NEW_KEYWORDS: Final[dict[str, dict[str, Any]]] = {
    "BatchNormalization": {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99},
    "Dense": {"quantization_config": None},
    "GlorotUniform": {"input_axes": None, "output_axes": None},
    "InputLayer": {"ragged": False},
}


@float32()
def build_whole(model: ModelSettings, shape: DataShape, weights: Weights) -> KerasModel:
    """One model that holds all of a network.

    Images are float32 (n, height, width, channels), 0 to 1; labels are one-hot, float32 (n, n_classes), or numbers,
    (n, 1), where an autoencoder takes them so. A network without labels takes none anywhere.

    Args:
        model: The network.
        shape: Of the data.
        weights: Name -> float32 array.

    Returns:
        "style_transfer": [image, its label, another label] -> image; "reconstruction": image -> image if the network
        is not conditional; "autoencoder": [example, label] -> example. Its layer "encoder" is a model, [image, label]
        -> z_mean and z_log_var (of an autoencoder the code alone), and so is its layer "decoder", [z, label] -> image.
        The encoder draws no sample, which no standard layer does: z = z_mean + exp(z_log_var / 2) * noise.

    Raises:
        WeightsError: The weights are not those of the network.
    """
    models = build_models(model, shape, weights)
    if isinstance(models, KerasAutoencoder):
        return _joined(models.architecture, models.encoder, models.decoder)
    posterior = [models.z_mean.output, models.z_log_var.output]
    encoder = keras.Model(models.z_mean.inputs, posterior, name="encoder")
    return _joined(models.architecture, encoder, models.decoder)


def _joined(architecture: Architecture, encoder: KerasModel, decoder: KerasModel) -> KerasModel:
    """Encoder and decoder in one model, in which each occurs once: Keras would save shared parts twice."""
    example = keras.Input(architecture.shape.image_shape, name="image")
    label = [keras.Input(of.shape[1:], name="label") for of in encoder.inputs[1:]]
    encoded = encoder([example, *label] if label else example)
    code = encoded[0] if architecture.is_variational else encoded
    if not architecture.is_variational or not label:
        name = "reconstruction" if architecture.is_variational else "autoencoder"
        return keras.Model([example, *label], decoder([code, *label] if label else code), name=name)
    target = keras.Input(label[0].shape[1:], name="target_label")
    return keras.Model([example, *label, target], decoder([code, target]), name="style_transfer")


def save_keras(whole: KerasModel, path: Path) -> None:
    """Write a model as a ``.keras`` file that every Keras since 3.5 reads.

    Raises:
        OSError: The file cannot be written.
    """
    with NamedTemporaryFile(dir=path.parent, prefix=".tmp-", suffix=".keras") as written:
        whole.save(written.name)
        with zipfile.ZipFile(written.name) as source, zipfile.ZipFile(path, "w") as target:
            for entry in source.infolist():
                if entry.filename == "config.json":
                    config = _without_new_keywords(json.loads(source.read(entry)))
                    target.writestr(entry, json.dumps(config))
                    continue
                with source.open(entry) as part, target.open(entry, "w") as copy:
                    shutil.copyfileobj(part, copy)


def _without_new_keywords(config: Any) -> Any:
    """The configuration of a model without those new keywords that have their default value."""
    if isinstance(config, list):
        return [_without_new_keywords(part) for part in config]
    if not isinstance(config, dict):
        return config
    kept = {key: _without_new_keywords(value) for key, value in config.items()}
    for keyword, default in _NEW_KEYWORDS.get(kept.get("class_name", ""), {}).items():
        if kept["config"].get(keyword, default) == default:
            kept["config"].pop(keyword, None)
    return kept


def save_decoder(whole: KerasModel, folder: Path) -> None:
    """Write the decoder of a model as a TensorFlow SavedModel, whose endpoint ``serve`` takes [z, label], or [z].

    Raises:
        OSError: The folder cannot be written.
    """
    try:
        whole.get_layer("decoder").export(str(folder), format="tf_saved_model", verbose=False)
    except tf.errors.ResourceExhaustedError as error:
        raise OSError(errno.ENOSPC, error.message) from error
    except tf.errors.OpError as error:
        raise OSError(errno.EIO, error.message) from error
