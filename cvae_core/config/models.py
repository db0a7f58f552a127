"""The settings of each model kind: the CVAE on images, and the autoencoders on toy data."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pydantic import field_validator

from cvae_core.config.fields import (
    ACTIVATIONS,
    AUTOENCODERS,
    CVAE_PAPER,
    DATA_SETS,
    LEARNING_BASICS,
    RANDOM_SEED,
    REGULARIZATION,
    SEED_LIMIT,
    Activation,
    BatchNormalization,
    BatchSize,
    EncoderActivation,
    Epochs,
    HiddenWidths,
    LabelCode,
    LearningRate,
    Schedule,
    Seed,
    Settings,
    SnapshotEvery,
    Snapshots,
    setting,
)
from cvae_core.errors import ConfigError

TORN_MANIFOLD: Final = "torn_manifold"


class ToyDataConfig(Settings):
    """Toy data: noisy points of the plane near separate curves, which ``cvae_core.data.toy`` lists."""

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
    """The tutorial's ``deep_ae``: a plain autoencoder of Dense layers with a linear code and a linear output."""

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
    hidden_widths: HiddenWidths = (64, 64)
    encoder_activation: EncoderActivation = "elu"
    decoder_activation: Activation = setting(
        "elu", "Decoder activation", "The non-linearity after each hidden layer of the decoder.", ACTIVATIONS
    )


class AutoencoderTrainConfig(Settings):
    """How to train an autoencoder on toy data: Adam on the mean squared error, without a KL term."""

    beta: ClassVar[float] = 0.0
    kl_warmup_epochs: ClassVar[int] = 0
    max_shift: ClassVar[int] = 0
    shift_rate: ClassVar[float] = 0.0

    epochs: Epochs = 300
    batch_size: BatchSize = 30
    learning_rate: LearningRate = 1e-3
    learning_rate_schedule: Schedule = "constant"
    seed: Seed = 0
    snapshot_schedule: Snapshots = "every"
    snapshot_every: SnapshotEvery = 3


_VAE_PAPER: Final = "https://arxiv.org/abs/1312.6114"
_BETA_VAE_PAPER: Final = "https://openreview.net/forum?id=Sy2fzU9gl"
_WARMUP_PAPER: Final = "https://arxiv.org/abs/1602.02282"
_DROPOUT_PAPER: Final = "https://jmlr.org/papers/v15/srivastava14a.html"
_BATCHNORM_PAPER: Final = "https://arxiv.org/abs/1502.03167"
WHAT_GOES_TOGETHER: Final = (
    "The presets torn-manifold and torn-manifold-conditional train an autoencoder on the toy data torn_manifold; all "
    "others train a CVAE on images."
)


class DataConfig(Settings):
    """Which images to learn from: a registered data set, or its first images only."""

    dataset: str = setting(
        "mnist", "Data set", "The labelled images to learn from.", DATA_SETS, min_length=1, max_length=100
    )
    train_limit: int | None = setting(
        None,
        "Training images",
        "Use only the first N training images. Fewer train faster and overfit sooner. Empty: all.",
        LEARNING_BASICS,
        ge=1,
    )
    test_limit: int | None = setting(
        None,
        "Test images",
        "Use only the first N test images. Empty: all.",
        LEARNING_BASICS,
        ge=1,
    )

    @field_validator("dataset")
    @classmethod
    def _holds_images(cls, name: str) -> str:
        if name == TORN_MANIFOLD:
            raise ConfigError(f"A CVAE cannot learn the data set {name}.", WHAT_GOES_TOGETHER)
        return name


class ModelConfig(Settings):
    """The network: a conditional VAE, or with ``conditional=False`` a plain one.

    The encoder is a stack of Dense layers of ``hidden_widths``; the decoder is its mirror image.
    """

    label_code: ClassVar[LabelCode] = "one_hot"

    kind: Literal["cvae"] = setting("cvae", "Model", "A (conditional) variational autoencoder.", _VAE_PAPER)
    conditional: bool = setting(
        True,
        "Condition on labels",
        "Give the label to encoder and decoder, so that the latent code describes only the style. "
        "Off: a plain VAE, as a baseline.",
        CVAE_PAPER,
    )
    latent_dim: int = setting(
        8,
        "Latent dimensions",
        "Number of latent variables. More of them improve the reconstruction and raise the KL; unused ones collapse.",
        _VAE_PAPER,
        ge=1,
        le=64,
    )
    hidden_widths: HiddenWidths = (256,)
    encoder_activation: EncoderActivation = "relu"
    decoder_activation: Activation = setting(
        "leaky_relu",
        "Decoder activation",
        "The non-linearity after each hidden layer of the decoder. leaky_relu has slope 0.3 below zero.",
        ACTIVATIONS,
    )
    dropout_rate: float = setting(
        0.3,
        "Dropout rate",
        "Share of hidden units set to zero at random in each training step. On MNIST 0.3 costs about ten nats.",
        _DROPOUT_PAPER,
        ge=0.0,
        lt=1.0,
    )
    batch_normalization: BatchNormalization = setting(
        "after",
        "Batch normalisation",
        "Normalise each hidden unit over the batch: not at all, before the activation, or after it.",
        _BATCHNORM_PAPER,
    )

    likelihood: str = setting(
        "bernoulli",
        "Likelihood",
        "What the decoder's outputs mean: with bernoulli they are logits of pixel probabilities.",
        _VAE_PAPER,
        min_length=1,
        max_length=100,
    )


class TrainConfig(Settings):
    """How to train: Adam on reconstruction + beta * KL, both in nats per image."""

    epochs: Epochs = 1000
    batch_size: BatchSize = 500
    learning_rate: LearningRate = 1e-3
    learning_rate_schedule: Schedule = "constant"
    beta: float = setting(
        1.0,
        "Beta",
        "Weight of the KL term. 1 maximises the ELBO; larger values regularise the codes more and blur the images.",
        _BETA_VAE_PAPER,
        ge=0.0,
        le=1000.0,
    )
    kl_warmup_epochs: int = setting(
        0,
        "KL warm-up epochs",
        "Increase beta from 0 to its value over the first N epochs. This keeps latent dimensions from collapsing.",
        _WARMUP_PAPER,
        ge=0,
        le=100_000,
    )
    max_shift: int = setting(
        0,
        "Random shift",
        "Augmentation: shift some of the training images by up to N pixels, chosen at random in each epoch. Reduces "
        "overfitting. 0: off.",
        REGULARIZATION,
        ge=0,
        le=4,
    )
    shift_rate: float = setting(
        0.25,
        "Share of images shifted",
        "Share of the training images that are shifted. A small share works better than all of them: otherwise the "
        "code must also describe the position.",
        REGULARIZATION,
        ge=0.0,
        le=1.0,
    )
    seed: Seed = 0
    snapshot_schedule: Snapshots = "tutorial"
    snapshot_every: SnapshotEvery = 10
