"""Pictures of many colours brought to the 256 that a GIF can hold, the same ones in every frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from cvae_core.rendering.colours import BACKGROUND, BORDER, QUIET, TEXT, Colour, mixed
from cvae_core.rendering.scatter import OPACITY, RING_OPACITY

SIZE: Final = 256
_GREYS: Final = 24
_LEVELS: Final = 32
_ROWS_AT_A_TIME: Final = 4096


class Palette:
    """256 colours, and which of them stands for any other.

    Made once for a film and not found frame by frame, so that no colour flickers.

    Args:
        points: Colours of the points of a latent plane.

    Attributes:
        colours: uint8 (256, 3).
    """

    def __init__(self, points: Sequence[Colour]) -> None:
        exact = _exact(points)
        found = list(dict.fromkeys([*exact, *_shades(points)]))[:SIZE]
        self.colours: npt.NDArray[np.uint8] = np.zeros((SIZE, 3), np.uint8)
        self.colours[: len(found)] = found
        self._nearest = _nearest(self.colours[: len(found)])
        # What is seen most keeps its very colour: the nearest of a coarse step may be a neighbour.
        for index in reversed(range(len(exact))):
            self._nearest[_cell(self.colours[index])] = index

    def apply(self, image: Image.Image) -> Image.Image:
        """A picture of mode "RGB" as one of mode "P" in these colours, without dithering."""
        indexed = Image.fromarray(self._nearest[_cells(np.asarray(image))])
        indexed.putpalette(self.colours.tobytes())
        return indexed


def _exact(points: Sequence[Colour]) -> list[Colour]:
    """The page's own colours, those of single points, and of points that lie over others of their kind."""
    single = [mixed(BACKGROUND, colour, OPACITY) for colour in points]
    double = [mixed(below, colour, OPACITY) for below, colour in zip(single, points, strict=True)]
    return [BACKGROUND, TEXT, BORDER, QUIET, *single, *points, *double]


def _shades(points: Sequence[Colour]) -> list[Colour]:
    """Edges of text and points, points under a ring, and points of two colours in one pixel."""
    greys = [mixed(BACKGROUND, TEXT, share) for share in np.linspace(0.0, 1.0, _GREYS)]
    pairs = [mixed(one, other, 0.5) for index, one in enumerate(points) for other in points[:index]]
    room = (SIZE - len(_exact(points)) - _GREYS - len(pairs)) // max(1, len(points))
    under_ring = max(1, room // 3)
    edges = [mixed(BACKGROUND, colour, share) for colour in points for share in _steps(room - under_ring)]
    ringed = [
        mixed(mixed(BACKGROUND, colour, OPACITY), TEXT, RING_OPACITY * share)
        for colour in points
        for share in _steps(under_ring)
    ]
    return [*greys, *edges, *ringed, *pairs]


def _steps(count: int) -> npt.NDArray[np.float64]:
    return np.linspace(0.0, 1.0, max(1, count) + 1)[1:]


def _nearest(colours: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """For each of 32 x 32 x 32 colours the index of the one that is closest to it."""
    levels = (np.arange(_LEVELS) * 255.0 / (_LEVELS - 1)).astype(np.float32)
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    known = colours.astype(np.float32)
    parts = [cube[begin : begin + _ROWS_AT_A_TIME] for begin in range(0, len(cube), _ROWS_AT_A_TIME)]
    # |a - b|^2 without |a|^2, which does not change which b is closest.
    found = [np.argmin((known * known).sum(axis=1) - 2 * part @ known.T, axis=1) for part in parts]
    return np.concatenate(found).astype(np.uint8)


def _cells(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    coarse = (pixels >> 3).astype(np.uint16)
    cells: npt.NDArray[np.uint16] = ((coarse[..., 0] << 10) | (coarse[..., 1] << 5) | coarse[..., 2]).astype(np.uint16)
    return cells


def _cell(colour: npt.NDArray[np.uint8]) -> int:
    return int(_cells(colour))
