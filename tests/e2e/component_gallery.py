"""A page with every browser component and live chart, for the browser tests: fixed pictures that a button changes."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cvae_core.analysis.records import LatentPlane
from cvae_core.metrics import LOSS_METRICS
from cvae_core.records import EpochRecord, Losses, StepRecord
from dashboard.components.latent_player import latent_scatter
from dashboard.components.tiles import ImageTiles, image_grid
from dashboard.figures import training
from dashboard.figures.training import bar_table, kl_points, loss_points

CLASS_NAMES = tuple(str(label) for label in range(10))


def flat_tiles(turn: int) -> ImageTiles:
    """Two rows of three flat colours; the second turn has other ones."""
    colours = [[(200, 40, 40), (40, 160, 40), (40, 40, 200)], [(250, 250, 250), (128, 128, 128), (5, 5, 5)]]
    tiles = np.zeros((2, 3, 8, 8, 3), np.uint8)
    tiles[:] = np.array(colours if turn == 0 else colours[::-1], np.uint8)[:, :, None, None]
    return ImageTiles(tiles, "Six flat colours", title="Flat colours", row_labels=("one", "two"), gap=2, max_tile=64)


def checkerboard() -> ImageTiles:
    """One channel, single pixels alternating: smoothing would turn it grey."""
    board = (np.indices((14, 14)).sum(axis=0) % 2 * 255).astype(np.uint8)
    return ImageTiles(board[None, None, :, :, None], "A checkerboard", max_tile=140, invert=True)


def latent_plane(turn: int) -> LatentPlane:
    """Ten clusters of labels; the second turn has them elsewhere."""
    rng = np.random.default_rng(turn)
    labels = np.arange(2000) % 10
    angle = 2 * np.pi * labels / 10 + turn
    centre = 2.2 * np.stack([np.cos(angle), np.sin(angle)])
    x, y = (centre + 0.45 * rng.standard_normal((2, 2000))).astype(np.float32)
    return LatentPlane(x, y, labels, np.arange(2000), (0, 1))


def losses(value: float) -> Losses:
    """Losses that fall with ``value``."""
    kl = (*(4.0 / (1 + dimension) * (1 - value / 300) for dimension in range(7)), 0.004)
    return Losses(value + 25, value, 25 - value / 20, kl)


turn = st.session_state.setdefault("turn", 0)
if st.button("Change"):
    turn = st.session_state["turn"] = 1 - turn
left, right = st.columns(2)
with left:
    image_grid(flat_tiles(turn), key="flat")
    image_grid(checkerboard(), key="board")
with right:
    latent_scatter(latent_plane(turn), key="scatter", class_names=CLASS_NAMES, title="Latent space")
epochs = [
    EpochRecord(epoch, losses(90 + 90 / epoch), losses(92 + 60 / epoch), 0.5, 1e-3, 1.0)
    for epoch in range(1, 20 + 10 * turn)
]
steps = [
    StepRecord(epoch, step, 120, losses(90 + 90 / (epoch - 1 + step / 120)), 60_000.0)
    for epoch in range(1, 20 + 10 * turn)
    for step in range(40, 121, 40)
]
one, two, three = st.columns(3)
metric = LOSS_METRICS["negative_elbo"]
one.vega_lite_chart(loss_points(epochs, steps, metric), training.loss_description(metric.title), key="loss")
two.vega_lite_chart(bar_table(epochs[-1].test.kl_per_dimension), training.kl_bars_description(8), key="bars")
three.vega_lite_chart(kl_points(epochs), training.kl_over_epochs_description(8), key="kl")
st.caption(f"Turn {turn}")
