"""A grid of small images, drawn crisp in the browser, with names for rows and columns and a PNG to take away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cvae_core.analysis.records import ManifoldGrids, Reconstructions
from cvae_core.records import Bytes
from dashboard.components import FOLDER
from dashboard.components.packing import pack

_mount = FOLDER.component("image_grid", "grid/image_grid.js", ("shared/shared.css",))


@dataclass(frozen=True)
class ImageTiles:
    """What an image grid shows.

    Attributes:
        tiles: uint8 (rows, columns, height, width, channels), 1 or 3 channels.
        description: For those who cannot see the picture.
        title: Stands above; empty for none.
        caption: Stands below; empty for none.
        row_labels: One for each row, or none.
        column_labels: One for each column, or none; some are left out where they do not fit.
        file_name: Of the PNG.
        gap: Space between tiles, in CSS pixels.
        max_tile: Widest that a tile may get, in CSS pixels.
        invert: Show 255 minus each value.
    """

    tiles: Bytes
    description: str
    title: str = ""
    caption: str = ""
    row_labels: tuple[str, ...] = ()
    column_labels: tuple[str, ...] = ()
    file_name: str = "images.png"
    gap: int = 0
    max_tile: int = 112
    invert: bool = False

    def __post_init__(self) -> None:
        """Check that tiles and names fit together."""
        if self.tiles.ndim != 5 or self.tiles.shape[-1] not in (1, 3):
            raise ValueError(f"tiles should be (rows, columns, height, width, 1 or 3), not {self.tiles.shape}")
        for names, size in ((self.row_labels, 0), (self.column_labels, 1)):
            if names and len(names) != self.tiles.shape[size]:
                raise ValueError(f"{len(names)} names for {self.tiles.shape[size]} rows or columns")


def image_grid(tiles: ImageTiles, key: str) -> None:
    """Mount an image grid. New tiles under the same key are drawn on the same canvas, without flicker.

    Args:
        tiles: What to show.
        key: Identifies the grid on the page.
    """
    _mount(key=key, data=packed_tiles(tiles))


def packed_tiles(tiles: ImageTiles) -> bytes:
    """The tiles as the browser receives them."""
    header = {
        "description": tiles.description,
        "title": tiles.title,
        "caption": tiles.caption,
        "row_labels": tiles.row_labels,
        "column_labels": tiles.column_labels,
        "file_name": tiles.file_name,
        "gap": tiles.gap,
        "max_tile": tiles.max_tile,
        "invert": tiles.invert,
    }
    return pack(header, {"tiles": tiles.tiles})


def reconstruction_tiles(record: Reconstructions, class_names: Sequence[str]) -> ImageTiles:
    """Two rows: the originals, and below each its reconstruction.

    Args:
        record: Originals and reconstructions.
        class_names: One for each label.
    """
    names = tuple(class_names[label] for label in record.labels)
    return ImageTiles(
        tiles=np.stack([record.originals, record.reconstructions]),
        description=f"{len(names)} test images above their reconstructions: {', '.join(names)}.",
        title="Reconstructions",
        row_labels=("Original", "Decoded"),
        file_name="reconstructions.png",
        gap=2,
    )


def manifold_tiles(record: ManifoldGrids, class_names: Sequence[str]) -> ImageTiles:
    """The grid of decoded images, without gaps, and under it what its sides are.

    Args:
        record: The grid, under one label.
        class_names: One for each label.
    """
    name = class_names[record.labels[0]]
    return ImageTiles(
        tiles=record.tiles[0],
        description=f"Manifold of {name}: {_axes(record)}.",
        title=f"Manifold of {name}",
        caption=f"{_axes(record)}.",
        file_name=f"manifold_{name}.png",
        max_tile=56,
    )


def _axes(record: ManifoldGrids) -> str:
    """What grows to the right and downwards, in words."""
    across = _span(record.dimensions[0], float(record.x_values[0]), float(record.x_values[-1]))
    if record.dimensions[1] is None:
        return f"{across} to the right"
    down = _span(record.dimensions[1], float(record.y_values[0]), float(record.y_values[-1]))
    return f"{across} to the right, {down} downwards"


def _span(dimension: int, first: float, last: float) -> str:
    return f"z{dimension + 1} from {_signed(first)} to {_signed(last)}"


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
