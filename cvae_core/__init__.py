"""Train, examine and evaluate conditional variational autoencoders (CVAE).

Importing this package loads no TensorFlow. A short tour:

    from cvae_core import evaluate, export_animation, load_run, preset, train

    config = preset("quick").with_settings({"epochs": 5})
    run = train(config, name="first", progress=lambda status: print(f"{status.progress:.0%}"))

A run is a folder, ``runs/first`` here. Open it again later, or while it trains:

    run = load_run("first")              # or the path of its folder
    run.metrics                          # a pandas DataFrame, one row an epoch
    run.epochs                           # epochs with a snapshot; 0 is the untrained network

Every snapshot is a network that runs in NumPy:

    test = run.dataset().test            # test.images: uint8 (n, 28, 28, 1); test.labels: int64 (n,)
    network = run.network(epoch=5)
    z_mean, z_log_var = network.encode(test.images, test.labels)
    images = network.decode(z_mean, test.labels)
    nats = network.elbo(test.images, test.labels)

Measure it, and write it to files:

    print(evaluate(run).accuracy)
    export_animation(run, "manifold_7.gif", "manifold", label=7)

Your own images go in as a ``Dataset`` of two ``Split``: ``for event in train(config, dataset)``. Errors are
``cvae_core.errors.CvaeError``; each says what is wrong and what to do. `cvae --help` lists the same as commands.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cvae_core.api import (
        Network,
        Run,
        evaluate,
        export_animation,
        export_archive,
        export_keras,
        load_run,
        train,
    )
    from cvae_core.config.presets import preset, presets
    from cvae_core.data import load_dataset
    from cvae_core.evaluation.report import Evaluation
    from cvae_core.records import Dataset, Split

    __version__: str

__all__ = [  # noqa: RUF022 (in reading order)
    "presets",
    "preset",
    "load_dataset",
    "Dataset",
    "Split",
    "train",
    "load_run",
    "Run",
    "Network",
    "evaluate",
    "Evaluation",
    "export_animation",
    "export_keras",
    "export_archive",
    "__version__",
]

_DISTRIBUTION: Final = "cvae-laboratory"
_ELSEWHERE: Final = {
    "presets": "cvae_core.config.presets",
    "preset": "cvae_core.config.presets",
    "load_dataset": "cvae_core.data",
    "Dataset": "cvae_core.records",
    "Split": "cvae_core.records",
    "Evaluation": "cvae_core.evaluation.report",
}

if not TYPE_CHECKING:  # else type checkers would take any name for one of ours

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used."""
        if name == "__version__":
            from importlib.metadata import version

            return version(_DISTRIBUTION)
        if name in __all__:
            return getattr(import_module(_ELSEWHERE.get(name, "cvae_core.api")), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
