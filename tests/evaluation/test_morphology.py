"""Slant and thickness of published images and drawn strokes, and networks that keep or mirror them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from cvae_core.architecture import DataShape, plan
from cvae_core.config.run import ModelConfig
from cvae_core.data import mnist
from cvae_core.errors import ConfigError
from cvae_core.evaluation.morphology import measure, style_kept
from cvae_core.records import Split

FINE = 8  # a pixel of a drawn stroke is the average of 8 x 8


def bar(slant: float, width: float, height: int = 28, length: float = 18.0, columns: int = 28) -> np.ndarray:
    """A straight stroke of known slant in radians and horizontal width in pixels, uint8 (height, columns, 1)."""
    y = (np.arange(height * FINE) + 0.5)[:, None] / FINE - height / 2
    x = (np.arange(columns * FINE) + 0.5)[None, :] / FINE - columns / 2
    inside = (np.abs(x + np.tan(slant) * y) <= width / 2) & (np.abs(y) <= length / 2)
    shares = inside.reshape(height, FINE, columns, FINE).mean(axis=(1, 3))
    return np.rint(255 * shares).astype(np.uint8)[..., None]


def test_the_first_training_digit_measures_as_published():
    # Row 0 of the released train-morpho.csv; its thickness depends on how scikit-image of the time broke ties.
    found = measure(mnist.load().train.images[:1])
    assert found.slant[0] == pytest.approx(0.23107446620980754, abs=1e-8)
    assert found.thickness[0] == pytest.approx(2.4606583773939543, abs=0.01)


@pytest.mark.parametrize("slant", [-0.6, -0.3, 0.0, 0.1, 0.45])
def test_a_sheared_bar_has_the_slant_of_its_shear(slant):
    assert measure(bar(slant, 3.0)[None]).slant[0] == pytest.approx(slant, abs=0.01)


@pytest.mark.parametrize("width", [2, 3, 5, 8])
@pytest.mark.parametrize("lying", [False, True])
def test_a_long_bar_is_as_thick_as_it_is_wide(width, lying):
    # Branches of the medial axis into the four corners take up to width / length off the mean.
    image = bar(0.0, width, height=200, length=190, columns=20)
    found = measure((image.transpose(1, 0, 2) if lying else image)[None])
    assert found.thickness[0] == pytest.approx(width, rel=0.05)


def test_thickness_does_not_depend_on_the_grey_level():
    full = bar(0.2, 4.0)
    dim = (full.astype(int) * 100 // 255 + 30).astype(np.uint8)
    found = measure(np.stack([full, dim]))
    assert found.thickness[1] == pytest.approx(found.thickness[0], abs=0.05)


def test_uniform_images_have_neither_measure():
    uniform = [np.full((28, 28, 1), level, np.uint8) for level in (0, 7, 255)]
    found = measure(np.stack([*uniform, bar(0.1, 3.0)]))
    assert np.isnan(found.slant).tolist() == np.isnan(found.thickness).tolist() == [True, True, True, False]
    for count in (3, 0):
        only = measure(np.stack(uniform)[:count])
        assert np.isnan(only.slant).all() and only.slant.shape == only.thickness.shape == (count,)


def test_single_dots_frames_and_small_images_can_be_measured():
    dot = np.zeros((28, 28, 1), np.uint8)
    dot[9, 17] = 255
    frame = np.full((28, 28, 1), 255, np.uint8)
    frame[1:-1, 1:-1] = 0
    small = np.zeros((2, 1, 3, 3), np.uint8)
    small[0, 0, 1], small[1, 0, 2] = 90, 200
    for images in (dot[None], frame[None], small):
        found = measure(images)
        assert np.isfinite(found.thickness).all() and (found.thickness > 0).all()
        assert np.isfinite(found.slant).all()


def test_the_measure_of_an_image_does_not_depend_on_the_others():
    images = mnist.load(with_training=False).test.images[:40]
    together = measure(images)
    for picked in ([3], [17, 3], [39, 0, 17, 5]):
        found = measure(images[picked])
        assert np.array_equal(found.thickness, together.thickness[picked])
        assert np.allclose(found.slant, together.slant[picked], atol=1e-12)


class _Pen:
    """Its code is the image itself, which it draws again: under label 1 mirrored, under label 2 always the same."""

    architecture = replace(plan(ModelConfig(hidden_widths=(2,)), DataShape(28, 28, 1, 3)), latent_dim=784)

    def encode(self, images, labels):
        z = images.reshape(-1, 784).astype(np.float32) / 255
        return z, np.zeros_like(z)

    def decode(self, z, labels):
        drawn = z.reshape(-1, 28, 28, 1).copy()
        drawn[labels == 1] = drawn[labels == 1, :, ::-1]
        drawn[labels == 2] = bar(0.3, 3.0) / np.float32(255)
        return drawn


@pytest.fixture(scope="module")
def strokes() -> Split:
    rng = np.random.default_rng(0)
    images = [bar(rng.uniform(-0.5, 0.5), rng.uniform(1.5, 4.5)) for _ in range(150)]
    return Split(np.stack(images), np.arange(150) % 3)


def test_copies_keep_the_style_and_mirror_images_turn_the_slant(strokes):
    kept = style_kept(_Pen(), strokes, count=120)
    assert kept.sources.tolist() == [40, 40, 40]
    assert np.allclose(kept.slant[:, 0], 1.0, atol=1e-12) and np.allclose(kept.thickness[:, 0], 1.0, atol=1e-12)
    assert np.allclose(kept.slant[:, 1], -1.0, atol=0.01) and np.allclose(kept.thickness[:, 1], 1.0, atol=0.01)
    assert np.isnan(kept.slant[:, 2]).all() and np.isnan(kept.thickness[:, 2]).all()
    # Different labels that can be compared: 1 -> 0, 2 -> 0, 0 -> 1, 2 -> 1.
    assert kept.median_slant == pytest.approx(0.0, abs=0.01) and kept.median_thickness == pytest.approx(1.0, abs=0.01)
    assert replace(kept, median_slant=0.954).sentence() == "slant kept with r = 0.95, thickness with r = 1.00"


def test_shuffled_codes_keep_nothing(strokes):
    kept = style_kept(_Pen(), strokes, count=150, seed=4)
    # A correlation over 50 independent pairs has a standard deviation of 1/7.
    assert abs(kept.shuffled_slant) < 0.4 and abs(kept.shuffled_thickness) < 0.4


def test_the_seed_decides_and_few_sources_have_no_correlation(strokes):
    once, again, other = (style_kept(_Pen(), strokes, count=30, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(once.thickness, again.thickness, equal_nan=True)
    assert once.shuffled_slant == again.shuffled_slant
    assert not np.array_equal(once.slant, other.slant, equal_nan=True)
    few = style_kept(_Pen(), strokes, count=7)
    assert few.sources.tolist() == [3, 2, 2]
    assert np.isfinite(few.slant[0, 0]) and np.isnan(few.slant[1:]).all()
    assert np.isnan(style_kept(_Pen(), strokes, count=1).median_slant)


@pytest.mark.parametrize("settings", [{"count": 0}, {"count": 2.5}, {"seed": -1}, {"seed": 2**31}, {"seed": None}])
def test_settings_out_of_range_are_refused(strokes, settings):
    with pytest.raises(ConfigError):
        style_kept(_Pen(), strokes, **settings)


def test_nothing_heavy_loads_before_the_first_measurement():
    script = "import sys, cvae_core.evaluation.morphology; print([m for m in ('skimage', 'scipy') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "[]"
