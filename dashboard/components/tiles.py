"""Grids of small images: one that stands still, and one that plays over the epochs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import streamlit as st

from cvae_core.analysis.records import ManifoldGrids, Reconstructions
from cvae_core.records import Bytes
from dashboard.components import FOLDER
from dashboard.components.epoch_player import PLAYER_STYLES, PlayerState, Question, Timeline, player_blob
from dashboard.components.packing import pack

_mount_grid = FOLDER.component("image_grid", "grid/image_grid.js", ("shared/shared.css",))


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
    _mount_grid(key=key, data=packed_tiles(tiles))


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


MIN_WIDTH: Final = 320

_mount = FOLDER.component("tile_player", "grid/tile_player.js", (*PLAYER_STYLES, "grid/tile_player.css"))


@dataclass(frozen=True)
class TilePicture:
    """One grid of a tile player: all but its tiles.

    Attributes:
        name: Identifies it among the pictures of the player.
        description: For those who cannot see the picture.
        title: Stands above; empty for none.
        caption: Stands below; empty for none.
        row_labels: One for each row, or none.
        column_labels: One for each column, or none; some are left out where they do not fit.
        file_name: Of the PNG; the epoch is put before its ending.
        gap: Space between tiles, in CSS pixels.
        max_tile: Widest that a tile may get, in CSS pixels.
        invert: Show 255 minus each value.
    """

    name: str
    description: str
    title: str = ""
    caption: str = ""
    row_labels: tuple[str, ...] = ()
    column_labels: tuple[str, ...] = ()
    file_name: str = "images.png"
    gap: int = 0
    max_tile: int = 112
    invert: bool = False


def tile_player(
    key: str,
    timeline: Timeline,
    pictures: Sequence[TilePicture],
    frame_of: Callable[[int], Mapping[str, Bytes]],
    *,
    min_width: int = MIN_WIDTH,
) -> PlayerState:
    """Mount a player of tile grids.

    Args:
        key: Identifies the player on the page.
        timeline: The epochs, and where the player stands.
        pictures: The grids; they flow beside each other where there is room.
        frame_of: Epoch -> tiles of each picture by its name, uint8 (rows, columns, height, width, 1 or 3), of the same
            shape at every epoch of the view. Called only for epochs whose frames the browser lacks.
        min_width: Of one picture, in CSS pixels.

    Returns:
        What the player reports by now.
    """
    asked = PlayerState.parse(st.session_state.get(key)).ask
    blob = packed_tile_player(timeline, asked, pictures, frame_of, min_width)
    ignored = _no_reaction
    result = _mount(key=key, data=blob, on_ask_change=ignored, on_epoch_change=ignored)
    return PlayerState.parse(result)


def packed_tile_player(
    timeline: Timeline,
    question: Question | None,
    pictures: Sequence[TilePicture],
    frame_of: Callable[[int], Mapping[str, Bytes]],
    min_width: int = MIN_WIDTH,
) -> bytes:
    """The player as the browser receives it; the arguments are those of ``tile_player``, and what the browser asked."""
    if len({picture.name for picture in pictures}) < len(pictures):
        raise ValueError("each picture should have a name of its own")
    header = {"pictures": [asdict(picture) for picture in pictures], "min_width": min_width}
    return player_blob(timeline, question, header, lambda epoch: _frame(pictures, frame_of(epoch)))


def _frame(pictures: Sequence[TilePicture], tiles: Mapping[str, Bytes]) -> dict[str, Any]:
    """The tiles under the names that the browser knows them by."""
    for picture in pictures:
        _check_labels(picture, tiles[picture.name])
    return {f"tiles_{picture.name}": tiles[picture.name] for picture in pictures}


def _check_labels(picture: TilePicture, tiles: Bytes) -> None:
    if tiles.ndim != 5 or tiles.shape[-1] not in (1, 3):
        raise ValueError(f"tiles should be (rows, columns, height, width, 1 or 3), not {tiles.shape}")
    for names, size in ((picture.row_labels, 0), (picture.column_labels, 1)):
        if names and len(names) != tiles.shape[size]:
            raise ValueError(f"{len(names)} names for {tiles.shape[size]} rows or columns")


def _no_reaction() -> None:
    """A value reaches the script only where a callback for it is given."""
