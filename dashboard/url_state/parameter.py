"""One value of a view that has a place in the address."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_DIGITS_LIMIT: Final = 12
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


@dataclass(frozen=True)
class Parameter(Generic[T]):
    """A named value, and how it is written in an address.

    Attributes:
        name: In the address and in the session.
        default: Holds until something else is chosen; not written into the address.
        expected: What a value should be, to end the sentence "it should be ...".
        parse: Text -> value; raises ``ValueError`` where the text is none.
        write: Value -> text, such that ``parse(write(value)) == value``.
        always: Written even where it is the default, so that going back to that in the browser is noticed.
    """

    name: str
    default: T
    expected: str
    parse: Callable[[str], T]
    write: Callable[[T], str] = str
    always: bool = False


def whole_number(name: str, default: int, low: int, high: int) -> Parameter[int]:
    """A whole number from low to high."""
    return Parameter(name, default, f"a whole number from {low:,} to {high:,}", lambda text: _whole(text, low, high))


def optional_whole_number(
    name: str, high: int, absent: str, default: int | None = None, *, always: bool = False
) -> Parameter[int | None]:
    """A whole number from 0 to high, or none.

    Args:
        name: Of the parameter.
        high: The largest number.
        absent: The word for none.
        default: Holds until something else is chosen.
        always: As in ``Parameter``.
    """

    def parse(text: str) -> int | None:
        return None if text == absent else _whole(text, 0, high)

    expected = f"a whole number from 0 to {high:,}, or “{absent}”"
    return Parameter(name, default, expected, parse, lambda value: absent if value is None else str(value), always)


def number(name: str, default: float, low: float, high: float) -> Parameter[float]:
    """A number from low to high."""
    expected = f"a number from {low:g} to {high:g}"
    return Parameter(name, default, expected, lambda text: _real(text, low, high), _number_text)


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
        default: Holds until something else is chosen.
        low: The smallest number.
        high: The largest.
        lengths: How many there may be.
        expected: What they should be, to end the sentence "it should be ...".
        rising: Whether each should be larger than the one before.
    """

    def parse(text: str) -> tuple[float, ...]:
        values = tuple(_real(part, low, high) for part in text.split(","))
        if len(values) not in lengths or (rising and list(values) != sorted(set(values))):
            raise ValueError(text)
        return values

    return Parameter(name, default, expected, parse, lambda values: ",".join(map(_number_text, values)))


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
