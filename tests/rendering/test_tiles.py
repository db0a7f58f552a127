"""Tiles keep their pixels, and names and captions have their own space."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cvae_core.rendering.drawing import TileLayout, can_be_written, paint_tiles

layouts = st.builds(
    TileLayout,
    rows=st.integers(1, 4),
    columns=st.integers(1, 4),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    scale=st.integers(1, 3),
    gap=st.integers(0, 3),
    ratio=st.integers(1, 2),
)


def random_tiles(layout: TileLayout, channels: int, seed: int = 0) -> np.ndarray:
    shape = (layout.rows, layout.columns, layout.height, layout.width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@given(layouts, st.sampled_from((1, 3)))
def test_each_pixel_of_a_tile_becomes_a_square_of_its_colour(layout: TileLayout, channels: int) -> None:
    tiles = random_tiles(layout, channels)
    image = paint_tiles(layout, tiles, "label 7 · epoch 12")
    assert image.mode == ("L" if channels == 1 else "RGB")
    assert image.size == layout.size
    pixels = np.asarray(image).reshape(*image.size[::-1], channels)
    for row in range(layout.rows):
        for column in range(layout.columns):
            left, top, right, bottom = layout.box(row, column)
            square = np.ones((layout.scale, layout.scale, 1), np.uint8)
            expected = np.kron(tiles[row, column], square)
            assert np.array_equal(pixels[top:bottom, left:right], expected)


def test_around_the_tiles_there_is_only_text() -> None:
    layout = TileLayout(2, 2, 6, 6, scale=20, gap=4, row_names=("0", "1"))
    black = np.zeros((2, 2, 6, 6, 1), np.uint8)
    image = np.asarray(paint_tiles(layout, black, "")).copy()
    for row, column in np.ndindex(2, 2):
        left, top, right, bottom = layout.box(row, column)
        image[top:bottom, left:right] = 255
        assert (image[top:bottom, : layout.left] < 128).any(), "a row has its name"
    assert (image[: layout.top] == 255).all()
    assert (image[:, layout.left :] == 255).all()
    assert layout.box(0, 1)[0] - layout.box(0, 0)[2] == layout.box(1, 0)[1] - layout.box(0, 0)[3] == layout.gap


def test_the_caption_is_drawn_above_the_tiles_and_changes_nothing_else() -> None:
    layout = TileLayout(1, 2, 28, 28, scale=5)
    tiles = random_tiles(layout, 1)
    frames = [np.asarray(paint_tiles(layout, tiles, f"label 7 · epoch {epoch}")) for epoch in (1, 2)]
    differing = np.flatnonzero((frames[0] != frames[1]).any(axis=1))
    assert len(differing) > 0
    assert differing.max() < layout.top


def test_a_caption_fits_over_a_single_small_tile() -> None:
    layout = TileLayout(1, 1, 28, 28)
    image = np.asarray(paint_tiles(layout, random_tiles(layout, 1), "reconstructions · label 7 · epoch 999"))
    assert (image[: layout.top, -3:] == 255).all(), "the text ends before the border"


def test_missing_characters_of_the_font_are_known() -> None:
    assert can_be_written("T-shirt/top · 3σ")
    assert not can_be_written("Семь")
