"""A page with a film of two made-up models of a torn manifold."""

from __future__ import annotations

import streamlit as st

from dashboard.components.epoch_player import Timeline
from dashboard.components.toy_player import torn_film
from tests.e2e.torn_film_cases import EPOCHS, GROUND, MODELS, frames_of

st.set_page_config(layout="wide")
film = torn_film("film", Timeline("run", "view", EPOCHS, EPOCHS[-1]), MODELS, GROUND, frames_of)
st.caption(f"Python has epoch {film.epoch}")
