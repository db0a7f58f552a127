"""Images beside their reconstructions."""

from __future__ import annotations

import numpy as np

from cvae_core.analysis.network import Network, decode_images
from cvae_core.analysis.records import Reconstructions
from cvae_core.records import Labels, Split


def first_of_each_label(labels: Labels, per_label: int = 1) -> Labels:
    """The examples that stand for their labels: the first of each.

    Args:
        labels: int64 (n,).
        per_label: How many of each label, as far as there are that many.

    Returns:
        int64 indices, ordered by label, then by position; labels without examples are left out.
    """
    found = [np.flatnonzero(labels == label)[:per_label] for label in np.unique(labels)]
    return np.concatenate(found).astype(np.int64) if found else np.zeros(0, np.int64)


def reconstruct(network: Network, split: Split, indices: Labels) -> Reconstructions:
    """Encode images, take z_mean, and decode it with the same label.

    Args:
        network: Encoder and decoder.
        split: Where the images are.
        indices: int64 (n,), which of them.

    Returns:
        The record, in the order of ``indices``.
    """
    images, labels = split.images[indices], split.labels[indices]
    z_mean, _ = network.encode(images, labels)
    return Reconstructions(
        originals=images,
        reconstructions=decode_images(network, z_mean, labels),
        labels=labels,
        indices=np.asarray(indices, np.int64),
    )
