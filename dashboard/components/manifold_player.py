"""Manifolds over the epochs of a run, with a lens that decodes any point of the first one in the browser."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import streamlit as st

from cvae_core.analysis.network import Network
from cvae_core.errors import CvaeError
from cvae_core.records import Bytes, Floats
from dashboard.components import FOLDER
from dashboard.components.epoch_player import (
    PLAYER_STYLES,
    PlayerState,
    Question,
    Timeline,
    answers,
    player_blob,
)
from dashboard.components.packing import decoder_blob
from dashboard.components.tiles import MIN_WIDTH, TilePicture

_mount = FOLDER.component(
    "manifold_player",
    "manifold/manifold_player.js",
    (*PLAYER_STYLES, "grid/tile_player.css", "manifold/lens.css", "manifold/manifold_player.css"),
)


@dataclass(frozen=True)
class LensPlane:
    """The plane of codes that the first picture of a manifold player shows.

    Attributes:
        dimensions: Latent dimensions to the right and downwards, counted from 0; the second is ``None`` where there is
            only one.
        quantiles: Of the prior, at the centres of the first and the last tile.
        base: What each latent dimension holds, but for the plane's own ones; latent_dim numbers.
        class_names: One for each label.
        image_shape: (height, width, channels).
        selected_label: The condition of the first picture.
    """

    dimensions: tuple[int, int | None]
    quantiles: tuple[float, float]
    base: tuple[float, ...]
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    selected_label: int

    @property
    def axes(self) -> int:
        """How many numbers a place has."""
        return 1 if self.dimensions[1] is None else 2


@dataclass(frozen=True)
class PinnedCodes:
    """The code of one image at every epoch of a timeline.

    Attributes:
        index: Where the image stands in its split.
        label: Its label.
        codes: float (epochs, latent_dim), not a number where it is not known.
        is_base: Whether the plane's other dimensions hold it.
    """

    index: int
    label: int
    codes: Floats
    is_base: bool = False


@dataclass(frozen=True)
class ManifoldState(PlayerState):
    """What a manifold player reports.

    Attributes:
        z: The code of the place that is held, in the plane's dimensions, or None. It may be of another view.
    """

    z: tuple[float, ...] | None = None

    @classmethod
    def parse(cls, value: object) -> ManifoldState:
        """Read a player's values out of the session, or what its mounting returned; malformed ones count as absent."""
        player = PlayerState.parse(value)
        z = value.get("z") if isinstance(value, Mapping) else None
        return cls(**vars(player), z=_code(z))


def manifold_player(
    key: str,
    timeline: Timeline,
    pictures: Sequence[TilePicture],
    frame_of: Callable[[int], Mapping[str, Bytes]],
    plane: LensPlane,
    decoder_of: Callable[[int], Network],
    z: tuple[float, ...] | None = None,
    pinned: PinnedCodes | None = None,
) -> ManifoldState:
    """Mount a player of manifolds.

    Args:
        key: Identifies the player on the page.
        timeline: The epochs, and where the player stands.
        pictures: The manifolds; the lens is over the first one, which has neither names of rows and columns nor gaps.
        frame_of: Epoch -> tiles of each picture by its name, uint8 (rows, columns, height, width, 1 or 3), of the same
            shape at every epoch of the view. Called only for epochs whose frames the browser lacks.
        plane: What the first picture shows.
        decoder_of: Epoch -> the network. Called only when the lens is used at an epoch whose decoder the browser lacks.
        z: The place that is held when the run is first shown, in the plane's dimensions.
        pinned: An image whose code is marked, with its trace over the epochs.

    Returns:
        What the player reports by now.
    """
    asked = PlayerState.parse(st.session_state.get(key)).ask
    ignored = _no_reaction
    result = _mount(
        key=key,
        data=packed_manifold_player(timeline, asked, pictures, frame_of, plane, decoder_of, z, pinned),
        on_ask_change=ignored,
        on_epoch_change=ignored,
        on_z_change=ignored,
    )
    return ManifoldState.parse(result)


def packed_manifold_player(
    timeline: Timeline,
    question: Question | None,
    pictures: Sequence[TilePicture],
    frame_of: Callable[[int], Mapping[str, Bytes]],
    plane: LensPlane,
    decoder_of: Callable[[int], Network],
    z: tuple[float, ...] | None = None,
    pinned: PinnedCodes | None = None,
) -> bytes:
    """The bytes that the browser receives; the arguments are those of ``manifold_player``, and its question."""
    _check_first(pictures)
    header: dict[str, Any] = {
        "pictures": [asdict(picture) for picture in pictures],
        "min_width": MIN_WIDTH,
        "plane": _plane_header(plane),
        "z": z if z is not None and len(z) == plane.axes else None,
        "pin": None if pinned is None else {"index": pinned.index, "label": pinned.label, "is_base": pinned.is_base},
    }
    decoder, arrays = _decoder(timeline, question, decoder_of)
    if pinned is not None:
        arrays["pin_codes"] = pinned.codes.astype(np.float32)
    return player_blob(
        timeline, question, {**header, "decoder": decoder}, lambda epoch: _frame(pictures, frame_of(epoch)), arrays
    )


def _check_first(pictures: Sequence[TilePicture]) -> None:
    if len({picture.name for picture in pictures}) < len(pictures):
        raise ValueError("each picture should have a name of its own")
    if not pictures or pictures[0].row_labels or pictures[0].column_labels or pictures[0].gap:
        raise ValueError("there should be a first picture without names of rows and columns and without gaps")


def _plane_header(plane: LensPlane) -> dict[str, Any]:
    return {
        "dimensions": plane.dimensions,
        "quantiles": plane.quantiles,
        "base": plane.base,
        "classNames": plane.class_names,
        "imageShape": plane.image_shape,
        "selectedLabel": plane.selected_label,
    }


def _frame(pictures: Sequence[TilePicture], tiles: Mapping[str, Bytes]) -> dict[str, Bytes]:
    """The tiles under the names that the browser knows them by."""
    return {f"tiles_{picture.name}": tiles[picture.name] for picture in pictures}


def _decoder(
    timeline: Timeline, question: Question | None, decoder_of: Callable[[int], Network]
) -> tuple[dict[str, Any] | None, dict[str, Floats]]:
    """The decoder that the browser asked for, if it did and there is one."""
    epoch = _decoder_epoch(timeline, question)
    if epoch is None:
        return None, {}
    try:
        header, arrays = decoder_blob(decoder_of(epoch))
    except CvaeError:
        # The player says at this epoch why there is no picture, and so no decoder either.
        return None, {}
    return {"epoch": epoch, **header}, arrays


def _decoder_epoch(timeline: Timeline, question: Question | None) -> int | None:
    """The newest wish of the browser, which may have sent anything."""
    if question is None or not answers(timeline, question):
        return None
    wished = question.extra.get("decoders")
    if not isinstance(wished, list | tuple) or not wished or wished[-1] not in timeline.epochs:
        return None
    return int(wished[-1])


def _code(value: object) -> tuple[float, ...] | None:
    """One or two finite numbers, if that is what came."""
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= 2:
        return None
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in value):
        return None
    return tuple(map(float, value)) if all(map(math.isfinite, value)) else None


def _no_reaction() -> None:
    """A value reaches the script only where a callback for it is given."""
