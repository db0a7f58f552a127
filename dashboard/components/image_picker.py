"""A gallery of small images, of which some are picked, in an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cvae_core.records import Bytes
from dashboard.components import FOLDER
from dashboard.components.packing import pack

_mount = FOLDER.component("image_picker", "grid/image_picker.js", ("shared/shared.css", "grid/image_picker.css"))


def image_picker(
    key: str,
    images: Bytes,
    indices: Sequence[int] | npt.NDArray[np.integer],
    labels: Sequence[int] | npt.NDArray[np.integer],
    picked: Sequence[int],
    class_names: Sequence[str],
    limit: int,
    *,
    invert: bool = False,
) -> tuple[int, ...] | None:
    """Mount a gallery.

    Args:
        key: Identifies the gallery on the page.
        images: uint8 (n, height, width, 1 or 3).
        indices: n whole numbers, each once, that stand for the images, such as their places in a split.
        labels: Label of each image.
        picked: Indices that are picked, in their order; those of images that are not here are left out. They take
            effect when they differ from what was given before, and are no repetition of what the gallery reported.
        class_names: One for each label.
        limit: Most that can be picked, at least 1. With 1, another pick takes the place of the first.
        invert: Show 255 minus each value.

    Returns:
        The indices that the person has picked, in their order, or ``None`` as long as none was picked or let go.
    """
    result = _mount(
        key=key,
        data=packed_picker(images, indices, labels, picked, class_names, limit, invert),
        on_picked_change=_no_reaction,
    )
    return parse_picked(result, indices, limit)


def packed_picker(
    images: Bytes,
    indices: Sequence[int] | npt.NDArray[np.integer],
    labels: Sequence[int] | npt.NDArray[np.integer],
    picked: Sequence[int],
    class_names: Sequence[str],
    limit: int,
    invert: bool = False,
) -> bytes:
    """The gallery as the browser receives it; the arguments are those of ``image_picker``."""
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(f"images should be (n, height, width, 1 or 3), not {images.shape}")
    known = [int(index) for index in indices]
    if not len(images) == len(set(known)) == len(known) == len(labels):
        raise ValueError(f"{len(known)} indices and {len(labels)} labels for {len(images)} images")
    if limit < 1:
        raise ValueError(f"limit should be at least 1, not {limit}")
    shown = [index for index in dict.fromkeys(map(int, picked)) if index in set(known)][:limit]
    header = {
        "indices": known,
        "labels": [int(label) for label in labels],
        "picked": shown,
        "class_names": list(class_names),
        "limit": limit,
        "invert": invert,
    }
    return pack(header, {"images": images})


def parse_picked(value: object, indices: Sequence[int] | npt.NDArray[np.integer], limit: int) -> tuple[int, ...] | None:
    """Read what a gallery reported, which may be anything.

    Args:
        value: JSON.
        indices: Those of the gallery.
        limit: Most that can be picked.

    Returns:
        Up to ``limit`` of the indices, each once, or ``None`` where ``value`` is no such report.
    """
    picked = value.get("picked") if isinstance(value, Mapping) else None
    if not isinstance(picked, list | tuple) or len(picked) > limit:
        return None
    if any(isinstance(index, bool) or not isinstance(index, int) for index in picked):
        return None
    if len(set(picked)) < len(picked) or not set(picked) <= {int(index) for index in indices}:
        return None
    return tuple(picked)


def _no_reaction() -> None:
    """A value reaches the script only where a callback for it is given."""
