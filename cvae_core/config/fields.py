"""One clear sentence for what pydantic found wrong with a setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from types import NoneType
from typing import Annotated, Any, Final, Literal, get_args, get_origin

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
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from cvae_core.errors import ConfigError

_FAULTS_TOLD: Final = 3
_BOUNDS: Final = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def explain_validation_error(error: ValidationError, model: type[BaseModel], *, by_title: bool = False) -> str:
    """Say what is wrong with the first few settings: what came, and what was expected.

    Args:
        error: What pydantic raised while building ``model``.
        model: The class whose settings were checked.
        by_title: Name each setting by its title, as pages do, and not as the command line does.

    Returns:
        One sentence for each of the first three settings at fault.
    """
    first_faults: dict[str, ErrorDetails] = {}
    for details in error.errors(include_url=False):
        place = details["loc"] or (details["input"],)  # the name of a setting that is no text has no place
        first_faults.setdefault(str(place[0]), details)
    return " ".join(_sentence(name, first_faults[name], model, by_title) for name in list(first_faults)[:_FAULTS_TOLD])


def format_value(value: Any) -> str:
    """A value as an error sentence shows it: its ``repr``, cut to 60 characters."""
    try:
        text = repr(value)
    except ValueError:  # an int of thousands of digits
        return "a number too large to show"
    if len(text) <= 60:
        return text
    return f"{text[:56]}...{text[-1]}" if isinstance(value, str) else text[:57] + "..."


def _sentence(name: str, details: ErrorDetails, model: type[BaseModel], by_title: bool) -> str:
    if name not in model.model_fields:
        return f"There is no setting {format_value(name)}."
    field = model.model_fields[name]
    if by_title:
        return f"{field.title or name}: expected {expected(field)}; got {format_value(details['input'])}."
    verb = "is" if len(details["loc"]) == 1 else "holds"
    return f"The setting {name} {verb} {format_value(details['input'])}; expected {expected(field)}."


def expected(field: FieldInfo) -> str:
    """What a setting may be, as the end of a sentence: "a whole number of at least 1 and at most 64"."""
    return _described(field.annotation, field.metadata)


def _described(kind: Any, rules: Iterable[Any]) -> str:
    """A type and its rules in words."""
    if get_origin(kind) is Annotated:
        return _described(get_args(kind)[0], _flat(get_args(kind)[1:]))
    if get_origin(kind) is Literal:
        return _listed([repr(choice) for choice in get_args(kind)])
    if get_origin(kind) is tuple:
        return f"a list of {_length(rules)} entries, each {_described(get_args(kind)[0], ())}"
    if NoneType in get_args(kind):
        return f"{_described(get_args(kind)[0], rules)}, or nothing"
    if kind is bool:
        return "true or false"
    if kind in (int, float):
        return ("a whole number" if kind is int else "a number") + _range(rules)
    return f"text of {_length(rules)} characters" if kind is str else "an object of settings"


def _flat(rules: Iterable[Any]) -> list[Any]:
    return [part for rule in rules for part in (rule.metadata if isinstance(rule, FieldInfo) else [rule])]


def _range(rules: Iterable[Any]) -> str:
    limits = [(words, getattr(rule, name, None)) for rule in rules for name, words in _BOUNDS.items()]
    bounds = [f"{words} {_plain(limit)}" for words, limit in limits if limit is not None]
    return f" of {' and '.join(bounds)}" if bounds else ""


def _plain(limit: float) -> str:
    return str(limit) if isinstance(limit, int) else f"{limit:g}"


def _length(rules: Iterable[Any]) -> str:
    limits = {"min_length": 0, "max_length": "any number of"}
    for rule in rules:
        limits |= {name: getattr(rule, name) for name in limits if hasattr(rule, name)}
    return f"{limits['min_length']} to {limits['max_length']}"


def _listed(choices: list[str]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}" if len(choices) > 1 else choices[0]


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


_SHARED: Final[dict[str, Callable[..., Any]]] = {
    "hidden_widths": partial(
        setting,
        title="Hidden widths",
        description="Units of each hidden layer of the encoder, first to last; the decoder mirrors them.",
        link=FEEDFORWARD_NETWORKS,
        min_length=1,
        max_length=8,
    ),
    "encoder_activation": partial(
        setting,
        title="Encoder activation",
        description="The non-linearity after each hidden layer of the encoder.",
        link=ACTIVATIONS,
    ),
    "epochs": partial(
        setting,
        title="Epochs",
        description="Number of passes through the training data.",
        link=OPTIMIZATION,
        ge=1,
        le=100_000,
    ),
    "batch_size": partial(
        setting,
        title="Batch size",
        description="Examples per training step. With smaller batches an epoch learns more and takes longer.",
        link=OPTIMIZATION,
        ge=1,
        le=65_536,
    ),
    "learning_rate": partial(
        setting,
        title="Learning rate",
        description="Step size of Adam. Too large: the training diverges. Too small: it is slow.",
        link=ADAM_PAPER,
        gt=0.0,
        le=1.0,
    ),
    "learning_rate_schedule": partial(
        setting,
        title="Learning-rate schedule",
        description="constant; cosine: falls to zero over all epochs; plateau: halved when the training loss stops "
        "falling.",
        link=COSINE_PAPER,
    ),
    "seed": partial(
        setting,
        title="Seed",
        description="Determines initial weights, batch order, dropout and sampling: the same seed gives the same "
        "weights.",
        link=RANDOM_SEED,
        ge=0,
        le=SEED_LIMIT,
    ),
    "snapshot_schedule": partial(
        setting,
        title="Snapshots",
        description="Epochs whose weights are kept. tutorial: frequent early, sparser later (epochs 1 to 10, then "
        "1 + floor(k^1.701)); every: every N epochs. The untrained and the final model are always kept.",
        link=CHECKPOINTING,
    ),
    "snapshot_every": partial(
        setting,
        title="Epochs between snapshots",
        description="N for the schedule “every”.",
        link=CHECKPOINTING,
        ge=1,
        le=100_000,
    ),
}


def shared(name: str, default: Any) -> Any:
    """A field that several kinds of runs have: the same title, explanation and limits, each its own default."""
    return _SHARED[name](default)


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
