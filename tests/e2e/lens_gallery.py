"""A page with the lens over two manifolds, whose decoders are sent when the lens asks for them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.components.decoder import decoder_blob
from dashboard.components.packing import pack, read_sources
from tests.e2e.lens_cases import QUANTILES, Case, colour, grey

SCRIPTS = (
    *("packing.js", "surface.js", "normal_quantile.js", "mlp.js", "lens_plane.js", "lens_way.js", "lens_overlay.js"),
    *("lens_pointer.js", "image_grid_painter.js", "image_canvas.js", "lens_panel.js", "lens.js"),
)
GALLERY = """
export default function (component) {
  const { header, arrays } = unpack(component.data);
  const view = (component.parentElement.lensGallery ??= createGallery(component));
  view.show(header, arrays);
  return view.dispose;
}

function createGallery({ parentElement, setStateValue }) {
  const host = createElement("div", "with-lens", parentElement);
  const canvas = createElement("canvas", "picture", createElement("div", "stage", host));
  const lens = createLens(host, canvas, {
    report: setStateValue,
    needDecoder: (epoch) => setStateValue("needed", epoch),
  });
  return {
    show(header, arrays) {
      drawGalleryTiles(canvas, arrays.tiles, header.plane);
      lens.setPlane(header.plane);
      lens.setDecoder(header.epoch, header.decoder ? readDecoder(header.decoder, arrays) : null);
      lens.setPin(header.pin);
    },
    dispose: () => lens.dispose(),
  };
}

function drawGalleryTiles(canvas, { shape, values }, { rect }) {
  const [rows, columns, height, width, channels] = shape;
  const context = sizeCanvas(canvas, rect.left + rect.width, rect.top + rect.height);
  const sheet = new OffscreenCanvas(columns * width, rows * height);
  const image = new ImageData(columns * width, rows * height);
  for (let at = 0, tile = 0; tile < rows * columns; tile++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++, at += channels) {
        const column = (tile % columns) * width + x;
        const target = 4 * ((Math.floor(tile / columns) * height + y) * sheet.width + column);
        for (let c = 0; c < 3; c++) image.data[target + c] = values[at + (channels === 3 ? c : 0)];
        image.data[target + 3] = 255;
      }
  sheet.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(sheet, rect.left, rect.top, rect.width, rect.height);
}
"""

LAYOUT = """
.with-lens { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.lens { flex: 1 1 19.5rem; }
"""

mount = st.components.v2.component(
    "lens_gallery",
    css=read_sources("surface.css", "lens.css") + LAYOUT,
    js=read_sources(*SCRIPTS) + GALLERY,
)


def show(case: Case, key: str) -> None:
    """A manifold with margins, the lens over it, and below what the lens reported."""
    state: dict[str, Any] = st.session_state.get(key) or {}
    epoch = st.session_state.get("epoch", 0)
    columns, rows = case.grid.tiles.shape[1], case.grid.tiles.shape[0]
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
            "selectedLabel": case.grid.label,
            "description": f"The {key} manifold.",
        },
    }
    arrays = {"tiles": case.grid.tiles}
    if state.get("needed") == epoch:
        header["decoder"], weights = decoder_blob(case.network)
        arrays |= weights
    mount(key=key, data=pack(header, arrays), on_z_change=lambda: None, on_needed_change=lambda: None)
    st.caption(f"{key} asked for {state.get('needed')}, held {state.get('z')}")


if st.button("Next epoch"):
    st.session_state["epoch"] = st.session_state.get("epoch", 0) + 1
show(grey(), "grey")
show(colour(), "colour")
