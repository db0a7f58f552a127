"""Keras models are float32 on TensorFlow, whatever the person's own settings of Keras are."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from cvae_core.config.presets import preset
from cvae_core.data import dataset_shape
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.models.keras_models import build_models
from cvae_core.runs.snapshots import load_snapshot
from tests.export.small_run import SHAPE, small_run
from tests.networks import dump_weights, one_hot, random_weights

IMPORT = "import cvae_core.models.keras_models"


@pytest.fixture
def other_settings() -> Iterator[None]:
    """Settings of Keras that a person may have, and that are not ours."""
    before = keras.config.floatx(), keras.config.dtype_policy(), keras.config.image_data_format()
    keras.config.set_floatx("float16")
    keras.config.set_dtype_policy("mixed_float16")
    keras.config.set_image_data_format("channels_first")
    yield
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])
    keras.config.set_image_data_format(before[2])


def test_models_are_float32_and_leave_other_settings_alone(other_settings: None) -> None:
    config = preset("recommended").with_settings({"hidden_widths": (12,), "latent_dim": 3})
    shape = dataset_shape(config.data)
    weights = random_weights(config.model, shape)  # type: ignore[arg-type]
    models = build_models(config.model, shape, weights)
    for name, weight in dump_weights(models).items():
        assert weight.dtype == np.float32
        np.testing.assert_array_equal(weight, weights[name])
    random = np.random.default_rng(1)
    images, labels = random.random((5, *shape.image_shape)).astype(np.float32), np.arange(5)
    expected, _ = FoldedNetwork(config.model, shape, weights).encode(images, labels)
    given = [images, one_hot(labels, shape)]
    np.testing.assert_allclose(models.z_mean(given), expected, rtol=1e-5, atol=1e-5)
    assert np.asarray(models.encoder(given)).dtype == np.float32
    assert (keras.config.floatx(), keras.config.image_data_format()) == ("float16", "channels_first")
    assert keras.config.dtype_policy().name == "mixed_float16"


def test_noise_of_the_sampling_is_float32(other_settings: None) -> None:
    """float16 noise would be a multiple of 2 ** -24 and have 11 significant bits."""
    config = preset("quick").with_settings({"hidden_widths": (4,)})
    shape = dataset_shape(config.data)
    zero = {name: np.zeros_like(weight) for name, weight in random_weights(config.model, shape).items()}  # type: ignore[arg-type]
    encoder = build_models(config.model, shape, zero).encoder
    noise = np.asarray(encoder([np.zeros((50, *shape.image_shape), np.float32), np.zeros((50, 10), np.float32)]))
    assert np.any(noise != noise.astype(np.float16))


def said(code: str, **environment: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, timeout=120
    )
    return ended.stdout + ended.stderr.strip().rpartition("\n")[2]


@pytest.mark.faults
@pytest.mark.slow
def test_keras_on_another_backend_is_refused_in_one_sentence() -> None:
    # As if it ran on jax, which need not be installed here.
    another = "import keras; keras.config.backend = lambda: 'jax'; "
    words = "need the backend tensorflow, and Keras already runs on jax here. Set the environment variable"
    assert words in said(another + IMPORT)


@pytest.mark.faults
@pytest.mark.slow
def test_settings_that_keras_refuses_are_told(tmp_path: Path) -> None:
    (tmp_path / "keras.json").write_text('{"floatx": "float8"}')
    last = said(IMPORT, KERAS_HOME=str(tmp_path))
    assert last.startswith("cvae_core.errors.ConfigError: Keras could not be imported: Invalid `floatx`")
    assert "keras.json" in last


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.parametrize("variables", [{}, {"KERAS_NNX_ENABLED": "1"}])
def test_nnx_of_the_backend_jax_is_off(variables: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "keras.json").write_text('{"nnx_enabled": true}')
    code = f"{IMPORT}; import keras; print(keras.config.is_nnx_enabled())"
    assert said(code, KERAS_HOME=str(tmp_path), **variables).startswith("False")


@pytest.mark.slow
def test_export_has_the_same_content_whatever_keras_is_set_to(tmp_path: Path) -> None:
    settings = {"floatx": "float16", "backend": "torch", "image_data_format": "channels_first", "nnx_enabled": True}
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    run = small_run(tmp_path / "runs")
    file, decoder = tmp_path / "m.keras", tmp_path / "decoder"
    command = [sys.executable, "-P", "-m", "cvae_core", "export", "small", "--keras", file, "--saved-model", decoder]
    ended = subprocess.run(
        command,
        env=os.environ
        | {"KERAS_BACKEND": "jax", "KERAS_NNX_ENABLED": "1", "PYTHONWARNINGS": "error"}
        | {"KERAS_HOME": str(tmp_path), "CVAE_RUNS": str(tmp_path / "runs")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    with zipfile.ZipFile(file) as archive:
        config, weights = archive.read("config.json").decode(), archive.read("model.weights.h5")
    assert "float16" not in config
    assert "channels_first" not in config
    assert set(dtypes(weights)) == {np.dtype(np.float32)}
    z, labels = np.random.default_rng(2).standard_normal((6, 3)).astype(np.float32), np.arange(6)
    expected = FoldedNetwork(run.config().model, SHAPE, load_snapshot(run.snapshots_folder, 5)).decode(z, labels)
    served = tf.saved_model.load(str(decoder))
    np.testing.assert_allclose(served.serve([z, one_hot(labels, SHAPE)]), expected, rtol=1e-5, atol=1e-5)


def dtypes(weights: bytes) -> list[Any]:
    found: list[Any] = []
    with h5py.File(io.BytesIO(weights)) as file:
        file.visititems(lambda _, item: found.append(item.dtype) if isinstance(item, h5py.Dataset) else None)
    return found
