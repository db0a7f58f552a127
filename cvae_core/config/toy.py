"""The settings of the torn manifold and of the autoencoders that learn it: the tutorial's opening argument.

They are sections of their own, so that neither they nor the settings of a CVAE on images have any that mean nothing.
What the shared code asks of both is answered by constants of the class, which are no settings and are not written.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

from pydantic import field_validator

from cvae_core.config.fields import (
    ACTIVATIONS,
    ADAM_PAPER,
    AUTOENCODERS,
    CHECKPOINTING,
    COSINE_PAPER,
    CVAE_PAPER,
    DATA_SETS,
    FEEDFORWARD_NETWORKS,
    LEARNING_BASICS,
    OPTIMIZATION,
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
    widths_from_text,
)

TORN_MANIFOLD: Final = "torn_manifold"


class TornManifoldConfig(Settings):
    """Noisy points of the plane that lie on a manifold of separate pieces; ``data.torn_manifold`` says which."""

    dataset: Literal["torn_manifold"] = setting(
        TORN_MANIFOLD, "Data set", "Points on a manifold of several pieces.", DATA_SETS
    )
    noise: float = setting(
        0.06,
        "Noise",
        "Standard deviation of the Gaussian noise on both coordinates. 0: the exact curves.",
        AUTOENCODERS,
        ge=0.0,
        le=1.0,
    )
    points: int = setting(
        1000,
        "Points of each piece",
        "How many noisy points of each piece there are to learn from.",
        LEARNING_BASICS,
        ge=1,
        le=20_000,
    )
    distance: float = setting(
        0.0,
        "Distance",
        "How much farther than in the tutorial the other pieces lie from the sine arc. 0: as in the tutorial.",
        AUTOENCODERS,
        ge=0.0,
        le=5.0,
    )
    pieces: int = setting(
        2, "Pieces", "How many separate pieces the manifold has; each has its own label.", AUTOENCODERS, ge=2, le=5
    )
    data_seed: int = setting(
        0,
        "Seed of the data",
        "The noise of the points follows from it, and nothing else does.",
        RANDOM_SEED,
        ge=0,
        le=SEED_LIMIT,
    )


class AutoencoderConfig(Settings):
    """The tutorial's ``deep_ae``: Dense layers down to a linear code, and their mirror image up to a linear output."""

    dropout_rate: ClassVar[float] = 0.0
    batch_normalization: ClassVar[BatchNormalization] = "none"

    kind: Literal["autoencoder"] = setting(
        "autoencoder", "Model", "An autoencoder: a code, but no distribution over it.", AUTOENCODERS
    )
    conditional: bool = setting(
        False,
        "Condition on labels",
        "Give the label to encoder and decoder, so that each piece is learned by itself.",
        CVAE_PAPER,
    )
    label_code: LabelCode = setting(
        "number",
        "Form of the label",
        "number: the label as one number, as in the tutorial; one_hot: a 1 in its own place. Used if conditional.",
        LEARNING_BASICS,
    )
    latent_dim: int = setting(
        1,
        "Code dimensions",
        "How many numbers describe a point. With as many as the point has itself, it is merely copied.",
        AUTOENCODERS,
        ge=1,
        le=100,
    )
    hidden_widths: tuple[Width, ...] = setting(
        (64, 64),
        "Hidden widths",
        "Units of each hidden layer of the encoder, first to last; the decoder mirrors them.",
        FEEDFORWARD_NETWORKS,
        min_length=1,
        max_length=8,
    )
    encoder_activation: Activation = setting(
        "elu", "Encoder activation", "The non-linearity after each hidden layer of the encoder.", ACTIVATIONS
    )
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

    epochs: int = setting(
        300, "Epochs", "How many times the training goes through all points.", OPTIMIZATION, ge=1, le=100_000
    )
    batch_size: int = setting(
        30,
        "Batch size",
        "Points per step. Smaller batches learn more per epoch and take longer for it.",
        OPTIMIZATION,
        ge=1,
        le=65_536,
    )
    learning_rate: float = setting(
        1e-3,
        "Learning rate",
        "The step size of Adam. Too large diverges, too small crawls.",
        ADAM_PAPER,
        gt=0.0,
        le=1.0,
    )
    learning_rate_schedule: LearningRateSchedule = setting(
        "constant",
        "Learning-rate schedule",
        "constant; cosine: falls to zero over all epochs; plateau: halves when the training loss stops falling.",
        COSINE_PAPER,
    )
    seed: int = setting(
        0,
        "Seed",
        "Initial weights and batch order follow from it: the same seed, the same weights.",
        RANDOM_SEED,
        ge=0,
        le=SEED_LIMIT,
    )
    snapshot_schedule: SnapshotSchedule = setting(
        "every",
        "Snapshots",
        "When to keep the weights. tutorial: often at first, then ever more rarely; every: every so many epochs. The "
        "untrained and the last model are always kept.",
        CHECKPOINTING,
    )
    snapshot_every: int = setting(
        3,
        "Epochs between snapshots",
        "Used when snapshots are kept every so many epochs.",
        CHECKPOINTING,
        ge=1,
        le=100_000,
    )
