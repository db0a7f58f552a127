"""One clear sentence for what pydantic found wrong with a setting."""

from __future__ import annotations

from collections.abc import Iterable
from types import NoneType
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

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


def shown(value: Any) -> str:
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
        return f"There is no setting {shown(name)}."
    field = model.model_fields[name]
    if by_title:
        return f"{field.title or name}: expected {expected(field)}; got {shown(details['input'])}."
    verb = "is" if len(details["loc"]) == 1 else "holds"
    return f"The setting {name} {verb} {shown(details['input'])}; expected {expected(field)}."


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
