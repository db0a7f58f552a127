"""One clear sentence for what pydantic found wrong with a setting."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


def explain_validation_error(error: ValidationError, model: type[BaseModel]) -> str:
    """Say what is wrong with the first few settings: what came, and what was expected.

    Args:
        error: What pydantic raised while building ``model``.
        model: The class whose settings were checked.

    Returns:
        One sentence for each of the first three faults.
    """
    return " ".join(_sentence(details, model) for details in error.errors(include_url=False)[:3])


def _sentence(details: ErrorDetails, model: type[BaseModel]) -> str:
    where = ".".join(str(part) for part in details["loc"]) or model.__name__
    if details["type"] == "extra_forbidden":
        return f"There is no setting {where!r}."
    if details["type"] == "missing":
        return f"The setting {where} is missing."
    return f"The setting {where} is {_shown(details['input'])}; expected {_expected(details, model)}."


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_NUMBER_KINDS = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of reasonable size",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "tuple_type": "a list of whole numbers",
}


def _expected(details: ErrorDetails, model: type[BaseModel]) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "literal_error":
        return f"one of {context['expected']}"
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return _range(details, model)
    if kind in ("too_short", "too_long"):
        return f"{context.get('min_length', 'up to')} to {context.get('max_length', 'more')} values"
    return _NUMBER_KINDS.get(kind, details["msg"].lower())


def _range(details: ErrorDetails, model: type[BaseModel]) -> str:
    field = model.model_fields.get(str(details["loc"][0])) if len(details["loc"]) == 1 else None
    limits: dict[str, Any] = {}
    for rule in field.metadata if field else ():
        limits |= {name: getattr(rule, name) for name in ("ge", "gt", "le", "lt") if hasattr(rule, name)}
    limits = limits or details.get("ctx", {})
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    return "a value " + " and ".join(f"{words[name]} {limits[name]:g}" for name in words if name in limits)
