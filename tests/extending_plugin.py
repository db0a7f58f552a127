"""A plug-in of everything, written with public functions alone, as docs/extending.md shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from cvae_core.architecture import Architecture, DataShape, dense_plan, register_model_kind
from cvae_core.config.run import ModelConfig
from cvae_core.data import DatasetPlug, register_dataset
from cvae_core.likelihoods import register_likelihood
from cvae_core.metrics import register_metric
from cvae_core.records import Dataset, Split

SIDE = 6
NAMES = ("rows", "columns")


def _split(seed: int, count: int) -> Split:
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    lines = generator.integers(0, SIDE, count)
    images = np.zeros((count, SIDE, SIDE, 1), np.uint8)
    for image, label, line in zip(images, labels, lines, strict=True):
        image[(line, slice(None)) if label == 0 else (slice(None), line)] = 255
    return Split(images, labels)


def load_stripes(with_training: bool) -> Dataset:
    train, test = _split(1, 120), _split(2, 40)
    return Dataset("stripes", "Stripes", NAMES, train if with_training else train.first(0), test, "5" * 64)


register_dataset(DatasetPlug("stripes", "Stripes", (SIDE, SIDE, 1), NAMES, 120, 40, load_stripes, lambda: "5" * 64))


class Gaussian:
    """Mean and log-variance of each pixel."""

    name = "gaussian"
    parameters_per_pixel = 2
    keras_activation = ""

    def log_probability(self, targets: Any, outputs: Any) -> Any:
        mean, log_variance = np.split(outputs, 2, axis=1)
        nats = 0.5 * (np.log(2 * np.pi) + log_variance + np.square(targets - mean) * np.exp(-log_variance))
        return -nats.sum(axis=1, dtype=np.float32)

    def mean(self, outputs: Any) -> Any:
        return np.split(outputs, 2, axis=1)[0]

    def negative_log_probability(self, targets: Any, outputs: Any) -> Any:
        import tensorflow as tf

        mean, log_variance = tf.split(outputs, 2, axis=1)
        nats = float(np.log(2 * np.pi)) + log_variance + tf.square(targets - mean) * tf.exp(-log_variance)
        return 0.5 * tf.reduce_sum(nats, 1)


register_likelihood(Gaussian())


@dataclass(frozen=True)
class GatedLayer:
    """tanh(x W) * sigmoid(x V): not affine, so it cannot be folded."""

    name: str
    inputs: int
    outputs: int

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        return {f"{self.name}/{part}/kernel": (self.inputs, self.outputs) for part in ("value", "gate")}

    def numpy(self, weights: Mapping[str, Any], x: Any) -> Any:
        value, gate = (x @ weights[name] for name in self.weight_shapes())
        return np.tanh(value) / (1 + np.exp(-gate))

    def tensorflow(self, weights: Mapping[str, Any], x: Any) -> Any:
        import tensorflow as tf

        value, gate = (tf.matmul(x, weights[name]) for name in self.weight_shapes())
        return tf.tanh(value) * tf.sigmoid(gate)


class GatedConfig(ModelConfig):
    """A CVAE whose first hidden layers are gated; Dense layers with batch normalisation may follow."""

    kind: Literal["gated"] = "gated"
    gates: int = 8


def gated_plan(model: GatedConfig, shape: DataShape) -> Architecture:
    dense = dense_plan(model, shape)
    first, last = dense.encoder[0], dense.decoder[-1]
    widened = replace(first, inputs=model.gates)
    return replace(
        dense,
        encoder=(GatedLayer("encoder/gates", first.inputs, model.gates), widened, *dense.encoder[1:]),
        decoder=(*dense.decoder, GatedLayer("decoder/gates", last.outputs, last.outputs)),
    )


register_model_kind("gated", GatedConfig, gated_plan)


def brightness(network: Any, dataset: Dataset) -> float:
    """Mean pixel of the reconstructed test images."""
    return float(network.reconstruct(dataset.test.images, dataset.test.labels).mean())


register_metric("brightness", "Brightness", "", brightness)
