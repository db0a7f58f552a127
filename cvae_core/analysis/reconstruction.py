"""Images beside their reconstructions, and how far those are off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from cvae_core.analysis.network import Network, OffersLogits, check_whole_number, decode_images
from cvae_core.analysis.records import Reconstructions
from cvae_core.errors import ConfigError
from cvae_core.records import Floats, Labels, Split

PROBABILITY_MARGIN: Final = 1e-7
_PIXELS_AT_A_TIME: Final = 2**21


def first_of_each_label(labels: Labels, per_label: int = 1) -> Labels:
    """The examples that stand for their labels: the first of each.

    Args:
        labels: int64 (n,).
        per_label: How many of each label, as far as there are that many.

    Returns:
        int64 indices, ordered by label, then by position; labels without examples are left out.

    Raises:
        ConfigError: ``per_label`` is less than 1 or no whole number.
    """
    check_whole_number("number of examples of each label", per_label, 1)
    return _joined([np.flatnonzero(labels == label)[:per_label] for label in np.unique(labels)])


def worst_of_each_label(losses: Floats, labels: Labels, per_label: int = 1) -> Labels:
    """The examples of each label that are reconstructed worst.

    Args:
        losses: float32 (n,), for instance from ``reconstruction_losses``.
        labels: int64 (n,).
        per_label: How many of each label, as far as there are that many.

    Returns:
        int64 indices, ordered by label, then by loss, the worst first; labels without examples are left out.

    Raises:
        ConfigError: ``per_label`` is less than 1 or no whole number.
    """
    return _joined([worst(losses, labels, int(label), count=per_label) for label in np.unique(labels)])


def worst(losses: Floats, labels: Labels, label: int | None = None, *, count: int = 10) -> Labels:
    """The examples that are reconstructed worst.

    Args:
        losses: float32 (n,), for instance from ``reconstruction_losses``.
        labels: int64 (n,).
        label: Only its examples; all if ``None``.
        count: How many, as far as there are that many.

    Returns:
        int64 indices, the worst first; of equal ones the first of the split comes first.

    Raises:
        ConfigError: The count is less than 1 or no whole number.
    """
    check_whole_number("number of examples", count, 1)
    candidates = np.arange(len(labels)) if label is None else np.flatnonzero(labels == label)
    order = np.argsort(-losses[candidates], kind="stable")
    return candidates[order[:count]].astype(np.int64)


def _joined(found: list[Labels]) -> Labels:
    return np.concatenate(found).astype(np.int64) if found else np.zeros(0, np.int64)


def reconstruct(network: Network, split: Split, indices: Labels) -> Reconstructions:
    """Encode images, take z_mean, and decode it with the same label.

    Args:
        network: Encoder and decoder.
        split: Where the images are.
        indices: int64 (n,), which of them.

    Returns:
        The record, in the order of ``indices``.

    Raises:
        ConfigError: The split does not have one of the examples.
    """
    indices = _checked_indices(indices, len(split))
    images, labels = split.images[indices], split.labels[indices]
    z_mean, _ = network.encode(images, labels)
    return Reconstructions(
        originals=images,
        reconstructions=decode_images(network, z_mean, labels),
        labels=labels,
        indices=indices,
    )


def reconstruction_losses(network: Network, split: Split) -> Floats:
    """How far each image is from what is decoded from its z_mean with its own label.

    Binary cross-entropy (Kingma and Welling 2014, appendix C.1), from logits if the network offers them, else from
    probabilities kept 1e-7 away from 0 and 1, so that no pixel costs more than 16.2 nats.

    Args:
        network: Encoder and decoder.
        split: Images and labels.

    Returns:
        float32 (n,), nats, summed over pixels. The losses of a training's records are mostly above them, since
        those decode a draw from the posterior.
    """
    losses = np.empty(len(split), np.float32)
    for part in _parts(len(split), network.architecture.shape.pixels):
        images, labels = split.images[part], split.labels[part]
        z_mean, _ = network.encode(images, labels)
        targets = images.reshape(len(images), -1) * np.float32(1.0 / 255.0)
        losses[part] = cross_entropy(network, z_mean, labels, targets)
    return losses


@np.errstate(under="ignore")
def cross_entropy(network: Network, z: Floats, labels: Labels, targets: Floats) -> Floats:
    """How far images are from what codes are decoded to, as ``reconstruction_losses`` measures it.

    Args:
        network: The decoder.
        z: float32 (n, latent_dim).
        labels: int64 (n,), to decode with.
        targets: float32 (n, pixels), 0 to 1.

    Returns:
        float32 (n,), nats, summed over pixels.
    """
    if isinstance(network, OffersLogits):
        logits = network.decode_logits(z, labels).reshape(targets.shape)
        # Not log1p: what this loses is under 1e-7 nats a pixel, and log takes a fraction of the time.
        nats = np.maximum(logits, 0.0) - logits * targets + np.log(np.exp(-np.abs(logits)) + np.float32(1.0))
    else:
        probabilities = network.decode(z, labels).reshape(targets.shape)
        p = np.clip(probabilities, PROBABILITY_MARGIN, 1.0 - PROBABILITY_MARGIN, dtype=np.float32)
        nats = -(targets * np.log(p) + (1.0 - targets) * np.log(1.0 - p))
    sums: Floats = nats.sum(axis=1, dtype=np.float32)
    return sums


def _parts(count: int, pixels: int) -> Iterator[slice]:
    """Pieces of so many images that what is decoded at a time takes 8 MB."""
    rows = max(1, _PIXELS_AT_A_TIME // pixels)
    return (slice(begin, begin + rows) for begin in range(0, count, rows))


def _checked_indices(indices: Labels, count: int) -> Labels:
    chosen = np.asarray(indices)
    if chosen.size == 0:
        return np.zeros(0, np.int64)
    if chosen.dtype.kind not in "iu" or not 0 <= chosen.min() <= chosen.max() < count:
        raise ConfigError(f"Examples should be whole numbers, counted from 0; there are {count} of them.")
    return chosen.astype(np.int64)
