"""Lays the images of analysis records out as tiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cvae_core.analysis.records import ManifoldGrid, Reconstructions, SampleGrid
from dashboard.components.image_grid import ImageTiles


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


def manifold_tiles(record: ManifoldGrid, class_names: Sequence[str]) -> ImageTiles:
    """The grid of decoded images, without gaps, and under it what its sides are.

    Args:
        record: The grid.
        class_names: One for each label.
    """
    name = class_names[record.label]
    return ImageTiles(
        tiles=record.tiles,
        description=f"Manifold of {name}: {_axes(record)}.",
        title=f"Manifold of {name}",
        caption=f"{_axes(record)}.",
        file_name=f"manifold_{name}.png",
        max_tile=56,
    )


def sample_tiles(record: SampleGrid, class_names: Sequence[str]) -> ImageTiles:
    """A row for each label, a column for each code.

    Args:
        record: The decoded codes.
        class_names: One for each label.
    """
    return ImageTiles(
        tiles=record.tiles,
        description="Images decoded from random codes: a row a label, the same code down each column.",
        title="Samples",
        row_labels=tuple(class_names[label] for label in record.labels),
        file_name="samples.png",
        gap=1,
        max_tile=64,
    )


def _axes(record: ManifoldGrid) -> str:
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
