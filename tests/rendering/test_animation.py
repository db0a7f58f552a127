"""Animations read back frame by frame: pixels, durations and colours."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from cvae_core.analysis.records import LatentPlane
from cvae_core.rendering.animation import FRAME_MS, LAST_FRAME_MS, GifWriter, WebpWriter
from cvae_core.rendering.drawing import BACKGROUND, BORDER, LABEL_COLOURS, QUIET, TEXT, Colour, mixed
from cvae_core.rendering.output import ANIMATION_FORMATS, AnimationFormat
from cvae_core.rendering.pictures import Palette
from cvae_core.rendering.scatter import OPACITY, PlanePainter


def animation(frames: Sequence[np.ndarray], animation_format: AnimationFormat, palette: Palette | None = None) -> bytes:
    stream = io.BytesIO()
    writer = GifWriter(stream, palette) if animation_format == "gif" else WebpWriter(stream)
    for frame in frames:
        writer.add(Image.fromarray(frame))
    writer.close()
    return stream.getvalue()


def read(content: bytes) -> tuple[Image.Image, list[np.ndarray], list[int]]:
    image = Image.open(io.BytesIO(content))
    frames, durations = [], []
    for frame in ImageSequence.Iterator(image):
        frames.append(np.asarray(frame.convert("RGB")))
        durations.append(frame.info["duration"])
    return image, frames, durations


@pytest.mark.parametrize("animation_format", ANIMATION_FORMATS)
@given(st.integers(1, 4), st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_grey_frames_are_exact(
    animation_format: AnimationFormat, count: int, width: int, height: int, seed: int
) -> None:
    shown = np.random.default_rng(seed).integers(0, 256, (count, height, width), np.uint8)
    content = animation(shown, animation_format)
    image, frames, _ = read(content)
    assert (image.n_frames, image.size) == (count, (width, height))
    assert np.array_equal(frames, np.repeat(shown[..., None], 3, axis=-1))
    assert content == animation(shown, animation_format)


def coloured(kind: str) -> np.ndarray:
    if kind == "random":
        return np.random.default_rng(0).integers(0, 256, (3, 17, 23, 3), np.uint8)
    if kind == "labels":
        return np.array([[[*LABEL_COLOURS]], [[*LABEL_COLOURS[::-1]]]], np.uint8)
    shown = np.zeros((2, 16, 16, 3), np.uint8)
    shown[0, ..., 0], shown[1, ..., 1] = 200, 90
    return shown


@pytest.mark.parametrize(
    ("kind", "animation_format", "palette"),
    [("random", "webp", None), ("labels", "gif", Palette(LABEL_COLOURS)), ("few", "gif", None)],
)
def test_colours_are_kept(kind: str, animation_format: AnimationFormat, palette: Palette | None) -> None:
    _, frames, _ = read(animation(coloured(kind), animation_format, palette))
    assert np.array_equal(frames, coloured(kind))


@pytest.mark.parametrize("animation_format", ANIMATION_FORMATS)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_equal_frames_take_100_ms_each_the_last_one_longer_and_repeat(
    animation_format: AnimationFormat, count: int
) -> None:
    image, _, durations = read(animation([np.full((9, 12), 40, np.uint8)] * count, animation_format))
    # Pillow reports no duration of a WebP with one frame.
    expected = [FRAME_MS] * (count - 1) + [LAST_FRAME_MS]
    assert durations == expected or (count == 1 and animation_format == "webp")
    assert image.info["loop"] == 0


@pytest.mark.parametrize("points", [LABEL_COLOURS[:1], LABEL_COLOURS[7:8], LABEL_COLOURS])
def test_the_colours_of_the_page_and_of_points_are_exact(points: tuple[Colour, ...]) -> None:
    single = [mixed(BACKGROUND, colour, OPACITY) for colour in points]
    wanted = np.array([[BACKGROUND, TEXT, BORDER, QUIET, *single, *points]], np.uint8)
    assert np.array_equal(np.asarray(Palette(points).apply(Image.fromarray(wanted)).convert("RGB")), wanted)


@pytest.mark.parametrize("labels", [(3,), (7,), tuple(range(10))])
def test_the_other_colours_of_a_latent_plane_are_close(labels: tuple[int, ...]) -> None:
    generator = np.random.default_rng(1)
    x, y = generator.standard_normal((2, 2000)).astype(np.float32)
    plane = LatentPlane(x, y, generator.choice(labels, 2000), np.arange(2000), (0, 1))
    image = PlanePainter(("z1", "z2")).paint(plane, "epoch 1")
    reduced = Palette([LABEL_COLOURS[label] for label in labels]).apply(image).convert("RGB")
    error = np.abs(np.asarray(image).astype(int) - np.asarray(reduced)).max(axis=2)
    assert error.mean() < (1 if len(labels) == 1 else 2)
    assert np.percentile(error, 99) <= (8 if len(labels) == 1 else 32)
