"""A torn manifold: noisy points on separate pieces, and the true curves that they lie about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cvae_core.records import Floats, Labels
from dashboard.components import FOLDER
from dashboard.components.packing import pack

_MARGIN: Final = 0.3

_mount = FOLDER.component("toy_data", "toy/toy_data.js", ("shared/shared.css",))


@dataclass(frozen=True)
class TornGround:
    """What models are to learn.

    Attributes:
        points: float32 (n, 2).
        labels: int (n,), 0 to the number of pieces - 1.
        pieces: The true curve of each label, float32 (any, 2).
        names: Of the pieces.
        noise: Its standard deviation.
    """

    points: Floats
    labels: Labels
    pieces: tuple[Floats, ...]
    names: tuple[str, ...]
    noise: float

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of a plane that holds all curves."""
        corners = np.concatenate([*self.pieces, self.points])
        (left, bottom), (right, top) = corners.min(axis=0) - _MARGIN, corners.max(axis=0) + _MARGIN
        return float(left), float(right), float(bottom), float(top)

    @property
    def header(self) -> dict[str, Any]:
        """What the browser is told beside the arrays."""
        return {"extent": self.extent, "class_names": self.names, "noise": self.noise}

    @property
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What the browser draws."""
        return {
            "points": self.points.astype(np.float32),
            "labels": self.labels.astype(np.int32),
            **{f"piece_{label}": piece.astype(np.float32) for label, piece in enumerate(self.pieces)},
        }


def torn_ground(ground: TornGround, key: str, title: str, caption: str) -> None:
    """Mount a picture of the data alone.

    Args:
        ground: The data.
        key: Identifies the picture on the page.
        title: Stands above.
        caption: Stands below.
    """
    header = {**ground.header, "title": title, "caption": caption, "description": f"{title}. {caption}"}
    _mount(key=key, data=pack(header, ground.arrays))
