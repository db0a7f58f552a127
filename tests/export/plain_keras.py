"""Looks at files of models as somebody would who has Keras and nothing of this project: run by itself, not imported.

For each folder among the arguments: loads model.keras and decoder/, feeds them with inputs.npz, writes outputs.npz,
and runs the script if there is one.
"""

import importlib.abc
import runpy
import sys
from pathlib import Path


class Blocker(importlib.abc.MetaPathFinder):
    """Nothing of this project can be imported."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("cvae_core", "dashboard", "tests"):
            raise ImportError(f"{name} is not to be had here")


sys.meta_path.insert(0, Blocker())

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402


def look_at(folder: Path) -> None:
    given = np.load(folder / "inputs.npz")
    image, z, labels = given["image"], given["z"], [given[name] for name in ("label", "target") if name in given.files]
    model = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    encoder, decoder = model.get_layer("encoder"), model.get_layer("decoder")
    encoded = encoder([image, *labels[:1]] if labels else image)
    served = tf.saved_model.load(folder / "decoder")  # its variables live as long as it does
    outputs = {
        "encoded": np.stack(encoded) if isinstance(encoded, list | tuple) else np.asarray(encoded)[None],
        "decoded": decoder([z, *labels[:1]] if labels else z),
        "whole": model([image, *labels[: len(model.inputs) - 1]] if labels else image),
        "served": served.serve([z, *labels[:1]]),
    }
    np.savez(folder / "outputs.npz", **{name: np.asarray(value) for name, value in outputs.items()})
    (script,) = [*folder.glob("draw_*.py"), None][:1]
    if script is not None:
        sys.argv = [str(script), "-o", str(folder / "drawn.png"), "--rows", "3"]
        runpy.run_path(str(script), run_name="__main__")


for name in sys.argv[1:]:
    look_at(Path(name))
assert not [name for name in sys.modules if name.split(".")[0] in ("cvae_core", "dashboard")]
