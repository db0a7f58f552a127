"""A film of one or several grids of tiles over the epochs of a run, scrubbed in the browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import streamlit as st

from cvae_core.records import Bytes
from dashboard.components import FOLDER
from dashboard.components.epoch_player import PLAYER_STYLES, FilmState, Question, Timeline, film_blob

MIN_WIDTH: Final = 320

_mount = FOLDER.component("tile_player", "grid/tile_player.js", (*PLAYER_STYLES, "grid/tile_player.css"))


@dataclass(frozen=True)
class TilePicture:
    """One grid of a tile film: all but its tiles.

    Attributes:
        name: Identifies it among the pictures of the film.
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


def tile_film(
    key: str,
    timeline: Timeline,
    pictures: Sequence[TilePicture],
    frame_of: Callable[[int], Mapping[str, Bytes]],
    *,
    min_width: int = MIN_WIDTH,
) -> FilmState:
    """Mount a film of tile grids.

    Args:
        key: Identifies the film on the page.
        timeline: The epochs, and where the film stands.
        pictures: The grids; they flow beside each other where there is room.
        frame_of: Epoch -> tiles of each picture by its name, uint8 (rows, columns, height, width, 1 or 3), of the same
            shape at every epoch of the view. Called only for epochs whose frames the browser lacks.
        min_width: Of one picture, in CSS pixels.

    Returns:
        What the film reports by now.
    """
    asked = FilmState.parse(st.session_state.get(key)).ask
    blob = packed_tile_film(timeline, asked, pictures, frame_of, min_width)
    ignored = _no_reaction
    result = _mount(key=key, data=blob, on_ask_change=ignored, on_epoch_change=ignored)
    return FilmState.parse(result)


def packed_tile_film(
    timeline: Timeline,
    question: Question | None,
    pictures: Sequence[TilePicture],
    frame_of: Callable[[int], Mapping[str, Bytes]],
    min_width: int = MIN_WIDTH,
) -> bytes:
    """The film as the browser receives it; the arguments are those of ``tile_film``, and what the browser asked."""
    if len({picture.name for picture in pictures}) < len(pictures):
        raise ValueError("each picture should have a name of its own")
    header = {"pictures": [asdict(picture) for picture in pictures], "min_width": min_width}
    return film_blob(timeline, question, header, lambda epoch: _frame(pictures, frame_of(epoch)))


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
