"""Slant and thickness of handwriting, as Morpho-MNIST measures them, and whether a network keeps them.

Castro, Tan, Kainz, Konukoglu and Glocker 2019, "Morpho-MNIST: Quantitative Assessment and Diagnostics for
Representation Learning", JMLR 20(178), and the program that made its published tables: the image is
enlarged four times by cubic convolution, smoothed with a Gaussian of 4/3 of the new pixels, and rounded down to 8 bits.
SciPy and scikit-image load with the first measurement: a page that measures nothing should not wait for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cvae_core.analysis.network import Network, Progress, check_whole_number, decode_images, no_progress
from cvae_core.analysis.records import BoolArray, Float64Array, Morphology, StyleKept
from cvae_core.config.run import SEED_LIMIT
from cvae_core.records import Bytes, Floats, Labels, Split, checked_images

SCALE: Final = 4
FEWEST_SOURCES: Final = 3

_SMOOTHING: Final = 2 * SCALE / 6
_SMOOTHING_REACH: Final = 4.0
_IMAGES_AT_A_TIME: Final = 300
_THREADS: Final = 2


def measure(images: Bytes, progress: Progress = no_progress) -> Morphology:
    """Measure the strokes of images, which are light on dark.

    Slant is atan(-u11 / u02), from the central moments of the grey levels of the enlarged image; thickness is twice the
    mean distance to the edge along the medial axis (Blum 1967) of its pixels that reach half its range, in pixels of
    the image itself. What lies outside the image counts as background.

    Args:
        images: uint8 (n, height, width, channels), or what else ``checked_images`` takes; colours are averaged.
        progress: Told now and then how many images are done, and of how many; what it raises ends the work.

    Returns:
        The record; the measures of an image do not depend on the others.

    Raises:
        DataError: They are no images.
    """
    images = checked_images(images)
    parts = [images[begin : begin + _IMAGES_AT_A_TIME] for begin in range(0, len(images), _IMAGES_AT_A_TIME)]
    # The distances of one part are computed while the skeletons of another are.
    measured: list[tuple[Float64Array, Float64Array]] = []
    threads = ThreadPoolExecutor(_THREADS)
    try:
        for number, found in enumerate(threads.map(_measured, parts)):
            measured.append(found)
            progress(min((number + 1) * _IMAGES_AT_A_TIME, len(images)), len(images))
    finally:
        threads.shutdown(cancel_futures=True)
    slants, thicknesses = zip(*measured, strict=True) if measured else ((), ())
    nothing = np.zeros(0)
    return Morphology(np.concatenate([nothing, *slants]), np.concatenate([nothing, *thicknesses]))


def _measured(images: Bytes) -> tuple[Float64Array, Float64Array]:
    """Slants and thicknesses of a few images."""
    enlarged = _enlarged(images)
    low, high = (extreme(enlarged, axis=(1, 2)).astype(np.float64) for extreme in (np.min, np.max))
    threshold = low + (high - low) / 2
    inked = np.flatnonzero(high > low)
    slant, thickness = np.full((2, len(images)), np.nan)
    slant[inked] = _slants(enlarged[inked])
    thickness[inked] = _thicknesses(enlarged[inked] >= threshold[inked, None, None])
    return slant, thickness


def _enlarged(images: Bytes) -> Bytes:
    """uint8 (n, 4 height, 4 width)."""
    from scipy.ndimage import gaussian_filter

    grey = images.mean(axis=3, dtype=np.float64) / 255.0
    height, width = grey.shape[1:]
    sharp = _along_both(grey, _cubic(height), _cubic(width))
    sharp = np.clip(sharp, grey.min(axis=(1, 2), keepdims=True), grey.max(axis=(1, 2), keepdims=True))
    smooth = gaussian_filter(sharp, _SMOOTHING, mode="nearest", truncate=_SMOOTHING_REACH, axes=(1, 2))
    # What rounding took from a whole number is given back before it is rounded down.
    return np.floor(255.0 * smooth + 1e-6).astype(np.uint8)


def _along_both(grey: Float64Array, down: Float64Array, right: Float64Array) -> Float64Array:
    """The product down @ image @ right.T of each image, by two large ones: many small ones take ten times as long."""
    count, height, width = grey.shape
    wide = (grey.reshape(-1, width) @ right.T).reshape(count, height, -1)
    turned = np.ascontiguousarray(wide.transpose(0, 2, 1)).reshape(-1, height) @ down.T
    return turned.reshape(count, len(right), len(down)).transpose(0, 2, 1)


def _cubic(size: int) -> Float64Array:
    """Enlarges an axis by cubic convolution (Keys 1981, a = -1/2); (4 size, size), its ends repeated outwards."""
    place = (np.arange(SCALE * size) + 0.5) / SCALE - 0.5
    taps = np.floor(place).astype(int)[:, None] + np.arange(-1, 3)
    distance = np.abs(place[:, None] - taps)
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1.0
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4.0 * distance + 2.0
    matrix = np.zeros((len(taps), size))
    np.add.at(matrix, (np.arange(len(taps))[:, None], np.clip(taps, 0, size - 1)), np.where(distance <= 1, near, far))
    return matrix


def _slants(enlarged: Bytes) -> Float64Array:
    """Radians, of images that are not even."""
    grey = enlarged.astype(np.float64)
    mass = grey.sum(axis=(1, 2))
    down, right = (np.arange(size, dtype=np.float64) for size in grey.shape[1:])
    y_mean = grey.sum(axis=2) @ down / mass
    x_mean = grey.sum(axis=1) @ right / mass
    rows = grey @ right - x_mean[:, None] * grey.sum(axis=2)
    from_middle = down - y_mean[:, None]
    u11 = (rows * from_middle).sum(axis=1)
    u02 = (grey.sum(axis=2) * np.square(from_middle)).sum(axis=1)
    slants: Float64Array = np.arctan(-u11 / u02)
    return slants


def _thicknesses(strokes: BoolArray) -> Float64Array:
    """Pixels, of masks that are not empty; all in one strip, as each call takes 80 ms whatever it is given."""
    from skimage.morphology import medial_axis

    if len(strokes) == 0:
        return np.zeros(0)
    places = np.random.default_rng(0).permutation(strokes[0].size).reshape(strokes[0].shape)
    boxes = _boxes(strokes)
    strip = _strip([mask[box] for mask, box in zip(strokes, boxes, strict=True)])
    order = _strip([places[box] for box in boxes])[strip]
    skeleton, distance = medial_axis(strip, return_distance=True, rng=_Order(order))
    heights = [box[0].stop - box[0].start + 2 for box in boxes]
    begins = np.cumsum([0, *heights[:-1]])
    along = np.add.reduceat(np.where(skeleton, distance, 0.0).sum(axis=1), begins)
    thicknesses: Float64Array = 2.0 * along / np.add.reduceat(skeleton.sum(axis=1), begins) / SCALE
    return thicknesses


def _boxes(masks: BoolArray) -> list[tuple[slice, slice]]:
    """The part of each that is not empty."""
    bounds = []
    for across in (2, 1):
        inked: BoolArray = np.any(masks, axis=across)
        bounds += [inked.argmax(axis=1), inked.shape[1] - inked[:, ::-1].argmax(axis=1)]
    edges = np.stack(bounds, axis=1).tolist()
    return [(slice(top, bottom), slice(left, right)) for top, bottom, left, right in edges]


def _strip(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """All below one another, with margins of zeros between them."""
    width, height = max(part.shape[1] for part in parts) + 2, sum(len(part) + 2 for part in parts)
    strip = np.zeros((height, width), parts[0].dtype)
    top = 1
    for part in parts:
        strip[top : top + len(part), 1 : 1 + part.shape[1]] = part
        top += len(part) + 2
    return strip


class _Order(np.random.Generator):
    """Decides between pixels that are equally far from the edge by their place in the image.

    An image so has the same skeleton whatever it is measured with. The order is a shuffled one, since one by rows or
    columns lets branches grow from every pixel of an upright edge.
    """

    def __init__(self, order: npt.NDArray[np.int64]) -> None:
        super().__init__(np.random.PCG64(0))
        self._order = order

    def permutation(self, x: Any, axis: int = 0) -> Any:  # noqa: ARG002
        return self._order


def style_kept(
    network: Network, split: Split, count: int = 600, seed: int = 0, progress: Progress = no_progress
) -> StyleKept:
    """Whether slant and thickness survive a transfer of style to other labels.

    Args:
        network: Encoder and decoder.
        split: Where the sources are drawn from.
        count: Sources, spread evenly over the labels as far as there are that many; 1 or more. 600 digits under ten
            labels take some 15 seconds.
        seed: Of the choice of sources and of the shuffle, 0 to 2^31 - 1.
        progress: As in ``measure``; tells of the sources and of what is drawn in their style.

    Raises:
        ConfigError: The count or the seed is out of range.
    """
    check_whole_number("number of sources", count, 1)
    check_whole_number("seed", seed, 0, SEED_LIMIT)
    n_classes = network.architecture.shape.n_classes
    chosen = _of_every_label(split.labels, n_classes, count, seed)
    images, labels = split.images[chosen], split.labels[chosen]
    z_mean, _ = network.encode(images, labels)
    total = (1 + n_classes) * len(images)
    sources = measure(images, lambda done, _: progress(done, total))
    outputs = _measured_under_labels(network, z_mean, n_classes, lambda done, _: progress(len(images) + done, total))
    shuffled = _shuffled_within(labels, seed)
    tables = [
        _correlations(source, output[:, order], labels)
        for source, output in ((sources.slant, outputs.slant), (sources.thickness, outputs.thickness))
        for order in (np.arange(len(labels)), shuffled)
    ]
    medians = [_between_labels(table) for table in tables]
    counts = np.bincount(labels, minlength=n_classes).astype(np.int64)
    return StyleKept(tables[0], tables[2], counts, medians[0], medians[2], medians[1], medians[3])


def _of_every_label(labels: Labels, n_classes: int, count: int, seed: int) -> Labels:
    """Places in the split, by label: nearly as many of each, the first labels one more if it does not come out even."""
    rng = np.random.default_rng(seed)
    chosen = []
    for label in range(n_classes):
        places = np.flatnonzero(labels == label)
        wanted = count // n_classes + (label < count % n_classes)
        chosen.append(rng.permutation(places)[:wanted])
    return np.concatenate(chosen).astype(np.int64)


def _measured_under_labels(network: Network, z: Floats, n_classes: int, progress: Progress) -> Morphology:
    """Both measures as (n_classes, codes)."""
    conditions = np.repeat(np.arange(n_classes, dtype=np.int64), len(z))
    found = measure(decode_images(network, np.tile(z, (n_classes, 1)), conditions), progress)
    shape = (n_classes, len(z))
    return Morphology(found.slant.reshape(shape), found.thickness.reshape(shape))


def _shuffled_within(labels: Labels, seed: int) -> Labels:
    """An order of the sources that takes each to one of its own label; codes shuffled so give outputs shuffled so."""
    rng = np.random.default_rng([seed, 1])
    order = np.arange(len(labels))
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        order[places] = rng.permutation(places)
    return order


def _correlations(source: Float64Array, outputs: Float64Array, labels: Labels) -> Float64Array:
    """Source label by target label, from (n,) and (n_classes, n)."""
    n_classes = len(outputs)
    table = np.full((n_classes, n_classes), np.nan)
    for label in range(n_classes):
        own = labels == label
        for target in range(n_classes):
            table[label, target] = _correlation(source[own], outputs[target, own])
    return table


def _correlation(x: Float64Array, y: Float64Array) -> float:
    """Pearson's, over the pairs that could be measured; NaN if there are fewer than three, or all are alike."""
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    if len(x) < FEWEST_SOURCES or np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def _between_labels(table: Float64Array) -> float:
    """The median over pairs of different labels."""
    different = table[~np.eye(len(table), dtype=bool)]
    found = different[np.isfinite(different)]
    return float(np.median(found)) if len(found) else float("nan")
