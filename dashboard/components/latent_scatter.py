"""The latent plane in the browser: points coloured by label, over the rings of the prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cvae_core.analysis.records import LatentPlane
from dashboard.components import FOLDER
from dashboard.components.packing import pack

AXIS_LIMIT = 5.0

_mount = FOLDER.component(
    "latent_scatter", "latent/latent_scatter.js", ("shared/shared.css", "latent/latent_scatter.css")
)


@dataclass(frozen=True)
class LatentScatter:
    """What a scatter of a latent plane shows.

    Attributes:
        plane: The points; 10,000 stay fluid.
        class_names: One for each label.
        title: Stands above; empty for none.
        limit: The axes run from -limit to limit.
        file_name: Of the PNG.
    """

    plane: LatentPlane
    class_names: Sequence[str]
    title: str = ""
    limit: float = AXIS_LIMIT
    file_name: str = "latent_space.png"


def latent_scatter(
    plane: LatentPlane,
    key: str,
    *,
    class_names: Sequence[str],
    title: str = "",
    file_name: str = "latent_space.png",
) -> None:
    """Mount a scatter of a latent plane. New points under the same key are drawn on the same canvas.

    Args:
        plane: The points; 10,000 stay fluid.
        key: Identifies the scatter on the page.
        class_names: One for each label.
        title: Stands above; empty for none.
        file_name: Under which a picture of it is saved.
    """
    _mount(key=key, data=packed_scatter(LatentScatter(plane, class_names, title, file_name=file_name)))


def packed_scatter(scatter: LatentScatter) -> bytes:
    """The scatter as the browser receives it."""
    plane, limit = scatter.plane, scatter.limit
    x_title, y_title = plane.titles
    outside = int(np.count_nonzero((np.abs(plane.x) > limit) | (np.abs(plane.y) > limit)))
    header = {
        "title": scatter.title,
        "caption": f"{outside:,} of {len(plane.x):,} points lie outside the picture." if outside else "",
        "description": _description(plane, scatter.class_names),
        "class_names": list(scatter.class_names),
        "limit": limit,
        "one_dimensional": plane.dimensions[1] is None,
        "x_title": x_title,
        "y_title": y_title,
        "file_name": scatter.file_name,
    }
    arrays = {
        "x": plane.x.astype(np.float32),
        "y": plane.y.astype(np.float32),
        "labels": plane.labels.astype(np.int32),
        "indices": plane.indices.astype(np.int32),
    }
    return pack(header, arrays)


def _description(plane: LatentPlane, class_names: Sequence[str]) -> str:
    """The scatter in a sentence, for those who cannot see it."""
    names = ", ".join(class_names[label] for label in np.unique(plane.labels))
    return f"Latent positions of {len(plane.x):,} images of {names or 'no label'}, over the rings of the prior."
