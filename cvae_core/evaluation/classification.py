"""Which label explains an image best."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from cvae_core.analysis.network import Network, Progress, no_progress
from cvae_core.analysis.reconstruction import log_probability
from cvae_core.analysis.records import Classification, Float64Array
from cvae_core.errors import ConfigError, DataError
from cvae_core.records import Bytes, Floats, Labels, Split, checked_images

_PIXELS_AT_A_TIME: Final = 2**19


@np.errstate(under="ignore")
def classify(network: Network, images: Bytes, progress: Progress = no_progress) -> Classification:
    """Rank the labels of each image by the ELBO that it has under them.

    The ELBO of image x under label y is log p(x | z, y) - KL(q(z | x, y) || N(0, I)) at z = z_mean(x, y), which takes
    the place of a draw from the posterior, so that the same image always gives the same answer (Kingma et al. 2014,
    "Semi-supervised learning with deep generative models", equation 6, without its constant log p(y); Kingma and
    Welling 2014, equation 10 and appendices B and C.1). As the mean is decoded better than most draws, it lies
    mostly above the ELBO proper. With the same probability for each label beforehand, the odds are by Bayes' rule
    the exponentials of the ELBOs divided by their sum.

    Args:
        network: Encoder and decoder.
        images: uint8 (n, height, width, channels), or what else ``checked_images`` takes.
        progress: Told now and then how many images are done, and of how many; what it raises ends the work.

    Raises:
        ConfigError: The network takes no labels, or is a plain autoencoder.
        DataError: The images do not fit the network.
    """
    from scipy.special import softmax  # not when the module loads: a page that classifies nothing should not wait

    _check_kind(network)
    images = checked_images(images)
    elbo_of_images = np.empty((len(images), network.architecture.shape.n_classes))
    for part in _parts(network, len(images)):
        for label in range(network.architecture.shape.n_classes):
            elbo_of_images[part, label] = elbo(network, images[part], np.full(part.stop - part.start, label))
        progress(part.stop, len(images))
    return Classification(
        elbo_of_images,
        softmax(elbo_of_images, axis=1),
        np.argsort(-elbo_of_images, axis=1, kind="stable").astype(np.int64),
    )


def accuracy(network: Network, split: Split, progress: Progress = no_progress) -> float:
    """How often the label that ranks first is the right one.

    Args:
        network: Encoder and decoder.
        split: Images and their labels; 10,000 digits take some seconds.
        progress: As in ``classify``.

    Returns:
        A share, 0 to 1.

    Raises:
        ConfigError: As in ``classify``.
        DataError: There are no images, or they do not fit the network.
    """
    if len(split) == 0:
        raise DataError("Accuracy needs at least one image.")
    return float(np.mean(classify(network, split.images, progress).ranking[:, 0] == split.labels))


@np.errstate(under="ignore")
def elbo(network: Network, images: Bytes, labels: Labels) -> Float64Array:
    """The ELBO of each image with its label at the posterior mean: log p(x | z_mean, y) - KL(q(z | x, y) || N(0, I)).

    Args:
        network: Encoder and decoder.
        images: uint8 (n, height, width, channels).
        labels: int64 (n,).

    Returns:
        float64 (n,), nats.

    Raises:
        ConfigError: The network is a plain autoencoder.
        DataError: The images do not fit the network.
    """
    if not network.architecture.is_variational:
        raise ConfigError("A plain autoencoder has no posterior: choose a run of a CVAE.")
    found = np.empty(len(images))
    for part in _parts(network, len(images)):
        targets = images[part].reshape(part.stop - part.start, -1) * np.float32(1.0 / 255.0)
        z_mean, z_log_var = network.encode(images[part], labels[part])
        found[part] = log_probability(network, z_mean, labels[part], targets).astype(np.float64)
        found[part] -= _kl(z_mean, z_log_var)
    return found


def _kl(z_mean: Floats, z_log_var: Floats) -> Float64Array:
    mean, log_var = z_mean.astype(np.float64), z_log_var.astype(np.float64)
    nats: Float64Array = 0.5 * (np.square(mean) + np.expm1(log_var) - log_var).sum(axis=1)
    return nats


def _parts(network: Network, count: int) -> Iterator[slice]:
    """Pieces of so many images that what is decoded at a time takes 2 MB."""
    rows = max(1, _PIXELS_AT_A_TIME // network.architecture.shape.pixels)
    return (slice(begin, min(begin + rows, count)) for begin in range(0, count, rows))


def _check_kind(network: Network) -> None:
    if not network.architecture.is_variational:
        raise ConfigError("A plain autoencoder has no posterior: choose a run of a CVAE.")
    if not network.architecture.conditional:
        raise ConfigError("Only a network with a condition on labels can tell which label fits an image.")
