"""A page with a studio over one code or two, as the address says, and below what it reported."""

from __future__ import annotations

import streamlit as st

from dashboard.components.latent_sliders import latent_sliders
from tests.e2e.style_cases import class_names, codes, network

name = st.query_params.get("network", "tutorial")
count = int(st.query_params.get("sources", "1"))
epoch = st.session_state.setdefault("epoch", 0)
if st.button("Next epoch"):
    epoch = st.session_state["epoch"] = epoch + 1
model = network(name, epoch)
architecture = model.architecture
state = latent_sliders(
    "studio",
    model,
    codes(architecture.latent_dim, count, epoch),
    [2, 1][:count],
    ["test image 12", "test image 40"][:count],
    class_names(architecture.shape),
    steps=7,
    epoch=epoch,
)
told = None if state.code is None else [round(z, 3) for z in state.code]
st.caption(f"Epoch {epoch}, chosen {told}, share {state.share}")
