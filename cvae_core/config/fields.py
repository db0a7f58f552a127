"""What all settings share: types, limits, and one clear sentence for each value that pydantic refuses."""

from __future__ import annotations

from collections.abc import Iterable
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

_MOST_ERRORS: Final = 3
_BOUNDS: Final = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def _explain(error: ValidationError, model: type[BaseModel], *, by_title: bool = False) -> str:
    """One sentence for each of the first three wrong settings; named by their titles on pages."""
    first_errors: dict[str, ErrorDetails] = {}
    for details in error.errors(include_url=False):
        place = details["loc"] or (details["input"],)  # a setting whose name is not text has no place
        first_errors.setdefault(str(place[0]), details)
    shown = list(first_errors.items())[:_MOST_ERRORS]
    return " ".join(_sentence(name, details, model, by_title) for name, details in shown)


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
    limits: dict[str, Any] = {}
    for rule in rules:
        for part in rule.metadata if isinstance(rule, FieldInfo) else [rule]:
            names = (*_BOUNDS, "min_length", "max_length")
            limits |= {name: getattr(part, name) for name in names if getattr(part, name, None) is not None}
    length = f"{limits.get('min_length', 0)} to {limits.get('max_length', 'any number of')}"
    if get_origin(kind) is Annotated:
        return _described(get_args(kind)[0], get_args(kind)[1:])
    if get_origin(kind) is Literal:
        *others, last = map(repr, get_args(kind))
        return f"{', '.join(others)} or {last}" if others else last
    if get_origin(kind) is tuple:
        return f"a list of {length} entries, each {_described(get_args(kind)[0], ())}"
    if NoneType in get_args(kind):
        return f"{_described(get_args(kind)[0], rules)}, or nothing"
    if kind in (int, float):
        bounds = [f"{words} {_plain(limits[name])}" for name, words in _BOUNDS.items() if name in limits]
        return ("a whole number" if kind is int else "a number") + (f" of {' and '.join(bounds)}" if bounds else "")
    if kind is bool:
        return "true or false"
    return f"text of {length} characters" if kind is str else "an object of settings"


def _plain(limit: float) -> str:
    return str(limit) if isinstance(limit, int) else f"{limit:g}"


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
    """Refuse True and False, which Python would accept as 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("a truth value is not a number")
    return value


def _widths_from_text(value: Any) -> Any:
    """Accept 512, "512,512" and "[512, 512]" as a person types them."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value,)
    if isinstance(value, str):
        return [part.strip() for part in value.strip("[]() ").split(",") if part.strip()]
    return value


def setting(default: Any, title: str, description: str, link: str, **limits: Any) -> Any:
    """A pydantic field with its description for people, and a page to read on."""
    extra: dict[str, JsonValue] = {"link": link}
    return Field(default, title=title, description=description, json_schema_extra=extra, **limits)


Width = Annotated[int, Field(ge=1, le=4096), BeforeValidator(_no_truth_value)]

# Settings that CVAEs and autoencoders share. Each class gives its own default.
HiddenWidths = Annotated[
    tuple[Width, ...],
    setting(
        ...,
        "Hidden widths",
        "Units of each hidden layer of the encoder, first to last; the decoder mirrors them.",
        FEEDFORWARD_NETWORKS,
        min_length=1,
        max_length=8,
    ),
    BeforeValidator(_widths_from_text),
]
EncoderActivation = Annotated[
    Activation,
    setting(..., "Encoder activation", "The non-linearity after each hidden layer of the encoder.", ACTIVATIONS),
]
Epochs = Annotated[
    int, setting(..., "Epochs", "Number of passes through the training data.", OPTIMIZATION, ge=1, le=100_000)
]
BatchSize = Annotated[
    int,
    setting(
        ...,
        "Batch size",
        "Examples per training step. With smaller batches an epoch learns more and takes longer.",
        OPTIMIZATION,
        ge=1,
        le=65_536,
    ),
]
LearningRate = Annotated[
    float,
    setting(
        ...,
        "Learning rate",
        "Step size of Adam. Too large: the training diverges. Too small: it is slow.",
        ADAM_PAPER,
        gt=0.0,
        le=1.0,
    ),
]
Schedule = Annotated[
    LearningRateSchedule,
    setting(
        ...,
        "Learning-rate schedule",
        "constant; cosine: falls to zero over all epochs; plateau: halved when the training loss stops falling.",
        COSINE_PAPER,
    ),
]
Seed = Annotated[
    int,
    setting(
        ...,
        "Seed",
        "Determines initial weights, batch order, dropout and sampling: the same seed gives the same weights.",
        RANDOM_SEED,
        ge=0,
        le=SEED_LIMIT,
    ),
]
Snapshots = Annotated[
    SnapshotSchedule,
    setting(
        ...,
        "Snapshots",
        "Epochs whose weights are kept. tutorial: frequent early, sparser later (epochs 1 to 10, then "
        "1 + floor(k^1.701)); every: every N epochs. The untrained and the final model are always kept.",
        CHECKPOINTING,
    ),
]
SnapshotEvery = Annotated[
    int, setting(..., "Epochs between snapshots", "N for the schedule “every”.", CHECKPOINTING, ge=1, le=100_000)
]


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
            on_page = _explain(error, type(self), by_title=True)
            raise ConfigError(_explain(error, type(self)), on_page=on_page) from None

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        accepts_truth = cls.model_fields[str(info.field_name)].annotation is bool
        return value if accepts_truth else _no_truth_value(value)
