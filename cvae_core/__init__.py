"""Conditional variational autoencoders (CVAE): data, presets, training and runs.

The public API is what ``__all__`` names. Importing it loads no TensorFlow; the first use of ``train`` does.

    from cvae_core import load_dataset, presets, train

    config = presets.quick()
    for event in train(config, load_dataset(config.data)):
        print(event)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cvae_core.config import presets
    from cvae_core.data import load_dataset
    from cvae_core.runs.run import load_run
    from cvae_core.training.engine import train

    __version__: str

__all__ = ["__version__", "load_dataset", "load_run", "presets", "train"]

_DISTRIBUTION: Final = "cvae-laboratory"
_MODULES: Final = {
    "load_dataset": "cvae_core.data",
    "load_run": "cvae_core.runs.run",
    "train": "cvae_core.training.engine",
}

if not TYPE_CHECKING:  # else type checkers would take any name for one of ours

    def __getattr__(name: str) -> object:
        """Load what is asked for at its first use."""
        if name in _MODULES:
            return getattr(import_module(_MODULES[name]), name)
        if name == "presets":
            return import_module("cvae_core.config.presets")
        if name == "__version__":
            from importlib.metadata import version

            return version(_DISTRIBUTION)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
