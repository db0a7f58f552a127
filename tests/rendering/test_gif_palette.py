"""The colours of a GIF are the picture's own, as near as 256 of them can be."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cvae_core.analysis.records import LatentPlane
from cvae_core.rendering.colours import BACKGROUND, BORDER, LABEL_COLOURS, QUIET, TEXT, mixed
from cvae_core.rendering.pictures import Palette
from cvae_core.rendering.scatter import OPACITY, PlanePainter


@pytest.mark.parametrize("points", [LABEL_COLOURS[:1], LABEL_COLOURS[7:8], LABEL_COLOURS])
def test_the_pages_colours_and_those_of_points_are_kept_exactly(points: tuple[tuple[int, int, int], ...]) -> None:
    single = [mixed(BACKGROUND, colour, OPACITY) for colour in points]
    wanted = np.array([[BACKGROUND, TEXT, BORDER, QUIET, *single, *points]], np.uint8)
    kept = Palette(points).apply(Image.fromarray(wanted)).convert("RGB")
    assert np.array_equal(np.asarray(kept), wanted)


@pytest.mark.parametrize("labels", [(3,), (7,), tuple(range(10))])
def test_no_pixel_of_a_latent_plane_is_far_off(labels: tuple[int, ...]) -> None:
    generator = np.random.default_rng(1)
    x, y = generator.standard_normal((2, 2000)).astype(np.float32)
    plane = LatentPlane(x, y, generator.choice(labels, 2000), np.arange(2000), (0, 1))
    image = PlanePainter(("z1", "z2")).paint(plane, "epoch 1")
    reduced = Palette([LABEL_COLOURS[label] for label in labels]).apply(image).convert("RGB")
    error = np.abs(np.asarray(image).astype(int) - np.asarray(reduced)).max(axis=2)
    assert error.mean() < (1 if len(labels) == 1 else 2)
    assert np.percentile(error, 99) <= (8 if len(labels) == 1 else 32)
