"""Classification by a generative model: the label with the highest ELBO."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from cvae_core.analysis.network import Network, Progress, no_progress
from cvae_core.analysis.reconstruction import log_probability
from cvae_core.analysis.records import Classification, Float64Array
from cvae_core.errors import ConfigError, DataError
from cvae_core.records import Bytes, Labels, Split, checked_images

_PIXELS_AT_A_TIME: Final = 2**19  # decoded images of 2 MB


@np.errstate(under="ignore")
def classify(network: Network, images: Bytes, progress: Progress = no_progress) -> Classification:
    """Rank the labels of each image by its ELBO under each.

    The ELBO of image x under label y is log p(x | z, y) - KL(q(z | x, y) || N(0, I)) at z = z_mean(x, y) instead of a
    sample, so that the same image always has the same result (Kingma et al. 2014, "Semi-supervised learning with deep
    generative models", equation 6, without its constant log p(y); Kingma and Welling 2014, equation 10 and appendices
    B and C.1). The mean is decoded better than most samples, so this is mostly above the ELBO proper. With a uniform
    prior over labels, Bayes' rule gives the odds: the softmax of the ELBOs.

    Args:
        network: Conditional, with a posterior.
        images: uint8 (n, height, width, channels), or what else ``checked_images`` accepts.
        progress: Called with the number of images done and the total; an error that it raises ends the work.

    Raises:
        ConfigError: The network takes no labels, or has no posterior.
        DataError: The images do not fit the network.
    """
    from scipy.special import softmax  # loaded late: most pages classify nothing

    _check_posterior(network)
    if not network.architecture.conditional:
        raise ConfigError("Only a network with a condition on labels can classify an image.")
    images = checked_images(images)
    nats = np.empty((len(images), network.architecture.shape.n_classes))
    for part in _parts(network, len(images)):
        for label in range(nats.shape[1]):
            nats[part, label] = elbo(network, images[part], np.full(part.stop - part.start, label))
        progress(part.stop, len(images))
    return Classification(nats, softmax(nats, axis=1), np.argsort(-nats, axis=1, kind="stable").astype(np.int64))


def accuracy(network: Network, split: Split, progress: Progress = no_progress) -> float:
    """The share of images whose label has the highest ELBO, 0 to 1; 10,000 digits take some seconds.

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
        network: Has a posterior.
        images: uint8 (n, height, width, channels).
        labels: int64 (n,).

    Returns:
        float64 (n,), nats.

    Raises:
        ConfigError: The network has no posterior.
        DataError: The images do not fit the network.
    """
    _check_posterior(network)
    nats = np.empty(len(images))
    for part in _parts(network, len(images)):
        targets = images[part].reshape(part.stop - part.start, -1) * np.float32(1.0 / 255.0)
        z_mean, z_log_var = network.encode(images[part], labels[part])
        mean, log_var = z_mean.astype(np.float64), z_log_var.astype(np.float64)
        kl = 0.5 * (np.square(mean) + np.expm1(log_var) - log_var).sum(axis=1)
        nats[part] = log_probability(network, z_mean, labels[part], targets).astype(np.float64) - kl
    return nats


def _parts(network: Network, count: int) -> Iterator[slice]:
    rows = max(1, _PIXELS_AT_A_TIME // network.architecture.shape.pixels)
    return (slice(begin, min(begin + rows, count)) for begin in range(0, count, rows))


def _check_posterior(network: Network) -> None:
    if not network.architecture.is_variational:
        raise ConfigError("A plain autoencoder has no posterior: choose a run of a CVAE.")
