"""Films read back frame by frame: the pictures, their times, and the same bytes for the same frames."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from cvae_core.rendering.animation import FRAME_MS, LAST_FRAME_MS, FilmFormat, film_writer
from cvae_core.rendering.colours import LABEL_COLOURS
from cvae_core.rendering.pictures import Palette

FORMATS: tuple[FilmFormat, ...] = ("gif", "webp")


def film(frames: list[np.ndarray], film_format: FilmFormat, palette: Palette | None = None) -> bytes:
    stream = io.BytesIO()
    writer = film_writer(stream, film_format, palette)
    for frame in frames:
        writer.add(Image.fromarray(frame))
    writer.close()
    return stream.getvalue()


def read(content: bytes) -> tuple[Image.Image, list[np.ndarray], list[int]]:
    image = Image.open(io.BytesIO(content))
    frames, times = [], []
    for frame in ImageSequence.Iterator(image):
        frames.append(np.asarray(frame.convert("RGB")))
        times.append(frame.info["duration"])
    return image, frames, times


@pytest.mark.parametrize("film_format", FORMATS)
@given(st.integers(1, 4), st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_grey_frames_are_exact(film_format: FilmFormat, count: int, width: int, height: int, seed: int) -> None:
    shown = np.random.default_rng(seed).integers(0, 256, (count, height, width), np.uint8)
    image, frames, _ = read(film(list(shown), film_format))
    assert (image.n_frames, image.size) == (count, (width, height))
    for frame, expected in zip(frames, shown, strict=True):
        assert np.array_equal(frame, np.repeat(expected[..., None], 3, axis=2))


def test_colours_without_loss_in_webp() -> None:
    shown = np.random.default_rng(0).integers(0, 256, (3, 17, 23, 3), np.uint8)
    _, frames, _ = read(film(list(shown), "webp"))
    assert all(np.array_equal(frame, expected) for frame, expected in zip(frames, shown, strict=True))


def test_colours_of_a_gif_are_those_of_its_palette() -> None:
    palette = Palette(LABEL_COLOURS)
    shown = np.array([[[*LABEL_COLOURS]], [[*LABEL_COLOURS[::-1]]]], np.uint8)
    _, frames, _ = read(film(list(shown), "gif", palette))
    assert all(np.array_equal(frame, expected) for frame, expected in zip(frames, shown, strict=True))


def test_colours_that_nobody_foresaw_are_kept_as_far_as_256_reach() -> None:
    shown = np.zeros((2, 16, 16, 3), np.uint8)
    shown[0, ..., 0], shown[1, ..., 1] = 200, 90
    _, frames, _ = read(film(list(shown), "gif"))
    assert all(np.array_equal(frame, expected) for frame, expected in zip(frames, shown, strict=True))


@pytest.mark.parametrize("film_format", FORMATS)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_frame_takes_100_ms_and_the_last_one_longer_for_ever(film_format: FilmFormat, count: int) -> None:
    shown = [np.full((9, 12), 40 * index, np.uint8) for index in range(count)]
    image, _, times = read(film(shown, film_format))
    # Pillow reports no time of a WebP with one frame.
    assert times == [FRAME_MS] * (count - 1) + [LAST_FRAME_MS] or (count == 1 and film_format == "webp")
    assert image.info["loop"] == 0


@pytest.mark.parametrize("film_format", FORMATS)
def test_frames_that_look_the_same_are_all_kept(film_format: FilmFormat) -> None:
    image, _, _ = read(film([np.zeros((8, 8), np.uint8)] * 4, film_format))
    assert image.n_frames == 4


@pytest.mark.parametrize("film_format", FORMATS)
def test_the_same_frames_give_the_same_bytes(film_format: FilmFormat) -> None:
    shown = list(np.random.default_rng(3).integers(0, 256, (3, 30, 20), np.uint8))
    assert film(shown, film_format) == film(shown, film_format)
