"""A pad to draw on, and beside it what a network makes of the drawing under every label, stroke by stroke."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cvae_core.analysis.network import Network
from cvae_core.architecture import DataShape
from cvae_core.records import Bytes
from dashboard.components import FOLDER
from dashboard.components.packing import check_posterior, decoder_blob, encoder_blob, pack

_mount = FOLDER.component(
    "drawing_pad",
    "drawing/drawing_pad.js",
    ("shared/shared.css", "drawing/drawing_pad.css"),
)


@dataclass(frozen=True)
class DrawingState:
    """What a pad reports each time the pen is lifted or another label is chosen.

    It is gone after a switch of the page: whoever needs it longer keeps a copy.

    Attributes:
        image: uint8 (height, width, channels), the drawing as the network is given it; ``None`` if nothing is drawn.
        label: What the person says that it is; ``None`` if that is left to the model.
        id: Rises with every report; 0 before the first.
    """

    image: Bytes | None = None
    label: int | None = None
    id: int = 0

    @classmethod
    def parse(cls, value: object, shape: DataShape) -> DrawingState:
        """Read a pad's values out of the session, or what its mounting returned; malformed ones count as absent.

        Args:
            value: JSON.
            shape: Of the network's data.
        """
        drawing = value.get("drawing") if isinstance(value, Mapping) else None
        if not isinstance(drawing, Mapping) or not _is_below(drawing.get("id"), 2**53) or drawing["id"] == 0:
            return cls()
        label = drawing.get("label")
        known = label if _is_below(label, shape.n_classes) else None
        return cls(_decoded_image(drawing.get("image"), shape), known, drawing["id"])


def drawing_pad(
    key: str,
    network: Network,
    class_names: Sequence[str],
    label: int | None,
    *,
    invert: bool = False,
    epoch: int | None = None,
) -> DrawingState:
    """Mount a pad. Its strokes stay when the network changes, and when the person comes back from another page.

    Args:
        key: Identifies the pad on the page.
        network: Encoder and decoder; of a CVAE.
        class_names: One for each label.
        label: Of the drawing, or ``None`` to leave it to the model; the person may choose another. It takes effect
            when it differs from what was given before, and is no repetition of what the pad reported.
        invert: Show 255 minus each value of the versions.
        epoch: The network's, for the names of saved pictures; left out of them if ``None``.

    Returns:
        What the pad reports by now.

    Raises:
        ConfigError: The network has no posterior.
    """
    data = packed_pad(key, network, class_names, label, invert, epoch)
    result = _mount(key=key, data=data, on_drawing_change=_no_reaction)
    return DrawingState.parse(result, network.architecture.shape)


def packed_pad(
    key: str,
    network: Network,
    class_names: Sequence[str],
    label: int | None,
    invert: bool = False,
    epoch: int | None = None,
) -> bytes:
    """The pad as the browser receives it; the arguments are those of ``drawing_pad``."""
    check_posterior(network)
    shape = network.architecture.shape
    if len(class_names) != shape.n_classes:
        raise ValueError(f"{len(class_names)} names for {shape.n_classes} labels")
    if label is not None and not 0 <= label < shape.n_classes:
        raise ValueError(f"label {label} of {shape.n_classes}")
    encoder, encoder_arrays = encoder_blob(network)
    decoder, decoder_arrays = decoder_blob(network)
    header: dict[str, Any] = {
        "key": key,
        "encoder": encoder,
        "decoder": decoder,
        "class_names": list(class_names),
        "label": label,
        "invert": invert,
        "epoch": epoch,
    }
    return pack(header, {**encoder_arrays, **decoder_arrays})


def _decoded_image(value: object, shape: DataShape) -> Bytes | None:
    """The image, if it is one of this shape in base64."""
    if not isinstance(value, str):
        return None
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(data) != shape.pixels:
        return None
    return np.frombuffer(data, np.uint8).reshape(shape.image_shape)


def _is_below(value: object, limit: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit


def _no_reaction() -> None:
    """A value reaches the script only where a callback for it is given."""
