"""A page with a player of two made-up models of a disconnected manifold."""

from __future__ import annotations

import streamlit as st

from dashboard.components.epoch_player import Timeline
from dashboard.components.toy_player import toy_player
from tests.e2e.toy_player_cases import EPOCHS, GROUND, MODELS, frames_of

st.set_page_config(layout="wide")
player = toy_player("player", Timeline("run", "view", EPOCHS, EPOCHS[-1]), MODELS, GROUND, frames_of)
st.caption(f"Python has epoch {player.epoch}")
