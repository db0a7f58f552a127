"""The numbers that a run records after each epoch: their names, and adding one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from cvae_core.errors import CvaeError, TrainingError
from cvae_core.plugins import Registry
from cvae_core.records import Dataset, EpochRecord, Losses

METRIC_IMAGES: Final = 500
NATS: Final = "nats per image"
_LOSSES: Final = ("loss", "reconstruction", "kl")


@dataclass(frozen=True)
class LossMetric:
    """A loss that pages show.

    Attributes:
        title, help: For people; its unit is ``NATS``.
        value: Computes it from the losses of a record.
    """

    title: str
    help: str
    value: Callable[[Losses], float]


LOSS_METRICS: Final = {
    "negative_elbo": LossMetric(
        "Negative ELBO",
        "Reconstruction + KL. Lower is better. 1 nat is 1.44 bits.",
        lambda losses: losses.reconstruction + losses.kl,
    ),
    "reconstruction": LossMetric(
        "Reconstruction", "Binary cross-entropy, summed over pixels.", lambda losses: losses.reconstruction
    ),
    "kl": LossMetric(
        "KL", "KL divergence of the posterior from the prior, summed over latent dimensions.", lambda losses: losses.kl
    ),
}


@dataclass(frozen=True)
class Metric:
    """A number that a plug-in adds to the record of each epoch.

    Attributes:
        name: Of its entry in metrics.jsonl; its column in ``Run.metrics`` has "extra_" before it.
        title, unit: For people; the unit may be empty.
        compute: Gives the number for a network at inference and data with the first ``METRIC_IMAGES`` test images and
            an empty training part.
    """

    name: str
    title: str
    unit: str
    compute: Callable[[Any, Dataset], float]


_METRICS: Final = Registry[Metric]("metric")


def register_metric(name: str, title: str, unit: str, compute: Callable[[Any, Dataset], float]) -> Metric:
    """Add a number that the worker computes after each epoch; arguments as ``Metric``.

    Raises:
        ConfigError: The name is taken.
    """
    return _METRICS.register(name, Metric(name, title, unit, compute))


def has_metrics() -> bool:
    """Whether any metric is registered."""
    return bool(_METRICS.names())


def metric_title(name: str) -> str:
    """Title and unit of a metric; its name if its plug-in is not loaded."""
    if name not in _METRICS:
        return name
    found = _METRICS.get(name)
    return f"{found.title} ({found.unit})" if found.unit else found.title


def subset(dataset: Dataset) -> Dataset:
    """The data that metrics are computed on: the first ``METRIC_IMAGES`` test images."""
    return replace(dataset, train=dataset.train.first(0), test=dataset.test.first(METRIC_IMAGES))


def computed_metrics(network: Any, dataset: Dataset) -> dict[str, float]:
    """All finite registered metrics of a ``Network`` of analysis on data from ``subset``.

    Raises:
        TrainingError: The code of a metric failed.
    """
    found = {}
    for metric in _METRICS:
        try:
            found[metric.name] = float(metric.compute(network, dataset))
        except CvaeError:
            raise
        except Exception as error:  # the plug-in's own code may raise anything
            raise TrainingError(
                f"The metric {metric.name} failed: {type(error).__name__}: {error}",
                "Correct it, or unload its plug-in.",
            ) from error
    return {name: value for name, value in found.items() if np.isfinite(value)}


def quantities(record: EpochRecord) -> Iterator[tuple[str, str, float]]:
    """The numbers of an epoch, except the KL of each dimension.

    Yields:
        Column in ``Run.metrics``, tag in TensorBoard, and value.
    """
    for part, losses in (("train", record.train), ("test", record.test)):
        for name in _LOSSES:
            yield f"{part}_{name}", f"{part}/{name}", getattr(losses, name)
    yield "learning_rate", "learning_rate", record.learning_rate
    yield "beta", "beta", record.beta
    for name, value in record.extra.items():
        yield f"extra_{name}", f"extra/{name}", value
