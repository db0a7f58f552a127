"""Every setting of a run: validated when built, never changed afterwards, and the same after a trip through JSON.

The bounds, the explanation and the further reading of a setting live here, once; the command line and the
Train page both read them from the fields below.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from cvae_core.config_errors import explain_validation_error, shown
from cvae_core.errors import ConfigError

SCHEMA_VERSION: Final = 1
SEED_LIMIT: Final = 2**31 - 1

Activation = Literal["relu", "leaky_relu", "elu", "gelu", "silu", "tanh"]
BatchNormalization = Literal["none", "before", "after"]
LearningRateSchedule = Literal["constant", "cosine", "plateau"]
SnapshotSchedule = Literal["tutorial", "every"]

_CVAE_PAPER: Final = "https://papers.nips.cc/paper/5775-learning-structured-output-representation-using-deep-conditional-generative-models"
_VAE_PAPER: Final = "https://arxiv.org/abs/1312.6114"
_BETA_VAE_PAPER: Final = "https://openreview.net/forum?id=Sy2fzU9gl"
_WARMUP_PAPER: Final = "https://arxiv.org/abs/1602.02282"
_DROPOUT_PAPER: Final = "https://jmlr.org/papers/v15/srivastava14a.html"
_BATCHNORM_PAPER: Final = "https://arxiv.org/abs/1502.03167"
_ADAM_PAPER: Final = "https://arxiv.org/abs/1412.6980"
_COSINE_PAPER: Final = "https://arxiv.org/abs/1608.03983"
_ACTIVATIONS: Final = "https://keras.io/api/layers/activations/"


def _no_truth_value(value: Any) -> Any:
    """True counts as 1 in Python; as a number of anything it is a mistake."""
    if isinstance(value, bool):
        raise ValueError("a truth value is not a number")
    return value


Width = Annotated[int, Field(ge=1, le=4096), BeforeValidator(_no_truth_value)]


def _setting(default: Any, title: str, description: str, link: str | None = None, **limits: Any) -> Any:
    """A pydantic field with what a person needs to know about it."""
    extra: dict[str, JsonValue] | None = {"link": link} if link else None
    return Field(default, title=title, description=description, json_schema_extra=extra, **limits)


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError(explain_validation_error(error, type(self))) from None

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        accepts_truth = cls.model_fields[str(info.field_name)].annotation is bool
        return value if accepts_truth else _no_truth_value(value)


class DataConfig(_Config):
    """Which images to learn from.

    Attributes:
        dataset: Name of the data set, as the data loaders know it.
        train_limit: Use only the first so many training images; ``None`` for all.
        test_limit: Use only the first so many test images; ``None`` for all.
    """

    dataset: str = _setting("mnist", "Data set", "The labelled images to learn from.", min_length=1, max_length=100)
    train_limit: int | None = _setting(
        None,
        "Training images",
        "Learn from only the first so many training images. Fewer is faster and overfits sooner; empty means all.",
        ge=1,
    )
    test_limit: int | None = _setting(
        None,
        "Test images",
        "Measure on only the first so many test images; empty means all.",
        ge=1,
    )


class ModelConfig(_Config):
    """The network: a conditional VAE, or with ``conditional=False`` a plain one.

    The encoder is a stack of Dense layers of ``hidden_widths``; the decoder is its mirror image.
    """

    kind: Literal["cvae"] = _setting("cvae", "Model", "A (conditional) variational autoencoder.", _VAE_PAPER)
    conditional: bool = _setting(
        True,
        "Condition on labels",
        "Give the label to encoder and decoder, so that the latent code holds only style. "
        "Off gives the plain VAE, a baseline.",
        _CVAE_PAPER,
    )
    latent_dim: int = _setting(
        8,
        "Latent dimensions",
        "How many numbers describe an image. More reconstruct better; each costs KL, and unused ones collapse.",
        _VAE_PAPER,
        ge=1,
        le=64,
    )
    hidden_widths: tuple[Width, ...] = _setting(
        (256,),
        "Hidden widths",
        "Units of each hidden layer of the encoder, first to last; the decoder mirrors them. More units and "
        "layers learn more and train slower.",
        min_length=1,
        max_length=8,
    )
    encoder_activation: Activation = _setting(
        "relu",
        "Encoder activation",
        "The non-linearity after each hidden layer of the encoder.",
        _ACTIVATIONS,
    )
    decoder_activation: Activation = _setting(
        "leaky_relu",
        "Decoder activation",
        "The non-linearity after each hidden layer of the decoder. leaky_relu has slope 0.3 below zero.",
        _ACTIVATIONS,
    )
    dropout_rate: float = _setting(
        0.3,
        "Dropout rate",
        "The share of hidden units silenced at random in each training step. On MNIST it costs about ten nats.",
        _DROPOUT_PAPER,
        ge=0.0,
        lt=1.0,
    )
    batch_normalization: BatchNormalization = _setting(
        "after",
        "Batch normalisation",
        "Standardise each hidden unit over the batch: not at all, before the activation, or after it.",
        _BATCHNORM_PAPER,
    )

    @field_validator("hidden_widths", mode="before")
    @classmethod
    def _widths_from_text(cls, value: Any) -> Any:
        """Accept 512, "512,512" and "[512, 512]" as a person types them."""
        if isinstance(value, int) and not isinstance(value, bool):
            return (value,)
        if isinstance(value, str):
            return [part.strip() for part in value.strip("[]() ").split(",") if part.strip()]
        return value


class TrainConfig(_Config):
    """How to train: Adam on reconstruction + beta * KL, both in nats per image."""

    epochs: int = _setting(
        1000, "Epochs", "How many times the training goes through all training images.", ge=1, le=100_000
    )
    batch_size: int = _setting(
        500,
        "Batch size",
        "Images per step. Smaller batches learn more per epoch and take longer for it.",
        ge=1,
        le=65_536,
    )
    learning_rate: float = _setting(
        1e-3,
        "Learning rate",
        "The step size of Adam. Too large diverges, too small crawls.",
        _ADAM_PAPER,
        gt=0.0,
        le=1.0,
    )
    learning_rate_schedule: LearningRateSchedule = _setting(
        "constant",
        "Learning-rate schedule",
        "constant; cosine: falls to zero over all epochs; plateau: halves when the training loss stops falling.",
        _COSINE_PAPER,
    )
    beta: float = _setting(
        1.0,
        "Beta",
        "The weight of the KL term. 1 maximises the ELBO; larger gives a tidier latent space and blurrier images.",
        _BETA_VAE_PAPER,
        ge=0.0,
        le=1000.0,
    )
    kl_warmup_epochs: int = _setting(
        0,
        "KL warm-up epochs",
        "Let beta grow from 0 to its value over the first so many epochs, which keeps dimensions from collapsing.",
        _WARMUP_PAPER,
        ge=0,
        le=100_000,
    )
    max_shift: int = _setting(
        0,
        "Random shift",
        "Move some of the training images by up to so many pixels at random, others in each epoch, which keeps the "
        "network from learning them by heart. 0: not at all.",
        ge=0,
        le=4,
    )
    shift_rate: float = _setting(
        0.25,
        "Share of images shifted",
        "How many of the training images are moved, where a random shift is set. Few are better than all: where "
        "images stand is something that the code would have to say.",
        ge=0.0,
        le=1.0,
    )
    seed: int = _setting(
        0,
        "Seed",
        "Initial weights, batch order, dropout and sampling noise follow from it: the same seed, the same weights.",
        ge=0,
        le=SEED_LIMIT,
    )
    snapshot_schedule: SnapshotSchedule = _setting(
        "tutorial",
        "Snapshots",
        "When to keep the weights. tutorial: often at first, then ever more rarely (after epochs 1 to 10 and "
        "1 + floor(k^1.701)); every: every so many epochs. The untrained and the last model are always kept.",
    )
    snapshot_every: int = _setting(
        10, "Epochs between snapshots", "Used when snapshots are kept every so many epochs.", ge=1, le=100_000
    )


class RunConfig(_Config):
    """All that a worker needs to know, as it stands in the ``config.json`` of a run.

    Attributes:
        schema_version: Version of this file's form.
        preset: Name of the preset that the settings started from; empty if none.
        data: Which images.
        model: Which network.
        train: How to train.
    """

    schema_version: int = Field(default=SCHEMA_VERSION, ge=1, le=SCHEMA_VERSION)
    preset: str = Field("", max_length=100)
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()

    def to_json(self) -> str:
        """The configuration as indented JSON text."""
        return self.model_dump_json(indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what ``to_json`` wrote.

        Raises:
            ConfigError: The text is not JSON, is of a newer schema, or a setting is unknown or out of range.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            raise ConfigError("The configuration is not valid JSON.") from None
        if not isinstance(values, dict):
            raise ConfigError("The configuration should be a JSON object.")
        check_schema_version(values, "The configuration")
        return cls(**values)

    def with_settings(self, settings: dict[str, Any]) -> Self:
        """A copy with some settings replaced, each named by its field alone (``latent_dim``, ``epochs``, ...).

        Args:
            settings: Field name -> new value; text is parsed as the field's type.

        Raises:
            ConfigError: A name is unknown or a value is out of range.
        """
        sections: dict[str, dict[str, Any]] = {}
        for name, value in settings.items():
            sections.setdefault(section_of(name), {})[name] = value
        changed = {
            section: type(part)(**{**part.model_dump(), **sections[section]})
            for section, part in (("data", self.data), ("model", self.model), ("train", self.train))
            if section in sections
        }
        return self.model_copy(update=changed)


SECTIONS: Final[dict[str, type[_Config]]] = {"data": DataConfig, "model": ModelConfig, "train": TrainConfig}


def section_of(setting: str) -> str:
    """The section ("data", "model" or "train") that a setting belongs to.

    Raises:
        ConfigError: No section has a setting of that name.
    """
    for section, kind in SECTIONS.items():
        if setting in kind.model_fields:
            return section
    known = ", ".join(name for kind in SECTIONS.values() for name in kind.model_fields if name != "kind")
    raise ConfigError(f"There is no setting {setting!r}.", f"The settings are: {known}.")


def check_schema_version(values: dict[str, Any], what: str) -> None:
    """Refuse a file that a newer version of this software wrote.

    Args:
        values: The parsed file, with its ``schema_version``.
        what: What the file is, to start the sentence with.

    Raises:
        ConfigError: The version is missing, not a whole number, or newer than ``SCHEMA_VERSION``.
    """
    version = values.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ConfigError(f"{what} has no valid schema_version (expected {SCHEMA_VERSION}, got {shown(version)}).")
    if version > SCHEMA_VERSION:
        raise ConfigError(
            f"{what} is of schema version {shown(version)}; this software reads up to {SCHEMA_VERSION}.",
            "Update the software to open it.",
        )
