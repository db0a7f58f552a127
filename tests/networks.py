"""Small networks of every setting, with weights that hide nothing."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from hypothesis import strategies as st

from cvae_core.architecture import DataShape, Weights, plan
from cvae_core.config.run import Activation, BatchNormalization, ModelConfig
from cvae_core.records import Dataset, Split

shapes = st.builds(DataShape, st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.integers(1, 4))
models = st.builds(
    ModelConfig,
    conditional=st.booleans(),
    latent_dim=st.integers(1, 5),
    hidden_widths=st.lists(st.integers(1, 7), min_size=1, max_size=3).map(tuple),
    encoder_activation=st.sampled_from(get_args(Activation)),
    decoder_activation=st.sampled_from(get_args(Activation)),
    dropout_rate=st.sampled_from((0.0, 0.3)),
    batch_normalization=st.sampled_from(get_args(BatchNormalization)),
)


def random_weights(model: ModelConfig, shape: DataShape, seed: int = 0) -> Weights:
    """Weights in which every bias, gamma and moving statistic matters."""
    generator = np.random.default_rng(seed)

    def draw(name: str, size: tuple[int, ...]) -> np.ndarray:
        if name.endswith("/moving_variance"):
            return generator.uniform(0.2, 3.0, size).astype(np.float32)
        scale = 1.0 / np.sqrt(size[0]) if name.endswith("/kernel") else 0.5
        return (generator.normal(0.0, scale, size) + name.endswith("/gamma")).astype(np.float32)

    return {name: draw(name, size) for name, size in plan(model, shape).weight_shapes().items()}


def dump_weights(models: Any) -> Weights:
    """Name -> array of the weights of ``KerasModels``, in the architecture's order."""
    parts = [models.z_mean, *([] if models.z_log_var is None else [models.z_log_var]), models.decoder]
    by_path = {weight.path: weight.numpy() for model in parts for weight in model.weights}
    found = {}
    for name in models.architecture.weight_shapes():
        layer, _, part = name.rpartition("/")
        normalization = "" if part in ("kernel", "bias") else "_normalization"
        found[name] = by_path[f"{layer.replace('/', '_')}{normalization}/{part}"]
    return found


def random_split(shape: DataShape, count: int, seed: int = 0) -> Split:
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (count, *shape.image_shape), np.uint8)
    return Split(images, generator.integers(0, shape.n_classes, count))


def random_dataset(shape: DataShape, train: int, test: int) -> Dataset:
    names = tuple(str(label) for label in range(shape.n_classes))
    parts = random_split(shape, train, 1), random_split(shape, test, 2)
    return Dataset("random", "Random images", names, *parts, "0" * 64)


def one_hot(labels: np.ndarray, shape: DataShape) -> np.ndarray:
    return np.eye(shape.n_classes, dtype=np.float32)[labels]
