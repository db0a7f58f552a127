"""A page with players whose pictures tell their epoch, for the browser tests."""

from __future__ import annotations

import time

import numpy as np
import streamlit as st

from cvae_core.errors import RunDamagedError
from cvae_core.records import Bytes
from dashboard.components.epoch_player import Timeline
from dashboard.components.tiles import TilePicture, tile_player
from tests.e2e.player_cases import BIG_COUNT, DAMAGED, GREY_STEP, LAST, OTHER_BASE

FLAT = TilePicture(
    "flat",
    "Flat tiles",
    title="Flat tiles",
    caption="The grey value is four times the epoch.",
    row_labels=("first row", "second row"),
    file_name="flat.png",
    gap=2,
    max_tile=64,
)
BOARD = TilePicture("board", "A board", title="A board", column_labels=tuple("abcdef"), file_name="board.png")


def grey_tiles(epoch: int, base: int) -> dict[str, Bytes]:
    """Flat tiles of one grey, and a colourful board whose first tile has it."""
    if epoch == DAMAGED:
        raise RunDamagedError("Snapshot 17 is truncated.", "Train it again.")
    flat = np.full((2, 3, 8, 8, 1), base + GREY_STEP * epoch, np.uint8)
    board = (np.indices((6, 6, 10, 10, 3)).sum(axis=0) * 9 % 256).astype(np.uint8)
    board[0, 0] = flat[0, 0, 0, 0]
    return {"flat": flat, "board": board}


def manifold_tiles(epoch: int) -> dict[str, Bytes]:
    """As many tiles as a manifold has, with a blob in each that grows with the epoch."""
    y, x = (np.indices((28, 28)) - 13.5) ** 2
    across = np.linspace(4, 14, 15) + epoch / 10
    radius = across[:, None, None, None] * across[None, :, None, None] / 14
    blob = 255 * np.clip(radius - np.sqrt(x + y), 0, 1)
    blob[0, 0] = 3 * epoch
    return {"manifold": blob.astype(np.uint8)[..., None]}


def flat_player() -> None:
    """A player of forty epochs that buttons lengthen and change."""
    state = st.session_state
    last = state.setdefault("last", LAST)
    with st.container(horizontal=True):
        if st.button("Add epochs"):
            last = state["last"] = last + 2
        alive = st.toggle("Alive")
        other_view = st.toggle("Other view")
        slow = st.toggle("Slow")
        run = st.selectbox("Run", ["one", "two"])
    base = OTHER_BASE if other_view else 0

    def frame_of(epoch: int) -> dict[str, Bytes]:
        if slow:
            time.sleep(0.03)
        return grey_tiles(epoch, base)

    epoch = 0 if run == "one" else 5
    timeline = Timeline(run, f"{run}/{other_view}", tuple(range(last + 1)), epoch, alive=alive)
    player = tile_player("player", timeline, [FLAT, BOARD], frame_of, min_width=280)
    st.caption(f"Python has epoch {player.epoch}")


@st.fragment
def big_player() -> None:
    """A player as large as that of a manifold."""
    timeline = Timeline("big", "big", tuple(range(BIG_COUNT)), 0)
    picture = TilePicture("manifold", "Manifold", title="Manifold", file_name="manifold.png", max_tile=56)
    tile_player("big", timeline, [picture], manifold_tiles)


if st.query_params.get("player") == "big":
    big_player()
else:
    flat_player()
