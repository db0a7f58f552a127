"""Slant and thickness of handwriting, as Morpho-MNIST measures them, and whether style transfer keeps them.

Castro, Tan, Kainz, Konukoglu and Glocker 2019, "Morpho-MNIST: Quantitative Assessment and Diagnostics for
Representation Learning", JMLR 20(178), and the program behind its published tables: the image is enlarged four times by
cubic convolution, smoothed with a Gaussian of 4/3 of the new pixels, and rounded down to 8 bits.
SciPy and scikit-image load with the first measurement, since most pages measure nothing.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cvae_core.analysis.network import Network, Progress, check_whole_number, decode_images, no_progress
from cvae_core.analysis.records import BoolArray, Float64Array, Morphology, StyleKept
from cvae_core.config.run import SEED_LIMIT
from cvae_core.records import Bytes, Labels, Split, checked_images

SCALE: Final = 4
FEWEST_SOURCES: Final = 3

_SMOOTHING: Final = 2 * SCALE / 6
_SMOOTHING_REACH: Final = 4.0
_IMAGES_AT_A_TIME: Final = 300
_THREADS: Final = 2


def measure(images: Bytes, progress: Progress = no_progress) -> Morphology:
    """Measure the strokes of images, which are light on dark.

    Slant is atan(-u11 / u02), from the central moments of the grey levels of the enlarged image. Thickness is twice the
    mean distance to the edge along the medial axis (Blum 1967) of its pixels that reach half its range, in pixels of
    the original image. Outside the image is background.

    Args:
        images: uint8 (n, height, width, channels), or what else ``checked_images`` accepts; colours are averaged.
        progress: Called with the number of images done and the total; an error that it raises ends the work.

    Returns:
        The record; the measures of an image do not depend on the other images.

    Raises:
        DataError: They are not images.
    """
    images = checked_images(images)
    parts = [images[begin : begin + _IMAGES_AT_A_TIME] for begin in range(0, len(images), _IMAGES_AT_A_TIME)]
    measured = [np.zeros((2, 0))]
    # SciPy and scikit-image release the lock of the interpreter, so that two parts are measured at a time.
    threads = ThreadPoolExecutor(_THREADS)
    try:
        for number, found in enumerate(threads.map(_measured, parts), 1):
            measured.append(found)
            progress(min(number * _IMAGES_AT_A_TIME, len(images)), len(images))
    finally:
        threads.shutdown(cancel_futures=True)
    slant, thickness = np.concatenate(measured, axis=1)
    return Morphology(slant, thickness)


def _measured(images: Bytes) -> Float64Array:
    """Slant and thickness, (2, n)."""
    enlarged = _enlarged(images)
    low, high = (extreme(enlarged, axis=(1, 2), keepdims=True).astype(np.float64) for extreme in (np.min, np.max))
    is_drawn = (high > low).ravel()
    result = np.full((2, len(images)), np.nan)
    if is_drawn.any():
        drawn = enlarged[is_drawn]
        result[0, is_drawn] = _slants(drawn.astype(np.float64))
        result[1, is_drawn] = _thicknesses(drawn >= (low + (high - low) / 2)[is_drawn])
    return result


def _enlarged(images: Bytes) -> Bytes:
    """uint8 (n, 4 height, 4 width)."""
    from scipy.ndimage import gaussian_filter

    grey = images.mean(axis=3, dtype=np.float64) / 255.0
    down, right = (_cubic(size) for size in grey.shape[1:])
    # Two large matrix products: NumPy takes ten times as long for one of each image.
    wide = np.tensordot(grey, right, axes=(2, 1))
    sharp = np.tensordot(wide, down, axes=(1, 1)).transpose(0, 2, 1)
    sharp = np.clip(sharp, grey.min(axis=(1, 2), keepdims=True), grey.max(axis=(1, 2), keepdims=True))
    smooth = gaussian_filter(sharp, _SMOOTHING, mode="nearest", truncate=_SMOOTHING_REACH, axes=(1, 2))
    # A whole number may be a little too small after rounding, and must not be rounded down.
    return np.floor(255.0 * smooth + 1e-6).astype(np.uint8)


def _cubic(size: int) -> Float64Array:
    """Enlarges an axis by cubic convolution (Keys 1981, a = -1/2); (4 size, size), with repeated ends."""
    place = (np.arange(SCALE * size) + 0.5) / SCALE - 0.5
    taps = np.floor(place).astype(int)[:, None] + np.arange(-1, 3)
    distance = np.abs(place[:, None] - taps)
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1.0
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4.0 * distance + 2.0
    matrix = np.zeros((len(taps), size))
    np.add.at(matrix, (np.arange(len(taps))[:, None], np.clip(taps, 0, size - 1)), np.where(distance <= 1, near, far))
    return matrix


def _slants(grey: Float64Array) -> Float64Array:
    """Radians, of enlarged images that are not uniform."""
    mass, rows, columns = grey.sum(axis=(1, 2)), grey.sum(axis=2), grey.sum(axis=1)
    down, right = (np.arange(size, dtype=np.float64) for size in grey.shape[1:])
    y = down - (rows @ down / mass)[:, None]
    x_mean = (columns @ right / mass)[:, None]
    u11 = ((grey @ right - x_mean * rows) * y).sum(axis=1)
    u02 = (rows * np.square(y)).sum(axis=1)
    slants: Float64Array = np.arctan(-u11 / u02)
    return slants


def _thicknesses(strokes: BoolArray) -> Float64Array:
    """Pixels, of masks (n, height, width) that are not empty; all in one image, as each call takes at least 80 ms."""
    from skimage.morphology import medial_axis

    places = np.random.default_rng(0).permutation(strokes[0].size).reshape(strokes[0].shape)
    rows, columns = (np.flatnonzero(strokes.any(axis=others)) for others in ((0, 2), (0, 1)))
    used = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    padded = np.pad(strokes[:, *used], ((0, 0), (1, 1), (1, 1)))
    column = padded.reshape(-1, padded.shape[2])
    order = np.tile(np.pad(places[used], 1), (len(strokes), 1))[column]
    skeleton, distance = medial_axis(column, return_distance=True, rng=_Order(order))
    lengths, sums = (
        part.reshape(padded.shape).sum(axis=(1, 2)) for part in (skeleton, np.where(skeleton, distance, 0.0))
    )
    thicknesses: Float64Array = 2.0 * sums / lengths / SCALE
    return thicknesses


class _Order(np.random.Generator):
    """A shuffled order of pixels that are equally far from the edge, which depends only on their place in the image.

    So an image has the same skeleton whatever it is measured with. An order by rows or columns would let branches grow
    from every pixel of an upright edge.
    """

    def __init__(self, order: npt.NDArray[np.int64]) -> None:
        super().__init__(np.random.PCG64(0))
        self._order = order

    def permutation(self, x: Any, axis: int = 0) -> Any:  # noqa: ARG002
        return self._order


def style_kept(
    network: Network, split: Split, count: int = 600, seed: int = 0, progress: Progress = no_progress
) -> StyleKept:
    """Whether a style transfer to other labels keeps slant and thickness.

    Each measure of the sources is correlated with that of their transfers. The control does the same after shuffling
    the codes of each label among its sources.

    Args:
        network: Conditional, with a posterior.
        split: Where the sources are drawn from.
        count: Sources, spread evenly over the labels as far as there are that many; 1 or more. 600 digits with ten
            labels take some 15 seconds.
        seed: Of the choice of sources and of the shuffle, 0 to 2^31 - 1.
        progress: As in ``measure``; counts the sources and their transfers.

    Raises:
        ConfigError: The count or the seed is out of range.
    """
    check_whole_number("number of sources", count, 1)
    check_whole_number("seed", seed, 0, SEED_LIMIT)
    n_classes = network.architecture.shape.n_classes
    chosen = _spread_over_labels(split.labels, n_classes, count, seed)
    images, labels = split.images[chosen], split.labels[chosen]
    total = (1 + n_classes) * len(images)
    sources = measure(images, lambda done, _: progress(done, total))
    z_mean, _ = network.encode(images, labels)
    targets = np.repeat(np.arange(n_classes, dtype=np.int64), len(images))
    drawn = decode_images(network, np.tile(z_mean, (n_classes, 1)), targets)
    transfers = measure(drawn, lambda done, _: progress(len(images) + done, total))
    shuffled = _shuffled_within(labels, seed)

    def correlated(source: Float64Array, transfer: Float64Array) -> tuple[Float64Array, float, float]:
        """The table, its median, and the median of the control: a shuffled code gives the shuffled transfer."""
        outputs = transfer.reshape(n_classes, -1)
        table, control = (_correlations(source, of, labels) for of in (outputs, outputs[:, shuffled]))
        return table, _median_between_labels(table), _median_between_labels(control)

    slants, slant, slant_control = correlated(sources.slant, transfers.slant)
    thicknesses, thickness, thickness_control = correlated(sources.thickness, transfers.thickness)
    counts = np.bincount(labels, minlength=n_classes).astype(np.int64)
    return StyleKept(slants, thicknesses, counts, slant, thickness, slant_control, thickness_control)


def _spread_over_labels(labels: Labels, n_classes: int, count: int, seed: int) -> Labels:
    """Indices of ``count`` images by label, as many of each as possible; the first labels get one more if needed."""
    rng = np.random.default_rng(seed)
    chosen = []
    for label in range(n_classes):
        wanted = count // n_classes + (label < count % n_classes)
        chosen.append(rng.permutation(np.flatnonzero(labels == label))[:wanted])
    return np.concatenate(chosen).astype(np.int64)


def _shuffled_within(labels: Labels, seed: int) -> Labels:
    """A random order of the sources in which each keeps its label."""
    rng = np.random.default_rng([seed, 1])
    order = np.arange(len(labels))
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        order[places] = rng.permutation(places)
    return order


def _correlations(source: Float64Array, outputs: Float64Array, labels: Labels) -> Float64Array:
    """Pearson's r of (n,) and (n_classes, n), source by target label; NaN for fewer than three or equal values."""
    n_classes = len(outputs)
    table = np.full((n_classes, n_classes), np.nan)
    for label, target in np.ndindex(table.shape):
        both = (labels == label) & np.isfinite(source) & np.isfinite(outputs[target])
        x, y = source[both], outputs[target, both]
        if len(x) >= FEWEST_SOURCES and np.ptp(x) > 0.0 and np.ptp(y) > 0.0:
            table[label, target] = np.corrcoef(x, y)[0, 1]
    return table


def _median_between_labels(table: Float64Array) -> float:
    """The median over pairs of different labels; NaN without any."""
    different = table[~np.eye(len(table), dtype=bool)]
    found = different[np.isfinite(different)]
    return float(np.median(found)) if len(found) else float("nan")
