"""The settings of the torn manifold and of the autoencoders that learn it: the tutorial's opening argument.

They are sections of their own, so that neither they nor the settings of a CVAE on images have any that mean nothing.
What the shared code asks of both is answered by constants of the class, which are no settings and are not written.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

from pydantic import field_validator

from cvae_core.config.fields import (
    ACTIVATIONS,
    AUTOENCODERS,
    CVAE_PAPER,
    DATA_SETS,
    LEARNING_BASICS,
    RANDOM_SEED,
    SEED_LIMIT,
    Activation,
    BatchNormalization,
    LabelCode,
    LearningRateSchedule,
    Settings,
    SnapshotSchedule,
    Width,
    setting,
    shared,
    widths_from_text,
)

TORN_MANIFOLD: Final = "torn_manifold"


class TornManifoldConfig(Settings):
    """Noisy points of the plane that lie on a manifold of separate pieces; ``data.torn_manifold`` says which."""

    dataset: Literal["torn_manifold"] = setting(
        TORN_MANIFOLD, "Data set", "Points on several separate curves.", DATA_SETS
    )
    noise: float = setting(
        0.06,
        "Noise",
        "Standard deviation of the Gaussian noise of both coordinates. 0: points exactly on the curves.",
        AUTOENCODERS,
        ge=0.0,
        le=1.0,
    )
    points: int = setting(
        1000,
        "Points of each piece",
        "Number of training points on each curve.",
        LEARNING_BASICS,
        ge=1,
        le=20_000,
    )
    distance: float = setting(
        0.0,
        "Distance",
        "Additional distance of the other curves from the sine arc. 0: as in the tutorial.",
        AUTOENCODERS,
        ge=0.0,
        le=5.0,
    )
    pieces: int = setting(2, "Pieces", "Number of separate curves; each has its own label.", AUTOENCODERS, ge=2, le=5)
    data_seed: int = setting(
        0,
        "Seed of the data",
        "Determines the noise of the points and nothing else.",
        RANDOM_SEED,
        ge=0,
        le=SEED_LIMIT,
    )


class AutoencoderConfig(Settings):
    """The tutorial's ``deep_ae``: Dense layers down to a linear code, and their mirror image up to a linear output."""

    likelihood: ClassVar[str] = "squared_error"
    dropout_rate: ClassVar[float] = 0.0
    batch_normalization: ClassVar[BatchNormalization] = "none"

    kind: Literal["autoencoder"] = setting(
        "autoencoder", "Model", "A plain autoencoder: its code has no distribution.", AUTOENCODERS
    )
    conditional: bool = setting(
        False,
        "Condition on labels",
        "Give the label to encoder and decoder, so that each curve is learned separately.",
        CVAE_PAPER,
    )
    label_code: LabelCode = setting(
        "number",
        "Form of the label",
        "number: the label as one number, as in the tutorial; one_hot: a vector with a single 1. Used if conditional.",
        LEARNING_BASICS,
    )
    latent_dim: int = setting(
        1,
        "Code dimensions",
        "Size of the code. With 2, as many as the point has, the network can simply copy it.",
        AUTOENCODERS,
        ge=1,
        le=100,
    )
    hidden_widths: tuple[Width, ...] = shared("hidden_widths", (64, 64))
    encoder_activation: Activation = shared("encoder_activation", "elu")
    decoder_activation: Activation = setting(
        "elu", "Decoder activation", "The non-linearity after each hidden layer of the decoder.", ACTIVATIONS
    )

    @field_validator("hidden_widths", mode="before")
    @classmethod
    def _widths_from_text(cls, value: Any) -> Any:
        return widths_from_text(value)


class AutoencoderTrainConfig(Settings):
    """How to train an autoencoder: Adam on the mean squared error. There is no KL, and points are not shifted."""

    beta: ClassVar[float] = 0.0
    kl_warmup_epochs: ClassVar[int] = 0
    max_shift: ClassVar[int] = 0
    shift_rate: ClassVar[float] = 0.0

    epochs: int = shared("epochs", 300)
    batch_size: int = shared("batch_size", 30)
    learning_rate: float = shared("learning_rate", 1e-3)
    learning_rate_schedule: LearningRateSchedule = shared("learning_rate_schedule", "constant")
    seed: int = shared("seed", 0)
    snapshot_schedule: SnapshotSchedule = shared("snapshot_schedule", "every")
    snapshot_every: int = shared("snapshot_every", 3)
