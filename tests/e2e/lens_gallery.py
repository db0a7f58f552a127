"""A page with the lens over two manifolds, whose decoders are sent when the lens asks for them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import components
from dashboard.components.packing import decoder_blob, pack
from dashboard.streamlit_patches.modules import Component, ComponentFolder
from tests.e2e.lens_cases import QUANTILES, Case, colour, grey

LAYOUT = """
.with-lens { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.lens { flex: 1 1 19.5rem; }
"""


@st.cache_resource
def gallery() -> Component:
    """A component whose module stands beside a copy of the dashboard's."""
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(Path(components.__file__).parent, folder, dirs_exist_ok=True)
    shutil.copy(Path(__file__).with_suffix(".js"), folder)
    (folder / "layout.css").write_text(LAYOUT)
    styles = ("shared/shared.css", "manifold/lens.css", "layout.css")
    return ComponentFolder(folder).component("lens_gallery", "lens_gallery.js", styles)


def show(case: Case, key: str) -> None:
    """A manifold with margins, the lens over it, and below what the lens reported."""
    state: dict[str, Any] = st.session_state.get(key) or {}
    epoch = st.session_state.get("epoch", 0)
    columns, rows = case.grid.tiles.shape[2], case.grid.tiles.shape[1]
    width, height = case.tile
    header: dict[str, Any] = {
        "epoch": epoch,
        "pin": state.get("z"),
        "plane": {
            "rect": {"left": 10, "top": 6, "width": columns * width, "height": rows * height},
            "columns": columns,
            "rows": rows,
            "quantiles": QUANTILES,
            "dimensions": case.grid.dimensions,
            "base": case.base,
            "classNames": [f"label {label}" for label in range(case.network.architecture.shape.n_classes)],
            "imageShape": case.network.architecture.shape.image_shape,
            "selectedLabel": int(case.grid.labels[0]),
            "description": f"The {key} manifold.",
        },
    }
    arrays = {"tiles": case.grid.tiles[0]}
    if state.get("needed") == epoch:
        header["decoder"], weights = decoder_blob(case.network)
        arrays |= weights
    gallery()(key=key, data=pack(header, arrays), on_z_change=lambda: None, on_needed_change=lambda: None)
    st.caption(f"{key} asked for {state.get('needed')}, held {state.get('z')}")


if st.button("Next epoch"):
    st.session_state["epoch"] = st.session_state.get("epoch", 0) + 1
show(grey(), "grey")
show(colour(), "colour")
