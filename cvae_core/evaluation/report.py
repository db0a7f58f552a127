"""The evaluation of a network: the accuracy of its classification, and how well style transfer keeps the style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import numpy as np

from cvae_core.analysis.network import Network, Progress, check_whole_number, no_progress
from cvae_core.analysis.records import StyleKept
from cvae_core.config.run import SEED_LIMIT
from cvae_core.data.batching import shifted_at_random
from cvae_core.data.preprocessing import all_in_mnist_form
from cvae_core.evaluation.classification import accuracy
from cvae_core.evaluation.morphology import style_kept
from cvae_core.records import Bytes, Split
from cvae_core.text import short_repr

SHIFT: Final = 4
SOURCES: Final = 600
# Measuring the strokes of an image takes about this many times as long as classifying it.
_MEASURING_WEIGHT: Final = 3


@dataclass(frozen=True)
class Evaluation:
    """The result of ``evaluate``.

    Attributes:
        images: Number of test images.
        accuracy: Share of test images for which the label with the highest ELBO is correct, 0 to 1.
        accuracy_shifted: The same after shifting each image by up to 4 pixels along each axis.
        accuracy_preprocessed: The same after preprocessing the shifted images as uploaded ones are.
        style: How well style transfer keeps slant and thickness.
    """

    images: int
    accuracy: float
    accuracy_shifted: float
    accuracy_preprocessed: float
    style: StyleKept

    __repr__ = short_repr

    def accuracy_sentence(self) -> str:
        """The accuracies in words."""
        return (
            f"The label with the highest ELBO is correct for {self.accuracy:.1%} of {self.images:,} test images, for "
            f"{self.accuracy_shifted:.1%} after shifting them by up to {SHIFT} pixels, and for "
            f"{self.accuracy_preprocessed:.1%} after preprocessing the shifted images as uploaded ones are"
        )

    def to_json(self) -> dict[str, Any]:
        """The same as JSON; an undefined correlation is ``None``. The names are those of earlier versions."""
        style = self.style
        numbers = {
            "slant": style.median_slant,
            "thickness": style.median_thickness,
            "slant_shuffled": style.shuffled_slant,
            "thickness_shuffled": style.shuffled_thickness,
        }
        return {
            "images": self.images,
            "recognised": self.accuracy,
            "recognised_shifted": self.accuracy_shifted,
            "recognised_in_form": self.accuracy_preprocessed,
            "shift": SHIFT,
            "sources": int(style.sources.sum()),
            **{name: _number(value) for name, value in numbers.items()},
            "sources_by_label": style.sources.tolist(),
            "slant_by_labels": [[_number(value) for value in row] for row in style.slant.tolist()],
            "thickness_by_labels": [[_number(value) for value in row] for row in style.thickness.tolist()],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Evaluation:
        """Read what ``to_json`` returned."""
        names = ("slant", "thickness", "slant_shuffled", "thickness_shuffled")
        medians = [float("nan") if value[name] is None else float(value[name]) for name in names]
        slant, thickness = (np.array(value[f"{name}_by_labels"], np.float64) for name in ("slant", "thickness"))
        style = StyleKept(slant, thickness, np.array(value["sources_by_label"], np.int64), *medians)
        plain, shifted, preprocessed = (float(value[f"recognised{name}"]) for name in ("", "_shifted", "_in_form"))
        return cls(value["images"], plain, shifted, preprocessed, style)


def evaluate(
    network: Network, test: Split, seed: int = 0, sources: int = SOURCES, progress: Progress = no_progress
) -> Evaluation:
    """Evaluate a network on images that it was not trained on.

    Args:
        network: Conditional, with a posterior.
        test: The images; 10,000 digits take some 20 seconds.
        seed: Of the shifts and of the choice of sources, 0 to 2^31 - 1.
        sources: Images whose style is measured, spread evenly over the labels; 1 or more.
        progress: Called with the work done so far and the total; an error that it raises ends the work.

    Raises:
        ConfigError: The network takes no labels, or has no posterior; the seed or the sources are out of range.
        DataError: There are no images, or they do not fit the network.
    """
    check_whole_number("seed", seed, 0, SEED_LIMIT)
    shape = network.architecture.shape
    shifted = shifted_at_random(test.images, SHIFT, seed)
    measuring = _MEASURING_WEIGHT * min(sources, len(test)) * (1 + shape.n_classes)
    total = 3 * len(test) + measuring

    def share_correct(turn: int, images: Bytes) -> float:
        return accuracy(network, Split(images, test.labels), lambda done, _: progress(turn * len(test) + done, total))

    return Evaluation(
        len(test),
        share_correct(0, test.images),
        share_correct(1, shifted),
        share_correct(2, all_in_mnist_form(shifted, shape)),
        style_kept(
            network, test, sources, seed, lambda done, of: progress(3 * len(test) + measuring * done // of, total)
        ),
    )


def _number(value: float) -> float | None:
    return value if isfinite(value) else None
