"""The colours of pictures that leave the laboratory: those of its pages in light."""

from __future__ import annotations

from typing import Final

Colour = tuple[int, int, int]

BACKGROUND: Final[Colour] = (255, 255, 255)
TEXT: Final[Colour] = (17, 24, 28)
QUIET: Final[Colour] = (84, 92, 97)
BORDER: Final[Colour] = (217, 223, 226)
# Ten colours for labels, told apart with protanopia, deuteranopia and tritanopia too (Machado et al. 2009).
LABEL_COLOURS: Final[tuple[Colour, ...]] = (
    (18, 99, 125),
    (228, 105, 58),
    (48, 210, 173),
    (52, 29, 154),
    (235, 178, 16),
    (113, 3, 46),
    (149, 84, 209),
    (129, 82, 5),
    (121, 146, 160),
    (195, 150, 255),
)


def label_colour(label: int) -> Colour:
    """The colour of a label; beyond the tenth they begin anew."""
    return LABEL_COLOURS[label % len(LABEL_COLOURS)]


def mixed(below: Colour, above: Colour, opacity: float) -> Colour:
    """What is seen of two colours, one over the other.

    Args:
        below: Opaque.
        above: Lies over it.
        opacity: Of what lies over, 0 to 1.
    """
    red, green, blue = (round(low + opacity * (high - low)) for low, high in zip(below, above, strict=True))
    return red, green, blue


def grey_of(colour: Colour) -> int:
    """The grey that stands for a colour on a picture without any."""
    return round(sum(colour) / 3)
