"""The one layer that Keras does not have: a draw from the posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from cvae_core.models.keras_tensorflow import keras

KerasTensor: TypeAlias = Any

if TYPE_CHECKING:

    class _Layer:
        seed_generator: Any

        def __init__(self, **options: Any) -> None: ...

        def get_config(self) -> dict[str, Any]: ...

        def __call__(self, inputs: Any) -> Any: ...

else:
    _Layer = keras.layers.Layer


class Sampling(_Layer):
    """z = z_mean + exp(z_log_var / 2) * noise (Kingma and Welling 2014, section 2.4), anew at every call.

    Args:
        seed: Makes the draws repeatable.
        options: Those of every Keras layer.
    """

    def __init__(self, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: list[KerasTensor]) -> KerasTensor:
        """Draw one z for each image.

        Args:
            inputs: z_mean and z_log_var, both float32 (n, latent_dim).

        Returns:
            float32 (n, latent_dim).
        """
        z_mean, z_log_var = inputs
        noise = keras.random.normal(keras.ops.shape(z_mean), dtype=z_mean.dtype, seed=self.seed_generator)
        return z_mean + keras.ops.exp(0.5 * z_log_var) * noise

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {**super().get_config(), "seed": self.seed}


keras.saving.register_keras_serializable(package="cvae")(Sampling)
