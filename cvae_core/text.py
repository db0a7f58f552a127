"""Which characters text of people may hold: all but those that break lines, command terminals, or disguise text."""

from __future__ import annotations

import unicodedata
from typing import Final

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
