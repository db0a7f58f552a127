"""Pictures whose form the browser has to find as Python does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cvae_core.architecture import DataShape
from tests.drawings import drawn, on_colour, on_transparent, photographed
from tests.javascript.network_cases import COLOUR, GREY, MNIST


@dataclass(frozen=True)
class Picture:
    """Pixels and the images that they should become."""

    pixels: npt.NDArray[np.uint8] | npt.NDArray[np.float32]
    shape: DataShape = MNIST


def pictures() -> dict[str, Picture]:
    """The same ones at each call, by name; some of them have no form."""
    rng = np.random.default_rng(0)
    cross = np.zeros((40, 40), np.uint8)
    cross[18:22, 5:35] = cross[5:35, 18:22] = 255
    made: dict[str, npt.NDArray[np.uint8] | npt.NDArray[np.float32]] = {
        "light on transparent": on_transparent(drawn("four"), (255, 255, 255)),
        "dark on transparent": on_transparent(drawn("seven"), (0, 0, 0)),
        "half grey on transparent": on_transparent(drawn("seven"), (128, 128, 128)),
        "blue on yellow": on_colour(drawn("L", 61, 47), (20, 30, 160), (250, 240, 120)),
        "photograph": photographed(drawn("four", 320, 240)),
        "thin pen": drawn("four", 600, 500, pen=0.001),
        "symmetrical": cross,
        "even and symmetrical": cross[1:, 1:],
        "smaller than the box": drawn("seven", 11, 9, pen=0.08),
        "grey and alpha": np.dstack([drawn("L"), np.full((280, 280), 200, np.uint8)]),
        "floats": rng.uniform(0, 1, (33, 50)).astype(np.float32),
        "noise": rng.integers(0, 256, (30, 21, 3), np.uint8),
        "level border": np.where(drawn("four", 28, 28) > 0, drawn("four", 28, 28), 60).astype(np.uint8),
        "nothing": np.full((280, 280, 4), 0, np.uint8),
        "one dot": np.pad(np.full((5, 5), 255, np.uint8), 130),
        "flat": np.zeros((3, 90), np.uint8),
        "long": np.zeros((9, 5000), np.uint8),
    }
    found = {name: Picture(pixels) for name, pixels in made.items()}
    found["small images"] = Picture(drawn("seven"), GREY)
    found["coloured images"] = Picture(photographed(drawn("L", 100, 130)), COLOUR)
    return found
