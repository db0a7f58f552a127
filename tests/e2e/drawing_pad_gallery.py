"""A page with a pad over the network that the address names, and below what the pad reported."""

from __future__ import annotations

import streamlit as st

from dashboard.components.drawing_pad import drawing_pad
from tests.e2e.style_cases import class_names, network

# One page serves every case.
name = st.query_params.get("network", "tutorial")
epoch = st.session_state.setdefault("epoch", 0)
if st.button("Next epoch"):
    epoch = st.session_state["epoch"] = epoch + 1
if st.button("Say 3"):
    st.session_state["label"] = 3
if st.checkbox("Leave the pad"):
    st.stop()
shown = network(name, epoch)
names = class_names(shown.architecture.shape)
state = drawing_pad("pad", shown, names, st.session_state.get("label"), epoch=epoch)
ink = -1 if state.image is None else int(state.image.sum())
st.caption(f"Epoch {epoch}, label {state.label}, ink {ink}, reported {state.id > 0}")
