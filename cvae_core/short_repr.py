"""A short ``repr`` for records that hold arrays or long lists."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, Final

_LONGEST: Final = 300
_LONGEST_VALUE: Final = 60
_MOST_ENTRIES: Final = 4


def short_repr(record: Any) -> str:
    """Names and values of a dataclass or named tuple, in at most some 300 characters.

    Arrays and tensors are shown by dtype and shape, long values by their kind and length, floats with six digits. For
    use as ``__repr__ = short_repr`` in the body of a dataclass.
    """
    text = _text(record, whole=True)
    return text if len(text) <= _LONGEST else _text(record, whole=False)


def _text(record: Any, whole: bool) -> str:
    names = [field.name for field in fields(record) if field.repr] if is_dataclass(record) else record._fields
    return f"{type(record).__name__}({', '.join(f'{name}={_value(getattr(record, name), whole)}' for name in names)})"


def _value(value: Any, whole: bool) -> str:
    """A value; of another record only the kind, unless ``whole``."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{getattr(value.dtype, 'name', value.dtype)}{tuple(value.shape)}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if is_dataclass(value) or hasattr(value, "_fields"):
        return repr(value) if whole else f"<{type(value).__name__}>"
    if isinstance(value, tuple | list | dict):
        text = repr(value) if len(value) <= _MOST_ENTRIES else ""
        return text if 0 < len(text) <= _LONGEST_VALUE else f"<{type(value).__name__} of {len(value)}>"
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"<{type(value).__name__}>"
