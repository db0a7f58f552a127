"""Child processes: the command that starts one, and the settings of libraries on which all our processes rely."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Final

_SETTINGS: Final = {"KERAS_BACKEND": "tensorflow", "KERAS_NNX_ENABLED": "0"}
# XLA's flags change the bits of a training, and an unknown one ends the process. Keras's limits cut `predict` short,
# and Keras does not work where warnings are errors.
_UNSET: Final = ("XLA_FLAGS", "TF_XLA_FLAGS", "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "PYTHONWARNINGS")
_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

_IGNORED_WARNINGS: Final = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


def pin_settings() -> None:
    """Set the variables and warning filters on which we rely, before TensorFlow and Keras are imported."""
    for name in _UNSET:
        os.environ.pop(name, None)
    os.environ.update(_SETTINGS)
    if sys.warnoptions:  # PYTHONWARNINGS or -W, which Python has read already: go back to its defaults
        sys.warnoptions.clear()
        warnings.resetwarnings()
        for category in _IGNORED_WARNINGS:
            warnings.simplefilter("ignore", category)


def command(module: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules in a process of its own.

    ``-P`` keeps the working folder off the import path: a ``random.py`` there would be taken for the standard one.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def environment(threads: int | None = None) -> dict[str, str]:
    """The environment of a child process: this one's, with the settings on which we rely.

    Args:
        threads: How many the child may use for matrix products; its libraries decide if ``None``.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _UNSET}
    # Pipes carry UTF-8, and the child encodes the names of files as this process does, whatever the locale.
    encoding = {"PYTHONIOENCODING": "utf-8", "PYTHONUTF8": str(sys.flags.utf8_mode)}
    limits = {} if threads is None else dict.fromkeys(_THREADS, str(threads))
    return inherited | _SETTINGS | encoding | limits
