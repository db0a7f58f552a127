"""What every section of a configuration is made of: frozen fields with bounds, titles and explanations."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

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

from cvae_core.config_errors import explain_validation_error
from cvae_core.errors import ConfigError

SEED_LIMIT: Final = 2**31 - 1

Activation = Literal["relu", "leaky_relu", "elu", "gelu", "silu", "tanh"]
BatchNormalization = Literal["none", "before", "after"]
LabelCode = Literal["one_hot", "number"]
LearningRateSchedule = Literal["constant", "cosine", "plateau"]
SnapshotSchedule = Literal["tutorial", "every"]

CVAE_PAPER: Final = "https://papers.nips.cc/paper/5775-learning-structured-output-representation-using-deep-conditional-generative-models"
ADAM_PAPER: Final = "https://arxiv.org/abs/1412.6980"
COSINE_PAPER: Final = "https://arxiv.org/abs/1608.03983"
ACTIVATIONS: Final = "https://keras.io/api/layers/activations/"
DATA_SETS: Final = "https://keras.io/api/datasets/"
RANDOM_SEED: Final = "https://en.wikipedia.org/wiki/Random_seed"
CHECKPOINTING: Final = "https://en.wikipedia.org/wiki/Application_checkpointing"
# Chapters of Goodfellow, Bengio and Courville, "Deep Learning" (2016).
LEARNING_BASICS: Final = "https://www.deeplearningbook.org/contents/ml.html"
FEEDFORWARD_NETWORKS: Final = "https://www.deeplearningbook.org/contents/mlp.html"
REGULARIZATION: Final = "https://www.deeplearningbook.org/contents/regularization.html"
OPTIMIZATION: Final = "https://www.deeplearningbook.org/contents/optimization.html"
AUTOENCODERS: Final = "https://www.deeplearningbook.org/contents/autoencoders.html"


def _no_truth_value(value: Any) -> Any:
    """True counts as 1 in Python; as a number of anything it is a mistake."""
    if isinstance(value, bool):
        raise ValueError("a truth value is not a number")
    return value


def widths_from_text(value: Any) -> Any:
    """Accept 512, "512,512" and "[512, 512]" as a person types them."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value,)
    if isinstance(value, str):
        return [part.strip() for part in value.strip("[]() ").split(",") if part.strip()]
    return value


Width = Annotated[int, Field(ge=1, le=4096), BeforeValidator(_no_truth_value)]


def setting(default: Any, title: str, description: str, link: str, **limits: Any) -> Any:
    """A pydantic field with what a person needs to know about it, and where to read on."""
    extra: dict[str, JsonValue] = {"link": link}
    return Field(default, title=title, description=description, json_schema_extra=extra, **limits)


class Settings(BaseModel):
    """A section of a configuration: validated when built, never changed afterwards.

    Raises:
        ConfigError: A setting is unknown or out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            told = explain_validation_error(error, type(self))
            raise ConfigError(told, on_page=explain_validation_error(error, type(self), by_title=True)) from None

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        accepts_truth = cls.model_fields[str(info.field_name)].annotation is bool
        return value if accepts_truth else _no_truth_value(value)
