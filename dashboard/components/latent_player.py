"""The latent plane in the browser: points coloured by label, over the rings of the prior."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import streamlit as st

from cvae_core.analysis.latent import COLLAPSED_KL
from cvae_core.analysis.records import LatentPlane
from cvae_core.errors import CvaeError
from cvae_core.records import Bytes, Floats, Labels
from dashboard.components import FOLDER
from dashboard.components.epoch_player import (
    PLAYER_STYLES,
    FrameOf,
    PlayerState,
    Question,
    Timeline,
    answers,
    player_blob,
)
from dashboard.components.packing import pack

AXIS_LIMIT = 5.0

_mount_scatter = FOLDER.component(
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
    _mount_scatter(key=key, data=packed_scatter(LatentScatter(plane, class_names, title, file_name=file_name)))


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


_FIGURES: Final = ("x", "y", "kl", "mean", "variance")

_mount = FOLDER.component(
    "latent_player",
    "latent/latent_player.js",
    (*PLAYER_STYLES, "latent/latent_scatter.css", "latent/latent_player.css"),
)


@dataclass(frozen=True)
class LatentPicture:
    """What stays the same over the epochs of a latent player, but for the points' labels.

    Attributes:
        class_names: One for each label.
        description: For those who cannot see the picture.
        titles: What stands along x and y, such as ``("z1", "z2")`` or ``("PC 1 (34 %)", "PC 2 (21 %)")``.
        title: Stands above the plane; empty for none.
        limit: The axes run from -limit to limit.
        one_dimensional: y has no meaning of its own; the prior is drawn along x alone.
        file_name: Of the PNG; label (where only one is shown) and epoch are put before its ending.
        collapsed: A dimension whose KL is below this many nats is shown as collapsed.
    """

    class_names: tuple[str, ...]
    description: str
    titles: tuple[str, str] = ("z1", "z2")
    title: str = "Latent plane"
    limit: float = AXIS_LIMIT
    one_dimensional: bool = False
    file_name: str = "latent_space.png"
    collapsed: float = COLLAPSED_KL


@dataclass(frozen=True)
class PinnedPath:
    """One image at every epoch of a timeline, in the plane of the picture.

    Attributes:
        index: Where it stands in its split.
        label: Its label.
        x: float (epochs,), not a number where a snapshot could not be read.
        y: float (epochs,).
        covariance: float (epochs, 2, 2), of its posterior in the plane.
        tiles: uint8 (1 + epochs, height, width, channels), the image and its reconstruction at each epoch.
    """

    index: int
    label: int
    x: Floats
    y: Floats
    covariance: Floats
    tiles: Bytes


@dataclass(frozen=True)
class PinReport:
    """What was pinned last.

    Attributes:
        index: The image's index in its split, or None if the pin was taken away.
        id: Another one for each report, so that the same pin again differs from one that was taken note of.
    """

    index: int | None
    id: int = 0

    @classmethod
    def parse(cls, value: object) -> PinReport | None:
        """Read what came from the browser, which may be anything; None where it is no report."""
        if not isinstance(value, Mapping):
            return None
        number = _index(value.get("id"))
        return None if number is None else cls(_index(value.get("index")), number)


@dataclass(frozen=True)
class LatentPlayerState(PlayerState):
    """What a latent player reports. It is gone after a switch of the page: whoever needs it longer keeps a copy.

    Attributes:
        pin: The last change of the pin, or None if it was not changed yet.
    """

    pin: PinReport | None = None

    @classmethod
    def parse(cls, value: object) -> LatentPlayerState:
        """Read a player's values out of the session; malformed ones count as absent."""
        player = PlayerState.parse(value)
        pin = PinReport.parse(value.get("pin")) if isinstance(value, Mapping) else None
        return cls(**vars(player), pin=pin)


def latent_player(
    key: str,
    timeline: Timeline,
    picture: LatentPicture,
    shared: Mapping[str, Labels],
    frame_of: FrameOf,
    pin: PinnedPath | None,
    hover_of: Callable[[int], Bytes],
) -> LatentPlayerState:
    """Mount a player of the latent plane.

    Args:
        key: Identifies the player on the page.
        timeline: The epochs, and where the player stands.
        picture: What stays the same.
        shared: ``labels`` and ``indices`` of the points, integers (n,); 10,000 points stay fluid.
        frame_of: Epoch -> ``x`` and ``y`` of the points, float (n,), and ``kl`` (nats), ``mean`` and ``variance`` of
            the latent dimensions, float (latent_dim,). Called only for epochs whose frames the browser lacks.
        pin: The pinned image, which need not be among the points.
        hover_of: Index of one of the points' images -> uint8 (2, height, width, channels), the image and its
            reconstruction at the selected epoch. Called for the point under the mouse.

    Returns:
        What the player reports by now: ``latent_player_state(key)``.
    """
    asked = latent_player_state(key).ask
    ignored = _no_reaction
    _mount(
        key=key,
        data=packed_latent_player(timeline, asked, picture, shared, frame_of, pin, hover_of),
        on_ask_change=ignored,
        on_epoch_change=ignored,
        on_pin_change=ignored,
    )
    return latent_player_state(key)


def latent_player_state(key: str) -> LatentPlayerState:
    """What the latent player of this key reports; also before it is mounted, as a pin must be known by then."""
    return LatentPlayerState.parse(st.session_state.get(key))


def packed_latent_player(
    timeline: Timeline,
    question: Question | None,
    picture: LatentPicture,
    shared: Mapping[str, Labels],
    frame_of: FrameOf,
    pin: PinnedPath | None,
    hover_of: Callable[[int], Bytes],
) -> bytes:
    """The bytes that the browser receives; the arguments are those of ``latent_player``, and its question."""
    arrays: dict[str, npt.NDArray[Any]] = {name: shared[name].astype(np.int32) for name in ("labels", "indices")}
    header = _header(picture)
    if pin is not None:
        header["pin"] = {"index": pin.index, "label": pin.label}
        arrays |= _pin_arrays(pin, len(timeline.epochs))
    index = _hovered(timeline, question, shared["indices"])
    if index is not None:
        try:
            arrays["hover"] = hover_of(index)
        except CvaeError:
            # The player tells by itself why this epoch cannot be shown.
            pass
        else:
            header["hover"] = {"index": index, "epoch": timeline.epoch}
    return player_blob(timeline, question, header, lambda epoch: _frame(frame_of(epoch)), arrays)


def _header(picture: LatentPicture) -> dict[str, Any]:
    x_title, y_title = picture.titles
    return {
        "title": picture.title,
        "description": picture.description,
        "class_names": picture.class_names,
        "x_title": x_title,
        "y_title": y_title,
        "limit": picture.limit,
        "one_dimensional": picture.one_dimensional,
        "file_name": picture.file_name,
        "collapsed": picture.collapsed,
    }


def _pin_arrays(pin: PinnedPath, epochs: int) -> dict[str, npt.NDArray[Any]]:
    shapes = (pin.x.shape, pin.y.shape, pin.covariance.shape)
    if shapes != ((epochs,), (epochs,), (epochs, 2, 2)):
        raise ValueError(f"a path over {epochs} epochs should have a point and a covariance for each, not {shapes}")
    if pin.tiles.ndim != 4 or len(pin.tiles) != 1 + epochs:
        raise ValueError(f"tiles should be an image and {epochs} reconstructions, not {pin.tiles.shape}")
    return {
        "pin_x": pin.x.astype(np.float32),
        "pin_y": pin.y.astype(np.float32),
        "pin_covariance": pin.covariance.astype(np.float32),
        "pin_tiles": pin.tiles,
    }


def _hovered(timeline: Timeline, question: Question | None, indices: Labels) -> int | None:
    """The image that the browser asks for, if it is one of the points."""
    if question is None or not answers(timeline, question):
        return None
    index = _index(question.extra.get("hover"))
    return index if index is not None and bool(np.any(indices == index)) else None


def _frame(frame: Mapping[str, npt.NDArray[Any]]) -> dict[str, Floats]:
    return {name: frame[name].astype(np.float32) for name in _FIGURES}


def _index(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _no_reaction() -> None:
    """A value reaches the script only where a callback for it is given."""
