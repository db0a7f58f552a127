"""Dataclasses built from JSON that anyone may have written, each value checked against the type of its field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Final, TypeVar

LARGEST_COUNT: Final = 2**53
_LARGEST_NUMBER: Final = 1e300
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

Record = TypeVar("Record")


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_COUNT


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER


def _is_text(value: Any) -> bool:
    """Half of a surrogate pair is none: it can be neither shown nor written."""
    return isinstance(value, str) and not _SURROGATE.search(value)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, tuple) and all(map(_is_number, value))


def _are_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, [*value.keys(), *value.values()]))


_CHECKS: Final[dict[str, Callable[[Any], bool]]] = {
    "int": _is_count,
    "float": _is_number,
    "float | None": lambda value: value is None or _is_number(value),
    "str": _is_text,
    "tuple[float, ...]": _are_numbers,
    "dict[str, str]": _are_texts,
}


def build(record: type[Record], values: Mapping[str, Any]) -> Record:
    """A dataclass with exactly these values.

    Args:
        record: The dataclass. Whole numbers in it are counts, from 0; other numbers are finite.
        values: Field name -> value. A field of a type that is not plain (another record) is taken as it is.

    Raises:
        ValueError: A field is missing, unknown, or of another type; the text names it.
    """
    checks = _checks(record)  # type: ignore[arg-type]  # a class is hashable
    if strange := sorted(checks.keys() ^ values.keys()):
        raise ValueError(f"a missing or unknown field {strange[0]}")
    for name, check in checks.items():
        if check is not None and not check(values[name]):
            raise ValueError(f"no valid {name}")
    return record(**values)


@cache
def _checks(record: type[Any]) -> dict[str, Callable[[Any], bool] | None]:
    return {field.name: _CHECKS.get(str(field.type)) for field in fields(record)}
