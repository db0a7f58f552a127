"""The settings of a (conditional) VAE that learns labelled images.

The bounds, the explanation and the further reading of a setting live here, once; the command line and the
Train page both read them from the fields below.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal

from pydantic import field_validator

from cvae_core.config.fields import (
    ACTIVATIONS,
    ADAM_PAPER,
    CHECKPOINTING,
    COSINE_PAPER,
    CVAE_PAPER,
    DATA_SETS,
    FEEDFORWARD_NETWORKS,
    LEARNING_BASICS,
    OPTIMIZATION,
    RANDOM_SEED,
    REGULARIZATION,
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
from cvae_core.config.toy import TORN_MANIFOLD
from cvae_core.errors import ConfigError

_VAE_PAPER: Final = "https://arxiv.org/abs/1312.6114"
_BETA_VAE_PAPER: Final = "https://openreview.net/forum?id=Sy2fzU9gl"
_WARMUP_PAPER: Final = "https://arxiv.org/abs/1602.02282"
_DROPOUT_PAPER: Final = "https://jmlr.org/papers/v15/srivastava14a.html"
_BATCHNORM_PAPER: Final = "https://arxiv.org/abs/1502.03167"
WHAT_GOES_TOGETHER: Final = (
    "The presets torn-manifold and torn-manifold-conditional learn torn_manifold with an autoencoder; all others learn "
    "images with a CVAE."
)


class DataConfig(Settings):
    """Which images to learn from.

    Attributes:
        dataset: Name of the data set, as the data loaders know it.
        train_limit: Use only the first so many training images; ``None`` for all.
        test_limit: Use only the first so many test images; ``None`` for all.

    Raises:
        ConfigError: A setting is out of range, or the data set is that of the autoencoders.
    """

    dataset: str = setting(
        "mnist", "Data set", "The labelled images to learn from.", DATA_SETS, min_length=1, max_length=100
    )
    train_limit: int | None = setting(
        None,
        "Training images",
        "Learn from only the first so many training images. Fewer is faster and overfits sooner; empty means all.",
        LEARNING_BASICS,
        ge=1,
    )
    test_limit: int | None = setting(
        None,
        "Test images",
        "Measure on only the first so many test images; empty means all.",
        LEARNING_BASICS,
        ge=1,
    )

    @field_validator("dataset")
    @classmethod
    def _holds_images(cls, name: str) -> str:
        if name == TORN_MANIFOLD:
            raise ConfigError(f"The data set {name} does not go with a CVAE.", WHAT_GOES_TOGETHER)
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
        "Give the label to encoder and decoder, so that the latent code holds only style. "
        "Off gives the plain VAE, a baseline.",
        CVAE_PAPER,
    )
    latent_dim: int = setting(
        8,
        "Latent dimensions",
        "How many numbers describe an image. More reconstruct better; each costs KL, and unused ones collapse.",
        _VAE_PAPER,
        ge=1,
        le=64,
    )
    hidden_widths: tuple[Width, ...] = setting(
        (256,),
        "Hidden widths",
        "Units of each hidden layer of the encoder, first to last; the decoder mirrors them. More units and "
        "layers learn more and train slower.",
        FEEDFORWARD_NETWORKS,
        min_length=1,
        max_length=8,
    )
    encoder_activation: Activation = setting(
        "relu",
        "Encoder activation",
        "The non-linearity after each hidden layer of the encoder.",
        ACTIVATIONS,
    )
    decoder_activation: Activation = setting(
        "leaky_relu",
        "Decoder activation",
        "The non-linearity after each hidden layer of the decoder. leaky_relu has slope 0.3 below zero.",
        ACTIVATIONS,
    )
    dropout_rate: float = setting(
        0.3,
        "Dropout rate",
        "The share of hidden units silenced at random in each training step. On MNIST it costs about ten nats.",
        _DROPOUT_PAPER,
        ge=0.0,
        lt=1.0,
    )
    batch_normalization: BatchNormalization = setting(
        "after",
        "Batch normalisation",
        "Standardise each hidden unit over the batch: not at all, before the activation, or after it.",
        _BATCHNORM_PAPER,
    )

    @field_validator("hidden_widths", mode="before")
    @classmethod
    def _widths_from_text(cls, value: Any) -> Any:
        return widths_from_text(value)


class TrainConfig(Settings):
    """How to train: Adam on reconstruction + beta * KL, both in nats per image."""

    epochs: int = setting(
        1000, "Epochs", "How many times the training goes through all training images.", OPTIMIZATION, ge=1, le=100_000
    )
    batch_size: int = setting(
        500,
        "Batch size",
        "Images per step. Smaller batches learn more per epoch and take longer for it.",
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
    beta: float = setting(
        1.0,
        "Beta",
        "The weight of the KL term. 1 maximises the ELBO; larger gives a tidier latent space and blurrier images.",
        _BETA_VAE_PAPER,
        ge=0.0,
        le=1000.0,
    )
    kl_warmup_epochs: int = setting(
        0,
        "KL warm-up epochs",
        "Let beta grow from 0 to its value over the first so many epochs, which keeps dimensions from collapsing.",
        _WARMUP_PAPER,
        ge=0,
        le=100_000,
    )
    max_shift: int = setting(
        0,
        "Random shift",
        "Move some of the training images by up to so many pixels at random, others in each epoch, which keeps the "
        "network from learning them by heart. 0: not at all.",
        REGULARIZATION,
        ge=0,
        le=4,
    )
    shift_rate: float = setting(
        0.25,
        "Share of images shifted",
        "How many of the training images are moved, where a random shift is set. Few are better than all: where "
        "images stand is something that the code would have to say.",
        REGULARIZATION,
        ge=0.0,
        le=1.0,
    )
    seed: int = setting(
        0,
        "Seed",
        "Initial weights, batch order, dropout and sampling noise follow from it: the same seed, the same weights.",
        RANDOM_SEED,
        ge=0,
        le=SEED_LIMIT,
    )
    snapshot_schedule: SnapshotSchedule = setting(
        "tutorial",
        "Snapshots",
        "When to keep the weights. tutorial: often at first, then ever more rarely (after epochs 1 to 10 and "
        "1 + floor(k^1.701)); every: every so many epochs. The untrained and the last model are always kept.",
        CHECKPOINTING,
    )
    snapshot_every: int = setting(
        10,
        "Epochs between snapshots",
        "Used when snapshots are kept every so many epochs.",
        CHECKPOINTING,
        ge=1,
        le=100_000,
    )
