"""Keras on TensorFlow and in float32, whatever the person's ``keras.json`` and environment say.

Everything in this package takes ``keras`` from here. The backend is chosen once for a process, when Keras is imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from cvae_core.errors import ConfigError

_BACKEND: Final = "tensorflow"


def _imported() -> Any:
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = _BACKEND
        os.environ["KERAS_NNX_ENABLED"] = "0"  # for the backend JAX only; TensorFlow fails with it
    try:
        import keras
    except Exception as error:  # Keras checks its settings in many ways when it is imported
        raise ConfigError(
            f"Keras could not be imported: {error}",
            "Check its settings in ~/.keras/keras.json (or keras.json in the folder KERAS_HOME), or remove that file.",
        ) from error
    if keras.config.backend() != _BACKEND:
        raise ConfigError(
            f"Keras models need the backend {_BACKEND}, and Keras already runs on {keras.config.backend()} here.",
            f"Set the environment variable KERAS_BACKEND={_BACKEND} before anything imports Keras.",
        )
    return keras


keras: Final = _imported()


@contextmanager
def float32() -> Iterator[None]:
    """Make new layers float32 with channels last; the process's own settings of Keras are restored at the end."""
    config = keras.config
    before = config.floatx(), config.dtype_policy(), config.image_data_format()
    try:
        config.set_floatx("float32")
        config.set_dtype_policy("float32")
        config.set_image_data_format("channels_last")
        yield
    finally:
        config.set_floatx(before[0])
        config.set_dtype_policy(before[1])
        config.set_image_data_format(before[2])
