"""Every value of a view that is in the address, and its text there."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from cvae_core.analysis.generation import ManifoldView, SamplesView
from cvae_core.analysis.reconstruction import ReconstructionsView
from cvae_core.analysis.views import View

T = TypeVar("T")
LARGEST: Final = 10**9
_DIGITS_LIMIT: Final = 12
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True)
class Parameter(Generic[T]):
    """A named value in the address.

    Attributes:
        name: In the address and in the session.
        default: Value until another one is chosen; not written to the address.
        expected: Valid values, to end the sentence "expected ...".
        parse: Text -> value; raises ``ValueError`` for an invalid text.
        write: Value -> text, such that ``parse(write(value)) == value``.
        always: Written even if it is the default, so that going back to it in the browser is noticed.
        low, high: Bounds, if it is a number.
    """

    name: str
    default: T
    expected: str
    parse: Callable[[str], T]
    write: Callable[[T], str] = str
    always: bool = False
    low: float = 0
    high: float = 0


def field_of(view: type[View], name: str) -> tuple[Any, Any, Any]:
    """Default, smallest and largest value of a number that a view holds."""
    field = view.model_fields[name]
    limits = {bound: getattr(rule, bound) for rule in field.metadata for bound in ("ge", "le") if hasattr(rule, bound)}
    return field.default, limits["ge"], limits.get("le", LARGEST)


def whole_number(name: str, default: int, low: int, high: int) -> Parameter[int]:
    """A whole number from low to high."""
    expected = f"a whole number from {low:,} to {high:,}"
    return Parameter(name, default, expected, lambda text: _whole(text, low, high), low=low, high=high)


def optional_whole_number(
    name: str, high: int, absent: str, default: int | None = None, *, always: bool = False
) -> Parameter[int | None]:
    """A whole number from 0 to high, or none.

    Args:
        name: Of the parameter.
        high: The largest number.
        absent: The word for none.
        default: Value until another one is chosen.
        always: As in ``Parameter``.
    """

    def parse(text: str) -> int | None:
        return None if text == absent else _whole(text, 0, high)

    expected = f"a whole number from 0 to {high:,}, or “{absent}”"
    return Parameter(name, default, expected, parse, lambda value: absent if value is None else str(value), always)


def number(name: str, default: float, low: float, high: float) -> Parameter[float]:
    """A number from low to high."""
    expected = f"a number from {low:g} to {high:g}"
    return Parameter(name, default, expected, lambda text: _real(text, low, high), _number_text, low=low, high=high)


def numbers(
    name: str,
    default: tuple[float, ...],
    low: float,
    high: float,
    lengths: Container[int],
    expected: str,
    *,
    rising: bool = False,
) -> Parameter[tuple[float, ...]]:
    """Some numbers from low to high with commas between them.

    Args:
        name: Of the parameter.
        default: Value until another one is chosen.
        low: The smallest number.
        high: The largest.
        lengths: How many there may be.
        expected: Valid values, to end the sentence "expected ...".
        rising: Whether each should be larger than the one before.
    """

    def parse(text: str) -> tuple[float, ...]:
        values = tuple(_real(part, low, high) for part in text.split(","))
        if len(values) not in lengths or (rising and list(values) != sorted(set(values))):
            raise ValueError(text)
        return values

    return Parameter(name, default, expected, parse, _numbers_text, low=low, high=high)


def one_of(name: str, options: Sequence[str]) -> Parameter[str]:
    """One of some words, the first by default."""

    def parse(text: str) -> str:
        if text not in options:
            raise ValueError(text)
        return text

    return Parameter(name, options[0], f"one of: {', '.join(options[:-1])} or {options[-1]}", parse)


def one_name(name: str) -> Parameter[str]:
    """The name of something on disk; whether there is anything of that name is not looked at here."""

    def parse(text: str) -> str:
        if not _NAME.fullmatch(text):
            raise ValueError(text)
        return text

    return Parameter(name, "", "a name of letters, digits, '-', '_' and single dots", parse)


def _whole(text: str, low: int, high: int) -> int:
    """Only plain digits: int() would also take spaces, signs and underscores."""
    if not (text.isascii() and text.isdigit() and len(text) < _DIGITS_LIMIT and low <= int(text) <= high):
        raise ValueError(text)
    return int(text)


def _real(text: str, low: float, high: float) -> float:
    value = float(text)
    if not low <= value <= high:  # NaN is not between any two numbers
        raise ValueError(text)
    return value


def _number_text(value: float) -> str:
    return f"{value:.6g}"


def _numbers_text(values: tuple[float, ...]) -> str:
    return ",".join(map(_number_text, values))


Z_LIMIT: Final = 6.0
LATENT_DIM_LIMIT: Final = 64
PRINCIPAL: Final = "pc"

# Shared by all pages.
EPOCH: Final = optional_whole_number("epoch", LARGEST, "newest", always=True)
LABEL: Final = optional_whole_number("label", LARGEST, "all", default=0)
PIN: Final = optional_whole_number("pin", LARGEST, "none")
# The plane of a picture: two latent dimensions, counted from 1 as people do.
X_DIMENSION: Final = whole_number("x", 1, 1, LATENT_DIM_LIMIT)
Y_DIMENSION: Final = whole_number("y", 2, 1, LATENT_DIM_LIMIT)
AXES: Final = one_of("axes", ["dimensions", PRINCIPAL])
# Manifold.
QUANTILES: Final = numbers(
    "range",
    ManifoldView.model_fields["quantiles"].default,
    0.001,
    0.999,
    {2},
    "two rising numbers from 0.001 to 0.999 with a comma between them",
    rising=True,
)
GRID_SIZE: Final = whole_number("size", *field_of(ManifoldView, "size"))
OTHERS: Final = one_of("others", ["zero", "chosen", "pinned"])
CODE: Final = numbers(
    "code",
    (),
    -Z_LIMIT,
    Z_LIMIT,
    range(1, LATENT_DIM_LIMIT + 1),
    f"a number from -{Z_LIMIT:g} to {Z_LIMIT:g} for each latent dimension, with commas between them",
)
PLACE: Final = numbers(
    "z", (), -Z_LIMIT, Z_LIMIT, {1, 2}, f"one or two numbers from -{Z_LIMIT:g} to {Z_LIMIT:g} with a comma between them"
)
# Why condition?
PAIR: Final = one_name("pair")
PAIR_EPOCH: Final = optional_whole_number("pair_epoch", LARGEST, "newest", always=True)
# Style transfer.
SOURCE: Final = one_of("source", ["sevens", "label", "picked", "pinned", "drawn", "uploaded"])
SOURCE_LABEL: Final = whole_number("of", 7, 0, LARGEST)
SOURCES_LIMIT: Final = 20
SOURCE_COUNT: Final = whole_number("sources", 10, 1, SOURCES_LIMIT)
PICKED: Final = numbers(
    "picked",
    (),
    0,
    LARGEST,
    range(1, SOURCES_LIMIT + 1),
    f"up to {SOURCES_LIMIT} indices of test images with commas between them",
)
INVERT: Final = one_of("invert", ["no", "yes"])
# Samples and reconstructions.
SEED: Final = whole_number("seed", *field_of(SamplesView, "seed"))
COLUMNS: Final = whole_number("columns", *field_of(SamplesView, "columns"))
TEMPERATURE: Final = number("temperature", *field_of(SamplesView, "temperature"))
ORDER: Final = one_of("order", ["first", "worst"])
RANKED: Final = optional_whole_number("ranked", LARGEST, "shown")
COUNT: Final = whole_number("count", *field_of(ReconstructionsView, "count"))

# Field of a view -> its value in the address, where the two are the same.
FIELDS: Final[dict[str, Parameter]] = {  # type: ignore[type-arg]
    "columns": COLUMNS,
    "count": COUNT,
    "label": LABEL,
    "order": ORDER,
    "pinned": PIN,
    "quantiles": QUANTILES,
    "ranked": RANKED,
    "seed": SEED,
    "size": GRID_SIZE,
    "temperature": TEMPERATURE,
}
SHARED: Final[tuple[Parameter, ...]] = (EPOCH, LABEL, PIN)  # type: ignore[type-arg]
LATENT: Final = (*SHARED, AXES, X_DIMENSION, Y_DIMENSION)
MANIFOLD: Final = (*SHARED, X_DIMENSION, Y_DIMENSION, QUANTILES, GRID_SIZE, OTHERS, CODE, PLACE)
SAMPLES: Final = (*SHARED, SEED, COLUMNS, TEMPERATURE, ORDER, RANKED, COUNT)
PAIRS: Final = (PAIR, PAIR_EPOCH)
STYLE: Final = (*SHARED, SOURCE, SOURCE_LABEL, SOURCE_COUNT, PICKED, INVERT)
