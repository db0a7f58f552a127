"""Images beside their reconstructions, and reconstruction losses."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from pydantic import Field

from cvae_core.analysis.network import Network, OffersOutputs, check_label, check_whole_number, decode_images
from cvae_core.analysis.records import EncodedImage, Reconstructions
from cvae_core.analysis.views import POINTS_LIMIT, Records, View
from cvae_core.errors import ConfigError
from cvae_core.likelihoods import likelihood
from cvae_core.records import Dataset, Floats, Labels, Split

PROBABILITY_MARGIN: Final = 1e-7
_PIXELS_AT_A_TIME: Final = 2**21  # 8 MB of decoded pixels


class ReconstructionsView(View):
    """Test images and their reconstructions.

    Attributes:
        label: Only images of this label; all if ``None``.
        count: At most this many images.
        order: The first of the test set, or those with the highest loss among its first 10,000.
        ranked: The epoch whose losses give that order; the epoch that is shown if ``None``.
        pinned: Index of an image that comes first; ``None`` for none.
    """

    kind: Literal["reconstructions"] = "reconstructions"
    label: int | None = Field(default=None, ge=0)
    count: int = Field(default=20, ge=1, le=100)
    order: Literal["first", "worst"] = "first"
    ranked: int | None = Field(default=None, ge=0)
    pinned: int | None = Field(default=None, ge=0)

    def number(self, data: Dataset) -> int:
        """How many images there are to show."""
        found = self._candidates(data)
        return min(self.count, len(found if self.pinned is None else np.union1d(found, [self.pinned])))

    def compute(self, network: Network, data: Dataset, records: Records) -> Reconstructions:
        """Encode and decode the images; see ``compute`` of the views."""
        if self.label is not None:
            check_label(network, self.label)
        found = self._candidates(data)
        if self.order == "worst":
            losses = records(LossesView(label=self.label), self.ranked)
            found = found[np.argsort(-losses, kind="stable")]
        if self.pinned is not None:
            found = np.concatenate([[self.pinned], found[found != self.pinned]])
        return reconstruct(network, data.test, found[: self.count])

    def _candidates(self, data: Dataset) -> Labels:
        shown = data.test if self.order == "first" else data.test.first(POINTS_LIMIT)
        return indices_of(shown, self.label)


class OneOfEachLabelView(View):
    """The first test image of each label and its reconstruction."""

    kind: Literal["one_of_each_label"] = "one_of_each_label"

    def compute(self, network: Network, data: Dataset, _records: Records) -> Reconstructions:
        """Encode and decode the images; labels without images are left out."""
        return reconstruct(network, data.test, np.unique(data.test.labels, return_index=True)[1])


class TestImageView(View):
    """One image of the test set, by its index there, with its code and reconstruction."""

    __test__ = False  # not a test for pytest

    kind: Literal["test_image"] = "test_image"
    index: int = Field(ge=0)

    def compute(self, network: Network, data: Dataset, _records: Records) -> EncodedImage:
        """Encode and decode the image; see ``compute`` of the views."""
        one = one_test_image(data.test, self.index)
        z_mean, z_log_var = network.encode(one.images, one.labels)
        decoded = decode_images(network, z_mean, one.labels)
        return EncodedImage(z_mean[0], z_log_var[0], int(one.labels[0]), np.concatenate([one.images, decoded]))


class LossesView(View):
    """The reconstruction loss of each of the first 10,000 test images, in nats.

    Attributes:
        label: Only images of this label; all if ``None``.
    """

    kind: Literal["losses"] = "losses"
    label: int | None = Field(default=None, ge=0)

    def compute(self, network: Network, data: Dataset, _records: Records) -> Floats:
        """float32 (n,); see ``reconstruction_losses``."""
        shown = data.test.first(POINTS_LIMIT)
        if self.label is None:
            return reconstruction_losses(network, shown)
        kept = indices_of(shown, self.label)
        return reconstruction_losses(network, Split(shown.images[kept], shown.labels[kept]))


def indices_of(split: Split, label: int | None) -> Labels:
    """Indices of the examples of a label in a split, or of all: int64 (n,)."""
    return np.arange(len(split)) if label is None else np.flatnonzero(split.labels == label)


def one_test_image(test: Split, index: int) -> Split:
    """One image of the test set; a ``ConfigError`` if there is none of this index."""
    check_whole_number("index of a test image", index, 0, len(test) - 1)
    one = slice(index, index + 1)
    return Split(test.images[one], test.labels[one])


def reconstruct(network: Network, split: Split, indices: Labels) -> Reconstructions:
    """Encode images of a split to z_mean, and decode with the same label, in the order of ``indices``, int64 (n,).

    Raises:
        ConfigError: The split does not have one of the examples.
    """
    indices = np.asarray(indices)
    if indices.size == 0:
        indices = np.zeros(0, np.int64)
    elif indices.dtype.kind not in "iu" or not 0 <= indices.min() <= indices.max() < len(split):
        raise ConfigError(f"Examples should be whole numbers, counted from 0; there are {len(split)} of them.")
    indices = indices.astype(np.int64)
    images, labels = split.images[indices], split.labels[indices]
    z_mean, _ = network.encode(images, labels)
    return Reconstructions(
        originals=images,
        reconstructions=decode_images(network, z_mean, labels),
        labels=labels,
        indices=indices,
    )


def reconstruction_losses(network: Network, split: Split) -> Floats:
    """Minus log p(x | z_mean, y) of each image with its own label.

    Returns:
        float32 (n,), nats, summed over pixels. The losses of training are mostly higher, as they decode a sample of
        the posterior.
    """
    losses = np.empty(len(split), np.float32)
    rows = max(1, _PIXELS_AT_A_TIME // network.architecture.shape.pixels)
    for begin in range(0, len(split), rows):
        part = slice(begin, begin + rows)
        images, labels = split.images[part], split.labels[part]
        z_mean, _ = network.encode(images, labels)
        targets = images.reshape(len(images), -1) * np.float32(1.0 / 255.0)
        losses[part] = -log_probability(network, z_mean, labels, targets)
    return losses


@np.errstate(under="ignore")
def log_probability(network: Network, z: Floats, labels: Labels, targets: Floats) -> Floats:
    """Log p(x | z, y) of images, by the network's likelihood.

    A network that gives probabilities only is taken at their logits; probabilities are kept 1e-7 away from 0 and 1,
    so that no pixel costs more than 16.2 nats.

    Args:
        network: The decoder.
        z: float32 (n, latent_dim).
        labels: int64 (n,).
        targets: float32 (n, pixels), 0 to 1.

    Returns:
        float32 (n,), nats, summed over pixels.
    """
    if isinstance(network, OffersOutputs):
        outputs = network.decode_outputs(z, labels)
    else:
        p = network.decode(z, labels).reshape(targets.shape).astype(np.float64)
        p = np.clip(p, PROBABILITY_MARGIN, 1.0 - PROBABILITY_MARGIN)
        outputs = (np.log(p) - np.log1p(-p)).astype(np.float32)
    return likelihood(network.architecture.likelihood).log_probability(targets, outputs)
