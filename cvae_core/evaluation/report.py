"""How often a network tells the label of an image, and whether what it redraws under other labels keeps its style."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import numpy as np

from cvae_core.analysis.network import Network, Progress, check_whole_number, no_progress
from cvae_core.analysis.records import Float64Array, StyleKept
from cvae_core.config.run import SEED_LIMIT
from cvae_core.data.batching import shifted_at_random
from cvae_core.data.preprocessing import all_in_mnist_form
from cvae_core.evaluation.classification import accuracy
from cvae_core.evaluation.morphology import style_kept
from cvae_core.records import Bytes, Split
from cvae_core.short_repr import short_repr

SHIFT: Final = 4
SOURCES: Final = 600
# How much longer an image takes whose strokes are measured than one that is recognised.
_MEASURING_WEIGHT: Final = 3


@dataclass(frozen=True)
class Judgement:
    """What came of the judging of a network.

    Attributes:
        images: Of the test set, all of which it was to recognise.
        recognised: Share for which the label that ranks first by ELBO is the right one, 0 to 1.
        recognised_shifted: The same after each image was moved by up to 4 pixels along each axis.
        recognised_in_form: The same after these were brought to MNIST's form, as a drawn or uploaded picture is.
        style: Whether slant and thickness are kept.
    """

    images: int
    recognised: float
    recognised_shifted: float
    recognised_in_form: float
    style: StyleKept

    __repr__ = short_repr

    def recognition_sentence(self) -> str:
        """The first outcome in words."""
        return (
            f"The label that ranks first by ELBO is right for {self.recognised:.1%} of {self.images:,} test images, "
            f"for {self.recognised_shifted:.1%} after shifting them by up to {SHIFT} pixels, and for "
            f"{self.recognised_in_form:.1%} once these are brought to MNIST's form as an uploaded picture is"
        )

    def to_json(self) -> dict[str, Any]:
        """The same as JSON holds it; a correlation that cannot be told is ``None``."""
        style = self.style
        return {
            "images": self.images,
            "recognised": self.recognised,
            "recognised_shifted": self.recognised_shifted,
            "recognised_in_form": self.recognised_in_form,
            "shift": SHIFT,
            "sources": int(style.sources.sum()),
            "slant": _number(style.median_slant),
            "thickness": _number(style.median_thickness),
            "slant_shuffled": _number(style.shuffled_slant),
            "thickness_shuffled": _number(style.shuffled_thickness),
            "sources_by_label": style.sources.tolist(),
            "slant_by_labels": _table(style.slant),
            "thickness_by_labels": _table(style.thickness),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Judgement:
        """Read what ``to_json`` gave."""
        tables = [np.array(value[name], np.float64) for name in ("slant_by_labels", "thickness_by_labels")]
        names = ("slant", "thickness", "slant_shuffled", "thickness_shuffled")
        medians = [float("nan") if value[name] is None else float(value[name]) for name in names]
        style = StyleKept(tables[0], tables[1], np.array(value["sources_by_label"], np.int64), *medians)
        told, shifted, in_form = (float(value[f"recognised{what}"]) for what in ("", "_shifted", "_in_form"))
        return cls(value["images"], told, shifted, in_form, style)


def judge(
    network: Network, test: Split, seed: int = 0, sources: int = SOURCES, progress: Progress = no_progress
) -> Judgement:
    """Judge a network by images that it was not trained on.

    Args:
        network: Encoder and decoder, with a condition on labels.
        test: The images; 10,000 digits take some 20 seconds.
        seed: Of the shifts and of the choice of sources, 0 to 2^31 - 1.
        sources: Images whose style is measured, spread evenly over the labels; 1 or more.
        progress: Told now and then how much is done, and of how much; what it raises ends the work.

    Raises:
        ConfigError: The network takes no labels, or has no posterior; the seed or the sources are out of range.
        DataError: There are no images, or they do not fit the network.
    """
    check_whole_number("seed", seed, 0, SEED_LIMIT)
    measuring = _MEASURING_WEIGHT * min(sources, len(test)) * (1 + network.architecture.shape.n_classes)
    total = 3 * len(test) + measuring

    def tell_measured(done: int, of: int) -> None:
        progress(3 * len(test) + measuring * done // of, total)

    shares = _recognised(network, test, seed, lambda done: progress(done, total))
    return Judgement(len(test), *shares, style_kept(network, test, sources, seed, tell_measured))


def _recognised(network: Network, test: Split, seed: int, tell: Callable[[int], None]) -> tuple[float, float, float]:
    """Shares of images recognised as they are, shifted, and these in MNIST's form again."""
    moved = shifted_at_random(test.images, SHIFT, seed)

    def share(turn: int, images: Bytes) -> float:
        return accuracy(network, Split(images, test.labels), lambda done, _: tell(turn * len(test) + done))

    return share(0, test.images), share(1, moved), share(2, all_in_mnist_form(moved, network.architecture.shape))


def _number(value: float) -> float | None:
    return value if isfinite(value) else None


def _table(values: Float64Array) -> list[list[float | None]]:
    return [[_number(value) for value in row] for row in values.tolist()]
