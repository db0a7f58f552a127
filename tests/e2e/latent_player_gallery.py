"""A page with a latent player of known clusters, for the browser tests: ?mode=label or all, ?pin=<index>,
?dimensions=<count>."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from dashboard.components.epoch_player import Timeline
from dashboard.components.latent_player import LatentPicture, latent_player, latent_player_state
from tests.e2e import latent_player_cases as cases

st.set_page_config(layout="wide")
mode = st.query_params.get("mode", "label")
labels, indices = cases.labels_and_indices(mode)
latent_dim = int(st.query_params.get("dimensions", cases.LATENT_DIM))
state = latent_player_state("player")
pinned = state.pin.index if state.pin else int(st.query_params["pin"]) if "pin" in st.query_params else None
# An image of another split position than those of the points has a label of its own.
label_of = dict(zip(indices.tolist(), labels.tolist(), strict=True))
path = None if pinned is None else cases.pinned_path(pinned, label_of.get(pinned, cases.PINNED_LABEL))
epoch = cases.EPOCHS[-1] if state.epoch is None else state.epoch


def frame_of(epoch: int) -> dict[str, cases.Floats]:
    x, y = cases.points(mode, epoch)
    return {"x": x, "y": y, **cases.figures(epoch, latent_dim)}


player = latent_player(
    "player",
    Timeline("run", mode, cases.EPOCHS, epoch, alive=False),
    LatentPicture(cases.CLASS_NAMES, "Latent plane of known clusters"),
    {"labels": labels, "indices": indices},
    frame_of,
    path,
    lambda index: cases.picture_of(index, epoch),
)
st.caption(f"Python has epoch {player.epoch}, pin {player.pin.index if player.pin else 'unset'}")
