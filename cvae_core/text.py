"""Text for people: terminals, short representations of records, and what a display name may hold."""

from __future__ import annotations

import unicodedata
from dataclasses import fields, is_dataclass
from typing import Any, Final

_UNSAFE_CATEGORIES: Final = frozenset({"Cc", "Zl", "Zp", "Cs"})  # controls, separators of lines, lone surrogates
# They change the order of what follows, so that a line reads as something else.
_BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE_CATEGORIES: Final = frozenset({"Cf", "Zs"})


def is_unsafe(character: str) -> bool:
    """Whether a character should not be shown as it is."""
    return unicodedata.category(character) in _UNSAFE_CATEGORIES or character in _BIDI_CONTROLS


def unsafe_character(text: str, allowed: str = "") -> str:
    """The first unsafe character of a text in words, with its place; empty if there is none.

    Args:
        text: The text.
        allowed: Characters that are accepted all the same.
    """
    for place, character in enumerate(text, 1):
        if is_unsafe(character) and character not in allowed:
            name = unicodedata.name(character, _unnamed(character))
            return f"character {place} is U+{ord(character):04X} ({name.lower()})"
    return ""


def _unnamed(character: str) -> str:
    if unicodedata.category(character) == "Cs":
        return "a lone surrogate"
    return "a line break" if character in "\n\r\x85" else "a control character"


def is_undecoded(text: str) -> bool:
    """Whether a text from the command line has bytes that Python could not decode, which it holds as surrogates."""
    return any("\udc80" <= character <= "\udcff" for character in text)


def is_invisible(text: str) -> bool:
    """Whether a text has nothing that can be seen."""
    return all(unicodedata.category(character) in _INVISIBLE_CATEGORIES for character in text)


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
