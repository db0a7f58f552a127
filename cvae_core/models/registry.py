"""Which builder makes the Keras models of which kind of network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cvae_core.architecture import DataShape, Weights
from cvae_core.config import ModelSettings
from cvae_core.models.keras_autoencoder import KerasAutoencoder, build_keras_autoencoder
from cvae_core.models.keras_models import KerasModels, build_keras_models

AnyModels = KerasModels | KerasAutoencoder
Builder = Callable[[ModelSettings, DataShape, Weights | None], AnyModels]

BUILDERS: Final[dict[str, Builder]] = {"cvae": build_keras_models, "autoencoder": build_keras_autoencoder}


def build_models(model: ModelSettings, shape: DataShape, weights: Weights | None = None) -> AnyModels:
    """Build the Keras models of whatever kind a configuration names.

    Args:
        model: The network; its ``kind`` chooses the builder.
        shape: Of the data.
        weights: Name -> float32 array; without them the layers have Keras's own initial weights.

    Raises:
        WeightsError: The weights are not those of the network.
    """
    return BUILDERS[model.kind](model, shape, weights)
